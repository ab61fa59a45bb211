//! `transport` of a `connect:` map: what carries a host's lanes.
//!
//! Knows the words and their mistakes; what each program is called with is the model's. Nodes go in, a [`Transport`] comes out.

use super::connect::{plain, without_template};
use crate::diag::{Diagnostic, Diagnostics, SourceText, Span};
use crate::model::{Connect, ConnectPatch, Host, Preset, Program, Transport};
use crate::text::did_you_mean;
use crate::yaml::{Entry, Fields, NodeValue};

/// Every transport that has a map form.
fn maps() -> impl Iterator<Item = &'static str> {
    std::iter::once("command").chain(Program::ALL.map(Program::name))
}

fn program(name: &str) -> Option<Program> {
    Program::ALL.into_iter().find(|program| program.name() == name)
}

/// The program as messages call it.
fn called(program: Program) -> &'static str {
    match program {
        Program::Docker => "`docker`",
        Program::Podman => "`podman`",
        Program::Kubectl => "`kubectl`",
        Program::Lxc => "`lxc`",
        Program::Chroot => "`chroot`",
    }
}

/// Reads a `transport`: a name, or a map of one name and its settings.
pub(super) fn read_transport(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Transport> {
    let node = &entry.value;
    match &node.value {
        NodeValue::Text(text) if text.text == "ssh" => return Some(Transport::Ssh),
        NodeValue::Text(text) if text.text == "local" => return Some(Transport::Local),
        NodeValue::Text(text) => {
            if let Some(program) = program(&text.text) {
                return Some(Transport::Preset(Preset::new(program)));
            }
        }
        NodeValue::Map(entries) if !entries.is_empty() => {
            let fields = Fields::new(node, "`transport`", diagnostics)?;
            let known: Vec<&str> = maps().collect();
            let ways: Vec<&Entry> = entries.iter().filter(|entry| known.contains(&&*entry.key.text)).collect();
            if let [first, second, ..] = ways[..] {
                let found = Diagnostic::error("E217", second.key.span, "a host has one transport");
                diagnostics.push(found.label("the second").and(first.key.span, "the first"));
                return None;
            }
            fields.finish(&known, &[], diagnostics);
            let way = ways.first()?;
            return match program(&way.key.text) {
                Some(program) => preset(program, way, diagnostics).map(Transport::Preset),
                None => command(way, diagnostics).map(Transport::Command),
            };
        }
        _ => {}
    }
    let names = ["ssh", "local"].into_iter().chain(Program::ALL.map(Program::name));
    let listed: Vec<String> = names.clone().map(|name| format!("`{name}`")).collect();
    let message = format!("`transport` must be {} or `{{ command: [..] }}`", listed.join(", "));
    let hint = node.as_text().and_then(|text| did_you_mean(&text.text, names));
    diagnostics.push(Diagnostic::error("E217", node.span, message).hint(hint));
    None
}

/// Reads what stands behind the program's name: nothing, the place, or a map of settings.
fn preset(program: Program, entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Preset> {
    let mut preset = Preset::new(program);
    match &entry.value.value {
        _ if entry.value.is_null() => {}
        NodeValue::Map(_) => {
            let mut fields = Fields::new(&entry.value, called(program), diagnostics)?;
            preset.place = fields.take(program.place_key()).and_then(|entry| place(program, entry, diagnostics));
            let mut text = |key: &str, diagnostics: &mut Diagnostics| {
                if !program.keys().contains(&key) || key == program.place_key() {
                    return None;
                }
                fields.take(key).and_then(|entry| no_option(entry, diagnostics)).map(|text| text.text.clone())
            };
            preset.container = text("container", diagnostics);
            preset.namespace = text("namespace", diagnostics);
            preset.context = text("context", diagnostics);
            if let Some(options) = fields.take("options") {
                let texts = options.texts(diagnostics).into_iter().filter(|text| without_template(text, "`options`", diagnostics));
                preset.options = texts.map(|text| text.text.clone()).collect();
            }
            fields.finish(program.keys(), &[], diagnostics);
        }
        _ => preset.place = Some(place(program, entry, diagnostics)?),
    }
    Some(preset)
}

fn place(program: Program, entry: &Entry, diagnostics: &mut Diagnostics) -> Option<String> {
    let text = no_option(entry, diagnostics)?;
    if program == Program::Chroot && !text.text.starts_with('/') {
        diagnostics.push(Diagnostic::error("E217", text.span, "`chroot` needs an absolute path").hint("it starts with `/`".to_owned()));
        return None;
    }
    Some(text.text.clone())
}

/// A plain text that the program can't take for an option.
fn no_option<'a>(entry: &'a Entry, diagnostics: &mut Diagnostics) -> Option<&'a SourceText> {
    let text = plain(entry, diagnostics)?;
    if text.text.starts_with('-') {
        let found = Diagnostic::error("E217", text.span, format!("{} can't start with `-`", entry.what()));
        diagnostics.push(found.hint("options have a key of their own: `options: [..]`".to_owned()));
        return None;
    }
    Some(text)
}

fn command(entry: &Entry, diagnostics: &mut Diagnostics) -> Option<Vec<String>> {
    let items = entry.list(diagnostics)?;
    if items.is_empty() {
        diagnostics.push(Diagnostic::error("E217", entry.value.span, "`command` names no program"));
        return None;
    }
    let words: Vec<&SourceText> = items.iter().filter_map(|item| item.read_scalar("an item of `command`", diagnostics)).collect();
    let words: Vec<&SourceText> = words.into_iter().filter(|word| without_template(word, "`command`", diagnostics)).collect();
    (words.len() == items.len()).then(|| words.into_iter().map(|word| word.text.clone()).collect())
}

/// Refuses a `user` beside a transport that can't take it; one that comes from further out is simply not used.
pub(super) fn refuse_user(patch: &ConnectPatch, user: Option<&Entry>, diagnostics: &mut Diagnostics) {
    let (Some(Transport::Preset(preset)), Some(name), Some(entry)) = (&patch.transport, &patch.user, user) else { return };
    if !preset.program.takes_user(name) {
        let (message, hint) = match preset.program {
            Program::Lxc => ("`lxc` takes a user by number only", "write the number, or become the user: `become: NAME` at the round"),
            _ => ("`kubectl` can't choose a user", "leave it out, or become the user: `become: NAME` at the round"),
        };
        diagnostics.push(Diagnostic::error("E217", entry.value.span, message).hint(hint.to_owned()));
    }
}

/// Finds hosts whose address, once everything is merged, is no place for their transport.
pub(super) fn check_place(host: &Host, diagnostics: &mut Diagnostics) {
    if let Some(span) = host.span {
        check_address(&host.connect, &host.name, span, diagnostics);
    }
}

/// Says at `span` where a connection's address is no place for its transport; false where it is none.
pub fn check_address(connect: &Connect, host: &str, span: Span, diagnostics: &mut Diagnostics) -> bool {
    let Transport::Preset(preset) = &connect.transport else { return true };
    let place = preset.place(&connect.address);
    let wrong = preset.program == Program::Chroot && !place.starts_with('/');
    if wrong {
        let found = Diagnostic::error("E217", span, format!("`chroot` needs an absolute path, and the address of `{host}` is `{place}`"));
        diagnostics.push(found.hint("write `transport: { chroot: /srv/root }`, or the path as `address`".to_owned()));
    }
    !wrong
}
