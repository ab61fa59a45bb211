//! Brings a record up to the version that this program knows.
//!
//! The steps stand in `sql/`, each opening with its reason; one that was released is never edited. `user_version`
//! counts those that were taken, `application_id` tells a record from the database of another program.

use rusqlite::{Connection, TransactionBehavior};

/// The version of a record that this program reads and writes.
pub const VERSION: i64 = STEPS.len() as i64;

/// Stands in a record's header: `RSMN`.
pub(super) const APPLICATION_ID: i64 = 0x5253_4d4e;

const STEPS: &[&str] = &[
    include_str!("sql/0001_record.sql"),
    include_str!("sql/0002_flow.sql"),
    include_str!("sql/0003_dry.sql"),
    include_str!("sql/0004_resume.sql"),
];

/// What a file's header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing is in it yet.
    Empty,
    /// A record of a version.
    Record(i64),
    /// A database of another program.
    Foreign,
}

/// Reads what the file is, and so that it is a database at all.
pub(super) fn inspect(connection: &Connection) -> rusqlite::Result<Found> {
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    Ok(match (application, version, tables) {
        (APPLICATION_ID, 1.., _) => Found::Record(version),
        (0, 0, 0) => Found::Empty,
        _ => Found::Foreign,
    })
}

/// Takes the steps that are missing, all in one transaction; safe where another process does the same.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<Found> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let found = inspect(&transaction)?;
    let taken = match found {
        Found::Empty => 0,
        Found::Record(version) if version < VERSION => version,
        Found::Record(_) | Found::Foreign => return Ok(found),
    };
    for step in STEPS.iter().skip(usize::try_from(taken).unwrap_or(0)) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(Found::Record(VERSION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_empty_to_the_newest_and_then_no_more() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert_eq!(inspect(&connection).unwrap(), Found::Empty);
        assert_eq!(migrate(&mut connection).unwrap(), Found::Record(VERSION));
        let before: i64 = connection.pragma_query_value(None, "schema_version", |row| row.get(0)).unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), Found::Record(VERSION));
        let after: i64 = connection.pragma_query_value(None, "schema_version", |row| row.get(0)).unwrap();
        assert_eq!(before, after, "a second time changes nothing");
    }

    #[test]
    fn a_record_of_the_first_version_keeps_its_runs_and_gains_the_outcomes_of_attempts() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(STEPS[0]).unwrap();
        connection
            .execute_batch(
                "INSERT INTO content VALUES ('ab', '{}');
                 INSERT INTO run(number, id, format, version, command, playbook_id, playbook, argv, controller, user, cwd, extra, plan,
                                 started_at, last_at, status) VALUES (7, 'a', 1, '0.1.0', 'run', 'p', 'P', '[]', 'c', 'u', '/', '{}', 'ab', 1, 2, 'failed');
                 INSERT INTO step(run, round, task, host, state, status, reason, rc, attempts, stdout_bytes) VALUES
                     (7, 0, 0, 0, 'ended', 'failed', 'exit code 2', 2, 1, 5), (7, 0, 1, 0, 'ended', 'skipped', 'x', NULL, 0, 0),
                     (7, 0, 0, 1, 'began', NULL, NULL, NULL, 1, NULL);
                 INSERT INTO attempt(run, round, task, host, attempt, command) VALUES (7, 0, 0, 0, 1, 'make'), (7, 0, 0, 1, 1, 'make');",
            )
            .unwrap();
        connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), Found::Record(VERSION));
        let attempts =
            "SELECT group_concat(host || ' ' || command || ' ' || coalesce(status, '-') || ' ' || coalesce(reason, '-') || ' ' ||
                        coalesce(rc, '-') || ' ' || coalesce(stdout_bytes, '-'), ', ') FROM (SELECT * FROM attempt ORDER BY host)";
        let attempts: String = connection.query_row(attempts, [], |row| row.get(0)).unwrap();
        assert_eq!(attempts, "0 make failed exit code 2 2 5, 1 make - - - -");
        let runs: (i64, String) =
            connection.query_row("SELECT number, status FROM runs", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(runs, (7, "failed".to_owned()));
    }

    #[test]
    fn a_newer_record_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), Found::Record(VERSION + 1));
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE theirs(x)").unwrap();
        assert_eq!(migrate(&mut connection).unwrap(), Found::Foreign);
        let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }

    #[test]
    fn every_step_opens_with_its_reason() {
        for step in STEPS {
            let first = step.lines().next().unwrap();
            assert!(first.starts_with("-- ") && first.len() > 20, "{first}");
        }
    }
}
