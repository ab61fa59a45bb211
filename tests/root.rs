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
    let lab = Lab::with(&LabOptions { hosts: 1, real_home: true, config: vec![format!("AllowUsers{names}")], ..LabOptions::default() });
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

/// The words that a task prints to tell as whom and how it runs.
const WHO: &str = "echo $(id -un) $USER $LOGNAME $HOME ${XDG_RUNTIME_DIR-none}";

/// Runs [`WHO`] as another user on a host with this `connect:`; gives the exit code, what the task printed, and what was shown.
fn who(lab: &Lab, connect: &str, r#become: &str) -> (i32, String, String) {
    let project = Project::new();
    project.file(
        "inventory.yml",
        format!("{}hosts:\n  h001: {{ address: 127.0.1.1, connect: {{ {connect} }} }}\n", lab.connect_text(lab.port())),
    );
    project.file(
        "site.yml",
        format!("rounds:\n  - name: work\n    hosts: all\n    become: {{ {become} }}\n    tasks:\n      - {{ name: who, run: {WHO:?} }}\n", become = r#become),
    );
    let shown = project.run(&["run", "site.yml", "-i", "inventory.yml"]);
    let run = record::only_run(&project.record());
    let printed = if shown.code == 0 { String::from_utf8_lossy(&run.stdout("h001", "who")).into_owned() } else { String::new() };
    (shown.code, printed, shown.text())
}

#[test]
fn su_with_and_without_a_password() {
    if !wanted("su_with_and_without_a_password") {
        return;
    }
    let (login, other) = (User::new("a", "/bin/bash"), User::new("b", "/usr/sbin/nologin"));
    let third = User::new("c", "/bin/dash");
    third.set_password("right one's");
    let lab = lab_for(&[&login]);
    let as_login = format!("user: {}", login.name);
    std::fs::write(format!("{}/.bashrc", login.home()), "export XDG_RUNTIME_DIR=/run/user/0\n").unwrap();
    let su = format!("user: {}, method: su", third.name);
    let right = format!("{as_login}, become_password: \"right one's\"");
    let (code, printed, text) = who(&lab, &right, &su);
    assert_eq!((code, printed), (0, format!("{0} {0} {0} {1} none\n", third.name, third.home())), "{text}");
    let (code, _, text) = who(&lab, &format!("{as_login}, become_password: wrong"), &su);
    assert!(code != 0 && text.contains(&format!("su refused the password of {}: su: Authentication failure", third.name)), "{text}");
    let (code, _, text) = who(&lab, &as_login, &su);
    assert!(code != 0 && text.contains("su asks for a password and there is none"), "{text}");
    let (code, _, text) = who(&lab, &right, "user: nosuchuser, method: su");
    assert!(code != 0 && text.contains("nosuchuser does not exist"), "{text}");
    // From root nobody asks, and an account that may not log in will do.
    let lab = Lab::start(1);
    for user in [&other, &third] {
        let (code, printed, text) = who(&lab, "", &format!("user: {}, method: su", user.name));
        assert_eq!((code, printed), (0, format!("{0} {0} {0} {1} none\n", user.name, user.home())), "{text}");
    }
}

#[test]
fn su_to_root_has_the_environment_of_root() {
    if !wanted("su_to_root_has_the_environment_of_root") {
        return;
    }
    // In the group that this rule names, su asks for nothing.
    let login = User::new("w", "/bin/bash");
    let pam = std::fs::read_to_string("/etc/pam.d/su").unwrap();
    let rule = format!("auth sufficient pam_succeed_if.so use_uid user = {}\n{pam}", login.name);
    std::fs::write("/etc/pam.d/su", rule).unwrap();
    let _restore = Restore("/etc/pam.d/su", Some(pam));
    let lab = lab_for(&[&login]);
    let (code, printed, text) = who(&lab, &format!("user: {}", login.name), "user: root, method: su");
    assert_eq!((code, printed.as_str()), (0, "root root root /root none\n"), "{text}");
}

/// A file of the system's, put back when dropped.
struct Restore(&'static str, Option<String>);

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = match &self.1 {
            Some(text) => std::fs::write(self.0, text),
            None => std::fs::remove_file(self.0),
        };
    }
}

#[test]
fn doas_as_doas_conf_says() {
    if !wanted("doas_as_doas_conf_says") {
        return;
    }
    if !common::cli::exists("/usr/bin/doas".as_ref()) {
        let _ = Command::new("apt-get").args(["install", "-y", "-q", "opendoas"]).env("DEBIAN_FRONTEND", "noninteractive").output();
    }
    if !common::cli::exists("/usr/bin/doas".as_ref()) {
        eprintln!("doas_as_doas_conf_says: SKIPPED, there is no doas and it can't be installed");
        return;
    }
    let (login, other) = (User::new("d", "/bin/bash"), User::new("e", "/usr/sbin/nologin"));
    let lab = lab_for(&[&login]);
    let _restore = Restore("/etc/doas.conf", std::fs::read_to_string("/etc/doas.conf").ok());
    let connect = format!("user: {}, become_password: anything", login.name);
    let doas = format!("user: {}, method: doas", other.name);
    let (login, other) = (&login.name, &other.name);
    std::fs::write("/etc/doas.conf", format!("permit nopass {login}\n")).unwrap();
    let (code, printed, text) = who(&lab, &connect, &doas);
    assert_eq!((code, printed), (0, format!("{other} {other} {other} /home/{other} none\n")), "{text}");
    for (conf, words) in [
        (format!("permit {login}\n"), format!("doas.conf must say `permit nopass LOGIN as {other}`")),
        (format!("permit nopass {login} as root\n"), format!("doas.conf does not permit `sh` as {other}")),
        (format!("permit nopass {login} cmd id\n"), format!("doas.conf does not permit `sh` as {other}")),
    ] {
        std::fs::write("/etc/doas.conf", &conf).unwrap();
        let (code, _, text) = who(&lab, &connect, &doas);
        assert!(code != 0 && text.contains(&words), "{conf}{text}");
    }
}

#[test]
fn sudoers_that_leave_no_lane() {
    if !wanted("sudoers_that_leave_no_lane") {
        return;
    }
    let user = User::new("s", "/bin/bash");
    user.set_password("pw");
    let lab = lab_for(&[&user]);
    let name = &user.name;
    let connect = format!("user: {name}, become_password: pw");
    for (rules, words) in [
        (format!("Defaults:{name} requiretty\n{name} ALL=(ALL) NOPASSWD: ALL\n"), "`Defaults:USER !requiretty`".to_owned()),
        (
            format!("{name} ALL=(ALL) /usr/bin/id\n"),
            format!(
                "sudoers does not allow `sh` for root; a lane needs it, single commands are not enough: Sorry, user {name} is not allowed to execute '/bin/sh -c ...' as root"
            ),
        ),
        (format!("{name} ALL=(ALL) ALL, !/bin/sh\n"), "sudoers does not allow `sh` for root".to_owned()),
    ] {
        std::fs::write(format!("/etc/sudoers.d/{name}"), &rules).unwrap();
        let (code, _, text) = who(&lab, &connect, "user: root");
        assert!(code != 0 && text.contains(&words), "{rules}{text}");
    }
}

#[test]
fn several_users_take_turns_on_one_session() {
    if !wanted("several_users_take_turns_on_one_session") {
        return;
    }
    let users = ["one", "two", "tre"].map(|short| User::new(short, "/bin/sh"));
    let lab = Lab::start(1);
    for sessions in [1, 2] {
        let project = Project::new();
        let inventory =
            format!("{}hosts:\n  h001: {{ address: 127.0.1.1, connect: {{ max_sessions: {sessions} }} }}\n", lab.connect_text(lab.port()));
        project.file("inventory.yml", inventory);
        let mut tasks = String::new();
        for turn in 0..2 {
            for (user, method) in users.iter().zip(["sudo", "su", "su"]) {
                tasks.push_str(&format!(
                    "          - {{ name: \"{turn} {0}\", run: id -un, become: {{ user: {0}, method: {method} }} }}\n",
                    user.name
                ));
            }
        }
        let big_path = format!("/tmp/{}.big", users[0].name);
        let copy = format!("      - {{ name: big, become: {}, copy: {{ src: big, dest: \"{}\" }} }}\n", users[0].name, big_path);
        project.file("big", "x".repeat(300_000));
        project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: all\n    tasks:\n      - parallel:\n{tasks}{copy}"));
        project.ok(&["run", "site.yml", "-i", "inventory.yml"]);
        let run = record::only_run(&project.record());
        for turn in 0..2 {
            for user in &users {
                let task = format!("{turn} {}", user.name);
                assert_eq!(String::from_utf8_lossy(&run.stdout("h001", &task)).trim(), user.name, "{sessions} {task}");
            }
        }
        let metadata = std::fs::metadata(&big_path).unwrap();
        assert_eq!(metadata.len(), 300_000);
        assert_ne!(metadata.uid(), 0);
        std::fs::remove_file(big_path).unwrap();
    }
}

#[test]
fn accounts_with_busybox_and_with_a_forced_command() {
    if !wanted("accounts_with_busybox_and_with_a_forced_command") {
        return;
    }
    // Named as a login shell, busybox chooses its tool by name.
    let ash = format!("/tmp/rm{}-bb/sh", std::process::id());
    std::fs::create_dir_all(std::path::Path::new(&ash).parent().unwrap()).unwrap();
    let _ = std::fs::remove_file(&ash);
    std::os::unix::fs::symlink("/bin/busybox", &ash).unwrap();
    let user = User::new("bb", &ash);
    let forced = User::new("fc", "/bin/bash");
    let passing = User::new("fp", "/bin/bash");
    let names = format!("AllowUsers {}@127.* {}@127.* {}@127.*", user.name, forced.name, passing.name);
    let config = vec![
        names,
        format!("Match User {}", forced.name),
        "  ForceCommand echo this account only backs up".to_owned(),
        format!("Match User {}", passing.name),
        "  ForceCommand sh -c \"$SSH_ORIGINAL_COMMAND\"".to_owned(),
    ];
    let lab = Lab::with(&LabOptions { hosts: 1, real_home: true, config, ..LabOptions::default() });
    std::fs::set_permissions(lab.folder(), std::fs::Permissions::from_mode(0o711)).unwrap();
    for (account, message) in [(&user, None), (&passing, None), (&forced, Some("this account only backs up"))] {
        let project = Project::new();
        project.file("inventory.yml", inventory_of(&lab, &[("h001", &account.name)]));
        project.file(
            "site.yml",
            "rounds:\n  - name: work\n    hosts: all\n    tasks:\n      - { name: who, run: \"id -un; echo \\\"a  b\\\" 'c!'\" }\n",
        );
        let shown = project.run(&["run", "site.yml", "-i", "inventory.yml"]);
        match message {
            None => {
                assert_eq!(shown.code, 0, "{}", shown.text());
                let run = record::only_run(&project.record());
                assert_eq!(String::from_utf8_lossy(&run.stdout("h001", "who")), format!("{}\na  b c!\n", account.name));
            }
            Some(message) => assert!(shown.code != 0 && shown.text().contains(message), "{}", shown.text()),
        }
    }
    let _ = std::fs::remove_dir_all(std::path::Path::new(&ash).parent().unwrap());
}

/// The lanes of other users too are ended and asked when a link was lost.
#[test]
fn lanes_of_another_user_are_settled_by_that_user() {
    if !wanted("lanes_of_another_user_are_settled_by_that_user") {
        return;
    }
    let (login, other) = (User::new("l", "/bin/bash"), User::new("o", "/bin/sh"));
    std::fs::write(format!("/etc/sudoers.d/{}", login.name), format!("{} ALL=({}) NOPASSWD: ALL\n", login.name, other.name)).unwrap();
    let lab = lab_for(&[&login]);
    let project = Project::new();
    project.file("inventory.yml", inventory_of(&lab, &[("h001", &login.name)]));
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let d = folder.path().display();
    let tasks = format!(
        "      - {{ name: guarded, run: echo x >>{d}/guarded; sleep 3, creates: {d}/never, become: {o} }}\n      \
         - {{ name: ahead, run: id -un >>{d}/ahead, become: {o} }}\n      - {{ name: plain, needs: [], run: echo x >>{d}/plain; sleep 3 }}\n",
        o = other.name
    );
    project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: all\n    tasks:\n{tasks}"));
    let running = project.spawn(&["run", "site.yml", "-i", "inventory.yml"]);
    let lines = |name: &str| std::fs::read_to_string(folder.path().join(name)).map_or(0, |text| text.lines().count());
    let there = common::procs::wait_until(std::time::Duration::from_secs(30), || lines("guarded") > 0 && lines("plain") > 0);
    assert!(there, "{}", running.so_far());
    lab.stall();
    lab.cut();
    let shown = running.wait(std::time::Duration::from_secs(90)).expect_code(4);
    assert_eq!((lines("guarded"), lines("ahead"), lines("plain")), (2, 1, 1), "{}", shown.text());
    let run = record::only_run(&project.record());
    assert_eq!(run.status("h001", "guarded").as_deref(), Some("changed"), "{}", shown.text());
    assert_eq!(run.status("h001", "plain").as_deref(), Some("unknown"), "{}", shown.text());
    let id = run.events[0]["run"].as_str().unwrap();
    let left: Vec<_> = std::fs::read_dir("/tmp").unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().contains(id)), "{left:?}");
}
