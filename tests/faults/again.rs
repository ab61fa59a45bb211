//! R2 and R1: links cut and controllers killed under steps that may be begun again, and under such as go on without them.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::cli::Running;
use crate::common::record::{self, RecordedRun};
use crate::common::{Lab, Project, Relay, procs, random};
use crate::net::{self, check, host};
use crate::table::{Fault, note};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        Fault { id: "R2", what: "link cut three times under guarded steps: all done, none twice", tries: (1, 20), run: reconnected },
        Fault { id: "R2", what: "link cut under a durable step: it ran once, nothing is missing", tries: (1, 20), run: durable_cut },
        Fault {
            id: "R1",
            what: "controller killed under a durable step: it ran once, and is found again",
            tries: (1, 20),
            run: durable_killed,
        },
    ]
}

/// So often each link is cut in one run.
const CUTS: usize = 3;

/// A step's effect can be had only once, so that a second time would fail; a step that is cut short before it begins anew.
fn reconnected(tries: usize) -> Vec<String> {
    const STEPS: usize = 12;
    const HOSTS: usize = 3;
    let mut lost = Vec::new();
    let lab = Lab::start(HOSTS);
    let (mut cut, mut in_flight) = (0, 0);
    for _ in 0..tries {
        let relays = [(); HOSTS].map(|()| Relay::to_lab(&lab, Duration::ZERO));
        let project = Project::new();
        let here = project.path("made").display().to_string();
        std::fs::create_dir(project.path("made")).unwrap();
        let mut tasks = String::new();
        for step in 0..STEPS {
            let made = format!("{here}/{{{{ host.name }}}}.{step}");
            tasks.push_str(&format!(
                "      - {{ name: t{step}, run: \"echo x >>{made}.begun; sleep 0.7; mkdir {made}.done; sleep 0.1; echo {step}\", creates: \"{made}.done\" }}\n"
            ));
        }
        project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: all\n    tasks:\n{tasks}"));
        let hosts: Vec<String> = (1..=HOSTS)
            .map(|number| host(&Lab::name(number), Lab::address(number), &format!("port: {}", relays[number - 1].port())))
            .collect();
        project.file("hosts.yml", net::inventory(&lab, "", &hosts));
        let mut running = project.spawn(&["run", "site.yml", "-i", "hosts.yml", "--format", "jsonl"]);
        // A host's link is cut a while after it has done something since the last time: steps that never end between two losses would be
        // given up.
        let done =
            |number: usize| (0..STEPS).filter(|step| Path::new(&format!("{here}/{}.{step}.done", Lab::name(number))).exists()).count();
        let (mut before, mut due, mut cuts) = ([0; HOSTS], [None; HOSTS], [0; HOSTS]);
        let over = procs::wait_until(Duration::from_secs(120), || {
            for at in 0..HOSTS {
                match due[at] {
                    None if cuts[at] < CUTS && done(at + 1) > before[at] => {
                        due[at] = Some(Instant::now() + Duration::from_millis(200 + random() % 1200));
                    }
                    Some(time) if Instant::now() > time => {
                        (before[at], due[at], cuts[at]) = (done(at + 1), None, cuts[at] + 1);
                        relays[at].cut();
                    }
                    _ => {}
                }
            }
            !running.is_running()
        });
        assert!(over, "{cuts:?}: {}", running.so_far());
        cut += cuts.iter().sum::<usize>();
        let shown = running.wait(Duration::from_secs(90));
        check(&mut lost, shown.code == 0, || shown.text());
        let run = record::only_run(&project.record());
        for (host, step) in (1..=HOSTS).flat_map(|host| (0..STEPS).map(move |step| (Lab::name(host), step))) {
            let outcomes = run.outcomes();
            let ends = &outcomes[&(host.clone(), "work".to_owned(), format!("t{step}"))];
            let done = project.path(&format!("made/{host}.{step}.done")).exists();
            check(&mut lost, done && ends.len() == 1 && ends[0]["status"] == "changed", || format!("t{step} on {host}: {done} {ends:?}"));
            let begun = std::fs::read_to_string(project.path(&format!("made/{host}.{step}.begun"))).unwrap_or_default().lines().count();
            in_flight += begun.saturating_sub(1);
        }
        if let Some(left) = net::left(&lab) {
            lost.push(left);
        }
    }
    note(format!("{cut} cuts; {in_flight} steps were cut short and begun again"));
    check(&mut lost, in_flight > 0, || "no step was in flight when a link was cut".to_owned());
    lost
}

/// A durable step, which counts itself and has words and a code at its end.
fn durable(lab: &Lab, relay: &Relay) -> Project {
    let project = Project::new();
    let here = project.path("").display().to_string();
    project.file(
        "site.yml",
        format!(
            "rounds:\n  - name: work\n    hosts: all\n    tasks:\n      - {{ name: long, durable: true, allow_failure: true, run: \"echo x >>{here}count; \
             for n in 1 2 3 4 5 6 7 8; do echo $n; sleep 0.5; done; echo end >>{here}ended; exit 5\" }}\n      - {{ name: behind, run: echo behind }}\n"
        ),
    );
    project.file("hosts.yml", lab.inventory_text(relay.port()));
    project
}

/// Says what is wrong with the end of it, as a run tells it.
fn ran_once(project: &Project, run: &RecordedRun, shown: &str) -> Vec<String> {
    let mut lost = Vec::new();
    let read = |name: &str| std::fs::read_to_string(project.path(name)).unwrap_or_default();
    check(&mut lost, (read("count").as_str(), read("ended").as_str()) == ("x\n", "end\n"), || {
        format!("it ran {:?}, ended {:?}: {shown}", read("count"), read("ended"))
    });
    let outcomes = run.outcomes();
    let end = outcomes.iter().find(|((.., task), _)| task == "long").map(|(_, ends)| ends[0].clone()).unwrap_or_default();
    check(&mut lost, end["rc"] == 5, || format!("its end is {end}: {shown}"));
    // What had come before the loss is an attempt of its own; the last one has all of it.
    let (out, whole) = (run.stdout("h001", "long"), b"1\n2\n3\n4\n5\n6\n7\n8\n");
    let exact = end["stdout"]["bytes"] == whole.len() && out.strip_suffix(whole).is_some_and(|before| whole.starts_with(before));
    check(&mut lost, exact, || format!("its output is {:?}, {end}: {shown}", String::from_utf8_lossy(&out)));
    check(&mut lost, run.stdout("h001", "behind") == b"behind\n", || format!("what is behind it did not run: {shown}"));
    lost
}

/// Starts a run of it, and waits until the step has been under way for a while.
fn under_way(lab: &Lab) -> (Relay, Project, Running) {
    let relay = Relay::to_lab(lab, Duration::ZERO);
    let project = durable(lab, &relay);
    let running = project.spawn(&["run", "site.yml", "-i", "hosts.yml", "--format", "jsonl"]);
    assert!(procs::wait_until(Duration::from_secs(20), || project.path("count").exists()), "{}", running.so_far());
    // It may be over by then, or not.
    std::thread::sleep(Duration::from_millis(random() % 3000));
    (relay, project, running)
}

fn durable_cut(tries: usize) -> Vec<String> {
    let mut lost = Vec::new();
    let lab = Lab::start(1);
    for _ in 0..tries {
        let (relay, project, running) = under_way(&lab);
        relay.cut();
        let shown = running.wait(Duration::from_secs(60));
        let run = record::only_run(&project.record());
        check(&mut lost, run.of_kind("host_lost").count() == 1, || "nothing was lost".to_owned());
        lost.extend(ran_once(&project, &run, &shown.text()));
    }
    lost
}

fn durable_killed(tries: usize) -> Vec<String> {
    let mut lost = Vec::new();
    let lab = Lab::start(1);
    for _ in 0..tries {
        let (_relay, project, running) = under_way(&lab);
        running.signal(Signal::KILL);
        running.wait(Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(random() % 3000));
        let shown = project.run(&["run", "--resume"]);
        let run = record::runs(&project.record()).pop().unwrap();
        lost.extend(ran_once(&project, &run, &shown.text()));
    }
    lost
}
