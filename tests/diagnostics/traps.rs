//! What shell, YAML and templates make of a line that looks right: each is told at its place, with what to write instead.
//!
//! The right form that the hint names is checked as well: it gives no word.

use super::common::Project;
use super::{check, expect, tasks};

/// One trap: the lines of a task list, its code, the words of the hint, and the lines that are right.
fn trap(wrong: &str, code: &str, hint: &str, right: &str) {
    expect(&tasks(wrong), &[(code, hint)]);
    let told = check(&tasks(right));
    assert!(told.is_empty(), "{right}\n{told:#?}");
}

#[test]
fn text_is_not_less_than_a_number() {
    trap(
        "      - { name: days, run: id }\n      - { run: id, when: ⟦tasks.days.stdout < 21⟧ }\n",
        "E305",
        "write `| int` after the text",
        "      - { name: days, run: id }\n      - { run: id, when: tasks.days.stdout | int < 21 }\n",
    );
}

#[test]
fn brackets_are_a_list_to_yaml() {
    trap(
        "      - run: id\n        unless: [ ⟦-f /x⟧ ]\n",
        "E119",
        "put it in quotes: unless: '[ -f /x ]'",
        "      - run: id\n        unless: '[ -f /x ]'\n",
    );
}

#[test]
fn a_hash_behind_a_command_is_a_comment() {
    trap("      - run: echo a ⟦# b⟧\n", "W104", "put the text in quotes", "      - run: \"echo a # b\"\n");
    trap("      - run: make ⟦#all⟧\n", "W104", "put the text in quotes", "      - run: make  # all of it\n");
    trap("      - run: id\n        unless: test -f a ⟦# b⟧\n", "W104", "two blanks", "      - run: id\n        unless: test -f a\n");
}

#[test]
fn an_exclamation_mark_is_a_tag_to_yaml() {
    let round = |hosts: &str| format!("rounds:\n  - hosts: {hosts}\n    tasks:\n      - run: id\n");
    expect(&round("⟦!canary⟧"), &[("E203", "write all,!canary")]);
    expect(&round("⟦\"!canary\"⟧"), &[("E203", "write all,!canary")]);
    expect(&round("[web, ⟦!canary⟧]"), &[("E001", "if text was meant, write '!canary'")]);
    for right in ["all,!canary", "[web, '!canary']", "web and not canary"] {
        assert!(check(&round(right)).is_empty(), "{right}");
    }
}

#[test]
fn no_is_text_to_yaml() {
    trap("      - { run: id, changed: ⟦no⟧ }\n", "E016", "write `false`", "      - { run: id, changed: false }\n");
    trap("      - { run: id, allow_failure: ⟦yes⟧ }\n", "E016", "write `true`", "      - { run: id, allow_failure: true }\n");
    trap("      - { run: id, become: ⟦no⟧ }\n", "E119", "write `become: false`", "      - { run: id, become: false }\n");
    trap("      - { run: id, when: ⟦yes⟧ }\n", "E110", "write `true`", "      - { run: id, when: true }\n");
}

#[test]
fn braces_of_other_programs_are_templates_here() {
    let right = "      - run: docker ps --format {{ '{{.Names}}' }}\n";
    trap("      - run: docker ps --format '{{⟦.⟧Names}}'\n", "E300", "write `{{ '{{.Names}}' }}`", right);
    trap(
        "      - run: docker ps --format '{{⟦.⟧Names}}'\n",
        "E300",
        "{% raw %}",
        "      - run: docker ps --format {% raw %}'{{.Names}}'{% endraw %}\n",
    );
}

#[test]
fn a_hyphen_in_an_expression_is_a_minus() {
    trap(
        "      - print: \"{{ ⟦groups.web⟧-prod | join(' ') }}\"\n",
        "E118",
        "write `groups['web-prod']`",
        "      - print: \"{{ groups['web-prod'] | join(' ') }}\"\n",
    );
}

#[test]
fn a_look_at_a_service_before_its_restart() {
    let round = |between: &str, alive: &str| {
        tasks(&format!(
            "      - {{ name: config, copy: {{ content: x, dest: /etc/nginx/nginx.conf }}, notify: reload }}\n{between}      \
             - {{ name: {alive}, run: systemctl is-active nginx, read_only: true }}\n    \
             handlers:\n      - {{ name: reload, run: systemctl reload nginx }}\n"
        ))
    };
    expect(&round("", "⟦alive⟧"), &[("W109", "write `- flush: handlers` above this task")]);
    assert!(check(&round("      - flush: handlers\n", "alive")).is_empty());
}

#[test]
fn braces_at_the_start_are_a_map_to_yaml() {
    trap("      - print: ⟦{{ ntp }}⟧\n", "E011", "put it in quotes: \"{{ ntp }}\"", "      - print: \"{{ ntp }}\"\n");
}

#[test]
fn a_colon_in_a_command_makes_a_key() {
    trap("      - run: ⟦test -f /x && echo: yes⟧\n", "E001", "write 'test -f /x && echo: yes'", "      - run: 'test -f /x && echo: yes'\n");
}

#[test]
fn a_star_is_an_alias_and_an_at_sign_nothing() {
    trap("      - run: ⟦*all⟧\n", "E001", "write '*all'", "      - run: '*all'\n");
    trap("      - run: ⟦@daily⟧\n", "E001", "write '@daily'", "      - run: '@daily'\n");
}

#[test]
fn a_bar_stands_alone_on_its_line() {
    trap("      - run: ⟦⟧| echo a\n", "E001", "the text on the next ones", "      - run: |\n          echo a\n");
}

#[test]
fn a_backslash_between_double_quotes_is_an_escape() {
    trap("      - run: \"grep ⟦\\d⟧ /etc/hosts\"\n", "E001", "write `\\\\`", "      - run: \"grep \\\\d /etc/hosts\"\n");
}

#[test]
fn a_version_is_no_number() {
    expect("vars: { v: ⟦2.10⟧ }\nrounds:\n  - hosts: web\n    tasks:\n      - print: \"{{ v }}\"\n", &[("W004", "write \"2.10\"")]);
}

#[test]
fn a_mode_is_no_number() {
    let copy = |mode: &str| format!("      - copy: {{ content: x, dest: /tmp/x, mode: {mode} }}\n");
    trap(&copy("⟦644⟧"), "E119", "write \"0644\"", &copy("\"0644\""));
    trap("      - { run: id, umask: ⟦999⟧ }\n", "E119", "\"022\"", "      - { run: id, umask: \"022\" }\n");
}

#[test]
fn the_first_line_that_fails_ends_a_command() {
    let project = Project::new();
    let text = "rounds:\n  - name: work\n    hosts: localhost\n    tasks:\n      - name: clean\n        run: |\n          \
                cd /no/such/folder\n          touch {{ mark }}\n      - name: piped\n        run: cd /no/such/folder || touch {{ other }}\n        needs: []\n";
    project.file("site.yml", text);
    let (mark, other) = (project.path("mark"), project.path("other"));
    let given = [format!("mark={}", mark.display()), format!("other={}", other.display())];
    let shown = project.run(&["run", "site.yml", "-e", &given[0], "-e", &given[1]]).expect_code(4);
    assert!(!mark.exists(), "the command went on in the wrong folder\n{}", shown.text());
    assert!(other.exists(), "what says itself what is to be done then is the author's business\n{}", shown.text());
}

#[test]
fn operators_of_other_languages() {
    for (wrong, hint) in [
        ("tasks.a.rc ⟦=⟧ 0", "`==` compares"),
        ("tasks.a.rc == 0 ⟦&⟧& true", "write `and`"),
        ("⟦!⟧tasks.a.changed", "write `not`"),
        ("\"tasks.a.rc ⟦?⟧ true : false\"", "write `a if condition else b`"),
    ] {
        expect(
            &tasks(
                &format!("      - {{ name: a, run: id }}\n      - {{ run: id, when: {wrong} }}\n")
                    .replace("when: ⟦!", "when: \"⟦!")
                    .replace("changed }", "changed\" }"),
            ),
            &[("E300", hint)],
        );
    }
    expect(&tasks("      - print: \"{% if ntp %}⟦x⟧\"\n"), &[("E300", "ends with `{% endif %}`")]);
}

#[test]
fn what_ansible_calls_otherwise_is_one_mistake() {
    expect(&tasks("      - { run: \"echo {{ item }}\", ⟦with_items⟧: [a] }\n"), &[("E015", "here it is called `each`")]);
    expect(&tasks("      - ⟦apt⟧: name=nginx\n"), &[("E015", "`run` runs any command")]);
    expect(&tasks("      - { name: a, ⟦ansible.builtin.shell⟧: uname }\n"), &[("E015", "`run` runs any command")]);
    expect(&tasks("      - { ⟦name⟧: a, when: true }\n"), &[("E105", "say what it does")]);
}
