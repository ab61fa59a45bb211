//! Secrets arrive on real hosts as they are, and are in no byte of what a run leaves behind or says.
#![cfg(feature = "age")]
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose as coder;
use common::{Lab, Project, Shown};

/// Values that every quoting has to change, each from another source.
const TOKEN: &str = "Zq7$k'w\"e\\r/9+x &ü%t";
const FROM_FILE: &str = "-----BEGIN KEY-----\nb3BlbnNzaC1rZXktdjEA\nAAABG5vbmUAAAAEbm9u\n-----END KEY-----\n";
const FROM_COMMAND: &str = "c0mmand-Gi raffe";
const FROM_AGE: &str = "age-0kapi;value";

const SITE: &str = r##"
name: Secrets
inventory: hosts.yml
vars:
  login: "user:{{ secrets.token }}"
secrets:
  token: { env: API_TOKEN }
  key: { file: key.pem }
  from_command: { command: "printf '%s\n' 'c0mmand-Gi raffe'" }
  people: { age: people.yml.age }
  okapi: { age: people.yml.age, key: ann.hash }
rounds:
  - name: work
    hosts: all
    vars: { folder: FOLDER }
    tasks:
      - { name: environment, run: 'printf %s "$T"; printf %s "$T" >&2', env: { T: "{{ login }}" } }
      - { name: input, run: cat, stdin: "{{ secrets.key }}{{ secrets.from_command }}" }
      - { name: text, run: "printf '%s\n' {{ secrets.token }} \"<{{ secrets.okapi }}>\" '{{ secrets.people.ann.hash }}'" }
      - { name: bash, shell: bash, run: "echo {{ secrets.from_command }}" }
      - { name: list, run: [printf, "%s", "{{ secrets.token }}"] }
      - name: here
        run: |
          set -x
          cat <<EOF
          {{ secrets.token }}
          EOF
          : {{ secrets.token }}
      - { name: encoded, run: 'printf "a%s\n" "$T" | base64; printf %s "$K" | base64', env: { T: "{{ secrets.token }}", K: "{{ secrets.key }}" } }
      - { name: said, print: "{{ secrets.token | b64encode }} {{ login | b64encode }} {{ secrets.people | to_json }}" }
      - { name: every form, run: 'cat encoded', cwd: "{{ folder }}" }
      - { name: many, run: 'i=0; while [ $i -lt 5000 ]; do printf "%s " "$T"; i=$((i+1)); done', env: { T: "{{ secrets.token }}" } }
      - { name: binary, run: 'printf "\377%s\377" "$T"', env: { T: "{{ secrets.okapi }}" } }
      - { name: kept, set: { kept: { token: "{{ secrets.token }}" } } }
      - { name: shown, print: "{{ kept.token }} {{ kept | to_json }} {{ tasks.environment.stdout }} {{ controller.env.API_TOKEN }}" }
      - { name: written, copy: { content: "{{ secrets.token }}", dest: "{{ folder }}/{{ host.name }}", mode: "0600" } }
      - { name: read back, read: "{{ folder }}/{{ host.name }}" }
      - { name: guard, run: "true", unless: "test x = {{ secrets.from_command }}", read_only: true }
      - { name: unmet, assert: { that: "secrets.token == 'x'", message: "it is {{ secrets.token }}" }, allow_failure: true }
      - { name: refused, fail: "{{ secrets.okapi }} was refused: {{ login }}", allow_failure: true }
      - { name: broken, run: 'echo "no login with $T" >&2; exit 3', env: { T: "{{ secrets.token }}" }, allow_failure: true }
      - { name: no such folder, run: "true", cwd: "/{{ secrets.from_command }}", allow_failure: true }
      - { name: record, once: true, run: "cp -R RECORD {{ folder }}/record" }
"##;

/// An identity and its recipient.
fn identity() -> (String, String) {
    use age::secrecy::ExposeSecret as _;
    let key = age::x25519::Identity::generate();
    (format!("{}\n", key.to_string().expose_secret()), key.to_public().to_string())
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// Every form that must be nowhere. Of base64 what lies inside: the signs at its ends belong to the neighbours, too.
fn inner_forms(secret: &str) -> Vec<String> {
    forms(secret, |whole| whole[4..4 + (secret.len() - 4) * 4 / 3 / 4 * 4].to_owned())
}

fn forms(secret: &str, base64: impl Fn(String) -> String) -> Vec<String> {
    let percent = |keep: &str, upper: bool| -> String {
        let sign = |byte: u8| {
            let plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || keep.as_bytes().contains(&byte);
            match (plain, upper) {
                (true, _) => char::from(byte).to_string(),
                (false, true) => format!("%{byte:02X}"),
                (false, false) => format!("%{byte:02x}"),
            }
        };
        secret.bytes().map(sign).collect()
    };
    let json = serde_json::Value::from(secret).to_string();
    let mut forms = vec![secret.to_owned(), json[1..json.len() - 1].to_owned(), percent("", true), percent("/", true), percent("/", false)];
    forms.push(secret.replace('\'', r"'\''"));
    for before in ["", "x", "xy"] {
        for engine in [coder::STANDARD, coder::URL_SAFE] {
            forms.push(base64(engine.encode(format!("{before}{secret}xyz"))));
        }
    }
    forms
}

/// Everything that a folder's files hold.
fn all_bytes(folder: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().is_file());
    files.flat_map(|entry| std::fs::read(entry.path()).unwrap()).collect()
}

/// A project with every secret, and its identity in the configuration folder.
fn project(hosts: &str, folder: &std::path::Path) -> Project {
    let mut project = Project::new();
    let (identity, recipient) = identity();
    project.file("home/.config/roundsman/identity", identity);
    project.file("people.yml", format!("ann:\n  hash: {FROM_AGE}\n"));
    project.ok(&["secret", "encrypt", "people.yml", "-r", &recipient]);
    std::fs::remove_file(project.path("people.yml")).unwrap();
    project.file("key.pem", FROM_FILE);
    project.file("hosts.yml", hosts);
    let record = project.path(".roundsman").display().to_string();
    project.file("site.yml", SITE.replace("FOLDER", &folder.display().to_string()).replace("RECORD", &record));
    project.env("API_TOKEN", TOKEN);
    project
}

fn nowhere(what: &str, bytes: &[u8]) {
    let lines = ["b3BlbnNzaC1rZXktdjEA", "AAABG5vbmUAAAAEbm9u"];
    let needles: Vec<String> = [TOKEN, FROM_COMMAND, FROM_AGE].into_iter().chain(lines).flat_map(inner_forms).collect();
    for needle in needles {
        let at = bytes.windows(needle.len()).position(|window| window == needle.as_bytes());
        let around = at.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(100)..(at + 150).min(bytes.len())]).into_owned());
        assert_eq!(around, None, "{what} holds {needle}");
    }
}

#[test]
fn a_secret_is_in_no_byte_of_what_a_run_leaves_or_says() {
    let lab = Lab::start(2);
    let written = tempfile::tempdir().unwrap();
    let inventory = std::fs::read_to_string(lab.inventory()).unwrap();
    let project = project(&inventory, written.path());
    let encoded: Vec<String> = [TOKEN, FROM_COMMAND, FROM_AGE].into_iter().flat_map(|secret| forms(secret, |whole| whole)).collect();
    std::fs::write(written.path().join("encoded"), encoded.join("\n")).unwrap();
    let mut masked = 0;
    for arguments in [
        &["check", "site.yml"][..],
        &["plan", "site.yml"],
        &["plan", "site.yml", "--format", "json"],
        &["run", "site.yml", "-v", "--log", "text.log"],
        &["run", "site.yml", "--format", "jsonl", "--log", "jsonl.log", "-v"],
        &["show", "-v"],
        &["show", "--host", "h001", "-v"],
        &["show", "--format", "json"],
        &["history", "--format", "json"],
    ] {
        let shown: Shown = project.run(arguments).expect_code(0);
        nowhere(&arguments.join(" "), shown.both().as_bytes());
        masked += shown.both().matches("«masked»").count();
        if arguments[0] == "plan" {
            for hole in ["‹secret token›", "‹secret okapi›", "‹secret people›", "‹secret from_command›"] {
                assert!(shown.stdout.contains(hole), "{hole}\n{}", shown.text());
            }
        }
    }
    for log in ["text.log", "jsonl.log"] {
        let bytes = std::fs::read(project.path(log)).unwrap();
        assert!(holds(&bytes, "step_ended") && holds(&bytes, "«masked»"), "{log}");
        nowhere(log, &bytes);
    }
    let record = all_bytes(&project.path(".roundsman"));
    assert!(holds(&record, "«masked»"));
    nowhere("the record", &record);
    // As it lay there in the middle of the run, with what SQLite had yet to put in its place.
    let during = written.path().join("record");
    assert!(std::fs::metadata(during.join("record.db-wal")).unwrap().len() > 0);
    nowhere("the record of a run that goes on", &all_bytes(&during));
    assert!(masked > 100, "{masked}");

    // The host had it all the same.
    for host in ["h001", "h002"] {
        assert_eq!(std::fs::read_to_string(written.path().join(host)).unwrap(), TOKEN);
    }
    let run = common::record::runs(&project.record()).remove(0);
    for (task, bytes) in
        [("environment", TOKEN.len() + 5), ("input", FROM_FILE.len() + FROM_COMMAND.len()), ("many", 5000 * (TOKEN.len() + 1))]
    {
        let outcomes = run.outcomes();
        let (_, outcome) = outcomes.iter().find(|((host, _, name), _)| host == "h001" && name == task).unwrap();
        assert_eq!(outcome[0]["stdout"]["bytes"], bytes, "{task}");
    }
    let text = |task: &str| String::from_utf8_lossy(&run.stdout("h001", task)).into_owned();
    assert_eq!(text("environment"), "user:«masked»");
    assert_eq!(text("many"), "«masked» ".repeat(5000));
    assert_eq!(text("input"), "«masked»«masked»");
    assert_eq!(run.stdout("h001", "binary"), [b"\xff", "«masked»".as_bytes(), b"\xff"].concat());
    for task in ["unmet", "refused", "broken", "no_such_folder"] {
        assert_eq!(run.status("h001", task).as_deref(), Some("failed"), "{task}");
    }
}

#[test]
fn what_can_not_be_got_is_told_at_once_and_nothing_is_done() {
    let mut project = Project::new();
    project.file(
        "site.yml",
        r#"
secrets:
  a: { env: NOT_THERE }
  b: { command: [sh, -c, "echo wrong $GIVEN >&2; exit 2"] }
  c: { file: c.yml, key: db.pasword }
  d: { age: d.age }
  given: { env: GIVEN }
  unused: { command: "touch ran" }
rounds:
  - hosts: localhost
    tasks: [{ name: go, run: cat, stdin: "{{ secrets.a }}{{ secrets.b }}{{ secrets.c }}{{ secrets.d }}{{ secrets.given }}" }]
"#,
    );
    project.env("GIVEN", "given-value");
    project.file("c.yml", "db: { password: s3cret-value }\n");
    let shown = project.run(&["check", "site.yml"]).expect_code(3);
    assert!(shown.stderr.contains("there is no file") && shown.stderr.contains("d.age"), "{}", shown.text());
    project.file("d.age", "no age file at all");
    project.file("home/.config/roundsman/identity", identity().0);
    let shown = project.run(&["run", "site.yml"]).expect_code(1);
    for words in [
        "error: 4 secrets can't be got:",
        "the secret `a` (site.yml:3:3): the environment has no variable NOT_THERE",
        "the secret `b` (site.yml:4:3): its command ended with exit status: 2: wrong «masked»",
        "the secret `c` (site.yml:5:3): it has no `db.pasword`; did you mean `password`?",
        "the secret `d` (site.yml:6:3): d.age can't be decrypted: it is no age file",
        "nothing reads the secret `unused`",
    ] {
        assert!(shown.stderr.contains(words), "{words}\n{}", shown.text());
    }
    assert!(!shown.both().contains("s3cret-value") && !shown.both().contains("given-value"), "{}", shown.text());
    assert!(!project.record().exists(), "no run was recorded");
    assert!(!project.path("ran").exists(), "what nothing reads is not got");

    // Without an identity, the error says how to name one.
    std::fs::remove_file(project.path("home/.config/roundsman/identity")).unwrap();
    let shown = project.env("NOT_THERE", "x").run(&["run", "site.yml"]).expect_code(1);
    assert!(shown.stderr.contains("there is no age identity") && shown.stderr.contains("--identity FILE"), "{}", shown.text());
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    let project = Project::new();
    project.file(
        "site.yml",
        "
secrets: { pin: { ask: The pin } }
rounds:
  - hosts: localhost
    tasks: [{ name: go, run: cat, stdin: '{{ secrets.pin }}' }]
",
    );
    project.ok(&["check", "site.yml"]);
    // Whoever puts a secret there knows it: the step counts as known.
    let shown = project.ok(&["plan", "site.yml"]);
    assert!(!shown.stdout.contains("known only in part"), "{}", shown.text());
    let plan: serde_json::Value = serde_json::from_str(&project.ok(&["plan", "site.yml", "--format", "json"]).stdout).unwrap();
    let step = &plan["rounds"][0]["tasks"][0]["steps"][0];
    assert_eq!((&step["stdin"], &step["known_after"]), (&"‹secret pin›".into(), &serde_json::Value::Null));
    let shown = project.run(&["run", "site.yml"]).expect_code(1);
    assert!(shown.stderr.contains("the secret `pin` (site.yml:2:12): it must be asked for, and there is no terminal"), "{}", shown.text());
    assert!(shown.stderr.contains("hint: where nobody can be asked"), "{}", shown.text());
}

#[test]
fn encrypted_files_are_made_edited_and_given_to_others() {
    let mut project = Project::new();
    let ((ann, to_ann), (bob, to_bob)) = (identity(), identity());
    project.file("ann", ann);
    project.file("bob", bob);
    project.file("s.yml", "db: first-value\n");
    let site = "
secrets: { db: { age: s.yml.age, key: db } }
rounds:
  - hosts: localhost
    tasks: [{ name: go, run: 'cat > got', stdin: '{{ secrets.db }}', cwd: HERE }]
";
    project.file("site.yml", site.replace("HERE", &project.path("").display().to_string()));

    let shown = project.run(&["secret", "encrypt", "s.yml"]).expect_code(1);
    assert!(shown.stderr.contains("there is nobody to encrypt") && shown.stderr.contains("-r age1"), "{}", shown.text());
    project.ok(&["secret", "encrypt", "s.yml", "-r", &to_ann]);
    let shown = project.run(&["secret", "encrypt", "s.yml", "-r", &to_ann]).expect_code(1);
    assert!(shown.stderr.contains("s.yml.age exists already"), "{}", shown.text());
    let encrypted = std::fs::read_to_string(project.path("s.yml.age")).unwrap();
    assert!(encrypted.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"));
    let mode = |name: &str| std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(project.path(name)).unwrap().permissions()) & 0o777;
    assert_eq!(mode("s.yml.age"), 0o600);
    project.ok(&["run", "site.yml", "--identity", "ann"]);
    assert_eq!(std::fs::read_to_string(project.path("got")).unwrap(), "first-value");

    // An editor that changes nothing leaves the file alone; one that fails, too, and no plain text stays behind.
    project.file(".age-recipients", format!("# the team\n{to_ann}\n"));
    let private = project.path("private");
    std::fs::create_dir(&private).unwrap();
    project.env("XDG_RUNTIME_DIR", private.to_str().unwrap());
    let edit = |editor: &str| {
        let mut command = project.command(&["secret", "edit", "s.yml.age", "--identity", "ann"]);
        command.env("EDITOR", editor).output().unwrap()
    };
    let output = edit("true");
    assert!(output.status.success() && String::from_utf8_lossy(&output.stderr).contains("is as it was"), "{output:?}");
    let output = edit("sed -i s/first/lost/ \"$1\"; false");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(std::fs::read_to_string(project.path("s.yml.age")).unwrap(), encrypted);
    let look = "stat -c %a:%n";
    let output = edit(look);
    let seen = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(seen.starts_with("600:") && seen.trim_end().ends_with("/s.yml") && seen.contains("/private/"), "{output:?}");
    let output = edit("sed -i s/first/second/");
    assert!(output.status.success() && String::from_utf8_lossy(&output.stderr).contains("is changed"), "{output:?}");
    assert_eq!(std::fs::read_dir(&private).unwrap().count(), 0, "a plain text stayed behind");
    project.ok(&["run", "site.yml", "--identity", "ann"]);
    assert_eq!(std::fs::read_to_string(project.path("got")).unwrap(), "second-value");

    let shown = project.run(&["run", "site.yml", "--identity", "bob"]).expect_code(1);
    assert!(shown.stderr.contains("it is not encrypted to this identity"), "{}", shown.text());
    project.ok(&["secret", "rekey", "s.yml.age", "--identity", "ann", "-r", &to_bob]);
    project.env("ROUNDSMAN_IDENTITY", "bob").ok(&["run", "site.yml"]);
    project.run(&["run", "site.yml", "--identity", "ann"]).expect_code(1);
    let record = all_bytes(&project.path(".roundsman"));
    assert!(!holds(&record, "first-value") && !holds(&record, "second-value"));
}

#[test]
fn a_secret_of_the_inventory_answers_for_connections() {
    let project = Project::new();
    project.file(
        "hosts.yml",
        r#"
secrets:
  login: { command: "touch asked; printf hidden-login" }
  own: { command: "printf of-the-inventory" }
connect: { transport: local, password: "{{ secrets.login }}" }
hosts: { one: {}, two: { connect: { password: "plain-password" } } }
"#,
    );
    let site = |hosts: &str| {
        format!(
            "
secrets: {{ own: {{ command: \"printf of-the-playbook\" }} }}
rounds:
  - hosts: {hosts}
    tasks: [{{ name: go, run: 'cat; echo hidden-login plain-password', stdin: '{{{{ secrets.own }}}}' }}]
"
        )
    };
    project.file("two.yml", site("two"));
    project.ok(&["run", "two.yml", "-i", "hosts.yml"]);
    assert!(!project.path("asked").exists(), "the password of a host that takes no part");
    project.file("one.yml", site("one"));
    let shown = project.ok(&["run", "one.yml", "-i", "hosts.yml", "-v"]);
    assert!(project.path("asked").exists());
    for word in ["hidden-login", "plain-password", "of-the"] {
        assert!(!shown.both().contains(word), "{}", shown.text());
    }
    assert!(shown.stdout.contains("«masked»«masked» «masked»"), "{}", shown.text());
    project.file(
        "wrong.yml",
        "connect: { transport: local, password: '{{ secrets.lgoin }}' }\nsecrets: { login: { env: X } }\nhosts: { one: {} }\n",
    );
    project.file("three.yml", "rounds: [{ hosts: one, tasks: [{ run: id }] }]\n");
    let shown = project.run(&["check", "three.yml", "-i", "wrong.yml"]).expect_code(3);
    assert!(shown.stderr.contains("there is no secret `lgoin`") && shown.stderr.contains("did you mean `login`"), "{}", shown.text());
}

#[test]
fn what_is_too_short_is_warned_of() {
    let mut project = Project::new();
    project.env("PIN", "17");
    let site = "
secrets: { pin: { env: PIN } }
rounds:
  - hosts: localhost
    tasks: [{ name: go, run: 'cat; echo; echo 1700', stdin: 'pin 17 {{ secrets.pin }}' }]
";
    project.file("site.yml", site);
    let shown = project.ok(&["run", "site.yml", "-v"]);
    assert!(shown.stderr.contains("warning[W111]: the secret `pin`, or a part of it, is too short"), "{}", shown.text());
    assert!(shown.stdout.contains("1700") && shown.stdout.contains("pin «masked» «masked»"), "{}", shown.text());
}

#[test]
fn what_is_typed_is_not_echoed_and_arrives() {
    let project = Project::new();
    let site = "
secrets: { word: { ask: The word } }
rounds:
  - hosts: localhost
    tasks: [{ name: go, run: 'cat > got; cat got', cwd: HERE, stdin: '{{ secrets.word }}' }]
";
    project.file("site.yml", site.replace("HERE", &project.path("").display().to_string()));
    let run = project.command(&["run", "site.yml", "-v"]);
    // A terminal of its own.
    let mut command = project.command(&[]);
    let words: Vec<String> =
        std::iter::once(run.get_program()).chain(run.get_args()).map(|word| word.to_string_lossy().into_owned()).collect();
    let script = format!("script -qec '{}' /dev/null", words.join(" "));
    let mut terminal = std::process::Command::new("sh");
    terminal.args(["-c", &script]).current_dir(project.path("")).env_clear();
    terminal.envs(command.env("SHELL", "/bin/sh").get_envs().filter_map(|(name, value)| Some((name, value?))));
    terminal.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = terminal.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut seen = Vec::new();
    let mut typed = false;
    let mut piece = [0; 4096];
    loop {
        match std::io::Read::read(&mut stdout, &mut piece).unwrap() {
            0 => break,
            length => seen.extend_from_slice(&piece[..length]),
        }
        if !typed && holds(&seen, "The word: ") {
            // The echo goes off right behind the prompt.
            std::thread::sleep(std::time::Duration::from_millis(500));
            std::io::Write::write_all(&mut stdin, b"typed-in-value\n").unwrap();
            typed = true;
        }
    }
    child.wait().unwrap();
    let seen = String::from_utf8_lossy(&seen).into_owned();
    assert_eq!(std::fs::read_to_string(project.path("got")).ok().as_deref(), Some("typed-in-value"), "{seen}");
    assert!(seen.contains("The word: ") && !seen.contains("typed-in-value"), "{seen}");
    assert!(seen.contains("«masked»"), "{seen}");
}
