//! What steps print, from the hosts to events.

use super::dispatcher::Dispatcher;
use super::output::Capture;
use super::worker::JobId;
use crate::event::{Data, RunEvent, Stream};
use crate::model::StepId;
use crate::transport::OutputStream;

impl Dispatcher {
    pub(super) fn output(&mut self, id: JobId, stream: OutputStream, data: &[u8]) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let capture = match stream {
            OutputStream::Stdout => &mut job.stdout,
            OutputStream::Stderr => &mut job.stderr,
        };
        let piece = capture.push(data);
        let hidden = job.orphan || job.sensitive || (job.protocol && stream == OutputStream::Stdout);
        if !hidden {
            let of = (job.step, job.attempt);
            self.emit_output(of, stream, piece);
        }
    }

    pub(super) fn emit_output(
        &mut self,
        (step, attempt): (StepId, u32),
        stream: OutputStream,
        pieces: impl IntoIterator<Item = super::output::Piece>,
    ) {
        let stream = match stream {
            OutputStream::Stdout => Stream::Stdout,
            OutputStream::Stderr => Stream::Stderr,
        };
        for (offset, bytes) in pieces {
            self.recorder.emit(RunEvent::StepOutput { step, attempt, stream, offset, data: Data::new(bytes) });
        }
    }

    pub(super) fn let_output_go(&mut self) {
        let mut pieces = Vec::new();
        for job in self.jobs.values_mut().filter(|job| !job.orphan && !job.sensitive) {
            let stdout = (!job.protocol).then_some((OutputStream::Stdout, &mut job.stdout));
            for (stream, capture) in stdout.into_iter().chain([(OutputStream::Stderr, &mut job.stderr)]) {
                pieces.extend(capture.take().map(|piece| ((job.step, job.attempt), stream, piece)));
            }
        }
        pieces.sort_by_key(|(of, _, _)| *of);
        for (of, stream, piece) in pieces {
            self.emit_output(of, stream, [piece]);
        }
    }
}

/// A pair of captures for a job.
pub(super) fn captures(keep: bool, redactor: &crate::event::Redactor) -> (Capture, Capture) {
    (Capture::new(keep, redactor), Capture::new(keep, redactor))
}
