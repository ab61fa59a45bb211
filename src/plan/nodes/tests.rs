//! What each node of a round waits for, as text.

use crate::diag::Diagnostics;
use crate::model::*;
use crate::plan::testing::{Maker, playbook, tasks_before};
use crate::plan::{EdgeKind, Plan, Wait, build};

const R: RoundIx = RoundIx(0);

/// Every node with what it waits for: `b <- enter bl, ~a` (`~`: it need only be over).
fn waits(round: Round) -> String {
    let round_of = round.clone();
    let plan = planned(round);
    let lines = plan.nodes_in_order(R).iter().map(|node| {
        let list = plan.node_waits(R, *node).iter();
        let list: Vec<String> =
            list.map(|(need, wait)| format!("{}{}", if *wait == Wait::Over { "~" } else { "" }, name(&round_of, *need))).collect();
        format!("{} <- {}", name(&round_of, *node), list.join(", ")).trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn planned(round: Round) -> Plan {
    build(&playbook(vec![round]), &mut Diagnostics::default()).unwrap()
}

fn name(round: &Round, node: TaskIx) -> String {
    let block = |block: BlockIx| round.blocks[block.index()].name.clone();
    match round.gate(node) {
        None => round.tasks[node.index()].name.clone(),
        Some(Gate::Enter(at)) => format!("enter {}", block(at)),
        Some(Gate::Rescue(at)) => format!("rescue {}", block(at)),
        Some(Gate::Always(at)) => format!("always {}", block(at)),
        Some(Gate::Exit(at)) => format!("exit {}", block(at)),
        Some(Gate::Handlers) => "handlers".to_owned(),
        Some(Gate::Finally) => "finally".to_owned(),
    }
}

fn above(task: u32) -> Item {
    Item::Task(TaskIx(task), Needs::Above)
}

fn these(maker: &Maker, task: u32, needs: &[TaskIx]) -> Item {
    let needs = needs.iter().map(|need| Need { tasks: vec![*need], span: maker.span("", 0) }).collect();
    Item::Task(TaskIx(task), Needs::These(needs))
}

fn round(maker: &mut Maker, names: &[&str]) -> Round {
    let tasks = names.iter().map(|name| maker.run(name, "true")).collect();
    maker.round("r", &[0], tasks)
}

fn read(maker: &Maker, task: u32) -> TaskRead {
    TaskRead { round: R, task: TaskIx(task), other_hosts: false, span: maker.span("", 0) }
}

#[test]
fn a_block_has_gates() {
    let mut maker = Maker::new("");
    let mut round = round(&mut maker, &["a", "b", "c", "x", "y", "w", "d"]);
    let block = maker.block(&mut round, "bl");
    round.items = vec![
        above(0),
        Item::Block(BlockItem {
            block,
            needs: Needs::Above,
            body: vec![above(1), above(2)],
            rescue: vec![above(3), these(&maker, 4, &[])],
            always: vec![above(5)],
        }),
        above(6),
    ];
    assert_eq!(
        waits(round),
        "a <-
enter bl <- a
b <- enter bl
c <- b
rescue bl <- ~b, ~c, enter bl
x <- rescue bl
y <- rescue bl
always bl <- ~b, ~c, ~x, ~y, enter bl, ~rescue bl
w <- always bl
exit bl <- ~b, ~c, ~x, ~y, ~w, enter bl, ~rescue bl, ~always bl
d <- exit bl"
    );
}

#[test]
fn from_outside_a_block_is_its_exit() {
    let mut maker = Maker::new("");
    // outer { a, inner { b }, c reads b }, d reads b, e beside all.
    let mut round = round(&mut maker, &["a", "b", "c", "d", "e"]);
    let outer = maker.block(&mut round, "outer");
    let inner = maker.block(&mut round, "inner");
    let item = |block, body| Item::Block(BlockItem { block, needs: Needs::Above, body, rescue: Vec::new(), always: Vec::new() });
    round.tasks[2].reads = vec![read(&maker, 1)];
    round.tasks[3].reads = vec![read(&maker, 1)];
    round.items = vec![
        item(outer, vec![above(0), item(inner, vec![above(1)]), these(&maker, 2, &[])]),
        these(&maker, 3, &[]),
        these(&maker, 4, &[TaskIx(0)]),
    ];
    let plan = planned(round.clone());
    let data = |task: u32| {
        let waits = plan.task_waits(R, TaskIx(task)).into_iter().filter(|wait| wait.edge.kind.is_named());
        waits.map(|wait| format!("{} {:?} {:?}", name(&round, wait.task), wait.edge.kind, wait.edge.wait)).collect::<Vec<_>>()
    };
    assert_eq!(data(2), ["exit inner Data Good"]);
    assert_eq!(data(3), ["exit outer Data Good"]);
    assert_eq!(data(4), ["exit outer Needs Good"]);
    assert!(plan.is_read(R, TaskIx(1)) && !plan.is_read(R, TaskIx(0)));
    assert_eq!(tasks_before(&plan, R, TaskIx(3)), [0, 1, 2].map(TaskIx));
    let at = |node| plan.nodes_in_order(R).iter().position(|other| *other == node).unwrap();
    assert!(at(round.node(Gate::Exit(inner))) < at(round.node(Gate::Exit(outer))));
}

#[test]
fn rescue_and_always_read_what_failed() {
    let mut maker = Maker::new("");
    let mut round = round(&mut maker, &["b", "x", "w"]);
    let block = maker.block(&mut round, "bl");
    let nested = maker.block(&mut round, "nested");
    round.tasks[1].reads = vec![read(&maker, 0)];
    round.tasks[2].reads = vec![read(&maker, 0)];
    let within = BlockItem { block: nested, needs: Needs::Above, body: vec![above(0)], rescue: Vec::new(), always: Vec::new() };
    round.items = vec![Item::Block(BlockItem {
        block,
        needs: Needs::Above,
        body: vec![Item::Block(within)],
        rescue: vec![above(1)],
        always: vec![above(2)],
    })];
    let plan = planned(round.clone());
    let exit = round.node(Gate::Exit(nested));
    for (task, gate) in [(1, Gate::Rescue(block)), (2, Gate::Always(block))] {
        assert_eq!(plan.node_waits(R, TaskIx(task)), [(round.node(gate), Wait::Good), (exit, Wait::Over)]);
    }
}

#[test]
fn handlers_are_let_go_by_hand_and_finally_comes_last() {
    let mut maker = Maker::new("");
    let mut round = round(&mut maker, &["a", "b", "h", "f", "g"]);
    round.items = vec![above(0), above(1)];
    round.handlers = vec![TaskIx(2)];
    round.finally = vec![above(3), above(4)];
    round.tasks[0].flow.notify = vec![Notify { handler: TaskIx(2), span: maker.span("", 0) }];
    // What failed is read too: nothing of `tasks` need have ended well.
    round.tasks[2].reads = vec![read(&maker, 0)];
    round.tasks[4].reads = vec![read(&maker, 0), read(&maker, 2)];
    assert_eq!(
        waits(round.clone()),
        "a <-
b <- a
handlers <- ~a, ~b
h <-
finally <- ~h, ~handlers
f <- finally
g <- ~a, ~h, f"
    );
    let plan = planned(round);
    let kinds: Vec<EdgeKind> = plan.task_waits(R, TaskIx(2)).iter().map(|wait| wait.edge.kind).collect();
    assert_eq!(kinds, [EdgeKind::Data, EdgeKind::Notify, EdgeKind::Handlers], "the reasons are there for people");
    assert_eq!(tasks_before(&plan, R, TaskIx(2)), [0, 1].map(TaskIx));
}

#[test]
fn a_group_with_a_block_in_it() {
    let mut maker = Maker::new("");
    let mut round = round(&mut maker, &["a", "b", "c", "d"]);
    let block = maker.block(&mut round, "bl");
    let item = BlockItem { block, needs: Needs::Above, body: vec![above(1)], rescue: Vec::new(), always: Vec::new() };
    let group = Group { id: None, span: maker.span("", 0), needs: Needs::Above, members: vec![Item::Block(item), above(2)] };
    round.items = vec![above(0), Item::Parallel(group), above(3)];
    let text = waits(round);
    for line in ["enter bl <- a", "c <- a", "d <- c, exit bl"] {
        assert!(text.lines().any(|other| other == line), "{line} in\n{text}");
    }
}

#[test]
fn what_an_action_reads_of_itself_and_of_its_caller() {
    let mut maker = Maker::new("");
    let mut round = round(&mut maker, &["a", "inside"]);
    let block = maker.block(&mut round, "app");
    round.blocks[0].frame = Some(FrameIx(1));
    // An input reads the first, an output the second.
    round.blocks[0].reads = vec![read(&maker, 0), read(&maker, 1)];
    let item = BlockItem { block, needs: Needs::These(Vec::new()), body: vec![above(1)], rescue: Vec::new(), always: Vec::new() };
    round.items = vec![above(0), Item::Block(item)];
    let plan = planned(round.clone());
    assert_eq!(plan.node_waits(R, round.node(Gate::Enter(block))), [(TaskIx(0), Wait::Good)]);
    assert!(plan.is_read(R, TaskIx(0)) && plan.is_read(R, TaskIx(1)));
}

mod any;
