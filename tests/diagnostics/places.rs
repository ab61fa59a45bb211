//! Places inside every way of writing YAML: block and quoted texts over several lines, escapes, flow style, anchors, aliases
//! and merge keys, templates of several lines; and several mistakes in one file.

use super::{check, expect, tasks};

#[test]
fn in_a_literal_block() {
    expect(
        &tasks("      - run: |\n          uname -r\n          # é\n          echo ü {{ ⟦relase⟧ }} {{ ntp }}\n          true\n"),
        &[("E110", "set it in `vars`")],
    );
    // With an indentation that is written out, and blanks that belong to the text.
    expect(&tasks("      - run: |2-\n            uname\n           echo {{ ⟦nope⟧ }}\n"), &[("E110", "")]);
}

#[test]
fn in_a_folded_block() {
    expect(
        &tasks(
            "      - print: >-\n          one\n          two {{ ntp }}\n\n          three\n            {{ ⟦nope⟧ }}\n          {{ ⟦nada⟧ }}\n",
        ),
        &[("E110", ""), ("E110", "")],
    );
}

#[test]
fn in_quoted_texts_over_several_lines() {
    expect(
        &tasks("      - print: \"one \\u00e9 \\t\n          two \\\n          {{ ⟦nope⟧ }} \\\"{{ ⟦nada⟧ }}\\\"\"\n"),
        &[("E110", ""), ("E110", "")],
    );
    expect(&tasks("      - print: 'it''s\n          two\n\n          {{ ⟦nope⟧ }} it''s {{ ⟦nada⟧ }}'\n"), &[("E110", ""), ("E110", "")]);
}

#[test]
fn in_a_plain_text_over_several_lines() {
    expect(&tasks("      - run: echo one\n          two {{ ⟦nope⟧ }}\n          three {{ ⟦nada⟧ }}\n"), &[("E110", ""), ("E110", "")]);
}

#[test]
fn behind_wide_characters_and_emoji() {
    expect(&tasks("      - print: \"日本 🎉 {{ ⟦nope⟧ }}\"\n"), &[("E110", "")]);
}

#[test]
fn in_flow_style() {
    expect(
        "rounds: [ { hosts: ⟦wbe⟧, tasks: [ { run: [echo, \"{{ ⟦nope⟧ }}\", \"{{ntp}}\"], ⟦timeuot⟧: 5s },\n  { print: a, when: \"tasks.⟦⟧\" } ] } ]\n"
            .replace(",\n  { print: a, when: \"tasks.⟦⟧\" }", "")
            .as_str(),
        &[("E202", "did you mean `web`?"), ("E110", ""), ("E015", "did you mean `timeout`?")],
    );
    expect(
        &tasks(
            "      - { copy: { content: \"{{ ntp }}\",\n                dest: \"/tmp/{{ ⟦nope⟧ }}\",\n                mode: ⟦644⟧ } }\n",
        ),
        &[("E110", ""), ("E119", "write \"0644\"")],
    );
}

#[test]
fn through_anchors_aliases_and_merge_keys() {
    // A mistake in what an alias stands for is told once, where it is written.
    expect(
        &tasks(
            "      - { name: a, run: id, env: &env { A: \"{{ ⟦nope⟧ }}\" } }\n      - { name: b, run: id, env: *env }\n      - name: c\n        \
             run: id\n        env: { <<: *env, B: \"{{ ⟦nada⟧ }}\" }\n",
        ),
        &[("E110", ""), ("E110", "")],
    );
    expect(
        &tasks("      - &base\n        name: a\n        run: id\n        ⟦timeuot⟧: 5s\n      - { <<: *base, name: b, ⟦retires⟧: 2 }\n"),
        &[("E015", "did you mean `timeout`?"), ("E015", "did you mean `retries`?")],
    );
}

#[test]
fn in_templates_of_several_lines() {
    expect(
        &tasks(
            "      - print: |\n          {% for h in groups.web %}\n          {{ h }} {{ ntp }}\n          {{ ⟦relase⟧ }} {{ h | ⟦uper⟧ }}\n          \
             {% endfor %}\n",
        ),
        &[("E110", ""), ("E301", "did you mean `upper`?")],
    );
    expect(&tasks("      - print: |\n          {% for h in groups.web %}\n          {{ h }}\n          {% ⟦endif⟧ %}\n"), &[("E300", "")]);
    expect(
        &tasks(
            "      - { name: k, run: id }\n      - run: id\n        when: >-\n          tasks.k.rc == 0\n          and ⟦tasks.k.stdout > 3⟧\n          and ⟦tasks.kk.rc⟧ == 0\n",
        ),
        &[("E305", "| int"), ("E111", "")],
    );
}

#[test]
fn a_mistake_in_a_template_hides_no_other() {
    expect(
        &tasks(
            "      - { name: days, run: id }\n      - { run: id, when: \"⟦tasks.days.stdout < 21⟧ and ⟦tasks.dyas.rc⟧ == 0 and ⟦nope⟧\" }\n",
        ),
        &[("E305", "| int"), ("E111", "did you mean `days`?"), ("E110", "")],
    );
    // What a misspelt filter would have allowed to be missing is no second mistake.
    expect(&tasks("      - print: \"{{ nope | ⟦defualt⟧(1) }}\"\n"), &[("E301", "did you mean `default`?")]);
    expect(&tasks("      - { run: id, when: nope is ⟦defiend⟧ }\n"), &[("E302", "did you mean `defined`?")]);
}

#[test]
fn a_required_key_that_is_misspelt_is_one_mistake() {
    expect("⟦ronuds⟧:\n  - hosts: web\n    tasks: [ { run: id } ]\n", &[("E015", "did you mean `rounds`?")]);
    expect("rounds:\n  - ⟦hots⟧: web\n    ⟦task⟧: [ { run: id } ]\n", &[("E015", "`hosts`"), ("E015", "`tasks`")]);
    let verbs = [
        ("copy: { content: x, ⟦dset⟧: /x }", "`dest`"),
        ("copy: { ⟦contents⟧: x, dest: /x }", "`content`"),
        ("copy: { ⟦scr⟧: x, dest: /x }", "`src`"),
        ("fetch: { ⟦source⟧: /x, dest: y }", "`src`"),
        ("assert: { ⟦taht⟧: \"true\" }", "`that`"),
        ("wait_for: { ⟦ulr⟧: \"http://localhost\" }", "`url`"),
        ("{ run: id, become: { ⟦usr⟧: root } }", "`user`"),
        ("script: { ⟦scr⟧: a.sh }", "`src`"),
        ("⟦rnu⟧: id", "`run`"),
    ];
    for (task, hint) in verbs {
        expect(&tasks(&format!("      - {task}\n")), &[("E015", hint)]);
    }
    // Another unknown key does not stand for the one that is missing.
    expect(&tasks("      - copy: { ⟦content⟧: x, ⟦colour⟧: red }\n"), &[("E013", "the file on the host"), ("E015", "")]);
}

#[test]
fn a_suggestion_can_be_followed() {
    // Not the task itself, nor the group that it stands in, nor what runs later.
    let told = check(&tasks("      - { name: deploy, run: id, needs: [deploi] }\n"));
    assert_eq!((told.len(), told[0].code.as_str(), told[0].hint.as_str()), (1, "E109", ""), "{told:#?}");
    let list = "      - { name: deploi2, run: id }\n      - { name: deploy, run: id, needs: [⟦deploi⟧] }\n    finally:\n      - { name: deploi3, run: id }\n";
    expect(&tasks(list), &[("E109", "did you mean `deploi2`?")]);
}

#[test]
fn several_mistakes_are_told_at_once_in_the_order_of_the_file() {
    expect(
        "vars: { ⟦my-port⟧: 80 }\nrounds:\n  - name: one\n    hosts: ⟦wbe⟧\n    ⟦becom⟧: root\n    tasks:\n      - { name: a, run: id, timeout: ⟦30⟧ }\n      \
         - { name: b, needs: [⟦aa⟧], run: \"echo {{ ⟦nope⟧ }}\" }\n      - { run: id, on: ⟦lb2⟧ }\n      - ⟦name⟧: nothing\n",
        &[
            ("E216", "write `my_port`"),
            ("E202", "did you mean `web`?"),
            ("E015", "did you mean `become`?"),
            ("E017", "write 30s"),
            ("E109", "did you mean `a`?"),
            ("E110", ""),
            ("E118", "did you mean `lb1`?"),
            ("E105", "say what it does"),
        ],
    );
}

#[test]
fn text_for_each_is_one_mistake() {
    let round = "rounds:\n  - hosts: web\n    vars: { names: \"a,b\" }\n    tasks:\n      - { run: \"id {{ item }}\", each: ⟦names⟧ }\n";
    expect(round, &[("E404", "split it into a list")]);
}
