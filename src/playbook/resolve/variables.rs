//! Variables: which layer gives each host a name, followed through variables that are templates.

use std::rc::Rc;

use super::bind::Binder;
use super::scope::{Link, RoundScope, SetVar, Use};
use crate::diag::{Diagnostic, Span};
use crate::inventory::RESERVED;
use crate::model::{After, FrameIx, Read, Template, Var};
use crate::playbook::codes;

/// Functions that templates may call.
const FUNCTIONS: &[&str] = &["range", "dict", "namespace", "debug", "lipsum", "cycler", "joiner"];

/// The longest chain of variables.
const MAX_CHAIN: usize = 64;

impl<'a> Binder<'a> {
    /// Checks one read for some classes of the round's hosts (none: all of them).
    pub(super) fn read(
        &mut self,
        scope: &mut RoundScope<'a>,
        of: &mut Use<'a>,
        template: &Template,
        read: &Read,
        classes: Option<&[usize]>,
        chain: &mut Vec<Link>,
    ) {
        let Some(root) = read.path.first() else { return };
        if of.items.contains(&root.as_str()) {
            return;
        }
        if RESERVED.contains(&root.as_str()) {
            self.builtin(scope, of, read, classes, chain);
        } else if !self.hyphenated_group(template, read) {
            self.variable(scope, of, read, classes, chain);
        }
    }

    fn variable(&mut self, scope: &mut RoundScope<'a>, of: &mut Use<'a>, read: &Read, classes: Option<&[usize]>, chain: &mut Vec<Link>) {
        let name = read.path[0].as_str();
        self.used.rounds.insert((scope.index, name.to_owned()));
        if let Some(start) = chain.iter().position(|link| link.name == name) {
            self.cycle(&chain[start..], read.span);
            return;
        }
        if !of.seen.insert((name.to_owned(), read.optional, of.judge, classes.map(<[usize]>::to_vec))) || chain.len() > MAX_CHAIN {
            return;
        }
        chain.push(Link { name: name.to_owned(), span: read.span });
        let missing = self.layers(scope, of, name, classes, chain);
        chain.pop();
        let anywhere = || scope.classes.is_empty() && !self.known_anywhere(scope, of, name);
        if !read.optional && !FUNCTIONS.contains(&name) && (!missing.is_empty() || anywhere()) {
            self.undefined(scope, of, read, &missing, chain);
        }
    }

    /// Follows a name through the layers, strongest first; gives the classes that none of them serves.
    fn layers(
        &mut self,
        scope: &mut RoundScope<'a>,
        of: &mut Use<'a>,
        name: &str,
        classes: Option<&[usize]>,
        chain: &mut Vec<Link>,
    ) -> Vec<usize> {
        let playbook = self.playbook;
        let layer = of.layers.iter().find(|layer| layer.vars.contains_key(name)).copied();
        if let Some(layer) = layer {
            self.used.layers.insert((std::ptr::from_ref(layer).addr(), name.to_owned()));
        }
        // An action and the default of an input see nothing of the playbook's.
        let outside = of.frame == FrameIx::ROUND && !of.inventory_only;
        if let Some(var) = playbook.extra.vars.get(name).filter(|_| outside) {
            self.follow(scope, of, var, classes, chain);
            return Vec::new();
        }
        let all: Vec<usize> = classes.map_or_else(|| (0..scope.classes.len()).collect(), <[usize]>::to_vec);
        let of_round = || scope.round.vars.as_ref().filter(|_| outside)?.vars.get(name);
        if let Some(var) = layer.and_then(|layer| layer.vars.get(name)).or_else(of_round) {
            self.follow(scope, of, var, classes, chain);
            return Vec::new();
        }
        let mut rest = Vec::new();
        let partition = Rc::clone(&scope.partition(name));
        for (var, part) in partition.iter() {
            let part: Vec<usize> = match classes {
                None => part.clone(),
                Some(some) => part.iter().copied().filter(|class| some.binary_search(class).is_ok()).collect(),
            };
            match var {
                _ if part.is_empty() => {}
                Some(var) if part.len() == all.len() => self.follow(scope, of, var, classes, chain),
                Some(var) => self.follow(scope, of, var, Some(&part), chain),
                None => rest = part,
            }
        }
        if rest.is_empty() && !all.is_empty() {
            return rest;
        }
        if let Some(var) = playbook.vars.vars.get(name).filter(|_| outside) {
            let some = (rest.len() < all.len()).then_some(rest.as_slice()).or(classes);
            self.follow(scope, of, var, some, chain);
            return Vec::new();
        }
        rest.retain(|class| {
            let hosts = &scope.classes[*class].hosts;
            !hosts.iter().all(|host| self.sets.iter().any(|set| set.name == name && self.is_set(scope, of, set, *host)))
        });
        rest
    }

    pub(super) fn follow(
        &mut self,
        scope: &mut RoundScope<'a>,
        of: &mut Use<'a>,
        var: &'a Var,
        classes: Option<&[usize]>,
        chain: &mut Vec<Link>,
    ) {
        let mut templates: Vec<&'a Template> = Vec::new();
        var.value.for_each_template(&mut |template| templates.push(template));
        for template in templates {
            for read in &template.reads {
                self.read(scope, of, template, read, classes, chain);
            }
        }
    }

    /// Says whether a `set` task has certainly run on a host before the use.
    pub(super) fn is_set(&self, scope: &RoundScope<'_>, of: &Use<'_>, set: &SetVar<'_>, host: crate::model::HostIx) -> bool {
        let own_round = set.round == scope.index;
        let reader = if own_round { of.around.as_slice() } else { &[] };
        if of.inventory_only || set.frame != of.frame || !set.is_certain(self.playbook.round(set.round), reader) {
            return false;
        }
        if own_round {
            return of.node.is_some_and(|node| self.task_orders[set.round.index()].waits(node.index(), set.task.index()));
        }
        // What an action sets ends with it.
        if set.frame != FrameIx::ROUND {
            return false;
        }
        // After `always` a host may be here though it failed there before the task.
        scope.round.after != After::Always
            && self.round_order.waits(scope.index.index(), set.round.index())
            && self.playbook.round(set.round).hosts.contains(&host)
    }

    /// Says whether a name is given anywhere: for a round whose hosts are not known.
    fn known_anywhere(&self, scope: &RoundScope<'_>, of: &Use<'_>, name: &str) -> bool {
        let outside = of.frame == FrameIx::ROUND && !of.inventory_only;
        (outside && (self.playbook.extra.vars.contains_key(name) || self.playbook.vars.vars.contains_key(name)))
            || of.layers.iter().any(|layer| layer.vars.contains_key(name))
            || (outside && scope.round.vars.as_ref().is_some_and(|layer| layer.vars.contains_key(name)))
            || self.sets.iter().any(|set| set.name == name)
            || self.inventory.hosts.iter().any(|host| host.var(name).is_some())
    }

    /// Tells of a circle of variables; `closing` is where its first one is read again.
    fn cycle(&mut self, links: &[Link], closing: Span) {
        // The first link may have been read outside the circle; the place where it closes is inside.
        let mut circle: Vec<(&str, Span)> = links.iter().map(|link| (link.name.as_str(), link.span)).collect();
        circle[0].1 = closing;
        // The same circle is met from every variable in it; it starts with its first name, so that it is told once.
        let first = (0..circle.len()).min_by_key(|index| circle[*index].0).unwrap_or(0);
        circle.rotate_left(first);
        let names: Vec<String> = circle.iter().chain([&circle[0]]).map(|(name, _)| format!("`{name}`")).collect();
        let message = match circle.len() {
            1 => format!("the variable {} is made of itself", names[0]),
            _ => format!("these variables are made of each other: {}", names.join(" → ")),
        };
        let mut found = Diagnostic::error(codes::CYCLE, circle[0].1, message);
        for (name, span) in &circle[1..] {
            found = found.and(*span, format!("`{name}` is read here"));
        }
        let hint = "a variable can't take its value from a weaker layer by its own name; give one of them another name";
        self.tell(if circle.len() == 1 { found.hint(hint.to_owned()) } else { found });
    }
}
