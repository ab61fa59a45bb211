//! Equal outputs of many hosts, shown once.

use std::hash::Hash;

use indexmap::IndexMap;

/// Folds equal texts over their hosts, in the order in which each text is first seen.
#[must_use]
pub fn fold_outputs<H, T: Hash + Eq>(outputs: Vec<(H, T)>) -> Vec<(Vec<H>, T)> {
    let mut folded: IndexMap<T, Vec<H>> = IndexMap::new();
    for (host, text) in outputs {
        folded.entry(text).or_default().push(host);
    }
    folded.into_iter().map(|(text, hosts)| (hosts, text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_meet() {
        let outputs = vec![("a", "6.1"), ("b", "5.4"), ("c", "6.1")];
        assert_eq!(fold_outputs(outputs), [(vec!["a", "c"], "6.1"), (vec!["b"], "5.4")]);
    }
}
