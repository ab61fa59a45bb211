//! What a round may change, from real views.

use std::sync::Arc;

use crate::diag::Diagnostics;
use crate::model::{Become, BecomeMethod, Context, Each, EachItems, HostIx, Judge, OnHost, Task, VarValue};
use crate::plan::testing::{Maker, inventory, playbook};
use crate::plan::view::{ChangesView, UserView};
use crate::plan::{ControllerInfo, NothingYet, RunInfo, World, build};

/// What a round of these tasks on h0 to h3 may change, and how much the whole plan says.
fn changes(maker: Maker, tasks: Vec<Task>) -> (Option<ChangesView>, usize) {
    let playbook = playbook(vec![maker.round("all", &[0, 1, 2, 3], tasks)]);
    let mut diagnostics = Diagnostics::default();
    let plan = build(&playbook, &mut diagnostics).unwrap();
    let hosts = Arc::new(inventory(6));
    let world = World::new(Arc::new(playbook), hosts, &plan, Arc::new(NothingYet), RunInfo::default(), ControllerInfo::default());
    let view = crate::plan::view(&plan, &world, &maker.engine, &maker.map, &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.to_text(&maker.map));
    (view.rounds[0].changes.clone(), view.counts.may_change)
}

fn maker() -> Maker {
    Maker::new("all plain once there few none reads quiet root {{ host.name }} host.name == 'h2' false")
}

fn becomes(maker: &mut Maker, user: &str) -> Option<Become> {
    Some(Become { user: maker.template(user, Context::Native), method: BecomeMethod::Sudo, password: None })
}

#[test]
fn what_reads_is_skipped_or_has_no_items_changes_nothing() {
    let mut maker = maker();
    let mut tasks: Vec<Task> = ["reads", "quiet", "few", "none"].iter().map(|name| maker.run(name, "true")).collect();
    tasks[0].read_only = true;
    tasks[1].changed = Some(Judge::Fixed(false));
    tasks[2].when = vec![maker.template("false", Context::Expression)];
    let items = EachItems::Written(VarValue::List(Vec::new()));
    tasks[3].flow.each = Some(Each { items, name: "item".to_owned(), parallel: 1, span: maker.span("none", 0) });
    assert_eq!(changes(maker, tasks), (None, 0));
}

#[test]
fn hosts_steps_and_users_are_counted_where_they_are() {
    let mut maker = maker();
    let mut tasks: Vec<Task> = ["plain", "once", "there", "few"].iter().map(|name| maker.run(name, "true")).collect();
    tasks[1].once = true;
    tasks[1].r#become = becomes(&mut maker, "root");
    tasks[2].on = vec![OnHost::Host(HostIx(5))];
    tasks[2].r#become = becomes(&mut maker, "root");
    tasks[3].when = vec![maker.template("host.name == 'h2'", Context::Expression)];
    tasks[3].r#become = becomes(&mut maker, "{{ host.name }}");
    let (found, counted) = changes(maker, tasks);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let user = |user: &str, steps, hosts: &[&str]| UserView { user: user.to_owned(), steps, hosts: names(hosts) };
    let expected = ChangesView {
        steps: 10,
        hosts: names(&["h0", "h1", "h2", "h3", "h5"]),
        users: vec![user("root", 5, &["h0", "h5"]), user("h2", 1, &["h2"])],
    };
    assert_eq!((found, counted), (Some(expected), 10));
}

#[test]
fn a_task_that_is_only_delegated_leaves_the_rounds_hosts_alone() {
    let mut maker = maker();
    let mut task = maker.run("there", "true");
    task.on = vec![OnHost::Host(HostIx(5)), OnHost::Host(HostIx(4))];
    let found = changes(maker, vec![task]).0.unwrap();
    assert_eq!((found.steps, found.hosts), (4, vec!["h5".to_owned(), "h4".to_owned()]));
}
