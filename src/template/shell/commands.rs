//! Reads commands: words, separators, parentheses, redirections, and the beginnings of here-documents.
//!
//! The other half of the lexer; what a finished word means is in words.rs.

use std::ops::Range;

use super::lexer::Lexer;
use super::state::{Carry, Case, Commands, Frame, Here};
use super::words;

impl Lexer<'_> {
    /// Begins a word, or goes on with it, by something that is not plain text.
    fn part(&mut self) {
        if let Some(commands) = self.top() {
            commands.word = Some(true);
            commands.plain = false;
        }
    }

    pub(super) fn commands(&mut self) {
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
        if byte == b';'
            && len > 1
            && let Some(case) = commands.cases.last_mut()
        {
            *case = Case::Pattern(false);
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
        if commands.word == Some(false)
            && let Some(Case::Pattern(begun @ false)) = commands.cases.last_mut()
        {
            *begun = true;
            return self.skip(1);
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
}

/// Says whether nothing but one command line lies between two places.
fn same_command(text: &str, offset: usize, from: &Range<usize>, to: &Range<usize>) -> bool {
    let between = from.end.checked_sub(offset).and_then(|start| text.get(start..to.start - offset));
    between.is_some_and(|between| !between.contains(['\n', ';']))
}
