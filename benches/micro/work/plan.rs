//! Plan: a checked playbook to its graph, to the plan that people see, and every step rendered as a run does.

use std::rc::Rc;
use std::sync::Arc;

use roundsman::diag::{Diagnostics, SourceMap};
use roundsman::model::{StepId, TaskIx};
use roundsman::plan::{self, ControllerInfo, NothingYet, Plan, RunInfo, World};
use roundsman::{Ready, Sources, load};

use super::{Axis, Prepared, Work, steps, tasks};
use crate::big::Big;

const EVERY: &[Axis] = &[Axis::Hosts, Axis::Tasks, Axis::Round];

pub(super) const BUILD: Work = Work { name: "plan/build", grows_with: &[Axis::Tasks, Axis::Round], amount: tasks, prepare: build };

pub(super) const VIEW: Work = Work { name: "plan/view", grows_with: EVERY, amount: steps, prepare: view };

pub(super) const PREPARE: Work = Work { name: "plan/prepare", grows_with: EVERY, amount: steps, prepare };

/// What `load` makes of the playbook, and the texts that it was made of.
pub(super) fn loaded(big: &Big) -> (SourceMap, Ready) {
    let loaded = load(&Sources::file(big.playbook()));
    let ready = loaded.ready.unwrap_or_else(|| panic!("{}", loaded.diagnostics.to_text(&loaded.map)));
    (loaded.map, ready)
}

/// The world of a plan, in which nothing has run.
fn world(ready: &Ready, plan: &Plan) -> Arc<World> {
    let (playbook, inventory) = (Arc::clone(&ready.playbook), Arc::clone(&ready.inventory));
    World::new(playbook, inventory, plan, Arc::new(NothingYet), RunInfo::default(), ControllerInfo::default())
}

fn build(big: &Big) -> Prepared {
    let (_, ready) = loaded(big);
    Prepared::of(move || {
        let plan = plan::build(&ready.playbook, &mut Diagnostics::default()).expect("it was built before");
        let world = world(&ready, &plan);
        (plan, world)
    })
}

fn view(big: &Big) -> Prepared {
    let (map, ready) = loaded(big);
    let world = world(&ready, &ready.plan);
    Prepared::of(move || plan::view(&ready.plan, &world, &ready.engine, &map, &mut Diagnostics::default()))
}

fn prepare(big: &Big) -> Prepared {
    let (_, ready) = loaded(big);
    let world = world(&ready, &ready.plan);
    let ready = Rc::new(ready);
    Prepared::of(move || {
        let mut rendered = 0;
        for round in ready.plan.rounds_in_order() {
            for task in 0..ready.plan.task_count(*round) {
                let task = TaskIx::new(task);
                for host in ready.plan.hosts(*round) {
                    let scope = world.scope(StepId { round: *round, task, host: *host });
                    let step = plan::prepare(ready.playbook.task(*round, task), *host, &ready.inventory, &ready.engine, &scope);
                    // What reads a result can't be rendered yet, and says so after as much work.
                    rendered += usize::from(step.is_ok());
                }
            }
        }
        rendered
    })
}
