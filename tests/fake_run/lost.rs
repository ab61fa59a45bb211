//! Sessions that are lost and opened again: what becomes of which step, by what its host tells of it.

use serde_json::{Value, json};

use crate::bench::{Bench, Ran};
use roundsman::event::{RunEvent, Status};

/// What a host's journal says where `lines` stand in it.
fn journal(lines: &str) -> Value {
    json!({ "contains": "look()", "stdout": format!("J 12 .\n{lines}W\nU 99999999.0\n.\n") })
}

/// A run of two tasks, `x` losing its session once.
async fn lost(x: &str, more: &str, noted: &str) -> Ran {
    let playbook = format!(
        "{more}\nrounds:\n  - name: r\n    hosts: all\n    tasks:\n      - {{ name: x, run: one{x} }}\n      - {{ name: y, run: two }}\n    \
         handlers: [{{ name: told, run: three }}]\n"
    );
    let lose = json!({ "regex": "^one", "lose": "reset", "times": 1, "delay_ms": 10 });
    Bench::new(&playbook, "a,b").host(json!({ "host": "a", "commands": [journal(noted), lose] })).run().await
}

fn attempts(ran: &Ran, task: usize) -> Vec<(&'static str, u32, Option<Status>)> {
    let told = ran.events.iter().filter_map(|event| match &event.kind {
        RunEvent::StepSent { step, attempt, .. } if (step.host.0, step.task.index()) == (0, task) => Some(("sent", *attempt, None)),
        RunEvent::StepBegan { step, attempt } if (step.host.0, step.task.index()) == (0, task) => Some(("began", *attempt, None)),
        RunEvent::AttemptEnded { step, attempt, outcome, .. } if (step.host.0, step.task.index()) == (0, task) => {
            Some(("attempt", *attempt, Some(outcome.status)))
        }
        RunEvent::StepEnded { step, attempt, outcome } if (step.host.0, step.task.index()) == (0, task) => {
            Some(("ended", *attempt, Some(outcome.status)))
        }
        _ => None,
    });
    told.collect()
}

const BEGAN: &str = "B 0.0.0.1 .\n";
const TWICE: [(&str, u32, Option<Status>); 6] = [
    ("sent", 1, None),
    ("began", 1, None),
    ("attempt", 1, Some(Status::Unknown)),
    ("sent", 2, None),
    ("began", 2, None),
    ("ended", 2, Some(Status::Changed)),
];

#[tokio::test(start_paused = true)]
async fn what_was_cut_short_is_unknown_and_the_host_goes_on_in_the_next_round_only_for_others() {
    let ran = lost("", "", BEGAN).await;
    assert_eq!(ran.end("a x"), "unknown: the session was lost: reset; it was ended with its shell");
    assert_eq!(ran.end("a y"), "skipped: how `x` ended is unknown");
    assert_eq!(ran.ran_on("a"), ["one"]);
    assert_eq!(ran.end("b y"), "changed");
    assert_eq!(ran.report.end.exit_code, 4);
    let told: Vec<&str> = ran.events.iter().map(|event| event.kind.word()).filter(|word| word.starts_with("host_")).collect();
    assert_eq!(told.iter().filter(|word| **word == "host_connected").count(), 3, "{told:?}");
    assert_eq!(told.iter().filter(|word| **word == "host_lost").count(), 1, "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_playbook_may_say_that_it_runs_again() {
    let ran = lost("", "on_disconnect: rerun", BEGAN).await;
    assert_eq!(attempts(&ran, 0), TWICE);
    assert_eq!(ran.ran_on("a"), ["one", "one", "two"]);
    assert_eq!((ran.end("a x"), ran.report.end.exit_code), ("changed".to_owned(), 0));
}

#[tokio::test(start_paused = true)]
async fn a_guard_decides_and_a_change_that_was_made_before_the_loss_notifies() {
    let ran = lost(", creates: /done, notify: told", "", BEGAN).await;
    assert_eq!(attempts(&ran, 0), TWICE);
    assert_eq!(ran.ran_on("a"), ["one", "one", "two", "three"], "the guard lets it run again");

    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks: [{ name: x, run: one, unless: is it done, notify: told }]
    handlers: [{ name: told, run: three }]
";
    let commands = json!([
        journal(BEGAN),
        { "contains": "is it done", "code": 1, "times": 1 },
        { "contains": "is it done", "code": 0 },
        { "contains": "one", "lose": "reset", "times": 1 },
    ]);
    let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": commands })).run().await;
    assert!(ran.end("a x").starts_with("changed: an execution that was cut short may have changed it; then: "), "{}", ran.end("a x"));
    assert_eq!(ran.ran_on("a").last().map(String::as_str), Some("three"), "its handler is not forgotten: {:?}", ran.ran_on("a"));
}

#[tokio::test(start_paused = true)]
async fn what_only_reads_runs_again() {
    let ran = lost(", read_only: true", "", "").await;
    assert_eq!(ran.ran_on("a"), ["one", "one", "two"]);
    assert_eq!((ran.end("a x"), ran.report.end.exit_code), ("ok".to_owned(), 0));
}

#[tokio::test(start_paused = true)]
async fn what_ended_meanwhile_has_ended_and_what_never_began_is_sent_again() {
    let ran = lost("", "", "B 0.0.0.1 .\nE 0.0.0.1 0 .\n").await;
    assert_eq!(ran.end("a x"), "changed: the session was lost while it ran, and what it printed from then on is missing");
    assert_eq!(ran.ran_on("a"), ["one", "two"]);
    assert_eq!(attempts(&ran, 1).iter().filter(|(what, ..)| *what == "began").count(), 1);
    assert_eq!((ran.end("a y"), ran.report.end.exit_code), ("changed".to_owned(), 0));

    let ran = lost("", "", "B 0.0.0.1 .\nE 0.0.0.1 3 .\n").await;
    assert!(ran.end("a x").starts_with("failed: exit code 3; the session was lost"), "{}", ran.end("a x"));
    assert_eq!(ran.end("a y"), "skipped: `x` failed");

    let ran = lost(", unless: no, only_if: \"yes\"", "", "B 0.0.0.1 .\nP 0.0.0.1 1 1 .\nE 0.0.0.1 0 .\n").await;
    assert!(ran.end("a x").starts_with("skipped: "), "{}", ran.end("a x"));
}

#[tokio::test(start_paused = true)]
async fn an_end_whose_output_is_needed_is_not_enough() {
    let ran = lost(", failed: \"'bad' in result.stdout\"", "", "B 0.0.0.1 .\nE 0.0.0.1 0 .\n").await;
    let end = ran.end("a x");
    assert_eq!(end, "unknown: the session was lost: reset; it ended with exit code 0 meanwhile; what it printed is lost, and is needed");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_can_not_be_asked_is_not_guessed_about() {
    for answer in [json!({ "contains": "look()", "code": 1 }), json!({ "contains": "look()", "stdout": "A\nW\n.\n" })] {
        let lose = json!({ "regex": "^one", "lose": "reset", "times": 1 });
        let playbook = "rounds: [{ name: r, hosts: all, tasks: [{ name: x, run: one, unless: done }, { name: z, needs: [], run: four, read_only: true }] }]";
        let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": [answer, lose] })).run().await;
        assert_eq!(ran.status("a x"), Some(Status::Unknown), "it may still run: {}", ran.end("a x"));
        assert_eq!(ran.ran_on("a").iter().filter(|ran| *ran == "one").count(), 1);
        assert_eq!(ran.end("a z"), "ok");
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_lost_again_and_again_is_given_up() {
    let playbook = "rounds: [{ name: r, hosts: all, tasks: [{ name: x, run: one, unless: done }, { name: y, run: two }] }]";
    let commands = json!([journal(BEGAN), { "regex": "^one", "lose": "reset" }]);
    let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": commands })).run().await;
    assert_eq!(ran.ran_on("a").len(), 4, "once, and after each of three reconnects");
    assert_eq!(ran.status("a x"), Some(Status::Unknown), "{:?}", ran.ends());
    assert_ne!(ran.status("a y"), Some(Status::Changed));
    assert_eq!(ran.report.end.exit_code, 4);
}

#[tokio::test(start_paused = true)]
async fn items_and_tries_keep_their_numbers() {
    let playbook =
        "rounds: [{ name: r, hosts: all, tasks: [{ name: x, each: [p, q], run: \"one {{ item }}\", creates: \"/{{ item }}\" }] }]";
    let commands = json!([journal("B 0.0.0.2 .\n"), { "contains": "one q", "lose": "reset", "times": 1 }]);
    let ran = Bench::new(playbook, "a").host(json!({ "host": "a", "commands": commands })).run().await;
    assert_eq!(ran.ran_on("a"), ["one p", "one q", "one q"]);
    let ends: Vec<_> = attempts(&ran, 0).into_iter().filter(|(what, ..)| *what == "attempt").collect();
    let changed = Some(Status::Changed);
    assert_eq!(ends, [("attempt", 1, changed), ("attempt", 2, Some(Status::Unknown)), ("attempt", 3, changed)]);
    assert_eq!(ran.end("a x"), "changed");
}

/// What a durable task left is removed behind its step; a link that is lost just then must not be waited for.
#[tokio::test(start_paused = true)]
async fn a_link_that_is_lost_while_something_is_removed_holds_nothing_up() {
    let playbook = "
rounds:
  - name: r
    hosts: all
    tasks: [{ name: x, run: one, durable: true }, { name: y, run: two }]
";
    for delay in [0, 5, 5_000] {
        let lost = json!({ "contains": "rm -rf", "lose": "Connection reset by peer", "delay_ms": delay, "times": 1 });
        let ran = Bench::new(playbook, "a,b").host(json!({ "host": "a", "commands": [journal(""), lost] })).run().await;
        assert_eq!([ran.end("a x"), ran.end("a y"), ran.end("b y")], ["changed"; 3], "{delay}");
        assert_eq!(ran.report.end.exit_code, 0, "{delay}");
        let removed = ran.ran_on("a").iter().filter(|what| what.contains("rm -rf")).count();
        assert_eq!(removed, 2, "once more: {:?}", ran.ran_on("a"));
    }
}

/// A link that stalls while the session lives: what a lane was sent may have begun, though nothing came of it.
#[tokio::test(start_paused = true)]
async fn what_a_lane_that_was_given_up_may_have_begun_is_not_done_again() {
    let playbook =
        |guard: &str| format!("rounds: [{{ name: r, hosts: all, tasks: [{{ name: x, run: one{guard} }}, {{ name: y, run: two }}] }}]\n");
    let stalls = || json!({ "host": "a", "commands": [{ "contains": "one", "give_up": "it does not answer", "mute": true, "times": 1 }] });
    let ran = Bench::new(&playbook(""), "a").host(stalls()).run().await;
    assert_eq!((ran.status("a x"), ran.ran_on("a")), (Some(Status::Unknown), vec!["one".to_owned()]), "{}", ran.end("a x"));
    assert!(ran.end("a y").starts_with("skipped"), "{}", ran.end("a y"));
    let ran = Bench::new(&playbook(", creates: f"), "a").host(stalls()).run().await;
    assert_eq!((ran.status("a x"), ran.ran_on("a")), (Some(Status::Changed), ["one", "one", "two"].map(str::to_owned).to_vec()));
}

#[tokio::test(start_paused = true)]
async fn a_durable_task_whose_link_was_lost_holds_up_nobody_who_wants_to_stop() {
    let playbook = "rounds: [{ name: r, hosts: all, tasks: [{ name: x, run: one, durable: true }, { name: y, run: two }] }]\n";
    let lost = json!({ "contains": "one", "lose": "reset", "times": 1, "delay_ms": 3000 });
    let script = json!({ "host": "a", "commands": [journal("B 0.0.0.1 .\n"), lost] });
    let ran = Bench::new(playbook, "a").host(script).interrupt(std::time::Duration::from_secs(1)).run().await;
    assert_eq!((ran.status("a x"), ran.report.end.exit_code), (Some(Status::Unknown), 130), "{}", ran.end("a x"));
    // Its host keeps it, and it is found again.
    let rest = Bench::new(playbook, "a").resumes(&[&ran.events], roundsman::plan::CarryOptions::default()).run().await;
    let names = |ran: &Ran| {
        let name = |event: &roundsman::event::Event| match &event.kind {
            RunEvent::StepSent { durable, .. } => durable.clone(),
            _ => None,
        };
        ran.events.iter().filter_map(name).collect::<Vec<_>>()
    };
    assert_eq!(names(&ran)[0], names(&rest)[0]);
    assert_eq!(rest.status("a x"), Some(Status::Changed));
}
