//! One use case a file; the only place where exec, store and report meet.
