//! Whole commands as work: what `roundsman check` and `roundsman plan` do from their arguments to their output.

use std::ffi::OsString;

use crate::big::{Big, Size};
use crate::work::{Amount, Axis, Prepared, Work};

const EVERY: &[Axis] = &[Axis::Hosts, Axis::Tasks, Axis::Round];

/// The two.
pub(crate) const ALL: &[Work] = &[
    Work { name: "roundsman check", grows_with: EVERY, amount, prepare: |big| command("check", big) },
    Work { name: "roundsman plan", grows_with: EVERY, amount, prepare: |big| command("plan", big) },
];

fn amount(size: Size) -> Amount {
    Amount::Things(size.steps())
}

fn command(name: &str, big: &Big) -> Prepared {
    let words: Vec<OsString> = vec!["roundsman".into(), name.into(), big.playbook().into()];
    Prepared::of(move || {
        let exit = roundsman::cli::main(words.clone());
        // It can't be compared, only looked at.
        assert_eq!(format!("{exit:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
    })
}
