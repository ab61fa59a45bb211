//! What is fuzzed: each target takes any bytes and must come back, soon and without a panic, whatever they are.
//!
//! `tests/fuzz.rs` runs them on mutations of a corpus, the same each time; cargo-fuzz runs them on what it finds (CONTRIBUTING.md). They
//! know only the library's public interface.
#![allow(clippy::unwrap_used, dead_code, reason = "tests; each user uses a part")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use roundsman::diag::{Diagnostics, FileId, SourceMap, SourceText, Span};
use roundsman::inventory::{self, Mode};
use roundsman::model::{Context, Inventory, Value};
use roundsman::plan::{self, SavedPlan};
use roundsman::playbook::{Options, Resolved, read, resolve};
use roundsman::resource;
use roundsman::template::{Engine, Lazy, Lookup, Root};

/// A target.
pub(crate) type Target = fn(&[u8]);

/// Every target that needs no feature, by its name.
pub(crate) const ALL: [(&str, Target); 6] = [
    ("playbook", playbook),
    ("inventory", hosts),
    ("host_expression", host_expression),
    ("template", template),
    ("saved_plan", saved_plan),
    ("answers", answers),
];

/// The folder of the corpus.
pub(crate) fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("tests/corpus")).find(|folder| folder.is_dir()).unwrap()
}

/// What became of a playbook's text.
pub(crate) struct Checked {
    pub(crate) map: SourceMap,
    pub(crate) file: FileId,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) resolved: Option<Resolved>,
}

/// Takes a playbook's text from YAML to a plan, with the inventory and the parts of the corpus.
pub(crate) fn check(text: &str) -> Checked {
    let folder = corpus();
    let mut map = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let mut engine = Engine::new();
    let inventory = corpus_inventory(&mut map, &mut engine);
    let path = folder.join("good/mutated.yml");
    let file = map.add("mutated.yml", Some(&path), text);
    let mut syntax = read(&map, file, &mut diagnostics);
    while let Some(syntax) = syntax.as_mut().filter(|syntax| !syntax.wanted(&map).is_empty()) {
        for wanted in syntax.wanted(&map) {
            let text = wanted.path.starts_with(&folder).then(|| std::fs::read_to_string(&wanted.path).ok()).flatten();
            let file = text.map(|text| map.add("part", Some(&wanted.path), text));
            syntax.give(wanted, file, &map, &mut diagnostics);
        }
    }
    let resolved = syntax.and_then(|syntax| resolve(&syntax, &map, &inventory, &mut engine, &Options::default(), &mut diagnostics));
    if let Some(resolved) = &resolved {
        let _ = plan::build(&resolved.playbook, &mut diagnostics);
    }
    // Whatever is said can be shown.
    let _ = diagnostics.to_text(&map);
    Checked { map, file, diagnostics, resolved }
}

fn corpus_inventory(map: &mut SourceMap, engine: &mut Engine) -> Inventory {
    let path = corpus().join("inventory.yml");
    let file = map.add("inventory.yml", Some(&path), std::fs::read_to_string(&path).unwrap());
    inventory::load(map, file, engine, &mut Diagnostics::default()).expect("the corpus has an inventory")
}

/// A playbook, from YAML to a plan.
pub(crate) fn playbook(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        check(text);
    }
}

/// An inventory, of our form or Ansible's.
pub(crate) fn hosts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for name in ["hosts.yml", "hosts.ini", "hosts"] {
        let mut map = SourceMap::default();
        let mut diagnostics = Diagnostics::default();
        let file = map.add(name, Some(Path::new(name)), text);
        let _ = inventory::load(&map, file, &mut Engine::new(), &mut diagnostics);
        let _ = diagnostics.to_text(&map);
    }
}

/// A host expression.
pub(crate) fn host_expression(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut map = SourceMap::default();
    let inventory = corpus_inventory(&mut map, &mut Engine::new());
    let file = map.add("expression", None, text);
    let source = SourceText::verbatim(text, Span::new(file, 0..text.len()));
    for mode in [Mode::Hosts, Mode::Limit] {
        let mut diagnostics = Diagnostics::default();
        let found = inventory::select(&inventory, &source, mode, &mut diagnostics);
        let mut once = found.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), found.len(), "a host twice");
        let _ = diagnostics.to_text(&map);
    }
}

#[derive(Debug)]
struct World;

impl Lazy for World {
    fn get(&self, name: &str) -> Lookup {
        match name {
            "x" => Lookup::Value(Value::from("it's $(x) `y` \"z\"\n")),
            "n" => Lookup::Value(Value::Int(-7)),
            "l" => Lookup::Value(Value::from_iter(["a b", "", "'"])),
            "empty" => Lookup::Value(Value::None),
            _ => Lookup::Missing,
        }
    }

    fn names(&self) -> Vec<String> {
        ["x", "n", "l", "empty"].map(str::to_owned).into()
    }
}

/// A template: compiled in every context, and rendered where it could be.
pub(crate) fn template(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let root: Root = Arc::new(World);
    for context in [Context::Text, Context::Native, Context::Shell] {
        let mut map = SourceMap::default();
        let mut diagnostics = Diagnostics::default();
        let mut engine = Engine::new();
        let file = map.add("t", None, text);
        let source = SourceText::verbatim(text, Span::new(file, 0..text.len()));
        if let Some(template) = engine.compile(source, context, &mut diagnostics) {
            let first = engine.render(&template, &root);
            assert!(text.contains("random") || first == engine.render(&template, &root), "it renders otherwise the second time");
        }
        let _ = diagnostics.to_text(&map);
    }
}

/// A saved plan.
pub(crate) fn saved_plan(bytes: &[u8]) {
    if let Ok(saved) = serde_json::from_slice::<SavedPlan>(bytes) {
        // What was read is written as it was read.
        let text = serde_json::to_string(&saved).unwrap();
        let again: SavedPlan = serde_json::from_str(&text).unwrap();
        assert_eq!(text, serde_json::to_string(&again).unwrap());
    }
}

/// What a host answers to scripts of ours.
pub(crate) fn answers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(stat) = resource::FileStat::parse(&text) {
        let _ = (resource::FileStat::outputs(stat.as_ref()), resource::FileStat::shown(stat.as_ref()));
    }
    let _ = resource::glob_paths(bytes);
    let _ = resource::copied(&text);
    let _ = resource::CopyAnswer::parse(&text);
    let _ = resource::RemoteFile::parse(&text);
    let _ = resource::last_seen(&text);
    let sections: Vec<String> = resource::FACT_SECTIONS.iter().map(|section| section.to_string()).collect();
    let facts = resource::read_facts(&text, &sections);
    let _ = resource::facts_shown(&facts);
    let rights = resource::Rights::default();
    let declared: [Box<dyn resource::Resource>; 1] =
        [Box::new(resource::PathPlan { dest: "/x".to_owned(), wanted: resource::WantedPath::Directory(rights) })];
    for declared in declared {
        let _ = (declared.compare(bytes), declared.applied(bytes));
    }
}

/// What a host says on a lane.
#[cfg(feature = "bench-internals")]
pub(crate) fn lane(bytes: &[u8]) {
    use roundsman::transport::bench::Framing;
    use roundsman::transport::{Invocation, OnFailure, OutputStream, Request};
    use std::time::{Duration, Instant};

    const TOKEN: &str = "0123456789abcdef0123456789abcdef";
    let now = Instant::now();
    let mut framing = Framing::new(TOKEN);
    for id in 1..4 {
        framing.run(Request {
            on_failure: OnFailure::Stop,
            ..Request::new(id, Invocation::Script("true".to_owned()), Duration::from_secs(1))
        });
    }
    // `T` stands for the token, so that marks are found.
    let said = String::from_utf8_lossy(bytes).replace('T', TOKEN).into_bytes();
    for (at, piece) in said.chunks(7).enumerate() {
        let stream = if at % 3 == 0 { OutputStream::Stderr } else { OutputStream::Stdout };
        let _ = framing.hear(stream, piece, now).count();
        assert!(framing.wire(now).len() < 1 << 20);
    }
}
