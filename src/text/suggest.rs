//! "Did you mean": the nearest of some known names.

/// Finds the candidate nearest to `word`, if one is near enough to be meant.
///
/// The distance counts insertions, deletions, changes and swaps of neighbours; at most a third of the longer
/// word may differ. Ties go to the first candidate.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = word.to_lowercase().replace('-', "_");
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let other = candidate.to_lowercase().replace('-', "_");
        let longer = folded.chars().count().max(other.chars().count());
        // Any letter is as near to a name of one letter as any other.
        let allowed = if longer < 2 { 0 } else { (longer / 3).max(1) };
        let distance = distance(&folded, &other);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Writes the hint ``did you mean `x`?`` for the nearest candidate.
#[must_use]
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let same = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words() {
        assert_eq!(nearest("hsots", ["name", "hosts", "tasks"]), Some("hosts"));
        assert_eq!(nearest("kernal", ["kernel", "uptime"]), Some("kernel"));
        assert_eq!(nearest("c", ["a", "b"]), None);
        assert_eq!(nearest("C", ["a", "c"]), Some("c"));
        assert_eq!(nearest("xyz", ["kernel", "uptime"]), None);
        assert_eq!(nearest("allow-failure", ["allow_failure"]), Some("allow_failure"));
    }
}
