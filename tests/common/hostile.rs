//! Hosts that lie: shell programs in the place of a host's, which know the lane's protocol and keep none of it.
//!
//! Each is a `command:` transport. It reads its token as the real boot does, says that it is ready, and then does one thing that no
//! shell of ours does. What it must not be able to do is anything to the machine that asked, or to another host.

use std::fmt::Write as _;
use std::time::Duration;

use super::Project;
use super::cli::{Running, Shown};

const HOST: &str = r#"mode=$1
IFS= read -r t
IFS= read -r f
m() { printf '\036%s %s\n' "$t" "$1"; }
both() { m "$1"; m "$1" >&2; }
next() { while IFS= read -r l; do case $l in "if __b "*) id=${l#if __b }; id=${id%%[ ;]*}; return 0;; "${t}b") exit 0;; esac; done; exit 0; }
big=18446744073709551615
case $mode in
before) exec cat /dev/zero ;;
before_stderr) exec cat /dev/zero >&2 ;;
ready) while :; do both R; done ;;
esac
both R
case $mode in
forged)
    while next; do
        for n in 0 $big 99999999999999999999999 -1 $((id + 1000)); do both "B $n"; both "E $n 0"; m "S $n"; m "G $n 0 0"; m "P $n $big"; done
        both "B $id"
        printf 'before\377\n'
        m "G $id $big 0"; m "P $id $big"; m "G $id 0 0"; m "E $id 99999999999"; m "E $id"; m "X $id"; m "$t"; m ''
        printf '\036%s E %s' "$t" "$id"
        both "B $id"; both "E $((id - 1)) 0"; both "E $((id + 1)) 0"
        printf '\036 E %s 0\n\036%s\n' "$id" "$t"
        both "E $id 0"; both "E $id 7"; both "B $id"; both "E $id 0"; printf 'after'
    done ;;
stdout) next; both "B $id"; exec cat /dev/zero ;;
stderr) next; both "B $id"; exec cat /dev/zero >&2 ;;
between) next; both "B $id"; both "E $id 0"; exec cat /dev/zero ;;
pieces) next; both "B $id"; both "E $id 0"; while :; do m "P $id $big"; printf x; done ;;
passes) while next; do m "S $id"; done ;;
order) next; first=$id; next; both "B $id"; both "E $id 0"; both "B $first"; both "E $first 0"; sleep 60 ;;
half) next; both "B $id"; printf '\036%s E %s' "$t" "$id" ;;
gone) next; both "B $id" ;;
silent) next; exec sleep 1000 ;;
long) next; both "B $id"; head -c 5000000 /dev/zero | tr '\0' x >&2; echo >&2; both "E $id 1"; next; both "B $id"; both "E $id 0"; next ;;
lies)
    answer() { case $((n % 8)) in
        0) printf 'stat ffffffff/99999999999999999999/-9223372036854775808/4294967295/0/a/b\n' ;;
        1) printf 'stat 81a4/18446744073709551615/9223372036854775807/4294967295/4294967295/x/y\n' ;;
        2) head -c 3000000 /dev/urandom ;;
        3) i=0; while [ $i -lt 3000 ]; do printf 'p%s\0' $i; i=$((i + 1)); done; printf '\0' ;;
        4) head -c 9000000 /dev/zero | tr '\0' '/' ;;
        5) printf 'absent\nabsent\nchanged\nok\nsend\n%s\n' "$big" ;;
        6) printf '\n\n\0\0\n= \n==\nmemory %s\ncpus -1\n' "$big" ;;
        7) : ;;
        esac; }
    n=0
    while next; do both "B $id"; answer; both "E $id 0"; n=$((n + 1)); done ;;
esac
"#;

/// Everything that a hostile host does, by its name here.
pub(crate) const MODES: [&str; 15] = [
    "before",
    "before_stderr",
    "ready",
    "forged",
    "stdout",
    "stderr",
    "between",
    "pieces",
    "passes",
    "order",
    "half",
    "gone",
    "silent",
    "long",
    "lies",
];

/// Those that need no more than a few seconds: the login of the others is waited for.
pub(crate) const QUICK: [&str; 13] =
    ["ready", "forged", "stdout", "stderr", "between", "pieces", "passes", "order", "half", "gone", "silent", "long", "lies"];

/// A project with one hostile host of each of these kinds, and two good ones.
pub(crate) fn project(modes: &[&str]) -> Project {
    let project = Project::new();
    let host = project.file("host.sh", HOST);
    let mut hosts = String::from("hosts:\n  good1: { connect: { transport: local } }\n  good2: { connect: { transport: local } }\n");
    for mode in modes {
        let _ = writeln!(hosts, "  {mode}: {{ connect: {{ transport: {{ command: [sh, {}, {mode}] }} }} }}", host.display());
    }
    let _ = writeln!(hosts, "groups:\n  bad: {{ hosts: [{}] }}", modes.join(", "));
    project.file("hosts.yml", hosts);
    project
}

/// What a run among hostile hosts took.
pub(crate) struct Seen {
    /// What it said.
    pub(crate) shown: Shown,
    /// The most memory that the controller had, in bytes.
    pub(crate) memory: u64,
    /// What all files of the record have, in bytes.
    pub(crate) disk: u64,
}

/// Runs it to its end, which must come in time.
pub(crate) fn run(project: &Project, playbook: &str, limit: Duration) -> Seen {
    project.file("site.yml", playbook);
    let mut running: Running = project.spawn(&["run", "site.yml", "-i", "hosts.yml"]);
    let status = format!("/proc/{}/status", running.pid());
    let mut memory = 0;
    let ended = super::procs::wait_until(limit, || {
        let most = std::fs::read_to_string(&status).ok().and_then(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
            line.map(|kilobytes| kilobytes * 1024)
        });
        memory = memory.max(most.unwrap_or(0));
        !running.is_running()
    });
    assert!(ended, "a hostile host keeps the run from ending\n{}", running.so_far());
    let files = std::fs::read_dir(project.path(".roundsman")).unwrap().flatten();
    let disk = files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum();
    Seen { shown: running.wait(Duration::from_secs(5)), memory, disk }
}
