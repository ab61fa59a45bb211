//! What a step prints, on its way to the record and to those who read it.
//!
//! Pieces are gathered to a useful size and given back to be emitted. A stream is exact up to its limit; beyond it
//! head, tail, true length and digest are kept. Where secrets are to be masked, as many bytes as the longest could
//! reach over a border of two pieces are held back, and no piece ends inside of one. What some template or a verb reads is kept in memory too.

use std::collections::VecDeque;

use sha2::{Digest as _, Sha256};

use crate::event::{OutputInfo, Redactor};
use crate::text::hex;

/// The most of one stream that the record holds, in bytes.
pub const OUTPUT_LIMIT: u64 = 8 * 1024 * 1024;
/// The part of that which is kept for the end of a longer stream.
const TAIL: usize = 256 * 1024;
/// Pieces are emitted when this much is gathered, or at the latest with the next tick.
const PIECE: usize = 32 * 1024;

/// One piece that is to be emitted: where it stands in its stream, and the bytes.
pub(super) type Piece = (u64, Vec<u8>);

/// One stream of one step.
pub(super) struct Capture {
    bytes: u64,
    emitted: u64,
    gathered: Vec<u8>,
    tail: VecDeque<u8>,
    digest: Sha256,
    kept: Option<Vec<u8>>,
    hold: usize,
    redactor: Redactor,
}

impl Capture {
    /// Makes one; `keep` holds the text in memory for readers, no piece is cut inside a secret of `redactor`.
    pub(super) fn new(keep: bool, redactor: &Redactor) -> Capture {
        Capture {
            bytes: 0,
            emitted: 0,
            gathered: Vec::new(),
            tail: VecDeque::new(),
            digest: Sha256::new(),
            kept: keep.then(Vec::new),
            hold: redactor.longest().saturating_sub(1),
            redactor: redactor.clone(),
        }
    }

    /// Takes bytes; gives a piece when enough is gathered.
    pub(super) fn push(&mut self, data: &[u8]) -> Option<Piece> {
        self.digest.update(data);
        let head = OUTPUT_LIMIT - TAIL as u64;
        let room = usize::try_from(head.saturating_sub(self.bytes)).unwrap_or(usize::MAX).min(data.len());
        self.bytes += data.len() as u64;
        self.gathered.extend_from_slice(&data[..room]);
        self.tail.extend(&data[room..]);
        if self.tail.len() > TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
        if let Some(kept) = &mut self.kept
            && (kept.len() as u64) < OUTPUT_LIMIT
        {
            let room = usize::try_from(OUTPUT_LIMIT).unwrap_or(usize::MAX) - kept.len();
            kept.extend_from_slice(&data[..data.len().min(room)]);
        }
        if self.gathered.len() >= PIECE + self.hold { self.take() } else { None }
    }

    /// Gives what is gathered, less what must be held back.
    pub(super) fn take(&mut self) -> Option<Piece> {
        let length = self.gathered.len().saturating_sub(self.hold);
        let length = if length == 0 { 0 } else { self.redactor.cut(&self.gathered, length) };
        self.cut_piece(length)
    }

    /// Ends the stream: the pieces that are left, what is known of the whole, and the text where it was kept.
    pub(super) fn finish(&mut self) -> (Vec<Piece>, OutputInfo, Option<Vec<u8>>) {
        let mut pieces: Vec<Piece> = Vec::new();
        let cut = self.bytes > OUTPUT_LIMIT;
        if cut {
            // Where something is left out, a secret may be cut in two: what may be half of one is left out as well.
            let length = self.redactor.cut(&self.gathered, self.gathered.len().saturating_sub(self.hold));
            self.gathered.truncate(length);
            let tail = self.tail.make_contiguous();
            let start = self.redactor.resume(tail, self.hold.min(tail.len()));
            self.tail.drain(..start);
        }
        let length = self.gathered.len();
        pieces.extend(self.cut_piece(length));
        if !self.tail.is_empty() {
            let offset = self.bytes - self.tail.len() as u64;
            pieces.push((offset, std::mem::take(&mut self.tail).into_iter().collect()));
        }
        let sha256 = cut.then(|| hex(&std::mem::take(&mut self.digest).finalize()));
        (pieces, OutputInfo { bytes: self.bytes, sha256, cut }, self.kept.take())
    }

    fn cut_piece(&mut self, length: usize) -> Option<Piece> {
        if length == 0 {
            return None;
        }
        let rest = self.gathered.split_off(length);
        let piece = std::mem::replace(&mut self.gathered, rest);
        let offset = self.emitted;
        self.emitted += piece.len() as u64;
        Some((offset, piece))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(chunks: &[Vec<u8>], redactor: &Redactor) -> (Vec<u8>, OutputInfo, Option<Vec<u8>>) {
        let mut capture = Capture::new(true, redactor);
        let mut pieces: Vec<Piece> = chunks.iter().filter_map(|chunk| capture.push(chunk)).collect();
        let (rest, info, kept) = capture.finish();
        pieces.extend(rest);
        let mut at = 0;
        let mut text = Vec::new();
        for (offset, piece) in pieces {
            assert!(offset >= at, "pieces in order");
            at = offset + piece.len() as u64;
            text.extend(piece);
        }
        (text, info, kept)
    }

    #[test]
    fn exact_up_to_the_limit() {
        let chunks: Vec<Vec<u8>> = (0..200u8).map(|byte| vec![byte; 41_943]).collect();
        let whole = chunks.concat();
        assert!(whole.len() as u64 <= OUTPUT_LIMIT);
        for redactor in [Redactor::default(), Redactor::new(["s3cret value".to_owned()])] {
            let (text, info, kept) = run(&chunks, &redactor);
            assert_eq!(text, whole);
            assert_eq!((info.bytes, info.cut, info.sha256), (whole.len() as u64, false, None));
            assert_eq!(kept.as_deref(), Some(&whole[..]));
        }
    }

    #[test]
    fn head_tail_length_and_digest_beyond_it() {
        let chunks: Vec<Vec<u8>> = (0..250u8).map(|byte| vec![byte; 65_536]).collect();
        let whole = chunks.concat();
        let (text, info, _) = run(&chunks, &Redactor::default());
        assert_eq!(text.len() as u64, OUTPUT_LIMIT);
        assert_eq!(text[..1000], whole[..1000]);
        assert_eq!(text[text.len() - TAIL..], whole[whole.len() - TAIL..]);
        assert_eq!((info.bytes, info.cut), (whole.len() as u64, true));
        assert_eq!(info.sha256, Some(hex(&Sha256::digest(&whole))));
    }

    #[test]
    fn what_may_be_half_a_secret_is_held_back() {
        let redactor = Redactor::new(["s3cret value".to_owned()]);
        let hold = redactor.longest() - 1;
        let mut capture = Capture::new(false, &redactor);
        let (_, piece) = capture.push(&vec![b'x'; PIECE + hold]).expect("enough is gathered");
        assert_eq!(piece.len(), PIECE);
        assert_eq!(capture.take(), None);
    }

    #[test]
    fn no_piece_ends_inside_a_secret() {
        let redactor = Redactor::new(["s3cret value".to_owned()]);
        // Wherever the pieces' borders fall, one lies inside of it.
        for shift in 0..20 {
            let mut capture = Capture::new(false, &redactor);
            let mut text = vec![b'.'; PIECE - shift];
            text.extend(b"s3cret value");
            text.extend(vec![b'.'; PIECE]);
            let mut pieces: Vec<Piece> = text.chunks(1000).filter_map(|chunk| capture.push(chunk).or_else(|| capture.take())).collect();
            pieces.extend(capture.finish().0);
            assert!(pieces.iter().any(|(_, piece)| piece.windows(12).any(|window| window == b"s3cret value")), "{shift}");
            assert_eq!(pieces.into_iter().flat_map(|(_, piece)| piece).collect::<Vec<u8>>(), text);
        }
    }

    #[test]
    fn what_is_left_out_cuts_no_secret_in_two() {
        let redactor = Redactor::new(["s3cret value".to_owned()]);
        let mut capture = Capture::new(false, &redactor);
        let (mut pieces, mut at) = (Vec::new(), 0);
        while at < 9 * 1024 * 1024 {
            let line = format!("{at:07} s3cret value\n");
            at += line.len();
            pieces.extend(capture.push(line.as_bytes()));
        }
        pieces.extend(capture.finish().0);
        for (_, piece) in pieces {
            let masked = redactor.mask(std::str::from_utf8(&piece).unwrap()).into_owned();
            assert!(!masked.contains("s3c") && !masked.contains("alue"), "half a secret");
        }
    }
}
