//! One file per resource verb: pure generators of commands, and readers of what they print.
