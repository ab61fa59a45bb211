//! Keeps the rooms of `src` apart: who may name whom, which crate is at home where, how long a file may be.
//!
//! It reads the text of every source file, cut into tokens with comments and literals left out; it does not know types
//! or macros. What it can't see (a path hidden behind a re-export of a lower room) is left to readers.
//!
//! A file goes in as its path below `src` and its text; breaches come out as lines for people. The checker is itself
//! tried on bad samples below, so that it can't fall silent.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::Path;

/// The rooms with their ranks. A room names only rooms of a lower rank.
const RANKS: &[(&str, u8)] = &[
    ("text", 0),
    ("diag", 1),
    ("model", 2),
    ("yaml", 3),
    ("template", 3),
    ("event", 3),
    ("transport", 3),
    ("inventory", 4),
    ("resource", 4),
    ("playbook", 5),
    ("plan", 6),
    ("exec", 7),
    ("store", 7),
    ("report", 7),
    ("app", 8),
    ("cli", 9),
];

/// Third-party crates that are at home in some rooms only. Crates that are not here may stand anywhere.
const HOMES: &[(&str, &[&str])] = &[
    ("age", &["app"]),
    ("aho_corasick", &["event"]),
    ("annotate_snippets", &["diag"]),
    ("serde_yaml", &["yaml", "template"]),
    ("saphyr_parser", &["yaml"]),
    ("minijinja", &["template"]),
    ("minijinja_contrib", &["template"]),
    ("openssh", &["transport"]),
    ("petgraph", &["plan"]),
    ("rusqlite", &["store"]),
    ("similar", &["resource"]),
    ("indicatif", &["report"]),
    ("maud", &["plan"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("rpassword", &["cli"]),
    ("tokio", &["transport", "exec", "app"]),
    ("tokio_util", &["transport", "exec", "app"]),
];

/// Lines of code (up to the first inline test module) that a file may have.
const MAX_LINES: usize = 400;

/// Files that may be longer, each with its reason.
const LONG_FILES: &[(&str, &str)] = &[];

#[test]
fn the_rooms_keep_to_their_ranks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = source_files(&root);
    assert!(files.len() > 20, "the walk over src found only {} files", files.len());
    let mut breaches = Vec::new();
    for (path, text) in &files {
        breaches.extend(breaches_of(path, text));
    }
    for (path, reason) in LONG_FILES {
        assert!(!reason.is_empty(), "{path} is on the list of long files without a reason");
        let text = files.get(*path).unwrap_or_else(|| panic!("{path} is on the list of long files and does not exist"));
        assert!(code_lines(text) > MAX_LINES, "{path} is on the list of long files and no longer long");
    }
    assert!(breaches.is_empty(), "{} breaches of the architecture:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn every_room_has_a_rank() {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let tokens = tokens(&lib);
    let mut rooms: Vec<&str> = tokens.windows(3).filter(|w| w[0].text == "mod" && w[2].text == ";").map(|w| w[1].text.as_str()).collect();
    let mut ranked: Vec<&str> = RANKS.iter().map(|(room, _)| *room).collect();
    rooms.sort_unstable();
    ranked.sort_unstable();
    assert_eq!(rooms, ranked, "the modules of lib.rs and the table of ranks differ");
}

/// Everything wrong with one file; `path` is relative to `src`, with `/`.
fn breaches_of(path: &str, text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let preamble = text.lines().next().and_then(|line| line.strip_prefix("//!")).unwrap_or_default();
    if preamble.trim().is_empty() {
        breaches.push(format!("{path}:1: does not begin with a `//!` preamble"));
    }
    let lines = code_lines(text);
    if lines > MAX_LINES && !is_test_file(path) && !LONG_FILES.iter().any(|(long, _)| *long == path) {
        breaches.push(format!("{path}: {lines} lines of code, more than {MAX_LINES}"));
    }
    if !path.contains('/') {
        return breaches; // lib.rs and main.rs may name everything
    }
    let room = path.split('/').next().unwrap_or_default();
    let Some(rank) = rank(room) else {
        breaches.push(format!("{path}: `{room}` has no rank"));
        return breaches;
    };
    let tokens = tokens(text);
    for (named, line) in named_rooms(&tokens, depth(path)) {
        if named == room {
            continue;
        }
        match self::rank(&named) {
            Some(other) if other < rank => {}
            Some(other) => breaches.push(format!("{path}:{line}: {room} (rank {rank}) names {named} (rank {other})")),
            None => breaches.push(format!("{path}:{line}: `crate::{named}` is not a room; name the room it comes from")),
        }
    }
    for (krate, line) in named_crates(&tokens) {
        if let Some((_, homes)) = HOMES.iter().find(|(name, _)| *name == krate)
            && !homes.contains(&room)
        {
            breaches.push(format!("{path}:{line}: {krate} is at home in {}, not in {room}", homes.join(", ")));
        }
    }
    breaches
}

fn rank(room: &str) -> Option<u8> {
    RANKS.iter().find(|(name, _)| *name == room).map(|(_, rank)| *rank)
}

/// How many `super` lead from the file's own module to the crate's root: `a/mod.rs` 1, `a/b.rs` 2.
fn depth(path: &str) -> usize {
    let parts = path.split('/').count();
    if path.ends_with("/mod.rs") { parts - 1 } else { parts }
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Lines up to the first inline test module.
fn code_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let is_test_module = |index: usize| {
        lines[index].trim() == "#[cfg(test)]"
            && lines.get(index + 1).is_some_and(|next| next.trim_start().starts_with("mod ") && next.trim_end().ends_with('{'))
    };
    (0..lines.len()).find(|index| is_test_module(*index)).unwrap_or(lines.len())
}

/// The first names after `crate::`, with groups (`crate::{a, b::c}`), and after a chain of `super::` that reaches the root.
fn named_rooms(tokens: &[Token], depth: usize) -> Vec<(String, usize)> {
    let mut named = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut after = at + 1;
        let from_root = match tokens[at].text.as_str() {
            "crate" => {
                if tokens.get(at + 1).is_some_and(|t| t.text == "as") {
                    named.push(("as".to_owned(), tokens[at].line));
                }
                tokens.get(at + 1).is_some_and(|t| t.text == "::")
            }
            "super" => {
                let mut supers = 1;
                while texts(tokens, after, &["::", "super"]) {
                    supers += 1;
                    after += 2;
                }
                supers >= depth && tokens.get(after).is_some_and(|t| t.text == "::")
            }
            _ => false,
        };
        if from_root {
            let reached_by_super = tokens[at].text == "super";
            for (name, line) in heads(tokens, after + 1) {
                // From an inline module `super` reaches only the file's own, whose items are no rooms.
                if !reached_by_super || rank(&name).is_some() {
                    named.push((name, line));
                }
            }
        }
        at = after;
    }
    named
}

/// The names that begin a path or every path of a `{…}` group.
fn heads(tokens: &[Token], at: usize) -> Vec<(String, usize)> {
    match tokens.get(at) {
        Some(token) if token.text == "{" => {
            let mut heads = Vec::new();
            let (mut nested, mut expected) = (0, true);
            for token in &tokens[at..] {
                match token.text.as_str() {
                    "{" => nested += 1,
                    "}" => nested -= 1,
                    "," if nested == 1 => expected = true,
                    name if nested == 1 && expected => {
                        heads.push((name.to_owned(), token.line));
                        expected = false;
                    }
                    _ => {}
                }
                if nested == 0 {
                    break;
                }
            }
            heads
        }
        Some(token) => vec![(token.text.clone(), token.line)],
        None => Vec::new(),
    }
}

/// Names that stand where a crate's name may: at the head of a path, or alone in a `use`.
fn named_crates(tokens: &[Token]) -> Vec<(String, usize)> {
    let mut named = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |before| tokens[before].text.as_str());
        let after = tokens.get(at + 1).map_or("", |after| after.text.as_str());
        // `::tokio::x` begins a path too; `a::tokio::x` does not.
        let keyword = |text: &str| matches!(text, "use" | "return" | "impl" | "for" | "dyn" | "mut" | "in" | "else" | "as");
        let head = before != "::" || at < 2 || !is_word(&tokens[at - 2].text) || keyword(&tokens[at - 2].text);
        if is_word(&token.text) && head && (after == "::" || before == "use" || before == "crate") {
            named.push((token.text.clone(), token.line));
        }
    }
    named
}

fn texts(tokens: &[Token], at: usize, wanted: &[&str]) -> bool {
    wanted.iter().enumerate().all(|(offset, text)| tokens.get(at + offset).is_some_and(|token| token.text == *text))
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

struct Token {
    text: String,
    line: usize,
}

/// Words, `::` and single signs; comments, strings, characters and lifetimes are left out.
fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    let looking_at = |at: usize, wanted: &str| wanted.chars().enumerate().all(|(offset, c)| chars.get(at + offset) == Some(&c));
    while at < chars.len() {
        let start = at;
        if looking_at(at, "//") {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if looking_at(at, "/*") {
            let mut nested = 0;
            while at < chars.len() {
                if looking_at(at, "/*") {
                    nested += 1;
                    at += 2;
                } else if looking_at(at, "*/") {
                    nested -= 1;
                    at += 2;
                } else {
                    at += 1;
                }
                if nested == 0 {
                    break;
                }
            }
        } else if let Some(end) = raw_string(&chars, at) {
            at = end;
        } else if chars[at] == '"' {
            at += 1;
            while at < chars.len() && chars[at] != '"' {
                at += if chars[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if chars[at] == '\'' {
            at = quote(&chars, at);
        } else if chars[at].is_alphabetic() || chars[at] == '_' {
            if looking_at(at, "r#") {
                at += 2; // a raw identifier
            }
            let word = at;
            while at < chars.len() && (chars[at].is_alphanumeric() || chars[at] == '_') {
                at += 1;
            }
            // The prefix of `b"…"` and `c"…"` is no word of its own.
            if !(at - word == 1 && matches!(chars[word], 'b' | 'c') && matches!(chars.get(at), Some('"' | '\''))) {
                tokens.push(Token { text: chars[word..at].iter().collect(), line });
            }
        } else if looking_at(at, "::") {
            at += 2;
            tokens.push(Token { text: "::".to_owned(), line });
        } else {
            if !chars[at].is_whitespace() {
                tokens.push(Token { text: chars[at].to_string(), line });
            }
            at += 1;
        }
        let end = at.min(chars.len());
        line += chars[start..end].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

/// The end of the raw string that begins here (`r"…"`, `br#"…"#`), if one does.
fn raw_string(chars: &[char], at: usize) -> Option<usize> {
    let mut from = at;
    if matches!(chars.get(from), Some('b' | 'c')) {
        from += 1;
    }
    if chars.get(from) != Some(&'r') {
        return None;
    }
    from += 1;
    let hashes = chars[from..].iter().take_while(|c| **c == '#').count();
    from += hashes;
    if chars.get(from) != Some(&'"') {
        return None;
    }
    from += 1;
    while from < chars.len() {
        if chars[from] == '"' && chars[from + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes {
            return Some(from + 1 + hashes);
        }
        from += 1;
    }
    Some(chars.len())
}

/// The end of the character literal or lifetime that begins here.
fn quote(chars: &[char], at: usize) -> usize {
    if chars.get(at + 1) == Some(&'\\') {
        let mut end = at + 3;
        while end < chars.len() && chars[end] != '\'' {
            end += 1;
        }
        return end + 1;
    }
    if chars.get(at + 2) == Some(&'\'') { at + 3 } else { at + 1 }
}

/// Every `.rs` file below a folder, by its path with `/`.
fn source_files(root: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

mod the_checker_itself {
    use super::*;

    fn breaches(path: &str, body: &str) -> String {
        breaches_of(path, &format!("//! A sample.\n{body}")).join("\n")
    }

    #[test]
    fn lower_rooms_and_the_own_one_are_fine() {
        let body = "use crate::text::quote;\nuse crate::{diag, model::{Host, Task}};\nuse super::Plan;\nuse super::graph::Edge;\nfn f() { crate::plan::g(); crate::playbook::load() }\n";
        assert_eq!(breaches("plan/build.rs", body), "");
    }

    #[test]
    fn a_higher_room_is_a_breach() {
        assert_eq!(breaches("plan/build.rs", "\nuse crate::exec::Run;\n"), "plan/build.rs:3: plan (rank 6) names exec (rank 7)");
    }

    #[test]
    fn an_equal_room_is_a_breach() {
        assert_eq!(breaches("store/mod.rs", "use crate::report;\n"), "store/mod.rs:2: store (rank 7) names report (rank 7)");
    }

    #[test]
    fn groups_bodies_and_macros_are_seen() {
        let body = "use crate::{\n    text::{self, quote},\n    store::Store,\n};\nfn f() -> crate::cli::Args { m!(crate::app::run()) }\nmacro_rules! m { () => { $crate::report::x() } }\n";
        let found = breaches("model/host.rs", body);
        for named in ["store", "cli", "app", "report"] {
            assert!(found.contains(&format!("names {named} ")), "{named} is missing in:\n{found}");
        }
        assert_eq!(found.lines().count(), 4, "{found}");
    }

    #[test]
    fn super_does_not_get_around_it() {
        assert!(breaches("text/quote.rs", "use super::super::diag::Span;\n").contains("names diag"));
        assert!(breaches("text/mod.rs", "use super::diag::Span;\n").contains("names diag"));
        assert!(breaches("text/mod.rs", "use super::{diag::Span};\n").contains("names diag"));
        assert!(breaches("text/a/b.rs", "mod tests { use super::super::super::super::cli; }\n").contains("names cli"));
        assert_eq!(breaches("text/quote.rs", "use super::diag::Span;\n"), "", "a submodule of the own room");
    }

    #[test]
    fn the_root_has_nothing_to_offer() {
        assert!(breaches("plan/mod.rs", "use crate::load;\n").contains("`crate::load` is not a room"));
        assert!(breaches("plan/mod.rs", "use crate as all;\n").contains("not a room"));
        assert!(breaches("plan/mod.rs", "use crate::*;\n").contains("not a room"));
    }

    #[test]
    fn comments_and_literals_are_not_code() {
        let body = "/// See [`crate::cli`].\n/* crate::cli /* nested */ crate::cli */\nconst A: &str = \"crate::cli \\\" crate::cli\";\nconst B: &str = r#\"crate::cli \" crate::cli\"#;\nconst C: char = '\"'; fn f<'a>(x: &'a str) { g('\\'', b'\"') }\nconst D: &[u8] = b\"crate::cli\";\n";
        assert_eq!(breaches("text/mod.rs", body), "");
        assert!(breaches("text/mod.rs", &format!("{body}use crate::cli;\n")).contains("text/mod.rs:8: text (rank 0) names cli"));
    }

    #[test]
    fn a_crate_outside_its_home_is_a_breach() {
        assert_eq!(breaches("plan/mod.rs", "use rusqlite::Connection;\n"), "plan/mod.rs:2: rusqlite is at home in store, not in plan");
        for body in [
            "use tokio;",
            "fn f() { tokio::spawn(g()) }",
            "#[tokio::test]\nasync fn f() {}",
            "use ::tokio::sync;",
            "use {std::fs, tokio::fs as x};",
        ] {
            assert!(breaches("event/mod.rs", body).contains("tokio is at home in transport, exec, app"), "{body}");
        }
        assert_eq!(breaches("store/mod.rs", "use rusqlite::Connection;\nuse serde::Serialize;\n"), "");
        assert_eq!(breaches("exec/mod.rs", "use tokio::sync::mpsc;\nstruct S { clap: u8 }\nfn f(s: S) { s.clap; a::clap::b() }\n"), "");
    }

    #[test]
    fn a_preamble_and_a_length_are_asked() {
        assert_eq!(breaches_of("lib.rs", "pub mod text;\n"), ["lib.rs:1: does not begin with a `//!` preamble"]);
        assert_eq!(breaches_of("lib.rs", "//!\npub mod text;\n"), ["lib.rs:1: does not begin with a `//!` preamble"]);
        let code = "fn f() {}\n".repeat(399);
        assert_eq!(breaches("text/long.rs", &code), "");
        assert_eq!(breaches("text/long.rs", &format!("{code}fn g() {{}}\n")), "text/long.rs: 401 lines of code, more than 400");
        let tests = format!("#[cfg(test)]\nmod tests {{\n{code}}}\n");
        assert_eq!(breaches("text/long.rs", &format!("{code}{tests}")), "");
        assert_eq!(breaches("text/long/tests.rs", &format!("{code}{code}")), "");
        let declared = format!("#[cfg(test)]\nmod tests;\n{code}");
        assert!(breaches("text/long.rs", &declared).contains("402 lines"), "a declaration does not end the code");
    }

    #[test]
    fn an_unknown_room_is_a_breach() {
        assert_eq!(breaches("util/mod.rs", "fn f() {}\n"), "util/mod.rs: `util` has no rank");
    }
}
