//! Groups that results choose: who is in one, as far as the run knows by now.

use std::sync::Arc;

use super::scope::Scope;
use super::sight::Sight;
use super::world::World;
use crate::model::{HostIx, Value, VarValue};
use crate::template::{Make, RenderError, Renderer};

/// The members of a chosen group by name, in the order of the inventory. Known only later while any result it reads is;
/// a host for which the condition can't be answered is not in it.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) world: Arc<World>,
    /// By its place in [`crate::model::Playbook::groups`].
    pub(super) group: usize,
}

impl Make for Chosen {
    fn make(&self, render: &Renderer<'_>) -> Result<Value, RenderError> {
        let Some((_, group)) = self.world.playbook.groups.get_index(self.group) else { return Ok(Value::List(Vec::new())) };
        let mut hosts: Vec<HostIx> = group.hosts.clone();
        hosts.sort_unstable();
        let when = VarValue::Template(group.when.clone());
        let mut members = Vec::new();
        for host in hosts {
            let scope = Scope::new(&self.world, host, Sight::Group);
            match render(&when, &(Arc::new(scope) as crate::template::Root)) {
                Ok(Value::Bool(true)) => members.push(Value::from(self.world.inventory.host(host).name.as_str())),
                Err(error @ RenderError::Pending(_)) => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        Ok(Value::List(members))
    }
}
