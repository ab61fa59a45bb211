//! YAML: groups by name, each with `hosts`, `vars` and `children`, as deep as they go.

use super::draft::Ansible;
use super::pattern::hosts;
use crate::diag::{Diagnostic, Diagnostics, SourceText, Span};
use crate::yaml::{Entry, Node};

/// What a group may say.
const KEYS: [&str; 3] = ["hosts", "vars", "children"];

/// Says whether a map's shape is that of Ansible's groups, and not of a native inventory.
pub(in crate::inventory) fn looks_like_groups(node: &Node) -> bool {
    let Some(entries) = node.as_map() else { return false };
    let native = entries.iter().any(|entry| ["vars", "connect", "hosts", "groups", "secrets"].contains(&&*entry.key.text));
    let is_group = |entry: &Entry| {
        let keys = entry.value.as_map().unwrap_or_default();
        !keys.is_empty() && keys.iter().all(|key| KEYS.contains(&&*key.key.text))
    };
    let all = entries.iter().find(|entry| entry.key.text == "all");
    if native {
        return all.is_some_and(is_group);
    }
    // Names alone are groups without hosts.
    all.is_some() || entries.iter().any(is_group) || (!entries.is_empty() && entries.iter().all(|entry| entry.value.is_null()))
}

impl Ansible {
    /// Reads the groups of a YAML inventory.
    pub(super) fn yaml(&mut self, node: &Node, diagnostics: &mut Diagnostics) {
        for entry in node.as_map().unwrap_or_default() {
            self.yaml_group(entry, diagnostics);
        }
    }

    fn yaml_group(&mut self, entry: &Entry, diagnostics: &mut Diagnostics) {
        let name = &entry.key;
        if entry.value.is_null() {
            self.group(&name.text, Some(name.span));
            return;
        }
        let Some(keys) = entry.value.as_map() else {
            diagnostics.push(left_out(name.span, format!("`{}` is no group: it holds {}", name.text, entry.value.kind())));
            return;
        };
        self.group(&name.text, Some(name.span));
        for key in keys {
            if !KEYS.contains(&&*key.key.text) {
                let found = left_out(key.key.span, format!("`{}` means nothing in a group", key.key.text));
                let near = crate::text::did_you_mean(&key.key.text, KEYS);
                diagnostics.push(found.hint(near.or_else(|| Some("a group has `hosts`, `vars` and `children`".to_owned()))));
                continue;
            }
            if key.value.is_null() {
                continue;
            }
            // One name without a map is that name.
            let (single, entries) = (key.value.as_text(), key.value.as_map());
            match (&*key.key.text, single, entries) {
                ("hosts", Some(pattern), _) => self.yaml_host(&name.text, pattern, None, diagnostics),
                ("hosts", _, Some(hosts)) => {
                    for host in hosts {
                        self.yaml_host(&name.text, &host.key, Some(&host.value), diagnostics);
                    }
                }
                ("children", Some(child), _) => self.put_below(&name.text, &child.text, child.span, diagnostics),
                ("children", _, Some(children)) => {
                    for child in children {
                        self.yaml_group(child, diagnostics);
                        if self.groups.contains_key(&child.key.text) {
                            self.put_below(&name.text, &child.key.text, child.key.span, diagnostics);
                        }
                    }
                }
                ("vars", _, Some(vars)) => {
                    for var in vars {
                        self.set_group(&name.text, var.key.clone(), var.value.clone(), diagnostics);
                    }
                }
                (what, ..) => {
                    let message = format!("`{what}` of a group must be a map, this is {}", key.value.kind());
                    let hint = match (what, key.value.as_list().and_then(|list| list.first()).and_then(Node::as_text)) {
                        ("hosts" | "children", Some(first)) => Some(format!("write every name with a colon behind it: `{}:`", first.text)),
                        _ => None,
                    };
                    diagnostics.push(Diagnostic::error("E016", key.value.span, message).hint(hint));
                }
            }
        }
    }

    fn yaml_host(&mut self, group: &str, pattern: &SourceText, vars: Option<&Node>, diagnostics: &mut Diagnostics) {
        let Some(expanded) = hosts(pattern, diagnostics) else { return };
        let vars = vars.filter(|vars| !vars.is_null());
        if let Some(odd) = vars.filter(|vars| vars.as_map().is_none()) {
            let message = format!("the variables of a host must be a map, this is {}", odd.kind());
            diagnostics.push(Diagnostic::error("E012", odd.span, message));
        }
        for name in &expanded.names {
            self.add_host(name, group, expanded.port, pattern.span);
            for var in vars.and_then(Node::as_map).unwrap_or_default() {
                self.set_host(name, var.key.clone(), var.value.clone());
            }
        }
    }
}

/// A part of an inventory that is not read.
pub(super) fn left_out(span: Span, message: String) -> Diagnostic {
    Diagnostic::warning("W205", span, message).label("left out, as Ansible does")
}
