//! Hosts whose values make no difference to whether something can be rendered.
//!
//! A template that only inserts values, without filters and conditions, fails or not by the *kind* of what it inserts:
//! none where text is needed, an empty path. So hosts with values of the same kinds are checked once for all such
//! templates; only what computes with values is checked for each value. For checks alone: what is shown differs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::world::World;
use crate::model::{FileRights, Host, HostIx, Layer, Read, RoundIx, TaskPart, Template, Value, Var, VarValue, Verb, WrittenFile};

/// Classes of hosts, and which names need more than that.
#[derive(Debug)]
pub(super) struct Alike {
    classes: Vec<usize>,
    /// Variables that somewhere are made by computing.
    computed: BTreeSet<String>,
}

/// What of a variable makes a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Kind {
    /// The kind of a plain value.
    Plain(&'static str),
    /// Text that is empty, or holds a NUL.
    OddText(bool),
    /// Just this value.
    This(usize),
}

/// Kinds of variables by name, the rounds that the host is in, whether its user is known.
type Likeness<'a> = (Vec<(&'a str, Kind)>, Vec<bool>, bool);

impl Alike {
    pub(super) fn new(world: &World) -> Alike {
        let mut numbers: HashMap<Likeness<'_>, usize> = HashMap::new();
        let classes = world.inventory.hosts.iter().enumerate().map(|(index, host)| {
            let rounds = (0..world.playbook.rounds.len()).map(|round| world.is_member(RoundIx::new(round), HostIx::new(index)));
            let key = (kinds(host), rounds.collect(), host.connect.user.is_some());
            let next = numbers.len();
            *numbers.entry(key).or_insert(next)
        });
        Alike { classes: classes.collect(), computed: computed(world) }
    }

    /// The class of a host.
    pub(super) fn class(&self, host: HostIx) -> usize {
        self.classes[host.index()]
    }

    /// Says whether a read of a template that does not compute is settled by the class of its host.
    pub(super) fn settles(&self, read: &Read) -> bool {
        match read.path.first().map(String::as_str) {
            Some("host") => matches!(read.path.get(1).map(String::as_str), Some("name" | "address" | "user")) && read.path.len() == 2,
            Some("inputs" | "item" | "loop" | "error") => false,
            Some(name) => !self.computed.contains(name),
            None => false,
        }
    }
}

/// Says whether a template in a part of a task with some verb does more with values than to insert them.
pub(super) fn computes(verb: &Verb, part: TaskPart, template: &Template) -> bool {
    let by_value = match verb {
        Verb::WaitFor(_) | Verb::Fetch(_) | Verb::Line(_) | Verb::Text(_) | Verb::Download(_) | Verb::Archive(_) => true,
        Verb::Copy(copy) => judged(&copy.file.rights, Some(&copy.file), template),
        Verb::Template(written) => judged(&written.file.rights, Some(&written.file), template),
        Verb::File(path) | Verb::Directory(path) => path.rights().is_some_and(|rights| judged(rights, None, template)),
        Verb::Unarchive(unarchive) => judged(&unarchive.rights, None, template),
        _ => false,
    };
    matches!(part, TaskPart::Each | TaskPart::When | TaskPart::On) || by_value || !template.only_inserts()
}

/// Says whether a template is one of those arguments of a file that not every text can be.
fn judged(rights: &FileRights, file: Option<&WrittenFile>, template: &Template) -> bool {
    let validate = file.and_then(|file| file.validate.as_ref());
    rights.mode.iter().chain(validate).any(|judged| judged.id == template.id)
}

/// What of a host's variables makes a difference, by name.
fn kinds(host: &Host) -> Vec<(&str, Kind)> {
    let mut kinds: BTreeMap<&str, Kind> = BTreeMap::new();
    for layer in &host.layers {
        kinds.extend(layer.vars.iter().map(|(name, var)| (name.as_str(), kind(var))));
    }
    kinds.into_iter().collect()
}

fn kind(var: &Var) -> Kind {
    match &var.value {
        VarValue::Plain(Value::Text(text)) if text.is_empty() || text.contains('\0') => Kind::OddText(text.is_empty()),
        VarValue::Plain(Value::List(_) | Value::Map(_)) => Kind::This(std::ptr::from_ref(var).addr()),
        VarValue::Plain(value) => Kind::Plain(value.kind()),
        _ => Kind::This(std::ptr::from_ref(var).addr()),
    }
}

/// The variables that somewhere hold a template which computes, or one that reads such a variable.
fn computed(world: &World) -> BTreeSet<String> {
    let playbook = &world.playbook;
    let mut seen: BTreeSet<usize> = BTreeSet::new();
    let mut reads: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut computed: BTreeSet<&str> = BTreeSet::new();
    let tasks = || playbook.rounds.iter().flat_map(|round| &round.tasks);
    let blocks = playbook.rounds.iter().flat_map(|round| &round.blocks).flat_map(|block| &block.layers);
    let of_rounds = playbook.rounds.iter().filter_map(|round| round.vars.as_ref());
    let layers = [&playbook.vars, &playbook.extra].into_iter().chain(of_rounds).chain(blocks);
    let layers = layers.chain(tasks().flat_map(|task| &task.layers)).chain(world.inventory.hosts.iter().flat_map(|host| &host.layers));
    let fresh: Vec<&Arc<Layer>> = layers.filter(|layer| seen.insert(Arc::as_ptr(layer).addr())).collect();
    let sets = tasks().filter_map(|task| if let Verb::Set(set) = &task.verb { Some(&set.vars) } else { None });
    for (name, var) in fresh.into_iter().map(|layer| &layer.vars).chain(sets).flatten() {
        if matches!(var.value, VarValue::Plain(_)) {
            continue;
        }
        let inner = reads.entry(name).or_default();
        var.value.for_each_template(&mut |template| {
            if !template.only_inserts() {
                computed.insert(name);
            }
            inner.extend(template.reads.iter().filter_map(|read| read.path.first()).map(String::as_str));
        });
        if inner.iter().any(|root| matches!(*root, "host" | "inputs" | "item" | "loop" | "error")) {
            computed.insert(name);
        }
    }
    loop {
        let more: Vec<&str> = reads
            .iter()
            .filter(|(name, inner)| !computed.contains(*name) && !inner.is_disjoint(&computed))
            .map(|(name, _)| *name)
            .collect();
        if more.is_empty() {
            return computed.into_iter().map(str::to_owned).collect();
        }
        computed.extend(more);
    }
}
