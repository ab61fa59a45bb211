//! Parse: YAML text in memory to a playbook's syntax tree, and to an inventory's nodes.

use std::path::Path;
use std::sync::Arc;

use roundsman::diag::{Diagnostics, FileId, SourceMap};
use roundsman::{playbook, yaml};

use super::{Amount, Axis, Prepared, Work, tasks};
use crate::big::{Big, Size};

pub(super) const PLAYBOOK: Work =
    Work { name: "parse/playbook", grows_with: &[Axis::Tasks, Axis::Round], amount: tasks, prepare: playbook };

pub(super) const INVENTORY: Work = Work { name: "parse/inventory", grows_with: &[Axis::Hosts], amount: hosts, prepare: inventory };

fn hosts(size: Size) -> Amount {
    Amount::Things(size.hosts as u64)
}

fn playbook(big: &Big) -> Prepared {
    prepared(&big.playbook(), playbook::read)
}

fn inventory(big: &Big) -> Prepared {
    prepared(&big.inventory(), yaml::parse)
}

fn prepared<T: 'static>(path: &Path, read: fn(&SourceMap, FileId, &mut Diagnostics) -> Option<T>) -> Prepared {
    let text: Arc<str> = std::fs::read_to_string(path).expect("what make-big wrote").into();
    let mut map = SourceMap::default();
    let file = map.add("big.yml", None, text);
    Prepared::of(move || {
        let mut diagnostics = Diagnostics::default();
        let read = read(&map, file, &mut diagnostics);
        assert!(!diagnostics.has_errors(), "{}", diagnostics.to_text(&map));
        read
    })
}
