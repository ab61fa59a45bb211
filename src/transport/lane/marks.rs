//! Marks: how a lane's streams say where a request's output begins and ends.
//!
//! A mark is the byte 0x1e, the lane's token, a blank, a letter with its numbers, and a newline. What stands between two marks is
//! output, byte for byte. The parser knows nothing of requests: bytes go in as they arrive, pieces come out in order.

use std::collections::VecDeque;

use crate::transport::lane_api::Vanished;

/// No mark is longer; the token is 32 bytes of it.
const LONGEST: usize = 128;
/// The largest piece of output.
pub(super) const LARGEST_PIECE: usize = 64 * 1024;

/// What a mark says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// The executor has read its helpers.
    Ready,
    /// A request begins; on both streams.
    Begin(u64),
    /// A guard skips the request's command; on standard output.
    Guard { id: u64, index: usize, code: i32 },
    /// A guard lets the request go on; on standard output.
    Passed { id: u64, index: usize },
    /// What a durable request left is not there any more; on standard output.
    Vanished { id: u64, what: Vanished },
    /// A request ended; on both streams.
    End { id: u64, code: i32 },
    /// A request was passed over; on standard output.
    Skip(u64),
}

/// A piece of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Output, never empty, at most 64 KiB.
    Data(Vec<u8>),
    /// A mark.
    Mark(Mark),
}

/// Cuts one stream into pieces.
#[derive(Debug)]
pub(super) struct MarkParser {
    prefix: Vec<u8>,
    /// A possible beginning of a mark, less than [`LONGEST`].
    held: Vec<u8>,
}

impl MarkParser {
    pub(super) fn new(token: &str) -> MarkParser {
        MarkParser { prefix: format!("\x1e{token} ").into_bytes(), held: Vec::new() }
    }

    /// Takes the stream's next bytes and appends what they complete.
    pub(super) fn feed(&mut self, bytes: &[u8], pieces: &mut VecDeque<Piece>) {
        let joined;
        let input = if self.held.is_empty() {
            bytes
        } else {
            self.held.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.held);
            &joined
        };
        let mut data_from = 0;
        let mut at = 0;
        while let Some(found) = memchr::memchr(0x1e, &input[at..]) {
            let start = at + found;
            match self.mark_at(&input[start..]) {
                Found::Mark(mark, length) => {
                    push_data(&input[data_from..start], pieces);
                    pieces.push_back(Piece::Mark(mark));
                    at = start + length;
                    data_from = at;
                }
                Found::Nothing => at = start + 1,
                Found::Incomplete => {
                    push_data(&input[data_from..start], pieces);
                    self.held = input[start..].to_vec();
                    return;
                }
            }
        }
        push_data(&input[data_from..], pieces);
    }

    /// Gives what was held back, at the end of the stream.
    pub(super) fn finish(&mut self, pieces: &mut VecDeque<Piece>) {
        push_data(&std::mem::take(&mut self.held), pieces);
    }

    fn mark_at(&self, rest: &[u8]) -> Found {
        if rest.len() < self.prefix.len() {
            return if self.prefix.starts_with(rest) { Found::Incomplete } else { Found::Nothing };
        }
        let Some(body) = rest.strip_prefix(self.prefix.as_slice()) else {
            return Found::Nothing;
        };
        match body.iter().take(LONGEST - self.prefix.len()).position(|byte| *byte == b'\n') {
            Some(end) => match parse(&body[..end]) {
                Some(mark) => Found::Mark(mark, self.prefix.len() + end + 1),
                None => Found::Nothing,
            },
            None if rest.len() < LONGEST => Found::Incomplete,
            None => Found::Nothing,
        }
    }
}

enum Found {
    Mark(Mark, usize),
    Nothing,
    Incomplete,
}

fn push_data(data: &[u8], pieces: &mut VecDeque<Piece>) {
    for chunk in data.chunks(LARGEST_PIECE) {
        pieces.push_back(Piece::Data(chunk.to_vec()));
    }
}

fn parse(body: &[u8]) -> Option<Mark> {
    let text = std::str::from_utf8(body).ok()?;
    let mut words = text.split(' ');
    let kind = words.next()?;
    let mark = match kind {
        "R" => Mark::Ready,
        "B" => Mark::Begin(words.next()?.parse().ok()?),
        "S" => Mark::Skip(words.next()?.parse().ok()?),
        "E" => Mark::End { id: words.next()?.parse().ok()?, code: words.next()?.parse().ok()? },
        "G" => Mark::Guard { id: words.next()?.parse().ok()?, index: words.next()?.parse().ok()?, code: words.next()?.parse().ok()? },
        "P" => Mark::Passed { id: words.next()?.parse().ok()?, index: words.next()?.parse().ok()? },
        "L" => Mark::Vanished {
            id: words.next()?.parse().ok()?,
            what: match words.next()? {
                "p" => Vanished::Process,
                "f" => Vanished::Folder,
                _ => return None,
            },
        },
        _ => return None,
    };
    if words.next().is_some() { None } else { Some(mark) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";

    fn mark_text(mark: &Mark) -> Vec<u8> {
        let body = match mark {
            Mark::Ready => "R".to_owned(),
            Mark::Begin(id) => format!("B {id}"),
            Mark::Skip(id) => format!("S {id}"),
            Mark::End { id, code } => format!("E {id} {code}"),
            Mark::Guard { id, index, code } => format!("G {id} {index} {code}"),
            Mark::Passed { id, index } => format!("P {id} {index}"),
            Mark::Vanished { id, what } => format!("L {id} {}", if *what == Vanished::Process { "p" } else { "f" }),
        };
        format!("\x1e{TOKEN} {body}\n").into_bytes()
    }

    /// Pieces with neighbouring data joined, since chunks may cut it anywhere.
    fn joined(pieces: VecDeque<Piece>) -> Vec<Piece> {
        let mut out: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (out.last_mut(), piece) {
                (Some(Piece::Data(data)), Piece::Data(more)) => data.extend(more),
                (_, piece) => out.push(piece),
            }
        }
        out
    }

    fn marks() -> impl Strategy<Value = Mark> {
        prop_oneof![
            Just(Mark::Ready),
            any::<u64>().prop_map(Mark::Begin),
            any::<u64>().prop_map(Mark::Skip),
            (any::<u64>(), 0..256).prop_map(|(id, code)| Mark::End { id, code }),
            (any::<u64>(), 0..9usize, 0..256).prop_map(|(id, index, code)| Mark::Guard { id, index, code }),
            (any::<u64>(), 0..9usize).prop_map(|(id, index)| Mark::Passed { id, index }),
            any::<u64>().prop_map(|id| Mark::Vanished { id, what: Vanished::Folder }),
            any::<u64>().prop_map(|id| Mark::Vanished { id, what: Vanished::Process }),
        ]
    }

    /// Output that is full of what looks like the beginning of a mark.
    fn output() -> impl Strategy<Value = Vec<u8>> {
        let almost = (0..TOKEN.len() + 3).prop_map(|cut| {
            let whole = format!("\x1e{TOKEN} E");
            whole.as_bytes()[..cut.min(whole.len())].to_vec()
        });
        let part = prop_oneof![almost, proptest::collection::vec(any::<u8>(), 0..40), Just(b"\x1e\x1e\n".to_vec())];
        // A trailing letter keeps one output's end from joining the mark behind it.
        proptest::collection::vec(part, 0..6).prop_map(|parts| [parts.concat(), b"z".to_vec()].concat())
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same(parts in proptest::collection::vec((output(), marks()), 0..12), cuts in proptest::collection::vec(1..200usize, 1..60)) {
            let mut stream = Vec::new();
            let mut expected = Vec::new();
            for (data, mark) in parts {
                stream.extend_from_slice(&data);
                stream.extend(mark_text(&mark));
                expected.push(Piece::Data(data));
                expected.push(Piece::Mark(mark));
            }
            let mut parser = MarkParser::new(TOKEN);
            let mut pieces = VecDeque::new();
            let mut rest = stream.as_slice();
            let mut cuts = cuts.into_iter().cycle();
            while !rest.is_empty() {
                let cut = cuts.next().unwrap().min(rest.len());
                parser.feed(&rest[..cut], &mut pieces);
                prop_assert!(parser.held.len() < LONGEST);
                rest = &rest[cut..];
            }
            parser.finish(&mut pieces);
            prop_assert_eq!(joined(pieces), expected);
        }
    }

    #[test]
    fn pieces_are_bounded() {
        let mut pieces = VecDeque::new();
        MarkParser::new(TOKEN).feed(&vec![b'x'; 200_000], &mut pieces);
        let lengths: Vec<usize> = pieces.iter().map(|piece| if let Piece::Data(data) = piece { data.len() } else { 0 }).collect();
        assert_eq!(lengths, [65536, 65536, 65536, 3392]);
    }

    #[test]
    fn a_mark_of_another_token_is_output() {
        let mut pieces = VecDeque::new();
        let mut parser = MarkParser::new(TOKEN);
        let foreign = format!("\x1e{} E 1 0\n", "f".repeat(32));
        parser.feed(foreign.as_bytes(), &mut pieces);
        assert_eq!(joined(pieces), [Piece::Data(foreign.into_bytes())]);
    }
}
