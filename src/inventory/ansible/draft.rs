//! Hosts and groups while the sources are read, in the order in which they are met.

use indexmap::{IndexMap, IndexSet};

use super::files::VarsFile;
use crate::diag::{Diagnostic, Diagnostics, SourceText, Span};
use crate::model::ConnectPatch;
use crate::yaml::{Node, NodeValue};

/// The group that every host is in.
pub(super) const ALL: &str = "all";

/// The group of hosts that are in no other.
pub(super) const UNGROUPED: &str = "ungrouped";

/// An inventory made of Ansible's sources, being read.
#[derive(Debug, Default)]
pub struct Ansible {
    pub(super) hosts: IndexMap<String, HostDraft>,
    pub(super) groups: IndexMap<String, GroupDraft>,
    pub(super) files: Vec<VarsFile>,
    /// Variables that Ansible gives every host, in our words.
    pub(super) magic: Vars,
}

/// A variable as written.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) name: SourceText,
    pub(super) value: Node,
}

/// Variables by name; of two, the later one stays.
pub(super) type Vars = IndexMap<String, Given>;

/// A host so far.
#[derive(Debug, Default)]
pub(super) struct HostDraft {
    pub(super) span: Option<Span>,
    pub(super) vars: Vars,
    /// What a name from the command line or ssh's configuration says.
    pub(super) connect: ConnectPatch,
}

/// A group so far.
#[derive(Debug)]
pub(super) struct GroupDraft {
    pub(super) span: Option<Span>,
    pub(super) hosts: IndexSet<String>,
    pub(super) children: IndexSet<String>,
    /// True where it is in another group.
    is_child: bool,
    pub(super) vars: Vars,
    /// `ansible_group_priority`.
    pub(super) priority: i64,
}

impl Default for GroupDraft {
    fn default() -> GroupDraft {
        GroupDraft { span: None, hosts: IndexSet::new(), children: IndexSet::new(), is_child: false, vars: Vars::new(), priority: 1 }
    }
}

impl Ansible {
    /// The names of all groups, `all` and `ungrouped` among them.
    #[must_use]
    pub fn groups(&self) -> Vec<String> {
        let mut names: IndexSet<&str> = IndexSet::from([ALL, UNGROUPED]);
        names.extend(self.groups.keys().map(String::as_str));
        names.into_iter().map(str::to_owned).collect()
    }

    /// The names of all hosts.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        self.hosts.keys().cloned().collect()
    }

    pub(super) fn group(&mut self, name: &str, span: Option<Span>) -> &mut GroupDraft {
        let group = self.groups.entry(name.to_owned()).or_default();
        group.span = group.span.or(span);
        group
    }

    pub(super) fn host(&mut self, name: &str, span: Option<Span>) -> &mut HostDraft {
        let host = self.hosts.entry(name.to_owned()).or_default();
        host.span = host.span.or(span);
        host
    }

    /// Puts a host into a group; both are made where they are not there.
    pub(super) fn place(&mut self, host: &str, group: &str, span: Span) {
        self.host(host, Some(span));
        self.group(group, None).hosts.insert(host.to_owned());
    }

    /// Puts a group into another one, unless that would make a circle.
    pub(super) fn put_below(&mut self, parent: &str, child: &str, span: Span, diagnostics: &mut Diagnostics) {
        // Only what is itself in a group can be inside `child`: most edges need no search.
        let inside = self.groups.get(parent).is_some_and(|group| group.is_child) && self.is_above(child, parent);
        if parent == child || inside {
            let message = format!("groups go round in a circle: `{parent}` is inside `{child}`");
            diagnostics.push(Diagnostic::error("E214", span, message));
            return;
        }
        self.group(child, None).is_child = true;
        self.group(parent, None).children.insert(child.to_owned());
    }

    fn is_above(&self, upper: &str, lower: &str) -> bool {
        let mut open = vec![upper];
        let mut seen = IndexSet::new();
        while let Some(name) = open.pop() {
            for child in self.groups.get(name).into_iter().flat_map(|group| &group.children) {
                if child == lower {
                    return true;
                }
                if seen.insert(child.as_str()) {
                    open.push(child);
                }
            }
        }
        false
    }

    pub(super) fn set_host(&mut self, host: &str, name: SourceText, value: Node) {
        self.host(host, None).vars.insert(name.text.clone(), Given { name, value });
    }

    pub(super) fn set_group(&mut self, group: &str, name: SourceText, value: Node, diagnostics: &mut Diagnostics) {
        if name.text != "ansible_group_priority" {
            self.group(group, None).vars.insert(name.text.clone(), Given { name, value });
            return;
        }
        let priority = match &value.value {
            NodeValue::Int(number) => Some(*number),
            _ => value.scalar_text().and_then(|text| text.text.trim().parse().ok()),
        };
        match priority {
            Some(priority) => self.group(group, None).priority = priority,
            None => diagnostics.push(Diagnostic::error("E220", value.span, "`ansible_group_priority` must be a whole number")),
        }
    }
}
