//! A recorded run shown again, whole and by host and task.

use super::*;
use crate::event::{Outcome, Status};
use crate::report::testing::{Feed, ran};

fn sample() -> Vec<Event> {
    let failure = Outcome { reason: Some("exit code 100".into()), ..ran(Status::Failed, Some(100)) };
    let feed = Feed::new("Patch the web tier", &["web1", "web2", "web3", "db1"], &[("survey", &["kernel"]), ("patch", &["Upgrade it"])]);
    let feed = feed.ok(0, 0, 0, "6.1\n").ok(0, 0, 1, "6.1\n").ok(0, 0, 2, "5.10\n").ok(0, 0, 3, "6.1\n").over(0).wait(1000);
    let feed = feed.changed(1, 0, 0).whole(1, 0, 1, ("Reading lists\n\nDone\n", "E: no lock\u{1b}[2J\n"), failure);
    feed.without_run(1, 0, 2, Status::Skipped, "when").changed(1, 0, 3).over(1).end(4).events()
}

fn filter(host: Option<&str>, task: Option<&str>) -> StepFilter {
    StepFilter { host: host.map(str::to_owned), task: task.map(str::to_owned) }
}

fn steps(host: Option<&str>, task: Option<&str>) -> Result<String, ShowError> {
    show_steps(&sample(), &filter(host, task), &Options::default(), &TimeZone::UTC)
}

#[test]
fn a_whole_run() {
    insta::assert_snapshot!(show_run(&sample(), &Options::default(), &TimeZone::UTC).unwrap());
}

#[test]
fn one_step_with_everything() {
    insta::assert_snapshot!(steps(Some("web2"), Some("patch/Upgrade it")).unwrap());
    assert_eq!(steps(Some("web2"), Some("upgrade_it")), steps(Some("web2"), Some("patch/upgrade_it")), "id, name, with and without round");
}

#[test]
fn one_task_folded_over_hosts() {
    insta::assert_snapshot!(steps(None, Some("kernel")).unwrap());
}

#[test]
fn unknown_names_are_told_with_the_nearest() {
    let error = steps(Some("wbe2"), None).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.hint()), ("no host `wbe2` took part in this run", Some("did you mean `web2`?")));
    let error = steps(None, Some("kernle")).unwrap_err();
    assert_eq!(error.hint(), Some("did you mean `kernel`?"));
    assert_eq!(show_run(&[], &Options::default(), &TimeZone::UTC), Err(ShowError::Empty));
}
