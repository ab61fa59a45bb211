//! Which names hosts and groups may have.

use crate::diag::{Diagnostic, Span};

/// Words that mean something else where names stand.
const WORDS: [&str; 5] = ["all", "and", "or", "not", "none"];

/// Says what is wrong with a name of `what` (`host`, `group`), if anything is.
///
/// Letters, digits, `.`, `_`, `-`, `:` and `%` are fine, so that every name and address stands in a host expression as it is; a `-`
/// in front would be an option to ssh.
pub(super) fn wrong_name(what: &str, name: &str, span: Span) -> Option<Diagnostic> {
    if name.is_empty() {
        return Some(Diagnostic::error("E210", span, format!("the name of a {what} is empty")));
    }
    if WORDS.contains(&name) {
        let found = Diagnostic::error("E211", span, format!("no {what} can be called `{name}`"));
        let found = found.label("means something else in host expressions");
        let everything = name == "all" && what == "group";
        return Some(
            found.hint(everything.then(|| "`all` is every host; its `vars` and `connect` stand at the top of the inventory".to_owned())),
        );
    }
    if let Some(odd) = name.chars().find(|c| !c.is_alphanumeric() && !".-_:%".contains(*c)) {
        let found = Diagnostic::error("E210", span, format!("the name `{name}` of a {what} can't hold `{odd}`"));
        let hint = (odd == '@').then(|| "write the login as `connect: { user: … }`".to_owned());
        return Some(found.note("names are made of letters, digits and . _ - : %").hint(hint));
    }
    if !name.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
        return Some(Diagnostic::error("E210", span, format!("the name `{name}` of a {what} must start with a letter or a digit")));
    }
    None
}
