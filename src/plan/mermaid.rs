//! The plan as a Mermaid flowchart, which GitHub, GitLab and many editors draw.
//!
//! Knows only the drawing and Mermaid's language. Its parser and those around it give meaning to many signs even inside
//! quotes, so that all but letters, digits and a few harmless ones are written as entities.

use std::collections::BTreeMap;

use super::drawing::{Drawing, Frame, Item, Node, Shape, drawing};
use super::view::PlanView;

/// Writes a plan in the language of Mermaid.
#[must_use]
pub fn mermaid(view: &PlanView) -> String {
    let Drawing { rounds, arrows } = drawing(view);
    let mut text = "flowchart TB\n".to_owned();
    let mut skipped = Vec::new();
    for round in &rounds {
        frame(round, 1, &mut skipped, &mut text);
    }
    for round in &rounds {
        for (from, to) in round.sequence() {
            text.push_str(&format!("  {from} ~~~ {to}\n"));
        }
    }
    let mut ends = BTreeMap::new();
    rounds.iter().for_each(|round| round.ends(&mut ends));
    for arrow in &arrows {
        let first = ends.get(arrow.to.as_str()).map(|(first, _)| *first);
        let last = ends.get(arrow.from.as_str()).map(|(_, last)| *last);
        if first.is_some() || last.is_some() {
            // Where an arrow ends at a box, Mermaid puts the box anywhere beside the other end.
            text.push_str(&format!("  {} ~~~ {}\n", last.unwrap_or(&arrow.from), first.unwrap_or(&arrow.to)));
        }
        let why = if arrow.why.is_empty() { String::new() } else { format!("|\"{}\"|", arrow.why.join(", ")) };
        text.push_str(&format!("  {} -->{why} {}\n", arrow.from, arrow.to));
    }
    if !skipped.is_empty() {
        text.push_str(&format!("  classDef skipped stroke-dasharray: 4 3\n  class {} skipped\n", skipped.join(",")));
    }
    text
}

fn frame<'a>(shown: &'a Frame, depth: usize, skipped: &mut Vec<&'a str>, text: &mut String) {
    let blank = "  ".repeat(depth);
    // Mermaid leaves room for one line above what is in a box.
    let title = label(&[shown.title.join(" · ")]);
    text.push_str(&format!("{blank}subgraph {}[{title}]\n{blank}  direction TB\n", shown.id));
    for item in &shown.items {
        match item {
            Item::Node(shown) => {
                skipped.extend(shown.skipped.then_some(shown.id.as_str()));
                text.push_str(&format!("{blank}  {}\n", node(shown)));
            }
            Item::Frame(inner) => frame(inner, depth + 1, skipped, text),
        }
    }
    text.push_str(&format!("{blank}end\n"));
}

fn node(shown: &Node) -> String {
    let (open, close) = match shown.shape {
        Shape::Change => ("[", "]"),
        Shape::Read => ("([", "])"),
        Shape::Nothing => ("[/", "/]"),
    };
    format!("{}{open}{}{close}", shown.id, label(&shown.lines))
}

fn label(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
    format!("\"{}\"", lines.join("<br/>"))
}

fn escaped(line: &str) -> String {
    let line = line.trim_start();
    let mut text = String::with_capacity(line.len());
    for (at, c) in line.char_indices() {
        let (before, next) = (&line[..at], line[at + c.len_utf8()..].chars().next());
        let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        // Every label is read as Markdown, where some signs begin a list, a link or a change of type.
        let plain = match c {
            '.' | ')' => !before.chars().all(|c| c.is_ascii_digit()) && !before.to_ascii_lowercase().ends_with("www"),
            '+' => !before.is_empty(),
            '_' => inside(before.chars().next_back()) && inside(next),
            '~' => next == Some(' '),
            _ => c.is_alphanumeric() || " ,/=·…(".contains(c),
        };
        if plain { text.push(c) } else { text.push_str(&format!("#{};", u32::from(c))) }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_mean_only_themselves() {
        assert_eq!(escaped("a \"b\"]; #c"), "a #34;b#34;#93;#59; #35;c");
        assert_eq!(escaped("`x` %%{init} style: <b> \\n é 日"), "#96;x#96; #37;#37;#123;init#125; style#58; #60;b#62; #92;n é 日");
        assert_eq!(escaped("1. a_b __init__ ~~x~~ www.a.b 2.4"), "1#46; a_b #95;#95;init#95;#95; #126;#126;x#126;~ www#46;a.b 2.4");
        assert_eq!(escaped("  + a + b"), "#43; a + b");
    }
}
