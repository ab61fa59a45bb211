//! Tests of the record, with real files.
