//! Words for a variable that some host does not have.

use indexmap::IndexMap;

use super::bind::Binder;
use super::names::Found;
use super::scope::{Link, RoundScope, Use};
use crate::diag::{Diagnostic, Span};
use crate::model::{FrameIx, HostIx, Read};
use crate::playbook::codes;
use crate::text::{did_you_mean, fold_names};

/// What users of other tools write, and what it is called here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("inventory_hostname", "host.name"),
    ("inventory_hostname_short", "host.name"),
    ("ansible_hostname", "facts.hostname"),
    ("ansible_host", "host.address"),
    ("ansible_user", "host.user"),
    ("ansible_facts", "facts"),
    ("ansible_fqdn", "facts.fqdn"),
    ("ansible_distribution", "facts.os.name"),
    ("ansible_distribution_version", "facts.os.version"),
    ("ansible_os_family", "facts.os.family"),
    ("ansible_kernel", "facts.kernel"),
    ("ansible_architecture", "facts.arch"),
    ("ansible_processor_vcpus", "facts.cpus"),
    ("ansible_memtotal_mb", "facts.memory.total"),
    ("ansible_pkg_mgr", "facts.package_manager"),
    ("ansible_service_mgr", "facts.init"),
    ("group_names", "host.groups"),
    ("hostvars", "hosts[h].vars"),
    ("play_hosts", "hosts"),
    ("ansible_play_hosts", "hosts"),
    ("env", "controller.env"),
    ("self", "host"),
];

/// The most places that are shown of those where other hosts have a variable from.
const MOST_PLACES: usize = 3;

impl<'a> Binder<'a> {
    /// Tells of a variable that the hosts of some classes do not have.
    pub(super) fn undefined(&mut self, scope: &RoundScope<'a>, of: &Use<'a>, read: &Read, classes: &[usize], chain: &[Link]) {
        let name = read.path[0].as_str();
        let missing = scope.hosts_of(classes);
        let having: Vec<(HostIx, Option<Span>)> = scope
            .round
            .hosts
            .iter()
            .filter(|host| !missing.contains(host))
            .filter_map(|host| self.inventory.host(*host).var(name).map(|var| (*host, var.span)))
            .collect();
        let message = if having.is_empty() && missing.len() == scope.round.hosts.len() {
            format!("the variable `{name}` is not defined")
        } else {
            format!("the variable `{name}` is not defined for {}", fold_names(&self.inventory.names(&missing)))
        };
        let mut found = Diagnostic::error(codes::UNDEFINED, read.span, message);
        if let Some(link) = chain.first() {
            found = found.and(link.span, format!("read for `{}`, which is used here", link.name));
        }
        found = self.where_others_have_it(found, &having);
        found = self.where_it_is_set(found, scope, of, name);
        if let Some(var) = self.playbook.vars.vars.get(name).filter(|_| of.frame != FrameIx::ROUND)
            && let Some(span) = var.span
        {
            found = found.and(span, "an action does not see the playbook's variables");
        }
        if having.is_empty() || of.frame != FrameIx::ROUND {
            found = found.hint(self.undefined_hint(scope, of, name));
        } else {
            found = found.hint(format!("give it to every host, or write `{name} | default(…)`"));
        }
        if having.is_empty() {
            self.tell(found);
        } else {
            self.tell_lacking(name, missing, read.span, found);
        }
    }

    fn where_others_have_it(&self, mut found: Diagnostic, having: &[(HostIx, Option<Span>)]) -> Diagnostic {
        let mut places: IndexMap<Span, Vec<HostIx>> = IndexMap::new();
        for (host, span) in having {
            if let Some(span) = span {
                places.entry(*span).or_default().push(*host);
            }
        }
        let names = |hosts: &[HostIx]| fold_names(&self.inventory.names(hosts));
        let shown = if places.len() > MOST_PLACES { 1 } else { MOST_PLACES };
        for (span, hosts) in places.iter().take(shown) {
            found = found.and(*span, format!("{} has it from here", names(hosts)));
        }
        if places.len() > shown {
            let all: Vec<HostIx> = having.iter().map(|(host, _)| *host).collect();
            found = found.note(format!("{} have it, from {} places", names(&all), places.len()));
        }
        found
    }

    fn where_it_is_set(&self, mut found: Diagnostic, scope: &RoundScope<'_>, of: &Use<'_>, name: &str) -> Diagnostic {
        for set in self.sets.iter().filter(|set| set.name == name).take(2) {
            let own = set.round == scope.index && of.node == Some(set.task);
            let before = match set.round == scope.index {
                true => of.node.is_some_and(|node| self.task_orders[set.round.index()].waits(node.index(), set.task.index())),
                false => self.round_order.waits(scope.index.index(), set.round.index()),
            };
            let why = if own {
                continue;
            } else if set.frame != of.frame || (set.frame != FrameIx::ROUND && set.round != scope.index) {
                "set here, but an action and its caller do not see each other's variables"
            } else if !before {
                "set here, but nothing says that this runs before"
            } else if !set.is_certain(self.playbook.round(set.round), if set.round == scope.index { &of.around } else { &[] }) {
                "set here, but this does not always run"
            } else {
                "set here, but not on every host that reads it"
            };
            found = found.and(set.span, why);
        }
        found
    }

    fn undefined_hint(&self, scope: &RoundScope<'_>, of: &Use<'_>, name: &str) -> Option<String> {
        if let "yes" | "no" | "on" | "off" = name {
            return Some(format!("write `{}`", matches!(name, "yes" | "on")));
        }
        if let Some((_, here)) = ELSEWHERE.iter().find(|(other, _)| *other == name) {
            return Some(format!("here it is called `{here}`"));
        }
        if name.starts_with("ansible_") {
            return Some("facts of the host are in `facts`: `facts.os.id`, `facts.memory.total` …".to_owned());
        }
        if of.frame != FrameIx::ROUND {
            return Some(self.undefined_in_action(scope, of, name));
        }
        if self.playbook.inputs.contains_key(name) {
            return Some(format!("the input is `inputs.{name}`"));
        }
        if self.targets.get(scope.index.index()).is_some_and(|targets| targets.own().id(name).is_some()) {
            return Some(format!("the result of the task is `tasks.{name}`"));
        }
        if let Found::One(named) = self.round_names.find(name)
            && named.id.as_deref() == Some(name)
        {
            return Some(format!("results of the round are in `rounds.{name}`"));
        }
        if matches!(name, "name" | "address" | "user") {
            return Some(format!("the host's is `host.{name}`"));
        }
        let mut known: Vec<&str> = of.layers.iter().flat_map(|layer| layer.vars.keys()).map(String::as_str).collect();
        known.extend(scope.round.vars.iter().flat_map(|layer| layer.vars.keys()).map(String::as_str));
        known.extend(self.playbook.vars.vars.keys().chain(self.playbook.extra.vars.keys()).map(String::as_str));
        if self.sets.iter().any(|set| set.name == name) {
            return Some("give it a default in `vars`, or see to it that `set` runs before on every host".to_owned());
        }
        let own = scope.classes.iter().filter_map(|class| class.hosts.first()).map(|host| self.inventory.host(*host));
        let hosts: Vec<_> = if scope.classes.is_empty() { self.inventory.hosts.iter().collect() } else { own.collect() };
        known.extend(hosts.iter().flat_map(|host| &host.layers).flat_map(|layer| layer.vars.keys()).map(String::as_str));
        known.extend(self.sets.iter().map(|set| set.name));
        known.extend(crate::inventory::RESERVED);
        did_you_mean(name, known).or_else(|| Some("set it in `vars`, in the inventory, or with `-e`".to_owned()))
    }

    fn undefined_in_action(&self, scope: &RoundScope<'_>, of: &Use<'_>, name: &str) -> String {
        let inputs = &scope.round.frames[of.frame.index()].inputs;
        if inputs.contains_key(name) {
            return format!("the input is `inputs.{name}`");
        }
        if self.targets[scope.index.index()].frame(of.frame).id(name).is_some() {
            return format!("the result of the task is `tasks.{name}`");
        }
        match did_you_mean(name, inputs.keys().map(String::as_str)) {
            Some(near) => format!("{near}; inputs are read as `inputs.NAME`"),
            None => format!("an action sees its inputs and the inventory's variables: make `{name}` an input"),
        }
    }
}
