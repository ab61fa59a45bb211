//! What would run where, in which order and why.
//!
//! [`build`] makes the static [`Plan`], a graph of rounds and tasks whose edges say why they exist; [`Queue`] counts
//! on it during a run; a [`World`] gives each step the scope that its templates see, with real results or with
//! pending ones; [`prepare`] renders everything of one step into plain data, [`preview`] the same for people; [`items`]
//! is what an `each` goes through, [`batches`] what a round's hosts are split into; [`view`] is the whole plan as data
//! (its JSON form), [`plan_text`] as text, [`dot()`] and [`mermaid()`] as graphs for other programs, [`page()`] as a page for browsers; [`examine`]
//! only looks for mistakes; [`expected`] is how long it may take.
//!
//! Pure and synchronous: no clock, no files, no connection. The same inputs give the same plan, byte for byte.

mod alike;
mod answered;
mod batches;
mod before;
mod build;
mod carried;
mod chosen;
mod circle;
mod classes;
mod compare;
mod critical;
mod dot;
mod drawing;
mod facts;
mod fields;
mod foreseen;
mod graph;
mod inputs;
mod item;
mod links;
mod masked;
mod mermaid;
mod nodes;
mod page;
mod passes;
mod prepare;
mod prepared;
mod queue;
mod radius;
mod results;
mod roots;
mod saved;
mod saved_schema;
mod scope;
mod secrets;
mod sight;
#[cfg(test)]
mod testing;
mod text;
mod view;
mod viewer;
mod what;
mod world;

pub use batches::batches;
pub use before::StepOrder;
pub use build::build;
pub use carried::{
    AfterCleanup, Carried, CarriedDurable, CarriedEnd, CarriedOpen, CarriedTurn, CarryOptions, Lost, PendingHandlers, Remaining,
    RemainingRound, RemainingTask, Source, UnknownStep, Wanted,
};
pub use compare::{Changed, compare};
pub use critical::{Expected, Known, KnownTask, PathStep, RoundTime, expected};
pub use dot::dot;
pub use foreseen::{Answers, ForecastView, LeftOutView, ProbedView, add_answers};
pub use graph::{Edge, EdgeKind, Node, Plan, RoundWait, TaskWait, Wait};
pub use item::{item_label, items};
pub use mermaid::mermaid;
pub use page::page;
pub use prepare::{holds, judge, prepare, preview, until};
pub use prepared::{
    AssertCheck, Body, CopySource, Prepared, PreparedAwaited, PreparedBecome, PreparedCommand, PreparedGuard, command_line,
};
pub use queue::{Effects, Queue};
pub use results::{ErrorView, ItemResult, ItemView, NothingYet, ResultSource, StepResult, StepView};
pub use saved::{SAVED_FORMAT, SavedHost, SavedInput, SavedPlan};
pub use saved_schema::plan_schema;
pub use scope::Local;
pub use text::{Paint, Role, plan_text, plan_text_with_diffs, unpainted};
pub use view::{
    BatchView, BlockSteps, BlockView, BlockWhat, ChangesView, Counts, FORMAT, HomeView, ItemWhat, PlanView, RepeatView, RoundView,
    StepsView, TaskView, UserView, WaitView, Waited, What,
};
pub use viewer::{examine, view};
pub use world::{ControllerInfo, RunInfo, World};
