//! Those who tell people of a run, as the options want them.
//!
//! A record's path goes in, views of `report` come out. Asks the working folder, since the last line is short for who stands there.

use std::path::Path;

use super::args::Format;
use crate::app;
use crate::event::EventSink;
use crate::report::{self, Options};

/// Those who tell people: with JSON lines on stdout, what is said for people goes to stderr.
pub(super) fn sinks(format: Format, mut options: Options, mut said: Options, record: Option<&Path>) -> Vec<Box<dyn EventSink>> {
    let db = record.and_then(db_word);
    // Short where it can be: the last line is for people.
    let here = std::env::current_dir().ok();
    let short = |record| here.as_ref().and_then(|here| Path::strip_prefix(record, here).ok()).unwrap_or(record);
    let record = record.map(|record| short(record).display().to_string());
    options.db.clone_from(&db);
    if format == Format::Jsonl {
        (said.record, said.db) = (record, db);
        return vec![report::json_lines(Box::new(std::io::stdout())), report::console(said, Box::new(std::io::stderr()))];
    }
    options.record = record;
    vec![report::console(options, Box::new(std::io::stdout()))]
}

/// The `--db` that leads to a record, where it is not found without.
pub(super) fn db_word(record: &Path) -> Option<String> {
    (!app::is_found_from_here(record)).then(|| record.display().to_string())
}
