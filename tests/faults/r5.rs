//! R5: whatever a task prints is in the record byte for byte up to the limit, harmless on the screen, and loses no lane.

use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use crate::common::{Lab, Project, record};
use crate::table::Fault;

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        Fault { id: "R5", what: "a hundred megabytes from one task", tries: (1, 5), run: large },
        Fault { id: "R5", what: "any bytes, NUL and invalid UTF-8 among them", tries: (20, 500), run: bytes },
        Fault { id: "R5", what: "what looks like a mark of ours, or moves a cursor", tries: (10, 100), run: marks },
        Fault { id: "R5", what: "a daemon that keeps the streams open", tries: (3, 50), run: daemons },
    ]
}

/// A step of a generator whose numbers are the same each time.
pub(crate) fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// A playbook of tasks on one host of a lab, and what it printed.
fn run(lab: &Lab, project: &Project, tasks: &str) -> (crate::common::Shown, record::RecordedRun) {
    project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: all\n    tasks:\n{tasks}"));
    let shown = project.run(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap(), "-v"]);
    let run = record::runs(&project.record()).pop().expect("a run");
    (shown, run)
}

fn large(tries: usize) -> Vec<String> {
    const SIZE: usize = 100 << 20;
    let lab = Lab::start(1);
    let whole: Vec<u8> = (0..SIZE).map(|at| b"0123456789abcdef\n"[at % 17]).collect();
    let digest: String = Sha256::digest(&whole).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut lost = Vec::new();
    for _ in 0..tries {
        let project = Project::new();
        let big = project.file("big", &whole);
        let tasks = format!("      - {{ id: big, run: cat {} }}\n      - {{ id: next, run: echo next }}\n", big.display());
        let (shown, run) = run(&lab, &project, &tasks);
        let outcomes = run.outcomes();
        let ended = outcomes.iter().find(|((_, _, task), _)| task == "big").map(|(_, ends)| ends[0]["stdout"].clone()).unwrap_or_default();
        let kept = run.stdout("h001", "big");
        let exact = kept.len() == 8 << 20
            && whole.starts_with(&kept[..kept.len() - (256 << 10)])
            && whole.ends_with(&kept[kept.len() - (256 << 10)..]);
        if ended["bytes"] != SIZE || ended["sha256"] != digest.as_str() || !exact || run.stdout("h001", "next") != b"next\n" {
            lost.push(format!("{} bytes kept, told: {ended}\n{}", kept.len(), shown.text().chars().take(2000).collect::<String>()));
        }
    }
    lost
}

fn bytes(tries: usize) -> Vec<String> {
    let (lab, project) = (Lab::start(1), Project::new());
    let mut state = 5;
    let mut tasks = String::new();
    let mut wanted = Vec::new();
    for index in 0..tries {
        let length = usize::try_from(next(&mut state) % 70_000).unwrap();
        let mut content: Vec<u8> = (0..length).map(|_| u8::try_from(next(&mut state) >> 56).unwrap()).collect();
        // Signs that mean something to us come often.
        for at in 0..length / 16 {
            content[at * 16] = [0, 0x1e, 0x1b, b'\n', 0xff, b'\r', 0x7f, b' '][usize::try_from(next(&mut state) % 8).unwrap()];
        }
        let path = project.file(&format!("bytes/{index}"), &content);
        tasks.push_str(&format!("      - {{ id: t{index}, run: 'cat {path}; cat {path} >&2' }}\n", path = path.display()));
        wanted.push(content);
    }
    let (shown, run) = run(&lab, &project, &tasks);
    let mut lost = Vec::new();
    for (index, wanted) in wanted.iter().enumerate() {
        let stderr = run.output.iter().find(|((step, stream), _)| step.2 == format!("t{index}") && stream == "stderr");
        if run.stdout("h001", &format!("t{index}")) != *wanted || stderr.map_or(&[][..], |(_, bytes)| bytes) != *wanted {
            lost.push(format!("the {} bytes of t{index} are others; exit {}", wanted.len(), shown.code));
        }
    }
    lost
}

fn marks(tries: usize) -> Vec<String> {
    let (lab, project) = (Lab::start(1), Project::new());
    let mut state = 7;
    let mut tasks = String::new();
    let mut wanted = Vec::new();
    let words = ["E 1 0", "B 2", "S 3", "R", "G 1 0 0", "P 1 0", "E 99999999999999999999 1", ""];
    for index in 0..tries {
        let token: String = (0..2).map(|_| format!("{:016x}", next(&mut state))).collect();
        let mut content = b"\x1b[2J\x1b]0;title\x07\x1b[1A\x9b1A\xe2\x80\xae".to_vec();
        for word in words {
            content.extend(format!("\x1e{token} {word}\n\x1e{}", &token[..usize::try_from(next(&mut state) % 32).unwrap()]).bytes());
        }
        let path = project.file(&format!("marks/{index}"), &content);
        tasks.push_str(&format!("      - {{ id: t{index}, run: cat {} }}\n", path.display()));
        wanted.push(content);
    }
    let (shown, run) = run(&lab, &project, &tasks);
    let mut lost = Vec::new();
    if shown.both().contains(['\x1b', '\x07', '\u{9b}', '\u{202e}', '\x1e']) {
        lost.push("a host moved the cursor".to_owned());
    }
    lost.extend(
        wanted
            .iter()
            .enumerate()
            .filter(|(index, wanted)| run.stdout("h001", &format!("t{index}")) != **wanted)
            .map(|(index, _)| format!("t{index} is not as it was printed; exit {}", shown.code)),
    );
    lost
}

fn daemons(tries: usize) -> Vec<String> {
    let (lab, project) = (Lab::start(1), Project::new());
    let nap = format!("6{}.5", std::process::id());
    let mut lost = Vec::new();
    for index in 0..tries {
        let tasks = format!("      - {{ id: daemon, run: 'sleep {nap} & echo up' }}\n      - {{ id: next, run: echo {index} }}\n");
        let since = Instant::now();
        let (shown, run) = run(&lab, &project, &tasks);
        let printed = (run.stdout("h001", "daemon"), run.stdout("h001", "next"));
        if printed != (b"up\n".to_vec(), format!("{index}\n").into_bytes()) || since.elapsed() > Duration::from_secs(20) {
            lost.push(format!("{printed:?} after {:?}\n{}", since.elapsed(), shown.text()));
        }
    }
    for process in crate::common::procs::matching(&format!("sleep {nap}")) {
        crate::common::procs::signal(process.pid, rustix::process::Signal::KILL);
    }
    lost
}
