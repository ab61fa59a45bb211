//! The first event of a run, from everything that is known before it.

use super::load::Ready;
use crate::diag::SourceMap;
use crate::event::{FORMAT, HostEntry, Resumes, RoundEntry, RunHeader, RunSources};
use crate::model::{Connect, Transport};
use crate::plan::ControllerInfo;

/// What the run is called and who called for it.
pub(super) struct Who<'a> {
    pub(super) run: String,
    pub(super) command: &'a str,
    pub(super) dry: bool,
    pub(super) argv: &'a [String],
    pub(super) controller: &'a ControllerInfo,
    pub(super) sources: Option<RunSources>,
    pub(super) resumes: Option<Resumes>,
}

pub(super) fn header(ready: &Ready, map: &SourceMap, who: Who<'_>, folder: &std::path::Path) -> RunHeader {
    let playbook = &ready.playbook;
    RunHeader {
        format: FORMAT,
        run: who.run,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        playbook_id: playbook.id.clone(),
        playbook: playbook.name.clone(),
        command: who.command.to_owned(),
        dry: who.dry,
        argv: who.argv.to_vec(),
        controller: who.controller.host.clone(),
        user: who.controller.user.clone(),
        cwd: std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default(),
        git: super::git::state(folder),
        inputs: ready.inputs.clone(),
        extra: ready.extra.clone(),
        hosts: ready.inventory.hosts.iter().map(|host| HostEntry { name: host.name.clone(), address: address(&host.connect) }).collect(),
        rounds: playbook.rounds.iter().map(|round| RoundEntry::of(round, |span| map.location(span))).collect(),
        // Every part of a view has a JSON form.
        plan: serde_json::to_value(&ready.view).unwrap_or_default(),
        // Known when it begins.
        started: String::new(),
        sources: who.sources,
        resumes: who.resumes,
    }
}

/// Where a host is reached, for people.
#[must_use]
pub fn address(connect: &Connect) -> String {
    match &connect.transport {
        Transport::Local => "local".to_owned(),
        Transport::Command(argv) => argv.join(" "),
        Transport::Preset(preset) => format!("{}:{}", preset.program.name(), preset.place(&connect.address)),
        Transport::Ssh => {
            let user = connect.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
            let port = connect.port.map(|port| format!(":{port}")).unwrap_or_default();
            format!("{user}{}{port}", connect.address)
        }
    }
}

/// This machine and its user, as templates see them.
pub(super) fn controller() -> ControllerInfo {
    let name = |key: &str| std::env::var(key).ok().filter(|name| !name.is_empty());
    ControllerInfo {
        env: std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect(),
        user: name("USER").or_else(|| name("LOGNAME")).unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw())),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
        secrets: None,
    }
}
