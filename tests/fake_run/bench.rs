//! The workbench: a playbook and a script in, the events out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use roundsman::app::{self, PlaybookSource, Sources};
use roundsman::event::{Done, Event, EventSink, Journal, JournalError, Outcome, Redactor, RunEvent, RunHeader, Status};
use roundsman::event::{HostEntry, PastRun, RoundEntry, Settled, SettledEnd, Stream};
use roundsman::exec::{self, Interrupt, LocalFiles, RunInputs, RunReport};
use roundsman::model::{HostIx, Playbook, RoundIx, TaskIx};
use roundsman::plan::{Carried, CarryOptions, ControllerInfo, Plan};
use roundsman::transport::{FakeLog, FakeScript, Hub};

/// What a run left behind.
pub(crate) struct Ran {
    pub(crate) report: RunReport,
    /// As the record took them.
    pub(crate) events: Vec<Event>,
    /// As the sinks were told.
    pub(crate) told: Vec<Event>,
    pub(crate) log: FakeLog,
    pub(crate) playbook: Arc<Playbook>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) hosts: Vec<String>,
    pub(crate) tasks: Vec<Vec<String>>,
}

impl Ran {
    /// The end of every step, as `host task` to `status` or `status: reason`; fails where one ended twice.
    pub(crate) fn ends(&self) -> BTreeMap<String, String> {
        let mut ends = BTreeMap::new();
        for (name, outcome) in self.outcomes() {
            let told = match (&outcome.reason, outcome.status) {
                (Some(reason), _) => format!("{}: {reason}", outcome.status.word()),
                (None, status) => status.word().to_owned(),
            };
            assert!(ends.insert(name.clone(), told).is_none(), "{name} ended twice");
        }
        ends
    }

    /// The last end of every step: a handler may have several.
    pub(crate) fn last_ends(&self) -> BTreeMap<String, (Status, Option<String>)> {
        self.outcomes().into_iter().map(|(name, outcome)| (name, (outcome.status, outcome.reason.clone()))).collect()
    }

    pub(crate) fn end(&self, step: &str) -> String {
        self.ends().get(step).cloned().unwrap_or_else(|| "never ended".to_owned())
    }

    pub(crate) fn status(&self, step: &str) -> Option<Status> {
        self.outcomes().into_iter().find(|(name, _)| name == step).map(|(_, outcome)| outcome.status)
    }

    fn outcomes(&self) -> Vec<(String, &Outcome)> {
        let ends = self.events.iter().filter_map(|event| match &event.kind {
            RunEvent::StepEnded { step, outcome, .. } => {
                Some((format!("{} {}", self.hosts[step.host.index()], self.tasks[step.round.index()][step.task.index()]), outcome))
            }
            _ => None,
        });
        ends.collect()
    }

    /// The commands that began on a host, in order.
    pub(crate) fn ran_on(&self, host: &str) -> Vec<String> {
        self.log.of(host).into_iter().filter_map(|what| what.strip_prefix("run ").map(str::to_owned)).collect()
    }

    /// What a step printed on standard output.
    pub(crate) fn printed(&self, step: &str) -> String {
        let pieces = self.events.iter().filter_map(|event| match &event.kind {
            RunEvent::StepOutput { step: id, data, .. } => {
                let name = format!("{} {}", self.hosts[id.host.index()], self.tasks[id.round.index()][id.task.index()]);
                (name == step).then(|| String::from_utf8_lossy(&data.bytes()).into_owned())
            }
            _ => None,
        });
        pieces.collect()
    }

    pub(crate) fn host(&self, host: roundsman::model::HostIx) -> &str {
        &self.hosts[host.index()]
    }

    /// The hosts that were left out of a round, with why.
    pub(crate) fn left_out(&self) -> BTreeMap<String, String> {
        let left = self.events.iter().filter_map(|event| match &event.kind {
            RunEvent::HostLeftOut { host, reason, .. } => Some((self.hosts[host.index()].clone(), reason.clone())),
            _ => None,
        });
        left.collect()
    }

    /// How many events of a kind there are.
    pub(crate) fn count(&self, wanted: impl Fn(&RunEvent) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(&event.kind)).count()
    }
}

/// A record in memory, which can be told to fail after so many batches.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    events: Arc<Mutex<Vec<Event>>>,
    fails_after: Option<usize>,
}

impl Journal for Memory {
    fn append(&self, events: Vec<Event>, done: Done) {
        let mut held = self.events.lock().expect("nobody panicked");
        held.extend(events);
        let failed = self.fails_after.is_some_and(|most| held.len() > most);
        drop(held);
        done(if failed { Err(JournalError::Failed { reason: "disk full".to_owned(), spilled_to: None }) } else { Ok(()) });
    }
}

/// Notes what it is told, and that the record had it before.
struct Witness {
    record: Arc<Mutex<Vec<Event>>>,
    told: Arc<Mutex<Vec<Event>>>,
}

impl EventSink for Witness {
    fn event(&mut self, event: &Event) {
        let recorded = self.record.lock().expect("nobody panicked").get(usize::try_from(event.seq).expect("few events")) == Some(event);
        assert!(recorded, "told before it was recorded: {event:?}");
        self.told.lock().expect("nobody panicked").push(event.clone());
    }
}

/// A run to be made.
pub(crate) struct Bench {
    playbook: String,
    hosts: String,
    script: serde_json::Value,
    interrupts: Vec<(Duration, Interrupt)>,
    answers: Option<Vec<bool>>,
    is_silent: bool,
    answers_after: Duration,
    fails_after: Option<usize>,
    clock: fn() -> i64,
    max_sessions: Option<usize>,
    never_again: bool,
    choice: Choice,
    extra: Vec<(String, String)>,
    /// The events of the runs that it goes on with, the oldest first.
    resumes: Vec<Vec<Event>>,
    carry: CarryOptions,
    owes: Option<(&'static str, &'static str, &'static str)>,
    files: tempfile::TempDir,
}

/// `--tags`, `--skip-tags`, `--start-at`.
#[derive(Default)]
pub(crate) struct Choice {
    pub(crate) tags: &'static str,
    pub(crate) skip_tags: &'static str,
    pub(crate) start_at: &'static str,
}

impl Bench {
    /// A playbook's YAML on hosts named with commas.
    pub(crate) fn new(playbook: &str, hosts: &str) -> Bench {
        let script = serde_json::json!({ "hosts": [] });
        Bench {
            playbook: playbook.to_owned(),
            hosts: format!("{hosts},"),
            script,
            interrupts: Vec::new(),
            answers: None,
            is_silent: false,
            answers_after: Duration::ZERO,
            fails_after: None,
            clock: || 0,
            max_sessions: None,
            never_again: false,
            choice: Choice::default(),
            extra: Vec::new(),
            resumes: Vec::new(),
            carry: CarryOptions::default(),
            owes: None,
            files: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Adds a file beside the playbook.
    pub(crate) fn file(self, name: &str, text: &str) -> Bench {
        let path = self.files.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
        self
    }

    /// Takes the inventory from a file that was added.
    pub(crate) fn inventory(mut self, name: &str) -> Bench {
        self.hosts = self.files.path().join(name).display().to_string();
        self
    }

    /// `-e NAME=VALUE`.
    pub(crate) fn extra(mut self, name: &str, value: &str) -> Bench {
        self.extra.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Chooses tasks as the command line does.
    pub(crate) fn choose(mut self, choice: Choice) -> Bench {
        self.choice = choice;
        self
    }

    /// Adds an entry of the fake's script.
    pub(crate) fn host(mut self, entry: serde_json::Value) -> Bench {
        self.script["hosts"].as_array_mut().expect("a list").push(entry);
        self
    }

    /// Presses Ctrl-C after a while.
    pub(crate) fn interrupt(mut self, after: Duration) -> Bench {
        self.interrupts.push((after, Interrupt::Int));
        self
    }

    /// Answers the run's questions, one after the other; without this there is nobody to ask.
    pub(crate) fn answers(mut self, answers: &[bool]) -> Bench {
        self.answers = Some(answers.to_vec());
        self
    }

    /// Has somebody to ask who never answers.
    pub(crate) fn silent_asker(mut self) -> Bench {
        self.is_silent = true;
        self
    }

    /// The same, by somebody who takes a while for each.
    pub(crate) fn answers_after(mut self, after: Duration, answers: &[bool]) -> Bench {
        self.answers_after = after;
        self.answers(answers)
    }

    /// Limits the lanes of every host.
    /// A session that is lost is not opened again.
    pub(crate) fn never_again(mut self) -> Bench {
        self.never_again = true;
        self
    }

    pub(crate) fn max_sessions(mut self, most: usize) -> Bench {
        self.max_sessions = Some(most);
        self
    }

    /// Goes on with runs of which so much is in the record, the oldest first; what nobody knows the end of is done again.
    pub(crate) fn resumes(mut self, runs: &[&[Event]], carry: CarryOptions) -> Bench {
        (self.resumes, self.carry) = (runs.iter().map(|events| events.to_vec()).collect(), carry);
        self
    }

    /// An earlier run left this handler pending: its round, the host, its name.
    pub(crate) fn owes(mut self, round: &'static str, host: &'static str, handler: &'static str) -> Bench {
        self.owes = Some((round, host, handler));
        self
    }

    /// Lets the record fail when it holds so many events.
    pub(crate) fn record_fails_after(mut self, events: usize) -> Bench {
        self.fails_after = Some(events);
        self
    }

    /// Puts another wall clock in place.
    pub(crate) fn clock(mut self, clock: fn() -> i64) -> Bench {
        self.clock = clock;
        self
    }

    pub(crate) async fn run(self) -> Ran {
        let playbook = PlaybookSource::Text { name: "test.yml".into(), text: self.playbook, folder: self.files.path().to_owned() };
        let list = |text: &str| text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let sources = Sources {
            inventory: vec![self.hosts],
            tags: list(self.choice.tags),
            skip_tags: list(self.choice.skip_tags),
            start_at: list(self.choice.start_at).pop(),
            extra: self.extra.into_iter().map(|(name, value)| app::ExtraVar::Pair(name, value)).collect(),
            ..Sources::of(playbook)
        };
        let loaded = app::load(&sources);
        let mut ready = loaded.ready.unwrap_or_else(|| panic!("{}", loaded.diagnostics.to_text(&loaded.map)));
        if let Some(most) = self.max_sessions {
            let inventory = Arc::make_mut(&mut ready.inventory);
            inventory.hosts.iter_mut().for_each(|host| host.connect.max_sessions = most);
        }
        if self.never_again {
            let inventory = Arc::make_mut(&mut ready.inventory);
            inventory.hosts.iter_mut().for_each(|host| host.connect.retries = 0);
        }
        let script = FakeScript::from_json(&self.script.to_string()).expect("the script is right");
        let log = script.log();
        let memory = Memory { fails_after: self.fails_after, ..Memory::default() };
        let told = Arc::default();
        let witness = Witness { record: Arc::clone(&memory.events), told: Arc::clone(&told) };
        let (sender, interrupts) = tokio::sync::mpsc::channel(8);
        for (after, interrupt) in self.interrupts {
            let sender = sender.clone();
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                let _ = sender.send(interrupt).await;
            });
        }
        let (is_silent, answers) = (self.is_silent, self.answers.clone());
        let asker = (is_silent || answers.is_some()).then(|| {
            let (asker, mut asked) = tokio::sync::mpsc::channel::<exec::Question>(8);
            tokio::spawn(async move {
                let mut kept = Vec::new();
                let mut answers = answers.unwrap_or_default().into_iter();
                while let Some(question) = asked.recv().await {
                    tokio::time::sleep(self.answers_after).await;
                    let by = "user".to_owned();
                    match answers.next() {
                        Some(true) => drop(question.answer.send(exec::Answer::Yes { by })),
                        Some(false) => drop(question.answer.send(exec::Answer::No { by })),
                        None if is_silent => kept.push(question),
                        None => return,
                    }
                }
            });
            asker
        });
        let hosts = ready.inventory.hosts.iter().map(|host| host.name.clone()).collect();
        let tasks = ready.playbook.rounds.iter().map(|round| round.tasks.iter().map(|task| task.name.clone()).collect()).collect();
        let (playbook, plan) = (Arc::clone(&ready.playbook), Arc::clone(&ready.plan));
        let owed = self.owes.map(|(round, host, handler)| {
            let round = playbook.rounds.iter().position(|one| one.id == round).map(RoundIx::new).expect("a round");
            let handler = playbook.round(round).tasks.iter().position(|task| task.name == handler).map(TaskIx::new).expect("a handler");
            let host = ready.inventory.hosts.iter().position(|one| one.name == host).map(HostIx::new).expect("a host");
            exec::Owed { round, host, handler, run: "before".to_owned() }
        });
        let owed = owed.into_iter().collect();
        let carried = (!self.resumes.is_empty()).then(|| carried(&self.resumes, self.carry, &ready));
        let mut header = header(&ready, &format!("test{}", self.resumes.len()));
        header.resumes = carried.as_ref().map(|carried| carried.resumes.clone());
        let inputs = RunInputs {
            playbook: ready.playbook,
            inventory: ready.inventory,
            plan: ready.plan,
            engine: ready.engine,
            hub: Hub::fake(script),
            files: LocalFiles::default(),
            journal: Box::new(memory.clone()),
            sinks: vec![Box::new(witness)],
            redactor: Redactor::default(),
            header,
            controller: ControllerInfo::default(),
            clock: Box::new(self.clock),
            dry: None,
            approved: None,
            carried,
            owed,
            interrupts,
            asker,
        };
        let report = exec::run(inputs).await;
        let events = memory.events.lock().expect("nobody panicked").clone();
        let told = std::mem::take(&mut *told.lock().expect("nobody panicked"));
        Ran { report, events, told, log, playbook, plan, hosts, tasks }
    }
}

/// What a resumed run must know of the playbook of the one before.
fn header(ready: &app::Ready, run: &str) -> RunHeader {
    let place = roundsman::diag::Location { file: String::new(), line: 1, column: 1 };
    RunHeader {
        run: run.to_owned(),
        hosts: ready.inventory.hosts.iter().map(|host| HostEntry { name: host.name.clone(), address: String::new() }).collect(),
        rounds: ready.playbook.rounds.iter().map(|round| RoundEntry::of(round, |_| place.clone())).collect(),
        ..RunHeader::default()
    }
}

/// What is carried over, as `app` finds it from the record.
fn carried(runs: &[Vec<Event>], options: CarryOptions, ready: &app::Ready) -> Carried {
    let past: Vec<PastRun> = runs.iter().map(PastRun::of).collect();
    let mut carried = Carried::of(&past, &ready.playbook, &ready.inventory, options);
    for unknown in carried.unknown(&ready.playbook) {
        let run = past[unknown.from.run].header.as_ref().expect("a header").run.clone();
        let settled =
            Settled { run, step: unknown.from.step, attempt: unknown.from.attempt, end: SettledEnd::Again, by: "a test".to_owned() };
        carried.settle((unknown.step, unknown.from), &settled, &ready.playbook);
    }
    for wanted in carried.wanted(&ready.plan, &ready.playbook) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        for event in &runs[wanted.from.run] {
            if let RunEvent::StepOutput { step, attempt, stream, data, .. } = &event.kind
                && (*step, *attempt) == (wanted.from.step, wanted.from.attempt)
            {
                if *stream == Stream::Stdout { stdout.extend(data.bytes()) } else { stderr.extend(data.bytes()) }
            }
        }
        carried.fill(wanted, &stdout, &stderr);
    }
    carried.unchanged = true;
    assert_eq!(carried.without_results(&ready.plan, &ready.playbook), []);
    carried
}
