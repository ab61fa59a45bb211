//! The plan as a graph for Graphviz: `dot -Tsvg`.
//!
//! Knows only the drawing and the language of dot: rounds, blocks and parts are clusters, an arrow to a cluster ends at
//! its border. Shapes tell tasks apart, colours say nothing.

use std::collections::BTreeMap;

use super::drawing::{Arrow, Drawing, Frame, Item, Kind, Node, Shape, drawing};
use super::view::PlanView;

/// Writes a plan in the language of dot.
#[must_use]
pub fn dot(view: &PlanView) -> String {
    let Drawing { rounds, arrows } = drawing(view);
    let title = label(std::slice::from_ref(&crate::text::one_line(&view.playbook, 120)));
    let mut text =
        format!("digraph plan {{\n  graph [compound=true, fontname=\"Helvetica\", label={title}, labelloc=t, tooltip={title}];\n");
    text.push_str("  node [fontname=\"Helvetica\", fontsize=11, shape=box];\n  edge [fontname=\"Helvetica\", fontsize=10];\n");
    let mut ends = BTreeMap::new();
    for round in &rounds {
        round.ends(&mut ends);
        frame(round, 1, &mut text);
    }
    for round in &rounds {
        for (from, to) in round.sequence() {
            text.push_str(&format!("  {from} -> {to} [style=invis];\n"));
        }
    }
    arrows.iter().for_each(|arrow| text.push_str(&edge(arrow, &ends)));
    text.push_str("}\n");
    text
}

fn frame(shown: &Frame, depth: usize, text: &mut String) {
    let blank = "  ".repeat(depth);
    let style = match shown.kind {
        Kind::Round => "bold",
        Kind::Block => "solid",
        Kind::Part => "dashed",
    };
    let title = label(&shown.title);
    text.push_str(&format!("{blank}subgraph cluster_{} {{\n{blank}  label={title}; tooltip={title}; style={style};\n", shown.id));
    for item in &shown.items {
        match item {
            Item::Node(shown) => text.push_str(&format!("{blank}  {}\n", node(shown))),
            Item::Frame(inner) => frame(inner, depth + 1, text),
        }
    }
    text.push_str(&format!("{blank}}}\n"));
}

fn node(shown: &Node) -> String {
    let mut styles = Vec::new();
    if shown.shape == Shape::Read {
        styles.push("rounded");
    }
    if shown.skipped {
        styles.push("dashed");
    }
    let style = if styles.is_empty() { String::new() } else { format!(", style=\"{}\"", styles.join(",")) };
    let shape = if shown.shape == Shape::Nothing { ", shape=plaintext" } else { "" };
    format!("{} [label={}{shape}{style}];", shown.id, label(&shown.lines))
}

fn edge(arrow: &Arrow, ends: &BTreeMap<&str, (&str, &str)>) -> String {
    let (mut from, mut to, mut words) = (arrow.from.as_str(), arrow.to.as_str(), Vec::new());
    if let Some((_, last)) = ends.get(from) {
        words.push(format!("ltail=cluster_{from}"));
        from = last;
    }
    if let Some((first, _)) = ends.get(to) {
        words.push(format!("lhead=cluster_{to}"));
        to = first;
    }
    if !arrow.why.is_empty() {
        words.push(format!("label=\"{}\"", arrow.why.join(", ")));
    }
    let words = if words.is_empty() { String::new() } else { format!(" [{}]", words.join(", ")) };
    format!("  {from} -> {to}{words};\n")
}

/// Lines as a quoted string. Backslashes are escapes of dot, and `&` begins an entity in every label.
fn label(lines: &[String]) -> String {
    let escaped = lines.iter().map(|line| line.replace('&', "&amp;").replace('\\', "\\\\").replace('"', "\\\""));
    format!("\"{}\"", escaped.collect::<Vec<String>>().join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_mean_only_themselves() {
        let lines = ["\"] -> x; # `a` \\N {b|c}", "&lt; <b>"].map(str::to_owned);
        assert_eq!(label(&lines), r#""\"] -> x; # `a` \\N {b|c}\n&amp;lt; <b>""#);
    }
}
