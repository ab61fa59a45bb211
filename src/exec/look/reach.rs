//! What a change may reach, and which answers hang on it.
//!
//! A command reaches anything; a resource what it says ([`Touch`]). An answer hangs on paths, where that is all it was asked of, else on
//! anything. Paths are compared as they are written: what links lead to is not known.

use crate::model::StepId;
use crate::plan::{Body, Prepared, PreparedGuard};
use crate::resource::Touch;

/// Sections of facts that outlast whatever a playbook does, short of another system.
const LASTING: [&str; 8] = ["os", "kernel", "arch", "cpus", "memory", "init", "package_manager", "virtualization"];

/// A step that may change its host.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) step: StepId,
    pub(super) reach: Reach,
}

/// What is changed, or what an answer hangs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// There is no telling.
    Anything,
    /// Nothing but these.
    Paths(Vec<Touch>),
}

impl Reach {
    /// What a resource touches, from the folder that it works in.
    pub(super) fn of(touches: &[Touch], cwd: Option<&str>) -> Reach {
        Reach::Paths(touches.iter().map(|touch| touch.map(|path| absolute(path, cwd))).collect())
    }

    /// What the answer of a step's guards and probe hangs on, given what a resource asks; none where nothing is asked.
    pub(super) fn asked_of(prepared: &Prepared, asks: Option<Vec<Touch>>) -> Reach {
        let cwd = prepared.cwd.as_deref();
        let mut paths: Vec<Touch> = Vec::new();
        for guard in &prepared.guards {
            match guard {
                PreparedGuard::Unless(_) | PreparedGuard::OnlyIf(_) => return Reach::Anything,
                PreparedGuard::Creates(path) | PreparedGuard::Removes(path) => paths.push(Touch::Path(path.clone())),
            }
        }
        match (&prepared.body, asks) {
            (_, Some(asks)) => paths.extend(asks),
            (Body::Read { path }, None) => paths.push(Touch::Path(path.clone())),
            // A folder's size and time are those of what is in it.
            (Body::Stat { path }, None) => paths.push(Touch::Tree(path.clone())),
            (Body::Run(_) | Body::Script { .. } | Body::Copy { .. } | Body::Unpack { .. } | Body::Declared(_), None) => {}
            (Body::Facts { sections }, None) if sections.iter().all(|section| LASTING.contains(&section.as_str())) => {}
            _ => return Reach::Anything,
        }
        if !paths.is_empty() {
            paths.extend(cwd.map(|cwd| Touch::Path(cwd.to_owned())));
        }
        Reach::of(&paths, cwd)
    }

    /// Says whether one may change what the other hangs on.
    pub(super) fn meets(&self, other: &Reach) -> bool {
        match (self, other) {
            (Reach::Paths(paths), _) | (_, Reach::Paths(paths)) if paths.is_empty() => false,
            (Reach::Anything, _) | (_, Reach::Anything) => true,
            (Reach::Paths(ours), Reach::Paths(theirs)) => ours.iter().any(|our| theirs.iter().any(|their| meet(our, their))),
        }
    }

    /// Says whether it may make a folder.
    pub(super) fn may_make(&self, folder: &str, cwd: Option<&str>) -> bool {
        self.meets(&Reach::of(&[Touch::Path(folder.to_owned())], cwd))
    }
}

fn meet(one: &Touch, other: &Touch) -> bool {
    match (one, other) {
        (Touch::Path(one), Touch::Path(other)) => one == other,
        (Touch::Tree(tree), Touch::Path(path)) | (Touch::Path(path), Touch::Tree(tree)) => is_in(path, tree),
        (Touch::Tree(one), Touch::Tree(other)) => is_in(one, other) || is_in(other, one),
    }
}

fn is_in(path: &str, tree: &str) -> bool {
    path.strip_prefix(tree).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || tree == "/")
}

/// A path with its folder, without `.`, doubled slashes and one at the end.
fn absolute(path: &str, cwd: Option<&str>) -> String {
    let whole = match cwd {
        Some(cwd) if !path.starts_with('/') => format!("{cwd}/{path}"),
        _ => path.to_owned(),
    };
    let parts: Vec<&str> = whole.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let root = if whole.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str) -> Touch {
        Touch::Path(path.to_owned())
    }

    fn tree(path: &str) -> Touch {
        Touch::Tree(path.to_owned())
    }

    #[test]
    fn a_path_is_not_what_is_below_it() {
        let meets = |one: Touch, other: Touch| Reach::of(&[one], None).meets(&Reach::of(&[other], None));
        assert!(meets(path("/a/b"), path("/a//b/")));
        assert!(!meets(path("/a"), path("/a/b")));
        assert!(meets(tree("/a"), path("/a/b")) && meets(path("/a/b"), tree("/a")));
        assert!(!meets(tree("/a"), path("/ab")));
        assert!(meets(tree("/a/b"), tree("/a")) && meets(tree("/"), path("/x")));
    }

    #[test]
    fn what_asks_nothing_hangs_on_nothing() {
        assert!(!Reach::Anything.meets(&Reach::Paths(Vec::new())));
        assert!(Reach::Anything.meets(&Reach::of(&[path("x")], None)));
        assert!(Reach::of(&[path("x")], Some("/srv")).meets(&Reach::of(&[path("/srv/x")], None)));
    }
}
