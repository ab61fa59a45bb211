//! R6.

use crate::table::Fault;

pub(crate) fn faults() -> Vec<Fault> {
    Vec::new()
}
