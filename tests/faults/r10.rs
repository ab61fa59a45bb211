//! R10: a secret is in no byte of what a run leaves behind or says, whatever it goes through.

use std::path::Path;

use crate::common::{Project, Shown};
use crate::table::Fault;

pub(crate) fn faults() -> Vec<Fault> {
    vec![Fault { id: "R10", what: "a secret in everything that can hold one, told in every way", tries: (1, 20), run: nowhere }]
}

const SITE: &str = r##"
name: "Secrets"
vars:
  login: "user:{{ secrets.one }}"
  people: [{ name: "n-{{ secrets.two }}", pass: "{{ secrets.one }}" }]
secrets:
  one: { env: ONE }
  two: { command: "printf %s \"$TWO\"" }
rounds:
  - name: work
    hosts: all
    tasks:
      - { name: env, run: 'printf %s "$T"; printf %s "$T" >&2', env: { T: "{{ login }}" } }
      - { name: command, run: "printf '%s\n' {{ secrets.one }}" }
      - { name: stdin, run: 'cat; cat >&2 </dev/null', stdin: "{{ secrets.two }}" }
      - { name: file, copy: { content: "{{ secrets.one }} {{ secrets.two }}\n", dest: HERE/file, mode: "0600" } }
      - { name: line, line: { dest: HERE/file, line: "more {{ secrets.two }}" } }
      - { name: dest, copy: { content: x, dest: "HERE/x{{ secrets.two }}" } }
      - { name: back, read: HERE/file }
      - { name: items, each: "{{ people }}", run: "echo {{ item.name }} {{ item.pass }}" }
      - { name: cwd, run: pwd, cwd: "/nowhere/{{ secrets.two }}", allow_failure: true }
      - { name: error, run: 'echo "bad $T" >&2; exit 3', env: { T: "{{ secrets.one }}" }, allow_failure: true }
      - { name: kept, set: { kept: "{{ secrets.one }}" } }
      - { name: said, print: "{{ kept }} {{ secrets.one | b64encode }} {{ tasks.env.stdout }} {{ secrets.two | urlencode }}" }
      - { name: fail, fail: "no {{ secrets.two }}", allow_failure: true }
      - { name: guard, run: "true", unless: "test x = {{ secrets.one }}" }
      - { name: when, run: "true", when: "secrets.one == 'x'" }
      - { name: retried, run: "echo $T; false", env: { T: "{{ secrets.two }}" }, retries: 1, delay: 10ms, allow_failure: true }
      - { name: slow, run: 'echo "$T"; sleep 9', env: { T: "{{ secrets.one }}" }, timeout: 1s, allow_failure: true }
      - { name: seen, wait_for: { command: 'echo "$T" >&2; false' }, env: { T: "{{ secrets.two }}" }, timeout: 1s, allow_failure: true }
      - block:
          - { name: inner, run: 'echo "{{ item }}"; exit 4' }
        each: ["{{ secrets.two }}"]
        rescue:
          - { name: rescued, print: "{{ error.message | default('') }} {{ item }}" }
"##;

fn nowhere(tries: usize) -> Vec<String> {
    (0..tries).filter_map(|turn| one(turn).err()).collect()
}

fn one(turn: usize) -> Result<(), String> {
    // Signs that each way of quoting writes otherwise.
    let one = format!("Ze{turn}7$k'w\"e\\r/9+x &ü%t");
    let two = format!("okapi-{turn}-{}", "q".repeat(turn % 40));
    let mut project = Project::new();
    let made = project.path("made");
    std::fs::create_dir_all(&made).unwrap();
    project.env("ONE", &one).env("TWO", &two);
    project.file("hosts.yml", "connect: { transport: local }\nhosts: { a: {}, b: {} }\n");
    project.file("site.yml", SITE.replace("HERE", &made.display().to_string()));
    let commands: [&[&str]; 22] = [
        &["check", "site.yml"],
        &["check", "site.yml", "--format", "json"],
        &["plan", "site.yml", "--html", "page.html"],
        &["plan", "site.yml", "--format", "json"],
        &["plan", "site.yml", "--format", "dot"],
        &["plan", "site.yml", "--format", "mermaid"],
        &["plan", "site.yml", "--out", "saved.json"],
        &["plan", "site.yml", "--probe", "--diff"],
        &["run", "site.yml", "--check"],
        &["run", "site.yml", "-v", "--log", "debug.log", "-vv"],
        &["run", "site.yml", "--format", "jsonl", "--log", "trace.log", "-vvv"],
        &["run", "saved.json"],
        &["show", "-v"],
        &["show", "--format", "json"],
        &["show", "--host", "a", "-v"],
        &["show", "--host", "a", "--task", "work/items"],
        &["history"],
        &["history", "--format", "json"],
        &["plan", "site.yml", "--since", "last"],
        &["hosts", "-i", "hosts.yml", "--format", "json"],
        &["explain", "site.yml", "a"],
        &["exec", "a", "--", "env"],
    ];
    let mut ran = 0;
    let mut masked = 0;
    for words in commands {
        let mut arguments = words.to_vec();
        if !words.contains(&"-i") && !["show", "history"].contains(&words[0]) && words != ["run", "saved.json"] {
            arguments.splice(1..1, ["-i", "hosts.yml"]);
        }
        // What the environment of this machine holds is no secret to a command that nobody told of it.
        let shown: Shown = if words[0] == "exec" { continue } else { project.run(&arguments) };
        ran += usize::from(shown.code == 0 || shown.code == 10);
        masked += shown.both().matches("«masked»").count();
        clean(&arguments.join(" "), shown.both().as_bytes(), &one, &two)?;
    }
    for name in ["page.html", "saved.json", "debug.log", "trace.log"] {
        let bytes = std::fs::read(project.path(name)).map_err(|error| format!("{name}: {error}"))?;
        clean(name, &bytes, &one, &two)?;
    }
    folder(&project.path(".roundsman"), &one, &two)?;
    // It was all there: the hosts have it, and something was masked.
    let arrived = std::fs::read_to_string(made.join("file")).unwrap_or_default();
    if !arrived.contains(&one) || !arrived.contains(&two) || masked < 50 || ran < 12 {
        return Err(format!("{masked} masked, {ran} commands ran, the file: {arrived:?}"));
    }
    spilled(&project, &one, &two)
}

/// The file that takes events where the record can't.
fn spilled(project: &Project, one: &str, two: &str) -> Result<(), String> {
    let folder_of = project.path("spill");
    std::fs::create_dir_all(folder_of.join(".roundsman")).unwrap();
    let db = folder_of.join(".roundsman/record.db");
    project.run(&["exec", "a", "-i", "hosts.yml", "--db", db.to_str().unwrap(), "--", "true"]);
    // No page more than what it has now, and some for the run's start.
    let site = std::fs::read_to_string(project.path("site.yml")).unwrap();
    let loud =
        "      - { name: loud, run: 'head -c 4000000 /dev/zero | tr \"\\0\" x; printf %s \"$T\"', env: { T: \"{{ secrets.one }}\" } }\n";
    project.file(
        "loud.yml",
        format!(
            "{}{loud}      - {{ name: more, run: 'printf %s \"$T\"', env: {{ T: \"{{{{ secrets.two }}}}\" }} }}\n",
            site.split("      - block:").next().unwrap()
        ),
    );
    let mut command = std::process::Command::new("sh");
    let run = project.command(&["run", "loud.yml", "-i", "hosts.yml", "--db", db.to_str().unwrap()]);
    command.args(["-c", "ulimit -f 4000; trap '' XFSZ; exec \"$@\"", "-"]).arg(run.get_program()).args(run.get_args());
    command.current_dir(project.path("")).envs(run.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("TMPDIR", &folder_of);
    let output = command.output().unwrap();
    clean("a run that spills", &[output.stdout, output.stderr].concat(), one, two)?;
    folder(&folder_of, one, two)?;
    folder(&folder_of.join(".roundsman"), one, two)
}

fn folder(path: &Path, one: &str, two: &str) -> Result<(), String> {
    for entry in std::fs::read_dir(path).unwrap().flatten().filter(|entry| entry.path().is_file()) {
        clean(&entry.path().display().to_string(), &std::fs::read(entry.path()).unwrap(), one, two)?;
    }
    Ok(())
}

/// Says where a secret stands, in any form that a program of ours could write it in.
fn clean(what: &str, bytes: &[u8], one: &str, two: &str) -> Result<(), String> {
    use base64::Engine as _;
    for secret in [one, two] {
        let json = serde_json::Value::from(secret).to_string();
        let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let mut forms = vec![secret.to_owned(), json[1..json.len() - 1].to_owned(), secret.replace('\'', r"'\''"), html];
        forms.push(base64::engine::general_purpose::STANDARD.encode(secret).trim_end_matches('=').to_owned());
        // A plan's page holds its texts escaped twice over.
        let twice = serde_json::Value::from(json.as_str()).to_string();
        forms.push(twice[3..twice.len() - 3].to_owned());
        for form in forms {
            if let Some(at) = bytes.windows(form.len()).position(|window| window == form.as_bytes()) {
                let around = String::from_utf8_lossy(&bytes[at.saturating_sub(150)..(at + 150).min(bytes.len())]).into_owned();
                return Err(format!("{what} holds {form}: …{around}…"));
            }
        }
    }
    Ok(())
}
