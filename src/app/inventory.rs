//! From `-i` to an inventory: files, folders of files, programs, ssh's configuration, lists of names.
//!
//! Finds and reads what the pure reader of inventories needs, in the order in which Ansible would: sources first, then
//! the files of variables of exactly those groups and hosts that the sources name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::load::{Loader, near_file};
use super::program;
use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, SourceText, Span};
use crate::inventory::{self, Ansible, Entity, Kind, Meta, Plane};
use crate::model::{HostIx, Inventory};
use crate::yaml;

/// Names in a folder of inventories that are none, as ansible-core passes them over.
const NO_SOURCES: [&str; 3] = ["host_vars", "group_vars", "vars_plugins"];

/// Ends of names that are no inventories, as ansible-core passes them over.
const NO_SOURCE_ENDS: [&str; 12] = [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];

/// Ends of names of files of variables.
const VARS_ENDS: [&str; 3] = [".yml", ".yaml", ".json"];

/// How deep folders may lie in one another.
const DEEPEST: usize = 16;

/// Loads an inventory alone, and what an expression chooses of it (`all` where there is none).
#[must_use]
pub fn load_inventory(written: &[String], expression: Option<&str>) -> (SourceMap, Diagnostics, Option<(Inventory, Vec<HostIx>)>) {
    let mut loader = Loader::default();
    let found = loader.inventory(written, &[], None);
    let chosen = found.map(|inventory| {
        let hosts = match expression {
            Some(expression) => {
                let expression = loader.argument("hosts", expression);
                inventory::select(&inventory, &expression, inventory::Mode::Hosts, &mut loader.diagnostics)
            }
            None => inventory.all().collect(),
        };
        (inventory, hosts)
    });
    let chosen = chosen.filter(|_| !loader.diagnostics.has_errors());
    (loader.map, loader.diagnostics, chosen)
}

/// What the sources are, before it is known whether Ansible's rules hold for them.
#[derive(Default)]
struct Sources {
    /// Files of ours, in the order given.
    native: Vec<FileId>,
    /// Lists of names, from the command line or ssh's configuration.
    names: Vec<Inventory>,
    ansible: Ansible,
    /// True where anything is Ansible's.
    is_ansible: bool,
    /// The folders beside whose files lie `group_vars` and `host_vars`.
    folders: Vec<PathBuf>,
    failed: bool,
}

impl Loader {
    /// Reads what `-i` names, else what the playbook in `folder` names, else this machine alone.
    pub(super) fn inventory(&mut self, written: &[String], named: &[SourceText], folder: Option<&Path>) -> Option<Inventory> {
        let mut sources = Sources::default();
        for word in written {
            self.source(word, &mut sources);
        }
        if written.is_empty() && named.is_empty() {
            return Some(inventory::localhost_only());
        }
        let base = folder.unwrap_or(Path::new(""));
        for named in named.iter().filter(|_| written.is_empty()) {
            match named.text.strip_prefix("ssh:") {
                Some(path) => {
                    let names = self.ssh_hosts((!path.is_empty()).then(|| base.join(path)), Some(named.span));
                    sources.failed |= names.is_none();
                    sources.names.extend(names);
                }
                None => self.path(&base.join(&named.text), Some(named.span), &mut sources),
            }
        }
        if sources.failed {
            return None;
        }
        let mut found = Vec::new();
        for file in std::mem::take(&mut sources.native) {
            found.push(inventory::load(&self.map, file, &mut self.engine, &mut self.diagnostics)?);
        }
        if sources.is_ansible {
            for names in &sources.names {
                sources.ansible.add_names(names);
            }
            found.push(self.ansible(sources, folder));
        } else {
            found.append(&mut sources.names);
        }
        if found.len() == 1 { found.pop() } else { Some(inventory::join(found, &mut self.diagnostics)) }
    }

    fn source(&mut self, word: &str, sources: &mut Sources) {
        if let Some(path) = word.strip_prefix("ssh:") {
            let names = self.ssh_hosts((!path.is_empty()).then(|| PathBuf::from(path)), None);
            sources.failed |= names.is_none();
            sources.names.extend(names);
        } else if word.contains(',') && !Path::new(word).exists() {
            let list = self.argument("--inventory", word);
            sources.names.push(inventory::from_names(&list, &mut self.diagnostics));
        } else {
            self.path(Path::new(word), None, sources);
        }
    }

    /// A file, a folder or a program; `span` is the playbook's word for it.
    fn path(&mut self, path: &Path, span: Option<Span>, sources: &mut Sources) {
        if path.is_dir() {
            sources.folders.retain(|folder| folder != path);
            sources.folders.push(path.to_owned());
            let mut any = false;
            self.folder(path, 0, sources, &mut any);
            if !any {
                let found = Diagnostic::error("E001", span, format!("there is no inventory in the folder `{}`", path.display()));
                self.diagnostics.push(found);
                sources.failed = true;
            }
            return;
        }
        if span.is_none() && !path.exists() && path.components().count() == 1 && path.extension().is_none() {
            let name = path.display();
            let hint = format!("a list of host names has a comma: `-i {name},`");
            self.diagnostics.push(Diagnostic::error("E001", span, format!("there is no inventory file `{name}`")).hint(hint));
            sources.failed = true;
            return;
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        sources.folders.retain(|other| other != folder);
        sources.folders.push(folder.to_owned());
        self.one(path, span, false, sources);
    }

    /// Every inventory in a folder, by name.
    fn folder(&mut self, folder: &Path, depth: usize, sources: &mut Sources, any: &mut bool) {
        for (name, path) in entries(folder) {
            let passed_over = name.starts_with('.') || NO_SOURCES.contains(&&*name) || NO_SOURCE_ENDS.iter().any(|end| name.ends_with(end));
            if passed_over {
                continue;
            }
            if path.is_dir() {
                if depth < DEEPEST {
                    self.folder(&path, depth + 1, sources, any);
                }
                continue;
            }
            *any = true;
            self.one(&path, None, true, sources);
        }
    }

    /// One file or program. What is no inventory is passed over with a word where it was found `among` others.
    fn one(&mut self, path: &Path, span: Option<Span>, among: bool, sources: &mut Sources) {
        if program::is_program(path) {
            sources.failed |= self.program(path, span, sources).is_none();
            sources.is_ansible = true;
            return;
        }
        let Some(file) = self.file("inventory", path, span) else {
            sources.failed = true;
            return;
        };
        if self.is_script(file) {
            let text = &self.map.file(file).text;
            let line = text.find('\n').unwrap_or(text.len());
            let found = Diagnostic::error("E221", Span::new(file, 0..line), "this is a program that may not be run");
            let hint = format!("allow it: chmod +x {}", crate::text::quote(&path.to_string_lossy()));
            self.diagnostics.push(found.hint(hint));
            sources.failed = true;
            return;
        }
        match inventory::kind(&self.map, file) {
            Kind::Ansible => {
                sources.ansible.read(&self.map, file, &mut self.diagnostics);
                sources.is_ansible = true;
            }
            Kind::Plugin(span) => {
                self.diagnostics.push(inventory::plugin(span));
                sources.failed = true;
            }
            Kind::Other(span) if among => {
                let found = Diagnostic::warning("W205", span, "this file is no inventory").label("left out");
                self.diagnostics
                    .push(found.hint("a folder given as the inventory holds inventories, `group_vars` and `host_vars`".to_owned()));
            }
            Kind::Native | Kind::Other(_) => sources.native.push(file),
        }
    }

    /// Says whether a text names its interpreter and is neither a YAML map nor sections of INI.
    fn is_script(&self, file: FileId) -> bool {
        let text = &self.map.file(file).text;
        text.starts_with("#!")
            && !text.lines().any(|line| line.trim_start().starts_with('['))
            && yaml::parse(&self.map, file, &mut Diagnostics::default()).is_none_or(|node| node.as_map().is_none())
    }

    /// Runs an inventory program.
    fn program(&mut self, path: &Path, span: Option<Span>, sources: &mut Sources) -> Option<()> {
        let file = self.program_output(path, &["--list"], span)?;
        let Some(meta) = sources.ansible.read_list(&self.map, file, &mut self.diagnostics) else { return Some(()) };
        if let Meta::Ask(hosts) = meta {
            for host in hosts {
                let file = self.program_output(path, &["--host", &host], span)?;
                sources.ansible.read_host(&host, &self.map, file, &mut self.diagnostics);
            }
        }
        Some(())
    }

    fn program_output(&mut self, path: &Path, arguments: &[&str], span: Option<Span>) -> Option<FileId> {
        let name = format!("{} {}", path.display(), arguments.join(" "));
        match program::json(path, arguments) {
            Ok(text) => {
                self.inputs.push(super::load::input("inventory", &name, text.as_bytes(), Some(text.clone())));
                Some(self.map.add(name, Some(path), text))
            }
            Err(error) => {
                let mut found = Diagnostic::error("E221", span, format!("the inventory program `{name}` {error}"));
                for line in error.stderr() {
                    found = found.note(format!("stderr: {line}"));
                }
                self.diagnostics.push(found.hint(error.hint()));
                None
            }
        }
    }

    /// Reads the files of variables of every group and host, and makes the inventory.
    fn ansible(&mut self, mut sources: Sources, playbook: Option<&Path>) -> Inventory {
        let mut places: Vec<(PathBuf, Plane)> =
            std::mem::take(&mut sources.folders).into_iter().map(|folder| (folder, Plane::Inventory)).collect();
        let same = |folder: &Path| places.iter().any(|(other, _)| other.canonicalize().ok() == folder.canonicalize().ok());
        if let Some(folder) = playbook.filter(|folder| !same(folder)) {
            places.push((folder.to_owned(), Plane::Playbook));
        }
        let groups: Vec<Entity> = sources.ansible.groups().into_iter().map(Entity::Group).collect();
        let hosts: Vec<Entity> = sources.ansible.hosts().into_iter().map(Entity::Host).collect();
        for (folder, plane) in places {
            for (below, entities) in [("group_vars", &groups), ("host_vars", &hosts)] {
                let files: BTreeMap<String, PathBuf> = entries(&folder.join(below)).into_iter().collect();
                if files.is_empty() {
                    continue;
                }
                for entity in entities {
                    for path in vars_files(&files, entity) {
                        if let Some(file) = self.file("vars", &path, None) {
                            sources.ansible.read_vars(entity.clone(), plane, &self.map, file, &mut self.diagnostics);
                        }
                    }
                }
            }
        }
        let magic = self.map.add("<Ansible's own variables>", None, Ansible::MAGIC);
        sources.ansible.read_magic(&self.map, magic, &mut self.diagnostics);
        sources.ansible.finish(&self.map, &mut self.engine, &mut self.diagnostics)
    }
}

/// The files of an entity: the first of NAME, NAME.yml, NAME.yaml and NAME.json, or all of a folder of one of these names.
fn vars_files(files: &BTreeMap<String, PathBuf>, entity: &Entity) -> Vec<PathBuf> {
    let (Entity::Group(name) | Entity::Host(name)) = entity;
    let found = std::iter::once("").chain(VARS_ENDS).find_map(|end| files.get(&format!("{name}{end}")));
    let mut list = Vec::new();
    match found {
        Some(path) if path.is_dir() => vars_folder(path, 0, &mut list),
        Some(path) => list.push(path.clone()),
        None => {}
    }
    list
}

fn vars_folder(folder: &Path, depth: usize, list: &mut Vec<PathBuf>) {
    for (name, path) in entries(folder) {
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        let end = name.rfind('.').filter(|at| *at > 0).map_or("", |at| &name[at..]);
        if path.is_dir() {
            if end.is_empty() && depth < DEEPEST {
                vars_folder(&path, depth + 1, list);
            }
        } else if end.is_empty() || VARS_ENDS.contains(&end) {
            list.push(path);
        }
    }
}

/// What lies in a folder, by name; nothing where it can't be read.
pub(super) fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let Ok(read) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<(String, PathBuf)> =
        read.flatten().filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path()))).collect();
    entries.sort();
    entries
}

impl Loader {
    /// The hosts of ssh's configuration: `path`, else the user's own; `span` is the playbook's word for it.
    fn ssh_hosts(&mut self, path: Option<PathBuf>, span: Option<Span>) -> Option<Inventory> {
        let own = path.is_none();
        let config = path.or_else(super::ssh_config::of_user)?;
        if !config.exists() && (own || span.is_some()) {
            let found = Diagnostic::error("E001", span, format!("there is no ssh configuration `{}`", config.display()));
            self.diagnostics.push(found.hint(near_file(&config).or_else(|| Some("`ssh:PATH` names another one".to_owned()))));
            return None;
        }
        let names = self.ssh_names(&config)?;
        Some(inventory::from_ssh(&names, (!own).then_some(&*config), &mut self.diagnostics))
    }
}
