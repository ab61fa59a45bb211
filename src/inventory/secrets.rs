//! `secrets:` maps, of inventories and of playbooks: where each comes from.
//!
//! Knows no value and touches no file.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use crate::diag::{Diagnostic, Diagnostics, SourceText, Span};
use crate::model::{Secret, SecretRef, SecretSource};
use crate::text::{did_you_mean, is_id, snake_id};
use crate::yaml::{Entry, NodeValue};

/// The keys that name a source.
pub const SOURCES: [&str; 5] = ["env", "file", "command", "age", "ask"];

const EXAMPLE: &str = "as in `db_password: { env: DB_PASSWORD }`";

/// Reads a `secrets:` map; relative paths are relative to `base`, the folder of the file that names them.
pub fn read_secrets(entry: &Entry, base: Option<&Path>, diagnostics: &mut Diagnostics) -> IndexMap<String, Secret> {
    let mut secrets = IndexMap::new();
    for entry in entry.map(diagnostics).unwrap_or_default() {
        if let Some(wrong) = wrong_name(&entry.key) {
            diagnostics.push(wrong);
            continue;
        }
        if let Some(secret) = secret(entry, base.unwrap_or(Path::new("")), diagnostics) {
            secrets.insert(secret.name.clone(), secret);
        }
    }
    secrets
}

fn wrong_name(name: &SourceText) -> Option<Diagnostic> {
    if is_id(&name.text) {
        return None;
    }
    let hint = match snake_id(&name.text) {
        Some(id) => format!("write `{id}`: templates can only name letters, digits and `_`"),
        None => "templates can only name letters, digits and `_`, and no digit first".to_owned(),
    };
    Some(Diagnostic::error("E216", name.span, format!("a secret can't be called `{}`", name.text)).hint(hint))
}

fn secret(entry: &Entry, base: &Path, diagnostics: &mut Diagnostics) -> Option<Secret> {
    let name = &entry.key;
    let Some(fields) = entry.value.as_map() else {
        let found = Diagnostic::error("E016", entry.value.span, format!("the secret `{}` must say where it comes from", name.text));
        let found = found.note("a secret's value never stands in a playbook or an inventory");
        diagnostics.push(found.hint(EXAMPLE.to_owned()));
        return None;
    };
    let known = || SOURCES.into_iter().chain(["key", "format"]);
    for field in fields.iter().filter(|field| !known().any(|known| known == field.key.text)) {
        let found = Diagnostic::error("E015", field.key.span, format!("unknown key `{}` in a secret", field.key.text));
        diagnostics.push(found.hint(did_you_mean(&field.key.text, known())));
    }
    let mut sources = fields.iter().filter(|field| SOURCES.contains(&&*field.key.text));
    let Some(first) = sources.next() else {
        let found = Diagnostic::error("E013", name.span, format!("the secret `{}` has no source", name.text));
        diagnostics.push(found.hint(format!("one of {}, {EXAMPLE}", SOURCES.map(|source| format!("`{source}`")).join(", "))));
        return None;
    };
    for other in sources {
        let found = Diagnostic::error("E106", other.key.span, format!("the secret `{}` has more than one source", name.text));
        diagnostics.push(found.and(first.key.span, "the first is here").hint("keep one of them".to_owned()));
    }
    let source = source(first, name, base, diagnostics)?;
    let part = |key: &str| fields.iter().find(|field| field.key.text == key);
    let key = part("key").and_then(|field| key(field, diagnostics));
    let format = part("format").and_then(|field| field.choice(&[("text", false), ("yaml", true)], diagnostics));
    if let (Some(field), SecretSource::Ask(_)) = (part("key").or(part("format")), &source) {
        let found = Diagnostic::error("E106", field.key.span, format!("`{}` beside `ask`", field.key.text));
        diagnostics.push(found.note("what is typed is the secret itself"));
    } else if let (Some(field), Some(false)) = (part("key"), format) {
        let found = Diagnostic::error("E106", field.key.span, "`key` beside `format: text`");
        diagnostics.push(found.note("a key is looked for in YAML or JSON"));
    }
    let data = key.is_some() || format.unwrap_or_else(|| source.file().is_some_and(|path| is_data(path)));
    Some(Secret { name: name.text.clone(), source, data, key, span: name.span, place: first.value.span, used: false })
}

/// Says whether a file's name says that it is YAML or JSON.
fn is_data(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".age").unwrap_or(&name);
    [".yml", ".yaml", ".json"].iter().any(|end| name.ends_with(end))
}

fn key(field: &Entry, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = field.scalar(diagnostics)?;
    if text.text.split('.').any(|part| part.trim().is_empty()) {
        let found = Diagnostic::error("E017", text.span, "`key` must be names with dots between them");
        diagnostics.push(found.hint("as in `key: db.password`".to_owned()));
        return None;
    }
    Some(text.text.clone())
}

fn source(entry: &Entry, name: &SourceText, base: &Path, diagnostics: &mut Diagnostics) -> Option<SecretSource> {
    let path = |diagnostics: &mut Diagnostics| plain(entry, diagnostics).map(|text| in_folder(base, &text.text));
    Some(match &*entry.key.text {
        "env" => {
            let text = plain(entry, diagnostics)?;
            if text.text.contains(['=', '\0']) {
                let found = Diagnostic::error("E017", text.span, "this can't be the name of an environment variable");
                diagnostics.push(found.hint(EXAMPLE.to_owned()));
                return None;
            }
            SecretSource::Env(text.text.trim_start_matches('$').to_owned())
        }
        "file" => SecretSource::File(path(diagnostics)?),
        "age" => SecretSource::Age(path(diagnostics)?),
        "ask" => match &entry.value.value {
            NodeValue::Null | NodeValue::Bool(true) => SecretSource::Ask(format!("secret {}", name.text)),
            _ => SecretSource::Ask(plain(entry, diagnostics)?.text.clone()),
        },
        _ => SecretSource::Command { argv: command(entry, diagnostics)?, folder: base.to_owned() },
    })
}

/// `~` is the user's home, as everywhere.
fn in_folder(base: &Path, path: &str) -> PathBuf {
    // Which folder that is, the environment says: it is put in where files are read.
    if path.starts_with("~/") { PathBuf::from(path) } else { base.join(path) }
}

/// Shell text becomes the argument of a shell.
fn command(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Vec<String>> {
    let Some(items) = entry.value.as_list() else {
        let text = plain(entry, diagnostics)?;
        return Some(["/bin/sh", "-c", &text.text].map(str::to_owned).into());
    };
    let words: Vec<&SourceText> = items.iter().filter_map(|item| item.read_scalar("an item of `command`", diagnostics)).collect();
    if items.is_empty() || words.first().is_some_and(|word| word.text.trim().is_empty()) {
        diagnostics.push(Diagnostic::error("E017", entry.value.span, "`command` names no program"));
        return None;
    }
    let sound = words.len() == items.len();
    let sound = words.iter().fold(sound, |sound, word| without_template(word, &entry.what(), diagnostics) && sound);
    sound.then(|| words.into_iter().map(|word| word.text.clone()).collect())
}

fn plain<'a>(entry: &'a Entry, diagnostics: &mut Diagnostics) -> Option<&'a SourceText> {
    let text = entry.name(diagnostics)?;
    without_template(text, &entry.what(), diagnostics).then_some(text)
}

fn without_template(text: &SourceText, what: &str, diagnostics: &mut Diagnostics) -> bool {
    let Some(at) = text.text.find("{{").or_else(|| text.text.find("{%")) else { return true };
    let found = Diagnostic::error("E219", text.at(at..text.text.len()), format!("{what} of a secret takes no template"));
    diagnostics.push(found.note("secrets are got before anything else is known"));
    false
}

/// Reads a text that is nothing but `{{ secrets.NAME.key… }}`.
pub(super) fn secret_ref(text: &SourceText) -> Option<SecretRef> {
    let inside = text.text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let path: Vec<String> = inside.trim().trim_matches('-').trim().split('.').map(|part| part.trim().to_owned()).collect();
    let [root, name, ..] = &path[..] else { return None };
    let sound = root == "secrets" && is_id(name) && path.iter().all(|part| part.chars().all(|c| c.is_alphanumeric() || c == '_'));
    let span: Span = text.span;
    (sound && path.iter().all(|part| !part.is_empty())).then(|| SecretRef { path: path[1..].to_vec(), span })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Colors, SourceMap, render_text};

    fn read(text: &str) -> (IndexMap<String, Secret>, String) {
        let (mut map, mut diagnostics) = (SourceMap::default(), Diagnostics::default());
        let file = map.add("site.yml", None, text);
        let node = crate::yaml::parse(&map, file, &mut diagnostics).unwrap();
        let secrets = read_secrets(node.get("secrets").unwrap(), Some(Path::new("plays")), &mut diagnostics);
        (secrets, render_text(&map, &diagnostics, Colors::Never))
    }

    #[test]
    fn every_source_is_read() {
        let (secrets, said) = read(
            "secrets:
  a: { env: A }
  b: { file: b.txt }
  c: { command: pass show c }
  d: { command: [sops, -d, d.json], key: x.y }
  e: { age: e.yml.age }
  f: { age: /srv/f.age }
  g: { ask: Password of the vault }
  h: { ask: }
  i: { file: i.yml, format: text }
",
        );
        assert_eq!(said, "");
        let folder = PathBuf::from("plays");
        let sh = ["/bin/sh", "-c", "pass show c"].map(str::to_owned).to_vec();
        let argv = ["sops", "-d", "d.json"].map(str::to_owned).to_vec();
        let sources: Vec<&SecretSource> = secrets.values().map(|secret| &secret.source).collect();
        assert_eq!(
            sources,
            [
                &SecretSource::Env("A".into()),
                &SecretSource::File("plays/b.txt".into()),
                &SecretSource::Command { argv: sh, folder: folder.clone() },
                &SecretSource::Command { argv, folder },
                &SecretSource::Age("plays/e.yml.age".into()),
                &SecretSource::Age("/srv/f.age".into()),
                &SecretSource::Ask("Password of the vault".into()),
                &SecretSource::Ask("secret h".into()),
                &SecretSource::File("plays/i.yml".into()),
            ]
        );
        let data: Vec<&str> = secrets.values().filter(|secret| secret.data).map(|secret| &*secret.name).collect();
        assert_eq!(data, ["d", "e"]);
        assert_eq!(secrets["d"].key.as_deref(), Some("x.y"));
    }

    #[test]
    fn mistakes_are_told_at_their_place() {
        let (secrets, said) = read(
            "secrets:
  plain: hunter2
  no-id: { env: A }
  none: {}
  two: { env: A, file: b }
  typo: { evn: A }
  templated: { file: \"{{ x }}\" }
  asked: { ask: Who, key: a.b }
  odd: { age: x.age, key: a..b }
  worded: { env: A, format: json }
",
        );
        assert_eq!(secrets.keys().collect::<Vec<_>>(), ["two", "asked", "odd", "worded"]);
        for (code, words) in [
            ("E016", "the secret `plain` must say where it comes from"),
            ("E216", "a secret can't be called `no-id`"),
            ("E013", "the secret `none` has no source"),
            ("E106", "the secret `two` has more than one source"),
            ("E015", "unknown key `evn` in a secret"),
            ("E219", "`file` of a secret takes no template"),
            ("E106", "`key` beside `ask`"),
            ("E017", "`key` must be names with dots between them"),
            ("E017", "`format` must be `text` or `yaml`, not `json`"),
        ] {
            assert!(said.contains(&format!("[{code}]: {words}")), "{code} {words}\n{said}");
        }
        assert!(said.contains("did you mean `env`?"), "{said}");
        assert!(!said.contains("site.yml:2:10\n") || said.contains("a secret's value never stands"), "{said}");
    }

    #[test]
    fn a_lone_secret_is_a_reference() {
        let reference = |text: &str| {
            let mut map = SourceMap::default();
            let file = map.add("x", None, text);
            secret_ref(&SourceText::verbatim(text, Span::new(file, 0..text.len()))).map(|found| found.path.join("/"))
        };
        assert_eq!(reference("{{ secrets.login }}").as_deref(), Some("login"));
        assert_eq!(reference("{{secrets.people.ann}}").as_deref(), Some("people/ann"));
        for other in ["secrets.login", "{{ secrets }}", "{{ secrets.a | upper }}", "x{{ secrets.a }}", "{{ vars.a }}", "{{ secrets.a. }}"] {
            assert_eq!(reference(other), None, "{other}");
        }
    }
}
