//! The book's examples, and the playbooks that come with the program, are right.
//!
//! Every block of README.md and docs/ that says `yaml` is a whole playbook, every `yaml inventory` a whole inventory;
//! `check`, `plan` and `hosts` of the built binary judge them. Playbooks are checked against the inventory of their
//! page that stands nearest above them, if it has the hosts they name, else against one that has the usual names. What
//! `console` blocks show is judged by tests/console.rs.
//!
//! Needs from the binary: `check FILE -i INVENTORY`, `plan FILE -i INVENTORY` and `hosts -i INVENTORY`, exit 0 and no word
//! of an error.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::path::Path;

use common::Project;
use common::book::{Block, blocks, blocks_of, name, pages, project_of, root};

/// The names that the pages use.
const INVENTORY: &str = "\
hosts:
  web[01-04]: {}
  web[1-4]: {}
  db1: { vars: { role: primary } }
  lb1: {}
groups:
  web: { hosts: \"web[01-04],web[1-4]\", vars: { http_port: 8080 } }
  canary: { hosts: [web01, web02] }
  db: { hosts: db1 }
";

#[test]
fn blocks_are_found() {
    let text = "a\n```yaml file=a.yml\nx: 1\n\ny: 2\n```\n```yaml inventory\nhosts: {}\n```\n```\nplain\n```\n";
    let found = blocks("a page", text);
    assert_eq!(found[0], Block { kind: "yaml".into(), file: Some("a.yml".into()), line: 3, text: "x: 1\n\ny: 2\n".into() });
    assert_eq!(found.iter().map(|block| block.kind.as_str()).collect::<Vec<_>>(), ["yaml", "yaml inventory", ""]);
}

/// What a block may be. Blocks with a file name are written into the page's folder before anything is checked; so
/// actions, included tasks and files of variables are judged with the playbook of their page that uses them.
const KINDS: &[&str] = &[
    "yaml",
    "yaml inventory",
    "yaml action",
    "yaml tasks",
    "yaml vars",
    "yaml ansible",
    "yaml workflow",
    "text",
    "sh",
    "sql",
    "json",
    "rust",
    "console",
];

#[test]
fn every_block_says_what_it_is() {
    for page in pages() {
        for block in blocks_of(&page) {
            let place = format!("{}:{}", name(&page), block.line);
            assert!(KINDS.contains(&block.kind.as_str()), "{place}: a block of an unknown kind {:?}", block.kind);
            let is_part = ["yaml action", "yaml tasks", "yaml vars"].contains(&block.kind.as_str());
            assert!(!is_part || block.file.is_some(), "{place}: a part of a playbook needs a file name, so that one can use it");
        }
    }
}

#[test]
fn every_playbook_and_inventory_of_the_book_is_right() {
    let (mut playbooks, mut wrong) = (0, Vec::new());
    // The judges are awake.
    let project = Project::new();
    project.file("wrong.yml", "rounds:\n  - name: a\n    hosts: localhost\n    tasks:\n      - rnu: echo\n");
    project.file("wrong_inventory.yml", "hots: {}\n");
    project.run(&["check", "wrong.yml"]).expect_code(3);
    project.run(&["hosts", "-i", "wrong_inventory.yml"]).expect_code(3);
    for page in pages() {
        let found = blocks_of(&page);
        let project = project_of(&found);
        project.file("usual.yml", INVENTORY);
        let mut above = None;
        for block in &found {
            let place = format!("{}:{}", name(&page), block.line);
            let file = block.file.clone().unwrap_or_else(|| format!("block{}.yml", block.line));
            match block.kind.as_str() {
                "yaml inventory" => {
                    project.file(&file, &block.text);
                    let shown = project.run(&["hosts", "-i", &file]);
                    if shown.code != 0 || shown.stderr.contains("error") {
                        wrong.push(format!("{place}\n{}", shown.text()));
                    }
                    above = Some(file);
                }
                "yaml" => {
                    playbooks += 1;
                    project.file(&file, &block.text);
                    // The page's own inventory wins over one that the playbook names.
                    let usual = judged(&project, &file, "usual.yml");
                    let own = above.as_ref().map(|inventory| judged(&project, &file, inventory));
                    if let (Err(why), None | Some(Err(_))) = (usual, own) {
                        wrong.push(format!("{place}\n{why}"));
                    }
                }
                "yaml action" | "yaml tasks" => {
                    let used = found.iter().any(|other| {
                        let uses = |line: &str| (line.contains("use: ") || line.contains("include: ")) && line.contains(&file);
                        other.kind == "yaml" && other.text.lines().any(uses)
                    });
                    if !used {
                        wrong.push(format!("{place}\nno playbook of the page uses {file}"));
                    }
                }
                _ => {}
            }
        }
    }
    assert!(playbooks > 10, "only {playbooks} playbooks were found");
    assert!(wrong.is_empty(), "{} blocks are wrong:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Checks a playbook against an inventory and plans it: the plan must name every round.
fn judged(project: &Project, playbook: &str, inventory: &str) -> Result<(), String> {
    let checked = project.run(&["check", playbook, "-i", inventory]);
    if checked.code != 0 {
        return Err(checked.text());
    }
    let planned = project.run(&["plan", playbook, "-i", inventory, "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&planned.stdout).unwrap_or_default();
    let rounds = std::fs::read_to_string(project.path(playbook)).unwrap().lines().filter(|line| line.starts_with("  - ")).count();
    if planned.code != 0 || plan["rounds"].as_array().is_none_or(|planned| planned.len() != rounds || rounds == 0) {
        return Err(format!("{rounds} rounds were written\n{}", planned.text()));
    }
    Ok(())
}

/// What a page shows of `plan` and of a mistake is what the binary says.
#[test]
fn what_the_first_pages_show_is_what_is_said() {
    let of = |page: &[Block], info: &str, holds: &str| -> String {
        let found = page.iter().find(|block| block.kind == info && block.text.contains(holds));
        found.unwrap_or_else(|| panic!("no block {info} with {holds:?}")).text.clone()
    };
    let blocks_of_readme = blocks_of(&root().join("README.md"));
    let project = Project::new();
    project.file("site.yml", of(&blocks_of_readme, "yaml", "name: Web tier"));
    project.file("inventory.yml", of(&blocks_of_readme, "yaml inventory", "web[01-40]"));
    let planned = project.ok(&["plan", "site.yml", "-i", "inventory.yml"]);
    assert_eq!(planned.stdout, of(&blocks_of_readme, "text", "round survey"));

    let tutorial = blocks_of(&root().join("docs/tutorial.md"));
    project.file("inventory.yml", of(&tutorial, "yaml inventory", "http_port"));
    project.file("site.yml", of(&tutorial, "yaml", "name: First site").replace("{{ http_port", "{{ htp_port"));
    let shown = project.run(&["check", "site.yml"]).expect_code(3);
    let wanted = of(&tutorial, "text", "htp_port");
    assert!(shown.stderr.contains(&wanted), "wanted:\n{wanted}\nshown:\n{}", shown.stderr);
}

/// The page on JSON forms names every class of refusal.
#[test]
fn the_json_page_is_complete() {
    let page = std::fs::read_to_string(root().join("docs/json.md")).unwrap();
    let words = roundsman::transport::RefusalClass::ALL.map(|class| format!("`{}`", class.word()));
    let missing: Vec<&String> = words.iter().filter(|word| !page.contains(*word)).collect();
    assert!(missing.is_empty(), "docs/json.md does not name {missing:?}");
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for page in pages().into_iter().chain([root().join("CONTRIBUTING.md")]) {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            if path.starts_with("http") {
                continue;
            }
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            if !target.exists() {
                wrong.push(format!("{}: {link}", page.display()));
            } else if !anchor.is_empty() && !headings(&target).iter().any(|heading| heading == anchor) {
                wrong.push(format!("{}: {link} (no such heading)", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "links to nowhere:\n{}", wrong.join("\n"));
}

/// The anchors of a page's headings, as GitHub makes them.
fn headings(page: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(page).unwrap();
    let headings = text.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim_start_matches('#').trim().to_lowercase());
    headings
        .map(|heading| heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>().replace(' ', "-"))
        .collect()
}

/// The playbooks that come with the program, by their paths.
fn playbooks() -> Vec<String> {
    let entries = std::fs::read_dir(root().join("playbooks")).unwrap().map(|entry| entry.unwrap().path());
    let mut playbooks: Vec<String> = entries
        .filter(|path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("\nrounds:")))
        .map(|path| path.display().to_string())
        .collect();
    playbooks.sort();
    assert!(playbooks.len() >= 5, "{playbooks:?}");
    playbooks
}

#[test]
fn playbooks_that_come_along_are_right_without_a_warning() {
    let project = Project::new();
    let inventory = root().join("playbooks/inventory.example.yml").display().to_string();
    for playbook in playbooks() {
        let shown = project.ok(&["check", &playbook, "-i", &inventory, "--deny-warnings"]);
        assert!(!shown.stderr.contains("warning"), "{playbook}\n{}", shown.text());
        project.ok(&["plan", &playbook, "-i", &inventory]);
    }
}

#[test]
fn inventories_that_come_along_are_right() {
    let project = Project::new();
    for name in ["inventory.example", "containers.example", "localhost"] {
        let inventory = root().join(format!("playbooks/{name}.yml")).display().to_string();
        let shown = project.ok(&["hosts", "-i", &inventory]);
        assert!(shown.stderr.is_empty(), "{name}\n{}", shown.text());
        for survey in ["survey", "disk-check"] {
            let playbook = root().join(format!("playbooks/{survey}.yml")).display().to_string();
            project.ok(&["plan", &playbook, "-i", &inventory]);
        }
    }
}

#[test]
fn playbooks_that_change_nothing_run_here() {
    let project = Project::new();
    for name in ["survey", "disk-check", "certificates"] {
        let playbook = root().join(format!("playbooks/{name}.yml")).display().to_string();
        let mut arguments = vec!["run", &playbook, "--db", "record.db"];
        if name == "disk-check" {
            arguments.extend(["-e", "max_used=100"]);
        }
        if name == "certificates" {
            arguments.extend(["-e", "days=0"]);
        }
        project.ok(&arguments);
    }
    for run in common::record::runs(&project.path("record.db")) {
        assert!(run.outcomes().values().all(|outcomes| outcomes[0]["status"] != "changed"), "a playbook that only looks changed something");
    }
}
