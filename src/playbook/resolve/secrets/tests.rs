//! Which secrets a run needs, and which would be seen.
#![allow(clippy::unwrap_used, reason = "tests")]

use crate::diag::{Diagnostics, SourceMap};
use crate::model::Playbook;
use crate::playbook::{Options, read, resolve};
use crate::template::Engine;

const INVENTORY: &str = r#"
secrets: { shared: { env: SHARED }, own: { env: INVENTORY }, jump: { env: JUMP }, never: { env: NEVER } }
vars: { login: "{{ secrets.shared }}" }
hosts:
  one: { vars: { pw: "{{ login }}" }, connect: { jump: gate } }
  two: { connect: { password: "{{ secrets.never }}" } }
  gate: { connect: { become_password: "{{ secrets.jump.part }}" } }
"#;

fn resolved(tasks: &str) -> (Option<Playbook>, String) {
    let (mut map, mut diagnostics, mut engine) = (SourceMap::default(), Diagnostics::default(), Engine::new());
    let inventory = map.add("inventory.yml", None, INVENTORY.replace("jump: { env: JUMP }", "jump: { env: JUMP, format: yaml }"));
    let text = format!("secrets: {{ own: {{ env: OWN }}, x: {{ env: X }} }}\nrounds:\n  - hosts: one\n    tasks:\n{tasks}");
    let file = map.add("site.yml", None, text);
    let inventory = crate::inventory::load(&map, inventory, &mut engine, &mut diagnostics).unwrap();
    let resolved = read(&map, file, &mut diagnostics)
        .and_then(|syntax| resolve(&syntax, &map, &inventory, &mut engine, &Options::default(), &mut diagnostics));
    (resolved.map(|resolved| resolved.playbook), diagnostics.to_text(&map))
}

fn used(tasks: &str) -> Vec<String> {
    let (playbook, said) = resolved(tasks);
    let playbook = playbook.unwrap_or_else(|| panic!("{said}"));
    playbook.secrets.values().filter(|secret| secret.used).map(|secret| secret.name.clone()).collect()
}

#[test]
fn a_run_needs_what_is_read_and_the_passwords_of_its_hosts() {
    // The jump host's password is always needed, that of a host that takes no part never.
    assert_eq!(used("      - { run: id }\n"), ["jump"]);
    assert_eq!(used("      - { run: id, on: two }\n"), ["jump", "never"]);
    assert_eq!(used("      - { run: id, on: \"{{ hosts[0] }}\" }\n"), ["jump", "never"]);
    assert_eq!(used("      - { print: \"{{ secrets.own }}\" }\n"), ["own", "jump"]);
    for by in ["pw", "login", "host.vars.pw", "hosts.one.vars.pw", "hosts[host.name].vars.pw"] {
        assert_eq!(used(&format!("      - {{ print: \"{{{{ {by} }}}}\" }}\n")), ["shared", "jump"], "{by}");
    }
    assert_eq!(used("      - { set: { mine: \"{{ secrets.x }}\" } }\n"), ["jump", "x"]);
    assert_eq!(used("      - { print: \"{{ secrets.nowhere | default('none') }}\" }\n"), ["jump"]);
}

#[test]
fn arguments_are_warned_of_and_nothing_else() {
    let seen = |task: &str| {
        let (playbook, said) = resolved(&format!("      - {task}\n"));
        assert!(playbook.is_some(), "{task}: {said}");
        said.matches("warning[W110]").count()
    };
    for task in [
        r#"{ run: cat, stdin: "{{ secrets.x }}", env: { A: "{{ login }}" } }"#,
        r#"{ copy: { content: "{{ secrets.x }}", dest: /x } }"#,
        r#"{ run: "printf '%s' {{ secrets.x }} | docker login --password-stdin" }"#,
        r#"{ run: "test -f /x || echo \"a {{ secrets.x }}\" > /x" }"#,
        r#"{ run: "A={{ secrets.x }} make" }"#,
        r#"{ run: "cat <<EOF\n{{ secrets.x }}\nEOF\n" }"#,
        r#"{ assert: "secrets.x != 'x'" }"#,
        r#"{ set: { a: "{{ secrets.x }}" } }"#,
        r#"{ run: id, become: { user: root, password: "{{ secrets.x }}" } }"#,
    ] {
        assert_eq!(seen(task), 0, "{task}");
    }
    for task in [
        r#"{ run: "mysql -p{{ secrets.x }}" }"#,
        r#"{ run: "echo x; curl -u {{ login }} host" }"#,
        r#"{ run: "printf %s {{ secrets.x }}", shell: bash }"#,
        r#"{ run: [curl, -u, "{{ pw }}"] }"#,
        r#"{ run: id, unless: "test {{ secrets.x }} = a" }"#,
        r#"{ run: id, creates: "/{{ secrets.x }}" }"#,
        r#"{ stat: "/{{ secrets.x }}" }"#,
        r#"{ copy: { content: a, dest: "/{{ secrets.x }}" } }"#,
        r#"{ run: id, cwd: "/{{ secrets.x }}" }"#,
    ] {
        assert_eq!(seen(task), 1, "{task}");
    }
}
