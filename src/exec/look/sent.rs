//! Local files that steps send: whether they can be read, and if not, whether something before makes them.
//!
//! Knows nothing of what is in them.

use std::path::Path;

use super::Dispatcher;
use super::reach::Reach;
use crate::event::Forecast;
use crate::exec::advance::UnitId;
use crate::exec::request;
use crate::model::{StepId, Task, Transport};
use crate::plan::{Body, Prepared};
use crate::resource::Touch;

impl Dispatcher {
    /// Ends a unit whose local file can't be read; false where nothing of that kind keeps it.
    pub(super) fn lacks_its_file(&mut self, of: UnitId, task: &Task, prepared: &Prepared) -> bool {
        let Some(path) = request::sent_file(&prepared.body) else { return false };
        let Err(unreadable) = request::is_readable(path) else { return false };
        if let Some(name) = self.fetched_before(of.0, &prepared.body).or_else(|| self.made_here_before(of.0, path)) {
            self.foretold(of, task, Forecast::unknown(vec![name], None).into(), Some(prepared));
            return true;
        }
        if matches!(prepared.body, Body::Unpack { .. }) && !prepared.guards.is_empty() {
            // It is read behind its guards.
            return false;
        }
        self.unit_ended(of, request::unsent(task, &unreadable), None, false);
        true
    }

    /// The last step before one that may make a file on this machine.
    fn made_here_before(&self, step: StepId, path: &Path) -> Option<String> {
        let path = std::path::absolute(path).ok()?;
        let file = Reach::of(&[Touch::Path(path.to_string_lossy().into_owned())], None);
        let here = self.fixed.inventory.all().filter(|host| self.fixed.inventory.host(*host).connect.transport == Transport::Local);
        let made = here.filter_map(|host| self.changes_before(step, host).rfind(|change| change.reach.meets(&file)));
        made.last().map(|change| self.fixed.world.step_name(change.step.round, change.step.task))
    }
}
