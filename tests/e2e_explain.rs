//! `explain HOST`: where values come from.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::Project;

fn project() -> Project {
    let project = Project::new();
    project.file(
        "hosts.yml",
        "vars: { port: 80, domain: example.org }\nhosts:\n  web1: { vars: { name: www } }\n  db1: {}\ngroups:\n  web: { hosts: web1, vars: { port: 8081, url: 'https://{{ name }}.{{ domain }}:{{ port }}' } }\n",
    );
    project.file("more.yml", "release: '2.5'\n");
    project.file(
        "site.yml",
        "inventory: hosts.yml\nvars: { release: '2.4', port: 1, kernel: '{{ rounds.one.tasks.kernel.stdout }}' }\nvars_files: more.yml\nrounds:\n  - id: one\n    hosts: web\n    vars: { port: 9090 }\n    tasks:\n      - { name: kernel, run: uname -r, read_only: true }\n      - { name: later, set: { found: '{{ tasks.kernel.stdout }}' } }\n      - print: '{{ release }} {{ port }} {{ found }} {{ url }}'\n  - { id: two, hosts: web, tasks: [print: '{{ kernel }}'] }\n",
    );
    project
}

#[test]
fn a_variable_with_all_that_it_overrides() {
    let shown = project().run(&["explain", "web1", "port", "--playbook", "site.yml", "-e", "port=7"]).expect_code(0);
    assert_eq!(
        shown.stdout,
        "port: 7\n  -e         command line      7\n  group web  ./hosts.yml:6:31  8081  (overridden)\n  inventory  ./hosts.yml:1:9   80  (overridden)\n  playbook   site.yml:2:25     1  (overridden)\n  round one  site.yml:7:13     9090  (only there)\n"
    );
}

#[test]
fn all_variables_rendered_where_they_can_be() {
    let project = project();
    let shown = project.run(&["explain", "web1", "-i", "hosts.yml"]).expect_code(0);
    assert!(shown.stdout.contains("url: https://www.example.org:8081\n"), "{}", shown.text());
    assert!(shown.stdout.contains("'https://{{ name }}") || shown.stdout.contains("https://{{ name }}"), "{}", shown.text());
    let shown = project.run(&["explain", "web1", "--playbook", "site.yml"]).expect_code(0);
    assert!(shown.stdout.contains("release: \"2.5\"\n  vars_files  more.yml:1:1"), "{}", shown.text());
    assert!(shown.stdout.contains("found: (not set outside of rounds and tasks)\n  set in task one/later"), "{}", shown.text());
    let json = project.run(&["explain", "db1", "port", "-i", "hosts.yml", "--format", "json"]).expect_code(0);
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["variables"][0]["value"], 80);
    assert_eq!(json["variables"][0]["set"][0]["place"], "hosts.yml:1:9");
}

#[test]
fn an_unknown_word_has_a_suggestion() {
    let project = project();
    let shown = project.run(&["explain", "web2", "-i", "hosts.yml"]).expect_code(2);
    assert!(shown.stderr.contains("the inventory has no host `web2`") && shown.stderr.contains("`web1`"), "{}", shown.text());
    let shown = project.run(&["explain", "web1", "prt", "-i", "hosts.yml"]).expect_code(2);
    assert!(shown.stderr.contains("nothing sets a variable `prt` for web1") && shown.stderr.contains("`port`"), "{}", shown.text());
    let shown = project.run(&["explain", "web1", "--playbook", "none.yml"]).expect_code(3);
    assert!(shown.stderr.contains("none.yml"), "{}", shown.text());
}
