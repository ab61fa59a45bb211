//! Recorded runs as a table.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Options;
use super::narrator::millis;
use super::paint::Paint;
use super::table::{Align, Table};
use crate::event::Status;

/// A recorded run, as the table shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct RunRow {
    /// The run's id.
    pub run: String,
    /// `run`, `check` or `exec`.
    pub command: String,
    /// When it began, UTC ms since 1970.
    pub started_at: i64,
    /// The playbook's name, or an ad-hoc command's text.
    pub playbook: String,
    /// [`crate::event::RunEnd::status`]; none while it runs, or where it ended without a word.
    pub status: Option<String>,
    /// Its exit code, where it ended.
    pub exit_code: Option<u8>,
    /// From start to end, where it ended.
    pub duration_ms: Option<u64>,
    /// Hosts that took part.
    pub hosts: usize,
    /// Steps that changed something.
    pub changed: usize,
    /// Steps that failed.
    pub failed: usize,
    /// Hosts that could not be reached.
    pub unreachable: usize,
}

/// Shows runs as a table, in the order given, times in `zone`.
#[must_use]
pub fn history(rows: &[RunRow], options: &Options, zone: &TimeZone) -> String {
    if rows.is_empty() {
        return "no runs recorded\n".to_owned();
    }
    let paint = Paint::new(options);
    let narrow = options.width < 100;
    let title = |long: &'static str, short: &'static str| (if narrow { short } else { long }, Align::Right);
    let length = unique_length(rows);
    let mut table = Table::new(
        paint,
        &[
            ("run", Align::Right),
            ("started", Align::Right),
            ("status", Align::Left),
            ("hosts", Align::Right),
            title("changed", "chg."),
            title("failed", "fail."),
            title("unreachable", "unr."),
            ("time", Align::Right),
            ("playbook", Align::Left),
        ],
    );
    for row in rows {
        let status = row.status.as_deref().unwrap_or("no end");
        let color = match status {
            "ok" => Status::Ok,
            "drift" => Status::Changed,
            "failed" | "error" => Status::Failed,
            _ => Status::Unreachable,
        };
        let count = |count: usize, status: Status| (count.to_string(), (count > 0).then_some(status));
        table.row(vec![
            (row.run.chars().take(length).collect(), None),
            (local_minute(row.started_at, zone), None),
            (paint.one_line(status, 11), Some(color)),
            (row.hosts.to_string(), None),
            count(row.changed, Status::Changed),
            count(row.failed, Status::Failed),
            count(row.unreachable, Status::Unreachable),
            (row.duration_ms.map_or_else(|| "-".to_owned(), millis), None),
            (paint.one_line(&format!("{}{}", prefix(&row.command), row.playbook), 60), None),
        ]);
    }
    table.render(options.width).join("\n") + "\n"
}

fn prefix(command: &str) -> &'static str {
    match command {
        "exec" => "exec: ",
        "check" => "check: ",
        _ => "",
    }
}

/// So many characters of the ids that no two rows look alike; 8 at least.
///
/// Ids begin with their time: eight characters name a minute, and runs of the same minute need more.
fn unique_length(rows: &[RunRow]) -> usize {
    let distinct = |length: usize| {
        let mut starts: Vec<String> = rows.iter().map(|row| row.run.chars().take(length).collect()).collect();
        starts.sort_unstable();
        starts.windows(2).all(|pair| pair[0] != pair[1])
    };
    [8, 13, 18, 23].into_iter().find(|length| distinct(*length)).unwrap_or(36)
}

/// A time as people of a zone read it, to the second.
pub(super) fn local_time(at: i64, zone: &TimeZone) -> String {
    local(at, zone, "%Y-%m-%d %H:%M:%S")
}

fn local_minute(at: i64, zone: &TimeZone) -> String {
    local(at, zone, "%Y-%m-%d %H:%M")
}

fn local(at: i64, zone: &TimeZone, format: &str) -> String {
    Timestamp::from_millisecond(at).map_or_else(|_| "-".to_owned(), |time| time.to_zoned(zone.clone()).strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_that_fits() {
        let row = RunRow {
            run: "019a8c2e-71b3-7abc-8def-0123456789ab".into(),
            started_at: crate::report::testing::START,
            command: "run".into(),
            playbook: "Patch the web tier and whatever stands behind it".into(),
            status: Some("failed".into()),
            exit_code: Some(4),
            duration_ms: Some(65_000),
            hosts: 51,
            changed: 148,
            failed: 2,
            unreachable: 1,
        };
        let other = RunRow {
            run: "019a8c2e-71b4-7abc-8def-0123456789ab".into(),
            status: None,
            duration_ms: None,
            command: "exec".into(),
            playbook: "uptime\u{1b}[2J".into(),
            ..row.clone()
        };
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let text = history(&[row.clone(), other], &Options { width: 100, ..Options::default() }, &zone);
        insta::assert_snapshot!(text);
        let narrow = history(&[RunRow { status: Some("interrupted".into()), hosts: 12345, ..row }], &Options::default(), &zone);
        assert!(narrow.lines().all(|line| crate::report::paint::columns(line) <= 80), "{narrow}");
        assert!(narrow.contains("\n019a8c2e  2026-11-22 07:00  interrup…"), "{narrow}");
        assert_eq!(history(&[], &Options::default(), &zone), "no runs recorded\n");
    }
}
