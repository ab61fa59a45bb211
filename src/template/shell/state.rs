//! Where in a shell text one is: which quotes, substitutions and here-documents are open, and what stands before.
//!
//! A state can be joined with another one (the branches of an `{% if %}`). What they must agree on is what decides
//! about quoting; the rest becomes *unknown*, and whatever depends on it is then refused or quoted.

use std::ops::Range;

/// Yes, no, or depends on a branch.
pub(super) type Maybe = Option<bool>;

pub(super) fn join_maybe(a: Maybe, b: Maybe) -> Maybe {
    if a == b { a } else { None }
}

/// Something open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    /// Commands: the text itself, `$( … )`, `( … )`, `<( … )`.
    Commands(Commands),
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `$'…'`
    Ansi,
    /// `` `…` ``
    Backtick,
    /// `$(( … ))` or `(( … ))`, with the parentheses open inside.
    Arithmetic(u32),
    /// `${ … }`
    Parameter,
    /// A parenthesis inside a word: `a=( … )`, `@( … )`, and in `[[ … ]]`.
    Paren,
    /// The lines of a here-document.
    Here(Here),
}

/// Commands, and how far the present one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commands {
    /// Ends with `)`.
    pub(super) closes: bool,
    pub(super) comment: bool,
    /// A word has begun.
    pub(super) word: Maybe,
    /// The literal, unquoted part of that word.
    pub(super) text: String,
    /// `text` is all of the word.
    pub(super) plain: bool,
    /// The word could be the name of a command or a keyword.
    pub(super) command: Maybe,
    /// The next word is where to redirect to.
    pub(super) redirect: bool,
    /// Inside `[[ … ]]`.
    pub(super) test: bool,
    /// Values in the last word of `[[ … ]]`.
    pub(super) values: Vec<usize>,
    /// The next word of `[[ … ]]` is calculated (`-eq`).
    pub(super) calculated: bool,
    /// Words since `for` or `function`.
    pub(super) header: Option<u8>,
    /// Open `case`s.
    pub(super) cases: Vec<Case>,
    /// Here-documents that begin on the next line.
    pub(super) here: Vec<Here>,
    /// The command so far, for warnings only.
    pub(super) story: Story,
}

/// How far a `case` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    /// Before `in`; whether its word was seen.
    Word(bool),
    /// In a pattern; whether it has begun.
    Pattern(bool),
    /// In the commands of a pattern.
    Body,
}

/// What was said of the present command, as far as warnings need it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Story {
    /// Its name, where it is literal.
    pub(super) name: String,
    /// `-c` was among its words.
    pub(super) dash_c: bool,
    /// Words that are no options, after the name.
    pub(super) operands: u32,
    /// The next word belongs to an option.
    pub(super) option_value: bool,
    /// Part of a condition: `if`, `while`, or before `&&` and `||`.
    pub(super) condition: bool,
}

/// A here-document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Here {
    /// Its number: where its delimiter stands.
    pub(super) id: usize,
    pub(super) word: String,
    pub(super) quoted: bool,
    pub(super) strip: bool,
    /// Another shell reads it.
    pub(super) nested: bool,
    /// Only tabs stand before on this line.
    pub(super) line_start: bool,
}

/// What the last characters leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carry {
    Nothing,
    Backslash,
    Dollar,
    /// A `$NAME` or `$1` that more letters would make longer.
    Name,
    /// An operator that the next character may extend.
    Operator(char),
    /// The delimiter of a here-document.
    Delimiter,
    /// A line that may be the end of a here-document.
    MaybeEnd,
}

/// A place from which on shells disagree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) at: Range<usize>,
    pub(super) why: &'static str,
}

/// Where one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) frames: Vec<Frame>,
    pub(super) carry: Carry,
    pub(super) doubt: Option<Doubt>,
    /// The value that stands right before.
    pub(super) after: Option<usize>,
}

impl Commands {
    pub(super) fn new(closes: bool) -> Commands {
        Commands {
            closes,
            comment: false,
            word: Some(false),
            text: String::new(),
            plain: true,
            command: Some(true),
            redirect: false,
            test: false,
            values: Vec::new(),
            calculated: false,
            header: None,
            cases: Vec::new(),
            here: Vec::new(),
            story: Story::default(),
        }
    }

    fn join(&mut self, other: &Commands) -> Result<(), String> {
        let same = self.closes == other.closes && self.cases == other.cases && self.here == other.here && self.test == other.test;
        if !same {
            return Err("different commands are open".to_owned());
        }
        if self.comment != other.comment {
            return Err("one ends inside a comment".to_owned());
        }
        self.word = join_maybe(self.word, other.word);
        self.command = join_maybe(self.command, other.command);
        if self.text != other.text {
            // Keeps whatever forbids a bare word, and can be no keyword.
            self.text.push('{');
            self.text.push_str(&other.text);
            self.plain = false;
        }
        self.plain &= other.plain;
        self.redirect |= other.redirect;
        self.calculated |= other.calculated;
        self.values.extend(&other.values);
        if self.header != other.header {
            self.header = None;
        }
        if self.story != other.story {
            self.story = Story { condition: self.story.condition || other.story.condition, ..Story::default() };
        }
        Ok(())
    }
}

impl Frame {
    /// What it is, for messages.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Frame::Commands(commands) if commands.comment => "a comment",
            Frame::Commands(commands) if commands.closes => "parentheses",
            Frame::Commands(_) => "no quotes",
            Frame::Single => "'…'",
            Frame::Double => "\"…\"",
            Frame::Ansi => "$'…'",
            Frame::Backtick => "backticks",
            Frame::Arithmetic(_) => "$(( … ))",
            Frame::Parameter => "${…}",
            Frame::Paren => "parentheses",
            Frame::Here(_) => "a here-document",
        }
    }
}

impl State {
    pub(super) fn new() -> State {
        State { frames: vec![Frame::Commands(Commands::new(false))], carry: Carry::Nothing, doubt: None, after: None }
    }

    /// The innermost open thing.
    pub(super) fn top(&self) -> &Frame {
        // The outermost frame is never closed.
        self.frames.last().unwrap_or(&Frame::Single)
    }

    /// What is open that is no command, so that a word put in here would not be one.
    pub(super) fn closed(&self) -> Option<&'static str> {
        match (self.top(), self.carry) {
            (_, Carry::Backslash) => Some("a word behind a backslash"),
            (_, Carry::Dollar) => Some("a word behind a `$`"),
            (_, Carry::Delimiter) => Some("the delimiter of a here-document"),
            (Frame::Commands(commands), _) if !commands.comment => None,
            (frame, _) => Some(frame.name()),
        }
    }

    pub(super) fn doubt(&mut self, at: Range<usize>, why: &'static str) {
        self.doubt.get_or_insert(Doubt { at, why });
    }

    /// Takes what holds after either; says why where they are in different places.
    pub(super) fn join(&mut self, other: &State) -> Result<(), String> {
        if self.frames.len() != other.frames.len() {
            return Err(format!("one ends in {}, another in {}", self.top().name(), other.top().name()));
        }
        for (mine, theirs) in self.frames.iter_mut().zip(&other.frames) {
            match (mine, theirs) {
                (Frame::Commands(mine), Frame::Commands(theirs)) => mine.join(theirs)?,
                (Frame::Here(mine), Frame::Here(theirs)) if mine.id == theirs.id => mine.line_start |= theirs.line_start,
                (mine, theirs) if mine == theirs => {}
                (mine, theirs) => return Err(format!("one ends in {}, another in {}", mine.name(), theirs.name())),
            }
        }
        if self.carry != other.carry {
            let harmless = |carry| matches!(carry, Carry::Nothing | Carry::Name);
            if !harmless(self.carry) || !harmless(other.carry) {
                return Err("one ends with an unfinished operator or a backslash".to_owned());
            }
            self.carry = Carry::Name;
        }
        self.doubt = self.doubt.take().or_else(|| other.doubt.clone());
        self.after = None;
        Ok(())
    }
}
