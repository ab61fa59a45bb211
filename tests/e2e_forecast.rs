//! A dry run against the run that follows it, on many hosts in differing states; and a saved plan against what becomes of its inputs.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use common::{Lab, Project};
use serde_json::Value;

const HOSTS: usize = 20;

/// Thirty tasks: files, guarded and unguarded shell, handlers, data from one task to another. `ROOT` holds a folder for each host.
const SITE: &str = r#"
name: forecast
vars: { d: "ROOT/{{ host.name }}" }
rounds:
  - name: survey
    hosts: all
    tasks:
      - { name: state, read: "{{ d }}/state" }
      - { name: kernel, run: uname -s, read_only: true }
      - { name: look, stat: "{{ d }}/marker" }
      - { name: list, glob: "{{ d }}/*.old" }
      - { name: said, print: "{{ tasks.state.stdout }} {{ tasks.kernel.stdout }}" }
      - { name: known, assert: tasks.kernel.stdout == "Linux" }
  - name: files
    hosts: all
    tasks:
      - { name: folder, directory: { dest: "{{ d }}/etc", mode: "0750" } }
      - { name: conf, copy: { content: "state\nof {{ host.name }}\n", dest: "{{ d }}/etc/a.conf" }, notify: reload }
      - { name: page, template: { src: page.j2, dest: "{{ d }}/etc/b.conf", mode: "0640" }, notify: reload }
      - { name: port, line: { dest: "{{ d }}/list", match: "^port", line: "port 80" } }
      - { name: block, text: { dest: "{{ d }}/list2", text: "a\nb", create: true } }
      - { name: current, link: { dest: "{{ d }}/current", src: etc } }
      - { name: gone, file: { dest: "{{ d }}/marker", state: absent } }
      - { name: kept, file: { dest: "{{ d }}/kept", mode: "0600" } }
      - { name: large, copy: { src: large.bin, dest: "{{ d }}/large.bin" } }
      - { name: once more, run: "echo x > {{ d }}/made", creates: "{{ d }}/made" }
      - { name: tidy, run: "rm {{ d }}/a.old", removes: "{{ d }}/a.old" }
      - { name: only one, copy: { content: one, dest: "{{ d }}/one" }, when: rounds.survey.tasks.state.stdout == "1" }
      - { name: followed, run: "echo y >> {{ d }}/log", when: tasks.conf.changed }
      - { name: marked, run: "true", when: rounds.survey.tasks.look.outputs.exists and rounds.survey.tasks.list.outputs.paths | length > 0 }
    handlers:
      - { name: reload, run: "echo reload >> {{ d }}/log" }
  - name: commands
    hosts: all
    tasks:
      - { name: stamp, run: "date > {{ d }}/stamp; echo stamped", notify: restart }
      - { name: quiet, run: "echo z > {{ d }}/quiet", changed: false }
      - { name: judged, run: "echo changed-{{ rounds.survey.tasks.state.stdout }}", changed: "'changed-1' in result.stdout", notify: maybe }
      - { name: hangs, run: "echo w > {{ d }}/w", unless: "test -e {{ d }}/stamp" }
      - { name: same file, copy: { content: v, dest: "{{ d }}/v" } }
      - { name: reads it, read: "{{ d }}/stamp" }
      - { name: by text, run: "true", when: tasks.stamp.stdout == "stamped" }
      - { name: by change, run: "true", when: tasks.stamp.changed }
      - { name: told, print: "{{ tasks.stamp.stdout }} {{ tasks.reads_it.stdout }}" }
      - { name: value, set: { v: "{{ tasks.stamp.stdout }}" } }
    handlers:
      - { name: restart, run: "echo restart >> {{ d }}/log" }
      - { name: maybe, run: "echo maybe >> {{ d }}/log" }
"#;

/// Puts a host's folder into one of several states.
fn state(folder: &Path, large: &[u8], host: usize) {
    std::fs::create_dir_all(folder).unwrap();
    let put = |name: &str, text: &[u8]| std::fs::write(folder.join(name), text).unwrap();
    let mode = |name: &str, mode: u32| std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    put("state", (host % 4).to_string().as_bytes());
    put("list", if host.is_multiple_of(2) { b"port 80\n" } else { b"# old\nport 8080\n" });
    if !host.is_multiple_of(3) {
        std::fs::create_dir(folder.join("etc")).unwrap();
        mode("etc", if host.is_multiple_of(2) { 0o750 } else { 0o700 });
        let name = folder.file_name().unwrap().to_str().unwrap();
        put("etc/a.conf", format!("state\nof {}\n", if host.is_multiple_of(5) { "nobody" } else { name }).as_bytes());
        put("etc/b.conf", format!("# {name}\nport 80\n").as_bytes());
        mode("etc/b.conf", if host.is_multiple_of(7) { 0o600 } else { 0o640 });
        std::os::unix::fs::symlink(if host.is_multiple_of(4) { "etc" } else { "elsewhere" }, folder.join("current")).unwrap();
    }
    match host % 5 {
        0 => put("marker", b""),
        1 => put("made", b"x\n"),
        2 => put("a.old", b""),
        3 => put("kept", b"text"),
        _ => {
            put("marker", b"");
            put("a.old", b"");
        }
    }
    if !host.is_multiple_of(4) {
        put("large.bin", if host == 9 { &large[1..] } else { large });
    }
    if host.is_multiple_of(6) {
        put("list2", b"# begin block (roundsman)\na\nb\n# end block (roundsman)\n");
        put("stamp", b"early\n");
    }
}

/// Names, modes, times and bytes of everything below a folder.
fn digest(folder: &Path) -> String {
    let mut told = String::new();
    let mut all: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    for path in all {
        let meta = path.symlink_metadata().unwrap();
        let bytes = if meta.is_file() { format!("{:?}", std::fs::read(&path).unwrap()) } else { String::new() };
        let time = (meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec());
        writeln!(told, "{} {} {:o} {time:?} {bytes}", path.display(), meta.ino(), meta.mode()).unwrap();
        if meta.is_dir() {
            told.push_str(&digest(&path));
        }
    }
    told
}

/// By task and host: what a dry run said, with what it waits for.
fn answers(plan: &Value) -> BTreeMap<(String, String), (String, Vec<String>)> {
    let mut all = BTreeMap::new();
    for round in plan["rounds"].as_array().unwrap() {
        for task in round["tasks"].as_array().unwrap() {
            let name = format!("{}/{}", round["id"].as_str().unwrap(), task["id"].as_str().unwrap());
            for told in task["forecasts"].as_array().into_iter().flatten() {
                let until =
                    told["until"].as_array().into_iter().flatten().map(|step| step.as_str().unwrap().to_owned()).collect::<Vec<_>>();
                for host in told["hosts"].as_array().unwrap() {
                    let known = all.insert(
                        (name.clone(), host.as_str().unwrap().to_owned()),
                        (told["answer"].as_str().unwrap().to_owned(), until.clone()),
                    );
                    assert_eq!(known, None, "one answer for {name} on {host}");
                }
            }
        }
    }
    all
}

/// By task and host: the status of the step, and whether it was executed.
fn outcomes(record: &Path) -> BTreeMap<(String, String), (String, bool)> {
    let record = rusqlite::Connection::open(record).unwrap();
    let mut rows = record
        .prepare("SELECT round || '/' || task, host, status, attempts > 0 FROM steps WHERE run = (SELECT max(number) FROM run)")
        .unwrap();
    let rows = rows.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?)))).unwrap();
    rows.map(Result::unwrap).collect()
}

struct Scene {
    lab: Lab,
    project: Project,
}

impl Scene {
    fn new(hosts: usize) -> Scene {
        let (lab, project) = (Lab::start(hosts), Project::new());
        let large: Vec<u8> = (0..300_000_u32).flat_map(|number| number.to_le_bytes()).collect();
        project.file("large.bin", &large);
        project.file("page.j2", "# {{ host.name }}\n{% if true %}\nport 80\n{% endif %}\n");
        let root = project.path("left");
        (1..=hosts).for_each(|host| state(&root.join(Lab::name(host)), &large, host));
        project.file("site.yml", SITE.replace("ROOT", root.to_str().unwrap()));
        project.file("hosts.yml", lab.inventory_text(lab.port()));
        Scene { lab, project }
    }

    fn root(&self) -> std::path::PathBuf {
        self.project.path("left")
    }
}

#[test]
fn a_run_does_what_the_dry_run_said_600_times_of_600() {
    let scene = Scene::new(HOSTS);
    let before = digest(&scene.root());
    let shown = scene.project.run(&["plan", "site.yml", "-i", "hosts.yml", "--probe", "--format", "json"]).expect_code(0);
    assert_eq!(digest(&scene.root()), before, "a dry run changes nothing");
    let checked = scene.project.run(&["run", "--check", "--detailed-exitcode", "site.yml", "-i", "hosts.yml"]).expect_code(10);
    assert_eq!(digest(&scene.root()), before, "{}", checked.text());
    let told = answers(&serde_json::from_str(&shown.stdout).unwrap());
    scene.project.run(&["run", "site.yml", "-i", "hosts.yml"]).expect_code(0);
    let done = outcomes(&scene.project.record());

    let handlers = ["files/reload", "commands/restart", "commands/maybe"];
    let is_handler = |task: &String| handlers.contains(&task.as_str());
    assert_eq!(told.len(), 33 * HOSTS, "an answer for every task and handler on every host");
    assert_eq!(done.keys().filter(|(task, _)| !is_handler(task)).count(), 30 * HOSTS);
    let (mut right, mut unknown) = (0, BTreeMap::<&str, usize>::new());
    for ((task, host), (answer, until)) in &told {
        let key = (task.clone(), host.clone());
        let end = done.get(&key).map(|(status, executed)| (status.as_str(), *executed));
        let fits = match (answer.as_str(), end) {
            ("nothing", None) => is_handler(task),
            ("nothing", Some(("skipped" | "ok", _))) | ("reads", Some(("ok", true))) => true,
            ("changes" | "runs", Some(("changed", true))) => true,
            // It runs, and says itself whether that was a change.
            ("runs", Some(("ok", true))) => ["commands/quiet", "commands/judged"].contains(&task.as_str()),
            ("unknown", _) => {
                *unknown.entry(task).or_default() += 1;
                // What decides is no step that is known to do nothing.
                !until.is_empty() && until.iter().all(|step| told[&(step.clone(), host.clone())].0 != "nothing")
            }
            _ => false,
        };
        assert!(fits, "{task} on {host}: {answer} {until:?}, and then {end:?}");
        right += usize::from(!is_handler(task));
    }
    assert_eq!(right, 600);
    // Nothing is called unknown that can be known: what stands behind a command that runs, and asks the host or reads what that prints.
    let all = ["commands/hangs", "commands/same_file", "commands/by_text", "commands/maybe"].map(|task| (task, HOSTS));
    let behind = [("files/tidy", 16), ("files/only_one", 4)];
    assert_eq!(unknown, all.into_iter().chain(behind).collect());
    drop(scene.lab);
}

#[test]
fn a_saved_plan_is_run_in_another_clone_and_refused_where_a_byte_has_changed() {
    let scene = Scene::new(3);
    let project = &scene.project;
    // Links and modes, as git keeps them: all inputs in a repository.
    let git = |folder: &Path, args: &[&str]| {
        let done = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(args)
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    project.file(".gitignore", "left\nclone\n.roundsman\n");
    let here = project.path("");
    git(&here, &["init", "-q"]);
    git(&here, &["add", "."]);
    git(&here, &["commit", "-qm", "x"]);
    project.run(&["plan", "site.yml", "-i", "hosts.yml", "--probe", "-o", "plan.json", "-q"]).expect_code(0);
    git(&here, &["clone", "-q", ".", "clone"]);
    let clone = project.path("clone");
    std::fs::copy(project.path("plan.json"), clone.join("plan.json")).unwrap();
    let run = || {
        let output = project.command(&["run", "plan.json"]).current_dir(&clone).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for input in ["site.yml", "page.j2", "large.bin", "hosts.yml"] {
        let path = clone.join(input);
        let bytes = std::fs::read(&path).unwrap();
        // Another byte that keeps every form as it is.
        let other = if input == "large.bin" { [&bytes[..9], b"\xff", &bytes[10..]].concat() } else { [&bytes[..], b"\n"].concat() };
        let before = digest(&scene.root());
        std::fs::write(&path, other).unwrap();
        let (code, said) = run();
        assert_eq!(code, Some(7), "{input}: {said}");
        assert!(said.contains(&format!("`{input}` has changed")), "{input}: {said}");
        assert_eq!(digest(&scene.root()), before, "{input}: nothing was done");
        std::fs::write(&path, bytes).unwrap();
    }
    // A host that is not as it was.
    let marker = scene.root().join(Lab::name(1)).join("kept");
    std::fs::write(&marker, "new").unwrap();
    let (code, said) = run();
    assert_eq!(code, Some(7), "{said}");
    assert!(said.contains("files/kept on h001 said: changes"), "{said}");
    std::fs::remove_file(&marker).unwrap();
    let (code, said) = run();
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run();
    assert_eq!(code, Some(7), "what was approved was done once: {said}");
}

#[test]
fn a_step_that_is_not_what_was_approved_by_then_fails_as_stale() {
    let project = Project::new();
    let folder = project.path("left");
    std::fs::create_dir(&folder).unwrap();
    let playbook = "rounds:
  - hosts: localhost
    tasks:
      - { name: keep, copy: { content: a, dest: DIR/kept } }
      - { name: first, copy: { content: b, dest: DIR/b, validate: \"grep -q b %s && rm DIR/kept\" } }
      - { name: guarded, run: touch DIR/g, unless: \"test -e DIR/kept\", needs: [first] }
";
    project.file("site.yml", playbook.replace("DIR", folder.to_str().unwrap()));
    std::fs::write(folder.join("kept"), "a").unwrap();
    // What changes `kept` behind the plan's back is a validation, which nobody expects to change anything.
    let planned = project.run(&["plan", "site.yml", "--probe", "-o", "plan.json"]).expect_code(0);
    assert!(planned.stdout.contains("unknown"), "{}", planned.text());
    std::fs::remove_file(folder.join("kept")).unwrap();
    project.run(&["run", "plan.json"]).expect_code(7);
    let again = playbook.replace("run: touch DIR/g, unless: \"test -e DIR/kept\"", "run: touch DIR/g, creates: DIR/kept");
    project.file("site.yml", again.replace("DIR", folder.to_str().unwrap()));
    std::fs::write(folder.join("kept"), "a").unwrap();
    project.run(&["plan", "site.yml", "--probe", "-o", "plan.json"]).expect_code(0);
    let shown = project.run(&["run", "plan.json"]).expect_code(4);
    assert!(shown.both().contains("stale: by the plan there is nothing to do, and now it would run"), "{}", shown.text());
    assert!(!folder.join("g").exists(), "it did not run");
}

#[test]
fn only_what_differs_is_sent() {
    let hosts = 50;
    let (lab, project) = (Lab::start(hosts), Project::new());
    let relay = common::Relay::to_lab(&lab, std::time::Duration::ZERO);
    let bytes: Vec<u8> = (0..1024 * 1024_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    project.file("large.bin", &bytes);
    let folder = project.path("left");
    std::fs::create_dir(&folder).unwrap();
    for host in (1..=hosts).filter(|host| !host.is_multiple_of(10)) {
        std::fs::write(folder.join(Lab::name(host)), &bytes).unwrap();
    }
    project.file("hosts.yml", lab.inventory_text(relay.port()));
    let dest = format!("{}/{{{{ host.name }}}}", folder.display());
    project
        .file("site.yml", format!("rounds: [{{ hosts: all, tasks: [{{ name: large, copy: {{ src: large.bin, dest: '{dest}' }} }}] }}]\n"));
    project.run(&["run", "site.yml", "-i", "hosts.yml"]).expect_code(0);
    let done = outcomes(&project.record());
    let changed = done.values().filter(|(status, _)| status == "changed").count();
    assert_eq!((done.len(), changed), (hosts, 5));
    let sent = relay.bytes();
    let whole = bytes.len();
    assert!(sent >= 5 * whole, "five files of {whole} bytes in {sent}");
    assert!(sent < 7 * whole, "{sent} bytes for five files of {whole}, and 50 hosts' greetings");
    assert!((1..=hosts).all(|host| std::fs::read(folder.join(Lab::name(host))).unwrap() == bytes));
}

#[test]
fn a_saved_plan_is_what_it_is_and_nothing_beside() {
    let project = Project::new();
    project.file("site.yml", "rounds: [{ hosts: localhost, tasks: [{ name: a, run: 'true' }] }]\n");
    project.run(&["plan", "site.yml", "-o", "plan.json", "-q"]).expect_code(0);
    assert_eq!(std::fs::metadata(project.path("plan.json")).unwrap().permissions().mode() & 0o777, 0o600);
    for beside in [["--limit", "localhost"], ["-e", "x=1"], ["--tags", "a"], ["-i", "b,"]] {
        let shown = project.run(&["run", "plan.json", beside[0], beside[1]]).expect_code(2);
        assert!(shown.stderr.contains("has its hosts, variables and tasks in it"), "{}", shown.text());
    }
    for command in ["plan", "check"] {
        let shown = project.run(&[command, "plan.json"]).expect_code(3);
        assert!(shown.both().contains("is a saved plan, not a playbook"), "{}", shown.text());
    }
    let shown = project.run(&["plan", "site.yml", "-o", "none/plan.json"]).expect_code(1);
    assert!(shown.stderr.contains("none/plan.json can't be written"), "{}", shown.text());
    let text = std::fs::read_to_string(project.path("plan.json")).unwrap();
    project.file("newer.json", text.replace("\"roundsman_plan\": 1", "\"roundsman_plan\": 99"));
    project.file("broken.json", &text[..text.len() / 2]);
    for (file, words) in [("newer.json", "of form 99"), ("broken.json", "is no saved plan")] {
        let shown = project.run(&["run", file]).expect_code(3);
        assert!(shown.stderr.contains(words), "{}", shown.text());
    }
    assert!(!project.record().exists(), "nothing ran");
    project.run(&["run", "plan.json"]).expect_code(0);
}

#[test]
fn what_a_plan_sends_is_compared_whatever_makes_its_name() {
    let project = Project::new();
    let folder = project.path("left");
    std::fs::create_dir(&folder).unwrap();
    project.file("web.sh", "#!/bin/sh\necho one\n");
    project.file("a.conf", "a\n");
    let playbook = "vars: { role: web }
rounds:
  - hosts: localhost
    tasks:
      - { name: made, script: '{{ role }}.sh' }
      - { name: put, copy: { src: '{{ item }}.conf', dest: 'DIR/{{ item }}' }, each: [a] }
";
    project.file("site.yml", playbook.replace("DIR", folder.to_str().unwrap()));
    project.run(&["plan", "site.yml", "-o", "plan.json", "-q"]).expect_code(0);
    for (name, other) in [("web.sh", "#!/bin/sh\necho two\n"), ("a.conf", "b\n")] {
        let was = std::fs::read(project.path(name)).unwrap();
        project.file(name, other);
        let shown = project.run(&["run", "plan.json"]).expect_code(7);
        assert!(shown.stderr.contains(&format!("`{name}` has changed")), "{}", shown.text());
        project.file(name, was);
    }
    project.run(&["run", "plan.json"]).expect_code(0);
}

#[test]
fn what_a_plan_leaves_out_has_no_turn_later() {
    let project = Project::new();
    let flag = project.file("flag", "no\n");
    let playbook = "rounds:
  - name: ask
    hosts: localhost
    tasks:
      - { name: rd, read: FLAG }
      - { name: turned, read: FLAG, changed: \"'yes' in result.stdout\", notify: told }
      - { name: item, copy: { content: '{{ item }}', dest: 'FLAG.{{ item }}' }, each: [1, 2, 3], when: item == 1 }
      - { name: hidden, copy: { content: x, dest: FLAG.hidden }, sensitive: true }
    handlers: [{ name: told, run: touch FLAG.told }]
  - name: block
    hosts: localhost
    tasks:
      - name: gate
        when: rounds.ask.tasks.rd.stdout == 'yes'
        block: [{ name: inside, run: touch FLAG.inside }]
  - name: never
    hosts: localhost
    when: rounds.ask.tasks.rd.stdout == 'yes'
    tasks: [{ name: act, run: touch FLAG.act }]
";
    project.file("site.yml", playbook.replace("FLAG", flag.to_str().unwrap()));
    project.run(&["plan", "site.yml", "--probe", "-o", "plan.json", "-q"]).expect_code(0);
    // The flag turns when the hosts have been asked again, and before the run begins with it.
    let turn = format!(
        "#!/bin/sh\nn=$(cat {0}.n 2>/dev/null || echo 0); echo $((n+1)) >{0}.n\nif [ $n -ge 1 ]; then echo yes >{0}; fi\nexec /bin/sh\n",
        flag.display()
    );
    let shell = project.file("shell", turn);
    std::fs::set_permissions(&shell, std::fs::Permissions::from_mode(0o755)).unwrap();
    project.file("hosts.yml", format!("hosts: {{ localhost: {{ connect: {{ transport: {{ command: [{}] }} }} }} }}\n", shell.display()));
    project.run(&["plan", "site.yml", "-i", "hosts.yml", "--probe", "-o", "plan.json", "-q"]).expect_code(0);
    std::fs::write(&flag, "no\n").unwrap();
    std::fs::write(project.path("flag.n"), "0").unwrap();
    let shown = project.run(&["run", "plan.json"]).expect_code(4);
    assert!(shown.both().contains("stale: by the plan it has no turn, and it has one"), "{}", shown.text());
    for left_out in ["told", "inside", "act"] {
        assert!(!project.path(&format!("flag.{left_out}")).exists(), "{left_out}\n{}", shown.text());
    }
    assert!(project.path("flag.1").exists() && project.path("flag.hidden").exists(), "{}", shown.text());
}

#[test]
fn a_file_that_changes_while_a_saved_plan_is_run_is_not_sent() {
    let project = Project::new();
    let folder = project.path("left");
    std::fs::create_dir(&folder).unwrap();
    let (small, large) = ("one\n".to_owned(), "x".repeat(100_000));
    project.file("small.conf", &small);
    project.file("large.bin", &large);
    project.file("does.sh", "#!/bin/sh\ntouch DIR/did\n".replace("DIR", folder.to_str().unwrap()));
    let here = project.path("");
    // The first task changes what the next ones send; on other hosts somebody else would.
    let playbook = "rounds:
  - { name: w, hosts: localhost, tasks: [{ name: turn, run: 'cd HERE && echo two >small.conf && echo y >>large.bin && echo touch DIR/other >>does.sh' }] }
  - name: s
    hosts: localhost
    tasks:
      - { name: small, copy: { src: small.conf, dest: DIR/small }, allow_failure: true }
      - { name: large, copy: { src: large.bin, dest: DIR/large }, allow_failure: true }
      - { name: script, script: does.sh, allow_failure: true }
";
    project.file("site.yml", playbook.replace("DIR", folder.to_str().unwrap()).replace("HERE", here.to_str().unwrap()));
    project.run(&["plan", "site.yml", "-o", "plan.json", "-q"]).expect_code(0);
    let shown = project.run(&["run", "plan.json"]);
    assert!(shown.both().contains("it has changed since the plan was saved"), "{}", shown.text());
    let failed = outcomes(&project.record()).into_values().filter(|(status, _)| status == "failed").count();
    assert_eq!(failed, 3, "{}", shown.text());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{}", shown.text());
}
