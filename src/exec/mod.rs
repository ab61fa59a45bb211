//! The run: dispatcher, host workers, attempts, cancel, limits.
