//! `facts`: what the tasks that gather have found out about a host.
//!
//! The latest that has ended before the reader counts, section by section. Knows results, not how facts are gathered.

use std::sync::Arc;

use super::results::StepView;
use super::sight::Sight;
use super::world::World;
use crate::model::{HostIx, StepId};
use crate::resource::FACT_SECTIONS;
use crate::template::{Lazy, Lookup};

/// The facts of a host, as a task of a round sees them.
#[derive(Debug)]
pub(super) struct FactsRoot {
    pub(super) world: Arc<World>,
    pub(super) sight: Sight,
    pub(super) host: HostIx,
}

impl Lazy for FactsRoot {
    fn get(&self, name: &str) -> Lookup {
        let steps: Vec<StepId> = self.world.gathered_before(name, self.sight, self.host).collect();
        for step in steps.into_iter().rev() {
            match self.world.results.step(step) {
                StepView::Pending | StepView::Foreseen(_) => return Lookup::Pending(self.world.step_name(step.round, step.task)),
                StepView::Done(result) => {
                    if let Some(value) = result.outputs.get(name) {
                        return Lookup::Value(value.clone());
                    }
                }
                StepView::Missing => {}
            }
        }
        Lookup::Missing
    }

    fn names(&self) -> Vec<String> {
        let gathered = |section: &&&str| self.world.gathered_before(section, self.sight, self.host).next().is_some();
        FACT_SECTIONS.iter().filter(gathered).map(|section| (*section).to_owned()).collect()
    }
}

/// How a section is called among what tasks set; no variable's name has a dot.
pub(super) fn key(section: &str) -> String {
    format!("facts.{section}")
}
