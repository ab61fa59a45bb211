//! JSON Schemas, made from the tables of keys.
//! The JSON Schema of playbooks.

/// The JSON Schema of playbooks.
#[must_use]
pub fn playbook_schema() -> serde_json::Value {
    serde_json::Value::Null
}

/// The JSON Schema of inventories.
#[must_use]
pub fn inventory_schema() -> serde_json::Value {
    serde_json::Value::Null
}
