//! What a lane's marks mean: the half of the machine that hears.
//!
//! The two streams arrive independently; a piece that must wait for the other stream's mark stays in its queue. Writes reports and,
//! where requests must be sent again, what is held; never waits.

use std::time::Instant;

use super::{
    CLEAR, Current, DRAIN, End, Fate, Held, LaneReport, Machine, Mark, NOISE, OnFailure, OutputStream, PASSED_OVER, Piece, SkipCause,
    Written, index,
};

impl Machine {
    /// Takes bytes of a stream.
    pub(in crate::transport::lane) fn feed(&mut self, stream: OutputStream, bytes: &[u8], now: Instant) {
        let at = index(stream);
        self.parsers[at].feed(bytes, &mut self.pieces[at]);
        self.digest(now);
    }

    /// Takes the end of a stream.
    pub(in crate::transport::lane) fn end_of(&mut self, stream: OutputStream, now: Instant) {
        let at = index(stream);
        self.parsers[at].finish(&mut self.pieces[at]);
        self.digest(now);
    }

    /// True when all that came on a stream was understood; while not, no more of it should be read.
    pub(in crate::transport::lane) fn wants(&self, stream: OutputStream) -> bool {
        self.pieces[index(stream)].is_empty()
    }

    /// Handles pieces of both streams until each is empty or must wait for the other.
    fn digest(&mut self, now: Instant) {
        loop {
            let mut progress = false;
            for stream in [OutputStream::Stdout, OutputStream::Stderr] {
                while let Some(piece) = self.pieces[index(stream)].pop_front() {
                    if let Err(piece) = self.handle(stream, piece, now) {
                        self.pieces[index(stream)].push_front(piece);
                        break;
                    }
                    progress = true;
                }
            }
            if !progress {
                return;
            }
        }
    }

    /// Handles one piece, or gives it back when the other stream must come first.
    fn handle(&mut self, stream: OutputStream, piece: Piece, now: Instant) -> Result<(), Piece> {
        let at = index(stream);
        if self.ready_marks[at] && !self.is_ready() {
            return Err(piece);
        }
        let mark = match piece {
            Piece::Data(data) => {
                self.output(stream, data);
                return Ok(());
            }
            Piece::Mark(mark) => mark,
        };
        let current = self.current.as_ref().map(|current| current.id);
        match mark {
            // Of what nobody asked for there is nothing to wait for.
            Mark::Begin(id) if current != Some(id) && !self.is_written(id) => {}
            Mark::Ready => {
                self.ready_marks[at] = true;
                if self.is_ready() {
                    self.reports.push_back(LaneReport::Ready);
                }
            }
            // What stands before it was passed over, which standard output says.
            Mark::Begin(id) if self.current.is_none() && stream == OutputStream::Stderr && self.is_behind(id) => {
                return Err(Piece::Mark(mark));
            }
            Mark::Begin(id) => match &mut self.current {
                Some(current) if current.id == id => current.began[at] = true,
                Some(_) => return Err(Piece::Mark(mark)),
                // What was passed over before it is told on standard output only, which may be behind.
                None if stream == OutputStream::Stderr && self.written.front().is_some_and(|written| written.request.id != id) => {
                    return Err(Piece::Mark(mark));
                }
                None => self.begin(at, id, now),
            },
            Mark::Guard { id, index, code } => {
                if let Some(current) = self.current.as_mut().filter(|current| current.id == id && current.asks(index)) {
                    current.guard = Some((index, code));
                }
            }
            Mark::Passed { id, index } => {
                if let Some(current) = self.current.as_mut().filter(|current| current.id == id && current.asks(index)) {
                    current.passed(index, now);
                }
            }
            Mark::Vanished { id, what } => {
                if let Some(current) = self.current.as_mut().filter(|current| current.id == id) {
                    current.vanished = Some(what);
                }
            }
            Mark::End { id, code } => {
                if let Some(current) = self.current.as_mut().filter(|current| current.id == id) {
                    current.ended[at] = true;
                    current.code = code;
                    if current.ended == [true; 2] {
                        self.end_current(now);
                    }
                }
            }
            Mark::Skip(id) if self.current.is_some() && self.is_written(id) => return Err(Piece::Mark(mark)),
            Mark::Skip(id) => self.passed_over(id),
        }
        Ok(())
    }

    fn output(&mut self, stream: OutputStream, data: Vec<u8>) {
        let at = index(stream);
        if !self.ready_marks[at] {
            let noise = &mut self.noise[at];
            noise.extend_from_slice(&data);
            noise.drain(..noise.len().saturating_sub(NOISE));
            return;
        }
        let report = match &self.current {
            Some(current) if current.began[at] && !current.ended[at] => LaneReport::Output { id: current.id, stream, data },
            _ => LaneReport::Stray { stream, data },
        };
        self.reports.push_back(report);
    }

    fn is_written(&self, id: u64) -> bool {
        self.written.iter().any(|written| written.request.id == id)
    }

    /// Says whether something that was written before it has neither begun nor been passed over.
    fn is_behind(&self, id: u64) -> bool {
        self.written.iter().position(|written| written.request.id == id).is_some_and(|position| position > 0)
    }

    /// Takes the request that a mark is about. A shell answers in the order written; whatever does otherwise is none and is ended.
    fn next(&mut self, id: u64) -> Option<Written> {
        if self.is_behind(id) {
            self.breach("it answered out of order".to_owned());
            return None;
        }
        if self.written.front()?.request.id == id { self.written.pop_front() } else { None }
    }

    fn begin(&mut self, at: usize, id: u64, now: Instant) {
        let Some(written) = self.next(id) else { return };
        if written.fate == Fate::Again {
            self.held.retain(|held| held.request.id != id);
        }
        self.passed_over = 0;
        let mut began = [false; 2];
        began[at] = true;
        self.current = Some(Current {
            id,
            on_failure: written.request.on_failure,
            since: now,
            deadline: now.checked_add(written.request.timeout),
            asking: (!written.request.guards.is_empty()).then_some((0, now)),
            guards: written.request.guards.iter().map(|guard| guard.timeout).collect(),
            began,
            ended: [false; 2],
            code: 0,
            guard: None,
            vanished: None,
        });
        self.reports.push_back(LaneReport::Began { id });
    }

    pub(super) fn end_current(&mut self, now: Instant) {
        let Some(current) = self.current.take() else { return };
        let end = match (&mut self.closing, current.guard) {
            (Some(closing), _) => {
                closing.kill_at = closing.kill_at.min(now + DRAIN);
                if closing.id == Some(current.id) { closing.end.clone() } else { End::Terminated }
            }
            (None, Some((guard, code))) => End::Guarded { guard, code },
            (None, None) => current.vanished.map_or(End::Exited(current.code), End::Vanished),
        };
        let stops =
            (matches!(end, End::Exited(code) if code != 0) || matches!(end, End::Vanished(_))) && current.on_failure != OnFailure::Continue;
        self.reports.push_back(LaneReport::Ended { id: current.id, end, duration: now.duration_since(current.since) });
        if stops {
            self.doom_written(SkipCause::Stopped);
            self.skip_held(SkipCause::Stopped);
            if current.on_failure == OnFailure::Hold {
                self.on_hold = Some(current.id);
            }
            self.wire.extend_from_slice(CLEAR.as_bytes());
        }
    }

    fn passed_over(&mut self, id: u64) {
        let Some(written) = self.next(id) else { return };
        match written.fate {
            Fate::Again => {}
            Fate::Skip(cause) => self.reports.push_back(LaneReport::Skipped { id, cause }),
            Fate::Run => {
                // Not our doing: the flag was set from outside. All behind it comes back as well.
                self.passed_over += 1;
                if self.passed_over > PASSED_OVER {
                    return self.breach(format!("it passed over what it was to run, {PASSED_OVER} times"));
                }
                let mut again = vec![Held::again(written.request, written.file)];
                for later in self.written.iter_mut().filter(|later| later.fate == Fate::Run) {
                    later.fate = Fate::Again;
                    again.push(Held::again(later.request.clone(), later.file.clone()));
                }
                for held in again.into_iter().rev() {
                    self.held.push_front(held);
                }
                self.wire.extend_from_slice(CLEAR.as_bytes());
            }
        }
    }
}
