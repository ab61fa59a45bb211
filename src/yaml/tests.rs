//! The room's tests: places, types, traps.

use super::*;
use crate::diag::{Diagnostics, SourceMap};

fn read(text: &str) -> (SourceMap, Option<Node>, Diagnostics) {
    let mut map = SourceMap::default();
    let file = map.add("a.yml", None, text);
    let mut diagnostics = Diagnostics::default();
    let node = parse(&map, file, &mut diagnostics);
    (map, node, diagnostics)
}

fn said(text: &str) -> String {
    let (map, _, diagnostics) = read(text);
    diagnostics.to_text(&map)
}

#[test]
fn dump() {
    for source in [
        "k: *a\n",
        "k: *.x\n",
        "k: !canary\n",
        "k: echo: a\n",
        "k:\n\ta: b\n",
        "k: {{ x }}\n",
        "k: {{ x }} a\n",
        "k: [ -f x ] && y\n",
        "k: @x\n",
        "k: \"a\" b\n",
        "a: 1\nb: 2\na: 3\n",
        "a: b\n---\nc: d\n",
        "1: a\n~: b\n",
        "a: 99999999999999999999\n",
        "a: &x [*x]\n",
        "a: 1\r\nb: 2\r\n",
        "\u{feff}a: é\n",
        "a: \"b\n",
        "a: b\n c: d\n",
        "a: b\nc\n",
    ] {
        println!("--- {source:?}\n{}", said(source));
    }
}
