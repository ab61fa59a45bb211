//! Random playbooks of everything that flows, in random weather: what must hold whatever happens is in [`crate::laws`].

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::bench::{Bench, Choice};
use crate::laws::{self, Weather};

#[derive(Debug, Clone)]
struct TaskShape {
    kind: u8,
    /// Bits of what it has beside its verb.
    has: u32,
    number: u8,
    needs: Option<Vec<u8>>,
}

#[derive(Debug, Clone)]
enum ItemShape {
    Task(TaskShape),
    Parallel(Vec<TaskShape>),
    Block { body: Vec<ItemShape>, rescue: Vec<ItemShape>, always: Vec<ItemShape>, has: u32, number: u8 },
}

fn task() -> impl Strategy<Value = TaskShape> {
    // Most tasks have little, so that what goes wrong is told by few words.
    let has = prop_oneof![2 => Just(0u32), 3 => (any::<u32>(), any::<u32>(), any::<u32>()).prop_map(|(one, two, three)| one & two & three)];
    let needs = prop::option::weighted(0.3, prop::collection::vec(0u8..6, 0..3));
    (0u8..14, has, 0u8..3, needs).prop_map(|(kind, has, number, needs)| TaskShape { kind, has, number, needs })
}

fn item() -> impl Strategy<Value = ItemShape> {
    let leaf = prop_oneof![5 => task().prop_map(ItemShape::Task), 1 => prop::collection::vec(task(), 1..4).prop_map(ItemShape::Parallel)];
    leaf.prop_recursive(3, 10, 3, |inner| {
        let list = |least: usize, most: usize| prop::collection::vec(inner.clone(), least..most);
        (list(1, 3), list(0, 2), list(0, 2), (any::<u32>(), any::<u32>()), 0u8..3)
            .prop_map(|(body, rescue, always, (one, two), number)| ItemShape::Block { body, rescue, always, has: one & two, number })
    })
}

#[derive(Debug, Clone)]
struct RoundShape {
    tasks: Vec<ItemShape>,
    handlers: Vec<TaskShape>,
    finally: Vec<ItemShape>,
    has: u32,
    number: u8,
}

fn round() -> impl Strategy<Value = RoundShape> {
    let handlers = prop_oneof![Just(Vec::new()), prop::collection::vec(task(), 1..4)];
    let finally = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(item(), 1..3)];
    (prop::collection::vec(item(), 1..5), handlers, finally, (any::<u32>(), any::<u32>()), any::<u8>())
        .prop_map(|(tasks, handlers, finally, (one, two), number)| RoundShape { tasks, handlers, finally, has: one & two, number })
}

/// Where a list stands, and what was named so far.
struct Writer {
    round: usize,
    next: usize,
    handlers: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Tasks,
    Handler(usize),
    Finally,
}

fn bit(has: u32, at: u32) -> bool {
    has & (1 << at) != 0
}

impl Writer {
    fn task(&mut self, shape: &TaskShape, place: Place, in_group: bool) -> Value {
        let id = if let Place::Handler(at) = place { format!("h{at}") } else { self.name() };
        let mut task = Map::new();
        task.insert("name".into(), json!(id));
        let TaskShape { kind, has, number, .. } = *shape;
        let (round, runs) = (self.round, !matches!(kind, 0..=4));
        let each = bit(has, 0) && kind != 4;
        let tail = if each { format!("{round} {id} {{{{ item }}}}") } else { format!("{round} {id}") };
        let (key, value) = match kind {
            0 => ("print", json!("text")),
            1 => ("set", json!({ "v": 1 })),
            2 => ("pause", json!("1s")),
            3 => ("assert", json!(number > 0)),
            4 if place == Place::Tasks => ("flush", json!("handlers")),
            5 | 6 => ("run", json!(format!("bad {tail}"))),
            7 => ("run", json!(format!("slow {tail}"))),
            8 => ("run", json!(format!("hang {tail}"))),
            9 => ("run", json!(format!("flaky {tail}"))),
            _ => ("run", json!(format!("good {tail}"))),
        };
        task.insert(key.into(), value);
        let mut put = |wanted: bool, key: &str, value: Value| {
            if wanted {
                task.insert(key.into(), value);
            }
        };
        put(kind == 8, "timeout", json!("3s"));
        put(kind == 10, "unless", json!("asked"));
        let items = json!(["x", "y", "z"][..usize::from(number)]);
        put(each, "each", if bit(has, 1) { json!({ "in": items, "parallel": 2 }) } else { items });
        put(bit(has, 2) && kind > 2, "retries", json!(number));
        put(bit(has, 2) && kind > 2, "delay", json!("2s"));
        put(bit(has, 3), "when", json!(["true", "host.name != 'a'", "host.name == 'b'"][usize::from(number)]));
        put(bit(has, 4) && kind != 4, "once", json!(true));
        put(bit(has, 5) && kind != 4, "allow_failure", json!(true));
        put(bit(has, 6) && runs, "on", [json!("a"), json!("c"), json!(["a", "c"])][usize::from(number)].clone());
        put(bit(has, 7) && runs, "become", json!(format!("u{number}")));
        put(bit(has, 8) && runs, "lock", json!(format!("l{}", number % 2)));
        put(bit(has, 9) && runs, "throttle", json!(1 + number % 2));
        put(bit(has, 10), "tags", json!([["never"], ["odd"], ["always"]][usize::from(number)]));
        put(bit(has, 11), "sensitive", json!(true));
        let from = if let Place::Handler(at) = place { at + 1 } else { 0 };
        let notifies =
            (runs || bit(has, 12)) && place != Place::Finally && from < self.handlers && (bit(has, 13) || number == 0) && !in_group;
        put(notifies, "notify", json!(format!("h{}", from + usize::from(number) % (self.handlers - from).max(1))));
        task.into()
    }

    fn name(&mut self) -> String {
        self.next += 1;
        format!("t{}", self.next)
    }

    fn items(&mut self, items: &[ItemShape], place: Place) -> Value {
        let mut names: Vec<String> = Vec::new();
        let mut written = Vec::new();
        for item in items {
            let mut value = match item {
                ItemShape::Task(shape) => self.task(shape, place, false),
                ItemShape::Parallel(members) => {
                    json!({ "parallel": members.iter().map(|shape| self.task(shape, place, true)).collect::<Vec<_>>() })
                }
                ItemShape::Block { body, rescue, always, has, number } => {
                    let name = self.name();
                    let mut block = json!({ "name": name, "block": self.items(body, place) });
                    if !rescue.is_empty() {
                        block["rescue"] = self.items(rescue, place);
                    }
                    if !always.is_empty() {
                        block["always"] = self.items(always, place);
                    }
                    if bit(*has, 0) {
                        block["each"] = json!(["p", "q", "r"][..usize::from(*number)]);
                        block["as"] = json!(format!("i{}", self.next));
                    }
                    if bit(*has, 1) {
                        (block["retries"], block["delay"]) = (json!(number % 2 + 1), json!("7s"));
                    }
                    if bit(*has, 2) {
                        block["when"] = json!(["true", "host.name != 'a'", "host.name == 'b'"][usize::from(*number)]);
                    }
                    if bit(*has, 3) {
                        block["allow_failure"] = json!(true);
                    }
                    block
                }
            };
            if let ItemShape::Task(TaskShape { needs: Some(needs), .. }) = item {
                let needs: BTreeSet<&String> = needs.iter().filter_map(|need| names.get(usize::from(*need))).collect();
                value["needs"] = json!(needs);
            }
            names.extend(value["name"].as_str().map(str::to_owned));
            written.push(value);
        }
        written.into()
    }
}

fn playbook(rounds: &[RoundShape], whole: Option<u8>) -> String {
    let mut written = Vec::new();
    for (number, shape) in rounds.iter().enumerate() {
        let mut writer = Writer { round: number, next: 0, handlers: shape.handlers.len() };
        let mut round = json!({ "name": format!("r{number}"), "hosts": "all", "tasks": writer.items(&shape.tasks, Place::Tasks) });
        if !shape.handlers.is_empty() {
            round["handlers"] =
                shape.handlers.iter().enumerate().map(|(at, handler)| writer.task(handler, Place::Handler(at), false)).collect();
        }
        if !shape.finally.is_empty() {
            round["finally"] = writer.items(&shape.finally, Place::Finally);
        }
        round["after"] = json!(["some", "all", "always"][usize::from(shape.number % 3)]);
        match shape.number / 3 % 4 {
            0 if number > 0 => round["needs"] = json!(["r0"]),
            1 => round["needs"] = json!([]),
            _ => {}
        }
        let has = shape.has;
        let mut put = |wanted: bool, key: &str, value: Value| {
            if wanted {
                round[key] = value;
            }
        };
        put(bit(has, 0), "max_parallel", json!(1 + shape.number % 2));
        put(bit(has, 1), "batch", [json!(1), json!([1, "50%"]), json!(["c", 1])][usize::from(shape.number % 3)].clone());
        put(bit(has, 1) && bit(has, 2), "pause", json!("5s"));
        put(bit(has, 3), "max_failures", json!(shape.number % 2));
        put(bit(has, 4), "unreachable", json!("skip"));
        put(bit(has, 11), "max_wait", json!(["1111ms", "3333ms", "9999ms"][usize::from(shape.number % 3)]));
        put(bit(has, 5) && bit(has, 6), "confirm", json!("Sure?"));
        put(bit(has, 7) && bit(has, 8), "connect", json!({ "user": "other" }));
        put(bit(has, 9) && bit(has, 10), "when", json!("host.name != 'b'"));
        written.push(round);
    }
    let mut playbook = json!({ "rounds": written });
    if let Some(most) = whole {
        playbook["max_parallel"] = json!(most);
    }
    playbook.to_string()
}

fn weather() -> impl Strategy<Value = Weather> {
    (
        prop::option::weighted(0.3, 0u8..3),
        prop::option::weighted(0.4, 1u8..9),
        prop::collection::vec(0u64..20_000, 0..4),
        1usize..5,
        prop::option::weighted(0.15, 1usize..90),
        prop::option::of(any::<bool>()),
    )
        .prop_map(|(refused, lose, interrupts, lanes, record, answer)| Weather { refused, lose, interrupts, lanes, record, answer })
}

/// `PROPTEST_CASES` for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(120)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_laws_hold(
        rounds in prop::collection::vec(round(), 1..4),
        whole in prop::option::weighted(0.15, 1u8..4),
        skip in prop::bool::weighted(0.2),
        calm in prop::bool::weighted(0.3),
        weather in weather(),
    ) {
        let weather = if calm { Weather { lanes: weather.lanes, answer: weather.answer, ..Weather::default() } } else { weather };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let mut commands = vec![
                json!({ "regex": "^bad", "code": 2 }),
                json!({ "regex": "^slow", "delay_ms": 2000 }),
                json!({ "regex": "^hang", "hang": true }),
                json!({ "regex": "^flaky", "code": 3, "times": 2 }),
            ];
            let text = playbook(&rounds, whole);
            let mut bench = Bench::new(&text, "a,b,c").max_sessions(weather.lanes);
            if let Some(index) = weather.lose {
                commands.insert(0, json!({ "regex": format!(" t{index}\\b"), "lose": "gone", "delay_ms": 5 }));
            }
            bench = bench.host(json!({ "host": "a", "commands": commands.clone() }));
            if let Some(times) = weather.refused {
                let refuse = if times == 0 { json!({ "class": "refused", "message": "no" }) } else { json!({ "class": "refused", "message": "no", "times": times }) };
                bench = bench.host(json!({ "host": "b", "delay_ms": 1500, "refuse": refuse, "commands": commands.split_off(commands.len() - 4) }));
            }
            bench = bench.host(json!({ "host": "*", "delay_ms": 10, "commands": commands }));
            for after in &weather.interrupts {
                bench = bench.interrupt(Duration::from_millis(*after));
            }
            if let Some(events) = weather.record {
                bench = bench.record_fails_after(events);
            }
            if let Some(yes) = weather.answer {
                bench = bench.answers_after(Duration::from_secs(2), &[yes; 6]);
            }
            if skip && text.contains("\"odd\"") {
                bench = bench.choose(Choice { tags: "", skip_tags: "odd", start_at: "" });
            }
            let ran = tokio::time::timeout(Duration::from_secs(3600), bench.run()).await;
            let Ok(ran) = ran else { panic!("the run does not end:\n{text}") };
            if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| laws::hold(&ran, &weather))) {
                println!("{text}\n{weather:?}");
                for event in &ran.events {
                    println!("{}", serde_json::to_string(event).expect("JSON"));
                }
                std::panic::resume_unwind(panic);
            }
        });
    }
}
