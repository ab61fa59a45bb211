//! A plan with the answers of hosts.

use super::*;
use crate::event::Difference;
use crate::plan::foreseen::{ForecastView, LeftOutView, ProbedView};
use crate::plan::text::views::plan;
use crate::plan::view::{BlockView, HomeView, RepeatView};

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn web(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| format!("web{number:02}")).collect()
}

fn told(hosts: Vec<String>, answer: &str) -> ForecastView {
    ForecastView { hosts, answer: answer.to_owned(), ..ForecastView::default() }
}

fn because(hosts: Vec<String>, answer: &str, reason: &str) -> ForecastView {
    ForecastView { reason: Some(reason.to_owned()), ..told(hosts, answer) }
}

fn content(path: &str, lines: &str) -> Difference {
    Difference { diff: Some(format!("--- {path}\n+++ {path}\n{lines}")), ..Difference::new("content", None, None) }
}

fn mode(from: &str) -> Difference {
    Difference::new("mode", Some(from.to_owned()), Some("0644".to_owned()))
}

fn on(task: TaskView, forecasts: Vec<ForecastView>) -> TaskView {
    TaskView { forecasts, ..task }
}

fn each(name: &str, command: &dyn Fn(&str) -> String, forecasts: Vec<ForecastView>) -> TaskView {
    let steps = web(1..=20).iter().map(|host| steps(&[host], &command(host))).collect();
    on(task(name, Vec::new(), false, steps), forecasts)
}

/// Twenty hosts in differing states.
fn asked() -> PlanView {
    let all: Vec<String> = web(1..=20);
    let refs: Vec<&str> = all.iter().map(String::as_str).collect();
    let kernel = on(
        task("kernel", Vec::new(), true, vec![steps(&refs, "uname -r")]),
        vec![told(web(1..=19), "reads"), told(web([20]), "unreachable")],
    );
    let odd = (1..=19).filter(|number| number % 2 == 1);
    let mut guards: Vec<ForecastView> =
        (2..=18).step_by(2).map(|n| because(web([n]), "nothing", &format!("/srv/web{n:02}/nginx exists"))).collect();
    guards.push(told(web(odd), "runs"));
    let upgrade = each("upgrade", &|host| format!("install -d /srv/{host}/nginx"), guards);
    let diff = "@@ -1,2 +1,2 @@\n-worker_processes 2;\n+worker_processes 4;\n user nginx;\n+server_name a.example.org b.example.org c.example.org d.example.org;\n";
    let changed = |host: usize, mode: Option<Difference>| ForecastView {
        differences: [content(&format!("/srv/web{host:02}/nginx.conf"), diff)].into_iter().chain(mode).collect(),
        ..told(web([host]), "changes")
    };
    let mut files: Vec<ForecastView> = (1..=9).map(|host| changed(host, None)).collect();
    files.extend((10..=15).map(|host| changed(host, Some(mode(&format!("06{host}"))))));
    files.push(told(web([16, 17]), "nothing"));
    files.push(because(web([18]), "fails", "the folder /srv/web18 does not exist"));
    files.push(because(web([19]), "blocked", "upgrade failed"));
    let config = each(
        "write the configuration of the server, all of it",
        &|host| format!("copy 64 bytes to /srv/{host}/nginx.conf, mode 0644"),
        files,
    );
    let unknown =
        ForecastView { until: names(&["patch/upgrade", "survey/kernel"]), now: Some("runs".to_owned()), ..told(web(1..=19), "unknown") };
    let inner = HomeView { block: Some(0), ..HomeView::default() };
    let show = TaskView { home: inner.clone(), ..on(task("show", Vec::new(), false, vec![steps(&refs, "nginx -T")]), vec![unknown]) };
    let rescue = TaskView {
        home: HomeView { part: Some("rescue"), ..inner },
        ..on(
            task("put back", Vec::new(), false, vec![steps(&refs, "cp old new")]),
            vec![because(web(1..=19), "nothing", "only after a failure")],
        )
    };
    let block = BlockView {
        id: None,
        name: "careful".to_owned(),
        place: place(),
        home: HomeView::default(),
        action: None,
        waits: Vec::new(),
        when: Vec::new(),
        repeat: RepeatView::default(),
        allow_failure: false,
        steps: Vec::new(),
    };
    let ended = TaskView {
        home: HomeView { section: Some("handlers"), ..HomeView::default() },
        ..on(task("reload", Vec::new(), false, vec![steps(&refs, "systemctl reload nginx")]), Vec::new())
    };
    let rounds = vec![
        RoundView { id: "survey".to_owned(), name: "survey".to_owned(), hosts: all.clone(), tasks: vec![kernel], ..bare() },
        RoundView {
            id: "patch".to_owned(),
            name: "patch".to_owned(),
            hosts: all.iter().cloned().chain(names(&["db1", "db2"])).collect(),
            tasks: vec![upgrade, config, show, rescue, ended],
            blocks: vec![block],
            left_out: vec![
                LeftOutView { hosts: names(&["web20"]), reason: "can't be reached".to_owned() },
                LeftOutView { hosts: names(&["db1", "db2"]), reason: "when".to_owned() },
            ],
            ..bare()
        },
    ];
    let mut view = plan(rounds);
    let figures =
        [("reads", 19), ("unreachable", 1), ("runs", 10), ("nothing", 30), ("changes", 15), ("fails", 1), ("blocked", 1), ("unknown", 19)];
    view.counts = Counts { hosts: 22, steps: 96, may_change: 76, skipped: 0, known_later: 0 };
    view.probed = Some(ProbedView {
        answers: figures.map(|(answer, count)| (answer.to_owned(), count)).into_iter().collect(),
        unreachable: vec![LeftOutView {
            hosts: names(&["web20"]),
            reason: "ssh: connect to host web20.example.org port 22: Connection refused, and nobody else answers there either".to_owned(),
        }],
    });
    view
}

fn written(view: &PlanView, width: usize, diffs: bool) -> String {
    let text = if diffs { plan_text_with_diffs(view, width, &unpainted) } else { plan_text(view, width, &unpainted) };
    let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > width).collect();
    assert!(long.is_empty(), "{long:#?}");
    text
}

#[test]
fn answers_read_well_in_80_columns() {
    insta::assert_snapshot!(written(&asked(), 80, false));
}

#[test]
fn answers_read_well_in_60_columns_with_diffs() {
    insta::assert_snapshot!(written(&asked(), 60, true));
}

#[test]
fn no_width_loses_a_diff_or_a_number_of_hosts() {
    for width in [40, 60, 80, 160] {
        let text = written(&asked(), width, true);
        let lines: Vec<&str> = text.lines().map(|line| line.trim_start().trim_start_matches("↪ ")).collect();
        assert!(lines.concat().contains("+server_name a.example.org b.example.org c.example.org d.example.org;"), "{text}");
        assert!(!text.contains("may change"), "the number that was known before is superseded\n{text}");
    }
    let mut view = asked();
    let far: Vec<String> = (0..40)
        .map(|number| format!("host-{}-x", "abcdefghij".repeat(number % 4 + 1).chars().skip(number).collect::<String>() + "z"))
        .collect();
    view.rounds[1].tasks[0].forecasts.push(told(far.clone(), "changes"));
    let folded: std::collections::BTreeSet<&String> = far.iter().collect();
    assert!(folded.len() > 10);
    assert!(written(&view, 80, false).contains(&format!("will change    {} hosts: ", far.len())));
}

#[test]
fn nothing_that_comes_from_a_host_acts_on_a_screen() {
    let mut view = asked();
    let nasty = "a\u{1b}]0;owned\u{7}\r\nb\u{202e}<script>";
    let task = &mut view.rounds[1].tasks[0];
    task.forecasts = vec![
        because(web([1]), "fails", nasty),
        because(web([2]), "nothing", nasty),
        ForecastView {
            differences: vec![
                content(nasty, &format!("@@ -0,0 +1,2 @@\n+{nasty}\n+\tx")),
                Difference::new("target", Some(nasty.to_owned()), None),
            ],
            until: names(&[nasty]),
            now: Some("changes".to_owned()),
            ..told(web([3]), "unknown")
        },
    ];
    view.rounds[1].left_out[0].reason = nasty.to_owned();
    view.probed.as_mut().unwrap().unreachable[0].reason = nasty.to_owned();
    let text = written(&view, 80, true);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{text:?}");
    assert!(text.contains("+a\\x1b]0;owned\\x07\\x0d\n"), "{text}");
    assert!(text.contains("+→   x\n"), "a tab is not a blank\n{text}");
}

#[test]
fn paint_moves_no_answer() {
    let bare = plan_text_with_diffs(&asked(), 80, &unpainted);
    let painted = plan_text_with_diffs(&asked(), 80, &|role, text| format!("⟨{role:?}|{text}⟩"));
    let roles = regex::Regex::new(r"⟨\w+\|([^⟩]*)⟩").unwrap();
    assert_eq!(roles.replace_all(&painted, "$1"), bare);
    for said in [
        "⟨Added|+worker_processes 4;⟩",
        "⟨Removed|-worker_processes 2;⟩",
        "⟨Trouble|!⟩ will fail",
        "⟨Change|~⟩ will change",
        "⟨Unknown|?⟩ unknown",
    ] {
        assert!(painted.contains(said), "{said}\n{painted}");
    }
}

#[test]
fn users_of_a_round_are_named() {
    let mut view = asked();
    let user = |user: &str, steps| UserView { user: user.to_owned(), steps, hosts: web([1]) };
    for (users, said) in [
        (vec![user("root", 40)], "on 19 hosts, as root\n"),
        (vec![user("root", 4)], "on 19 hosts, some as root\n"),
        (vec![user("root", 20), user("postgres", 20)], "on 19 hosts, some as root, postgres\n"),
    ] {
        view.rounds[1].changes = Some(ChangesView { steps: 40, hosts: web([1]), users });
        let text = written(&view, 160, false);
        assert!(text.contains(said), "{said}{text}");
    }
}

#[test]
fn a_plan_at_rest_is_short() {
    let mut view = asked();
    for task in view.rounds.iter_mut().flat_map(|round| &mut round.tasks) {
        task.forecasts = vec![told(web(1..=20), "nothing")];
    }
    view.rounds.iter_mut().for_each(|round| round.left_out.clear());
    view.probed = Some(ProbedView { answers: [("nothing".to_owned(), 120)].into(), unreachable: Vec::new() });
    let text = written(&view, 80, true);
    assert!(text.contains("22 hosts with nothing to do: web[01-20],db[1-2]\n"), "{text}");
    assert!(text.ends_with("nothing was changed, and there is nothing that a run would change\n"), "{text}");
    assert!(!text.contains("roundsman run"), "{text}");
}
