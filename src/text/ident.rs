//! Ids made from names.

/// Makes the id of a free name in ASCII snake_case: `Upgrade nginx` gives `upgrade_nginx`.
///
/// `None` where nothing is left or it would start with a digit (`2nd try`).
#[must_use]
pub fn snake_id(name: &str) -> Option<String> {
    let mut id = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(c.to_ascii_lowercase());
        } else if !id.is_empty() && !id.ends_with('_') {
            id.push('_');
        }
    }
    let id = id.trim_end_matches('_');
    is_id(id).then(|| id.to_owned())
}

/// Says whether `text` can stand as an id: a letter or `_`, then letters, digits and `_`, all ASCII.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_') && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_names() {
        assert_eq!(snake_id("Upgrade nginx").as_deref(), Some("upgrade_nginx"));
        assert_eq!(snake_id("  a -- b!  ").as_deref(), Some("a_b"));
        assert_eq!(snake_id("2nd try"), None);
        assert_eq!(snake_id("éé"), None);
    }
}
