//! What needs root and a machine that may be changed: other users, their shells, owners of files.
//!
//! Runs only with ROUNDSMAN_ROOT_TESTS=1, as root; else each test says that it was skipped. Users made here have names
//! of this process and are removed again.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test")]

mod common;

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

use common::{Lab, LabOptions, Project, record};

/// Says whether to run, and why not.
fn wanted(test: &str) -> bool {
    if std::env::var_os("ROUNDSMAN_ROOT_TESTS").is_none() {
        eprintln!("{test}: SKIPPED, ROUNDSMAN_ROOT_TESTS is not set");
        return false;
    }
    assert!(rustix::process::geteuid().is_root(), "ROUNDSMAN_ROOT_TESTS is set, and this is not root");
    true
}

fn done(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A user of the test's own; removed when dropped.
struct User {
    name: String,
}

impl User {
    fn new(short: &str, shell: &str) -> User {
        let name = format!("rm{}{short}", std::process::id());
        // A password hash that nothing matches: the account is open for keys, and for nothing else.
        done("useradd", &["--create-home", "--shell", shell, "--password", "*", &name]);
        User { name }
    }

    fn set_password(&self, password: &str) {
        use std::io::Write as _;
        let mut chpasswd = Command::new("chpasswd").stdin(std::process::Stdio::piped()).spawn().unwrap();
        writeln!(chpasswd.stdin.take().unwrap(), "{}:{password}", self.name).unwrap();
        assert!(chpasswd.wait().unwrap().success());
    }

    fn home(&self) -> String {
        format!("/home/{}", self.name)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(format!("/etc/sudoers.d/{}", self.name));
        let _ = Command::new("userdel").args(["--remove", "--force", &self.name]).output();
    }
}

/// A lab that lets these users in with the lab's key.
fn lab_for(users: &[&User]) -> Lab {
    let names: String = users.iter().map(|user| format!(" {}@127.*", user.name)).collect();
    let lab = Lab::with(&LabOptions { hosts: 1, config: vec![format!("AllowUsers{names}")], ..LabOptions::default() });
    // The user must read the list of keys, and nothing else of the lab.
    std::fs::set_permissions(lab.folder(), std::fs::Permissions::from_mode(0o711)).unwrap();
    lab
}

fn inventory_of(lab: &Lab, hosts: &[(&str, &str)]) -> String {
    let mut text = lab.connect_text(lab.port());
    text.push_str("hosts:\n");
    for (name, user) in hosts {
        text.push_str(&format!("  {name}: {{ address: 127.0.1.1, connect: {{ user: {user} }} }}\n"));
    }
    text
}

#[test]
fn the_lab_lets_users_in() {
    if !wanted("the_lab_lets_users_in") {
        return;
    }
    let user = User::new("l", "/bin/dash");
    let lab = lab_for(&[&user]);
    let output = lab.ssh_as(&user.name, 1, lab.port(), "id -un").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), user.name, "{}", lab.log());
}

#[test]
fn sudo_to_another_user_and_back() {
    if !wanted("sudo_to_another_user_and_back") {
        return;
    }
    let lab = Lab::start(1);
    let project = Project::new();
    project.file(
        "site.yml",
        "rounds:\n  - name: work\n    hosts: all\n    become: nobody\n    tasks:\n      - { name: other, run: id -un }\n      - { name: own, run: id -un, become: false }\n      - { name: again, run: id -un }\n",
    );
    project.ok(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    let run = record::only_run(&project.record());
    assert_eq!(run.stdout("h001", "other"), b"nobody\n");
    assert_eq!(run.stdout("h001", "own"), b"root\n");
    assert_eq!(run.stdout("h001", "again"), b"nobody\n");
    assert_eq!((lab.connections(), lab.channels()), (1, 2), "one connection, a lane for each user");
}

#[test]
fn sudo_with_a_password() {
    if !wanted("sudo_with_a_password") {
        return;
    }
    let user = User::new("p", "/bin/bash");
    user.set_password("right one's");
    std::fs::write(format!("/etc/sudoers.d/{}", user.name), format!("{} ALL=(ALL) ALL\n", user.name)).unwrap();
    let lab = lab_for(&[&user]);
    let project = Project::new();
    project.file("site.yml", "rounds:\n  - name: work\n    hosts: all\n    become: root\n    tasks:\n      - { name: who, run: id -un }\n");
    for (password, code) in [("right one's", 0), ("wrong", 5), ("", 5)] {
        let host = format!("  h001: {{ address: 127.0.1.1, connect: {{ user: {}, become_password: \"{password}\" }} }}\n", user.name);
        let host = if password.is_empty() { host.replace(", become_password: \"\"", "") } else { host };
        project.file("inventory.yml", format!("{}hosts:\n{host}", lab.connect_text(lab.port())));
        let shown = project.run(&["run", "site.yml", "-i", "inventory.yml"]);
        assert!(shown.code == code || (code == 5 && shown.code == 4), "{password:?}\n{}", shown.text());
        assert!(code == 0 || shown.both().contains("sudo"), "{}", shown.text());
    }
    let runs = record::runs(&project.record());
    assert_eq!(runs[0].stdout("h001", "who"), b"root\n");
    let record = std::fs::read(project.record()).unwrap();
    let secret = b"right one's";
    assert!(!record.windows(secret.len()).any(|window| window == secret), "the password is in the record");
}

#[test]
fn every_login_shell() {
    if !wanted("every_login_shell") {
        return;
    }
    let shells = ["/bin/bash", "/bin/dash", "/bin/csh", "/usr/bin/fish", "/bin/mksh"]
        .into_iter()
        .filter(|shell| common::cli::exists(shell.as_ref()));
    let users: Vec<(String, User)> = shells
        .map(|shell| {
            let name = shell.rsplit('/').next().unwrap().to_owned();
            let user = User::new(&name, shell);
            // A start-up file that says things must not disturb.
            for file in [".bashrc", ".cshrc", ".profile"] {
                std::fs::write(format!("{}/{file}", user.home()), "echo noise\n").unwrap();
            }
            (name, user)
        })
        .collect();
    let lab = lab_for(&users.iter().map(|(_, user)| user).collect::<Vec<_>>());
    let project = Project::new();
    let hosts: Vec<(&str, &str)> = users.iter().map(|(name, user)| (name.as_str(), user.name.as_str())).collect();
    project.file("inventory.yml", inventory_of(&lab, &hosts));
    project.file(
        "site.yml",
        "rounds:\n  - name: work\n    hosts: all\n    tasks:\n      - { name: who, run: \"id -un; echo \\\"a  b\\\" 'c!'\" }\n",
    );
    project.ok(&["run", "site.yml", "-i", "inventory.yml"]);
    let run = record::only_run(&project.record());
    for (name, user) in &users {
        assert_eq!(String::from_utf8_lossy(&run.stdout(name, "who")), format!("{}\na  b c!\n", user.name), "{name}");
    }
}

#[test]
fn copy_gives_owner_and_mode() {
    if !wanted("copy_gives_owner_and_mode") {
        return;
    }
    let lab = Lab::start(1);
    let project = Project::new();
    let dest = project.path("made");
    let copy = format!("{{ content: hello, dest: {}, owner: nobody, group: nogroup, mode: \"0640\" }}", dest.display());
    project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: all\n    tasks:\n      - {{ name: made, copy: {copy} }}\n"));
    for status in ["changed", "ok"] {
        project.ok(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
        let runs = record::runs(&project.record());
        assert_eq!(runs.last().unwrap().status("h001", "made").as_deref(), Some(status));
    }
    let metadata = std::fs::metadata(&dest).unwrap();
    assert_eq!((metadata.uid(), metadata.mode() & 0o7777), (65534, 0o640));
    // Wrong again: put right, whatever else stays.
    std::fs::set_permissions(&dest, std::fs::Permissions::from_mode(0o600)).unwrap();
    project.ok(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    assert_eq!(std::fs::metadata(&dest).unwrap().mode() & 0o7777, 0o640);
}

/// A folder that holds a system: busybox under the names of all its tools.
fn root_folder(project: &Project) -> std::path::PathBuf {
    let root = project.path("system");
    for folder in ["bin", "tmp", "etc", "proc", "dev"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    std::fs::write(root.join("etc/passwd"), "root:x:0:0::/:/bin/sh\napp:x:4711:4711::/tmp:/bin/sh\n").unwrap();
    std::fs::write(root.join("etc/group"), "root:x:0:\napp:x:4711:\n").unwrap();
    done("mknod", &["-m", "666", root.join("dev/null").to_str().unwrap(), "c", "1", "3"]);
    std::fs::copy("/bin/busybox", root.join("bin/busybox")).unwrap();
    // One that is linked dynamically needs its libraries; ldd names none for a static one.
    let libraries = Command::new("ldd").arg("/bin/busybox").output().unwrap().stdout;
    for library in String::from_utf8_lossy(&libraries).split_whitespace().filter(|word| word.starts_with('/')) {
        let inside = root.join(library.trim_start_matches('/'));
        std::fs::create_dir_all(inside.parent().unwrap()).unwrap();
        std::fs::copy(library, inside).unwrap();
    }
    done("chroot", &[root.to_str().unwrap(), "/bin/busybox", "--install", "-s", "/bin"]);
    std::fs::set_permissions(root.join("tmp"), std::fs::Permissions::from_mode(0o1777)).unwrap();
    root
}

#[test]
fn a_whole_run_in_a_chroot() {
    if !wanted("a_whole_run_in_a_chroot") {
        return;
    }
    let project = Project::new();
    let root = root_folder(&project);
    project.file(
        "hosts.yml",
        format!(
            "hosts:\n  old: {{ address: {0}, connect: {{ transport: chroot }} }}\n  app: {{ connect: {{ transport: {{ chroot: {0} }}, user: app }} }}\n",
            root.display()
        ),
    );
    project.file(
        "site.yml",
        "rounds:
  - name: work
    hosts: all
    tasks:
      - { name: who, run: \"id -u; pwd -P; echo \\\"a  b\\\" 'c!'\" }
      - { name: list, run: [printf, '[%s]', \"a b\", \"c'd\"] }
      - { name: users, read: /etc/passwd }
      - { name: made, copy: { content: \"from {{ host.name }}\\n\", dest: \"/tmp/{{ host.name }}\", mode: \"0640\" } }
      - { name: seen, stat: \"/tmp/{{ host.name }}\" }
      - { assert: tasks.seen.outputs.mode == '0640' }
      - { name: outside, run: test ! -e /usr/bin/env }
",
    );
    project.ok(&["run", "site.yml", "-i", "hosts.yml"]);
    let run = record::only_run(&project.record());
    for (host, id) in [("old", 0), ("app", 4711)] {
        assert_eq!(String::from_utf8_lossy(&run.stdout(host, "who")), format!("{id}\n/\na  b c!\n"));
        assert_eq!(run.stdout(host, "list"), b"[a b][c'd]");
        assert!(String::from_utf8_lossy(&run.stdout(host, "users")).contains("4711"));
        let made = root.join("tmp").join(host);
        assert_eq!(std::fs::read_to_string(&made).unwrap(), format!("from {host}\n"));
        assert_eq!((made.metadata().unwrap().uid(), made.metadata().unwrap().mode() & 0o7777), (id, 0o640));
    }
}
