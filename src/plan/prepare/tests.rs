//! Steps rendered, with plain texts: what templates give is the engine's own to test.

use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::model::{Context, CopyFile, CopyFrom, Fetch, FileRights, Playbook, RoundIx, Run, StepId, TaskIx, WrittenFile};
use crate::plan::testing::{Maker, inventory, playbook};
use crate::plan::{ControllerInfo, NothingYet, RunInfo, StepResult, World, build, command_line};

fn world(playbook: Playbook) -> Arc<World> {
    let plan = build(&playbook, &mut crate::diag::Diagnostics::default()).unwrap();
    World::new(Arc::new(playbook), Arc::new(inventory(2)), &plan, Arc::new(NothingYet), RunInfo::default(), ControllerInfo::default())
}

fn prepared(maker: Maker, task: Task) -> Result<Prepared> {
    let world = world(playbook(vec![maker.round("r", &[1], vec![task])]));
    let scope = world.scope(StepId { round: RoundIx(0), task: TaskIx(0), host: HostIx(1) });
    prepare(world.playbook().task(RoundIx(0), TaskIx(0)), HostIx(1), world.inventory(), &maker.engine, &scope)
}

/// A file that is written as it comes, but for its mode.
pub(super) fn file(maker: &mut Maker, dest: &str, mode: Option<&str>) -> WrittenFile {
    let rights = FileRights { mode: mode.map(|mode| maker.template(mode, Context::Text)), ..FileRights::default() };
    WrittenFile { dest: maker.template(dest, Context::Native), rights, backup: false, validate: None }
}

#[test]
fn everything_of_a_command() {
    let mut maker = Maker::new("t");
    let mut task = maker.run("t", "echo hi\n");
    task.guards = vec![
        Guard::Unless(Command::List(vec![maker.template("test", Context::Native), maker.template("a b", Context::Native)])),
        Guard::Creates(maker.template("/tmp/x y", Context::Native)),
    ];
    let first = maker.template("1", Context::Text);
    let second = maker.template("2", Context::Text);
    task.env = vec![("A".to_owned(), first.clone()), ("B".to_owned(), first), ("A".to_owned(), second)];
    task.cwd = Some(maker.template("/srv", Context::Native));
    let prepared = prepared(maker, task).unwrap();
    assert_eq!(prepared.on, [HostIx(1)]);
    assert_eq!(prepared.env, [("A".to_owned(), "2".to_owned()), ("B".to_owned(), "1".to_owned())], "the last one wins");
    assert_eq!(prepared.cwd.as_deref(), Some("/srv"));
    let guards: Vec<String> = prepared.guards.iter().map(PreparedGuard::command_line).collect();
    assert_eq!(guards, ["unless test 'a b'", "creates '/tmp/x y'"]);
    assert_eq!(command_line(&prepared), "echo hi");
}

#[test]
fn copies_and_fetches_know_their_files() {
    let mut maker = Maker::new("t");
    let copy = CopyFile {
        from: CopyFrom::Src { path: maker.template("f.conf", Context::Native), base: "/play".into() },
        file: WrittenFile {
            dest: maker.template("/etc/f.conf", Context::Native),
            rights: FileRights {
                mode: Some(maker.template("0640", Context::Text)),
                owner: Some(maker.template("www", Context::Text)),
                group: None,
            },
            backup: true,
            validate: Some(maker.template("check -c %s", Context::Shell)),
        },
    };
    let task = maker.task("t", Verb::Copy(Box::new(copy)));
    assert_eq!(
        command_line(&prepared(maker, task).unwrap()),
        "copy /play/f.conf to /etc/f.conf, mode 0640, owner www, with a backup, validated by check -c %s"
    );
    let mut maker = Maker::new("t");
    let fetch_below = |maker: &mut Maker, dest: &str, below: Option<PathBuf>| {
        let (src, dest) = (maker.template("/etc/passwd", Context::Native), maker.template(dest, Context::Native));
        maker.task("t", Verb::Fetch(Box::new(Fetch { src, dest, base: "/play".into(), below })))
    };
    let fetch = |maker: &mut Maker, dest: &str| fetch_below(maker, dest, None);
    let task = fetch(&mut maker, "got/");
    assert_eq!(command_line(&prepared(maker, task).unwrap()), "fetch /etc/passwd to /play/got/h1/passwd");
    let mut maker = Maker::new("t");
    let task = fetch(&mut maker, "/abs/one");
    assert_eq!(command_line(&prepared(maker, task).unwrap()), "fetch /etc/passwd to /abs/one");
    for (dest, path) in [("/abs/one", "abs/one"), ("../../up/", "play/up/h1/passwd")] {
        let mut maker = Maker::new("t");
        let task = fetch_below(&mut maker, dest, Some("/away".into()));
        assert_eq!(command_line(&prepared(maker, task).unwrap()), format!("fetch /etc/passwd to /away/{path}"), "nothing leads out");
    }
}

#[test]
fn values_that_cannot_stand_are_refused() {
    let message = |result: Result<Prepared>| match result {
        Err(RenderError::Failed { message, span, .. }) => (message, span.is_some()),
        other => panic!("{other:?}"),
    };
    let mut maker = Maker::new("t");
    let task = maker.run("t", "a\0b");
    assert_eq!(message(prepared(maker, task)), ("this holds a NUL byte, which no command can take".to_owned(), true));
    for mode in ["644x", "9", "0888", "1234567", "u+x"] {
        let mut maker = Maker::new("t");
        let copy = CopyFile { from: CopyFrom::Content(maker.template("x", Context::Native)), file: file(&mut maker, "/x", Some(mode)) };
        let task = maker.task("t", Verb::Copy(Box::new(copy)));
        assert_eq!(message(prepared(maker, task)).0, "a mode is text of three or four octal digits", "{mode}");
    }
    let mut maker = Maker::new("t");
    let mut task = maker.run("t", "true");
    task.on = vec![OnHost::Template(maker.template("h7", Context::Native))];
    assert_eq!(message(prepared(maker, task)).0, "there is no host `h7`");
    let mut maker = Maker::new("t");
    let task = maker.run("t", "x");
    let empty = Task { verb: Verb::Run(Run { command: Command::List(Vec::new()) }), ..task };
    assert_eq!(message(prepared(maker, empty)), ("the command is empty".to_owned(), false));
}

/// A round of `kernel` and `t` on two hosts; `t` may read `kernel` and the variables `x` (text), `l` (list), `n` (int).
pub(super) fn with_values(text: &str, make: impl FnOnce(&mut Maker) -> Task) -> (Result<Prepared>, Result<Prepared>) {
    use crate::model::{Origin, Value};
    let mut maker = Maker::new(text);
    let tasks = vec![maker.run("kernel", "uname -r"), make(&mut maker)];
    let mut playbook = playbook(vec![maker.round("r", &[0, 1], tasks)]);
    let list: Value = ["a b", "c"].into_iter().collect();
    playbook.vars = crate::plan::testing::layer(Origin::Playbook, &[("x", Value::from("it's")), ("l", list), ("n", Value::Int(7))]);
    let world = world(playbook);
    let scope = world.scope(StepId { round: RoundIx(0), task: TaskIx(1), host: HostIx(1) });
    let task = world.playbook().task(RoundIx(0), TaskIx(1));
    let engine = &maker.engine;
    (prepare(task, HostIx(1), world.inventory(), engine, &scope), preview(task, HostIx(1), world.inventory(), engine, &scope))
}

#[test]
fn values_are_quoted_and_lists_are_arguments() {
    let (prepared, previewed) =
        with_values("echo {{ x }} {{ l }} {{ host.name }}", |maker| maker.run("t", "echo {{ x }} {{ l }} {{ host.name }}"));
    assert_eq!(prepared, previewed);
    assert_eq!(command_line(&prepared.unwrap()), r"echo 'it'\''s' 'a b' c h1");
    let (prepared, _) = with_values("{{ l }} {{ n }} {{ n | default(omit) }} {{ omit }}", |maker| {
        let list = ["ls", "{{ l }}", "{{ n }}", "{{ omit }}"].map(|arg| maker.template(arg, Context::Native));
        Task { verb: Verb::Run(Run { command: Command::List(list.into()) }), ..maker.run("t", "{{ n }}") }
    });
    let Body::Run(PreparedCommand::Args(args)) = prepared.unwrap().body else { panic!() };
    assert_eq!(args, ["ls", "a b", "c", "7"]);
}

#[test]
fn what_is_pending_stops_one_and_stands_in_the_other() {
    let (prepared, previewed) = with_values("echo {{ tasks.kernel.stdout }}", |maker| {
        let mut task = maker.run("t", "echo {{ tasks.kernel.stdout }} done");
        task.guards = vec![Guard::Creates(maker.template("/boot/{{ tasks.kernel.stdout }}", Context::Native))];
        task
    });
    assert_eq!(prepared, Err(RenderError::Pending(vec!["r/kernel".to_owned()])));
    let previewed = previewed.unwrap();
    assert_eq!(command_line(&previewed), "echo ‹after r/kernel› done");
    assert_eq!(previewed.guards[0].command_line(), "creates /boot/‹after r/kernel›");
    assert_eq!(previewed.pending, ["r/kernel"]);
}

#[test]
fn asserts_ask_all_and_set_gives_values() {
    use crate::model::{Assert, Set, Var};
    let (prepared, _) = with_values("n == 7", |maker| {
        let that = ["n == 7", "x == 'its'", "n > 8"].map(|text| maker.template(text, Context::Expression));
        let message = Some(maker.template("bad {{ n }}", Context::Text));
        maker.task("t", Verb::Assert(Assert { that: that.into(), message }))
    });
    let Body::Assert { checks, message } = prepared.unwrap().body else { panic!() };
    assert_eq!(checks.iter().map(|check| check.holds.clone()).collect::<Vec<_>>(), [Some(Ok(true)), Some(Ok(false)), Some(Ok(false))]);
    assert_eq!(message.as_deref(), Some("bad 7"));
    let (prepared, _) = with_values("{{ n + 1 }}", |maker| {
        let value =
            VarValue::List(vec![VarValue::Template(maker.template("{{ n + 1 }}", Context::Native)), VarValue::Plain(Value::Bool(true))]);
        maker.task("t", Verb::Set(Set { vars: IndexMap::from([("y".to_owned(), Var { value, span: None })]) }))
    });
    assert_eq!(command_line(&prepared.unwrap()), "set y=[8,true]");
}

#[test]
fn until_is_asked_of_the_result() {
    let mut maker = Maker::new("t result.rc == 0");
    let task = maker.run("t", "true");
    let template = maker.template("result.rc == 0", Context::Expression);
    let delay = std::time::Duration::from_secs(1);
    let retry = |until| Retry { retries: 1, delay, backoff: 1.0, until };
    let world = world(playbook(vec![maker.round("r", &[0], vec![task])]));
    let step = StepId { round: RoundIx(0), task: TaskIx(0), host: HostIx(0) };
    let asked = |until, rc| {
        let result = StepResult { rc: Some(rc), ..StepResult::without_run(crate::event::Status::Ok) };
        super::until(&retry(until), &maker.engine, &world.scope_with_result(step, Arc::new(result)))
    };
    assert_eq!(asked(Some(template.clone()), 0), Ok(true));
    assert_eq!(asked(Some(template), 1), Ok(false));
    assert_eq!(asked(None, 1), Ok(true), "nothing is asked");
}
