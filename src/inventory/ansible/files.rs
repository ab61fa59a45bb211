//! `group_vars` and `host_vars`: files of variables beside the inventory, and beside the playbook.

use super::draft::{Ansible, Given, Vars};
use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span};
use crate::yaml::{Entry, Node, parse_ansible};

/// Whose variables a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entity {
    /// A group's: `group_vars/NAME`.
    Group(String),
    /// A host's: `host_vars/NAME`.
    Host(String),
}

/// Beside what a file stands; the later plane is stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plane {
    /// The inventory.
    Inventory,
    /// The playbook.
    Playbook,
}

/// One file's variables.
#[derive(Debug)]
pub(super) struct VarsFile {
    pub(super) entity: Entity,
    pub(super) plane: Plane,
    pub(super) vars: Vars,
}

/// How a file starts that is encrypted as a whole.
const VAULT: &str = "$ANSIBLE_VAULT;";

impl Ansible {
    /// What variables that Ansible gives every host are in our words; a caller that has them in a file hands them to
    /// [`Ansible::read_magic`].
    pub const MAGIC: &str = "\
inventory_hostname: '{{ host.name }}'
inventory_hostname_short: '{{ host.name.split(\".\")[0] }}'
group_names: '{{ host.groups }}'
";

    /// Reads [`Ansible::MAGIC`]: the weakest of all variables.
    pub fn read_magic(&mut self, map: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) {
        let node = parse_ansible(map, file, diagnostics);
        self.magic = node.as_ref().and_then(Node::as_map).unwrap_or_default().iter().map(given).collect();
    }

    /// Reads a file of variables; of two for the same entity and plane, the later one is stronger.
    pub fn read_vars(&mut self, entity: Entity, plane: Plane, map: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) {
        let text = &map.file(file).text;
        if text.starts_with(VAULT) {
            let found = Diagnostic::warning("W205", Span::new(file, 0..VAULT.len() - 1), "this file is encrypted by ansible-vault");
            let found = found.label("its variables are not there");
            diagnostics.push(found.hint("keep what a playbook needs of it in `secrets:`".to_owned()));
            return;
        }
        let Some(node) = parse_ansible(map, file, diagnostics).filter(|node| !node.is_null()) else { return };
        let Some(entries) = node.as_map() else {
            diagnostics.push(Diagnostic::error("E012", node.span, format!("a file of variables must be a map, this is {}", node.kind())));
            return;
        };
        let vars = entries.iter().map(given).collect();
        self.files.push(VarsFile { entity, plane, vars });
    }
}

fn given(entry: &Entry) -> (String, Given) {
    (entry.key.text.clone(), Given { name: entry.key.clone(), value: entry.value.clone() })
}
