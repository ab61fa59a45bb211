//! What answers come to.

use super::*;
