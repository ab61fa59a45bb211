//! R4: login shells of every kind, start files that talk or read, banners, and dropbear: all work.
//!
//! A login shell is what sshd runs with `-c`; `ForceCommand` puts another in its place, with a home of its own, so that no account is needed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::record;
use crate::common::{Lab, LabOptions, Project, procs};
use crate::net::{self, check, host};
use crate::table::{Fault, note, skip};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        Fault { id: "R4", what: "login shells bash, dash, busybox, mksh, csh, fish, all noisy", tries: (1, 20), run: shells },
        Fault { id: "R4", what: "a start file that reads standard input: works or is told", tries: (1, 3), run: reading },
        Fault { id: "R4", what: "dropbear as the server, with a banner", tries: (1, 20), run: dropbear },
    ]
}

const SHELLS: &[(&str, &str)] = &[
    ("bash", "/bin/bash"),
    ("dash", "/bin/dash"),
    ("busybox", "/bin/busybox sh"),
    ("mksh", "/bin/mksh"),
    ("csh", "/bin/csh"),
    ("fish", "/usr/bin/fish"),
];

/// A lab whose login shell is this one, in this home.
fn lab(shell: &str, home: &Path) -> Lab {
    let banner = home.join("banner");
    std::fs::write(&banner, "Authorized use only.\n*** \u{1b}[1mThis is a banner\u{1b}[0m ***\n").unwrap();
    let forced = format!("ForceCommand exec env HOME={} SHLVL=0 {shell} -c \"$SSH_ORIGINAL_COMMAND\"", home.display());
    Lab::with(&LabOptions { hosts: 1, config: vec![format!("Banner {}", banner.display()), forced], ..LabOptions::default() })
}

/// A home whose start files say a lot on both streams.
fn noisy_home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put(".bashrc", "echo noise; echo noise >&2; printf 'no newline'\n");
    put(".cshrc", "echo noise\n");
    put(".config/fish/config.fish", "echo noise; echo noise >&2\n");
    home
}

fn work(project: &Project) {
    let big: Vec<u8> = (0..150_000_u32).map(|at| u8::try_from(at % 253).unwrap()).collect();
    project.file("big", &big);
    project.file("to/none", "");
    // Another user writes there on one server.
    std::fs::set_permissions(project.path("to"), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    std::fs::set_permissions(project.path(""), std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
    let to = project.path("to").display().to_string();
    project.file(
        "site.yml",
        format!(
            r#"rounds:
  - name: work
    hosts: all
    tasks:
      - {{ name: one, run: "echo \"a  b\" 'c!' $0x" }}
      - {{ name: two, run: [printf, '[%s]', "a b", "c'd", "!x", "\\n"] }}
      - {{ name: bytes, run: "printf 'no newline\\0\\377'" }}
      - {{ name: said, run: "echo out; echo err >&2; exit 3", allow_failure: true }}
      - {{ name: guarded, run: echo never, unless: "true" }}
      - {{ name: wanted, run: echo ran, only_if: "test -d /" }}
      - {{ name: small, copy: {{ content: "it's\n", dest: "{to}/small" }} }}
      - {{ name: big, copy: {{ src: big, dest: "{to}/big" }} }}
      - {{ name: again, copy: {{ src: big, dest: "{to}/big" }} }}
      - {{ name: back, fetch: {{ src: "{to}/big", dest: "{to}/back" }} }}
      - parallel:
          - {{ name: pa, run: sleep 0.3; echo a }}
          - {{ name: pb, run: sleep 0.3; echo b }}
      - {{ name: slow, run: sleep 30, timeout: 500ms, allow_failure: true }}
      - {{ name: last, run: echo last, stdin: ignored }}
"#
        ),
    );
}

/// Runs the work on the host `one` of an inventory, and says what is wrong.
fn tried(what: &str, inventory: &str) -> Vec<String> {
    let project = Project::new();
    work(&project);
    project.file("hosts.yml", inventory);
    let shown = project.run(&["run", "site.yml", "-i", "hosts.yml"]);
    let mut lost = Vec::new();
    check(&mut lost, shown.code == 0, || format!("{what}: {}", shown.text()));
    if shown.code == 3 {
        return lost;
    }
    let run = record::only_run(&project.record());
    let expected: [(&str, &[u8]); 9] = [
        ("two", b"[a b][c'd][!x][\\n]"),
        ("bytes", b"no newline\0\xff"),
        ("said", b"out\n"),
        ("guarded", b""),
        ("wanted", b"ran\n"),
        ("pa", b"a\n"),
        ("pb", b"b\n"),
        ("slow", b""),
        ("last", b"last\n"),
    ];
    for (task, out) in expected {
        let seen = run.stdout("one", task);
        check(&mut lost, seen == out, || format!("{what}: {task} said {:?}", String::from_utf8_lossy(&seen)));
    }
    let one = String::from_utf8_lossy(&run.stdout("one", "one")).into_owned();
    check(&mut lost, one.starts_with("a  b c! "), || format!("{what}: one said {one:?}"));
    for (task, status) in [("guarded", "ok"), ("small", "changed"), ("big", "changed"), ("again", "ok"), ("slow", "failed")] {
        let seen = run.status("one", task);
        let right = seen.as_deref() == Some(status) || (status == "ok" && seen.as_deref() == Some("skipped"));
        check(&mut lost, right, || format!("{what}: {task} is {seen:?}"));
    }
    let big = std::fs::read(project.path("big")).unwrap();
    for copy in ["to/big", "to/back"] {
        check(&mut lost, std::fs::read(project.path(copy)).is_ok_and(|there| there == big), || format!("{what}: {copy} is another"));
    }
    if lost.is_empty() { lost } else { vec![lost.join("; ")] }
}

fn shells(tries: usize) -> Vec<String> {
    let mut lost = Vec::new();
    for (name, shell) in SHELLS {
        if !Path::new(shell.split(' ').next().unwrap()).exists() {
            note(format!("{name} is not installed"));
            continue;
        }
        let home = noisy_home();
        let lab = lab(shell, home.path());
        for _ in 0..tries {
            lost.extend(tried(name, &net::inventory(&lab, "", &[host("one", Lab::address(1), "")])));
        }
    }
    lost
}

fn reading(tries: usize) -> Vec<String> {
    if tries == 1 {
        skip("takes a minute: only in a full turn");
    }
    let mut lost = Vec::new();
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(".bashrc"), "read -r line; read -r other\n").unwrap();
    let lab = lab("/bin/bash", home.path());
    for _ in 0..tries {
        let project = net::project("      - { name: one, run: echo one }\n");
        project.file("hosts.yml", net::inventory(&lab, "", &[host("one", Lab::address(1), "")]));
        let since = Instant::now();
        let shown = project.run(&["run", "site.yml", "-i", "hosts.yml"]);
        let took = since.elapsed();
        let run = record::only_run(&project.record());
        let right = match shown.code {
            0 => run.stdout("one", "one") == b"one\n",
            _ => shown.both().contains("start file"),
        };
        check(&mut lost, right && took < Duration::from_secs(75), || format!("after {took:?}: {}", shown.text()));
    }
    lost
}

/// A user of the fault's own; removed when dropped.
struct User(String);

impl User {
    fn new() -> User {
        let name = format!("rmdb{}", std::process::id());
        let made = Command::new("useradd").args(["--create-home", "--shell", "/bin/bash", "--password", "*", &name]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        User(name)
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = Command::new("userdel").args(["--remove", "--force", &self.0]).output();
    }
}

/// A server; ended when dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn dropbear(tries: usize) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt as _;
    if !rustix::process::geteuid().is_root() || std::env::var_os("ROUNDSMAN_ROOT_TESTS").is_none() {
        skip("needs root and ROUNDSMAN_ROOT_TESTS");
    }
    let Some(program) = ["/usr/sbin/dropbear", "/usr/bin/dropbear"].map(PathBuf::from).into_iter().find(|path| path.exists()) else {
        skip("dropbear is not installed");
    };
    // Its keys and known hosts are the lab's; its sshd is not used.
    let lab = Lab::start(1);
    let folder = lab.folder();
    let user = User::new();
    let home = PathBuf::from(format!("/home/{}", user.0));
    std::fs::write(home.join(".bashrc"), "echo noise; echo noise >&2\n").unwrap();
    std::fs::create_dir(home.join(".ssh")).unwrap();
    std::fs::copy(folder.join("id.pub"), home.join(".ssh/authorized_keys")).unwrap();
    let own = Command::new("chown").arg("-R").arg(format!("{0}:{0}", user.0)).arg(&home).status().unwrap();
    let closed = ["", ".ssh"].map(|name| std::fs::set_permissions(home.join(name), std::fs::Permissions::from_mode(0o700)));
    assert!(own.success() && closed.iter().all(Result::is_ok));
    std::fs::write(folder.join("banner"), "Authorized use only.\n").unwrap();
    let made = Command::new("dropbearkey").args(["-t", "ed25519", "-f"]).arg(folder.join("dropbear_key")).output().expect("dropbearkey");
    let printed = String::from_utf8_lossy(&made.stdout).into_owned();
    let key = printed.lines().find(|line| line.starts_with("ssh-ed25519 ")).expect("its public key");
    std::fs::write(folder.join("known_hosts"), format!("* {key}\n")).unwrap();
    let port = net::closed_port();
    let mut command = Command::new(program);
    command.args(["-F", "-E", "-s", "-P"]).arg(folder.join("dropbear.pid")).arg("-r").arg(folder.join("dropbear_key"));
    command.arg("-b").arg(folder.join("banner")).args(["-p", &format!("127.0.0.1:{port}")]);
    let log = std::fs::File::create(folder.join("dropbear.log")).unwrap();
    let _server = Server(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap());
    let up = procs::wait_until(Duration::from_secs(10), || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    assert!(up, "{}", std::fs::read_to_string(folder.join("dropbear.log")).unwrap_or_default());
    let mut lost = Vec::new();
    for _ in 0..tries {
        let inventory = net::inventory(&lab, "", &[host("one", "127.0.0.1", &format!("user: {}, port: {port}", user.0))]);
        lost.extend(tried("dropbear", &inventory));
    }
    lost
}
