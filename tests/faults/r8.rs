//! R8: malformed playbooks, inventories and templates: a diagnostic with the right place, never a panic, never a connection.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::common::{Lab, Project};
use crate::r5::next;
use crate::table::Fault;
use crate::targets;

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        Fault { id: "R8", what: "a playbook or template with one mistake, made from a good one", tries: (100, 500), run: playbooks },
        Fault { id: "R8", what: "such a playbook or inventory, by the binary, before a host", tries: (12, 60), run: by_binary },
    ]
}

/// Keys that mean something wherever they stand in the corpus.
const KEYS: [&str; 14] = [
    "rounds",
    "hosts",
    "tasks",
    "run",
    "copy",
    "when",
    "retries",
    "timeout",
    "become",
    "notify",
    "parallel",
    "handlers",
    "unless",
    "read_only",
];

/// A text with one mistake, and the lines where it may be told.
struct Mistake {
    what: String,
    text: String,
    lines: std::ops::RangeInclusive<u32>,
}

/// Makes every mistake of every kind that a good text allows.
fn mistakes(name: &str, text: &str) -> Vec<Mistake> {
    let lines: Vec<&str> = text.lines().collect();
    let mut all = Vec::new();
    // A block text is one value: a mistake in its shell text or template is told inside of it.
    let mut add = |what: &str, at: usize, line: String, until: usize| {
        let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        changed[at] = line;
        all.push(Mistake {
            what: format!("{name}:{}: {what}", at + 1),
            text: changed.join("\n") + "\n",
            lines: line_of(at)..=line_of(until),
        });
    };
    for (at, line) in lines.iter().enumerate() {
        let inner = line.trim_start().trim_start_matches("- ");
        if line.trim_start().starts_with('#') {
            continue;
        }
        for key in KEYS {
            if inner.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')) {
                add("a misspelt key", at, line.replacen(key, &format!("{key}zq"), 1), at);
                if inner.len() > key.len() + 1 {
                    add("a wrong type", at, format!("{}{key}: {{ zq: [1, 2] }}", &line[..line.len() - inner.len()]), at + 1);
                }
            }
        }
        if let Some(open) = line.find("{{ ") {
            let name = line[open + 3..].split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').next().unwrap_or_default();
            if name.len() > 2 && !["not", "true", "none"].contains(&name) {
                add("an unknown variable", at, line.replacen(&format!("{{{{ {name}"), &format!("{{{{ {name}zq"), 1), at);
            }
            add("an expression that is cut short", at, line.replacen("{{ ", "{{ (", 1), at);
            if line.contains(" }}") {
                add("an unknown filter", at, line.replacen(" }}", " | zqzq }}", 1), at);
            }
        }
        if !inner.is_empty() && line.starts_with(' ') && inner.contains(": ") {
            add("a tab", at, format!("\t{}", line.trim_start()), at + 1);
        }
    }
    all
}

fn good() -> Vec<(String, String)> {
    let mut paths: Vec<_> = std::fs::read_dir(targets::corpus().join("good")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "yml"));
    paths.sort();
    let named =
        |path: &std::path::PathBuf| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap());
    paths.iter().map(named).collect()
}

/// Mistakes that are some: a few land where anything goes, in free text or under names of one's own.
fn real(tries: usize) -> Vec<(Mistake, targets::Checked)> {
    let mut all: Vec<Mistake> = good().iter().flat_map(|(name, text)| mistakes(name, text)).collect();
    let mut state = 11;
    for at in (1..all.len()).rev() {
        all.swap(at, usize::try_from(next(&mut state)).unwrap() % (at + 1));
    }
    let mut found = Vec::new();
    for mistake in all {
        if found.len() == tries {
            break;
        }
        let checked = catch_unwind(AssertUnwindSafe(|| targets::check(&mistake.text)));
        let checked = checked.unwrap_or_else(|_| panic!("{} panics", mistake.what));
        if checked.diagnostics.has_errors() {
            found.push((mistake, checked));
        }
    }
    assert_eq!(found.len(), tries, "the corpus allows no more mistakes");
    found
}

fn playbooks(tries: usize) -> Vec<String> {
    let mut lost = Vec::new();
    for (mistake, checked) in real(tries) {
        let told = checked.diagnostics.iter().flat_map(|told| told.primary.iter().chain(&told.secondary));
        let places: Vec<u32> =
            told.filter(|label| label.span.file == checked.file).map(|label| checked.map.location(label.span).line).collect();
        if !places.iter().any(|line| mistake.lines.contains(line)) {
            lost.push(format!("{}: told at {places:?}\n{}", mistake.what, checked.diagnostics.to_text(&checked.map)));
        }
    }
    lost
}

fn by_binary(tries: usize) -> Vec<String> {
    let lab = Lab::start(1);
    let mut lost = Vec::new();
    let lab_text = lab.inventory_text(lab.port());
    let broken =
        ["hosts:\n  h001: { addres: x }\n", "hosts: [\n", "hosts:\n  h001: { connect: { port: many } }\n", "hosts: { 'h[9-1]': {} }\n"];
    for (index, (mistake, _)) in real(tries).into_iter().enumerate() {
        let project = Project::new();
        let mark = project.path("mark");
        let sound = format!("rounds:\n  - hosts: all\n    tasks: [{{ run: touch {} }}]\n", mark.display());
        // In turn: a mistake in the playbook, and one in the inventory.
        let (site, hosts) =
            if index % 3 == 2 { (sound, broken[index / 3 % broken.len()].to_owned()) } else { (mistake.text, lab_text.clone()) };
        project.file("site.yml", site);
        project.file("hosts.yml", hosts);
        let shown = project.run(&["run", "site.yml", "-i", "hosts.yml"]);
        if shown.code != 3 || shown.both().contains("panicked") || lab.connections() != 0 || mark.exists() || project.record().exists() {
            lost.push(format!("{}: {} connections\n{}", mistake.what, lab.connections(), shown.text()));
        }
    }
    lost
}

/// The number of a line, from 1.
fn line_of(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap()
}
