//! From text to the model: what defaults, ids, edges and layers become; and that no input makes it panic.

use std::time::{Duration, Instant};

use proptest::prelude::*;

mod flow;

use super::{Options, Resolved, read, resolve};
use crate::diag::{Diagnostics, SourceMap, SourceText, Span};
use crate::model::{After, Context, Inventory, Item, Judge, Needs, OnHost, Origin, RoundIx, Shell, TaskIx, Value, VarValue, Verb};
use crate::template::Engine;

const INVENTORY: &str = include_str!("../../tests/corpus/inventory.yml");
const EVERY_KEY: &str = include_str!("../../tests/corpus/good/every_key.yml");
const FLOWS: &str = include_str!("../../tests/corpus/good/flows.yml");
const SURVEY: &str = include_str!("../../tests/corpus/good/survey.yml");

/// Checks a playbook; `limit` as on the command line.
fn run(inventory: &str, playbook: &str, limit: Option<&str>, extra: &[(&str, &str)]) -> (Option<Resolved>, String, Inventory) {
    let mut map = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let mut engine = Engine::new();
    let inventory = map.add("inventory.yml", None, inventory);
    let file = map.add("site/play.yml", None, playbook);
    let limit = limit.map(|text| {
        let file = map.add("<--limit>", None, text);
        SourceText::verbatim(text, Span::new(file, 0..text.len()))
    });
    let extra = extra.iter().map(|(name, value)| ((*name).to_owned(), VarValue::Plain(Value::from(*value)))).collect();
    let inventory = crate::inventory::load(&map, inventory, &mut engine, &mut diagnostics).unwrap_or_default();
    let resolved = read(&map, file, &mut diagnostics).and_then(|syntax| {
        resolve(&syntax, &map, &inventory, &mut engine, &Options { limit, extra, ..Options::default() }, &mut diagnostics)
    });
    (resolved, diagnostics.to_text(&map), inventory)
}

pub(in crate::playbook) fn good(playbook: &str) -> Resolved {
    let (resolved, text, _) = run(INVENTORY, playbook, None, &[]);
    resolved.unwrap_or_else(|| panic!("{text}"))
}

/// The tasks that a task reads, as `round.task` and a star where other hosts' results are meant.
fn reads(resolved: &Resolved, round: usize, task: usize) -> Vec<String> {
    let playbook = &resolved.playbook;
    let reads = playbook.rounds[round].tasks[task].reads.iter();
    reads.map(|read| format!("{}.{}{}", read.round.0, read.task.0, if read.other_hosts { "*" } else { "" })).collect()
}

#[test]
fn settings_come_down_to_tasks() {
    let playbook = good(EVERY_KEY).playbook;
    assert_eq!((playbook.name.as_str(), playbook.id.as_str()), ("Every key", "every"));
    let round = &playbook.rounds[0];
    assert_eq!((round.id.as_str(), round.max_parallel), ("first_round", Some(3)));
    let second_try = &round.tasks[0];
    assert_eq!((second_try.id.as_deref(), second_try.timeout), (None, Duration::from_secs(3600)));
    assert_eq!(second_try.cwd.as_ref().map(|cwd| cwd.source.text.as_str()), Some("/tmp"));
    assert!(second_try.r#become.is_some());
    let one = &round.tasks[2];
    assert_eq!(one.env.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["LANG", "A"]);
    assert!(one.allow_failure && one.r#become.is_none() && one.when.len() == 1);
    assert_eq!(one.layers[0].origin, Origin::Task);
    let judge = &round.tasks[4];
    assert_eq!((judge.umask, &judge.shell, judge.once), (Some(0o22), &Shell::Bash, true));
    assert!(matches!(&judge.on[..], [OnHost::Host(_), OnHost::Template(_)]));
    assert!(matches!(judge.failed, Some(Judge::Expression(_))));
    assert_eq!(playbook.rounds[1].after, After::All);
    let greet = &playbook.rounds[1].tasks[0];
    assert!(greet.read_only && greet.changed == Some(Judge::Fixed(false)));
}

#[test]
fn groups_keep_their_shape() {
    let playbook = good(EVERY_KEY).playbook;
    let items = &playbook.rounds[0].items;
    assert!(matches!(items[0], Item::Task(TaskIx(0), Needs::Above)));
    let Item::Parallel(group) = &items[2] else { panic!("{items:?}") };
    assert_eq!(group.id.as_deref(), Some("both"));
    assert!(matches!(&group.needs, Needs::These(list) if list[0].tasks == [TaskIx(1)]));
    assert!(matches!(&group.members[0], Item::Task(TaskIx(2), Needs::These(list)) if list.is_empty()));
    assert!(matches!(&group.members[1], Item::Task(TaskIx(3), Needs::These(list)) if list[0].tasks == [TaskIx(2)]));
}

#[test]
fn needing_a_group_means_all_of_it() {
    let text = "rounds: [ { hosts: web, tasks: [ { name: g, parallel: [ { run: a }, { run: b } ] }, { needs: [g], run: c } ] } ]";
    let playbook = good(text).playbook;
    assert!(matches!(&playbook.rounds[0].items[1], Item::Task(_, Needs::These(list)) if list[0].tasks == [TaskIx(0), TaskIx(1)]));
}

#[test]
fn rounds_need_all_above_or_what_they_say_and_what_they_read() {
    let playbook = good(SURVEY).playbook;
    let needs = |round: usize| {
        let needs = &playbook.rounds[round].needs;
        (needs.above, needs.named.iter().map(|need| need.round.0).collect::<Vec<_>>())
    };
    assert_eq!(needs(1), (1, vec![]));
    assert_eq!(needs(2), (0, vec![0]));
    let text = "rounds:\n- { id: a, hosts: web, tasks: [ { name: x, run: id } ] }\n\
                - { id: b, needs: [], when: rounds.a.tasks.x.rc == 0, hosts: web, tasks: [ { run: id } ] }";
    let resolved = good(text);
    assert_eq!(resolved.playbook.rounds[1].needs.named[0].round, RoundIx(0));
    assert_eq!(reads(&resolved, 1, 0), ["0.0"]);
}

#[test]
fn reads_are_followed_through_variables() {
    let text = "vars: { a: \"{{ b }}\", b: \"{{ tasks.x.stdout }}\" }\n\
                rounds: [ { hosts: web, tasks: [ { name: x, run: id }, { run: \"echo {{ a }}\" }, { run: id } ] } ]";
    let resolved = good(text);
    assert_eq!(reads(&resolved, 0, 1), ["0.0"]);
    assert_eq!(reads(&resolved, 0, 2), Vec::<String>::new());
}

#[test]
fn other_hosts_results_are_found_behind_subscripts() {
    let resolved = good(SURVEY);
    assert_eq!(reads(&resolved, 2, 0), ["0.0*"]);
    let text = "rounds:\n- { id: a, hosts: web, tasks: [ { name: x, run: id }, { name: y, run: id } ] }\n\
                - { hosts: localhost, tasks: [ { print: \"{% set s = rounds.a.hosts['web01'] %}{{ s }}\" } ] }";
    assert_eq!(reads(&good(text), 1, 0), ["0.0*", "0.1*"]);
}

#[test]
fn a_once_task_may_be_read_across_hosts() {
    let text = "rounds: [ { id: r, hosts: web, tasks: [ { name: x, once: true, run: id }, { print: \"{{ rounds.r.hosts['web01'].tasks.x.stdout }}\" } ] } ]";
    assert_eq!(reads(&good(text), 0, 1), ["0.0"]);
}

#[test]
fn a_later_task_that_does_not_wait_may_be_read() {
    let text = "rounds: [ { hosts: web, tasks: [ { print: \"{{ tasks.x.stdout }}\" }, { name: x, needs: [], run: id } ] } ]";
    assert_eq!(reads(&good(text), 0, 0), ["0.1"]);
}

#[test]
fn set_counts_where_it_certainly_ran() {
    let ok = "rounds:\n- { hosts: web, tasks: [ { set: { color: red } }, { print: \"{{ color }}\" } ] }\n\
              - { hosts: web01, tasks: [ { print: \"{{ color }}\" } ] }";
    good(ok);
    let other_hosts = ok.replace("hosts: web01", "hosts: db1");
    let (resolved, text, _) = run(INVENTORY, &other_hosts, None, &[]);
    assert!(resolved.is_none() && text.contains("not on every host"), "{text}");
    let always = ok.replace("hosts: web01", "after: always, hosts: web01");
    assert!(run(INVENTORY, &always, None, &[]).0.is_none());
}

#[test]
fn limits_narrow_rounds_and_what_is_asked_of_hosts() {
    // `release` is known on web01 and web02 only.
    let text = "rounds: [ { hosts: web, tasks: [ { run: \"echo {{ release }}\" } ] } ]";
    assert!(run(INVENTORY, text, None, &[]).0.is_none());
    let (resolved, _, inventory) = run(INVENTORY, text, Some("web-prod"), &[]);
    assert_eq!(inventory.names(&resolved.unwrap().playbook.rounds[0].hosts), ["web01", "web02"]);
    let (resolved, _, inventory) = run(INVENTORY, text, Some("web,!web03,!web04,!web05"), &[]);
    assert_eq!(inventory.names(&resolved.unwrap().playbook.rounds[0].hosts), ["web01", "web02"]);
    // `-e` gives it to all.
    let (resolved, text, _) = run(INVENTORY, text, None, &[("release", "1")]);
    assert!(resolved.is_some() && text.is_empty(), "{text}");
}

#[test]
fn a_round_without_hosts_still_finds_names_that_nothing_has() {
    let text = "rounds: [ { hosts: web, tasks: [ { run: \"echo {{ release }} {{ http_prot }}\" } ] } ]";
    let (resolved, text, _) = run(INVENTORY, text, Some("db1"), &[]);
    assert!(resolved.is_none() && text.contains("http_prot") && !text.contains("`release`"), "{text}");
}

#[test]
fn an_unused_word_of_the_command_line_is_told() {
    let text = "vars: { release: a }\nrounds: [ { hosts: web, tasks: [ { run: \"echo {{ release }}\" } ] } ]";
    let (resolved, text, _) = run(INVENTORY, text, None, &[("relaese", "b")]);
    assert!(resolved.is_some() && text.contains("did you mean `release`"), "{text}");
}

#[test]
fn the_command_line_can_not_shadow_built_in_names() {
    let text = "rounds: [ { hosts: web, tasks: [ { run: \"echo {{ host.name }}\" } ] } ]";
    let (resolved, text, _) = run(INVENTORY, text, None, &[("host", "b")]);
    assert!(resolved.is_none() && text.contains("E215"), "{text}");
}

#[test]
fn files_are_named_not_touched() {
    let text = "rounds: [ { hosts: web, tasks: [ { copy: { src: a/b.conf, dest: /b } }, { copy: { src: \"{{ host.name }}.conf\", dest: /c } } ] } ]";
    let resolved = good(text);
    let paths: Vec<_> = resolved.files_needed.iter().map(|need| need.path.display().to_string()).collect();
    assert_eq!(paths, ["site/a/b.conf"]);
}

#[test]
fn an_unknown_shell_gets_its_own_context() {
    let text = "rounds: [ { hosts: web, tasks: [ { shell: /bin/fish, run: id }, { shell: /bin/dash, run: id } ] } ]";
    let contexts: Vec<Context> = good(text).playbook.rounds[0]
        .tasks
        .iter()
        .map(|task| match &task.verb {
            Verb::Run(run) => match &run.command {
                crate::model::Command::Text(text) => text.context,
                crate::model::Command::List(_) => Context::Native,
            },
            _ => Context::Native,
        })
        .collect();
    assert_eq!(contexts, [Context::ForeignShell, Context::Shell]);
}

#[test]
fn many_hosts_and_tasks_are_bound_in_no_time() {
    let mut inventory = "hosts:\n".to_owned();
    for host in 0..2000 {
        inventory.push_str(&format!("  h{host}: {{ vars: {{ port: {host}, url: \"http://x:{{{{ port }}}}\" }} }}\n"));
    }
    let mut playbook = "rounds:\n- hosts: all\n  tasks:\n".to_owned();
    for task in 0..300 {
        playbook.push_str(&format!("  - {{ name: t{task}, run: \"echo {{{{ port }}}} {{{{ url }}}}\" }}\n"));
    }
    let start = Instant::now();
    let (resolved, text, _) = run(&inventory, &playbook, None, &[]);
    assert!(resolved.is_some(), "{text}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_makes_it_panic(at in 0..EVERY_KEY.len(), length in 0..30_usize, new in "[ a-z:{}\\[\\]\"'#&|\\n.%-]{0,8}") {
        let Some(before) = EVERY_KEY.get(..at) else { return Ok(()) };
        let Some(after) = EVERY_KEY.get((at + length).min(EVERY_KEY.len())..) else { return Ok(()) };
        let (resolved, text, _) = run(INVENTORY, &format!("{before}{new}{after}"), None, &[]);
        prop_assert!(resolved.is_some() || text.contains("error"), "nothing said:\n{}", text);
    }

    #[test]
    fn no_mutation_of_flows_makes_it_panic(at in 0..FLOWS.len(), length in 0..40_usize, new in "[ a-z:{}\\[\\]\"'#&|\\n.%-]{0,8}") {
        let Some(before) = FLOWS.get(..at) else { return Ok(()) };
        let Some(after) = FLOWS.get((at + length).min(FLOWS.len())..) else { return Ok(()) };
        // The files that it names are not there, which is told.
        let (resolved, text, _) = run(INVENTORY, &format!("{before}{new}{after}"), None, &[]);
        prop_assert!(resolved.is_some() || text.contains("error"), "nothing said:\n{}", text);
    }

    #[test]
    fn no_swap_of_lines_of_flows_makes_it_panic(a in 0..90_usize, b in 0..90_usize) {
        let mut lines: Vec<&str> = FLOWS.lines().collect();
        let (a, b) = (a % lines.len(), b % lines.len());
        lines.swap(a, b);
        let (resolved, text, _) = run(INVENTORY, &lines.join("\n"), None, &[]);
        prop_assert!(resolved.is_some() || text.contains("error"), "nothing said:\n{}", text);
    }

    #[test]
    fn no_swap_of_lines_makes_it_panic(a in 0..60_usize, b in 0..60_usize) {
        let mut lines: Vec<&str> = EVERY_KEY.lines().collect();
        let (a, b) = (a % lines.len(), b % lines.len());
        lines.swap(a, b);
        let (resolved, text, _) = run(INVENTORY, &lines.join("\n"), None, &[]);
        prop_assert!(resolved.is_some() || text.contains("error"), "nothing said:\n{}", text);
    }
}
