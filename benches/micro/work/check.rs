//! Check: all that `roundsman check` does, from the files on.

use roundsman::Sources;
use roundsman::app::check;

use super::{Axis, Prepared, Work, steps};
use crate::big::Big;

pub(super) const CHECK: Work = Work { name: "check", grows_with: &[Axis::Hosts, Axis::Tasks, Axis::Round], amount: steps, prepare };

fn prepare(big: &Big) -> Prepared {
    let sources = Sources::file(big.playbook());
    Prepared::of(move || {
        let checked = check(&sources);
        assert!(checked.playbook.is_some(), "{}", checked.diagnostics.to_text(&checked.map));
        checked
    })
}
