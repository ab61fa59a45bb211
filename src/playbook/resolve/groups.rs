//! Groups whose hosts a result chooses, and the rounds that depend on them.

use indexmap::IndexMap;

use super::Lower;
use super::names::Found;
use crate::diag::{Diagnostic, Diagnostics, SourceText};
use crate::inventory::{Mode, select_list};
use crate::model::{Chosen, ChosenGroup, HostIx, RoundIx, RoundNeed, RoundNeeds, Template};
use crate::playbook::{codes, syntax};

/// The most groups that one expression may name: each doubles the number of cases.
const MOST: usize = 8;

impl Lower<'_> {
    /// Reads the playbook's groups; hosts of rounds may name them from then on.
    pub(super) fn chosen_groups(&mut self, groups: &[syntax::ChosenGroup]) -> IndexMap<String, ChosenGroup> {
        let mut chosen = IndexMap::new();
        let mut everything = None;
        for group in groups {
            let name = &group.name.text;
            if self.inventory.groups.contains_key(name) || self.inventory.index.contains_key(name) || name == "all" {
                let found = Diagnostic::error(codes::DUPLICATE_ID, group.name.span, format!("the inventory has a `{name}` already"));
                self.diagnostics.push(found.hint("choose another name".to_owned()));
                continue;
            }
            let texts: Vec<&SourceText> = group.hosts.iter().collect();
            let hosts = if texts.is_empty() { Vec::new() } else { select_list(self.inventory, &texts, Mode::Hosts, self.diagnostics) };
            let when = self.condition(&group.when, "`when`");
            everything.get_or_insert_with(|| self.inventory.clone()).groups.insert(name.clone(), hosts.clone());
            chosen.insert(name.clone(), ChosenGroup { hosts, when, span: group.name.span, reads: Vec::new() });
        }
        self.with_groups = everything;
        chosen
    }

    /// The hosts of a round, and how they depend on chosen groups.
    pub(super) fn round_hosts(&mut self, texts: &[SourceText], groups: &IndexMap<String, ChosenGroup>) -> (Vec<HostIx>, Option<Chosen>) {
        let named: Vec<usize> =
            groups.keys().enumerate().filter(|(_, name)| texts.iter().any(|text| names(&text.text, name))).map(|(at, _)| at).collect();
        let Some(everything) = self.with_groups.as_ref().filter(|_| !named.is_empty()) else { return (self.hosts(texts), None) };
        if named.len() > MOST {
            let found = Diagnostic::error(codes::TOO_MANY, texts[0].span, format!("`hosts` names more than {MOST} groups of the playbook"));
            self.diagnostics.push(found);
            return (Vec::new(), None);
        }
        let texts: Vec<&SourceText> = texts.iter().collect();
        let mut inventory = everything.clone();
        // With all of them full: for mistakes in the expression, and for the order of the hosts.
        let full = select_list(&inventory, &texts, Mode::Hosts, self.diagnostics);
        let mut rows: IndexMap<HostIx, Vec<bool>> = full.into_iter().map(|host| (host, vec![false; 1 << named.len()])).collect();
        for case in 0..1_usize << named.len() {
            for (bit, group) in named.iter().enumerate() {
                if let Some((name, group)) = groups.get_index(*group) {
                    let hosts = if case >> bit & 1 == 1 { group.hosts.clone() } else { Vec::new() };
                    inventory.groups.insert(name.clone(), hosts);
                }
            }
            for host in select_list(&inventory, &texts, Mode::Hosts, &mut Diagnostics::default()) {
                rows.entry(host).or_insert_with(|| vec![false; 1 << named.len()])[case] = true;
            }
        }
        // A case in which a host is in a group of which it is never asked does not come up.
        rows.retain(|host, row| {
            let possible = |case: usize| {
                named.iter().enumerate().all(|(bit, group)| {
                    case >> bit & 1 == 0 || groups.get_index(*group).is_some_and(|(_, group)| group.hosts.contains(host))
                })
            };
            row.iter().enumerate().any(|(case, takes_part)| *takes_part && possible(case)) && self.is_left(*host)
        });
        (rows.keys().copied().collect(), Some(Chosen { groups: named, rows }))
    }

    /// The rounds that a round needs because of the groups that its hosts depend on.
    pub(super) fn needs_of_groups(
        &self,
        chosen: &Chosen,
        groups: &IndexMap<String, ChosenGroup>,
        hosts: &SourceText,
        needs: &mut RoundNeeds,
    ) {
        for (_, group) in chosen.groups.iter().filter_map(|group| groups.get_index(*group)) {
            for round in self.rounds_read(&group.when) {
                needs.add(RoundNeed { round, span: hosts.span });
            }
        }
    }

    fn rounds_read(&self, when: &Template) -> Vec<RoundIx> {
        let named =
            when.reads.iter().filter(|read| read.path.first().is_some_and(|root| root == "rounds")).filter_map(|read| read.path.get(1));
        named.filter_map(|id| if let Found::One(named) = self.round_names.find(id) { Some(named.what) } else { None }).collect()
    }
}

/// Says whether a host expression names a group.
fn names(expression: &str, group: &str) -> bool {
    expression.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))).any(|word| word == group)
}
