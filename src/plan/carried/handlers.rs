//! Handlers that a resumed run runs first: pending, and notified again by nothing that it comes to.

use std::collections::BTreeMap;

use super::{Carried, CarriedTurn};
use crate::event::Status;
use crate::model::{HostIx, Playbook, RoundIx, StepId, TaskIx};

impl Carried {
    /// The pending handlers that nothing which is carried over notifies again.
    #[must_use]
    pub fn owed(&self, playbook: &Playbook) -> Vec<(RoundIx, HostIx, TaskIx)> {
        let changed = |step: StepId| {
            let ends = self.steps.get(&step).into_iter().flat_map(BTreeMap::values);
            let mut ends = ends.flat_map(CarriedTurn::ends);
            ends.any(|end| end.outcome.status == Status::Changed) || self.maybe_changed.contains(&step)
        };
        let notified = |(round, host, handler): &(RoundIx, HostIx, TaskIx)| {
            playbook.round(*round).tasks.iter().enumerate().any(|(task, plan)| {
                let names = plan.flow.notify.iter().any(|notify| notify.handler == *handler);
                names && changed(StepId { round: *round, task: TaskIx::new(task), host: *host })
            })
        };
        self.pending.iter().filter(|pending| self.due.contains(pending) || !notified(pending)).copied().collect()
    }
}
