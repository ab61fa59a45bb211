//! The fake through the same doors as a real hub.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::Connect;
use crate::transport::{
    End, FakeScript, Hub, Invocation, Lane, LaneCommand, LaneReport, OnFailure, Refusal, RefusalClass, Request, Session, ShellProgram,
    SkipCause, Target,
};

fn target(name: &str) -> Target {
    Target { name: name.to_owned(), connect: Connect::new(name), jump: None }
}

async fn connect(script: &FakeScript, name: &str) -> Result<Session, Refusal> {
    Hub::fake(script.clone()).connect(&target(name), |_| {}).await
}

fn request(id: u64, text: &str) -> LaneCommand {
    LaneCommand::Run(Box::new(Request {
        on_failure: OnFailure::Stop,
        ..Request::new(id, Invocation::Text { text: text.to_owned(), shell: ShellProgram::Sh }, Duration::from_secs(60))
    }))
}

async fn reports(lane: Lane) -> Vec<LaneReport> {
    let Lane { commands, mut reports } = lane;
    drop(commands);
    let mut all = Vec::new();
    while let Some(report) = reports.recv().await {
        all.push(report);
    }
    all
}

#[tokio::test(start_paused = true)]
async fn refusals_and_their_count() {
    let script = r#"{"hosts":[{"host":"web*","delay_ms":30,"refuse":{"class":"throttled","message":"kex","times":1}}]}"#;
    let script = FakeScript::from_json(script).unwrap();
    let refusal = connect(&script, "web1").await.unwrap_err();
    assert_eq!((refusal.class, refusal.message.as_str()), (RefusalClass::Throttled, "kex"));
    assert!(connect(&script, "web1").await.is_ok());
    assert!(connect(&script, "db").await.is_ok());
    assert_eq!(script.log().of("web1"), ["connect", "connect"]);
}

#[tokio::test(start_paused = true)]
async fn answers_failures_and_time() {
    let script =
        r#"{"hosts":[{"host":"*","commands":[{"contains":"uname","stdout":"Linux\n","delay_ms":5000},{"regex":"^fail$","code":3}]}]}"#;
    let script = FakeScript::from_json(script).unwrap();
    let since = Instant::now();
    let lane = connect(&script, "a").await.unwrap().open_lane(None).await.unwrap();
    for (id, text) in ["uname -r", "fail", "late"].into_iter().enumerate() {
        lane.commands.send(request(id as u64, text)).unwrap();
    }
    let all = reports(lane).await;
    assert!(matches!(&all[0], LaneReport::Ready));
    assert!(
        all.iter().any(|report| matches!(report, LaneReport::Ended { id: 0, end: End::Exited(0), duration } if duration.as_secs() == 5))
    );
    assert!(all.contains(&LaneReport::Skipped { id: 2, cause: SkipCause::Stopped }));
    assert_eq!(all.last(), Some(&LaneReport::Closed { reason: None, heard: crate::transport::Heard::All }));
    assert_eq!(since.elapsed().as_secs(), 5);
    assert_eq!(script.log().of("a"), ["connect", "lane", "run uname -r", "run fail"]);
}

#[tokio::test(start_paused = true)]
async fn hanging_runs_out_of_time_and_a_loss_ends_the_session() {
    let script = r#"{"hosts":[{"host":"*","commands":[{"contains":"hang","hang":true},{"contains":"lose","lose":"gone"}]}]}"#;
    let script = FakeScript::from_json(script).unwrap();
    let session = connect(&script, "a").await.unwrap();
    let lane = session.open_lane(None).await.unwrap();
    lane.commands.send(request(0, "hang")).unwrap();
    let all = reports(lane).await;
    assert!(all.iter().any(|report| matches!(report, LaneReport::Ended { end: End::TimedOut { guard: None }, .. })));
    let lane = session.open_lane(None).await.unwrap();
    lane.commands.send(request(1, "lose")).unwrap();
    assert_eq!(
        reports(lane).await.last(),
        Some(&LaneReport::Closed { reason: Some("gone".to_owned()), heard: crate::transport::Heard::All })
    );
    assert_eq!(session.lost().await, "gone");
    assert_eq!(session.open_lane(None).await.unwrap_err().class, RefusalClass::Network);
}

#[test]
fn a_wrong_script_is_told() {
    assert!(FakeScript::from_json(r#"{"hosts":[{"host":"a","comands":[]}]}"#).unwrap_err().to_string().contains("comands"));
    assert!(FakeScript::from_json(r#"{"hosts":[{"host":"a","refuse":{"class":"sad"}}]}"#).is_err());
}
