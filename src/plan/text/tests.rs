//! The layout, from views by hand.

use super::views::{bare, place, steps, task, wait};
use super::*;
use crate::plan::critical::Expected;
use crate::plan::view::{ChangesView, Counts, FORMAT, UserView};

mod asked;

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
    let mut patch = RoundView {
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
    patch.changes = crate::plan::radius::changes(&patch);
    PlanView {
        format: FORMAT,
        playbook_id: "p".to_owned(),
        playbook: "P".to_owned(),
        lock_hosts: false,
        rounds: vec![survey, patch],
        counts,
        expected: None,
        probed: None,
    }
}

#[test]
fn reads_well_in_80_columns() {
    let text = plan_text(&example(), 80, &unpainted);
    assert!(text.lines().all(|line| line.chars().count() <= 80));
    insta::assert_snapshot!(text);
}

#[test]
fn the_way_ahead_is_told_in_few_words() {
    use crate::plan::critical::PathStep;
    let step = |task: Option<&str>, host: Option<&str>, duration_ms| PathStep {
        round: "patch".to_owned(),
        task: task.map(str::to_owned),
        host: host.map(str::to_owned),
        duration_ms,
    };
    let path = vec![
        step(None, Some("web01"), 12_000),
        step(Some("drain the balancer"), Some("web01"), 15_000),
        step(Some("install"), Some("web01"), 100_000),
        step(Some("config"), Some("web01"), 400),
        step(None, None, 30_000),
        step(Some("install"), Some("web03"), 25_000),
        step(Some("reload everything that was changed"), Some("web03"), 10_000),
        step(Some("show"), Some("web03"), 11_600),
        step(Some("look"), Some("web03"), 16_000),
        step(Some("undrain"), Some("db1"), 20_000),
    ];
    let duration_ms = path.iter().map(|step| step.duration_ms).sum();
    let expected = Expected { duration_ms, runs: 4, tasks: 20, unknown_tasks: 12, rounds: Vec::new(), path };
    let tail = |expected: Expected| {
        let mut view = example();
        view.expected = Some(expected);
        let text = plan_text(&view, 80, &unpainted);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        text.split_once("known only in part\n").unwrap().1.to_owned()
    };
    insta::assert_snapshot!(tail(expected.clone()));
    let short = Expected { duration_ms: 999, runs: 1, unknown_tasks: 1, ..expected };
    assert_eq!(tail(short), "less than 1s, from 1 earlier run\n1 of 20 tasks has no earlier run\n");
}

#[test]
fn a_round_says_what_it_may_change() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let user = |user: &str, steps, hosts: &[&str]| UserView { user: user.to_owned(), steps, hosts: names(hosts) };
    let web = ["web01", "web02", "web03"];
    let line = |steps, hosts: &[&str], users| ahead::of_changes(&ChangesView { steps, hosts: names(hosts), users });
    assert_eq!(line(1, &["db1"], vec![]), "1 step may change db1");
    assert_eq!(line(6, &web, vec![user("root", 6, &web)]), "up to 6 steps may change 3 hosts, as root");
    assert_eq!(line(6, &web, vec![user("root", 3, &web)]), "up to 6 steps may change 3 hosts; 3 as root");
    assert_eq!(
        line(7, &["web01", "web02", "web03", "db1"], vec![user("root", 3, &web), user("postgres", 1, &["db1"])]),
        "up to 7 steps may change 4 hosts; 3 as root on web[01-03], 1 as postgres on db1"
    );
}

#[test]
fn paint_does_not_move_anything() {
    let text = plan_text(&example(), 60, &|role, text| format!("\u{1b}[1m{text}\u{1b}[{}m", u8::from(role == Role::Dim)));
    let bare = ["\u{1b}[1m", "\u{1b}[0m"].iter().fold(text.clone(), |text, code| text.replace(code, "")).replace("\u{1b}[1m", "");
    assert_eq!(bare, plan_text(&example(), 60, &unpainted));
    assert_ne!(text, bare);
}
