//! Secrets: which exist, which a run needs, and which would be seen among the arguments of a process.
//!
//! Variables are followed by their names alone here, over all places where one of that name is written: a secret that
//! is got in vain costs little, one that is missing in the middle of a run costs the run.

use std::collections::BTreeSet;

use super::bind::Binder;
use crate::diag::{Diagnostic, Diagnostics, SourceMap};
use crate::model::{
    Awaited, Command, Context, CopyFrom, Guard, Inventory, Jump, OnHost, Playbook, Read, SUDO_SECRET, Secret, SecretRef, Shell, Task,
    Template, Var, Verb, WrittenFile,
};
use crate::playbook::codes;
use crate::text::did_you_mean;

impl Binder<'_> {
    /// `secrets.NAME`, and the keys of one that is data.
    pub(super) fn secret(&mut self, read: &Read) {
        let Some(name) = read.path.get(1) else {
            let found = Diagnostic::error(codes::UNKNOWN_SECRET, read.span, "`secrets` needs a name that is written out");
            return self.tell(found.note("which secrets a run needs must be known before it").hint("write `secrets.NAME`".to_owned()));
        };
        match self.playbook.secrets.get(name) {
            Some(secret) => {
                self.secrets.insert(name.clone());
                if let Some(found) = wrong_part(secret, read) {
                    self.tell(found);
                }
            }
            None if read.optional => {}
            None => self.tell(unknown(self.playbook, name, read.span)),
        }
    }

    /// Notes the secrets that a variable of this name may be made of, wherever it is written.
    pub(super) fn secrets_of(&mut self, name: &str) {
        let found = Followed::new(self.playbook, self.inventory).of_variable(name);
        self.secrets.extend(found);
    }
}

fn unknown(playbook: &Playbook, name: &str, span: crate::diag::Span) -> Diagnostic {
    let found = Diagnostic::error(codes::UNKNOWN_SECRET, span, format!("there is no secret `{name}`"));
    let known = || playbook.secrets.keys().map(String::as_str);
    found.hint(did_you_mean(name, known()).or_else(|| Some(format!("say where it comes from: `secrets: {{ {name}: {{ env: NAME }} }}`"))))
}

/// What is wrong with reading a part of a secret that is text.
fn wrong_part(secret: &Secret, read: &Read) -> Option<Diagnostic> {
    let part = read.path.get(2).filter(|_| !secret.data && !read.optional)?;
    let found = Diagnostic::error(codes::UNKNOWN_FIELD, read.span, format!("the secret `{}` is text and has no `{part}`", secret.name));
    let found = found.and(secret.span, "its source is here");
    Some(found.hint("`format: yaml` reads it as YAML or JSON".to_owned()))
}

/// Marks the secrets that a run needs beside those that templates read: passwords of connections and of `become`.
pub(super) fn passwords(playbook: &mut Playbook, inventory: &Inventory, diagnostics: &mut Diagnostics) {
    let mut needed: Vec<SecretRef> = Vec::new();
    for host in hosts(playbook, inventory) {
        let connect = &inventory.host(host).connect;
        needed.extend(connect.password_secret.iter().chain(&connect.become_password_secret).cloned());
    }
    for patch in playbook.rounds.iter().filter_map(|round| round.connect.as_ref()) {
        needed.extend(patch.password_secret.iter().chain(&patch.become_password_secret).cloned());
    }
    let mut told = BTreeSet::new();
    for reference in needed {
        let Some(name) = reference.path.first() else { continue };
        let path = ["secrets".to_owned()].into_iter().chain(reference.path.iter().cloned()).collect();
        let read = Read { path, span: reference.span, optional: false };
        let found = match playbook.secrets.get_mut(name) {
            Some(secret) => {
                secret.used = true;
                wrong_part(secret, &read)
            }
            None => Some(unknown(playbook, name, reference.span)),
        };
        if let Some(found) = found.filter(|_| told.insert(reference.span)) {
            diagnostics.push(found);
        }
    }
    let asks = |task: &Task| task.r#become.as_ref().is_some_and(|r#become| r#become.password.is_none());
    let asked = playbook.rounds.iter().flat_map(|round| &round.tasks).any(asks);
    if let Some(secret) = playbook.secrets.get_mut(SUDO_SECRET).filter(|_| asked) {
        secret.used = true;
    }
}

/// Every host that a run may connect to.
fn hosts(playbook: &Playbook, inventory: &Inventory) -> BTreeSet<crate::model::HostIx> {
    let mut hosts: BTreeSet<_> = playbook.rounds.iter().flat_map(|round| round.hosts.iter().copied()).collect();
    for on in playbook.rounds.iter().flat_map(|round| &round.tasks).flat_map(|task| &task.on) {
        match on {
            OnHost::Host(host) => {
                hosts.insert(*host);
            }
            OnHost::Template(_) => return (0..inventory.hosts.len()).map(crate::model::HostIx::new).collect(),
        }
    }
    let mut left: Vec<_> = hosts.iter().copied().collect();
    while let Some(host) = left.pop() {
        if let Some(Jump::Host(name)) = &inventory.host(host).connect.jump
            && let Some(jump) = inventory.find(name)
            && hosts.insert(jump)
        {
            left.push(jump);
        }
    }
    hosts
}

/// Follows variables to the secrets that they are made of.
struct Followed<'a> {
    playbook: &'a Playbook,
    inventory: &'a Inventory,
}

impl<'a> Followed<'a> {
    fn new(playbook: &'a Playbook, inventory: &'a Inventory) -> Followed<'a> {
        Followed { playbook, inventory }
    }

    /// Every place where a variable of this name is written.
    fn written(&self, name: &str) -> Vec<&'a Var> {
        let playbook = self.playbook;
        let mut layers = vec![&*playbook.vars, &*playbook.extra];
        layers.extend(self.inventory.hosts.iter().flat_map(|host| &host.layers).map(AsRef::as_ref));
        let mut found = Vec::new();
        for round in &playbook.rounds {
            layers.extend(round.vars.as_deref());
            for task in &round.tasks {
                layers.extend(task.layers.iter().map(AsRef::as_ref));
                if let Verb::Set(set) = &task.verb {
                    found.extend(set.vars.get(name));
                }
            }
        }
        layers.sort_by_key(|layer| std::ptr::from_ref(*layer).addr());
        layers.dedup_by_key(|layer| std::ptr::from_ref(*layer).addr());
        found.extend(layers.iter().filter_map(|layer| layer.vars.get(name)));
        found
    }

    /// The secrets that a variable of this name may be made of.
    fn of_variable(&self, name: &str) -> BTreeSet<String> {
        let (mut secrets, mut seen, mut left) = (BTreeSet::new(), BTreeSet::new(), vec![name]);
        while let Some(name) = left.pop() {
            if !seen.insert(name) {
                continue;
            }
            for var in self.written(name) {
                var.value.for_each_template(&mut |template| {
                    for read in &template.reads {
                        match &read.path[..] {
                            [root, name, ..] if root == "secrets" => {
                                secrets.insert(name.clone());
                            }
                            [root, ..] => left.push(root),
                            [] => {}
                        }
                    }
                });
            }
        }
        secrets
    }

    /// The secret that a read gives, and the variable by which.
    fn of_read(&self, read: &'a Read) -> Option<(String, Option<&'a str>)> {
        match &read.path[..] {
            [root, name, ..] if root == "secrets" => Some((name.clone(), None)),
            [root, ..] if crate::inventory::RESERVED.contains(&root.as_str()) => None,
            [root, ..] => self.of_variable(root).into_iter().next().map(|secret| (secret, Some(root.as_str()))),
            [] => None,
        }
    }
}

/// Warns of secrets that nothing reads, and of those that the processes of a host would show.
pub(super) fn warnings(playbook: &Playbook, inventory: &Inventory, map: &SourceMap, diagnostics: &mut Diagnostics) {
    // Where something could not be bound, what it reads is not known.
    if diagnostics.has_errors() {
        return;
    }
    for secret in playbook.secrets.values().filter(|secret| !secret.used) {
        // An inventory's are there for any playbook.
        if inventory.secrets.get(&secret.name).is_none_or(|other| other.span != secret.span) {
            diagnostics.push(Diagnostic::warning(codes::UNUSED, secret.span, format!("nothing reads the secret `{}`", secret.name)));
        }
    }
    arguments(playbook, inventory, map, diagnostics);
}

fn arguments(playbook: &Playbook, inventory: &Inventory, map: &SourceMap, diagnostics: &mut Diagnostics) {
    if playbook.secrets.is_empty() {
        return;
    }
    let followed = Followed::new(playbook, inventory);
    let mut told = BTreeSet::new();
    for task in playbook.rounds.iter().flat_map(|round| &round.tasks) {
        for_each_argument(task, &mut |template, shell| {
            for read in &template.reads {
                let Some((secret, by)) = followed.of_read(read) else { continue };
                if shell == Some(&Shell::Sh) && stays_inside(template, map, read) || !told.insert(read.span) {
                    continue;
                }
                let message = format!("the secret `{secret}` stands among the arguments of a process");
                let found = Diagnostic::warning(codes::SECRET_ARGUMENT, read.span, message);
                let found =
                    found.label(by.map_or_else(|| "everybody on the host can see it".to_owned(), |by| format!("`{by}` is made of it")));
                diagnostics.push(found.hint("hand it over by `stdin` or `env`".to_owned()));
            }
        });
    }
}

/// Every text of a task that ends up in arguments, with the shell that reads it.
fn for_each_argument<'t>(task: &'t Task, each: &mut dyn FnMut(&'t Template, Option<&'t Shell>)) {
    let command = |command: &'t Command, each: &mut dyn FnMut(&'t Template, Option<&'t Shell>)| match command {
        Command::Text(template) => each(template, Some(&task.shell)),
        Command::List(list) => list.iter().for_each(|template| each(template, None)),
    };
    for guard in &task.guards {
        match guard {
            Guard::Unless(asked) | Guard::OnlyIf(asked) => command(asked, each),
            Guard::Creates(path) | Guard::Removes(path) => each(path, None),
        }
    }
    let mut paths: Vec<&'t Template> = Vec::new();
    let written = |file: &'t WrittenFile, paths: &mut Vec<&'t Template>, each: &mut dyn FnMut(&'t Template, Option<&'t Shell>)| {
        paths.push(&file.dest);
        paths.extend(file.rights.owner.iter().chain(&file.rights.group));
        // It is no task's shell that reads it, but the host's own.
        file.validate.iter().for_each(|validate| each(validate, Some(&Shell::Sh)));
    };
    match &task.verb {
        Verb::Run(run) => command(&run.command, each),
        Verb::Read(read) => paths.push(&read.path),
        Verb::Glob(glob) => paths.extend(&glob.patterns),
        Verb::Stat(stat) => paths.push(&stat.path),
        Verb::Copy(copy) => {
            if let CopyFrom::Src { path, .. } = &copy.from {
                paths.push(path);
            }
            written(&copy.file, &mut paths, each);
        }
        Verb::Template(template) => written(&template.file, &mut paths, each),
        Verb::Line(line) => written(&line.edited.file, &mut paths, each),
        Verb::Text(text) => written(&text.edited.file, &mut paths, each),
        Verb::File(path) | Verb::Directory(path) | Verb::Link(path) => path.for_each_template(&mut |template| paths.push(template)),
        Verb::Download(download) => {
            paths.push(&download.url);
            written(&download.file, &mut paths, each);
        }
        Verb::Archive(archive) => {
            paths.extend(&archive.src);
            written(&archive.file, &mut paths, each);
        }
        Verb::Unarchive(unarchive) => unarchive.for_each_template(&mut |template| paths.push(template)),
        Verb::Fetch(fetch) => paths.push(&fetch.src),
        Verb::Script(script) => paths.extend(script.args.iter().chain([&script.src])),
        Verb::WaitFor(wait) => match &wait.what {
            Awaited::Command(asked) => command(asked, each),
            Awaited::Url(text) | Awaited::Path(text) => paths.push(text),
            Awaited::Port { host, port } => paths.extend(host.iter().chain([port])),
        },
        Verb::Assert(_) | Verb::Set(_) | Verb::Print(_) | Verb::Fail(_) => {}
        Verb::Facts(_) | Verb::Pause(_) | Verb::Confirm(_) | Verb::Flush => {}
    }
    paths.into_iter().chain(&task.cwd).for_each(|template| each(template, None));
}

/// Says whether the shell itself takes a value of its text: in `printf`, `echo` and assignments, and in here-documents.
fn stays_inside(template: &Template, map: &SourceMap, read: &Read) -> bool {
    if template.context != Context::Shell || template.source.span.file != read.span.file {
        return false;
    }
    let text = &map.file(read.span.file).text;
    let (start, end) = (template.source.span.start as usize, read.span.start as usize);
    let Some(before) = text.get(start..end) else { return false };
    if before.contains("<<") {
        return true;
    }
    // The braces of the value itself are no braces of the shell.
    let before = before.trim_end().trim_end_matches('-').trim_end_matches("{{");
    let command = before.rsplit(['\n', ';', '|', '&', '(']).next().unwrap_or_default().trim_start();
    let word = command.trim_start_matches(['"', '\'']).split([' ', '\t', '"', '\'']).next().unwrap_or_default();
    matches!(word, "printf" | "echo" | ":") || word.ends_with('=') && !command.contains([' ', '\t'])
}

#[cfg(test)]
mod tests;
