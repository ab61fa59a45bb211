//! What flows, resolved: blocks, actions, included files, inputs, repetition, handlers, batches, chosen groups, tags.

use std::path::PathBuf;
use std::time::Duration;

use super::{INVENTORY, good};
use crate::diag::{Diagnostics, SourceMap, SourceText, Span};
use crate::model::{
    BatchSize, BlockIx, CopyFrom, EachItems, FrameIx, Gate, HostIx, InputKind, Item, Limit, Part, Playbook, Round, Section, TaskIx, Value,
    VarValue, Verb,
};
use crate::playbook::{Options, Resolved, Role, read, resolve};
use crate::template::Engine;

/// Checks a playbook with other files, by their paths; gives what is said, too.
fn with_files(playbook: &str, files: &[(&str, &str)], options: &Options) -> (Option<Resolved>, String) {
    let mut map = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let mut engine = Engine::new();
    let inventory = map.add("inventory.yml", None, INVENTORY);
    let file = map.add("site/play.yml", None, playbook);
    let inventory = crate::inventory::load(&map, inventory, &mut engine, &mut diagnostics).unwrap();
    let mut syntax = read(&map, file, &mut diagnostics).unwrap();
    loop {
        let wanted = syntax.wanted(&map);
        if wanted.is_empty() {
            break;
        }
        for wanted in wanted {
            let found = files.iter().find(|(path, _)| PathBuf::from(path) == wanted.path);
            let (path, text) = found.unwrap_or_else(|| panic!("no file {:?}", wanted.path));
            let file = map.add(*path, Some(&wanted.path), *text);
            syntax.give(wanted, Some(file), &map, &mut diagnostics);
        }
    }
    let resolved = resolve(&syntax, &map, &inventory, &mut engine, options, &mut diagnostics);
    (resolved, diagnostics.to_text(&map))
}

fn good_with(playbook: &str, files: &[(&str, &str)]) -> Playbook {
    let (resolved, text) = with_files(playbook, files, &Options::default());
    resolved.unwrap_or_else(|| panic!("{text}")).playbook
}

fn first(text: &str) -> Round {
    good(text).playbook.rounds.remove(0)
}

fn named<'a>(round: &'a Round, id: &str) -> &'a crate::model::Task {
    round.tasks.iter().find(|task| task.id.as_deref() == Some(id)).unwrap_or_else(|| panic!("no task {id}"))
}

fn word(text: &str) -> SourceText {
    let file = SourceMap::default().add("<argument>", None, text);
    SourceText::verbatim(text, Span::new(file, 0..text.len()))
}

#[test]
fn nodes_are_numbered_as_written_and_gates_follow() {
    let round = first(
        "rounds: [ { hosts: web, tasks: [ { id: a, run: id, notify: h }, \
         { block: [ { id: b, run: id } ], rescue: [ { id: c, run: id } ], always: [ { id: d, run: id } ] }, { id: e, run: id } ], \
         handlers: [ { id: h, run: id } ], finally: [ { id: f, run: id } ] } ]",
    );
    let ids: Vec<&str> = round.tasks.iter().filter_map(|task| task.id.as_deref()).collect();
    assert_eq!(ids, ["a", "b", "c", "d", "e", "h", "f"]);
    assert_eq!(round.gate(TaskIx(7)), Some(Gate::Enter(BlockIx(0))));
    assert_eq!(round.node_count(), 7 + 4 + 2);
    let home = |id: &str| named(&round, id).flow.home;
    assert_eq!(home("c").block, Some((BlockIx(0), Part::Rescue)));
    assert_eq!((home("h").section, home("f").section), (Section::Handlers, Section::Finally));
    assert_eq!(round.handlers, [TaskIx(5)]);
    assert_eq!(named(&round, "a").flow.notify[0].handler, TaskIx(5));
    let Item::Block(block) = &round.items[1] else { panic!("{:?}", round.items) };
    assert_eq!((block.body.len(), block.rescue.len(), block.always.len()), (1, 1, 1));
    assert!(round.blocks[0].rescue && round.blocks[0].always);
}

#[test]
fn conditions_and_repetition_stay_at_the_block() {
    let round = first(
        "rounds: [ { hosts: web, tasks: [ { when: host.name == 'web01', retries: 2, each: [1, 2], as: n, allow_failure: true, vars: { v: 1 }, \
         env: { A: b }, become: root, tags: [t], block: [ { run: \"echo {{ n }} {{ v }} {{ loop.index }}\" } ] } ] } ]",
    );
    let (block, task) = (&round.blocks[0], &round.tasks[0]);
    assert_eq!((block.when.len(), block.allow_failure), (1, true));
    assert_eq!(block.retry.as_ref().map(|retry| retry.retries), Some(2));
    assert_eq!(block.each.as_ref().map(|each| (each.name.as_str(), each.parallel)), Some(("n", 1)));
    assert!(task.when.is_empty() && task.flow.each.is_none() && task.flow.retry.is_none() && !task.allow_failure);
    assert!(task.r#become.is_some() && task.env.len() == 1 && task.layers.len() == 1);
    assert_eq!(task.flow.tags, ["t"]);
}

#[test]
fn attempts_have_their_defaults() {
    let retry = |keys: &str| first(&format!("rounds: [ {{ hosts: web, tasks: [ {{ run: id, {keys} }} ] }} ]")).tasks.remove(0).flow.retry;
    let until = retry("until: result.rc == 0").unwrap();
    assert_eq!((until.retries, until.delay, until.until.is_some()), (3, Duration::from_secs(1), true));
    assert!((until.backoff - 1.0).abs() < f64::EPSILON);
    let all = retry("retries: 5, delay: 2s, backoff: 1.5").unwrap();
    assert_eq!((all.retries, all.delay, all.until), (5, Duration::from_secs(2), None));
    assert!((all.backoff - 1.5).abs() < f64::EPSILON);
    assert_eq!(retry("retries: 0"), None);
}

#[test]
fn defaults_come_down_and_give_way() {
    let playbook = good(
        "defaults: { timeout: 5m, retries: 2, delay: 3s, sensitive: true, umask: \"077\", env: { A: a } }\n\
         rounds:\n- { hosts: web, defaults: { timeout: 1m, env: { B: b } }, tasks: [ { run: id }, { run: id, timeout: 9s, retries: 0, sensitive: false } ] }\n\
         - { hosts: web, tasks: [ { run: id } ] }",
    )
    .playbook;
    let task = |round: usize, task: usize| &playbook.rounds[round].tasks[task];
    assert_eq!((task(0, 0).timeout, task(1, 0).timeout), (Duration::from_secs(60), Duration::from_secs(300)));
    assert_eq!(task(0, 0).env.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["A", "B"]);
    assert_eq!(task(0, 0).flow.retry.as_ref().map(|retry| (retry.retries, retry.delay)), Some((2, Duration::from_secs(3))));
    assert!(task(0, 0).flow.sensitive && task(0, 0).umask == Some(0o77));
    assert!(task(0, 1).timeout == Duration::from_secs(9) && task(0, 1).flow.retry.is_none() && !task(0, 1).flow.sensitive);
}

#[test]
fn what_each_goes_through_is_kept_as_written() {
    let each = |each: &str| {
        let text = format!("rounds: [ {{ hosts: web, vars: {{ l: [1] }}, tasks: [ {{ run: \"echo {{{{ l }}}}\", each: {each} }} ] }} ]");
        first(&text).tasks.remove(0).flow.each.unwrap()
    };
    assert!(matches!(each("[a, \"{{ l }}\"]").items, EachItems::Written(VarValue::List(_))));
    assert!(matches!(each("{ a: 1 }").items, EachItems::Written(VarValue::Plain(Value::Map(_)))));
    assert!(matches!(each("l").items, EachItems::Expression(_)));
    let side_by_side = each("{ in: l, as: p, parallel: 4 }");
    assert_eq!((side_by_side.name.as_str(), side_by_side.parallel), ("p", 4));
}

#[test]
fn rounds_go_through_batches() {
    let flow = first(
        "rounds: [ { hosts: web, batch: [web-prod, 25%, \"2\", 3], pause: 1m, max_failures: 10%, unreachable: skip, confirm: true, name: patch, \
         tasks: [ { run: id } ] } ]",
    )
    .flow;
    let hosts: Vec<HostIx> = vec![HostIx(0), HostIx(1)];
    assert_eq!(flow.batch, [BatchSize::Hosts(hosts), BatchSize::Percent(25), BatchSize::Count(2), BatchSize::Count(3)]);
    assert_eq!((flow.pause, flow.max_failures, flow.skip_unreachable), (Duration::from_secs(60), Some(Limit::Percent(10)), true));
    assert_eq!(flow.confirm.unwrap().source.text, "Start the round `patch`?");
}

const DEPLOY: &str = "name: Deploy\ninputs: { version: { type: string }, keep: { type: int, default: 3 } }\n\
                      outputs: { path: \"{{ tasks.unpack.stdout }}\" }\n\
                      tasks:\n- { name: unpack, run: \"echo {{ inputs.version }} {{ inputs.keep }}\" }\n- { copy: { src: a.txt, dest: /a } }\n";

#[test]
fn each_use_of_an_action_has_a_name_space_of_its_own() {
    let playbook = good_with(
        "vars: { release: a }\nrounds: [ { hosts: web, tasks: [ { name: get, run: id }, \
         { name: one, use: ../actions/deploy.yml, with: { version: \"{{ release }} {{ tasks.get.stdout }}\" } }, \
         { name: two, use: ../actions/deploy.yml, with: { version: x, keep: 1 } }, { print: \"{{ tasks.one.outputs.path }}\" } ] } ]",
        &[("actions/deploy.yml", DEPLOY)],
    );
    let round = &playbook.rounds[0];
    assert_eq!((round.tasks.len(), round.frames.len(), round.blocks.len()), (6, 3, 2));
    let (own, one) = (&round.frames[0], &round.frames[1]);
    assert_eq!(own.ids.keys().collect::<Vec<_>>(), ["get", "one", "two"]);
    assert_eq!(own.ids["one"], round.node(Gate::Exit(BlockIx(0))));
    assert_eq!((one.name.as_str(), one.block, one.ids["unpack"]), ("Deploy", Some(BlockIx(0)), TaskIx(1)));
    assert_eq!(round.frames[2].ids["unpack"], TaskIx(3));
    assert!(one.inputs["version"].given && !one.inputs["keep"].given && one.inputs["keep"].kind == InputKind::Int);
    assert_eq!(round.tasks[1].flow.home.frame, FrameIx(1));
    // What the caller gives is read at the block, before its tasks; the outputs at its end.
    let reads: Vec<TaskIx> = round.blocks[0].reads.iter().map(|read| read.task).collect();
    assert_eq!(reads, [TaskIx(0), TaskIx(1)]);
    assert_eq!(round.tasks[5].reads[0].task, round.node(Gate::Exit(BlockIx(0))));
    // Files of an action are in its folder.
    let Verb::Copy(copy) = &round.tasks[2].verb else { panic!("{:?}", round.tasks[2].verb) };
    assert!(matches!(&copy.from, CopyFrom::Src { base, .. } if base.as_os_str() == "actions"));
}

#[test]
fn what_stands_around_a_use_reaches_its_tasks_as_inputs() {
    let playbook = good_with(
        "vars: { color: red }\nrounds: [ { hosts: web, env: { A: \"{{ color }}\", H: \"{{ host.name }}\" }, tasks: [ { use: a.yml } ] } ]",
        &[("site/a.yml", "tasks: [ { run: id } ]")],
    );
    let round = &playbook.rounds[0];
    let texts: Vec<&str> = round.tasks[0].env.iter().map(|(_, value)| value.source.text.as_str()).collect();
    assert_eq!(texts, ["{{ inputs['caller env A'] }}", "{{ host.name }}"]);
    assert!(round.frames[1].inputs["caller env A"].given);
}

#[test]
fn an_action_sees_nothing_of_its_caller() {
    let playbook =
        "vars: { color: red }\nrounds: [ { hosts: web, tasks: [ { print: \"{{ color }}\" }, { set: { made: 1 } }, { use: a.yml } ] } ]";
    for (read, sees) in [("color", false), ("made", false), ("ntp", true), ("host.name", true), ("tasks.x.stdout", false)] {
        let action = format!("tasks: [ {{ print: \"{{{{ {read} }}}}\" }} ]");
        let (resolved, text) = with_files(playbook, &[("site/a.yml", &action)], &Options::default());
        assert_eq!(resolved.is_some(), sees, "{read}: {text}");
        assert_eq!(text.contains("the action is used here"), !sees, "{read}: {text}");
    }
    // Nor does the caller see what an action sets.
    let playbook = "rounds: [ { hosts: web, tasks: [ { use: a.yml }, { print: \"{{ made }}\" } ] } ]";
    let (resolved, text) =
        with_files(playbook, &[("site/a.yml", "tasks: [ { set: { made: 1 } }, { print: \"{{ made }}\" } ]")], &Options::default());
    assert!(resolved.is_none() && text.contains("do not see each other's variables"), "{text}");
}

#[test]
fn a_notify_at_a_use_holds_for_its_tasks() {
    let playbook = good_with(
        "rounds: [ { hosts: web, tasks: [ { use: a.yml, notify: reload } ], handlers: [ { name: reload, run: id } ] } ]",
        &[("site/a.yml", "tasks: [ { run: id }, { run: id } ]")],
    );
    let notified: Vec<TaskIx> = playbook.rounds[0].tasks.iter().flat_map(|task| &task.flow.notify).map(|notify| notify.handler).collect();
    assert_eq!(notified, [TaskIx(2), TaskIx(2)]);
}

#[test]
fn included_files_stand_where_they_are_named() {
    let files = [
        ("site/tasks/more.yml", "- { id: b, run: \"echo {{ v }}\" }\n- include: deeper/last.yml\n"),
        ("site/tasks/deeper/last.yml", "- { id: c, run: \"echo {{ v }}\" }\n"),
        ("rounds.yml", "- { id: second, hosts: web, vars: { v: own }, tasks: [ { run: \"echo {{ v }} {{ w }}\" } ] }\n"),
    ];
    let playbook = good_with(
        "rounds:\n- { hosts: web, tasks: [ { id: a, run: id }, { include: tasks/more.yml, vars: { v: 1 } }, { id: d, run: id } ] }\n\
         - { include: ../rounds.yml, vars: { v: theirs, w: 1 } }\n",
        &files,
    );
    let ids: Vec<&str> = playbook.rounds[0].tasks.iter().filter_map(|task| task.id.as_deref()).collect();
    assert_eq!(ids, ["a", "b", "c", "d"]);
    assert_eq!(playbook.rounds[0].items.len(), 4);
    let vars = &playbook.rounds[1].vars.as_ref().unwrap().vars;
    assert_eq!(vars["v"].value, VarValue::Plain(Value::from("own")));
    assert!(vars.contains_key("w"));
}

#[test]
fn files_are_asked_for_once_by_their_tidy_paths() {
    let mut map = SourceMap::default();
    let text = "rounds: [ { include: ./a.yml }, { hosts: web, tasks: [ { use: b.yml }, { use: ../site/./b.yml }, { include: b.yml } ] } ]";
    let file = map.add("site/play.yml", None, text);
    let syntax = read(&map, file, &mut Diagnostics::default()).unwrap();
    let wanted: Vec<(String, Role)> =
        syntax.wanted(&map).into_iter().map(|wanted| (wanted.path.display().to_string(), wanted.role)).collect();
    let file = |path: &str, role| (path.to_owned(), role);
    assert_eq!(wanted, [file("site/a.yml", Role::Rounds), file("site/b.yml", Role::Action), file("site/b.yml", Role::Tasks)]);
}

#[test]
fn the_command_line_fills_inputs() {
    let text = "inputs: { version: { type: string }, count: { type: int, default: 1 } }\n\
                rounds: [ { hosts: web, tasks: [ { print: \"{{ inputs.version }} {{ inputs.count }}\" } ] } ]";
    let give = |value: Value| {
        let extra = vec![("version".to_owned(), VarValue::Plain("2.10".into())), ("count".to_owned(), VarValue::Plain(value))];
        with_files(text, &[], &Options { extra, ..Options::default() })
    };
    let (resolved, said) = give(Value::Int(2));
    let playbook = resolved.unwrap_or_else(|| panic!("{said}")).playbook;
    assert_eq!(playbook.inputs["count"].value.value, VarValue::Plain(Value::Int(2)));
    assert!(playbook.inputs["version"].given && playbook.extra.vars.is_empty() && said.is_empty(), "{said}");
    let (resolved, said) = give(Value::from("two"));
    assert!(resolved.is_none() && said.contains("must be a whole number, this is text `two`"), "{said}");
}

const CHOSEN: &str = "groups: { primary: { hosts: web, when: rounds.look.tasks.x.rc == 0 } }\nrounds:\n- { id: look, hosts: web, tasks: [ { name: x, run: id } ] }\n";

#[test]
fn hosts_may_depend_on_chosen_groups() {
    let round = |hosts: &str| {
        let text = format!("{CHOSEN}- {{ needs: [], hosts: {hosts}, tasks: [ {{ run: id }} ] }}\n");
        good(&text).playbook.rounds.remove(1)
    };
    let of = |round: &Round, host: u32| round.flow.chosen.as_ref().unwrap().rows.get(&HostIx(host)).cloned();
    let only = round("primary");
    assert_eq!((only.hosts.len(), of(&only, 0)), (5, Some(vec![false, true])));
    assert_eq!(only.needs.named[0].round.0, 0);
    let rest = round("web and not primary");
    assert_eq!(of(&rest, 0), Some(vec![true, false]));
    let mixed = round("\"web01, primary and not web02\"");
    assert_eq!((of(&mixed, 0), of(&mixed, 1), of(&mixed, 2)), (Some(vec![true, true]), None, Some(vec![false, true])));
    assert!(round("web").flow.chosen.is_none());
}

#[test]
fn templates_read_what_chosen_groups_read() {
    let playbook = good(&format!("{CHOSEN}- {{ hosts: localhost, tasks: [ {{ print: \"{{{{ groups.primary }}}}\" }} ] }}\n")).playbook;
    assert_eq!(playbook.groups["primary"].reads.len(), 1);
    let read = &playbook.rounds[1].tasks[0].reads[0];
    assert!(read.round.0 == 0 && read.task.0 == 0 && read.other_hosts);
}

#[test]
fn tags_leave_tasks_out() {
    let text = "rounds: [ { hosts: web, tags: [all_of_it], tasks: [ { id: a, run: id, tags: x }, { id: b, run: id, tags: [y, always] }, \
                { id: c, run: id, tags: never }, { tags: [x], block: [ { id: d, run: id } ] }, { id: e, run: id, notify: h } ], \
                handlers: [ { id: h, run: id, tags: [] } ] } ]";
    let left = |options: &Options| {
        let (resolved, said) = with_files(text, &[], options);
        let round = resolved.unwrap_or_else(|| panic!("{said}")).playbook.rounds.remove(0);
        let left = round.tasks.iter().filter(|task| task.flow.left_out.is_none()).filter_map(|task| task.id.clone());
        left.collect::<String>()
    };
    let tags = |list: &[&str]| list.iter().map(|tag| word(tag)).collect::<Vec<_>>();
    assert_eq!(left(&Options::default()), "abdeh");
    assert_eq!(left(&Options { tags: tags(&["x"]), ..Options::default() }), "abd");
    assert_eq!(left(&Options { tags: tags(&["never", "y"]), ..Options::default() }), "bc");
    assert_eq!(left(&Options { tags: tags(&["all_of_it"]), ..Options::default() }), "abcdeh");
    assert_eq!(left(&Options { skip_tags: tags(&["x"]), ..Options::default() }), "beh");
    assert_eq!(left(&Options { skip_tags: tags(&["always"]), ..Options::default() }), "adeh");
    assert_eq!(left(&Options { start_at: Some(word("d")), ..Options::default() }), "deh");
    let (resolved, said) = with_files(text, &[], &Options { tags: tags(&["z"]), ..Options::default() });
    assert!(resolved.is_none() && said.contains("nothing in the playbook has the tag `z`"), "{said}");
    let (resolved, said) = with_files(text, &[], &Options { start_at: Some(word("zz")), ..Options::default() });
    assert!(resolved.is_none() && said.contains("no task `zz` to start at"), "{said}");
}

#[test]
fn what_a_block_sets_is_known_inside_of_it() {
    let inside =
        "rounds: [ { hosts: web, tasks: [ { when: host.name == 'web01', block: [ { set: { made: 1 } }, { print: \"{{ made }}\" } ] } ] } ]";
    good(inside);
    let after =
        "rounds: [ { hosts: web, tasks: [ { when: host.name == 'web01', block: [ { set: { made: 1 } } ] }, { print: \"{{ made }}\" } ] } ]";
    let (resolved, said) = with_files(after, &[], &Options::default());
    assert!(resolved.is_none() && said.contains("this does not always run"), "{said}");
    let rescue = "rounds: [ { hosts: web, tasks: [ { block: [ { set: { made: 1 } } ], rescue: [ { print: \"{{ made }}\" } ] } ] } ]";
    assert!(with_files(rescue, &[], &Options::default()).0.is_none());
}

#[test]
fn paths_of_inputs_start_at_the_caller() {
    let action = "inputs: { a: { type: path }, b: { type: path }, c: { type: string } }\ntasks: [ { print: \"{{ inputs.a }}{{ inputs.b }}{{ inputs.c }}\" } ]";
    let playbook = good_with(
        "rounds: [ { hosts: web, tasks: [ { use: ../actions/deep/a.yml, with: { a: x/y, b: /x, c: x } } ] } ]",
        &[("actions/deep/a.yml", action)],
    );
    let inputs = &playbook.rounds[0].frames[1].inputs;
    let text = |name: &str| inputs[name].value.value.clone();
    assert_eq!(text("a"), VarValue::Plain(Value::from("../../site/x/y")));
    assert_eq!((text("b"), text("c")), (VarValue::Plain(Value::from("/x")), VarValue::Plain(Value::from("x"))));
}

#[test]
fn files_that_double_each_other_come_to_an_end() {
    let names: Vec<(String, String)> =
        (0..30).map(|n| (format!("site/{n}.yml"), format!("[ {{ include: {0}.yml }}, {{ include: {0}.yml }} ]", n + 1))).collect();
    let mut files: Vec<(&str, &str)> = names.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    files.push(("site/30.yml", "[]"));
    let (resolved, said) = with_files("rounds: [ { hosts: web, tasks: [ { include: 0.yml } ] } ]", &files, &Options::default());
    assert!(resolved.is_none() && said.contains("E124"), "{said}");
}

#[test]
fn what_included_rounds_are_given_is_read_by_one_of_them() {
    let rounds = "- { id: a, hosts: web, tasks: [ { print: \"{{ v }}\" } ] }\n- { id: b, hosts: web, tasks: [ { run: id } ] }\n";
    let (resolved, said) = with_files("rounds: [ { include: r.yml, vars: { v: 1 } } ]", &[("site/r.yml", rounds)], &Options::default());
    assert!(resolved.is_some() && said.is_empty(), "{said}");
}

#[test]
fn a_handler_reads_tasks_and_handlers_above() {
    let text = |read: &str| {
        format!(
            "rounds: [ {{ hosts: web, tasks: [ {{ id: a, run: id, notify: [b, c] }} ], \
             handlers: [ {{ id: b, print: \"{{{{ {read} }}}}\" }}, {{ id: c, print: \"{{{{ tasks.b.status }}}}\" }} ] }} ]"
        )
    };
    good(&text("tasks.a.stdout"));
    let (resolved, said) = with_files(&text("tasks.c.status"), &[], &Options::default());
    assert!(resolved.is_none() && said.contains("E113"), "{said}");
}
