//! The schemas of the verbs that say what a file, a folder or a link is to be.

use serde_json::{Value, json};

use super::forms::{object, scalar};
use crate::playbook::keys::{COPY, DIRECTORY, FILE, Key, LINE, LINK, TEMPLATE, TEXT};

/// `copy`, `template`, `file`, `directory`, `link`, `line`, `text`.
pub(super) fn verbs() -> [Value; 7] {
    let mut copy = object("copy", "Writes a file from a text or a local file.", &[COPY], &["dest"]);
    copy["oneOf"] = json!([{ "required": ["content"] }, { "required": ["src"] }]);
    let template = object("template", "Writes a file from a template file.", &[TEMPLATE], &["src", "dest"]);
    let mut link = object("link", "Makes a symbolic link, or removes it.", &[LINK], &["dest"]);
    link["anyOf"] = json!([{ "required": ["src"] }, absent(json!(["state"]))]);
    let mut line = object("line", "Puts a line into a file, or takes it out.", &[LINE], &["dest"]);
    line["anyOf"] = json!([{ "required": ["line"] }, absent(json!(["state", "match"]))]);
    let mut text = object("text", "Puts marked lines into a file, or takes them out.", &[TEXT], &["dest"]);
    text["anyOf"] = json!([{ "required": ["text"] }, absent(json!(["state"]))]);
    for edited in [&mut line, &mut text] {
        let both = [["after", "before"], ["after", "at"], ["before", "at"]].map(|both| json!({ "required": both }));
        edited["not"] = json!({ "anyOf": both });
    }
    let file = path("file", "Makes a file where there is none, or removes it.", FILE);
    let directory = path("directory", "Makes a folder, or removes it.", DIRECTORY);
    [copy, template, file, directory, link, line, text]
}

/// A map with these keys and `state: absent`.
fn absent(required: Value) -> Value {
    json!({ "required": required, "properties": { "state": { "const": "absent" } } })
}

/// A path alone, or a map.
fn path(verb: &str, about: &str, keys: &[Key]) -> Value {
    let mut map = object(verb, about, &[keys], &["dest"]);
    map["anyOf"] = json!([{ "not": { "required": ["force"] } }, absent(json!(["state"]))]);
    json!({ "title": verb, "description": about, "anyOf": [scalar(), map] })
}
