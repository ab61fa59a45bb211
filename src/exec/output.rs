//! What a step prints, on its way to the record and to those who read it.
//!
//! Pieces are gathered to a useful size and given back to be emitted. A stream is exact up to its limit; beyond it
//! head, tail, true length and digest are kept. Where secrets are to be masked, as many bytes as the longest could
//! reach over a border of two pieces are held back. What some template or a verb reads is kept in memory too.

use std::collections::VecDeque;

use sha2::{Digest as _, Sha256};

use crate::event::OutputInfo;
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
}

impl Capture {
    /// Makes one; `keep` holds the text in memory for readers, `hold` bytes are not let go before the end.
    pub(super) fn new(keep: bool, hold: usize) -> Capture {
        Capture {
            bytes: 0,
            emitted: 0,
            gathered: Vec::new(),
            tail: VecDeque::new(),
            digest: Sha256::new(),
            kept: keep.then(Vec::new),
            hold,
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
        self.cut_piece(length)
    }

    /// Ends the stream: the pieces that are left, what is known of the whole, and the text where it was kept.
    pub(super) fn finish(mut self) -> (Vec<Piece>, OutputInfo, Option<Vec<u8>>) {
        let mut pieces: Vec<Piece> = Vec::new();
        let length = self.gathered.len();
        pieces.extend(self.cut_piece(length));
        let cut = self.bytes > OUTPUT_LIMIT;
        if !self.tail.is_empty() {
            let offset = self.bytes - self.tail.len() as u64;
            pieces.push((offset, self.tail.into_iter().collect()));
        }
        let sha256 = cut.then(|| hex(&self.digest.finalize()));
        (pieces, OutputInfo { bytes: self.bytes, sha256, cut }, self.kept)
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

    fn run(chunks: &[Vec<u8>], hold: usize) -> (Vec<u8>, OutputInfo, Option<Vec<u8>>) {
        let mut capture = Capture::new(true, hold);
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
        for hold in [0, 17] {
            let (text, info, kept) = run(&chunks, hold);
            assert_eq!(text, whole);
            assert_eq!((info.bytes, info.cut, info.sha256), (whole.len() as u64, false, None));
            assert_eq!(kept.as_deref(), Some(&whole[..]));
        }
    }

    #[test]
    fn head_tail_length_and_digest_beyond_it() {
        let chunks: Vec<Vec<u8>> = (0..250u8).map(|byte| vec![byte; 65_536]).collect();
        let whole = chunks.concat();
        let (text, info, _) = run(&chunks, 0);
        assert_eq!(text.len() as u64, OUTPUT_LIMIT);
        assert_eq!(text[..1000], whole[..1000]);
        assert_eq!(text[text.len() - TAIL..], whole[whole.len() - TAIL..]);
        assert_eq!((info.bytes, info.cut), (whole.len() as u64, true));
        assert_eq!(info.sha256, Some(hex(&Sha256::digest(&whole))));
    }

    #[test]
    fn what_may_be_half_a_secret_is_held_back() {
        let mut capture = Capture::new(false, 5);
        let (_, piece) = capture.push(&vec![b'x'; PIECE + 5]).expect("enough is gathered");
        assert_eq!(piece.len(), PIECE);
        assert_eq!(capture.take(), None);
    }
}
