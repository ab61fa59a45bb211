//! Built-in names: which fields they have, and where they have a value.

use super::bind::Binder;
use super::scope::{Link, RoundScope, Use};
use crate::diag::Diagnostic;
use crate::model::{Read, Template};
use crate::playbook::codes;
use crate::text::{did_you_mean, fold_names};

const HOST: &[&str] = &["name", "address", "user", "groups", "vars"];
const RUN: &[&str] = &["id", "started", "user", "status", "failed"];
const CONTROLLER: &[&str] = &["env", "user", "host"];
/// Methods of lists and maps that templates may call.
const METHODS: &[&str] = &["count", "index", "items", "keys", "values", "get"];

impl<'a> Binder<'a> {
    pub(super) fn builtin(&mut self, scope: &mut RoundScope<'a>, of: &mut Use<'a>, read: &Read, classes: Option<&[usize]>, chain: &[Link]) {
        match read.path[0].as_str() {
            "host" => {
                self.fields(read, HOST);
                self.host_variable(scope, read, classes);
            }
            "run" => self.fields(read, RUN),
            "controller" => self.fields(read, CONTROLLER),
            "hosts" => self.hosts_list(read),
            "groups" => self.group(read),
            "tasks" => self.own_round(scope, of, read, chain),
            "rounds" => self.other_round(scope, of, read, classes, chain),
            "result" => self.result(scope, of, read),
            "facts" | "secrets" | "inputs" => {
                let found = Diagnostic::error(codes::NOT_YET, read.span, format!("`{}` is not supported yet", read.path[0]));
                let hint = match read.path[0].as_str() {
                    "facts" => "run a command with `read_only: true` and read its result",
                    "secrets" => "pass it through the environment: `controller.env.NAME`",
                    _ => "use `vars`, and `-e` on the command line",
                };
                self.tell(found.hint(hint.to_owned()));
            }
            "error" => self.not_here(read, "it is known in `rescue`, which is not supported yet"),
            "item" => self.not_here(read, "it is known in tasks with `each`, which is not supported yet"),
            "loop" => self.not_here(read, "it is known inside `{% for … %}`"),
            _ => {}
        }
    }

    /// `host.vars.x`: what the inventory says, nothing else.
    fn host_variable(&mut self, scope: &mut RoundScope<'a>, read: &Read, classes: Option<&[usize]>) {
        let [_, vars, name, ..] = read.path.as_slice() else { return };
        if vars != "vars" || read.optional || METHODS.contains(&name.as_str()) {
            return;
        }
        let partition = scope.partition(name);
        let lacking = partition.iter().filter(|(var, _)| var.is_none()).flat_map(|(_, part)| part.iter().copied());
        let lacking: Vec<usize> = lacking.filter(|class| classes.is_none_or(|some| some.contains(class))).collect();
        if lacking.is_empty() {
            return;
        }
        let hosts = scope.hosts_of(&lacking);
        let message = format!("the inventory gives no variable `{name}` to {}", fold_names(&self.inventory.names(&hosts)));
        let found = Diagnostic::error(codes::UNDEFINED, read.span, message);
        let layers = scope.round.hosts.iter().flat_map(|host| &self.inventory.host(*host).layers);
        self.tell(found.hint(did_you_mean(name, layers.flat_map(|layer| layer.vars.keys()).map(String::as_str))));
    }

    fn not_here(&mut self, read: &Read, why: &str) {
        let found = Diagnostic::error(codes::NOT_HERE, read.span, format!("`{}` has no value here", read.path[0]));
        self.tell(found.note(why));
    }

    fn fields(&mut self, read: &Read, fields: &[&str]) {
        let Some(field) = read.path.get(1) else { return };
        if !fields.contains(&field.as_str()) && !METHODS.contains(&field.as_str()) {
            self.unknown_field(read, field, fields);
        }
    }

    /// Tells of a field that a built-in name does not have.
    pub(super) fn unknown_field(&mut self, read: &Read, field: &str, fields: &[&str]) {
        let of = read.path.iter().take_while(|part| *part != field).map(String::as_str).collect::<Vec<_>>().join(".");
        let found = Diagnostic::error(codes::UNKNOWN_FIELD, read.span, format!("`{of}` has no field `{field}`"));
        let found = found.hint(did_you_mean(field, fields.iter().copied()));
        self.tell(if fields.is_empty() { found } else { found.note(format!("its fields: {}", fields.join(", "))) });
    }

    fn result(&mut self, scope: &RoundScope<'a>, of: &Use<'a>, read: &Read) {
        let Some(task) = of.task.filter(|_| of.judge) else {
            self.not_here(read, "it is known in `changed` and `failed` of a task; elsewhere write `tasks.NAME`");
            return;
        };
        let verb = self.verb_key(scope.index, task);
        self.step_fields(read, 1, verb);
    }

    fn hosts_list(&mut self, read: &Read) {
        let Some(field) = read.path.get(1).filter(|field| !METHODS.contains(&field.as_str())) else { return };
        let found = Diagnostic::error(codes::UNKNOWN_FIELD, read.span, format!("`hosts` is a list of names and has no `{field}`"));
        self.tell(found.hint("what was found out about a host is in `rounds.R.hosts[h].tasks.NAME`".to_owned()));
    }

    fn group(&mut self, read: &Read) {
        let Some(group) = read.path.get(1) else { return };
        if METHODS.contains(&group.as_str()) || self.inventory.groups.contains_key(group) {
            return;
        }
        let text = &self.map.file(read.span.file).text;
        if let Some(whole) = text.get(read.span.end as usize..).and_then(|rest| self.longer_group(group, rest)) {
            self.hyphen(read, &whole);
            return;
        }
        let found = Diagnostic::error(codes::UNKNOWN_HOST, read.span, format!("the inventory has no group `{group}`"));
        let hint = match group.as_str() {
            "all" => Some("the names of all hosts are `hosts`".to_owned()),
            _ => did_you_mean(group, self.inventory.groups.keys().map(String::as_str)),
        };
        self.tell(found.hint(hint));
    }

    /// The group whose name goes on behind the hyphen that stands at the start of `rest`.
    fn longer_group(&self, start: &str, rest: &str) -> Option<String> {
        if !rest.starts_with('-') {
            return None;
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))).unwrap_or(rest.len());
        let whole = format!("{start}{}", &rest[..end]);
        let longest = self.inventory.groups.keys().filter(|name| whole.starts_with(name.as_str()) && name.len() > start.len());
        longest.max_by_key(|name| name.len()).cloned()
    }

    fn hyphen(&mut self, read: &Read, group: &str) {
        let found =
            Diagnostic::error(codes::UNKNOWN_HOST, read.span, format!("`-` is a minus here: `groups.{group}` is no name of a group"));
        self.tell(found.hint(format!("write `groups['{group}']`")));
    }

    /// Whether a read is what follows the hyphen of a group's name, as `prod` in `groups.web-prod`; tells of it.
    pub(super) fn hyphenated_group(&mut self, template: &Template, read: &Read) -> bool {
        let text = &self.map.file(read.span.file).text;
        let group = template.reads.iter().find_map(|other| {
            let [root, start] = other.path.as_slice() else { return None };
            let rest = (root == "groups" && other.span.end < read.span.start).then(|| text.get(other.span.end as usize..))??;
            let whole = self.longer_group(start, rest)?;
            let behind = other.span.end as usize + whole.len() - start.len();
            (read.span.start as usize <= behind).then(|| (other.clone(), whole))
        });
        let Some((other, whole)) = group else { return false };
        self.hyphen(&other, &whole);
        true
    }
}
