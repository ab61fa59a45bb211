//! Playbooks worth drawing, and the programs that judge the drawings where they are installed.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::Project;

const HOSTS: &str = "\
hosts:
  web[01-40]: {}
  db1: {}
  lb1: {}
groups:
  web: { hosts: 'web[01-40]' }
  canary: { hosts: [web01, web02] }
";

/// Rounds beside each other, batches, handlers, blocks with all their parts, every kind of edge.
const SITE: &str = r#"name: Patch the web tier
vars: { release: "2.4.1" }
rounds:
  - name: survey
    hosts: all
    tasks:
      - { name: kernel, run: uname -r, read_only: true }
      - parallel:
          - { name: uptime, read: /proc/uptime }
          - { name: load, read: /proc/loadavg }
  - name: database
    hosts: db1
    needs: []
    tasks:
      - { name: dump, run: pg_dumpall > /var/backups/all.sql }
  - name: patch
    hosts: web
    needs: [survey]
    batch: [canary, 25%, 100%]
    become: root
    tasks:
      - { name: drain, on: lb1, run: [haproxyctl, disable, "web/{{ host.name }}"] }
      - name: upgrade
        run: apt-get -y install nginx={{ release }}
        unless: nginx -v 2>&1 | grep -qF {{ release }}
        notify: reload
      - name: careful
        block:
          - { name: config, copy: { content: "x\n", dest: /etc/nginx/nginx.conf, mode: "0644" }, notify: reload }
          - { name: try it, run: nginx -t, read_only: true }
        rescue:
          - { name: put it back, run: cp /etc/nginx/nginx.conf.old /etc/nginx/nginx.conf }
        always:
          - { name: note, print: "rc {{ tasks.try_it.rc }}" }
      - { name: version, needs: [upgrade], run: nginx -v, read_only: true }
      - { name: told, run: "echo {{ tasks.upgrade.stdout }}", when: host.name == "web01" }
    handlers:
      - { name: reload, run: systemctl reload nginx }
    finally:
      - { name: undrain, on: lb1, run: [haproxyctl, enable, "web/{{ host.name }}"] }
  - name: report
    needs: [survey]
    after: always
    hosts: localhost
    tasks:
      - name: kernels
        print: "{{ rounds.survey.hosts['web01'].tasks.kernel.stdout | default('unknown') }} {{ rounds.database.hosts.db1.tasks.dump.rc }}"
"#;

/// Names that mean something to one parser or another.
pub(crate) const NASTY: &[&str] = &[
    "\"] -> x; } digraph {",
    "two\nlines",
    "%%{init: {\"theme\": \"dark\"}}%% %% comment",
    "end",
    "日本 ünï \u{202e} over",
    "a]b)c}d|e>f",
    "`markdown` **bold**",
    "#quot; &quot; &lt; &amp;",
    "style x:#f00; classDef y:#a;",
    "\\N \\G \\l \\",
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "'--><!-- ]]> </svg></style></title>",
    "subgraph graph x --> y;",
    "1. www.example.com __init__ ~~struck~~ + [a](b) a@b.c",
    "  + 2) x",
];

/// A project with `hosts.yml`, `site.yml` and `nasty.yml`.
pub(crate) fn project() -> Project {
    let project = Project::new();
    project.file("hosts.yml", HOSTS);
    project.file("site.yml", SITE);
    let tasks: Vec<serde_json::Value> = NASTY
        .iter()
        .enumerate()
        .flat_map(|(index, name)| {
            let task = serde_json::json!({ "name": name, "id": format!("t{index}"), "run": ["echo", name], "when": "host.name != '<b>'" });
            let block = serde_json::json!({ "name": name, "id": format!("b{index}"), "block": [{ "run": format!("echo {}", roundsman::text::quote(name)), "name": name, "id": format!("in{index}") }] });
            [task, block]
        })
        .collect();
    let rounds: Vec<serde_json::Value> = NASTY
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let tasks = if index == 0 { tasks.clone() } else { vec![serde_json::json!({ "print": name })] };
            serde_json::json!({ "name": name, "id": format!("r{index}"), "hosts": "db1", "tasks": tasks })
        })
        .collect();
    let playbook = serde_json::json!({ "name": NASTY.join(" "), "rounds": rounds });
    // JSON is YAML; braces of templates must stay text.
    project.file("nasty.yml", playbook.to_string());
    project
}

/// Foreign text in files of hosts.
pub(crate) const FOREIGN: &str = "<script>document.title='owned'</script> \u{1b}[2J\u{7} \"] -> x; } %%{init}%% `x` &lt; \u{202e}";

const ASKED: &str = r#"name: Ask
rounds:
  - name: first
    hosts: all
    tasks:
      - { name: look, run: uname -s, read_only: true }
      - { name: settled, run: "false", creates: /, tags: [quiet] }
      - { name: file, copy: { content: "new\n", dest: "{{ dir }}/file", mode: "0600" } }
      - { name: guarded, run: "true", unless: "grep -q nothing {{ dir }}/file" }
  - name: second
    hosts: one
    tasks:
      - { name: refused, assert: { that: host.name == "two" } }
"#;

/// A project with `asked.yml` and its inventory `local.yml`: three hosts that are this machine, in differing states, with
/// [`FOREIGN`] text on one of them, and one that can't be reached.
pub(crate) fn asked() -> Project {
    let project = Project::new();
    let folder = project.path("hosts").display().to_string();
    project.file(
        "local.yml",
        format!(
            "connect: {{ transport: local }}\nvars: {{ dir: \"{folder}/{{{{ host.name }}}}\" }}\nhosts:\n  one: {{}}\n  two: {{}}\n  three: {{}}\n  \
             gone: {{ connect: {{ transport: ssh, address: 127.0.0.1, port: 1 }} }}\n"
        ),
    );
    project.file("hosts/one/file", format!("{FOREIGN}\n"));
    project.file("hosts/two/file", "new\n");
    project.file("hosts/three/file", "old\n");
    project.file("asked.yml", ASKED);
    project
}

/// Runs a program that only some machines have; none, and loud words, where it is missing. With `CI` set it must be there.
pub(crate) fn judge(program: &str, arguments: &[&str], input: &str) -> Option<Output> {
    let started = Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "{program} must be there: {error}; .ci/run installs it");
            #[allow(clippy::explicit_write, reason = "the test harness keeps to itself what eprintln! prints")]
            writeln!(std::io::stderr(), "SKIPPED, a drawing is NOT JUDGED by {program}: {error}").unwrap();
            return None;
        }
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // Beside the reading of what it says, lest both wait.
    let written = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let _ = written.join();
    Some(output)
}
