//! A worker alone, told one thing after the other as a dispatcher that has not heard yet would.
#![allow(clippy::unwrap_used, reason = "a test")]

use super::*;
use crate::model::{BecomeMethod, Connect};
use crate::transport::{End, FakeLog, FakeScript, Invocation, Request, ShellProgram};

struct Bench {
    commands: mpsc::UnboundedSender<ToWorker>,
    said: mpsc::Receiver<FromWorker>,
    log: FakeLog,
}

impl Bench {
    fn start(host: &str) -> Bench {
        let script = FakeScript::from_json(&format!("{{\"hosts\":[{host}]}}")).unwrap();
        let log = script.log();
        let target = Arc::new(Target { name: "h".to_owned(), connect: Connect::new("h"), jump: None });
        let (commands, orders) = mpsc::unbounded_channel();
        let (news, said) = mpsc::channel(64);
        tokio::spawn(async move { work(Seat(0), target, Hub::fake(script), None, orders, (news, 2), &[]).await });
        Bench { commands, said, log }
    }

    fn run(&self, id: JobId, user: Option<&str>, behind: &[JobId]) {
        let command = Invocation::Text { text: format!("job {id}"), shell: ShellProgram::Sh };
        let job = Job::Lane(Box::new(Request::new(id, command, Duration::from_secs(1))));
        let user = user.map(|user| BecomeUser { method: BecomeMethod::Sudo, user: user.to_owned(), password: None });
        self.commands.send(ToWorker::Run { slot: 0, user, job, behind: behind.to_vec() }).unwrap();
    }

    /// What a job is answered with.
    async fn answer(&mut self, id: JobId) -> Said {
        loop {
            let (_, said) = self.said.recv().await.unwrap();
            if said.answers() == Some(id) {
                return said;
            }
        }
    }

    fn ran(&self) -> Vec<String> {
        self.log.of("h").into_iter().filter(|what| what.starts_with("run ") || what.starts_with("lane")).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_job_that_did_not_end_well_is_given_back() {
    let mut bench = Bench::start(r#"{"host":"h","commands":[{"contains":"job 1","hang":true}]}"#);
    bench.run(1, None, &[]);
    assert!(matches!(bench.answer(1).await, Said::Ended(1, End::TimedOut { .. }, _)));
    bench.run(2, None, &[1]);
    bench.run(3, None, &[2]);
    bench.run(4, None, &[]);
    bench.run(5, None, &[4]);
    assert!(matches!(bench.answer(2).await, Said::Returned(2)));
    assert!(matches!(bench.answer(3).await, Said::Returned(3)));
    assert!(matches!(bench.answer(5).await, Said::Ended(5, End::Exited(0), _)));
    assert_eq!(bench.ran(), ["lane", "run job 1", "lane", "run job 4", "run job 5"]);
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_job_whose_session_was_lost_is_given_back() {
    let mut bench = Bench::start(r#"{"host":"h","commands":[{"contains":"job 1","lose":"gone"},{"contains":"look()","stdout":"W\n"}]}"#);
    bench.run(1, None, &[]);
    while !matches!(bench.said.recv().await.unwrap().1, Said::Lost { again: true, .. }) {}
    bench.run(2, None, &[1]);
    assert!(matches!(bench.answer(2).await, Said::Returned(2)));
    bench.run(3, None, &[]);
    assert!(matches!(bench.answer(3).await, Said::Ended(3, End::Exited(0), _)));
    assert_eq!(bench.ran(), ["lane", "run job 1", "lane", "run job 3"]);
}

#[tokio::test(start_paused = true)]
async fn a_lane_that_is_still_being_opened_gets_no_job_of_another_user() {
    let mut bench = Bench::start(r#"{"host":"h","lane_delay_ms":500}"#);
    bench.run(1, Some("root"), &[]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    bench.commands.send(ToWorker::Withdraw).unwrap();
    assert!(matches!(bench.answer(1).await, Said::Returned(1)));
    bench.run(2, None, &[]);
    assert!(matches!(bench.answer(2).await, Said::Ended(2, End::Exited(0), _)));
    assert_eq!(bench.ran(), ["lane root", "lane", "run job 2"]);
}
