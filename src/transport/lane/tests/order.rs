//! Requests run in their order; what a failure, a withdrawal or others keep from it.

use super::{All, hear, lane, request, run, run_all, sh, shells};
use crate::transport::lane_api::{LaneCommand, OnFailure, Request, SkipCause};

#[tokio::test]
async fn twenty_tasks_in_order() {
    for shell in shells() {
        let all = run_all(shell, (0..20).map(|id| request(id, sh(&format!("echo out {id}; echo err {id} >&2"))))).await;
        assert!(all.ready);
        assert_eq!(all.order, (0..20).collect::<Vec<_>>(), "{shell}");
        for id in 0..20 {
            assert_eq!((all.out(id), all.exited(id)), (format!("out {id}\n"), 0), "{shell}");
            assert_eq!(all.of(id).err, format!("err {id}\n").into_bytes(), "{shell}");
        }
        assert_eq!(all.stray, b"");
    }
}

#[tokio::test]
async fn a_failure_stops_what_is_behind_it() {
    for shell in shells() {
        let mut lane = lane(shell).await;
        for id in 0..5 {
            let mut request = request(id, sh(if id == 1 || id == 2 { "sleep 0.1; exit 3" } else { "true" }));
            if id == 1 {
                request.on_failure = OnFailure::Continue;
            }
            run(&lane, request);
        }
        let mut all = All::default();
        hear(&mut lane, &mut all, |all| all.settled(4)).await;
        run(&lane, request(5, sh("echo again")));
        hear(&mut lane, &mut all, |all| all.settled(5)).await;
        assert_eq!((all.exited(0), all.exited(1), all.exited(2)), (0, 3, 3), "{shell}");
        assert_eq!((all.of(3).skipped, all.of(4).skipped), (Some(SkipCause::Stopped), Some(SkipCause::Stopped)), "{shell}");
        assert_eq!(all.out(5), "again\n", "{shell}");
    }
}

#[tokio::test]
async fn a_held_lane_waits_for_resume() {
    let mut lane = lane("/bin/sh").await;
    run(&lane, Request { on_failure: OnFailure::Hold, ..request(0, sh("false")) });
    let mut all = All::default();
    hear(&mut lane, &mut all, |all| all.settled(0)).await;
    run(&lane, request(1, sh("true")));
    lane.commands.send(LaneCommand::Resume(0)).unwrap();
    run(&lane, request(2, sh("true")));
    hear(&mut lane, &mut all, |all| all.settled(2)).await;
    assert_eq!(all.of(1).skipped, Some(SkipCause::Stopped));
    assert_eq!(all.exited(2), 0);
}

#[tokio::test]
async fn withdrawn_requests_do_not_run() {
    for shell in shells() {
        let mut lane = lane(shell).await;
        run(&lane, request(0, sh("sleep 0.5; echo done")));
        // More than may be written ahead, so that some are in the pipe and some are held here.
        for id in 1..20 {
            run(&lane, request(id, sh(&format!("echo no; : {}", "x".repeat(4000)))));
        }
        let mut all = All::default();
        hear(&mut lane, &mut all, |all| all.requests.contains_key(&0)).await;
        lane.commands.send(LaneCommand::Withdraw).unwrap();
        run(&lane, request(20, sh("echo after")));
        hear(&mut lane, &mut all, |all| all.settled(20)).await;
        assert_eq!((all.out(0), all.exited(0)), ("done\n".to_owned(), 0), "{shell}");
        for id in 1..20 {
            assert_eq!(all.of(id).skipped, Some(SkipCause::Withdrawn), "{shell} {id}");
        }
        assert_eq!(all.out(20), "after\n", "{shell}");
    }
}

#[tokio::test]
async fn what_others_skip_is_sent_again() {
    for shell in shells() {
        let all =
            run_all(shell, (0..12).map(|id| request(id, sh(if id == 2 { "kill -URG 0; kill -TERM $PPID; :" } else { "echo here" })))).await;
        assert_eq!(all.order, (0..12).collect::<Vec<_>>(), "{shell}");
        for id in 3..12 {
            assert_eq!((all.out(id), all.exited(id)), ("here\n".to_owned(), 0), "{shell}");
        }
    }
}
