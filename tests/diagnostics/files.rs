//! Mistakes in template files are told in the file itself, and those of the verbs that write where they are written.

use std::path::Path;

use roundsman::app::{self, Sources};

use super::{INVENTORY, check_in, expect, tasks, unmarked};

/// Checks a playbook beside template files; the mistakes with the file that each is in.
fn told(playbook: &str, files: &[(&str, &[u8])]) -> Vec<(String, String, String, String)> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let (hosts, file) = (folder.path().join("inventory.yml"), folder.path().join("site.yml"));
    std::fs::write(&hosts, INVENTORY).unwrap();
    std::fs::write(&file, playbook).unwrap();
    let checked = app::check(&Sources { inventory: vec![hosts.to_string_lossy().into_owned()], ..Sources::file(&file) });
    let sorted = checked.diagnostics.sorted();
    let told = sorted.iter().map(|found| {
        let span = found.primary.as_ref().unwrap().span;
        let place = checked.map.location(span);
        let name = Path::new(&checked.map.file(span.file).name).file_name().unwrap().to_string_lossy().into_owned();
        let place = format!("{name}:{}:{}", place.line, place.column);
        (found.code.to_owned(), place, checked.map.text(span).to_owned(), found.message.clone())
    });
    told.collect()
}

/// Checks a playbook with one marked template file: each mark is one mistake there, in the order of the text.
fn expect_in_file(playbook: &str, template: &str, wanted: &[&str]) {
    let (plain, places) = unmarked(template);
    let found = told(playbook, &[("a.j2", plain.as_bytes())]);
    let found: Vec<_> = found.iter().map(|(code, place, under, _)| (code.as_str(), place.clone(), under.as_str())).collect();
    let expected: Vec<_> = wanted
        .iter()
        .zip(&places)
        .map(|(code, ((line, column), under))| (*code, format!("a.j2:{line}:{column}"), under.as_str()))
        .collect();
    assert_eq!((found, wanted.len()), (expected, places.len()));
}

const ONE: &str = "      - template: { src: a.j2, dest: /etc/a }\n";

#[test]
fn mistakes_in_a_template_file_are_told_there() {
    let text = "# ü {{ ntp }}\n{% for h in groups.web %}\n  {{ h }} {{ ⟦relase⟧ }}\n{% endfor %}\n{{ ⟦host.nmae⟧ }}\n";
    expect_in_file(&tasks(ONE), text, &["E110", "E112"]);
    expect_in_file(&tasks(ONE), "one\n{% if ntp %}\n{{ ntp | ⟦uper⟧ }}\n{% endif %}\n", &["E301"]);
    expect_in_file(&tasks(ONE), "one\n\n{% if ntp %}\ntwo\n{% ⟦endfi⟧ %}\n", &["E300"]);
    expect_in_file(&tasks(ONE), "x\n{{ ⟦tasks.later.stdout⟧ }}\n", &["E111"]);
    expect_in_file(&tasks(ONE), "{% ⟦extends \"base.j2\"⟧ %}\n", &["E306"]);
}

#[test]
fn what_fails_when_it_is_rendered_is_told_there_with_its_hosts() {
    let playbook = tasks("      - template: { src: a.j2, dest: /etc/a }\n        vars: { ports: { web01: 1, web02: 2 } }\n");
    let found = told(&playbook, &[("a.j2", b"first\nlisten {{ ports[host.name] | int }};\n")]);
    let [(code, place, under, message)] = &found[..] else { panic!("{found:?}") };
    assert_eq!((code.as_str(), place.as_str(), under.as_str()), ("E404", "a.j2:2:11", "ports[host.name]"), "{message}");
    assert!(message.contains("web[03-05]"), "{message}");
}

#[test]
fn one_file_of_several_tasks_is_read_once_and_told_once() {
    let twice = tasks(&format!("{ONE}      - template: {{ src: ./a.j2, dest: /etc/b }}\n"));
    expect_in_file(&twice, "{{ ⟦relase⟧ }}\n", &["E110"]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.j2"), "{{ host.name }} has {{ http_port }}\n").unwrap();
    std::fs::write(folder.path().join("inventory.yml"), INVENTORY).unwrap();
    let file = folder.path().join("site.yml");
    std::fs::write(&file, &twice).unwrap();
    let inventory = vec![folder.path().join("inventory.yml").to_string_lossy().into_owned()];
    let loaded = app::load(&Sources { inventory, ..Sources::file(&file) });
    assert!(!loaded.diagnostics.has_errors(), "{}", loaded.diagnostics.to_text(&loaded.map));
    let ready = loaded.ready.unwrap();
    let roles: Vec<(&str, bool)> = ready.inputs.iter().map(|input| (input.role.as_str(), input.text.is_some())).collect();
    assert_eq!(roles.iter().filter(|(role, text)| *role == "template" && *text).count(), 1, "{roles:?}");
    // It is rendered for each host, and what it writes may change something.
    let task = &ready.view.rounds[0].tasks[0];
    let texts: Vec<_> = task.steps.iter().map(|steps| steps.what.content.clone().unwrap()).collect();
    assert_eq!((texts.len(), texts[0].as_str()), (5, "web01 has 8080\n"));
    assert_eq!(ready.view.counts.may_change, 10);
    assert!(task.steps[0].what.command.starts_with("template "), "{}", task.steps[0].what.command);
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_told() {
    let found = told(&tasks(ONE), &[("b.j2", b"x")]);
    assert_eq!((found[0].0.as_str(), found[0].1.as_str(), found[0].2.as_str()), ("E001", "site.yml:5:26", "a.j2"));
    assert!(found[0].3.starts_with("the template file "), "{found:?}");
    let found = told(&tasks(ONE), &[("a.j2", b"a\n\xff\n")]);
    assert_eq!((found[0].0.as_str(), found[0].1.as_str()), ("E002", "a.j2:2:1"));
}

#[test]
fn a_template_file_adds_edges() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.j2"), "{{ tasks.kernel.stdout }} {{ secrets.token }}\n").unwrap();
    let playbook = "secrets: { token: { env: TOKEN } }\n".to_owned()
        + &tasks(
            "      - { name: kernel, run: uname -r, read_only: true }\n      - { name: a, needs: [], template: { src: a.j2, dest: /a } }\n",
        );
    assert!(check_in(folder.path(), INVENTORY, &playbook).is_empty(), "the secret is used, the result is there by then");
    let inventory = vec![folder.path().join("inventory.yml").to_string_lossy().into_owned()];
    let ready = app::load(&Sources { inventory, ..Sources::file(folder.path().join("site.yml")) }).ready.unwrap();
    let task = &ready.view.rounds[0].tasks[1];
    assert!(serde_json::to_value(task).unwrap()["waits"].to_string().contains("kernel"), "{task:#?}");
    let what = &task.steps[0].what;
    assert_eq!(what.known_after, ["work/kernel"]);
    assert_eq!(what.content.as_deref(), Some("‹after work/kernel› ‹secret token›\n"));
}

#[test]
fn arguments_of_the_verbs_that_write() {
    expect(
        &tasks(
            "      - file: { dest: /a, ⟦stat⟧: absent }\n      - directory: { dest: /a, state: ⟦gone⟧ }\n      - link: { ⟦dst⟧: /a, src: b }\n      \
             - line: { dest: /a, line: \"{{ ⟦nope⟧ }}\", match: ⟦\"a)\"⟧ }\n      - text: { dest: /a, ⟦block⟧: x }\n",
        ),
        &[("E015", "`state`"), ("E017", ""), ("E015", "`dest`"), ("E110", ""), ("E309", ""), ("E015", "`text`")],
    );
    expect(
        &tasks(
            "      - copy: { content: x, dest: /a, validate: ⟦\"true 100%\"⟧ }\n      - copy: { content: x, dest: /a, validate: 'grep x \"⟦%s⟧\"' }\n",
        ),
        &[("E013", "%s"), ("E017", "quoted by itself")],
    );
    // What a value is quoted for, in its place; and a path inside a substitution is one word as well.
    expect(&tasks("      - copy: { content: x, dest: /a, validate: \"test \\\"$(wc -l <%s)\\\" -gt 1 && grep {{ ntp }} %s\" }\n"), &[]);
    expect(&tasks("      - copy: { content: x, dest: /a, validate: \"x=${x⟦%s⟧}\" }\n"), &[("E017", "")]);
}

#[test]
fn every_argument_is_looked_at() {
    let written = "mode: \"{{ ⟦a1⟧ }}\", owner: \"{{ ⟦a2⟧ }}\", group: \"{{ ⟦a3⟧ }}\"";
    let file = format!("dest: \"{{{{ ⟦a0⟧ }}}}\", {written}, validate: \"x {{{{ ⟦a4⟧ }}}} %s\"");
    let verbs = [
        format!("copy: {{ {file}, content: \"{{{{ ⟦a5⟧ }}}}\" }}"),
        format!("copy: {{ {file}, src: \"{{{{ ⟦a5⟧ }}}}\" }}"),
        format!("template: {{ {file}, src: a.j2 }}"),
        format!("file: {{ dest: \"{{{{ ⟦a0⟧ }}}}\", {written} }}"),
        "directory: \"{{ ⟦a0⟧ }}\"".to_owned(),
        format!("directory: {{ dest: \"{{{{ ⟦a0⟧ }}}}\", {written} }}"),
        "link: { dest: \"{{ ⟦a0⟧ }}\", src: \"{{ ⟦a1⟧ }}\" }".to_owned(),
        "link: { dest: \"{{ ⟦a0⟧ }}\", state: absent }".to_owned(),
        format!("line: {{ {file}, line: \"{{{{ ⟦a5⟧ }}}}\", match: \"{{{{ ⟦a6⟧ }}}}\", after: \"{{{{ ⟦a7⟧ }}}}\" }}"),
        format!(
            "text: {{ {file}, text: \"{{{{ ⟦a5⟧ }}}}\", name: \"{{{{ ⟦a6⟧ }}}}\", comment: \"{{{{ ⟦a7⟧ }}}}\", before: \"{{{{ ⟦a8⟧ }}}}\" }}"
        ),
        format!("download: {{ {file}, url: \"{{{{ ⟦a5⟧ }}}}\", sha256: \"{{{{ ⟦a6⟧ }}}}\" }}"),
        format!("archive: {{ {file}, src: \"{{{{ ⟦a5⟧ }}}}\" }}"),
        format!("archive: {{ {file}, src: [/a, \"{{{{ ⟦a5⟧ }}}}\"] }}"),
        format!("unarchive: {{ dest: \"{{{{ ⟦a0⟧ }}}}\", {written}, src: \"{{{{ ⟦a5⟧ }}}}\" }}"),
        format!("unarchive: {{ dest: \"{{{{ ⟦a0⟧ }}}}\", {written}, src: \"{{{{ ⟦a5⟧ }}}}\", remote: true }}"),
    ];
    for verb in verbs {
        let (plain, places) = unmarked(&tasks(&format!("      - {verb}\n")));
        let found = told(&plain, &[("a.j2", b"x")]);
        let mut wanted: Vec<_> = places.iter().map(|((line, column), _)| ("E110", format!("site.yml:{line}:{column}"))).collect();
        wanted.sort();
        let mut found: Vec<_> = found.iter().map(|(code, place, ..)| (code.as_str(), place.clone())).collect();
        found.sort();
        assert_eq!(found, wanted, "{plain}");
    }
}

#[test]
fn a_secret_may_be_written_but_not_shown_to_all() {
    let secrets = "secrets: { pw: { env: PW } }\n";
    let fine = "      - copy: { content: \"{{ secrets.pw }}\", dest: /a }\n      - template: { src: a.j2, dest: /a }\n      \
                - line: { dest: /a, line: \"pw {{ secrets.pw }}\", match: \"^pw \" }\n      - text: { dest: /a, text: \"{{ secrets.pw }}\" }\n";
    assert_eq!(told(&format!("{secrets}{}", tasks(fine)), &[("a.j2", b"{{ secrets.pw }}")]), []);
    expect(
        &format!(
            "{secrets}{}",
            tasks(
                "      - copy: { content: x, dest: /a, validate: \"grep {{ ⟦secrets.pw⟧ }} %s\" }\n      - directory: { dest: \"/{{ ⟦secrets.pw⟧ }}\" }\n      \
                 - line: { dest: /a, line: x, owner: \"{{ ⟦secrets.pw⟧ }}\" }\n      \
                 - download: { dest: /a, url: \"https://me:{{ ⟦secrets.pw⟧ }}@example.org/a\" }\n"
            )
        ),
        &[("W110", ""), ("W110", ""), ("W110", ""), ("W110", "")],
    );
}

/// A template file of an action is beside the action, and sees what the action sees.
#[test]
fn a_template_file_of_an_action_sees_its_inputs() {
    let action: &[u8] = b"inputs: { port: { type: int } }\ntasks:\n  - template: { src: app.j2, dest: /etc/app }\n";
    let playbook = format!(
        "vars: {{ color: red }}\n{}",
        tasks("      - { use: actions/app.yml, with: { port: 80 } }\n      - print: \"{{ color }}\"\n")
    );
    let with = |text: &[u8]| told(&playbook, &[("actions/app.yml", action), ("actions/app.j2", text)]);
    assert_eq!(with(b"port {{ inputs.port }} of {{ host.name }} {{ ntp }}"), []);
    let found = with(b"port {{ inputs.prot }}\n{{ color }}");
    let found: Vec<_> = found.iter().map(|(code, place, under, _)| (code.as_str(), place.as_str(), under.as_str())).collect();
    assert_eq!(found, [("E112", "app.j2:1:9", "inputs.prot"), ("E110", "app.j2:2:4", "color")]);
}

const WRITING: [&str; 11] = [
    "copy: { content: x, dest: /a }",
    "template: { src: a.j2, dest: /a }",
    "file: /a",
    "directory: /a",
    "link: { dest: /a, src: b }",
    "line: { dest: /a, line: x }",
    "text: { dest: /a, state: absent }",
    "download: { url: \"http://b/a\", dest: /a }",
    "archive: { src: [/b, /c], dest: /a.tgz }",
    "unarchive: { src: a.j2, dest: /a }",
    "unarchive: { src: /b.tgz, dest: /a, remote: true }",
];

#[test]
fn what_writes_is_refused_where_nothing_may_change() {
    for verb in WRITING {
        let key = verb.split(':').next().unwrap();
        let own = tasks(&format!("      - {{ {verb}, read_only: true }}\n"));
        let round = tasks(&format!("      - {verb}\n")).replace("hosts: web", "hosts: web\n    read_only: true");
        for playbook in [own, round] {
            let found = told(&playbook, &[("a.j2", b"x")]);
            let [(code, _, under, message)] = &found[..] else { panic!("{verb}: {found:?}") };
            assert_eq!((code.as_str(), under.as_str(), message.clone()), ("E117", key, format!("`{key}` writes, and this is read-only")));
        }
    }
}

#[test]
fn what_writes_is_planned_as_what_may_change() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.j2"), "x").unwrap();
    let all: String = WRITING.iter().map(|verb| format!("      - {verb}\n")).collect();
    std::fs::write(folder.path().join("site.yml"), tasks(&all).replace("hosts: web", "hosts: localhost")).unwrap();
    let ready = app::load(&Sources::file(folder.path().join("site.yml"))).ready.unwrap();
    let commands: Vec<&str> = ready.view.rounds[0].tasks.iter().map(|task| task.steps[0].what.command.as_str()).collect();
    let template = format!("template {} to /a", folder.path().join("a.j2").display());
    let unarchive = format!("unarchive {} into /a", folder.path().join("a.j2").display());
    assert_eq!(
        commands,
        [
            "copy 1 byte to /a",
            &template,
            "file /a",
            "directory /a",
            "link /a to b",
            "line in /a",
            "no text in /a",
            "download /a from http://b/a",
            "archive /a.tgz of /b, /c",
            &unarchive,
            "unarchive the host's /b.tgz into /a"
        ]
    );
    assert_eq!((ready.view.counts.steps, ready.view.counts.may_change), (11, 11));
}
