//! The layout, from views by hand.

use super::*;
use crate::diag::Location;
use crate::plan::view::{Counts, FORMAT, HomeView, RepeatView, StepsView};

fn place() -> Location {
    Location { file: "play.yml".to_owned(), line: 1, column: 1 }
}

fn wait(on: &str, why: &'static str) -> WaitView {
    WaitView { on: on.to_owned(), why, place: None, at: crate::plan::view::Waited::Task(0) }
}

fn task(name: &str, waits: Vec<WaitView>, read_only: bool, steps: Vec<StepsView>) -> TaskView {
    TaskView {
        id: Some(name.to_owned()),
        name: name.to_owned(),
        verb: "run",
        place: place(),
        waits,
        read_only,
        allow_failure: false,
        once: false,
        timeout_ms: flow::USUAL_TIMEOUT_MS,
        when: Vec::new(),
        home: HomeView::default(),
        repeat: RepeatView::default(),
        notify: Vec::new(),
        lock: None,
        throttle: None,
        sensitive: false,
        tags: Vec::new(),
        left_out: None,
        shell: None,
        changed: None,
        failed: None,
        steps,
    }
}

fn steps(hosts: &[&str], command: &str) -> StepsView {
    let what = What { command: command.to_owned(), ..What::default() };
    StepsView { hosts: hosts.iter().map(|host| (*host).to_owned()).collect(), what }
}

fn bare() -> RoundView {
    RoundView {
        id: String::new(),
        name: String::new(),
        place: place(),
        hosts: Vec::new(),
        waits: Vec::new(),
        after: "some",
        when: None,
        batches: Vec::new(),
        pause_ms: None,
        max_failures: None,
        skip_unreachable: false,
        confirm: None,
        chosen_by: Vec::new(),
        tasks: Vec::new(),
        blocks: Vec::new(),
    }
}

fn example() -> PlanView {
    let all = ["web01", "web02", "web03", "db1"];
    let mut guarded = steps(&all, "apt-get -y install nginx=2.4.1");
    guarded.what.guards = vec!["unless nginx -v 2>&1 | grep -qF 2.4.1".to_owned()];
    (guarded.what.become_user, guarded.what.become_method) = (Some("root".to_owned()), Some("sudo"));
    guarded.what.env = vec![("DEBIAN_FRONTEND".to_owned(), "noninteractive".to_owned())];
    let mut skipped = steps(&["web03"], "");
    skipped.what.skipped_by = Some("canary".to_owned());
    let mut limited = task(
        "drain the balancer",
        vec![wait("install", "order")],
        false,
        vec![steps(&["web01", "web02"], "haproxyctl disable web\nmore"), skipped],
    );
    limited.timeout_ms = 30_000;
    limited.once = true;
    limited.when = vec!["canary".to_owned()];
    let survey = RoundView {
        id: "survey".to_owned(),
        name: "survey".to_owned(),
        place: place(),
        hosts: all.map(str::to_owned).into(),
        waits: Vec::new(),
        after: "some",
        when: None,
        tasks: vec![
            task("kernel", Vec::new(), true, vec![steps(&all, "uname -r")]),
            task("uptime", vec![wait("kernel", "order")], true, vec![steps(&all, "read /proc/uptime")]),
            task("load", vec![wait("kernel", "order")], true, vec![steps(&all, "read /proc/loadavg")]),
            task("free", Vec::new(), true, vec![steps(&all, "free -m")]),
        ],
        ..bare()
    };
    let patch = RoundView {
        id: "patch".to_owned(),
        name: "Patch the web tier".to_owned(),
        place: place(),
        hosts: all.map(str::to_owned).into(),
        waits: vec![wait("survey", "data"), wait("survey", "needs")],
        after: "always",
        when: Some("host.name != 'db1'".to_owned()),
        tasks: vec![
            task("install", Vec::new(), false, vec![guarded]),
            limited,
            task(
                "show",
                vec![wait("install", "needs"), wait("install", "data")],
                true,
                vec![steps(&all, &format!("print ‹after patch/install› {}", "x".repeat(90)))],
            ),
        ],
        ..bare()
    };
    let counts = Counts { hosts: 4, steps: 26, may_change: 6, skipped: 1, known_later: 4 };
    PlanView { format: FORMAT, playbook_id: "p".to_owned(), playbook: "P".to_owned(), rounds: vec![survey, patch], counts }
}

#[test]
fn reads_well_in_80_columns() {
    let text = plan_text(&example(), 80, &unpainted);
    assert!(text.lines().all(|line| line.chars().count() <= 80));
    insta::assert_snapshot!(text);
}

#[test]
fn paint_does_not_move_anything() {
    let text = plan_text(&example(), 60, &|role, text| format!("\u{1b}[1m{text}\u{1b}[{}m", u8::from(role == Role::Dim)));
    let bare = ["\u{1b}[1m", "\u{1b}[0m"].iter().fold(text.clone(), |text, code| text.replace(code, "")).replace("\u{1b}[1m", "");
    assert_eq!(bare, plan_text(&example(), 60, &unpainted));
    assert_ne!(text, bare);
}
