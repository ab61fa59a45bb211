//! The loop that owns a run.
//!
//! One `select!` hears what hosts say, what the record has taken, and who wants to stop. Whatever it decides becomes
//! events; what follows from an event is done only when the record has it ([`Effect`]). At the end of each turn the
//! hosts that something changed for are looked at again ([`Dispatcher::advance`]), and the events of the turn leave
//! together.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexSet;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::advance::{Needs, UnitId};
use super::approve::Approvals;
use super::ask::{Answer, Question};
use super::durable::Durables;
use super::host_lock::HostLock;
use super::local_files::LocalFiles;
use super::look::Look;
use super::recorder::Recorder;
use super::restrain::Held;
use super::results::Results;
use super::resumed::{Owed, Resumed};
use super::seats::Seats;
use super::settle::Cut;
use super::shape::Shape;
use super::state::{Asking, BlockRun, Effect, HandlerRun, HostState, JobState, Phase, Repeat, RoundPhase, RoundState};
use super::timers::Timers;
use super::worker::{FromWorker, JobId, ToWorker};
use super::{Interrupt, RunInputs, RunReport};
use crate::event::{Outcome, RunEvent};
use crate::model::{BlockIx, HostIx, Inventory, Playbook, RoundIx, StepId};
use crate::plan::{Plan, Queue, ResultSource, RunInfo, World};
use crate::template::Engine;
use crate::transport::Hub;

/// How many words of hosts are taken in before the record and the hosts are served again.
const TURN: usize = 256;
/// How often output in the making is let go and the screen redrawn.
const TICK: Duration = Duration::from_millis(200);
/// What a run is made from and never changes.
pub(super) struct Fixed {
    pub(super) playbook: Arc<Playbook>,
    pub(super) inventory: Arc<Inventory>,
    pub(super) plan: Arc<Plan>,
    pub(super) engine: Arc<Engine>,
    pub(super) hub: Hub,
    pub(super) world: Arc<World>,
    /// The lock on hosts, where they are locked.
    pub(super) lock: Option<Arc<HostLock>>,
}

/// The owner of a run's state.
pub(super) struct Dispatcher {
    pub(super) fixed: Fixed,
    pub(super) queue: Queue,
    pub(super) recorder: Recorder<Effect>,
    pub(super) hosts: Vec<HostState>,
    pub(super) rounds: Vec<RoundState>,
    pub(super) phases: HashMap<StepId, Phase>,
    pub(super) jobs: HashMap<JobId, JobState>,
    pub(super) ready_jobs: HashMap<JobId, super::worker::Job>,
    pub(super) results: Arc<Results>,
    pub(super) dirty: IndexSet<(RoundIx, HostIx)>,
    pub(super) next_job: JobId,
    /// Units that are to run on several hosts, with those that are left.
    pub(super) under_way: HashMap<(StepId, Option<usize>), VecDeque<HostIx>>,
    pub(super) seats: Seats,
    pub(super) shape: Shape,
    pub(super) timers: Timers,
    pub(super) asker: Option<mpsc::Sender<Question>>,
    pub(super) answers: mpsc::UnboundedSender<(Asking, Answer)>,
    /// Questions that have no answer yet.
    pub(super) asked: Vec<Asking>,
    /// Steps that repeat themselves.
    pub(super) repeats: HashMap<StepId, Repeat>,
    /// Blocks that were entered.
    pub(super) blocks: HashMap<(RoundIx, BlockIx, HostIx), BlockRun>,
    /// How often steps were executed.
    pub(super) executions: HashMap<StepId, u32>,
    /// What became of steps in blocks that may run them again, and whether they were executed in any pass.
    pub(super) passes: HashMap<StepId, (Outcome, bool)>,
    /// Hosts on which something of a round was executed.
    pub(super) begun: HashSet<(RoundIx, HostIx)>,
    /// Handlers that are pending, by their place in the round's list.
    pub(super) notified: HashMap<(RoundIx, HostIx), BTreeSet<usize>>,
    pub(super) handler_runs: HashMap<(RoundIx, HostIx), HandlerRun>,
    /// Units whose execution was cut short with a session, and that run again.
    pub(super) cut: HashMap<UnitId, Cut>,
    pub(super) held: Held,
    /// What hosts keep of durable tasks.
    pub(super) durables: Durables,
    /// Files to send, as far as they were looked at.
    pub(super) local_files: LocalFiles,
    /// In a dry run: what it found out.
    pub(super) look: Option<Look>,
    /// What a saved plan allows.
    pub(super) approved: Option<Approvals>,
    /// What is carried over from the run that this one resumes.
    pub(super) resumed: Option<Resumed>,
    /// What earlier runs left pending, and has not had its turn.
    pub(super) owed: Vec<Owed>,
    /// Sections of facts that are known of hosts.
    pub(super) gathered: HashSet<(HostIx, String)>,
    /// Why no further batch or round starts.
    pub(super) stopped: Option<String>,
    /// How often the run was asked to stop.
    pub(super) stage: u8,
    pub(super) signal: Option<Interrupt>,
    pub(super) any_failed: bool,
    pub(super) any_unreachable: bool,
    pub(super) said: mpsc::Sender<FromWorker>,
    pub(super) workers: JoinSet<()>,
    /// Those who wait for an answer; a run that ends waits for none.
    pub(super) questions: JoinSet<()>,
    pub(super) started: Instant,
}

/// Runs a plan to its end.
pub(super) async fn dispatch(inputs: RunInputs) -> RunReport {
    let RunInputs {
        playbook,
        inventory,
        plan,
        engine,
        hub,
        files,
        journal,
        sinks,
        redactor,
        mut header,
        controller,
        clock,
        interrupts,
        asker,
        dry,
        approved,
        carried,
        owed,
    } = inputs;
    let (recorder, commits) = Recorder::new(journal, sinks, redactor, clock);
    let (said, heard) = mpsc::channel(1024);
    let (answers, answered) = mpsc::unbounded_channel();
    let hub = hub.for_run(&header.run);
    let seats = Seats::new(&playbook, &inventory);
    let results = Arc::new(Results::new(Arc::clone(&inventory)));
    header.started = super::judge::rfc3339(recorder.now()).unwrap_or_default();
    // What a run gave its name to is called so by those that go on with it.
    let (id, started) = match &header.resumes {
        Some(resumes) => (resumes.first.clone(), resumes.started.clone()),
        None => (header.run.clone(), header.started.clone()),
    };
    let run = RunInfo { id: Some(id), started: Some(started), user: header.user.clone() };
    let source: Arc<dyn ResultSource> = Arc::clone(&results) as _;
    let world = World::new(Arc::clone(&playbook), Arc::clone(&inventory), &plan, source, run, controller);
    let before = carried.as_ref().map(|carried| carried.runs.clone()).unwrap_or_default();
    let lock = HostLock::of(&playbook, &header, dry.is_some(), before);
    let mut dispatcher = Dispatcher {
        queue: Queue::new(&plan),
        recorder,
        hosts: (0..seats.count()).map(|_| HostState::default()).collect(),
        shape: Shape::new(&playbook),
        rounds: playbook.rounds.iter().map(|_| RoundState::default()).collect(),
        phases: HashMap::new(),
        jobs: HashMap::new(),
        ready_jobs: HashMap::new(),
        results,
        dirty: IndexSet::new(),
        next_job: 0,
        under_way: HashMap::new(),
        seats,
        timers: Timers::default(),
        asker,
        answers,
        asked: Vec::new(),
        repeats: HashMap::new(),
        blocks: HashMap::new(),
        executions: HashMap::new(),
        passes: HashMap::new(),
        begun: HashSet::new(),
        notified: HashMap::new(),
        handler_runs: HashMap::new(),
        cut: carried.as_ref().map(Resumed::cut).unwrap_or_default(),
        held: Held::default(),
        durables: Durables::new(header.run.clone()),
        local_files: files,
        look: dry.map(|dry| Look::new(dry, &plan, &playbook)),
        approved,
        owed: carried.as_ref().map_or(owed, |carried| Owed::of(carried, &playbook)),
        resumed: carried.map(Resumed::new),
        gathered: HashSet::new(),
        stopped: None,
        stage: 0,
        signal: None,
        any_failed: false,
        any_unreachable: false,
        said,
        workers: JoinSet::new(),
        questions: JoinSet::new(),
        started: Instant::now(),
        fixed: Fixed { playbook, inventory, plan, engine, hub, world, lock },
    };
    dispatcher.recorder.emit(RunEvent::RunStarted(Box::new(header)));
    dispatcher.recorder.then(Effect::Begin);
    dispatcher.recorder.flush();
    dispatcher.turn(heard, commits, interrupts, answered).await
}

impl Dispatcher {
    async fn turn(
        mut self,
        mut heard: mpsc::Receiver<FromWorker>,
        mut commits: mpsc::UnboundedReceiver<super::recorder::Commit>,
        mut interrupts: mpsc::Receiver<Interrupt>,
        mut answered: mpsc::UnboundedReceiver<(Asking, Answer)>,
    ) -> RunReport {
        let mut words = Vec::with_capacity(TURN);
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut deaf = false;
        while !self.is_over() {
            let due = self.timers.due();
            let alarm = async move {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                Some(commit) = commits.recv() => {
                    self.commit(commit);
                    while let Ok(commit) = commits.try_recv() {
                        self.commit(commit);
                    }
                }
                interrupt = interrupts.recv(), if !deaf => match interrupt {
                    Some(interrupt) => {
                        if self.interrupt(interrupt) {
                            break;
                        }
                    }
                    None => deaf = true,
                },
                // Before the hosts, who may have more to say than there is time between two ticks.
                _ = tick.tick() => {
                    self.let_output_go();
                    self.spread();
                    self.tidy_up();
                    self.recorder.tick();
                }
                () = alarm => {
                    for wake in self.timers.take(Instant::now()) {
                        self.wake(wake);
                    }
                }
                Some((asking, answer)) = answered.recv() => self.answered(&asking, answer),
                _ = heard.recv_many(&mut words, TURN), if !self.recorder.is_behind() => {
                    for (seat, said) in words.drain(..) {
                        self.hear(seat, said);
                    }
                }
            }
            self.advance_dirty();
            self.recorder.flush();
        }
        // A worker that has something to say that nobody waits for must not wait to say it.
        drop(heard);
        self.leave(&mut commits).await
    }

    fn is_over(&self) -> bool {
        self.rounds.iter().all(|round| round.phase == RoundPhase::Ended)
            && self.jobs.is_empty()
            && self.durables.are_tidy()
            && self.recorder.is_idle()
    }

    fn commit(&mut self, commit: super::recorder::Commit) {
        let was_well = self.recorder.failure().is_none();
        let effects = self.recorder.committed(commit);
        if was_well && let Some(failure) = self.recorder.failure() {
            tracing::error!(%failure, "nothing new is started");
            self.stop_what_waits();
            self.take_back();
        }
        for effect in effects {
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Begin => {
                for round in self.queue.first_rounds() {
                    self.start_round(round);
                }
            }
            Effect::Send(jobs) => self.send(jobs),
            Effect::Finished(step, outcome, result) => self.finished(step, &outcome, result),
            Effect::Later(after, wake) => self.timers.add(Instant::now() + after, wake),
            Effect::Ask(asking) => self.ask(asking),
            Effect::RoundOver(round) => {
                for next in self.queue.finish_round(round) {
                    self.start_round(next);
                }
            }
        }
    }

    fn send(&mut self, ids: Vec<JobId>) {
        for id in ids {
            let (Some(job), Some(work)) = (self.jobs.get(&id), self.ready_jobs.remove(&id)) else { continue };
            let (step, seat, slot) = (job.step, job.seat, job.slot);
            if job.orphan {
                self.forget(id);
                continue;
            }
            // Between the decision and the record's word a need may have failed.
            let behind = match self.needs(step, 0) {
                Needs::Met => Some(Vec::new()),
                Needs::Ahead(place) if place == (seat, slot) => Some(self.flying_before(step)),
                Needs::Ahead(_) | Needs::Open => None,
            };
            let Some(behind) = behind.filter(|_| !self.stops(step)) else {
                self.returned(id);
                continue;
            };
            // Whatever stopped its slot, this comes after it.
            if let Some(job) = self.jobs.get_mut(&id) {
                job.recalled = false;
            }
            let user = self.hosts[seat.index()].slots[slot].user.clone();
            let told = self.worker(seat).send(ToWorker::Run { slot, user, job: work, behind });
            debug_assert!(told.is_ok(), "a worker lives as long as its sender");
        }
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
