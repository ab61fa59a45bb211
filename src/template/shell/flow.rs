//! Follows a template through its branches and loops, and finds the place of every value in the shell text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use minijinja::machinery::ast::{Expr, Stmt};

use super::super::place::Place;
use super::super::unparse::{bytes, offset, range_of};
use super::lexer::{Found, read};
use super::state::{Carry, Case, Commands, Frame, State};
use super::words::nested;
use crate::diag::{Diagnostic, Diagnostics, SourceText};

/// Follows one template.
pub(super) struct Flow<'a> {
    source: &'a SourceText,
    pub(super) places: BTreeMap<usize, Place>,
    pub(super) found: Found,
    pub(super) diagnostics: Diagnostics,
    /// Here-documents that hold a value.
    pub(super) used: BTreeSet<usize>,
    /// States in which the innermost loop is left or begun again.
    jumps: Vec<Vec<State>>,
    /// The last byte of literal text, where a value follows it.
    before: u8,
    /// A sign that is looked for in literal text.
    mark: Option<&'a str>,
    /// Where it stands, and what is open there that is no command.
    pub(super) marks: Vec<(Range<usize>, Option<&'static str>)>,
}

impl<'a> Flow<'a> {
    pub(super) fn new(source: &'a SourceText) -> Flow<'a> {
        Flow {
            source,
            places: BTreeMap::new(),
            found: Found::default(),
            diagnostics: Diagnostics::default(),
            used: BTreeSet::new(),
            jumps: Vec::new(),
            before: b' ',
            mark: None,
            marks: Vec::new(),
        }
    }

    /// Looks for a sign, too.
    pub(super) fn looking_for(source: &'a SourceText, mark: &'a str) -> Flow<'a> {
        Flow { mark: Some(mark), ..Flow::new(source) }
    }

    fn error(&mut self, code: &'static str, range: Range<usize>, message: impl Into<String>, hint: &str) {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.diagnostics.push(Diagnostic::error(code, self.source.at(range), message).hint(hint));
    }

    /// Follows statements; none where what comes after is never reached.
    pub(super) fn stmts(&mut self, stmts: &[Stmt<'_>], state: Option<State>) -> Option<State> {
        stmts.iter().fold(state, |state, stmt| self.stmt(stmt, state))
    }

    fn stmt(&mut self, stmt: &Stmt<'_>, state: Option<State>) -> Option<State> {
        let mut state = state?;
        match stmt {
            Stmt::EmitRaw(raw) => {
                self.literal(raw.raw, &mut state);
                self.before = raw.raw.bytes().last().unwrap_or(self.before);
            }
            Stmt::EmitExpr(emit) => self.value(&emit.expr, &mut state),
            Stmt::IfCond(cond) => {
                self.branch(&mut state, range_of(&cond.expr));
                let yes = self.stmts(&cond.true_body, Some(state.clone()));
                let no = self.stmts(&cond.false_body, Some(state));
                return self.join(
                    yes,
                    no,
                    range_of(&cond.expr),
                    "the branches of this `{% if %}` end in different places of the shell text",
                );
            }
            Stmt::ForLoop(each) => {
                let range = range_of(&each.iter);
                self.branch(&mut state, range.clone());
                let message = "this loop does not end in the place of the shell text where it began";
                // The second turn sees what the first may leave behind.
                for _ in 0..2 {
                    self.jumps.push(Vec::new());
                    let end = self.stmts(&each.body, Some(state.clone()));
                    let ends = self.jumps.pop().unwrap_or_default();
                    for end in end.into_iter().chain(ends) {
                        state = self.join(Some(state), Some(end), range.clone(), message)?;
                    }
                }
                if !each.else_body.is_empty() {
                    let other = self.stmts(&each.else_body, Some(state.clone()));
                    return self.join(Some(state), other, range, message);
                }
            }
            Stmt::Break(_) | Stmt::Continue(_) => {
                if let Some(jumps) = self.jumps.last_mut() {
                    jumps.push(state);
                }
                return None;
            }
            Stmt::WithBlock(with) => return self.stmts(&with.body, Some(state)),
            Stmt::FilterBlock(block) => {
                let hint = "use `{% set x %}` and `{% endset %}`, and then `{{ x }}`";
                self.error("E306", bytes(block.span()), "`{% filter %}` is not supported in shell text", hint);
            }
            // Captured text becomes a value, which is quoted where it is used.
            _ => {}
        }
        Some(state)
    }

    fn literal(&mut self, text: &str, state: &mut State) {
        let start = offset(&self.source.text, text).unwrap_or(0);
        let mut at = 0;
        if let Some(mark) = self.mark.filter(|mark| !mark.is_empty()) {
            while let Some(found) = text[at..].find(mark) {
                read(state, &text[at..at + found], start + at, &mut self.found);
                at += found;
                let place = start + at..start + at + mark.len();
                // A loop is followed twice.
                if !self.marks.iter().any(|(known, _)| *known == place) {
                    self.marks.push((place, state.closed()));
                }
                read(state, mark, start + at, &mut self.found);
                at += mark.len();
            }
        }
        read(state, &text[at..], start + at, &mut self.found);
    }

    /// A branch begins: nothing may be half read.
    fn branch(&mut self, state: &mut State, range: Range<usize>) {
        if let Some(site) = state.after.take() {
            self.found.not_bare.push(site);
            self.found.not_whole.push(site);
        }
        if matches!(state.carry, Carry::Backslash | Carry::Dollar | Carry::Delimiter) {
            self.error("E311", range, "a template stands in the middle of a backslash, a `$` or a delimiter of the shell text", "");
            state.carry = Carry::Nothing;
        }
    }

    fn join(&mut self, a: Option<State>, b: Option<State>, range: Range<usize>, message: &str) -> Option<State> {
        let (Some(mut a), Some(b)) = (a.clone(), b.clone()) else { return a.or(b) };
        for site in a.after.iter().chain(&b.after) {
            self.found.not_bare.push(*site);
            self.found.not_whole.push(*site);
        }
        if let Err(why) = a.join(&b) {
            let error = Diagnostic::error("E311", self.source.at(range), message).note(why);
            self.diagnostics.push(error.hint("close in each branch what it opens".to_owned()));
        }
        Some(a)
    }

    fn value(&mut self, expr: &Expr<'_>, state: &mut State) {
        let range = range_of(expr);
        if let Some(site) = state.after.take() {
            self.found.not_bare.push(site);
            self.found.not_whole.push(site);
        }
        let carry = std::mem::replace(&mut state.carry, Carry::Nothing);
        let site = expr.span().start_offset as usize;
        let place =
            if matches!(expr, Expr::Filter(filter) if filter.name == "raw") { Some(Place::Raw) } else { self.place(state, carry, &range) };
        if let Some(place) = place {
            self.places.insert(site, place);
        }
        for frame in &mut state.frames {
            if let Frame::Here(here) = frame {
                self.used.insert(here.id);
                here.line_start = false;
            }
        }
        if let Some(Frame::Commands(commands)) = state.frames.last_mut() {
            if !commands.comment {
                commands.word = Some(true);
                commands.plain = false;
            }
            if commands.test {
                commands.values.push(site);
            }
        }
        self.before = b' ';
        state.after = Some(site);
    }

    /// Finds how a value is written here, and says so where it can't be.
    fn place(&mut self, state: &State, carry: Carry, range: &Range<usize>) -> Option<Place> {
        let in_here = matches!(state.top(), Frame::Here(here) if !here.quoted);
        let unsafe_place = match (state.top(), carry) {
            (_, Carry::Backslash) => Some(("right after a backslash", "leave the backslash out: values are quoted for their place")),
            (_, Carry::Dollar) => Some(("right after a `$`", "to read a variable whose name is a value, use `printenv {{ name }}`")),
            (_, Carry::Delimiter) => Some(("as the delimiter of a here-document", "write the delimiter out")),
            (_, Carry::MaybeEnd) => Some(("behind the delimiter that ends a here-document", "begin a new line before it")),
            (_, Carry::Name) if in_here => Some(("right after a variable's name in a here-document", "write the name as `${NAME}`")),
            (Frame::Ansi, _) => Some(("inside `$'…'`", "use `'…'` or `\"…\"`")),
            (Frame::Backtick, _) => Some(("inside backticks", "write `$( … )` instead of backticks")),
            (Frame::Arithmetic(_), _) if self.before.is_ascii_alphanumeric() || b"_$#".contains(&self.before) => {
                Some(("inside a name or a number of a calculation", "put a blank before it"))
            }
            _ if state.frames.contains(&Frame::Parameter) => {
                Some(("inside `${…}`", "give it to a shell variable first (`x={{ value }}`), and use that"))
            }
            _ => None,
        };
        if let Some((place, hint)) = unsafe_place {
            self.error("E310", range.clone(), format!("a value has no safe form {place}"), hint);
            return None;
        }
        if let Some(doubt) = &state.doubt {
            let error = Diagnostic::error("E312", self.source.at(range.clone()), "it is not certain how shells quote at this place");
            let error = error.and(self.source.at(doubt.at.clone()), doubt.why);
            self.diagnostics.push(error.hint("write the shell text before it in a simpler way, or pass the value by `env:`".to_owned()));
            return None;
        }
        let around = state.frames.iter().rev().find_map(|frame| if let Frame::Commands(commands) = frame { Some(commands) } else { None });
        let quoted = matches!(state.top(), Frame::Double | Frame::Single);
        let direct = quoted || matches!(state.top(), Frame::Commands(_));
        let nested_here = matches!(state.top(), Frame::Here(here) if here.nested);
        if nested_here || direct && around.is_some_and(|commands| !commands.comment && nested(commands)) {
            self.warn_nested(range);
        }
        Some(match state.top() {
            Frame::Commands(commands) => self.word(commands, carry, range),
            Frame::Paren => Place::Word { bare: false, list: false },
            Frame::Double => Place::Double { after_name: carry == Carry::Name },
            Frame::Single => Place::Single,
            Frame::Arithmetic(_) => Place::Arithmetic,
            Frame::Here(here) if here.quoted => Place::HereQuoted { strip: here.strip, line_start: here.line_start },
            Frame::Here(here) => Place::Here { strip: here.strip, line_start: here.line_start },
            Frame::Ansi | Frame::Backtick | Frame::Parameter => return None,
        })
    }

    fn warn_nested(&mut self, range: &Range<usize>) {
        let warning =
            Diagnostic::warning("W310", self.source.at(range.clone()), "another shell reads this text, and may take the value for code");
        let hint = "pass it as an argument (`sh -c 'echo \"$1\"' sh {{ value }}`) or by `env:`";
        self.diagnostics.push(warning.label("quoted for the outer shell only").hint(hint.to_owned()));
    }

    fn word(&mut self, commands: &Commands, carry: Carry, range: &Range<usize>) -> Place {
        if commands.comment {
            return Place::Comment;
        }
        let subscript = commands.text.contains('[') && commands.command != Some(false);
        if commands.test && commands.calculated || subscript || commands.story.name == "let" {
            return Place::WordNumber;
        }
        let text = commands.text.as_str();
        if commands.plain && matches!(text, "-" | "--") && commands.command == Some(false) {
            let warning = Diagnostic::warning("W311", self.source.at(range.clone()), "the value decides which option this is");
            self.diagnostics.push(warning.hint("write the option out, and choose it with `{% if %}`".to_owned()));
        }
        let special = matches!(commands.cases.last(), Some(Case::Word(_) | Case::Pattern(_))) || commands.test || commands.header.is_some();
        let bare = carry == Carry::Nothing
            && commands.command == Some(false)
            && commands.word.is_some()
            && !special
            && !text.contains(['~', '{', '[', '*', '?', '@', '+', '!']);
        let list = commands.word == Some(false) && !commands.redirect && !special;
        Place::Word { bare, list }
    }
}
