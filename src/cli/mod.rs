//! Arguments, exit codes, showing errors.
