//! "Did you mean": the nearest of some known names.

/// Finds the candidate nearest to `word`, if one is near enough to be meant.
///
/// The distance counts insertions, deletions, changes and swaps of neighbours; at most a third of the longer
/// word may differ. Ties go to the first candidate.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(word);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let other = fold(candidate);
        let longer = folded.len().max(other.len());
        // Any letter is as near to a name of one letter as any other.
        let allowed = if longer < 2 { 0 } else { (longer / 3).max(1) };
        let most = match best {
            Some((0, _)) => break,
            Some((least, _)) => allowed.min(least - 1),
            None => allowed,
        };
        if let Some(distance) = distance(&folded, &other, most) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> Vec<char> {
    word.to_lowercase().chars().map(|c| if c == '-' { '_' } else { c }).collect()
}

/// Writes the hint ``did you mean `x`?`` for the nearest candidate.
#[must_use]
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// The distance of two words, if it is at most `most`; looks no further than that.
fn distance(a: &[char], b: &[char], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let far = most + 1;
    let (mut before, mut last, mut row) = (vec![far; b.len() + 1], (0..=b.len()).collect::<Vec<_>>(), vec![far; b.len() + 1]);
    for i in 1..=a.len() {
        row.fill(far);
        row[0] = i;
        // Elsewhere the lengths alone make too much of a difference.
        for j in i.saturating_sub(most).max(1)..=b.len().min(i + most) {
            let same = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + same);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        if row.iter().all(|distance| *distance > most) {
            return None;
        }
        (before, last, row) = (last, row, before);
    }
    Some(last[b.len()]).filter(|distance| *distance <= most)
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
        assert_eq!(nearest("retires", ["retire", "retries", "rewires", "retires_x"]), Some("retire"), "the first of the nearest");
        assert_eq!(nearest("timeouts", ["time_outs_x", "timeout", "Timeouts"]), Some("Timeouts"));
    }

    /// The distance as it is defined.
    fn defined(a: &[char], b: &[char]) -> usize {
        let ([some @ .., x], [other @ .., y]) = (a, b) else { return a.len().max(b.len()) };
        let swap = match (some, other) {
            ([a @ .., w], [b @ .., z]) if w == y && x == z => defined(a, b) + 1,
            _ => usize::MAX,
        };
        (defined(some, b) + 1).min(defined(a, other) + 1).min(defined(some, other) + usize::from(x != y)).min(swap)
    }

    #[test]
    fn a_bound_changes_no_distance() {
        let words: Vec<Vec<char>> = (0..=5)
            .flat_map(|length| {
                (0..1 << length).map(move |bits| (0..length).map(|at| if bits >> at & 1 == 0 { 'a' } else { 'b' }).collect())
            })
            .collect();
        for (a, b) in words.iter().flat_map(|a| words.iter().map(move |b| (a, b))) {
            let whole = defined(a, b);
            for most in 0..=6 {
                assert_eq!(distance(a, b, most), (whole <= most).then_some(whole), "{a:?} {b:?} {most}");
            }
        }
    }
}
