//! R7: a disk that is full, and a record that can't be used: clear words, and the run's outcome is not lost silently.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::common::{Project, Shown};
use crate::table::{Fault, skip};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        Fault { id: "R7", what: "the disk of the record is full at some moment of a run", tries: (3, 40), run: full_disk },
        Fault { id: "R7", what: "the disk of a host is full while a file is sent", tries: (2, 20), run: full_host },
        Fault { id: "R7", what: "a record that is locked, read-only, corrupt, newer, foreign", tries: (5, 20), run: unusable },
    ]
}

/// Runs a shell text where `small` of the project is a disk of so many KiB, which nobody else sees.
fn on_small_disk(project: &Project, kilobytes: usize, text: &str) -> Shown {
    let folder = project.path("small");
    std::fs::create_dir_all(&folder).unwrap();
    let mut words = vec!["-m"];
    if !rustix::process::geteuid().is_root() {
        words.push("-Ur");
    }
    let tried = Command::new("unshare").args(&words).args(["sh", "-c", "mount -t tmpfs -o size=64k t /mnt"]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        skip("no mount namespace of its own");
    }
    let script = format!("mount -t tmpfs -o size={kilobytes}k t small || exit 99\n{text}");
    let program = env!("CARGO_BIN_EXE_roundsman");
    words.extend(["sh", "-c", &script, "-", program]);
    let output = project.command_of("unshare", &words).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Shown { code: output.status.code().unwrap_or(-1), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

fn full_disk(tries: usize) -> Vec<String> {
    (0..tries).filter_map(|index| full_at(200 + index * 190).err()).collect()
}

/// Tries one size; says what was lost.
fn full_at(kilobytes: usize) -> Result<(), String> {
    let mut project = Project::new();
    let tasks: String = (0..30)
        .map(|index| format!("      - {{ id: t{index}, run: 'head -c 300000 /dev/urandom | base64; echo {index} >>done' , cwd: HERE }}\n"))
        .collect();
    // It reads a result that no such disk holds, and what is not recorded is not acted upon.
    let last = "      - { id: last, run: 'echo last >>done', cwd: HERE, when: tasks.t29.rc == 0 }\n";
    let tasks = (tasks + last).replace("HERE", &project.path("").display().to_string());
    project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: localhost\n    tasks:\n{tasks}"));
    std::fs::create_dir_all(project.path("spilled")).unwrap();
    let spilled = project.path("spilled").display().to_string();
    project.env("TMPDIR", &spilled);
    let run =
        "mkdir small/.roundsman; \"$1\" run site.yml --db small/.roundsman/record.db; code=$?; cp -R small/.roundsman kept; exit $code";
    let shown = on_small_disk(&project, kilobytes, run);
    let lost = |what: &str| Err(format!("{kilobytes} KiB: {what}\n{}", shown.text()));
    if !shown.stderr.contains("full") && !shown.stderr.contains("space") {
        return lost("no word of the disk");
    }
    let done = std::fs::read_to_string(project.path("done")).unwrap_or_default();
    let went_on = done.contains("last");
    let done = done.lines().count();
    if shown.code == 1 {
        // Not even the run's start was taken: then nothing was done either.
        return if done == 0 { Ok(()) } else { lost("it ran without a record") };
    }
    if shown.code != 8 {
        return lost("not exit 8");
    }
    if went_on {
        return lost("it went on as if nothing were wrong");
    }
    let (mut seqs, mut ended, mut named) = (BTreeSet::new(), BTreeSet::new(), false);
    let mut take = |event: &serde_json::Value| {
        seqs.insert(event["seq"].as_u64().unwrap());
        if event["event"] == "step_ended" && event["outcome"]["status"] == "changed" {
            ended.insert(event["step"]["task"].as_u64().unwrap());
        }
    };
    let record = rusqlite::Connection::open(project.path("kept/record.db")).unwrap();
    let mut rows = record.prepare("SELECT json FROM event").unwrap();
    for json in rows.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        take(&serde_json::from_str(&json.unwrap()).unwrap());
    }
    for folder in ["spilled", "kept"] {
        for file in std::fs::read_dir(project.path(folder)).unwrap().flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".events.jsonl") {
                continue;
            }
            named |= shown.both().contains(&name);
            if std::os::unix::fs::MetadataExt::mode(&file.metadata().unwrap()) & 0o777 != 0o600 && folder == "spilled" {
                return lost("others can read the events");
            }
            for line in std::fs::read_to_string(file.path()).unwrap().lines() {
                take(&serde_json::from_str(line).unwrap());
            }
        }
    }
    if !named {
        return lost("the file that holds the rest is not named");
    }
    let most = seqs.last().copied().unwrap_or(0);
    if seqs.len() as u64 != most + 1 {
        return lost(&format!("{} of {} events are left", seqs.len(), most + 1));
    }
    if ended.len() < done {
        return lost(&format!("{done} tasks did something, and {} are told of", ended.len()));
    }
    Ok(())
}

fn full_host(tries: usize) -> Vec<String> {
    let mut lost = Vec::new();
    for index in 0..tries {
        let project = Project::new();
        // By a lane where it is small, by a channel of its own where it is large.
        let size = if index % 2 == 0 { 30_000 } else { 3_000_000 };
        project.file("new", "n".repeat(size));
        let dest = project.path("small/target");
        project.file(
            "site.yml",
            format!("rounds:\n  - hosts: localhost\n    tasks:\n      - {{ id: it, copy: {{ src: new, dest: {} }} }}\n", dest.display()),
        );
        let filled = format!(
            "printf old >small/target; head -c {} /dev/zero >small/other; \"$1\" run site.yml; code=$?; cp small/target kept; ls -A small >left; exit $code",
            (64 - 4 * (1 + index % 5)) * 1024 - 4096
        );
        let shown = on_small_disk(&project, 64, &filled);
        let left = std::fs::read_to_string(project.path("left")).unwrap_or_default();
        let kept = std::fs::read_to_string(project.path("kept")).unwrap_or_default();
        if shown.code != 4 || !shown.both().contains("No space left") || kept != "old" || left != "other\ntarget\n" {
            lost.push(format!("target: {kept:.20}, left: {left:?}\n{}", shown.text()));
        }
    }
    lost
}

fn unusable(tries: usize) -> Vec<String> {
    let mut lost = Vec::new();
    for index in 0..tries {
        let project = Project::new();
        let mark = project.path("mark");
        project.file("site.yml", format!("rounds:\n  - hosts: localhost\n    tasks: [{{ run: touch {} }}]\n", mark.display()));
        project.ok(&["exec", "localhost", "--", "true"]);
        let path = project.record();
        let mut db = String::new();
        let mut holder = None;
        let words = match index % 5 {
            0 => {
                let other = rusqlite::Connection::open(&path).unwrap();
                other.execute_batch("BEGIN IMMEDIATE").unwrap();
                holder = Some(other);
                "lock"
            }
            1 => {
                db = "/proc/record.db".to_owned();
                "/proc/record.db"
            }
            2 => {
                let mut bytes = std::fs::read(&path).unwrap();
                bytes[100..4000].fill(u8::try_from(index + 90).unwrap());
                std::fs::write(&path, bytes).unwrap();
                "record.db"
            }
            3 => {
                rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 9999").unwrap();
                "newer"
            }
            _ => {
                std::fs::write(&path, "not a database at all, and long enough to be none. ".repeat(100 + index)).unwrap();
                "not an SQLite database"
            }
        };
        let before = digest(&path);
        let mut arguments = vec!["run", "site.yml"];
        if !db.is_empty() {
            arguments.extend(["--db", &db]);
        }
        let shown = project.run(&arguments);
        drop(holder);
        if shown.code != 1 || !shown.stderr.contains(words) || mark.exists() || digest(&path) != before {
            lost.push(format!("{words}: {}", shown.text()));
        }
    }
    lost
}

fn digest(path: &Path) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(std::fs::read(path).unwrap_or_default()).to_vec()
}
