//! Reads literal shell text and moves a [`State`] over it.
//!
//! Follows POSIX, and bash where scripts for it differ (`[[ ]]`, `<<<`, `$'…'`, `<( )`, `a=( )`). Where shells disagree
//! about what a text means it notes a doubt, and no value may stand behind one. Text that no shell accepts may be
//! read in any way. Never sees a value.

use std::ops::Range;

use super::state::{Carry, Case, Commands, Frame, Here, State, Story};
use super::words;

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
    text: &'a str,
    bytes: &'a [u8],
    offset: usize,
    at: usize,
    pub(super) found: &'a mut Found,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    pub(super) fn here(&self, len: usize) -> Range<usize> {
        self.offset + self.at..self.offset + self.at + len
    }

    fn skip(&mut self, len: usize) {
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

    fn open(&mut self, frame: Frame, len: usize) {
        self.state.frames.push(frame);
        self.skip(len);
    }

    fn backslash(&mut self) {
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
        match self.bytes[self.at] {
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

    fn dollar(&mut self) {
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

    fn top(&mut self) -> Option<&mut Commands> {
        if let Some(Frame::Commands(commands)) = self.state.frames.last_mut() { Some(commands) } else { None }
    }

    /// Begins a word, or goes on with it, by something that is not plain text.
    fn part(&mut self) {
        if let Some(commands) = self.top() {
            commands.word = Some(true);
            commands.plain = false;
        }
    }

    fn commands(&mut self) {
        let byte = self.bytes[self.at];
        let newline = self.text[self.at..].find('\n');
        let Some(commands) = self.top() else { return };
        if commands.comment {
            commands.comment = newline.is_none();
            self.at = newline.map_or(self.text.len(), |end| self.at + end);
            return;
        }
        match byte {
            b'\\' => {
                if self.peek(1) != Some(b'\n') {
                    self.part();
                }
                self.backslash();
            }
            b'\'' => {
                self.part();
                self.open(Frame::Single, 1);
            }
            b'"' => {
                self.part();
                self.open(Frame::Double, 1);
            }
            b'`' => {
                self.part();
                self.open(Frame::Backtick, 1);
            }
            b'$' => {
                self.part();
                self.dollar();
            }
            b' ' | b'\t' => {
                words::end(self);
                self.skip(1);
            }
            b'\n' => self.newline(),
            b';' | b'&' | b'|' => self.separator(byte),
            b'(' => self.parenthesis(),
            b')' => self.closing(),
            b'<' | b'>' => self.redirection(byte),
            b'#' if commands.word != Some(true) => {
                if commands.word.is_none() {
                    let at = self.here(1);
                    self.state.doubt(at, "this begins a comment, or not, depending on a branch");
                } else {
                    commands.comment = true;
                }
                self.skip(1);
            }
            _ => {
                let len = self.text[self.at..].chars().next().map_or(1, char::len_utf8);
                let piece = &self.text[self.at..self.at + len];
                if let Some(Frame::Commands(commands)) = self.state.frames.last_mut() {
                    if commands.word != Some(true) {
                        commands.plain &= commands.word == Some(false);
                        commands.word = Some(true);
                    }
                    commands.text.push_str(piece);
                }
                self.at += len;
            }
        }
    }

    fn newline(&mut self) {
        words::end(self);
        let at = self.here(1);
        let waiting = |frame: &Frame| matches!(frame, Frame::Commands(commands) if !commands.here.is_empty());
        let outer = self.state.frames.len() - 1;
        if self.state.frames[..outer].iter().any(waiting) {
            self.state.doubt(at, "shells disagree about where the here-document before this line begins");
        }
        self.skip(1);
        words::new_command(self, false);
        self.next_document();
    }

    fn next_document(&mut self) {
        let Some(commands) = self.top() else { return };
        if !commands.here.is_empty() {
            let here = commands.here.remove(0);
            self.state.frames.push(Frame::Here(here));
        }
    }

    fn separator(&mut self, byte: u8) {
        words::end(self);
        let next = self.peek(1);
        let double = next == Some(byte);
        let len = match (byte, next) {
            (b';', Some(b';')) => 2 + usize::from(self.peek(2) == Some(b'&')),
            (b';', Some(b'&')) | (b'|', Some(b'&')) => 2,
            (b'&', Some(b'>')) => {
                // `&>file` and `&>>file` of bash; to others `&` and then `>file`, which quotes alike.
                self.skip(1);
                return self.redirection(b'>');
            }
            _ => 1 + usize::from(double),
        };
        if next.is_none() {
            self.state.carry = Carry::Operator(char::from(byte));
        }
        let at = self.here(len);
        let Some(commands) = self.top() else { return };
        if byte == b'|' && commands.cases.last().is_some_and(|case| matches!(case, Case::Pattern(_))) {
            return self.skip(len);
        }
        if byte == b';' && len > 1 {
            if let Some(case) = commands.cases.last_mut() {
                *case = Case::Pattern(false);
            }
        }
        let condition = double && byte != b';';
        if byte == b'|' && !double && !commands.story.condition && !commands.test {
            let name = commands.story.name.clone();
            self.found.pipes.push((at.clone(), name));
        }
        if condition {
            // `a | b || c` asks for the pipeline's result.
            self.found.pipes.retain(|(pipe, _)| !same_command(self.text, self.offset, pipe, &at));
        }
        self.skip(len);
        words::new_command(self, byte == b'|' && !double);
    }

    fn parenthesis(&mut self) {
        let next = self.peek(1);
        let Some(commands) = self.top() else { return };
        if commands.word == Some(false) {
            if let Some(Case::Pattern(begun @ false)) = commands.cases.last_mut() {
                *begun = true;
                return self.skip(1);
            }
        }
        let function = commands.word == Some(true) && commands.command == Some(true) && next == Some(b')');
        if function {
            words::reset(commands);
            commands.command = Some(true);
            return self.skip(2);
        }
        if commands.word != Some(false) || commands.test || matches!(commands.cases.last(), Some(Case::Pattern(_))) {
            self.part();
            return self.open(Frame::Paren, 1);
        }
        if next == Some(b'(') {
            words::after_compound(commands);
            return self.open(Frame::Arithmetic(0), 2);
        }
        if next.is_none() {
            self.state.carry = Carry::Operator('(');
        }
        let condition = self.top().is_some_and(|commands| commands.story.condition);
        if let Some(commands) = self.top() {
            words::after_compound(commands);
        }
        let mut inner = Commands::new(true);
        inner.story.condition = condition;
        self.open(Frame::Commands(inner), 1);
    }

    fn closing(&mut self) {
        words::end(self);
        let at = self.here(1);
        let Some(commands) = self.top() else { return };
        if let Some(case @ Case::Pattern(_)) = commands.cases.last_mut() {
            *case = Case::Body;
            self.skip(1);
            return words::new_command(self, false);
        }
        if commands.closes && commands.cases.is_empty() && commands.here.is_empty() {
            self.state.frames.pop();
        } else {
            self.state.doubt(at, "this parenthesis closes nothing, or too much");
        }
        self.skip(1);
    }

    fn redirection(&mut self, byte: u8) {
        words::end(self);
        let rest = &self.text[self.at..];
        if rest.starts_with("<(") || rest.starts_with(">(") {
            self.part();
            return self.open(Frame::Commands(Commands::new(true)), 2);
        }
        if rest.starts_with("<<") && !rest.starts_with("<<<") {
            return self.delimiter();
        }
        let len = ["<<<", ">>", ">|", ">&", "<&", "<>"].into_iter().find(|op| rest.starts_with(op)).map_or(1, str::len);
        if rest.len() == len {
            self.state.carry = Carry::Operator(char::from(byte));
        }
        if let Some(commands) = self.top() {
            // In `[[ a < b ]]` it compares.
            commands.redirect = !commands.test;
        }
        self.skip(len);
    }

    /// Reads `<<WORD`.
    fn delimiter(&mut self) {
        self.at += 2;
        let strip = self.peek(0) == Some(b'-');
        self.at += usize::from(strip);
        while self.peek(0).is_some_and(|byte| byte == b' ' || byte == b'\t') {
            self.at += 1;
        }
        let start = self.at;
        let (mut word, mut quoted, mut quote) = (String::new(), false, None);
        while let Some(c) = self.text[self.at..].chars().next() {
            match (quote, c) {
                (None, ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')') => break,
                (None, '\'' | '"') => (quote, quoted) = (Some(c), true),
                (None, '\\') => {
                    quoted = true;
                    self.at += 1;
                    word.extend(self.text[self.at..].chars().next());
                }
                (None, '$' | '`') => self.state.doubt(self.here(1), "shells disagree about this delimiter"),
                (Some(open), c) if c == open => quote = None,
                (_, c) => word.push(c),
            }
            self.skip(1);
        }
        if self.at == self.text.len() {
            self.state.carry = Carry::Delimiter;
        }
        let range = self.offset + start..self.offset + self.at;
        if word.is_empty() {
            self.state.doubt(range.clone(), "an empty delimiter");
        }
        let nested = self.top().is_some_and(|commands| words::reads_input(commands));
        let here = Here { id: range.start, word, quoted, strip, nested, line_start: true };
        self.found.delimiters.push((range, here.clone(), false));
        if let Some(commands) = self.top() {
            commands.here.push(here);
        }
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

/// Says whether nothing but one command line lies between two places.
fn same_command(text: &str, offset: usize, from: &Range<usize>, to: &Range<usize>) -> bool {
    let between = from.end.checked_sub(offset).and_then(|start| text.get(start..to.start - offset));
    between.is_some_and(|between| !between.contains(['\n', ';']))
}

/// Marks the start of a new command.
pub(super) fn fresh(story: &mut Story, keep_condition: bool) {
    let condition = keep_condition && story.condition;
    *story = Story { condition, ..Story::default() };
}
