//! What `check` finds without a connection: every mistake at once, each with its place.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::Project;

/// A text with its mistakes marked by `⟦…⟧`, and what `check` must say at each.
struct Marked {
    text: String,
    places: Vec<(usize, usize)>,
}

fn marked(text: &str) -> Marked {
    let mut marked = Marked { text: String::new(), places: Vec::new() };
    let (mut line, mut column) = (1, 1);
    for c in text.chars() {
        match c {
            '⟦' => marked.places.push((line, column)),
            '⟧' => {}
            '\n' => {
                marked.text.push(c);
                (line, column) = (line + 1, 1);
            }
            _ => {
                marked.text.push(c);
                column += 1;
            }
        }
    }
    marked
}

const FIVE_TYPOS: &str = "\
name: Five typos
vars: { release: \"2.4.1\" }
rounds:
  - name: survey
    hosts: ⟦wbe⟧
    tasks:
      - name: kernel
        run: uname -r
        ⟦raed_only⟧: true
      - name: hello
        run: echo {{ ⟦relaese⟧ }}
      - name: again
        ⟦rnu⟧: echo again
      - name: last
        needs: [⟦kernle⟧]
        run: echo last
";

const INVENTORY: &str = "hosts:\n  web1: {}\n  web2: {}\ngroups:\n  web: { hosts: [web1, web2] }\n";

#[test]
fn five_typos_are_five_errors_with_their_places() {
    let marked = marked(FIVE_TYPOS);
    assert_eq!(marked.places.len(), 5);
    let project = Project::new();
    project.file("site.yml", &marked.text);
    project.file("inventory.yml", INVENTORY);
    for command in ["check", "plan", "run"] {
        let shown = project.run(&[command, "site.yml", "-i", "inventory.yml"]).expect_code(3);
        for (line, column) in &marked.places {
            let place = format!("site.yml:{line}:{column}\n");
            assert!(shown.stderr.contains(&place), "{command} does not say {place}{}", shown.text());
        }
        assert_eq!(shown.stderr.matches("error[").count(), 5, "{}", shown.text());
        for hint in ["read_only", "release", "run", "kernel", "web"] {
            assert!(shown.stderr.contains(&format!("did you mean `{hint}`?")), "no hint to `{hint}`\n{}", shown.text());
        }
        assert_eq!(shown.stdout, "", "errors are not data");
    }
    assert!(!common::cli::exists(&project.record()), "nothing of an invalid playbook is recorded");
}

#[test]
fn a_right_playbook_is_right() {
    let project = Project::new();
    let text: String = FIVE_TYPOS.replace(['⟦', '⟧'], "").replace("wbe", "web").replace("raed_only", "read_only");
    let text = text.replace("relaese", "release").replace("rnu", "run").replace("kernle", "kernel");
    project.file("site.yml", text);
    project.file("inventory.yml", INVENTORY);
    project.ok(&["check", "site.yml", "-i", "inventory.yml"]);
    let plan = project.ok(&["plan", "site.yml", "-i", "inventory.yml"]);
    assert!(plan.stdout.contains("web[1-2]"), "{}", plan.text());
    assert!(plan.stdout.contains("echo 2.4.1"), "known values are in the plan\n{}", plan.text());
    assert_eq!(plan, project.ok(&["plan", "site.yml", "-i", "inventory.yml"]), "the same inputs give the same plan");
}

#[test]
fn a_variable_that_one_host_lacks_is_found_before_connecting() {
    let project = Project::new();
    project.file("site.yml", "rounds:\n  - name: work\n    hosts: all\n    tasks:\n      - run: echo {{ port }}\n");
    project.file("inventory.yml", "hosts:\n  web1: { vars: { port: 80 } }\n  web2: {}\n");
    let shown = project.run(&["check", "site.yml", "-i", "inventory.yml"]).expect_code(3);
    assert!(shown.stderr.contains("site.yml:5:22"), "{}", shown.text());
    assert!(shown.stderr.contains("not defined for web2\n"), "just the host that lacks it\n{}", shown.text());
}

#[test]
fn a_cycle_names_its_edges() {
    let project = Project::new();
    let tasks = "      - { name: a, needs: [b], run: echo a }\n      - { name: b, needs: [a], run: echo b }\n";
    project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: localhost\n    tasks:\n{tasks}"));
    let shown = project.run(&["check", "site.yml"]).expect_code(3);
    assert!(shown.stderr.contains("site.yml:5:") && shown.stderr.contains("6 |"), "both places\n{}", shown.text());
}

#[test]
fn what_is_not_there_yet_is_not_called_unknown() {
    let project = Project::new();
    project.file(
        "site.yml",
        "on_finish: tell\nrounds:\n  - name: work\n    hosts: localhost\n    tasks:\n      - run: echo a\n        durable: true\n",
    );
    let shown = project.run(&["check", "site.yml"]).expect_code(3);
    assert_eq!(shown.stderr.matches("not supported yet").count(), 2, "{}", shown.text());
    assert!(!shown.stderr.contains("unknown"), "{}", shown.text());
}

#[test]
fn errors_end_with_the_command_that_explains_them() {
    let project = Project::new();
    project.file("site.yml", "rounds:\n  - hosts: localhost\n    tasks:\n      - rnu: uptime\n      - print: \"{{ x }}\"\n");
    project.file("warned.yml", "vars: { a: 1 }\nrounds:\n  - hosts: localhost\n    tasks:\n      - run: uptime\n");
    let shown = project.run(&["check", "site.yml", "site.yml"]).expect_code(3);
    assert!(shown.stderr.ends_with("\nfor more, roundsman explain --code E015\n"), "{}", shown.text());
    assert_eq!(shown.stderr.matches("for more").count(), 1, "{}", shown.text());
    for (arguments, code) in [(&["check", "-q", "site.yml"][..], 3), (&["check", "warned.yml"], 0)] {
        let shown = project.run(arguments).expect_code(code);
        assert!(!shown.stderr.contains("explain"), "{}", shown.text());
    }
    assert!(project.run(&["plan", "site.yml"]).expect_code(3).stderr.ends_with("--code E015\n"));
}

#[test]
fn a_code_is_explained() {
    let project = Project::new();
    let shown = project.ok(&["explain", "--code", "e015"]);
    assert!(shown.stdout.starts_with("E015: an unknown key\n\n"), "{}", shown.text());
    let json = project.ok(&["explain", "--code", "E015", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    // What the explanation calls wrong is wrong in that way.
    project.file("wrong.yml", json["wrong"]["text"].as_str().unwrap());
    project.file("inventory.yml", "hosts: { web1: {} }\ngroups: { web: { hosts: web1 } }\n");
    assert!(project.run(&["check", "wrong.yml", "-i", "inventory.yml"]).expect_code(3).stderr.contains("error[E015]"));
    let list = project.ok(&["explain", "--code"]);
    assert!(list.stdout.lines().any(|line| line == "E015  an unknown key"), "{}", list.text());
    let unknown = project.run(&["explain", "--code", "E014x"]).expect_code(2);
    assert_eq!(unknown.stderr, "error: there is no code `E014x`\n\nhint: `roundsman explain --code` lists all codes\n");
    project.run(&["explain"]).expect_code(2);
}

#[test]
fn files_that_a_playbook_takes_in_are_read_and_recorded() {
    let project = Project::new();
    project.file(
        "site.yml",
        "inputs: { version: { type: string } }\nrounds:\n  - hosts: localhost\n    tasks:\n      - include: tasks/more.yml\n      \
         - use: actions/deploy.yml\n",
    );
    project.file("tasks/more.yml", "- run: id\n- include: last.yml\n");
    project.file("tasks/last.yml", "- run: id\n");
    project.file("actions/deploy.yml", "tasks:\n  - run: id\n");
    let mut sources = roundsman::Sources::file(project.path("site.yml"));
    // A text as typed: as YAML it would be the number 2.1.
    sources.extra.push(roundsman::app::ExtraVar::Pair("version".to_owned(), "2.10".to_owned()));
    let loaded = roundsman::load(&sources);
    let ready = loaded.ready.unwrap_or_else(|| panic!("{}", loaded.diagnostics.to_text(&loaded.map)));
    let inputs: Vec<(&str, &str)> =
        ready.inputs.iter().map(|input| (input.role.as_str(), input.name.rsplit('/').next().unwrap_or_default())).collect();
    assert_eq!(inputs, [("playbook", "site.yml"), ("include", "more.yml"), ("action", "deploy.yml"), ("include", "last.yml")]);
    let given = &ready.playbook.inputs["version"].value.value;
    assert!(matches!(given, roundsman::model::VarValue::Plain(roundsman::model::Value::Text(text)) if text == "2.10"), "{given:?}");
}

#[test]
fn a_file_that_is_not_there_is_told_where_it_is_named() {
    let project = Project::new();
    project.file("site.yml", "rounds:\n  - hosts: localhost\n    tasks:\n      - include: tasks/more.yml\n");
    project.file("tasks/more.yml", "- use: deploy.yml\n- { run: id, becom: root }\n");
    let shown = project.run(&["check", "site.yml"]).expect_code(3);
    assert!(shown.stderr.contains("the action file `tasks/deploy.yml` can't be read"), "{}", shown.text());
    assert!(shown.stderr.contains("tasks/more.yml:1:8") && shown.stderr.contains("tasks/more.yml:2:14"), "{}", shown.text());
}
