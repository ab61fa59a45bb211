//! Graphs as text, and what is said of circles.

use super::super::graph::EdgeKind;
use super::*;
use crate::model::{BlockItem, BlockIx, Group, Item, Need, Needs, RoundNeed, Section, Task, TaskRead};
use crate::plan::testing::{Maker, playbook, tasks_before};

/// Every edge of the tasks of a round: `a -order-> b`.
fn edges(playbook: &Playbook, plan: &Plan) -> Vec<String> {
    let round = playbook.round(RoundIx(0));
    let name = |task: TaskIx| round.tasks[task.index()].name.as_str();
    let tasks = (0..round.tasks.len()).map(TaskIx::new);
    tasks
        .flat_map(|task| {
            let waits = plan.task_waits(RoundIx(0), task).into_iter();
            waits.map(move |wait| format!("{} -{:?}-> {}", name(wait.task), wait.edge.kind, name(task)).to_lowercase())
        })
        .collect()
}

fn tasks(maker: &mut Maker, names: &[&str]) -> Vec<Task> {
    names.iter().map(|name| maker.run(name, "true")).collect()
}

fn read(maker: &Maker, round: u32, task: u32, word: &str) -> TaskRead {
    TaskRead { round: RoundIx(round), task: TaskIx(task), other_hosts: false, span: maker.span(word, 0) }
}

fn these(maker: &Maker, tasks: &[u32], word: &str) -> Needs {
    Needs::These(tasks.iter().map(|task| Need { tasks: vec![TaskIx(*task)], span: maker.span(word, 0) }).collect())
}

fn refused(maker: &Maker, rounds: Vec<Round>) -> String {
    let mut diagnostics = Diagnostics::default();
    assert!(build(&playbook(rounds), &mut diagnostics).is_none());
    diagnostics.to_text(&maker.map)
}

#[test]
fn a_list_is_a_chain_and_groups_fan_out() {
    let mut maker = Maker::new("aa bb cc dd ee ff");
    let mut round = maker.round("r", &[0], Vec::new());
    round.tasks = tasks(&mut maker, &["aa", "bb", "cc", "dd", "ee", "ff"]);
    let group = Group {
        id: None,
        span: maker.span("bb", 0),
        needs: Needs::Above,
        members: vec![
            Item::Task(TaskIx(1), Needs::Above),
            Item::Task(TaskIx(2), Needs::Above),
            Item::Task(TaskIx(3), these(&maker, &[1], "bb")),
        ],
    };
    round.items = vec![
        Item::Task(TaskIx(0), Needs::Above),
        Item::Parallel(group),
        Item::Task(TaskIx(4), Needs::Above),
        Item::Task(TaskIx(5), Needs::These(Vec::new())),
    ];
    let playbook = playbook(vec![round]);
    let plan = build(&playbook, &mut Diagnostics::default()).unwrap();
    assert_eq!(
        edges(&playbook, &plan),
        ["aa -order-> bb", "aa -order-> cc", "bb -needs-> dd", "cc -order-> ee", "dd -order-> ee"],
        "only the last of what is above has an edge"
    );
    assert_eq!(plan.tasks_in_order(RoundIx(0)), [0, 1, 2, 3, 4, 5].map(TaskIx));
    assert_eq!(tasks_before(&plan, RoundIx(0), TaskIx(4)), [0, 1, 2, 3].map(TaskIx));
}

#[test]
fn long_lists_have_few_edges() {
    let mut maker = Maker::new("");
    let names: Vec<String> = (0..300).map(|index| format!("t{index}")).collect();
    let list = names.iter().map(|name| maker.run(name, "true")).collect();
    let plan = build(&playbook(vec![maker.round("r", &[0], list)]), &mut Diagnostics::default()).unwrap();
    assert_eq!(plan.graph().edge_count(), 299);
    assert_eq!(tasks_before(&plan, RoundIx(0), TaskIx(200)), (0..200).map(TaskIx).collect::<Vec<_>>());
}

#[test]
fn reads_add_edges() {
    let mut maker = Maker::new("aa bb tasks.aa");
    let mut list = tasks(&mut maker, &["aa", "bb"]);
    list[1].reads = vec![read(&maker, 0, 0, "tasks.aa"), read(&maker, 0, 0, "aa")];
    let mut round = maker.round("r", &[0], list);
    round.items = (0..2).map(|task| Item::Task(TaskIx(task), Needs::These(Vec::new()))).collect();
    let playbook = playbook(vec![round]);
    let plan = build(&playbook, &mut Diagnostics::default()).unwrap();
    assert_eq!(edges(&playbook, &plan), ["aa -data-> bb"]);
    let place = plan.task_waits(RoundIx(0), TaskIx(1))[0].edge.place;
    assert_eq!(place, Some(maker.span("tasks.aa", 0)), "the first read is the reason");
}

#[test]
fn rounds_wait_for_what_they_read() {
    let mut maker = Maker::new("one two three rounds.one");
    let mut list = tasks(&mut maker, &["t"]);
    list[0].reads = vec![read(&maker, 0, 0, "rounds.one")];
    let first = tasks(&mut maker, &["s"]);
    let mut rounds = vec![maker.round("one", &[0], first), maker.round("two", &[0], Vec::new()), maker.round("three", &[0], list)];
    rounds[1].needs.above = 1;
    rounds[2].needs.above = 2;
    let plan = build(&playbook(rounds), &mut Diagnostics::default()).unwrap();
    assert_eq!(plan.round_needs(RoundIx(2)).collect::<Vec<_>>(), [RoundIx(0), RoundIx(1)]);
    let waits: Vec<_> = plan.round_waits(RoundIx(2)).iter().map(|wait| (wait.round.0, wait.edge.kind)).collect();
    assert_eq!(waits, [(0, EdgeKind::Data), (1, EdgeKind::Order)]);
    assert_eq!(plan.rounds_before(RoundIx(2)).collect::<Vec<_>>(), [RoundIx(0), RoundIx(1)]);
    assert!(plan.is_read(RoundIx(0), TaskIx(0)) && !plan.is_read(RoundIx(2), TaskIx(0)));
}

#[test]
fn rounds_wait_for_all_above_by_the_last_of_them() {
    let maker = Maker::new("one two three four five");
    let mut rounds = ["one", "two", "three", "four", "five"].map(|id| maker.round(id, &[0], Vec::new()));
    let need = |round, word| RoundNeed { round: RoundIx(round), span: maker.span(word, 0) };
    rounds[1].needs.add(need(0, "one"));
    rounds[2].needs.above = 2;
    rounds[4].needs.above = 4;
    let plan = build(&playbook(rounds.to_vec()), &mut Diagnostics::default()).unwrap();
    let of = |round| plan.round_waits(RoundIx(round)).iter().map(|wait| (wait.round.0, wait.edge.kind)).collect::<Vec<_>>();
    let order = |round| (round, EdgeKind::Order);
    assert_eq!([1, 2, 3, 4].map(of), [vec![(0, EdgeKind::Needs)], vec![order(1)], vec![], vec![order(2), order(3)]]);
    assert_eq!(plan.round_needs(RoundIx(4)).collect::<Vec<_>>(), [0, 1, 2, 3].map(RoundIx));
    assert_eq!(plan.rounds_before(RoundIx(4)).collect::<Vec<_>>(), [0, 1, 2, 3].map(RoundIx));
    rounds[0].needs.add(need(2, "three"));
    let told = refused(&maker, rounds.to_vec());
    assert!(told.contains("circle: `one` for `three`, `three` for `one`\n"), "no detour by `two`: {told}");
}

#[test]
fn a_read_of_what_comes_later_shows_both_places() {
    let mut maker = Maker::new("- first: tasks.third\n- second: true\n- third: true\n");
    let mut list = tasks(&mut maker, &["first", "second", "third"]);
    list[0].reads = vec![read(&maker, 0, 2, "tasks.third")];
    insta::assert_snapshot!(refused(&maker, vec![maker.round("r", &[0], list)]));
}

#[test]
fn a_circle_names_every_edge() {
    let mut maker = Maker::new("- aa: needs [cc]\n- bb: needs [aa1]\n- cc: tasks.bb\n");
    let mut list = tasks(&mut maker, &["aa", "bb", "cc"]);
    list[2].reads = vec![read(&maker, 0, 1, "tasks.bb")];
    let mut round = maker.round("r", &[0], list);
    round.items = vec![
        Item::Task(TaskIx(0), these(&maker, &[2], "[cc]")),
        Item::Task(TaskIx(1), these(&maker, &[0], "[aa1]")),
        Item::Task(TaskIx(2), Needs::These(Vec::new())),
    ];
    insta::assert_snapshot!(refused(&maker, vec![round]));
}

#[test]
fn a_circle_of_rounds_and_a_read_of_itself() {
    let mut maker = Maker::new("- one: rounds.two.tasks.t\n- two: x\n- self: tasks.self\n");
    let mut list = tasks(&mut maker, &["s", "self"]);
    list[0].reads = vec![read(&maker, 1, 0, "rounds.two")];
    list[1].reads = vec![read(&maker, 0, 1, "tasks.self")];
    let second = tasks(&mut maker, &["t"]);
    let mut rounds = vec![maker.round("one", &[0], list), maker.round("two", &[0], second)];
    rounds[1].needs.above = 1;
    insta::assert_snapshot!(refused(&maker, rounds));
}

#[test]
fn a_condition_of_a_round_is_a_read() {
    let mut maker = Maker::new("one two rounds.one.tasks.s.rc == 0");
    let first = tasks(&mut maker, &["s"]);
    let mut rounds = vec![maker.round("two", &[0], Vec::new()), maker.round("one", &[0], first)];
    rounds[0].when = Some(maker.template("rounds.one.tasks.s.rc == 0", crate::model::Context::Expression));
    let plan = build(&playbook(rounds), &mut Diagnostics::default()).unwrap();
    assert_eq!(plan.round_needs(RoundIx(0)).collect::<Vec<_>>(), [RoundIx(1)]);
    assert_eq!(plan.rounds_in_order(), [RoundIx(1), RoundIx(0)]);
    assert!(plan.is_read(RoundIx(1), TaskIx(0)));
}

/// `above`, then block `bl` of `tt` with `rescue` `rr` (reads the task), then `below`; nothing at all where `None`.
fn with_block(maker: &mut Maker) -> Round {
    let mut round = maker.round("r", &[0], Vec::new());
    round.tasks = tasks(maker, &["above", "tt", "rr", "below"]);
    let block = maker.block(&mut round, "bl");
    let list = |task: u32| vec![Item::Task(TaskIx(task), Needs::Above)];
    let item = BlockItem { block, needs: Needs::Above, body: list(1), rescue: list(2), always: Vec::new() };
    round.items = [list(0), vec![Item::Block(item)], list(3)].concat();
    round
}

#[test]
fn a_task_in_a_block_that_reads_what_stands_below_the_block() {
    let mut maker = Maker::new("- above\n- bl:\n  - tt: tasks.below\n  - rr\n- below\n");
    let mut round = with_block(&mut maker);
    round.tasks[1].reads = vec![read(&maker, 0, 3, "tasks.below")];
    insta::assert_snapshot!(refused(&maker, vec![round]));
}

#[test]
fn a_block_whose_condition_reads_what_runs_inside_it() {
    let mut maker = Maker::new("- above\n- bl: tasks.tt\n  - tt\n  - rr\n- below\n");
    let mut round = with_block(&mut maker);
    round.blocks[0].reads = vec![read(&maker, 0, 1, "tasks.tt")];
    insta::assert_snapshot!(refused(&maker, vec![round]));
}

#[test]
fn a_task_that_needs_the_block_around_it() {
    let mut maker = Maker::new("- above\n- bl:\n  - tt: needs [bl]\n  - rr\n- below\n");
    let mut round = with_block(&mut maker);
    let exit = round.node(Gate::Exit(BlockIx(0)));
    if let Item::Block(block) = &mut round.items[1] {
        block.body = vec![Item::Task(TaskIx(1), these(&maker, &[exit.0], "[bl]"))];
    }
    insta::assert_snapshot!(refused(&maker, vec![round]));
}

#[test]
fn a_task_that_reads_the_rescue_of_its_own_block() {
    let mut maker = Maker::new("- above\n- bl:\n  - tt: tasks.rr\n  - rr\n- below\n");
    let mut round = with_block(&mut maker);
    round.tasks[1].reads = vec![read(&maker, 0, 2, "tasks.rr")];
    insta::assert_snapshot!(refused(&maker, vec![round]));
}

#[test]
fn a_task_that_reads_a_handler() {
    let mut maker = Maker::new("- above: tasks.hh\nhandlers:\n- hh\n");
    let mut list = tasks(&mut maker, &["above", "hh"]);
    list[0].reads = vec![read(&maker, 0, 1, "tasks.hh")];
    list[1].flow.home.section = Section::Handlers;
    let mut round = maker.round("r", &[0], list);
    round.items.truncate(1);
    round.handlers = vec![TaskIx(1)];
    insta::assert_snapshot!(refused(&maker, vec![round]));
}
