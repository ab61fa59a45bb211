//! A plan in a file: what was looked at, so that exactly that is run.
//!
//! Knows digests and the plan's public form, not files: `app` gathers what a plan is made from, and reads and writes. What differs
//! between a saved plan and the same made anew is told in words that name it.

use serde::{Deserialize, Serialize};

use super::compare::{Changed, compare};
use crate::event::RunSources;

/// The version of the form.
pub const SAVED_FORMAT: u32 = 1;

/// A saved plan. Its JSON form is public: fields are added, and [`SAVED_FORMAT`] grows when one changes its meaning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedPlan {
    /// [`SAVED_FORMAT`]; its name tells such a file from any other JSON.
    pub roundsman_plan: u32,
    /// The version of roundsman that made it.
    pub version: String,
    /// When, RFC 3339 in UTC.
    pub made_at: String,
    /// By whom: `ann@desk`.
    pub made_by: String,
    /// What was typed.
    pub sources: RunSources,
    /// Every file and program that it was made from.
    pub inputs: Vec<SavedInput>,
    /// Every host that takes part, as resolved.
    pub hosts: Vec<SavedHost>,
    /// True where the hosts were asked.
    pub probed: bool,
    /// The plan, as `plan --format json` gives it; secrets by name only.
    pub plan: serde_json::Value,
}

/// A file or program that a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedInput {
    /// `playbook`, `inventory`, `vars`, `template`, `copy` and so on.
    pub role: String,
    /// The path as the user knows it.
    pub name: String,
    /// SHA-256 in hex; of a program, of what it printed.
    pub sha256: String,
}

/// A host, by all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedHost {
    /// Its name.
    pub name: String,
    /// SHA-256, in hex, of how it is reached, its groups and its variables.
    pub sha256: String,
}

impl SavedPlan {
    /// What is not as it was, in words; none where all is. What the hosts said is compared where both asked.
    #[must_use]
    pub fn differs(&self, now: &SavedPlan) -> Vec<String> {
        if self.version != now.version {
            return vec![format!("it was made by roundsman {}, and this is {}", self.version, now.version)];
        }
        let mut told = inputs(&self.inputs, &now.inputs);
        told.extend(hosts(&self.hosts, &now.hosts));
        if told.is_empty() {
            let both = self.probed && now.probed;
            told.extend(
                compare(&self.plan, &now.plan)
                    .iter()
                    .filter(|changed| both || !matches!(changed, Changed::Answer { .. }))
                    .map(Changed::words),
            );
        }
        told
    }
}

fn inputs(was: &[SavedInput], is: &[SavedInput]) -> Vec<String> {
    let same = |one: &&SavedInput, other: &SavedInput| (&one.role, &one.name) == (&other.role, &other.name);
    let mut told = Vec::new();
    for input in was {
        match is.iter().find(|other| same(&input, other)) {
            None => told.push(format!("the {} `{}` is not read any more", input.role, input.name)),
            Some(other) if other.sha256 != input.sha256 => told.push(format!("the {} `{}` has changed", input.role, input.name)),
            Some(_) => {}
        }
    }
    let new = is.iter().filter(|input| !was.iter().any(|other| same(input, other)));
    told.extend(new.map(|input| format!("the {} `{}` was not read before", input.role, input.name)));
    told
}

fn hosts(was: &[SavedHost], is: &[SavedHost]) -> Vec<String> {
    let names = |hosts: Vec<&str>| crate::text::fold_names(&hosts);
    let find = |list: &[SavedHost], name: &str| list.iter().position(|host| host.name == name);
    let gone: Vec<&str> = was.iter().map(|host| host.name.as_str()).filter(|name| find(is, name).is_none()).collect();
    let new: Vec<&str> = is.iter().map(|host| host.name.as_str()).filter(|name| find(was, name).is_none()).collect();
    let other = |host: &&SavedHost| find(is, &host.name).is_some_and(|at| is[at].sha256 != host.sha256);
    let changed: Vec<&str> = was.iter().filter(other).map(|host| host.name.as_str()).collect();
    let mut told = Vec::new();
    for (list, what) in [
        (gone, "no longer takes part"),
        (new, "did not take part before"),
        (changed, "is another than it was: its address, groups or variables"),
    ] {
        if !list.is_empty() {
            told.push(format!("{} {what}", names(list)));
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> SavedPlan {
        let input = |role: &str, name: &str| SavedInput { role: role.to_owned(), name: name.to_owned(), sha256: "ab".to_owned() };
        SavedPlan {
            roundsman_plan: SAVED_FORMAT,
            version: "1".to_owned(),
            made_at: String::new(),
            made_by: String::new(),
            sources: RunSources::default(),
            inputs: vec![input("playbook", "site.yml"), input("copy", "x")],
            hosts: (1..4).map(|number| SavedHost { name: format!("web{number}"), sha256: "cd".to_owned() }).collect(),
            probed: false,
            plan: serde_json::json!({ "rounds": [] }),
        }
    }

    #[test]
    fn what_has_changed_is_named() {
        let was = saved();
        assert_eq!(was.differs(&was), Vec::<String>::new());
        let mut now = saved();
        now.inputs[1].sha256 = "ef".to_owned();
        now.inputs[0].name = "other.yml".to_owned();
        now.hosts[0].sha256 = "ef".to_owned();
        now.hosts[2].name = "web9".to_owned();
        let told = [
            "the playbook `site.yml` is not read any more",
            "the copy `x` has changed",
            "the playbook `other.yml` was not read before",
            "web3 no longer takes part",
            "web9 did not take part before",
            "web1 is another than it was: its address, groups or variables",
        ];
        assert_eq!(was.differs(&now), told);
        now.version = "2".to_owned();
        assert_eq!(was.differs(&now), ["it was made by roundsman 1, and this is 2"]);
    }
}
