//! What follows a name in the text of a template, beyond the literal part: `rounds.survey.hosts[h].tasks.kernel`.
//!
//! Reads of a template end at the first subscript that is not literal; what stands behind it decides which task's
//! result is read. A small scanner over the file's text, which gives up where it sees anything else.

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// `.name` or `['name']`.
    Name(String),
    /// A subscript that only the run knows.
    Dynamic,
}

/// Reads a path from the start of `text`: a name, then attributes and subscripts.
pub(super) fn path(text: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let Some((first, mut rest)) = name(text) else { return segments };
    segments.push(Segment::Name(first.to_owned()));
    loop {
        rest = rest.trim_start();
        if let Some(behind) = rest.strip_prefix('.') {
            let Some((word, behind)) = name(behind.trim_start()) else { return segments };
            segments.push(Segment::Name(word.to_owned()));
            rest = behind;
        } else if let Some(behind) = rest.strip_prefix('[') {
            let Some(end) = closing(behind) else { return segments };
            let inside = behind[..end].trim();
            segments.push(quoted(inside).map_or(Segment::Dynamic, |word| Segment::Name(word.to_owned())));
            rest = &behind[end + 1..];
        } else {
            return segments;
        }
    }
}

fn name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn quoted(text: &str) -> Option<&str> {
    ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote)).filter(|word| !word.contains(['"', '\'']))
}

/// The place of the bracket that closes one that was opened before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '(' | '{') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']' | ')' | '}') => depth = depth.checked_sub(1)?,
            (None, '\n') if at > 200 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let names = path(text).into_iter().map(|segment| match segment {
            Segment::Name(name) => name,
            Segment::Dynamic => "*".to_owned(),
        });
        names.collect::<Vec<_>>().join("/")
    }

    #[test]
    fn paths_behind_subscripts() {
        assert_eq!(shown("rounds.survey.hosts[h].tasks.kernel.stdout | default('x')"), "rounds/survey/hosts/*/tasks/kernel/stdout");
        assert_eq!(shown("rounds['survey'].hosts[ names[0] ]['tasks'].k }}"), "rounds/survey/hosts/*/tasks/k");
        assert_eq!(shown("rounds.survey.hosts %}"), "rounds/survey/hosts");
        assert_eq!(shown("rounds.a.hosts[']'].tasks"), "rounds/a/hosts/]/tasks");
        assert_eq!(shown("rounds.a.hosts[h"), "rounds/a/hosts");
        assert_eq!(shown("[x]"), "");
    }
}
