//! A lab: one private sshd that stands for many hosts.
//!
//! It listens on a port of its own on every loopback address, so host `h001` is 127.0.1.1, `h002` 127.0.1.2 and so on,
//! each with its own address, all with one filesystem and one user: the one who runs the test. Keys, configuration and
//! log live in a temporary folder; nothing of the machine's own sshd, of the user's ssh configuration or of
//! `known_hosts` is read. The sshd, and whatever runs below it, ends with the lab.
//!
//! It knows nothing of Roundsman but the form of its inventory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use super::procs;

/// How a lab differs from the usual one.
#[derive(Debug, Clone)]
pub(crate) struct LabOptions {
    /// How many hosts the inventory lists.
    pub(crate) hosts: usize,
    /// sshd's `MaxStartups`; the usual one never refuses.
    pub(crate) max_startups: String,
    /// sshd's `MaxSessions`.
    pub(crate) max_sessions: u32,
    /// What is in the environment of every login, as `NAME=value`.
    pub(crate) env: Vec<String>,
    /// Whether logins get their own user's home. Usually they get one of the lab's, with the start files that the
    /// distribution gives a new user: those of whoever runs a test may cost more than all that is tested.
    pub(crate) real_home: bool,
    /// Further lines of `sshd_config`.
    pub(crate) config: Vec<String>,
}

impl Default for LabOptions {
    fn default() -> LabOptions {
        LabOptions { hosts: 1, max_startups: "5000".to_owned(), max_sessions: 10, env: Vec::new(), real_home: false, config: Vec::new() }
    }
}

/// A running lab.
pub(crate) struct Lab {
    folder: tempfile::TempDir,
    sshd: Child,
    port: u16,
    hosts: usize,
    user: String,
}

impl Lab {
    /// Starts a lab with so many hosts and an inventory of them.
    pub(crate) fn start(hosts: usize) -> Lab {
        Lab::with(&LabOptions { hosts, ..LabOptions::default() })
    }

    /// Starts a lab with other settings.
    pub(crate) fn with(options: &LabOptions) -> Lab {
        let program = find_sshd();
        let folder = tempfile::Builder::new().prefix("lab").tempdir().expect("a temporary folder");
        let user = user_name();
        for key in ["host_key", "id"] {
            let path = folder.path().join(key);
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f"]).arg(&path).output();
            let made = made.expect("ssh-keygen is missing: install openssh-client");
            assert!(made.status.success(), "ssh-keygen: {}", String::from_utf8_lossy(&made.stderr));
        }
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a key that was just made");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file in the lab's folder");
        write("authorized_keys", &read("id.pub"));
        // One key for every address and port, so that relays and jump hosts need no lines of their own.
        write("known_hosts", &format!("* {}", read("host_key.pub")));
        write("ssh_config", "");
        make_home(&folder.path().join("home"));
        if rustix::process::geteuid().is_root() {
            // sshd refuses to start without it, and only its package's service makes it.
            std::fs::create_dir_all("/run/sshd").expect("/run/sshd");
        }
        // Another program may take the port between our look and sshd's start.
        for _ in 0..5 {
            let port = free_port();
            if let Some(sshd) = start_sshd(&program, folder.path(), port, &user, options) {
                let lab = Lab { folder, sshd, port, hosts: options.hosts, user };
                std::fs::write(lab.inventory(), lab.inventory_text(port)).expect("the inventory");
                return lab;
            }
        }
        panic!("sshd does not start:\n{}", std::fs::read_to_string(folder.path().join("sshd.log")).unwrap_or_default());
    }

    /// The inventory file, with every host.
    pub(crate) fn inventory(&self) -> PathBuf {
        self.folder.path().join("inventory.yml")
    }

    /// The text of an inventory of all hosts that reaches them by another port (a relay's).
    pub(crate) fn inventory_text(&self, port: u16) -> String {
        let mut text = self.connect_text(port);
        text.push_str("hosts:\n");
        for host in 1..=self.hosts {
            let _ = writeln!(text, "  {}: {{ address: {} }}", Lab::name(host), Lab::address(host));
        }
        text
    }

    /// The `connect:` part of an inventory, for those that list hosts of their own.
    pub(crate) fn connect_text(&self, port: u16) -> String {
        let folder = self.folder.path().display();
        format!(
            "connect:\n  user: {user}\n  port: {port}\n  identity: {folder}/id\n  ssh_config: {folder}/ssh_config\n  kex: fast\n  \
             ssh_options:\n    - UserKnownHostsFile={folder}/known_hosts\n    - GlobalKnownHostsFile=/dev/null\n    \
             - IdentitiesOnly=yes\n    - IdentityAgent=none\n",
            user = self.user
        )
    }

    /// The name of the host of a number from 1: `h001`.
    pub(crate) fn name(host: usize) -> String {
        format!("h{host:03}")
    }

    /// The address of the host of a number from 1: 127.0.1.1.
    pub(crate) fn address(host: usize) -> Ipv4Addr {
        let octet = |number: usize| u8::try_from(number).expect("at most 250 × 254 hosts");
        Ipv4Addr::new(127, 0, octet(1 + (host - 1) / 250), octet(1 + (host - 1) % 250))
    }

    /// sshd's port, on every loopback address.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The login.
    pub(crate) fn user(&self) -> &str {
        &self.user
    }

    /// The folder with keys, configuration and log.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The logins' home, unless they have their own.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Plain `ssh` to a host, by sshd's port or a relay's: the floor that everything is compared with.
    pub(crate) fn ssh(&self, host: usize, port: u16, command: &str) -> Command {
        self.ssh_as(&self.user, host, port, command)
    }

    /// The same with another login.
    pub(crate) fn ssh_as(&self, user: &str, host: usize, port: u16, command: &str) -> Command {
        let folder = self.folder.path();
        let mut ssh = Command::new("ssh");
        ssh.arg("-F").arg(folder.join("ssh_config")).arg("-i").arg(folder.join("id")).args(["-p", &port.to_string()]);
        ssh.arg("-o").arg(format!("UserKnownHostsFile={}", folder.join("known_hosts").display()));
        ssh.args(["-o", "GlobalKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]);
        ssh.args(["-o", "BatchMode=yes", "-o", "KexAlgorithms=curve25519-sha256", "-l", user]);
        ssh.arg(Lab::address(host).to_string()).arg(command).stdin(Stdio::null());
        ssh
    }

    /// How many connections were authenticated since the start.
    pub(crate) fn connections(&self) -> usize {
        self.connections_by_host().values().sum()
    }

    /// How many connections were authenticated since the start, by the address that they came to.
    pub(crate) fn connections_by_host(&self) -> BTreeMap<Ipv4Addr, usize> {
        // `Connection from 127.0.0.1 port 52382 on 127.0.1.1 port …`, later `Accepted publickey for root from 127.0.0.1
        // port 52382 ssh2 …`; the client's port ties the two together. It may be used again later, and to two addresses at once.
        let (mut came_to, mut counts) = (BTreeMap::<String, std::collections::VecDeque<Ipv4Addr>>::new(), BTreeMap::new());
        for line in self.log().lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["Connection", "from", _, "port", port, "on", address, ..] => {
                    came_to.entry(port.to_owned()).or_default().push_back(address.parse().expect("an address in sshd's log"));
                }
                ["Accepted", "publickey", "for", _, "from", _, "port", port, ..] => {
                    let address = came_to.get_mut(port).and_then(std::collections::VecDeque::pop_front);
                    *counts.entry(address.expect("who is accepted came")).or_insert(0) += 1;
                }
                _ => {}
            }
        }
        counts
    }

    /// How many sessions' channels were opened since the start (commands, shells).
    pub(crate) fn channels(&self) -> usize {
        self.log().lines().filter(|line| line.starts_with("Starting session: ")).count()
    }

    /// sshd's log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("sshd.log")).unwrap_or_default()
    }

    /// ssh clients of this lab that are still there.
    pub(crate) fn clients(&self) -> Vec<procs::Process> {
        let mut clients = procs::matching(&self.folder.path().display().to_string());
        clients.retain(|process| process.command.split(' ').next().is_some_and(|program| program.ends_with("ssh")));
        clients
    }

    /// What runs on the hosts below a session: lanes and their tasks. What outlived its session is not among it.
    pub(crate) fn running(&self) -> Vec<procs::Process> {
        let mut running = procs::descendants(self.sshd_pid());
        running.retain(|process| !process.command.starts_with("sshd"));
        running
    }

    /// Ends every session of the hosts, as if the link had gone.
    pub(crate) fn cut(&self) {
        for process in procs::descendants(self.sshd_pid()) {
            if process.command.starts_with("sshd") {
                procs::signal(process.pid, Signal::KILL);
            }
        }
    }

    /// Stalls every session of the hosts, as if the link had gone and nobody had said so: what runs there goes on. New sessions
    /// are taken as before.
    pub(crate) fn stall(&self) {
        for process in procs::descendants(self.sshd_pid()) {
            if process.command.starts_with("sshd") {
                procs::signal(process.pid, Signal::STOP);
            }
        }
    }

    fn sshd_pid(&self) -> i32 {
        i32::try_from(self.sshd.id()).expect("a process id")
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Sessions leave sshd's process group; while it lives they can be found as its descendants.
        let family = procs::descendants(self.sshd_pid());
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
        for process in family {
            procs::signal(process.pid, Signal::KILL);
        }
    }
}

fn find_sshd() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = ["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from).into_iter().chain(std::env::split_paths(&path));
    folders.map(|folder| folder.join("sshd")).find(|program| program.is_file()).unwrap_or_else(|| {
        panic!("sshd is missing: install openssh-server (Debian, Ubuntu: apt-get install openssh-server), or run tests/setup as root")
    })
}

fn make_home(home: &Path) {
    std::fs::create_dir(home).expect("the logins' home");
    for file in [".bashrc", ".profile"] {
        let skeleton = Path::new("/etc/skel").join(file);
        if skeleton.is_file() {
            std::fs::copy(&skeleton, home.join(file)).expect("a file of the logins' home");
        }
    }
}

fn user_name() -> String {
    let output = Command::new("id").arg("-un").output().expect("id");
    String::from_utf8(output.stdout).expect("a user's name").trim().to_owned()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

fn start_sshd(program: &Path, folder: &Path, port: u16, user: &str, options: &LabOptions) -> Option<Child> {
    let path = folder.display();
    let mut config = format!(
        "ListenAddress 0.0.0.0:{port}\nHostKey {path}/host_key\nPidFile none\nAuthorizedKeysFile {path}/authorized_keys\n\
         AllowUsers {user}@127.*\nPubkeyAuthentication yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
         PermitRootLogin prohibit-password\nUsePAM no\nStrictModes no\nUseDNS no\nPrintMotd no\nLogLevel VERBOSE\n\
         MaxStartups {}\nMaxSessions {}\n",
        options.max_startups, options.max_sessions
    );
    // sshd heeds the first of several such lines only.
    let home = (!options.real_home).then(|| format!("HOME={path}/home"));
    let env: Vec<&str> = options.env.iter().chain(&home).map(String::as_str).collect();
    if !env.is_empty() {
        let _ = writeln!(config, "SetEnv {}", env.join(" "));
    }
    for line in &options.config {
        config.push_str(line);
        config.push('\n');
    }
    let file = folder.join("sshd_config");
    // Newer servers punish an address that breaks off often, which tests do; older ones don't know the option.
    std::fs::write(&file, format!("{config}PerSourcePenalties no\n")).expect("sshd_config");
    if !test_config(program, &file).status.success() {
        std::fs::write(&file, config).expect("sshd_config");
        let tested = test_config(program, &file);
        assert!(tested.status.success(), "sshd refuses the lab's configuration: {}", String::from_utf8_lossy(&tested.stderr));
    }
    let mut command = Command::new(program);
    command.arg("-D").arg("-f").arg(&file).arg("-E").arg(folder.join("sshd.log"));
    // A group of its own: a Ctrl-C at the terminal is for the test, which then ends the lab.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut sshd = command.spawn().expect("sshd starts");
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let up = procs::wait_until(Duration::from_secs(10), || {
        matches!(sshd.try_wait(), Ok(Some(_))) || TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
    });
    if up && matches!(sshd.try_wait(), Ok(None)) {
        return Some(sshd);
    }
    let _ = sshd.kill();
    let _ = sshd.wait();
    None
}

fn test_config(program: &Path, file: &Path) -> Output {
    Command::new(program).arg("-t").arg("-f").arg(file).output().expect("sshd -t")
}
