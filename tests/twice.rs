//! `roundsman test`: real sandboxes, what is said of two runs, and that this machine is as it was before.
//!
//! Where the system gives no namespaces to whoever runs the tests, those that need a sandbox say so and pass.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test")]

mod common;

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use common::{Project, Shown, procs, record};

const INVENTORY: &str =
    "hosts:\n  web[1-2]: { connect: { user: deploy, jump: gate } }\n  gate: {}\ngroups: { web: { hosts: \"web[1-2]\" } }\n";

const SITE: &str = r#"
name: Site
rounds:
  - name: work
    hosts: web
    tasks:
      - name: mark
        run: echo {{ host.name }} >> /etc/mark
      - name: guarded
        run: touch /srv/there
        creates: /srv/there
      - name: motd
        copy: { content: "of {{ host.name }}\n", dest: /etc/motd, mode: "0644" }
      - name: config
        run: echo new > /etc/app.conf
        notify: reload
      - name: users
        run: test -e /srv/{{ item }} || touch /srv/{{ item }}
        each: [ann, bob]
        changed: item == "bob"
      - name: look
        run: test "$(id -un)@$(hostname) {{ host.user }}" = "root@{{ host.name }} deploy"
        read_only: true
    handlers:
      - name: reload
        run: echo reloaded >> /var/log/app
"#;

/// A project whose sandboxes are made in a folder of its own; none where there can't be any.
fn project() -> Option<Project> {
    let user: &[&str] = if rustix::process::getuid().is_root() { &[] } else { &["--user", "--map-root-user"] };
    let namespaces = Command::new("unshare").args(user).args(["--mount", "--pid", "--fork", "--net", "true"]).output();
    if !namespaces.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: no namespaces here");
        return None;
    }
    let mut project = Project::new();
    std::fs::create_dir(project.path("a tmp")).unwrap();
    let tmp = project.path("a tmp").display().to_string();
    project.env("TMPDIR", &tmp).file("inventory.yml", INVENTORY);
    project.file("site.yml", SITE);
    Some(project)
}

/// Nothing is left of sandboxes: no folder, no mount.
#[track_caller]
fn assert_clean(project: &Project) {
    let left: Vec<PathBuf> = std::fs::read_dir(project.path("a tmp")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    assert!(!mounts.contains("roundsman-test-"), "{mounts}");
}

fn json(shown: &Shown) -> serde_json::Value {
    serde_json::from_str(&shown.stdout).unwrap_or_else(|error| panic!("{error}\n{}", shown.text()))
}

#[test]
fn what_changes_twice_is_told_with_its_place() {
    let Some(project) = project() else { return };
    let shown = project.run(&["test", "site.yml", "-i", "inventory.yml"]).expect_code(4);
    let (_, told) =
        shown.stdout.split_once("3 tasks changed something in the second run too:\n").unwrap_or_else(|| panic!("{}", shown.text()));
    insta::assert_snapshot!(told, @r"

    changed     work/mark · site.yml:7 · 2 hosts: web[1-2]
        echo <host> >> /etc/mark
      hint: a guard (`creates`, `unless`) says when there is nothing to do, `changed` whether it made anything different; `read_only: true` where it never does

    changed     work/config · site.yml:14 · 2 hosts: web[1-2]
        echo new > /etc/app.conf
      so it notified: reload

    changed     work/users · site.yml:17 · 2 hosts: web[1-2]
      item: bob
        test -e /srv/bob || touch /srv/bob
      hint: its `changed` says so: let it tell what was made different from what was there already
    ");
    assert_clean(&project);

    let shown = project.run(&["test", "site.yml", "-i", "inventory.yml", "--format", "json", "--limit", "web2"]).expect_code(4);
    let told = json(&shown);
    let changed = told["changed"].as_array().unwrap();
    let names: Vec<&str> = changed.iter().map(|task| task["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["mark", "config", "users"], "{}", shown.text());
    assert_eq!(changed[0]["changes"][0]["command"], "echo web2 >> /etc/mark");
    assert_eq!((&changed[0]["place"]["file"], &changed[0]["place"]["line"]), (&"site.yml".into(), &7.into()));
    assert_eq!(changed[1]["handlers"], serde_json::json!(["reload"]));
    assert_eq!(changed[2]["changes"][0]["item"], "bob");
    assert_eq!(told["exit_code"], 4);

    // Four runs are in the record, each as part of a test.
    let recorded = record::runs(&project.record());
    assert!(recorded.iter().all(|run| run.events[0]["command"] == "test"));
    let ids: Vec<&serde_json::Value> = recorded.iter().map(|run| &run.events[0]["run"]).collect();
    assert_eq!(ids.len(), 4);
    assert_eq!(told["runs"].as_array().unwrap().iter().collect::<Vec<_>>(), ids[2..]);
    // A sandbox is a host like any other, and it needs no password and no way through others.
    assert_eq!(recorded[0].status("web1", "look").as_deref(), Some("ok"), "{}", shown.text());
}

#[test]
fn what_changes_once_is_well() {
    let Some(project) = project() else { return };
    project.file(
        "well.yml",
        r#"
name: Well
rounds:
  - hosts: web
    tasks:
      - { name: made, run: touch /srv/there, creates: /srv/there }
      - { name: motd, copy: { content: "of {{ host.name }}\n", dest: /etc/motd } }
      - { name: alone, run: "test $(cat /etc/hostname) = {{ host.name }} && ! test -e /srv/{{ 'web2' if host.name == 'web1' else 'web1' }}", read_only: true }
      - { name: mine, run: "touch /srv/{{ host.name }}", creates: "/srv/{{ host.name }}" }
"#,
    );
    let shown = project.run(&["test", "well.yml", "-i", "inventory.yml", "--without-record"]).expect_code(0);
    assert!(shown.stdout.ends_with("\nthe second run changed nothing\n"), "{}", shown.text());
    assert!(!common::cli::exists(&project.record()), "not recorded");
    let shown = project.run(&["test", "well.yml", "-i", "inventory.yml", "--format", "json"]).expect_code(0);
    assert_eq!((&json(&shown)["changed"], &json(&shown)["exit_code"]), (&serde_json::json!([]), &0.into()));
    assert_clean(&project);
}

/// What stands below a folder: by path the mode, size, time and content's beginning of each file.
fn digest(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        let Ok(about) = path.symlink_metadata() else { continue };
        if about.is_dir() {
            open.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        }
        let text = if about.is_file() { std::fs::read(&path).unwrap_or_default() } else { Vec::new() };
        let link = std::fs::read_link(&path).unwrap_or_default();
        found.insert(path, format!("{:o} {} {}.{} {link:?} {text:?}", about.mode(), about.uid(), about.mtime(), about.mtime_nsec()));
    }
    found
}

/// The names and times of what stands in folders, one level deep.
fn names(roots: &[&str]) -> BTreeMap<PathBuf, (u32, i64, i64)> {
    let mut found = BTreeMap::new();
    for root in roots {
        for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
            let about = entry.metadata().unwrap();
            found.insert(entry.path(), (about.mode(), about.mtime(), about.mtime_nsec()));
        }
    }
    found
}

#[test]
fn nothing_of_this_machine_is_changed() {
    let Some(project) = project() else { return };
    let outside = project.file("outside", "as it was\n");
    let mark = format!("roundsman-{}", std::process::id());
    let site = r#"
name: Vandal
vars: { mark: "MARK", outside: "OUTSIDE" }
rounds:
  - hosts: [localhost, web1]
    tasks:
      - { name: etc, run: "echo {{ mark }} >> /etc/passwd; rm -rf /etc/hosts; touch /etc/{{ mark }}; chmod 700 /etc" }
      - { name: home, run: "touch /root/{{ mark }} /home/{{ mark }} /opt/{{ mark }}; rm -rf /root/.[!.]*" }
      - { name: tmp, run: "touch /tmp/{{ mark }} /var/tmp/{{ mark }} /dev/shm/{{ mark }} /run/{{ mark }} /var/log/{{ mark }}" }
      - { name: outside, run: "! test -e {{ outside }}" }
      - { name: usr, run: "! touch /usr/{{ mark }} /bin/{{ mark }} && ! rm -f /usr/bin/env && ! mount -o remount,rw /usr && ! chmod 600 /usr/bin/env" }
      - { name: devices, run: "! chmod 600 /dev/null && ! mknod /tmp/disk b 1 0" }
      - { name: kernel, run: "! sh -c 'echo {{ mark }} >/proc/sys/kernel/domainname' && ! sh -c 'echo 1 >/proc/sys/vm/drop_caches'" }
      - { name: out, run: "! mount -t tmpfs none /mnt && ! nsenter -t 1 -m true && test \"$(ls /mnt)\" = ''" }
      - { name: name, run: "hostname {{ mark }} || true" }
      - { name: net, run: "! ls /sys/class/net/eth0 && test \"$(wc -l </proc/net/dev)\" -le 5" }
      - { name: daemon, run: "sleep 61.{{ 987654 }} >/dev/null 2>&1 </dev/null &" }
      - { name: fetched, fetch: { src: /etc/hostname, dest: here } }
      - { name: fetched away, fetch: { src: /etc/hostname, dest: "{{ outside }}" } }
"#;
    let site = site.replace("MARK", &mark).replace("OUTSIDE", &outside.display().to_string());
    project.file("vandal.yml", site);
    let places = ["/", "/usr", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/local", "/usr/local/bin", "/opt", "/srv", "/home", "/boot"];
    let listed =
        |folder: &str| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect::<Vec<_>>();
    let root = || {
        let mut names = listed("/root");
        names.sort();
        names
    };
    let kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let device = || std::fs::metadata("/dev/null").unwrap().permissions().mode();
    // The folders that hold others' work change their own times.
    let state = || {
        let mut names = names(&places);
        names.retain(|path, _| !["/tmp", "/root", "/run", "/proc", "/dev", "/var"].iter().any(|busy| path == Path::new(busy)));
        (digest(Path::new("/etc")), names, root(), kernel(), device())
    };
    let before = state();
    let shown = project.run(&["test", "vandal.yml", "-i", "inventory.yml"]).expect_code(4);
    let again = shown.stdout.contains("tasks changed something in the second run too:");
    assert!(again, "every task of the first run did what it should\n{}", shown.text());
    let after = state();
    assert!(before == after, "this machine has changed");
    for folder in ["/tmp", "/var/tmp", "/dev/shm", "/run", "/var/log", "/root"] {
        assert!(!common::cli::exists(&Path::new(folder).join(&mark)), "{folder}");
    }
    assert_eq!(std::fs::read_to_string(&outside).unwrap(), "as it was\n");
    assert!(!common::cli::exists(&project.path("here")), "what is fetched lands elsewhere");
    assert_eq!(procs::wait_gone("sleep 61.987654", Duration::from_secs(5)), []);
    assert_clean(&project);
}

#[test]
fn what_is_mounted_below_usr_is_read_only_too() {
    let Some(project) = project() else { return };
    if !rustix::process::getuid().is_root() {
        return eprintln!("skipped: only root can mount something below /usr");
    }
    let folder = Path::new("/usr/local/share");
    let task = format!("! touch {0}/mark && test -e {0}/there", folder.display());
    project.file("below.yml", format!("rounds:\n  - hosts: web1\n    tasks: [ {{ name: x, run: '{task}', read_only: true }} ]\n"));
    let program = env!("CARGO_BIN_EXE_roundsman");
    let script = format!("mount -t tmpfs none {0} && touch {0}/there && {program} test below.yml -i inventory.yml", folder.display());
    let output = project.command_of("unshare", &["--mount", "sh", "-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_clean(&project);
}

#[test]
fn links_of_etc_lead_nowhere() {
    let Some(project) = project() else { return };
    if !rustix::process::getuid().is_root() {
        return eprintln!("skipped: only root can put another folder in the place of /etc");
    }
    let (etc, key) = (project.path("etc"), project.file("away/ssh_host_test_key", "secret\n"));
    let (hosts, name) = (project.file("away/hosts", "127.0.0.1 localhost\n"), project.file("away/hostname", "own\n"));
    assert!(Command::new("cp").args(["-a", "/etc"]).arg(&etc).status().unwrap().success());
    for (link, target) in [("hosts", hosts.as_path()), ("hostname", &name), ("ssh", key.parent().unwrap())] {
        let link = etc.join(link);
        assert!(Command::new("rm").arg("-rf").arg(&link).status().unwrap().success());
        std::os::unix::fs::symlink(target, link).unwrap();
    }
    let task = "grep -q 127.0.0.1 /etc/hosts && grep -q web1 /etc/hosts && grep -q web1 /etc/hostname";
    project.file("links.yml", format!("rounds:\n  - hosts: web1\n    tasks: [ {{ name: x, run: '{task}', read_only: true }} ]\n"));
    let before = digest(&project.path("away"));
    let program = env!("CARGO_BIN_EXE_roundsman");
    let script = format!("mount --bind '{}' /etc && {program} test links.yml -i inventory.yml", etc.display());
    let output = project.command_of("unshare", &["--mount", "sh", "-c", &script]).output().unwrap();
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(digest(&project.path("away")), before);
    assert_clean(&project);
}

#[test]
fn a_first_run_that_fails_is_told_and_there_is_no_second() {
    let Some(project) = project() else { return };
    project.file("bad.yml", "rounds:\n  - hosts: web1\n    tasks: [ { name: net, run: \"echo no net >&2; exit 3\" } ]\n");
    let shown = project.run(&["test", "bad.yml", "-i", "inventory.yml"]).expect_code(4);
    assert!(shown.stdout.contains("the first run failed (finished, some tasks failed): there was no second"), "{}", shown.text());
    assert!(
        shown.stdout.contains("exit code 3") && shown.stdout.contains("no net") && shown.stdout.contains("--on HOSTS"),
        "{}",
        shown.text()
    );
    assert_eq!(record::runs(&project.record()).len(), 1);
    // What fails only the second time is no less a fault.
    project.file("twice.yml", "rounds:\n  - hosts: web1\n    tasks: [ { name: folder, run: mkdir /srv/x } ]\n");
    let shown = project.run(&["test", "twice.yml", "-i", "inventory.yml"]).expect_code(4);
    assert!(shown.stdout.ends_with("the second run failed where the first did not\n"), "{}", shown.text());
    assert_clean(&project);
}

#[test]
fn other_users_are_there_without_sudo() {
    let Some(project) = project() else { return };
    let root = rustix::process::getuid().is_root();
    let users = if root { vec!["root", "nobody"] } else { vec!["root"] };
    let mut site = "rounds:\n  - hosts: web1\n    tasks:\n".to_owned();
    for method in ["sudo", "su", "doas"] {
        for user in &users {
            let task = format!(
                "{{ name: {method} {user}, run: 'test $(id -un) = {user}', read_only: true, become: {{ user: {user}, method: {method} }} }}"
            );
            site.push_str(&format!("      - {task}\n"));
        }
    }
    project.file("users.yml", &site);
    project.run(&["test", "users.yml", "-i", "inventory.yml"]).expect_code(0);
    project.file("nobody.yml", "rounds:\n  - hosts: web1\n    tasks: [ { name: x, run: id, become: nobdy } ]\n");
    let shown = project.run(&["test", "nobody.yml", "-i", "inventory.yml"]);
    assert!(shown.code == 4 || shown.code == 5, "{}", shown.text());
    assert!(shown.both().contains("unknown user nobdy"), "{}", shown.text());
    assert_clean(&project);
}

#[test]
fn an_ordinary_user_has_sandboxes_too() {
    let Some(project) = project() else { return };
    if !rustix::process::getuid().is_root() {
        return eprintln!("skipped: the other tests are run by an ordinary user already");
    }
    let as_other = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
    let namespaces = Command::new("setpriv").args(as_other).args(["unshare", "--user", "--map-root-user", "--mount", "true"]).output();
    if !namespaces.is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: ordinary users get no namespaces here");
    }
    // The folder of the build may be closed to others.
    std::fs::copy(env!("CARGO_BIN_EXE_roundsman"), project.path("roundsman")).unwrap();
    project.file(
        "locked.yml",
        "rounds:\n  - hosts: web1\n    tasks: [ { name: locked, run: 'mkdir -p /srv/a; touch /srv/a/b; chmod 0 /srv/a' } ]\n",
    );
    project.file("other.yml", "rounds:\n  - hosts: web1\n    tasks: [ { name: other, run: id, become: daemon } ]\n");
    let chown = Command::new("chown").args(["-R", "65534:65534"]).arg(project.path("")).status().unwrap();
    assert!(chown.success());
    let run = |playbook: &str| {
        let program = project.path("roundsman").display().to_string();
        let arguments = as_other.iter().copied().chain([program.as_str(), "test", playbook, "-i", "inventory.yml"]);
        let arguments: Vec<&str> = arguments.collect();
        let output = project.command_of("setpriv", &arguments).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    };
    let (code, told) = run("site.yml");
    assert_eq!(code, Some(4), "{told}");
    assert!(told.contains("3 tasks changed something in the second run too:"), "{told}");
    assert_clean(&project);
    let (code, told) = run("locked.yml");
    assert_eq!(code, Some(4), "{told}");
    assert_clean(&project);
    let (_, told) = run("other.yml");
    assert!(told.contains("there is no user but root in a sandbox of an ordinary user"), "{told}");
}

#[test]
fn without_namespaces_the_way_to_real_hosts_is_told() {
    let mut project = Project::new();
    project.file("site.yml", SITE);
    project.file("inventory.yml", INVENTORY);
    // All programs but those of namespaces.
    let bin = project.path("bin");
    std::fs::create_dir(&bin).unwrap();
    let folders = ["/usr/bin", "/bin"];
    for name in ["sh", "cp", "mktemp", "mkdir", "id"] {
        let found = folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists()).unwrap();
        std::os::unix::fs::symlink(found, bin.join(name)).unwrap();
    }
    let bin = bin.display().to_string();
    let shown = project.env("PATH", &bin).run(&["test", "site.yml", "-i", "inventory.yml"]).expect_code(1);
    insta::assert_snapshot!(shown.stderr, @r"
    error: no sandbox can be made on this machine: there is no program `unshare`

    hint: a sandbox needs Linux with namespaces, and util-linux with `unshare`, `setpriv` and `pivot_root`; `--on HOSTS` tests on real hosts
    ");
    assert_eq!(shown.stdout, "");
    assert!(!common::cli::exists(&project.record()), "no run began");
}

#[test]
fn real_hosts_are_named_by_on() {
    let project = Project::new();
    let inventory = "connect: { transport: local }\nhosts:\n  web[1-3]: {}\n";
    project.file("inventory.yml", inventory);
    let done = project.path("done").display().to_string();
    project
        .file("site.yml", format!("rounds:\n  - hosts: all\n    tasks: [ {{ name: mark, run: 'echo {{{{ host.name }}}} >> {done}' }} ]\n"));
    let shown = project.run(&["test", "site.yml", "-i", "inventory.yml", "--on", "web[1-2]", "--format", "json"]).expect_code(4);
    assert_eq!(json(&shown)["changed"][0]["hosts"], serde_json::json!(["web1", "web2"]));
    let mut marks: Vec<String> = std::fs::read_to_string(&done).unwrap().lines().map(str::to_owned).collect();
    marks.sort();
    assert_eq!(marks, ["web1", "web1", "web2", "web2"], "each twice, and for real");
    project.run(&["test", "site.yml", "-i", "inventory.yml", "--on", "web1", "--limit", "web2"]).expect_code(2);
    let shown = project.run(&["test", "site.yml", "-i", "inventory.yml", "--on", "web9"]).expect_code(3);
    assert!(shown.stderr.contains("no host or group is called `web9`") && shown.stderr.contains("<--on>:1:1"), "{}", shown.text());
    let shown = project.run(&["test", "site.yml", "-i", "inventory.yml", "--on", "web1 and web2"]).expect_code(2);
    assert_eq!(shown.stderr, "error: no host takes part, so nothing would be tested\n");
}

#[test]
fn sandboxes_are_kept_where_that_is_wanted() {
    let Some(project) = project() else { return };
    let shown = project.run(&["test", "site.yml", "-i", "inventory.yml", "--keep"]).expect_code(4);
    let path =
        shown.stderr.lines().find_map(|line| line.strip_prefix("the sandboxes are kept in ")).unwrap_or_else(|| panic!("{}", shown.text()));
    assert_eq!(std::fs::read_to_string(Path::new(path).join("hosts/web2/etc/mark")).unwrap(), "web2\nweb2\n");
    let keys = std::fs::read_dir(Path::new(path).join("etc/ssh")).into_iter().flatten().flatten();
    let private = |name: &str| name.starts_with("ssh_host_") && !name.ends_with(".pub");
    assert!(
        keys.map(|entry| entry.file_name().into_string().unwrap()).all(|name| !private(&name)),
        "this machine's keys stay where they are"
    );
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn an_interrupted_test_leaves_nothing() {
    let Some(project) = project() else { return };
    project.file("long.yml", "rounds:\n  - hosts: web\n    tasks: [ { name: long, run: sleep 61.246813 } ]\n");
    let running = project.spawn(&["test", "long.yml", "-i", "inventory.yml"]);
    assert!(procs::wait_until(Duration::from_secs(60), || procs::matching("sleep 61.246813").len() >= 2), "{}", running.so_far());
    running.signal(rustix::process::Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    running.signal(rustix::process::Signal::INT);
    let shown = running.wait(Duration::from_secs(60)).expect_code(130);
    assert!(!shown.stdout.contains("Second run"), "{}", shown.text());
    assert_eq!(procs::wait_gone("sleep 61.246813", Duration::from_secs(5)), []);
    assert_clean(&project);
}
