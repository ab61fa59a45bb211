//! A stream that may be closed at any time by whoever reads it.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A buffered stream with two owners: the one who writes lines and the terminal's drawing.
///
/// Nothing leaves before [`Out::flush`], so that a redraw reaches the terminal as one piece. The first error ends it:
/// a closed pipe must neither panic nor end a run.
#[derive(Clone)]
pub(super) struct Out {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    out: Box<dyn Write + Send>,
    buffer: Vec<u8>,
    dead: bool,
}

impl Out {
    pub(super) fn new(out: Box<dyn Write + Send>) -> Out {
        Out { inner: Arc::new(Mutex::new(Inner { out, buffer: Vec::new(), dead: false })) }
    }

    pub(super) fn write(&self, text: &str) {
        let mut inner = self.lock();
        if !inner.dead {
            inner.buffer.extend_from_slice(text.as_bytes());
        }
    }

    pub(super) fn flush(&self) {
        let inner = &mut *self.lock();
        if inner.dead || inner.buffer.is_empty() {
            return;
        }
        let written = inner.out.write_all(&inner.buffer).and_then(|()| inner.out.flush());
        inner.buffer.clear();
        inner.dead = written.is_err();
    }

    pub(super) fn is_dead(&self) -> bool {
        self.lock().dead
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves the buffer whole: it is only ever appended to.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Out {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Out")
    }
}
