//! Files and lists of names, each to the reader that understands it.

use super::draft::Ansible;
use super::ini::header;
use crate::diag::{Diagnostics, FileId, SourceMap};
use crate::model::{ConnectPatch, Inventory};
use crate::yaml::parse_ansible;

impl Ansible {
    /// Reads an INI or a YAML inventory, by its content.
    pub fn read(&mut self, map: &SourceMap, file: FileId, diagnostics: &mut Diagnostics) {
        if header(&map.file(file).text).is_none() {
            let mut found = Diagnostics::default();
            let node = parse_ansible(map, file, &mut found);
            if let Some(node) = node.filter(|node| node.as_map().is_some()) {
                diagnostics.extend(found);
                return self.yaml(&node, diagnostics);
            }
        }
        self.ini(map, file, diagnostics);
    }

    /// Takes over the hosts of a list of names, or of ssh's configuration.
    pub fn add_names(&mut self, names: &Inventory) {
        for host in names.hosts.iter().filter(|host| host.listed) {
            let draft = self.host(&host.name, host.span);
            let connect = &host.connect;
            draft.connect = ConnectPatch {
                user: connect.user.clone(),
                port: connect.port,
                ssh_config: connect.ssh_config.clone(),
                ..ConnectPatch::default()
            };
        }
    }
}
