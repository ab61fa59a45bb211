//! Host expressions: which hosts `web and not spare` means.
//!
//! Text comes in with its place, hosts of an inventory go out, in the order written, each once. Three steps: words and
//! signs, a tree in which lists stay flat, sets. A set may be "all but these" until the end, so that `not` needs no
//! universe on the way. The step that knows the inventory is the last one.

mod lex;
mod set;
mod tree;

use std::collections::BTreeSet;

use indexmap::IndexSet;

use super::ranges::expand;
use crate::diag::{Diagnostic, Diagnostics, SourceText, Span};
use crate::model::{HostIx, Inventory};
use crate::text::{did_you_mean, fold_names};
use set::Set;
use tree::{Expr, Op};

/// What an expression is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It chooses hosts: it must name some.
    Hosts,
    /// It narrows a choice (`--limit`): it may say only what is left out, and then means every other host, `localhost` too.
    Limit,
}

/// Finds the hosts of an expression; none where it has mistakes, which `diagnostics` then say.
pub fn select(inventory: &Inventory, expression: &SourceText, mode: Mode, diagnostics: &mut Diagnostics) -> Vec<HostIx> {
    select_list(inventory, &[expression], mode, diagnostics)
}

/// Finds the hosts of a list of expressions, which means the same as one with commas between.
pub fn select_list(inventory: &Inventory, expressions: &[&SourceText], mode: Mode, diagnostics: &mut Diagnostics) -> Vec<HostIx> {
    let tree = match tree::parse(expressions) {
        Ok(Some(tree)) => tree,
        Ok(None) => return Vec::new(),
        Err(mistake) => {
            diagnostics.push(*mistake);
            return Vec::new();
        }
    };
    if !tree.positive && mode == Mode::Hosts {
        let span = expressions[0].span;
        let found = Diagnostic::error("E203", span, "this only says which hosts are left out");
        diagnostics.push(found.label("left out of what?").hint(format!("write all,{}", expressions[0].text.trim())));
        return Vec::new();
    }
    let mut eval = Eval { inventory, diagnostics, sound: true };
    let set = eval.expr(&tree.expr);
    if !eval.sound {
        return Vec::new();
    }
    match set {
        Set::Only(hosts) => hosts.into_iter().collect(),
        Set::AllBut(hosts) => {
            let every = (0..inventory.hosts.len()).map(HostIx::new);
            let meant = |host: &HostIx| mode == Mode::Limit || inventory.host(*host).listed;
            every.filter(|host| meant(host) && !hosts.contains(host)).collect()
        }
    }
}

/// The names that an expression mentions, ranges written out; nothing where its syntax is wrong.
pub(super) fn mentioned(expression: &SourceText) -> BTreeSet<String> {
    let tokens = lex::lex(expression).unwrap_or_default();
    let words = tokens.into_iter().filter_map(|(token, _)| if let lex::Token::Word(word) = token { Some(word) } else { None });
    words.flat_map(|word| expand(&word).unwrap_or_default()).collect()
}

struct Eval<'a> {
    inventory: &'a Inventory,
    diagnostics: &'a mut Diagnostics,
    sound: bool,
}

impl Eval<'_> {
    fn expr(&mut self, expr: &Expr) -> Set {
        match expr {
            Expr::Word(word, span) => Set::Only(self.word(word, *span)),
            Expr::Regex(regex, span) => Set::Only(self.regex(regex, *span)),
            Expr::Not(inner) => self.expr(inner).not(),
            Expr::Chain(first, rest) => {
                let mut set = self.expr(first);
                for (op, expr) in rest {
                    let other = self.expr(expr);
                    set = match op {
                        Op::Or => set.or(other),
                        Op::And => set.and(other),
                        Op::Minus => set.and(other.not()),
                    };
                }
                set
            }
        }
    }

    fn word(&mut self, word: &str, span: Span) -> IndexSet<HostIx> {
        let names = match expand(word) {
            Ok(names) => names,
            Err(error) => {
                let at = Span::new(span.file, span.start as usize + error.range.start..span.start as usize + error.range.end);
                // Places inside a word hold only where the word stands in the file letter for letter.
                let at = if (span.end - span.start) as usize == word.len() { at } else { span };
                self.wrong(Diagnostic::error("E204", at, error.message).hint(error.hint));
                return IndexSet::new();
            }
        };
        let mut hosts = IndexSet::new();
        let mut unknown = Vec::new();
        for name in &names {
            if name.contains(['*', '?']) {
                hosts.extend(self.glob(name, span));
            } else if let Some(host) = self.inventory.find(name) {
                hosts.insert(host);
            } else if let Some(group) = self.inventory.groups.get(name) {
                hosts.extend(group);
            } else if name == "all" {
                hosts.extend(self.inventory.all());
            } else {
                unknown.push(name.as_str());
            }
        }
        if !unknown.is_empty() {
            self.unknown(&unknown, span);
        }
        hosts
    }

    fn unknown(&mut self, names: &[&str], span: Span) {
        let found = match names {
            [name] => Diagnostic::error("E202", span, format!("no host or group is called `{name}`")),
            names => Diagnostic::error("E202", span, format!("no hosts or groups are called `{}`", fold_names(names))),
        };
        let inventory = self.inventory;
        let [name] = names else {
            let names: BTreeSet<String> = names.iter().map(|name| unpadded(name)).collect();
            let padded = inventory.index.keys().find(|known| names.contains(&unpadded(known)));
            return self.wrong(found.hint(padded.map(|known| format!("write the numbers as in `{known}`"))));
        };
        let known = inventory.groups.keys().chain(inventory.index.keys()).map(String::as_str).chain(["all"]);
        let hint =
            if name.contains(':') && name.split(':').any(|part| inventory.groups.contains_key(part) || inventory.find(part).is_some()) {
                Some("write `,` between names, `and` for those in both, `not` for what is left out".to_owned())
            } else if ["AND", "OR", "NOT", "&&", "||"].contains(name) {
                Some("the words are `and`, `or` and `not`".to_owned())
            } else if name.contains(['{', '}']) {
                Some("hosts are chosen before the run: no templates here".to_owned())
            } else {
                did_you_mean(name, known)
            };
        self.wrong(found.hint(hint));
    }

    /// The hosts whose whole name the pattern matches.
    fn glob(&mut self, pattern: &str, span: Span) -> Vec<HostIx> {
        let glob = globset::GlobBuilder::new(pattern).literal_separator(false).backslash_escape(false).build();
        let Ok(glob) = glob else {
            self.wrong(Diagnostic::error("E204", span, format!("`{pattern}` is no pattern")));
            return Vec::new();
        };
        let glob = glob.compile_matcher();
        self.matching(span, &format!("`{pattern}`"), |name| glob.is_match(name))
    }

    /// The hosts whose name the expression matches from its first character on.
    fn regex(&mut self, regex: &str, span: Span) -> IndexSet<HostIx> {
        match regex::Regex::new(&format!("^(?:{regex})")) {
            Ok(compiled) => self.matching(span, &format!("`~{regex}`"), |name| compiled.is_match(name)).into_iter().collect(),
            Err(_) => {
                // Compiled alone, so that the words speak of what was written.
                let words = regex::Regex::new(regex).err().map(|error| error.to_string()).unwrap_or_default();
                let words = words.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.wrong(Diagnostic::error("E205", span, format!("`{regex}` is no regular expression")).label(words));
                IndexSet::new()
            }
        }
    }

    fn matching(&mut self, span: Span, what: &str, matches: impl Fn(&str) -> bool) -> Vec<HostIx> {
        let inventory = self.inventory;
        let hosts: Vec<HostIx> = inventory.all().filter(|host| matches(&inventory.host(*host).name)).collect();
        if hosts.is_empty() {
            self.diagnostics.push(Diagnostic::warning("W201", span, format!("no host's name matches {what}")));
        }
        hosts
    }

    fn wrong(&mut self, found: Diagnostic) {
        self.sound = false;
        self.diagnostics.push(found);
    }
}

/// A name without the zeros in front of its numbers.
fn unpadded(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    let mut digits = false;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let padding = c == '0' && !digits && chars.peek().is_some_and(char::is_ascii_digit);
        digits = c.is_ascii_digit() && !padding;
        if !padding {
            short.push(c);
        }
    }
    short
}
