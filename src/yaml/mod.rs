//! YAML text to typed values, each with its place.
