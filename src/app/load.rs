//! From files to a plan: everything that `check`, `plan` and `run` share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, SourceText, Span};
use crate::event::InputFile;
use crate::model::{Inventory, Playbook, VarValue};
use crate::plan::{NothingYet, Plan, PlanView, RunInfo, World};
use crate::template::Engine;
use crate::text::hex;
use crate::{inventory, plan, playbook, yaml};

/// Where a playbook comes from.
#[derive(Debug, Clone)]
pub enum PlaybookSource {
    /// A file.
    File(PathBuf),
    /// A text that is in no file.
    Text {
        /// What messages call it.
        name: String,
        /// The YAML.
        text: String,
        /// What relative paths in it are relative to.
        folder: PathBuf,
    },
}

impl PlaybookSource {
    /// The folder that the playbook's relative paths start from.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        match self {
            PlaybookSource::File(path) => match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
                _ => PathBuf::from("."),
            },
            PlaybookSource::Text { folder, .. } => folder.clone(),
        }
    }
}

/// A `-e`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtraVar {
    /// A name and its value, which is read as YAML.
    Pair(String, String),
    /// A YAML file of variables.
    File(PathBuf),
}

/// What to load.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The playbook.
    pub playbook: PlaybookSource,
    /// `-i`, in the order given: files, folders, programs, names with commas, `ssh:`; none is the playbook's own, else this
    /// machine alone.
    pub inventory: Vec<String>,
    /// `--limit`.
    pub limit: Option<String>,
    /// `--on`: as `limit`, which then is none.
    pub on: Option<String>,
    /// `-x`.
    pub exclude: Option<String>,
    /// `-e`, in the order given.
    pub extra: Vec<ExtraVar>,
    /// `--tags`.
    pub tags: Vec<String>,
    /// `--skip-tags`.
    pub skip_tags: Vec<String>,
    /// `--start-at`.
    pub start_at: Option<String>,
}

impl Sources {
    /// A playbook file with nothing said besides.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Sources {
        Sources::of(PlaybookSource::File(path.into()))
    }

    /// A playbook with nothing said besides.
    #[must_use]
    pub fn of(playbook: PlaybookSource) -> Sources {
        Sources {
            playbook,
            inventory: Vec::new(),
            limit: None,
            on: None,
            exclude: None,
            extra: Vec::new(),
            tags: Vec::new(),
            skip_tags: Vec::new(),
            start_at: None,
        }
    }
}

/// What was loaded, with all that is to be said of it.
#[derive(Debug)]
pub struct Loaded {
    /// Every text that was read.
    pub map: SourceMap,
    /// Mistakes and warnings.
    pub diagnostics: Diagnostics,
    /// What can be planned and run; none where there are errors.
    pub ready: Option<Ready>,
}

/// A playbook that can be run.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The playbook.
    pub playbook: Arc<Playbook>,
    /// The hosts.
    pub inventory: Arc<Inventory>,
    /// The compiled templates.
    pub engine: Arc<Engine>,
    /// The graph.
    pub plan: Arc<Plan>,
    /// The plan as people and programs see it.
    pub view: PlanView,
    /// Every file that was read, for the record.
    pub inputs: Vec<InputFile>,
    /// Files that the run will copy; they are read, for their digests, only when it begins.
    pub files: Vec<PathBuf>,
    /// `-e` as plain data, for the record.
    pub extra: indexmap::IndexMap<String, crate::model::Value>,
}

/// The warning of `each` over text, which planning tells as an error where it gets that far.
const EACH_OVER_TEXT: &str = "W108";
/// What fails when a plan renders it.
const FAILS_RENDERED: &str = "E404";

/// Loads a playbook with its inventory: read, resolved, checked, planned. Nothing is connected to.
#[must_use]
pub fn load(sources: &Sources) -> Loaded {
    let mut loader = Loader::default();
    let ready = loader.load(sources);
    let ready = ready.filter(|_| !loader.diagnostics.has_errors());
    Loaded { map: loader.map, diagnostics: loader.diagnostics, ready }
}

/// What was checked, with all that is to be said of it.
#[derive(Debug)]
pub struct Checked {
    /// Every text that was read.
    pub map: SourceMap,
    /// Mistakes and warnings.
    pub diagnostics: Diagnostics,
    /// The playbook; none where there are errors.
    pub playbook: Option<Arc<Playbook>>,
}

/// Checks a playbook with its inventory: finds all that [`load`] finds, and keeps little of it.
#[must_use]
pub fn check(sources: &Sources) -> Checked {
    let mut loader = Loader::default();
    let built = loader.build(sources);
    if let Some(built) = &built {
        plan::examine(&built.plan, &built.world, &built.engine, &loader.map, &mut loader.diagnostics);
        loader.diagnostics.drop_echoes(EACH_OVER_TEXT, FAILS_RENDERED);
    }
    let playbook = built.filter(|_| !loader.diagnostics.has_errors()).map(|built| built.playbook);
    Checked { map: loader.map, diagnostics: loader.diagnostics, playbook }
}

/// Checks several playbooks with what is said for all of them.
#[must_use]
pub fn check_each(playbooks: &[PathBuf], rest: &Sources) -> Vec<Checked> {
    playbooks.iter().map(|path| check(&Sources { playbook: PlaybookSource::File(path.clone()), ..rest.clone() })).collect()
}

#[derive(Default)]
pub(super) struct Loader {
    pub(super) map: SourceMap,
    pub(super) diagnostics: Diagnostics,
    pub(super) engine: Engine,
    pub(super) inputs: Vec<InputFile>,
}

/// A playbook bound to its hosts, not yet rendered.
pub(super) struct Built {
    pub(super) playbook: Arc<Playbook>,
    pub(super) inventory: Arc<Inventory>,
    pub(super) engine: Arc<Engine>,
    plan: Plan,
    pub(super) world: Arc<World>,
    files: Vec<PathBuf>,
    extra: indexmap::IndexMap<String, crate::model::Value>,
}

impl Loader {
    fn load(&mut self, sources: &Sources) -> Option<Ready> {
        let built = self.build(sources)?;
        let view = plan::view(&built.plan, &built.world, &built.engine, &self.map, &mut self.diagnostics);
        self.diagnostics.drop_echoes(EACH_OVER_TEXT, FAILS_RENDERED);
        Some(Ready {
            playbook: built.playbook,
            inventory: built.inventory,
            engine: built.engine,
            plan: Arc::new(built.plan),
            view,
            inputs: std::mem::take(&mut self.inputs),
            files: built.files,
            extra: built.extra,
        })
    }

    pub(super) fn build(&mut self, sources: &Sources) -> Option<Built> {
        let folder = sources.playbook.folder();
        let mut syntax = self.playbook_file(&sources.playbook).and_then(|file| playbook::read(&self.map, file, &mut self.diagnostics));
        if let Some(syntax) = &mut syntax {
            self.parts(syntax);
        }
        let named = syntax.as_ref().map(|syntax| syntax.inventory().to_vec()).unwrap_or_default();
        let inventory = self.inventory(&sources.inventory, &named, Some(&folder));
        let texts: Vec<&str> = syntax.iter().flat_map(|syntax| syntax.text_inputs()).collect();
        let extra = self.extra(&sources.extra, &texts);
        let (syntax, inventory) = (syntax?, inventory?);
        let options = playbook::Options {
            limit: match &sources.on {
                Some(text) => Some(self.argument("--on", text)),
                None => sources.limit.as_deref().map(|text| self.argument("--limit", text)),
            },
            exclude: sources.exclude.as_deref().map(|text| self.argument("--exclude", text)),
            tags: sources.tags.iter().map(|tag| self.argument("--tags", tag)).collect(),
            skip_tags: sources.skip_tags.iter().map(|tag| self.argument("--skip-tags", tag)).collect(),
            start_at: sources.start_at.as_deref().map(|text| self.argument("--start-at", text)),
            extra,
        };
        let resolved = playbook::resolve(&syntax, &self.map, &inventory, &mut self.engine, &options, &mut self.diagnostics)?;
        for need in &resolved.files_needed {
            self.needed_file(&need.path, need.span, need.hint);
        }
        for secret in resolved.playbook.secrets.values().filter(|secret| secret.used) {
            if let Some(path) = secret.source.file() {
                self.needed_file(&super::secrets::at_home(path), secret.place, None);
            }
        }
        let files: indexmap::IndexSet<PathBuf> = resolved.files_needed.iter().map(|need| need.path.clone()).collect();
        let plan = plan::build(&resolved.playbook, &mut self.diagnostics)?;
        let extra = options.extra.iter().filter_map(|(name, value)| match value {
            VarValue::Plain(value) => Some((name.clone(), value.clone())),
            // As typed: a template is recorded as such.
            VarValue::Template(template) => Some((name.clone(), template.source.text.as_str().into())),
            VarValue::List(_) | VarValue::Map(_) | VarValue::Unusable(_) => None,
        });
        let extra = extra.collect();
        let engine = Arc::new(std::mem::take(&mut self.engine));
        let (playbook, inventory) = (Arc::new(resolved.playbook), Arc::new(inventory));
        let controller = super::header::controller();
        let run = RunInfo { user: controller.user.clone(), ..RunInfo::default() };
        let world = World::new(Arc::clone(&playbook), Arc::clone(&inventory), &plan, Arc::new(NothingYet), run, controller);
        Some(Built { playbook, inventory, engine, plan, world, files: files.into_iter().collect(), extra })
    }

    /// Reads the files that a playbook includes and uses, and those that these name, until there are no more.
    fn parts(&mut self, syntax: &mut playbook::Syntax) {
        loop {
            let wanted = syntax.wanted(&self.map);
            if wanted.is_empty() {
                return;
            }
            for wanted in wanted {
                let file = self.file(wanted.role.word(), &wanted.path, Some(wanted.span));
                syntax.give(wanted, file, &self.map, &mut self.diagnostics);
            }
        }
    }

    fn playbook_file(&mut self, source: &PlaybookSource) -> Option<FileId> {
        match source {
            PlaybookSource::File(path) if matches!(super::read_saved_plan(path), Ok(Some(_)) | Err(_)) => {
                let what = format!("`{}` is a saved plan, not a playbook", path.display());
                self.diagnostics
                    .push(Diagnostic::error("E001", None, what).hint(Some(format!("`roundsman run {}` runs it", path.display()))));
                None
            }
            PlaybookSource::File(path) => self.file("playbook", path, None),
            PlaybookSource::Text { name, text, folder } => {
                self.inputs.push(input("playbook", name, text.as_bytes(), Some(text.clone())));
                Some(self.map.add(name.clone(), Some(&folder.join(name)), text.as_str()))
            }
        }
    }

    pub(super) fn file(&mut self, role: &str, path: &Path, span: Option<Span>) -> Option<FileId> {
        let name = path.display().to_string();
        if path.is_dir() {
            self.diagnostics.push(Diagnostic::error("E001", span, format!("`{name}` is a folder, not a file")));
            return None;
        }
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => {
                let what = format!("the {role} file `{name}` can't be read: {error}");
                self.diagnostics.push(Diagnostic::error("E001", span, what).hint(near_file(path)));
                return None;
            }
        };
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.inputs.push(input(role, &name, text.as_bytes(), Some(text.clone())));
                Some(self.map.add(name, Some(path), text))
            }
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let file = self.map.add(name, Some(path), text);
                let found = Diagnostic::error("E002", Span::new(file, good..good + 1), "this is not UTF-8 text");
                self.diagnostics.push(found.hint("save the file as UTF-8".to_owned()));
                None
            }
        }
    }

    /// Reads `-e`; the inputs of `texts` take their text as typed, all else is YAML.
    fn extra(&mut self, extra: &[ExtraVar], texts: &[&str]) -> Vec<(String, VarValue)> {
        let mut values = Vec::new();
        for entry in extra {
            match entry {
                ExtraVar::Pair(name, text) if texts.contains(&name.as_str()) && !text.starts_with(['"', '\'']) => {
                    values.push((name.clone(), VarValue::Plain(text.as_str().into())));
                }
                ExtraVar::Pair(name, text) => {
                    let file = self.map.add(format!("<-e {name}>"), None, text.as_str());
                    if let Some(node) = yaml::parse(&self.map, file, &mut self.diagnostics) {
                        values.push((name.clone(), inventory::var_value(&node, &mut self.engine, &mut self.diagnostics)));
                    }
                }
                ExtraVar::File(path) => {
                    let Some(file) = self.file("vars", path, None) else { continue };
                    let Some(node) = yaml::parse(&self.map, file, &mut self.diagnostics) else { continue };
                    for entry in node.read_map("a file of variables", &mut self.diagnostics).unwrap_or_default() {
                        values.push((entry.key.text.clone(), inventory::var_value(&entry.value, &mut self.engine, &mut self.diagnostics)));
                    }
                }
            }
        }
        values
    }

    /// An argument as a text with a place.
    pub(super) fn argument(&mut self, name: &str, text: &str) -> SourceText {
        let file = self.map.add(format!("<{name}>"), None, text);
        SourceText::verbatim(text, Span::new(file, 0..text.len()))
    }

    fn needed_file(&mut self, path: &Path, span: Span, hint: Option<&str>) {
        let name = path.display();
        match std::fs::File::open(path).and_then(|file| file.metadata()) {
            Ok(found) if found.is_dir() => {
                self.diagnostics.push(Diagnostic::error("E190", span, format!("`{name}` is a folder, not a file")))
            }
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                self.diagnostics.push(
                    Diagnostic::error("E190", span, format!("there is no file `{name}`"))
                        .hint(near_file(path).or_else(|| hint.map(str::to_owned))),
                );
            }
            Err(error) => self.diagnostics.push(Diagnostic::error("E190", span, format!("`{name}` can't be read: {error}"))),
        }
    }
}

/// Suggests a file of nearly the same name in the same folder.
pub(super) fn near_file(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> =
        std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    crate::text::did_you_mean(path.file_name()?.to_str()?, names.iter().map(String::as_str))
}

pub(super) fn input(role: &str, name: &str, bytes: &[u8], text: Option<String>) -> InputFile {
    InputFile { role: role.to_owned(), name: name.to_owned(), sha256: hex(&Sha256::digest(bytes)), text }
}
