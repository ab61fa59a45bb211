//! From YAML nodes to the model: syntax, resolve, whole-file checks.
