//! Inventories and host expressions.
