//! Lists of host names folded: `web[01-38,40]`.

use std::cmp::Ordering;

/// Folds names into the shortest readable list: `web01 web02 web04 db` gives `web[01-02,04],db`.
///
/// Order of first appearance is kept between different stems; numbers inside one stem are sorted. Padding is kept:
/// `web1` and `web01` are never folded together.
#[must_use]
pub fn fold_names<S: AsRef<str>>(names: &[S]) -> String {
    struct Stem<'a> {
        before: &'a str,
        after: &'a str,
        width: usize,
        numbers: Vec<u64>,
        plain: bool,
    }
    let mut stems: Vec<Stem<'_>> = Vec::new();
    let mut index: std::collections::HashMap<(&str, &str, usize), usize> = std::collections::HashMap::new();
    for name in names {
        let name = name.as_ref();
        let Some((before, digits, after)) = last_number(name) else {
            if let std::collections::hash_map::Entry::Vacant(entry) = index.entry((name, "", usize::MAX)) {
                entry.insert(stems.len());
                stems.push(Stem { before: name, after: "", width: 0, numbers: Vec::new(), plain: true });
            }
            continue;
        };
        // An unpadded number has no fixed width: 9 and 10 belong together, 09 and 9 do not.
        let width = if digits.starts_with('0') && digits.len() > 1 { digits.len() } else { 0 };
        let Ok(number) = digits.parse::<u64>() else { continue };
        let padded = (before, after, digits.len());
        let free = (before, after, 0);
        let key = if width > 0 {
            padded
        } else if index.contains_key(&padded) {
            // `10` joins `01..09`, which have the same width.
            padded
        } else {
            free
        };
        let slot = *index.entry(key).or_insert_with(|| {
            stems.push(Stem { before, after, width, numbers: Vec::new(), plain: false });
            stems.len() - 1
        });
        stems[slot].numbers.push(number);
    }
    let mut parts = Vec::new();
    for stem in &mut stems {
        if stem.plain {
            parts.push(stem.before.to_owned());
            continue;
        }
        stem.numbers.sort_unstable();
        stem.numbers.dedup();
        let width = stem.width;
        if let [only] = stem.numbers[..] {
            parts.push(format!("{}{only:0width$}{}", stem.before, stem.after));
            continue;
        }
        let mut ranges = Vec::new();
        let mut at = 0;
        while at < stem.numbers.len() {
            let from = stem.numbers[at];
            let mut to = from;
            while at + 1 < stem.numbers.len() && stem.numbers[at + 1] == to + 1 {
                at += 1;
                to = stem.numbers[at];
            }
            at += 1;
            if from == to { ranges.push(format!("{from:0width$}")) } else { ranges.push(format!("{from:0width$}-{to:0width$}")) }
        }
        parts.push(format!("{}[{}]{}", stem.before, ranges.join(","), stem.after));
    }
    parts.join(",")
}

/// Compares names with their numbers as numbers: `web9` before `web10`.
#[must_use]
pub fn natural_cmp(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        match (a.chars().next(), b.chars().next()) {
            (None, None) => return Ordering::Equal,
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (x, rest_a) = a.split_at(a.find(|c: char| !c.is_ascii_digit()).unwrap_or(a.len()));
                let (y, rest_b) = b.split_at(b.find(|c: char| !c.is_ascii_digit()).unwrap_or(b.len()));
                let (short_x, short_y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
                let order = short_x.len().cmp(&short_y.len()).then_with(|| short_x.cmp(short_y)).then_with(|| x.len().cmp(&y.len()));
                if order != Ordering::Equal {
                    return order;
                }
                (a, b) = (rest_a, rest_b);
            }
            (Some(x), Some(y)) => {
                if x != y {
                    return x.cmp(&y);
                }
                (a, b) = (&a[x.len_utf8()..], &b[y.len_utf8()..]);
            }
        }
    }
}

fn last_number(name: &str) -> Option<(&str, &str, &str)> {
    // An address is a name of its own: 10.0.0.[1-9] reads worse than it helps when octets differ, but folds well when
    // only the last one does, which is what taking the last number gives.
    let end = name.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start = name[..end].rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + name[at..].chars().next().map_or(1, char::len_utf8));
    if end - start > 18 {
        return None;
    }
    Some((&name[..start], &name[start..end], &name[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds() {
        assert_eq!(fold_names(&["web01", "web02", "web04", "db"]), "web[01-02,04],db");
        assert_eq!(fold_names(&["web08", "web09", "web10", "web11"]), "web[08-11]");
        assert_eq!(fold_names(&["n9", "n10", "n11"]), "n[9-11]");
        assert_eq!(fold_names(&["a"]), "a");
        assert_eq!(fold_names(&["h1.x", "h2.x", "h1.y"]), "h[1-2].x,h1.y");
        assert_eq!(fold_names::<&str>(&[]), "");
    }

    #[test]
    fn natural_order() {
        let mut names = vec!["web10", "web9", "db", "web09"];
        names.sort_by(|a, b| natural_cmp(a, b));
        assert_eq!(names, ["db", "web9", "web09", "web10"]);
    }
}
