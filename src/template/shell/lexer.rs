//! Reads literal shell text and moves a [`State`] over it.
//!
//! Follows POSIX, and bash where scripts for it differ (`[[ ]]`, `<<<`, `$'…'`, `<( )`, `a=( )`). Where shells disagree
//! about what a text means it notes a doubt, and no value may stand behind one. Text that no shell accepts may be
//! read in any way. Never sees a value.

use std::ops::Range;

use super::state::{Carry, Commands, Frame, Here, State};

/// What reading found beside the state.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Delimiters of here-documents: where, of which, and whether it is the one that ends it.
    pub(super) delimiters: Vec<(Range<usize>, Here, bool)>,
    /// Values that stand before something that forbids a bare word, or a list.
    pub(super) not_bare: Vec<usize>,
    /// Values that stand in a longer word.
    pub(super) not_whole: Vec<usize>,
    /// Values that turn out to be calculated.
    pub(super) calculated: Vec<usize>,
    /// Pipelines: where the `|` is and what writes into it.
    pub(super) pipes: Vec<(Range<usize>, String)>,
}

/// Reads a piece of literal text that starts at `offset` of the source.
pub(super) fn read(state: &mut State, text: &str, offset: usize, found: &mut Found) {
    let mut lexer = Lexer { state, text, bytes: text.as_bytes(), offset, at: 0, found };
    lexer.resume();
    while lexer.at < text.len() {
        lexer.step();
    }
}

pub(super) struct Lexer<'a> {
    pub(super) state: &'a mut State,
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) offset: usize,
    pub(super) at: usize,
    pub(super) found: &'a mut Found,
}

impl Lexer<'_> {
    pub(super) fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    pub(super) fn here(&self, len: usize) -> Range<usize> {
        self.offset + self.at..self.offset + self.at + len
    }

    pub(super) fn skip(&mut self, len: usize) {
        self.at = (self.at + len).min(self.text.len());
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    /// Deals with what stood before this piece.
    fn resume(&mut self) {
        let Some(first) = self.peek(0) else { return };
        if let Some(site) = self.state.after.take() {
            self.after_value(site, first);
        }
        match std::mem::replace(&mut self.state.carry, Carry::Nothing) {
            Carry::Backslash => self.skip(1),
            Carry::Dollar => self.dollar_then(first),
            Carry::Name => self.name(),
            Carry::Operator(_) if b"<>&|;()-".contains(&first) => {
                self.state.doubt(self.here(1), "an operator is cut in two by a template");
            }
            Carry::Delimiter if !b" \t\n;&|<>)".contains(&first) => {
                self.state.doubt(self.here(1), "the delimiter of a here-document is cut in two by a template");
            }
            Carry::MaybeEnd if first != b'\n' => {
                self.state.doubt(self.here(1), "the end of a here-document is cut by a template");
            }
            _ => {}
        }
    }

    fn after_value(&mut self, site: usize, next: u8) {
        let Frame::Commands(_) = self.state.top() else {
            if !b" \t\n)".contains(&next) {
                self.found.not_whole.push(site);
            }
            return;
        };
        if !next.is_ascii_alphanumeric() && !b" \t\n;&|)/._-,:+%@'\"$".contains(&next) {
            self.found.not_bare.push(site);
        }
        if !b" \t\n;&|)<>".contains(&next) {
            self.found.not_whole.push(site);
        }
    }

    fn step(&mut self) {
        match self.state.top() {
            Frame::Commands(_) => self.commands(),
            Frame::Single => match self.text[self.at..].find('\'') {
                Some(end) => {
                    self.at += end + 1;
                    self.state.frames.pop();
                }
                None => self.at = self.text.len(),
            },
            Frame::Double => self.double(),
            Frame::Ansi => match self.bytes[self.at] {
                b'\\' => {
                    if self.peek(1) == Some(b'\'') {
                        self.state.doubt(self.here(2), "shells without `$'…'` end the quotes at `\\'`");
                    }
                    self.backslash();
                }
                b'\'' => self.close(),
                _ => self.skip(1),
            },
            Frame::Backtick => match self.bytes[self.at] {
                b'\\' => self.backslash(),
                b'`' => self.close(),
                _ => self.skip(1),
            },
            Frame::Arithmetic(depth) => {
                let depth = *depth;
                self.arithmetic(depth);
            }
            Frame::Parameter => self.parameter(),
            Frame::Paren => self.paren(),
            Frame::Here(_) => self.here_document(),
        }
    }

    fn close(&mut self) {
        self.state.frames.pop();
        self.skip(1);
    }

    pub(super) fn open(&mut self, frame: Frame, len: usize) {
        self.state.frames.push(frame);
        self.skip(len);
    }

    pub(super) fn backslash(&mut self) {
        if self.peek(1).is_some() {
            self.at += 1;
            self.skip(1);
        } else {
            self.state.carry = Carry::Backslash;
            self.at += 1;
        }
    }

    fn double(&mut self) {
        match self.bytes[self.at] {
            b'"' => self.close(),
            b'\\' => self.backslash(),
            b'`' => self.open(Frame::Backtick, 1),
            b'$' => self.dollar(),
            _ => self.skip(1),
        }
    }

    /// True where `'` and `"` mean different things to different shells.
    fn in_quotes(&self) -> bool {
        let around = self.state.frames.iter().rev().find(|frame| !matches!(frame, Frame::Parameter));
        matches!(around, Some(Frame::Double | Frame::Here(_) | Frame::Arithmetic(_)))
    }

    fn parameter(&mut self) {
        match self.bytes[self.at] {
            b'}' => self.close(),
            b'\\' => self.backslash(),
            b'`' => self.open(Frame::Backtick, 1),
            b'$' => self.dollar(),
            quote @ (b'\'' | b'"') => {
                if self.in_quotes() {
                    self.state.doubt(self.here(1), "shells disagree about quotes inside `\"${…}\"`");
                }
                self.open(if quote == b'\'' { Frame::Single } else { Frame::Double }, 1);
            }
            _ => self.skip(1),
        }
    }

    fn paren(&mut self) {
        let around =
            self.state.frames.iter().rev().find_map(|frame| if let Frame::Commands(commands) = frame { Some(commands) } else { None });
        let test = around.is_some_and(|commands| commands.test);
        let array = !test && around.is_some_and(|commands| commands.text.ends_with('='));
        match self.bytes[self.at] {
            // bash gives up the line and goes on with the next, which may be one of a value.
            b';' | b'&' | b'<' | b'>' if !test => {
                self.state.doubt(self.here(1), "an operator inside these parentheses is no bash");
                self.skip(1);
            }
            b'|' | b'(' if array => {
                self.state.doubt(self.here(1), "an operator inside these parentheses is no bash");
                self.skip(1);
            }
            b')' => self.close(),
            b'(' => self.open(Frame::Paren, 1),
            b'\\' => self.backslash(),
            b'\'' => self.open(Frame::Single, 1),
            b'"' => self.open(Frame::Double, 1),
            b'`' => self.open(Frame::Backtick, 1),
            b'$' => self.dollar(),
            b'#' if self.at == 0 || b" \t\n(".contains(&self.bytes[self.at - 1]) => {
                self.state.doubt(self.here(1), "a `#` inside parentheses may begin a comment");
                self.skip(1);
            }
            _ => self.skip(1),
        }
    }

    fn arithmetic(&mut self, depth: u32) {
        match self.bytes[self.at] {
            b'(' => {
                self.depth(depth + 1);
                self.skip(1);
            }
            b')' if depth > 0 => {
                self.depth(depth - 1);
                self.skip(1);
            }
            b')' => {
                if self.peek(1) == Some(b')') {
                    self.state.frames.pop();
                    self.skip(2);
                } else {
                    // Then it was a subshell in a substitution: write `$( (`.
                    self.state.doubt(self.here(1), "`((` begins a calculation, or two subshells");
                    self.state.frames.pop();
                    self.skip(1);
                }
            }
            b'$' => self.dollar(),
            b'`' => self.open(Frame::Backtick, 1),
            b'\\' => self.backslash(),
            b'\'' | b'"' => {
                self.state.doubt(self.here(1), "shells disagree about quotes in calculations");
                self.skip(1);
            }
            _ => self.skip(1),
        }
    }

    fn depth(&mut self, depth: u32) {
        if let Some(Frame::Arithmetic(open)) = self.state.frames.last_mut() {
            *open = depth;
        }
    }

    pub(super) fn dollar(&mut self) {
        self.at += 1;
        match self.peek(0) {
            None => self.state.carry = Carry::Dollar,
            Some(next) => self.dollar_then(next),
        }
    }

    /// Reads what follows a `$`, which is behind already.
    fn dollar_then(&mut self, next: u8) {
        let outside = matches!(self.state.top(), Frame::Commands(_) | Frame::Paren | Frame::Parameter) && !self.in_quotes();
        match next {
            b'(' if self.peek(1) == Some(b'(') => self.open(Frame::Arithmetic(0), 2),
            b'(' => {
                if self.peek(1).is_none() {
                    self.state.carry = Carry::Operator('(');
                }
                self.open(Frame::Commands(Commands::new(true)), 1);
            }
            b'{' => self.open(Frame::Parameter, 1),
            b'[' => {
                self.state.doubt(self.here(1), "`$[` is a calculation to some shells");
                self.skip(1);
            }
            b'\'' if outside => self.open(Frame::Ansi, 1),
            b'"' if outside => self.open(Frame::Double, 1),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {
                self.name();
            }
            b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!' => self.skip(1),
            _ => {}
        }
    }

    /// Reads the rest of a variable's name.
    fn name(&mut self) {
        while self.peek(0).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.at += 1;
        }
        if self.at == self.text.len() {
            self.state.carry = Carry::Name;
        }
    }

    pub(super) fn top(&mut self) -> Option<&mut Commands> {
        if let Some(Frame::Commands(commands)) = self.state.frames.last_mut() { Some(commands) } else { None }
    }

    fn here_document(&mut self) {
        let Some(Frame::Here(here)) = self.state.frames.last_mut() else { return };
        if here.line_start {
            let rest = &self.text[self.at..];
            let tabs = if here.strip { rest.len() - rest.trim_start_matches('\t').len() } else { 0 };
            let line = rest[tabs..].split('\n').next().unwrap_or_default();
            let (word, len) = (here.word.clone(), line.len());
            if !word.is_empty() && line.strip_prefix(word.as_str()).is_some_and(|rest| rest.starts_with(')')) {
                let at = self.here(tabs + len);
                self.state.doubt(at, "this ends the here-document to some shells only");
            } else if line == word {
                let (here, start) = (here.clone(), self.at + tabs);
                let ends = rest[tabs + len..].starts_with('\n');
                let range = self.offset + start..self.offset + start + line.len();
                self.found.delimiters.push((range, here, true));
                self.at = start + line.len();
                self.state.frames.pop();
                if !ends {
                    self.state.carry = Carry::MaybeEnd;
                }
                return;
            }
        }
        let byte = self.bytes[self.at];
        let Some(Frame::Here(here)) = self.state.frames.last_mut() else { return };
        here.line_start = byte == b'\n' || here.line_start && byte == b'\t';
        if here.quoted {
            return self.skip(1);
        }
        match byte {
            b'\\' => {
                here.line_start = self.bytes.get(self.at + 1) == Some(&b'\n');
                self.backslash();
            }
            b'`' => self.open(Frame::Backtick, 1),
            b'$' => self.dollar(),
            _ => self.skip(1),
        }
    }
}
