//! Whatever the playbook and the hosts do: every step of every host that takes part ends once, nothing begins before
//! what it needs, and the run ends.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use crate::bench::{Bench, Ran};
use roundsman::event::RunEvent;
use roundsman::model::StepId;

#[derive(Debug, Clone)]
struct TaskShape {
    needs: Option<Vec<usize>>,
    kind: u8,
    once: bool,
    allow: bool,
    /// Runs on another host, or on two.
    on: Option<u8>,
    user: Option<u8>,
}

fn task() -> impl Strategy<Value = TaskShape> {
    (
        prop::option::weighted(0.4, prop::collection::vec(0usize..8, 0..3)),
        0u8..9,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.2),
        prop::option::weighted(0.15, 0u8..3),
        prop::option::weighted(0.15, 0u8..2),
    )
        .prop_map(|(needs, kind, once, allow, on, user)| TaskShape { needs, kind, once, allow, on, user })
}

#[derive(Debug, Clone)]
struct RoundShape {
    tasks: Vec<TaskShape>,
    after: u8,
    /// Needs every round before it, as without a word, or only the first, or none.
    needs: u8,
    max_parallel: Option<u8>,
}

fn round() -> impl Strategy<Value = RoundShape> {
    (prop::collection::vec(task(), 1..8), any::<u8>(), 0u8..3, prop::option::weighted(0.3, 1u8..3))
        .prop_map(|(tasks, after, needs, max_parallel)| RoundShape { tasks, after, needs, max_parallel })
}

fn playbook(rounds: &[RoundShape]) -> String {
    let mut text = String::from("rounds:\n");
    for (number, round) in rounds.iter().enumerate() {
        let after = ["some", "all", "always"][usize::from(round.after % 3)];
        let _ = writeln!(text, "  - name: r{number}\n    hosts: all\n    after: {after}");
        match round.needs {
            1 if number > 0 => text.push_str("    needs: [r0]\n"),
            2 => text.push_str("    needs: []\n"),
            _ => {}
        }
        if let Some(most) = round.max_parallel {
            let _ = writeln!(text, "    max_parallel: {most}");
        }
        text.push_str("    tasks:\n");
        for (index, task) in round.tasks.iter().enumerate() {
            let _ = write!(text, "      - {{ name: t{index}, ");
            if let Some(needs) = &task.needs {
                let needs: BTreeSet<String> = needs.iter().filter(|need| **need < index).map(|need| format!("t{need}")).collect();
                let _ = write!(text, "needs: [{}], ", needs.into_iter().collect::<Vec<_>>().join(", "));
            }
            if task.once {
                text.push_str("once: true, ");
            }
            if task.allow {
                text.push_str("allow_failure: true, ");
            }
            if task.kind > 1 {
                match task.on {
                    Some(0) => text.push_str("on: a, "),
                    Some(1) => text.push_str("on: c, "),
                    Some(_) => text.push_str("on: [a, c], "),
                    None => {}
                }
                if let Some(user) = task.user {
                    let _ = write!(text, "become: u{user}, ");
                }
            }
            let verb = match task.kind {
                0 => "print: text".to_owned(),
                1 => "set: { v: 1 }".to_owned(),
                2 => format!("run: bad {number} {index}"),
                3 => format!("run: slow {number} {index}"),
                4 => format!("run: hang {number} {index}, timeout: 3s"),
                5 => format!("run: good {number} {index}, failed: 'result.rc == 7'"),
                6 => format!("run: good {number} {index}, unless: asked"),
                _ => format!("run: good {number} {index}"),
            };
            let _ = writeln!(text, "{verb} }}");
        }
    }
    text
}

fn check(ran: &Ran, rounds: &[RoundShape]) {
    let mut begun: BTreeMap<StepId, usize> = BTreeMap::new();
    let mut ended: BTreeMap<StepId, usize> = BTreeMap::new();
    let mut taking_part = BTreeSet::new();
    for (at, event) in ran.events.iter().enumerate() {
        assert_eq!(event.seq, at as u64);
        match &event.kind {
            RunEvent::RoundStarted { round, hosts } => taking_part.extend(hosts.iter().map(|host| (*round, *host))),
            RunEvent::StepBegan { step, .. } => {
                let first = begun.insert(*step, at);
                let several = rounds[step.round.index()].tasks[step.task.index()].on == Some(2);
                assert!(first.is_none() || several, "{step:?} began twice");
            }
            RunEvent::StepEnded { step, .. } => assert!(ended.insert(*step, at).is_none(), "{step:?} ended twice"),
            _ => {}
        }
    }
    for (round, host) in taking_part {
        for task in 0..rounds[round.index()].tasks.len() {
            let step = StepId { round, host, task: roundsman::model::TaskIx::new(task) };
            assert!(ended.contains_key(&step), "{step:?} never ended");
        }
    }
    for (step, at) in &begun {
        for need in rounds[step.round.index()].tasks[step.task.index()].needs.iter().flatten().filter(|need| **need < step.task.index()) {
            let need = StepId { task: roundsman::model::TaskIx::new(*need), ..*step };
            // A print says its words when its turn comes; nothing waits for it to have said them.
            if rounds[need.round.index()].tasks[need.task.index()].kind != 0 {
                assert!(ended[&need] < *at, "{step:?} began before {need:?} had ended");
            }
        }
    }
    assert!(matches!(ran.events.last().map(|event| &event.kind), Some(RunEvent::RunEnded(_))));
    assert_eq!(ran.events, ran.told);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_step_ends_once(
        rounds in prop::collection::vec(round(), 1..4),
        refused in any::<bool>(),
        lose in prop::option::of(0u8..8),
        interrupts in prop::collection::vec(0u64..8000, 0..3),
        lanes in 1usize..4,
        record in prop::option::weighted(0.15, 1usize..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let mut commands = vec![
                json!({ "contains": "bad", "code": 2 }),
                json!({ "contains": "slow", "delay_ms": 2000 }),
                json!({ "contains": "hang", "hang": true }),
            ];
            if let Some(index) = lose {
                commands.insert(0, json!({ "regex": format!(" {index}$"), "lose": "gone", "delay_ms": 5 }));
            }
            let mut bench = Bench::new(&playbook(&rounds), "a,b,c").max_sessions(lanes).host(json!({ "host": "a", "commands": commands }));
            if refused {
                bench = bench.host(json!({ "host": "b", "delay_ms": 1500, "refuse": { "class": "refused", "message": "no" } }));
            }
            bench = bench.host(json!({ "host": "*", "commands": commands[commands.len() - 3..].to_vec() }));
            for after in interrupts {
                bench = bench.interrupt(Duration::from_millis(after));
            }
            if let Some(events) = record {
                bench = bench.record_fails_after(events);
            }
            let ran = tokio::time::timeout(Duration::from_secs(3600), bench.run()).await.expect("the run ends");
            check(&ran, &rounds);
        });
    }
}
