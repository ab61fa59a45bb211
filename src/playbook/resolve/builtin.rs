//! Built-in names: which fields they have, and where they have a value.

use std::collections::BTreeSet;

use super::bind::{Binder, NO_ROUND};
use super::path::{Segment, path};
use super::scope::{Link, RoundScope, Use};
use crate::diag::Diagnostic;
use crate::model::{FrameIx, Read, Template, Var};
use crate::playbook::codes;
use crate::text::{did_you_mean, fold_names};

const HOST: &[&str] = &["name", "address", "user", "groups", "vars"];
const RUN: &[&str] = &["id", "started", "user", "status", "failed"];
const CONTROLLER: &[&str] = &["env", "user", "host"];
const LOOP: &[&str] = &["index", "index0", "first", "last", "length", "item"];
const ERROR: &[&str] = &["task", "rc", "stdout", "stderr", "message"];
/// Methods of lists and maps that templates may call.
pub(super) const METHODS: &[&str] = &["count", "index", "items", "keys", "values", "get"];

impl<'a> Binder<'a> {
    pub(super) fn builtin(&mut self, scope: &mut RoundScope<'a>, of: &mut Use<'a>, read: &Read, classes: Option<&[usize]>, chain: &[Link]) {
        match read.path[0].as_str() {
            "host" => {
                self.fields(read, HOST);
                self.host_variable(scope, read, classes);
            }
            "run" => self.fields(read, RUN),
            "controller" => self.fields(read, CONTROLLER),
            "hosts" => self.hosts_list(scope, read),
            "groups" => self.group(scope, of, read, chain),
            "tasks" => self.own_round(scope, of, read, chain),
            "rounds" if of.frame != FrameIx::ROUND => self.not_here(read, "an action sees its own tasks only; pass it in by an input"),
            "rounds" => self.other_round(scope, of, read, classes, chain),
            "result" => self.result(scope, of, read),
            "inputs" => self.input(scope, of, read, classes, chain),
            "facts" => self.facts(scope, of, read, chain),
            "secrets" if of.frame != FrameIx::ROUND => self.not_here(read, "an action gets secrets by its inputs"),
            "secrets" => self.secret(read),
            "error" if of.error => self.error(read),
            "error" => self.not_here(read, "it is known in `rescue`"),
            "item" => match of.items.first() {
                Some(name) => {
                    let found = Diagnostic::error(codes::NOT_HERE, read.span, "`item` has no value here");
                    self.tell(found.hint(format!("here it is called `{name}`")));
                }
                None => self.not_here(read, "it is known in tasks with `each`, and in blocks with it"),
            },
            "loop" if !of.items.is_empty() => self.fields(read, LOOP),
            "loop" => self.not_here(read, "it is known inside `{% for … %}`, and where there is `each`"),
            _ => {}
        }
    }

    /// `host.vars.x`: what the inventory says, nothing else.
    fn host_variable(&mut self, scope: &mut RoundScope<'a>, read: &Read, classes: Option<&[usize]>) {
        let [_, vars, name, ..] = read.path.as_slice() else { return };
        if vars != "vars" || METHODS.contains(&name.as_str()) {
            return;
        }
        let found = scope.round.hosts.iter().filter_map(|host| self.inventory.host(*host).var(name)).collect();
        self.read_elsewhere(scope, name, found);
        if read.optional {
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
        let Some(node) = of.node.filter(|_| of.judge) else {
            self.not_here(read, "it is known in `changed`, `failed` and `until` of a task; elsewhere write `tasks.NAME`");
            return;
        };
        let outputs = self.outputs_of(scope.index, node);
        self.step_fields(read, 1, outputs);
    }

    fn error(&mut self, read: &Read) {
        let Some(field) = read.path.get(1).filter(|field| !ERROR.contains(&field.as_str())) else { return };
        self.unknown_field(read, field, ERROR);
    }

    /// `inputs.x`: of the action, or of the playbook, whose defaults see what the inventory gives.
    fn input(&mut self, scope: &mut RoundScope<'a>, of: &Use<'a>, read: &Read, classes: Option<&[usize]>, chain: &[Link]) {
        if of.inventory_only {
            return self.not_here(read, "the default of an input can't read another input");
        }
        let inputs = match of.frame {
            FrameIx::ROUND => &self.playbook.inputs,
            frame => &scope.round.frames[frame.index()].inputs,
        };
        let Some(name) = read.path.get(1) else { return };
        if METHODS.contains(&name.as_str()) {
            return;
        }
        let Some(input) = inputs.get(name) else {
            let whose = if of.frame == FrameIx::ROUND { "playbook" } else { "action" };
            let found = Diagnostic::error(codes::UNKNOWN_FIELD, read.span, format!("the {whose} has no input `{name}`"));
            let hint =
                did_you_mean(name, inputs.keys().map(String::as_str)).or_else(|| Some(format!("write it into `inputs` of the {whose}")));
            return self.tell(found.hint(hint));
        };
        // Those of an action are looked at where it is used.
        if of.frame == FrameIx::ROUND {
            let mut default = Use { node: of.node, inventory_only: !input.given, ..Use::default() };
            self.follow(scope, &mut default, &input.value, classes, &mut chain.to_vec());
        }
    }

    /// `hosts` is the list of names; `hosts.NAME` and `hosts[h]` are what the inventory says of one.
    fn hosts_list(&mut self, scope: &RoundScope<'a>, read: &Read) {
        let text = &self.map.file(read.span.file).text;
        let segments = path(text.get(read.span.start as usize..).unwrap_or("").trim_start());
        let literal: Vec<Segment> = read.path.iter().cloned().map(Segment::Name).collect();
        let whole = if segments.starts_with(&literal) { segments } else { literal };
        let host = match whole.get(1) {
            Some(Segment::Name(name)) => match self.inventory.find(name) {
                Some(host) => Some(host),
                None if METHODS.contains(&name.as_str()) => return,
                None => {
                    let found = Diagnostic::error(codes::UNKNOWN_HOST, read.span, format!("the inventory has no host `{name}`"));
                    return self.tell(found.hint(did_you_mean(name, self.inventory.index.keys().map(String::as_str))));
                }
            },
            Some(Segment::Dynamic) => None,
            None => return,
        };
        let Some(Segment::Name(field)) = whole.get(2) else { return };
        if !HOST.contains(&field.as_str()) {
            if METHODS.contains(&field.as_str()) {
                return;
            }
            let of = Read { path: vec!["hosts[h]".to_owned(), field.clone()], span: read.span, optional: read.optional };
            return self.unknown_field(&of, field, HOST);
        }
        let Some(Segment::Name(name)) = whole.get(3).filter(|_| field == "vars") else { return };
        if METHODS.contains(&name.as_str()) {
            return;
        }
        let of: Vec<_> = self.inventory.hosts.iter().enumerate().filter(|(at, _)| host.is_none_or(|host| host.index() == *at)).collect();
        let found: Vec<&Var> = of.iter().filter_map(|(_, host)| host.var(name)).collect();
        if found.is_empty() && !read.optional {
            let whose = host.map_or_else(|| "any host".to_owned(), |host| self.inventory.host(host).name.clone());
            let message = format!("the inventory gives no variable `{name}` to {whose}");
            let layers = of.iter().flat_map(|(_, host)| &host.layers);
            let near = did_you_mean(name, layers.flat_map(|layer| layer.vars.keys()).map(String::as_str));
            return self.tell(Diagnostic::error(codes::UNDEFINED, read.span, message).hint(near));
        }
        self.read_elsewhere(scope, name, found);
    }

    /// Notes that variables of other hosts are read, and what they are made of.
    pub(super) fn read_elsewhere(&mut self, scope: &RoundScope<'a>, name: &str, found: Vec<&'a Var>) {
        if !self.used.rounds.insert((scope.index, name.to_owned())) {
            return;
        }
        self.secrets_of(name);
        let mut names = BTreeSet::new();
        for var in found {
            var.value.for_each_template(&mut |template| names.extend(template.reads.iter().filter_map(|read| read.path.first())));
        }
        for name in names {
            let layers = self.inventory.hosts.iter().filter_map(|host| host.var(name));
            self.read_elsewhere(scope, name, layers.chain(self.playbook.vars.vars.get(name)).collect());
        }
    }

    fn group(&mut self, scope: &RoundScope<'a>, of: &mut Use<'a>, read: &Read, chain: &[Link]) {
        let Some(group) = read.path.get(1) else { return };
        if let Some(chosen) = self.playbook.groups.get_index_of(group) {
            return self.chosen_group(scope, of, chosen, read, chain);
        }
        if group == "all" || METHODS.contains(&group.as_str()) || self.inventory.groups.contains_key(group) {
            return;
        }
        let text = &self.map.file(read.span.file).text;
        if let Some(whole) = text.get(read.span.end as usize..).and_then(|rest| self.longer_group(group, rest)) {
            self.hyphen(read, &whole);
            return;
        }
        let found = Diagnostic::error(codes::UNKNOWN_HOST, read.span, format!("the inventory has no group `{group}`"));
        let known = self.inventory.groups.keys().chain(self.playbook.groups.keys()).map(String::as_str).chain(["all"]);
        self.tell(found.hint(did_you_mean(group, known)));
    }

    /// A group of the playbook: what it reads is read here.
    fn chosen_group(&mut self, scope: &RoundScope<'a>, of: &mut Use<'a>, group: usize, read: &Read, chain: &[Link]) {
        if scope.index == NO_ROUND {
            return self.not_here(read, "groups of the playbook can't be made of each other");
        }
        for other in self.group_reads[group].clone() {
            if other.round == scope.index {
                let name = &self.playbook.round(other.round).name;
                let found =
                    Diagnostic::error(codes::TOO_EARLY, read.span, format!("the group is not known before the round `{name}` has ended"));
                return self.tell(found.and(other.span, "the group reads a result of it"));
            }
            if self.round_in_time(scope, other.round, read, chain) {
                of.reads(crate::model::TaskRead { other_hosts: true, span: read.span, ..other });
            }
        }
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
