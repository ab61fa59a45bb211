//! How tasks and lanes are ended, and what is left of them.

use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};

use super::{All, alive, gone, hear, lane, nap, pids, request, run, run_all, sh, shells, there};
use crate::transport::lane::boot;
use crate::transport::lane_api::{End, GuardCheck, GuardKind, LaneCommand, SkipCause};

#[tokio::test]
async fn a_timeout_ends_the_task_and_its_children() {
    for shell in shells() {
        let (first, second) = (nap(), nap());
        let mut lane = lane(shell).await;
        let mut slow = request(0, sh(&format!("sleep {first} & sleep {second}")));
        slow.timeout = Duration::from_millis(300);
        run(&lane, slow);
        run(&lane, request(1, sh("echo never")));
        let mut all = All::default();
        hear(&mut lane, &mut all, |all| all.closed.is_some()).await;
        assert_eq!(all.of(0).end, Some(End::TimedOut { guard: None }), "{shell}");
        assert_eq!(all.of(1).skipped, Some(SkipCause::Stopped), "{shell}");
        gone(&first).await;
        gone(&second).await;
    }
}

#[tokio::test]
async fn a_task_that_ignores_term_is_killed() {
    let nap = nap();
    let mut lane = lane("/bin/sh").await;
    run(&lane, request(0, sh(&format!("trap '' TERM; sleep {nap}; sleep {nap}"))));
    there(&nap).await;
    let since = Instant::now();
    lane.commands.send(LaneCommand::Terminate).unwrap();
    let mut all = All::default();
    hear(&mut lane, &mut all, |all| all.closed.is_some()).await;
    assert_eq!(all.of(0).end, Some(End::Terminated));
    assert!(since.elapsed() >= Duration::from_secs(5));
    gone(&nap).await;
}

#[tokio::test]
async fn kill_and_a_dropped_lane_leave_nothing() {
    for shell in shells() {
        for drop_it in [false, true] {
            let nap = nap();
            let mut lane = lane(shell).await;
            run(&lane, request(0, sh(&format!("sleep {nap}"))));
            there(&nap).await;
            if drop_it {
                drop(lane);
            } else {
                lane.commands.send(LaneCommand::Kill).unwrap();
                let mut all = All::default();
                hear(&mut lane, &mut all, |all| all.closed.is_some()).await;
                assert_eq!(all.of(0).end, None, "its end is unknown");
                assert!(matches!(all.closed, Some(Some(_))));
            }
            gone(&nap).await;
        }
    }
}

#[tokio::test]
async fn the_end_of_input_kills_everything() {
    for shell in shells() {
        let nap = nap();
        let boot = boot(shell, "", None);
        let argv: Vec<String> = shell.split(' ').map(str::to_owned).chain(["-c".to_owned(), boot]).collect();
        let mut channel = crate::transport::process::spawn(&argv).unwrap();
        let token = "ab".repeat(16);
        let text = boot::preamble(&token, None) + &format!("( sleep {nap} ) </dev/null\n");
        tokio::io::AsyncWriteExt::write_all(&mut channel.stdin, text.as_bytes()).await.unwrap();
        there(&nap).await;
        drop(channel.stdin);
        gone(&nap).await;
    }
}

#[tokio::test]
async fn a_daemon_that_keeps_the_stream_holds_nothing_up() {
    let nap = nap();
    let since = Instant::now();
    let all = run_all("/bin/sh", [request(0, sh(&format!("sleep {nap} & echo started"))), request(1, sh("echo next"))]).await;
    assert_eq!((all.out(0), all.out(1)), ("started\n".to_owned(), "next\n".to_owned()));
    assert!(since.elapsed() < Duration::from_secs(4));
    assert!(alive(&nap), "a goodbye leaves it alone");
    pids(&nap).into_iter().for_each(|pid| kill_process(pid, Signal::TERM).unwrap());
}

#[tokio::test]
async fn a_guard_has_a_time_of_its_own() {
    for shell in shells() {
        let nap = nap();
        let guard = |text: &str, millis| GuardCheck { kind: GuardKind::Unless, command: sh(text), timeout: Duration::from_millis(millis) };
        let mut lane = lane(shell).await;
        let mut slow = request(0, sh("sleep 0.6; echo slow"));
        slow.guards = vec![guard("exit 1", 500), guard("exit 1", 500)];
        run(&lane, slow);
        let mut stuck = request(1, sh("echo never"));
        stuck.guards = vec![guard("exit 1", 20_000), guard(&format!("sleep {nap}"), 500)];
        run(&lane, stuck);
        let mut all = All::default();
        hear(&mut lane, &mut all, |all| all.closed.is_some()).await;
        assert_eq!((all.exited(0), all.out(0)), (0, "slow\n".to_owned()), "{shell}: the command has the request's time");
        assert_eq!(all.of(1).end, Some(End::TimedOut { guard: Some(1) }), "{shell}");
        assert_eq!(all.out(1), "", "{shell}");
        gone(&nap).await;
    }
}

#[tokio::test]
async fn who_kills_the_lane_ends_it_at_once() {
    for shell in shells() {
        let nap = nap();
        for in_guard in [true, false] {
            let since = Instant::now();
            let mut lane = lane(shell).await;
            let killer = sh(&format!("kill -9 $$; sleep {nap}"));
            let mut first = request(0, if in_guard { sh("echo never") } else { killer.clone() });
            if in_guard {
                first.guards = vec![GuardCheck { kind: GuardKind::Unless, command: killer, timeout: Duration::from_secs(30) }];
            }
            run(&lane, first);
            let mut all = All::default();
            hear(&mut lane, &mut all, |all| all.closed.is_some()).await;
            assert_eq!((all.of(0).began, &all.of(0).end), (true, &None), "{shell}");
            assert!(matches!(all.closed, Some(Some(_))), "{shell}");
            assert!(since.elapsed() < Duration::from_secs(5), "{shell}: {:?}", since.elapsed());
            gone(&nap).await;
        }
    }
}
