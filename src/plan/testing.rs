//! Small helpers for tests of this room: playbooks and inventories by hand.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::before::TasksBefore;
use super::graph::Plan;
use crate::diag::{SourceMap, SourceText, Span};
use crate::model::*;
use crate::template::Engine;

/// Builds a playbook whose every name has a place of its own in one file.
pub(super) struct Maker {
    pub(super) map: SourceMap,
    pub(super) engine: Engine,
    file: crate::diag::FileId,
    text: String,
}

impl Maker {
    /// A maker; all names used in spans must stand in `text`, in the order of asking.
    pub(super) fn new(text: &str) -> Maker {
        let mut map = SourceMap::default();
        let file = map.add("play.yml", None, text);
        Maker { map, engine: Engine::new(), file, text: text.to_owned() }
    }

    /// The place of the nth (from 0) appearance of a word.
    pub(super) fn span(&self, word: &str, nth: usize) -> Span {
        let at = self.text.match_indices(word).nth(nth).map_or(0, |(at, _)| at);
        Span::new(self.file, at..at + word.len())
    }

    pub(super) fn template(&mut self, text: &str, context: Context) -> Template {
        let span = self.span(text, 0);
        let mut diagnostics = crate::diag::Diagnostics::default();
        let compiled = self.engine.compile(SourceText::verbatim(text, span), context, &mut diagnostics);
        compiled.unwrap_or_else(|| panic!("{}", diagnostics.to_text(&self.map)))
    }

    pub(super) fn run(&mut self, name: &str, text: &str) -> Task {
        let command = Command::Text(self.template(text, Context::Shell));
        self.task(name, Verb::Run(Run { command }))
    }

    pub(super) fn task(&self, name: &str, verb: Verb) -> Task {
        Task {
            id: crate::text::snake_id(name),
            name: name.to_owned(),
            span: self.span(name, 0),
            verb,
            verb_span: self.span(name, 0),
            when: Vec::new(),
            layers: Vec::new(),
            env: Vec::new(),
            cwd: None,
            stdin: None,
            umask: None,
            shell: Shell::Sh,
            timeout: Duration::from_secs(3600),
            changed: None,
            failed: None,
            read_only: false,
            guards: Vec::new(),
            allow_failure: false,
            r#become: None,
            on: Vec::new(),
            once: false,
            reads: Vec::new(),
            flow: Flow::default(),
        }
    }

    pub(super) fn round(&self, id: &str, hosts: &[u32], tasks: Vec<Task>) -> Round {
        Round {
            id: id.to_owned(),
            name: id.to_owned(),
            span: self.span(id, 0),
            hosts: hosts.iter().map(|host| HostIx(*host)).collect(),
            hosts_text: "all".to_owned(),
            hosts_span: None,
            needs: RoundNeeds::default(),
            after: After::Some,
            when: None,
            vars: None,
            connect: None,
            items: (0..tasks.len()).map(|task| Item::Task(TaskIx::new(task), Needs::Above)).collect(),
            tasks,
            max_parallel: None,
            handlers: Vec::new(),
            finally: Vec::new(),
            blocks: Vec::new(),
            frames: vec![Frame::default()],
            flow: RoundFlow::default(),
        }
    }
}

impl Maker {
    /// Adds a block without conditions; where it stands is for the caller to say.
    pub(super) fn block(&self, round: &mut Round, name: &str) -> BlockIx {
        round.blocks.push(Block {
            id: crate::text::snake_id(name),
            name: name.to_owned(),
            span: self.span(name, 0),
            home: Home::default(),
            when: Vec::new(),
            layers: Vec::new(),
            each: None,
            retry: None,
            allow_failure: false,
            rescue: false,
            always: false,
            frame: None,
            reads: Vec::new(),
        });
        BlockIx(u32::try_from(round.blocks.len() - 1).unwrap())
    }
}

/// The tasks of a round that are over before a node begins.
pub(super) fn tasks_before(plan: &Plan, round: RoundIx, node: TaskIx) -> Vec<TaskIx> {
    let all: Vec<TaskIx> = (0..plan.task_count(round)).map(TaskIx::new).collect();
    let before = TasksBefore::new(plan, round, all.clone());
    all.into_iter().filter(|task| before.has(node, *task)).collect()
}

pub(super) fn layer(origin: Origin, vars: &[(&str, Value)]) -> Arc<Layer> {
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), Var { value: VarValue::Plain(value.clone()), span: None })).collect();
    Arc::new(Layer { origin, vars })
}

pub(super) fn playbook(rounds: Vec<Round>) -> Playbook {
    Playbook {
        name: "Test".to_owned(),
        id: "test".to_owned(),
        vars: layer(Origin::Playbook, &[]),
        vars_files: Vec::new(),
        extra: layer(Origin::CommandLine, &[]),
        secrets: IndexMap::new(),
        rounds,
        max_parallel: None,
        lock_hosts: false,
        on_disconnect: crate::model::OnDisconnect::default(),
        inputs: IndexMap::new(),
        groups: IndexMap::new(),
    }
}

/// Hosts `h0`, `h1` … without variables.
pub(super) fn inventory(count: usize) -> Inventory {
    let hosts: Vec<Host> = (0..count)
        .map(|index| Host {
            name: format!("h{index}"),
            connect: Connect::new(format!("10.0.0.{index}")),
            groups: Vec::new(),
            layers: Vec::new(),
            span: None,
            listed: true,
        })
        .collect();
    let index = hosts.iter().enumerate().map(|(at, host)| (host.name.clone(), HostIx::new(at))).collect();
    Inventory { hosts, index, ..Inventory::default() }
}
