//! What is measured: one part of the pipeline a file, each on a playbook of any size.
//!
//! A [`Work`] is prepared once for a size and can then be done any number of times; only the doing counts. Must not know
//! how it is measured: `main.rs` takes times of it, `growth.rs` how they grow.

mod check;
mod framing;
mod parse;
mod plan;
mod queue;
mod store;

use std::any::Any;
use std::rc::Rc;

use crate::big::{Big, Size};

/// A part of the pipeline.
pub(crate) struct Work {
    /// `plan/build`.
    pub(crate) name: &'static str,
    /// What its time grows with.
    pub(crate) grows_with: &'static [Axis],
    /// How much of it there is.
    pub(crate) amount: fn(Size) -> Amount,
    /// Makes it ready for a size.
    pub(crate) prepare: fn(&Big) -> Prepared,
}

/// Of what there is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axis {
    /// Hosts, with as many tasks.
    Hosts,
    /// Tasks, in more and more rounds.
    Tasks,
    /// Tasks, all in one round.
    Round,
}

/// What one doing does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Amount {
    /// So many tasks, hosts, steps, requests or events.
    Things(u64),
    /// So many bytes.
    Bytes(u64),
}

/// The amount of what is done for every step.
fn steps(size: Size) -> Amount {
    Amount::Things(size.steps())
}

/// The amount of what is done for every task.
fn tasks(size: Size) -> Amount {
    Amount::Things(size.tasks as u64)
}

/// All of them.
pub(crate) const ALL: &[Work] = &[
    parse::PLAYBOOK,
    parse::INVENTORY,
    check::CHECK,
    plan::BUILD,
    plan::VIEW,
    plan::PREPARE,
    queue::QUEUE,
    framing::REQUESTS,
    framing::OUTPUT,
    store::STORE,
];

/// Work on its playbook.
pub(crate) struct Prepared(Box<dyn Fn() -> Once>);

/// One doing, its input made. What it returns need not be dropped within the time.
pub(crate) type Once = Box<dyn FnOnce() -> Box<dyn Any>>;

impl Prepared {
    /// Work that leaves its input as it was.
    pub(crate) fn of<T: 'static>(work: impl Fn() -> T + 'static) -> Prepared {
        Prepared::with(|| (), move |()| work())
    }

    /// Work that uses its input up.
    pub(crate) fn with<I: 'static, T: 'static>(input: impl Fn() -> I + 'static, work: impl Fn(I) -> T + 'static) -> Prepared {
        let work = Rc::new(work);
        let fresh = move || -> Once {
            let (input, work) = (input(), Rc::clone(&work));
            Box::new(move || Box::new(work(input)))
        };
        Prepared(Box::new(fresh))
    }

    /// Makes the input of one doing.
    pub(crate) fn fresh(&self) -> Once {
        (self.0)()
    }
}
