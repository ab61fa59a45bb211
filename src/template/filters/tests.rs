//! The book's tables of filters and tests, each example run; and what is tricky in them.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use proptest::prelude::*;

use crate::model::{Context, Value};
use crate::template::tests::Bench;
use crate::template::text::json;
use crate::template::{RenderError, environment};

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// What the book says that its examples see.
fn bench() -> Bench {
    let mut bench = Bench::default();
    bench.set("ports", map([("http", Value::Int(80)), ("https", Value::Int(443))]));
    bench.set("run", map([("started", Value::from("2026-03-01T07:30:00Z"))]));
    let user = |name: &str, uid: i64, groups: &[&str], shell: &str| {
        let groups = Value::from_iter(groups.iter().copied());
        map([("name", name.into()), ("uid", Value::Int(uid)), ("groups", groups), ("shell", shell.into())])
    };
    let users = [user("ann", 1000, &["adm", "dev"], "/bin/bash"), user("bob", 1001, &["dev"], "/bin/sh")];
    bench.set("users", Value::List(users.into()));
    let task = |status: &str, changed: bool| map([("status", status.into()), ("changed", Value::Bool(changed))]);
    let tasks = [("build", task("failed", false)), ("config", task("changed", true)), ("drain", task("skipped", false))];
    bench.set("tasks", map(tasks));
    bench
}

/// A row of the book: its name, its example, what it gives.
fn rows(heading: &str) -> Vec<(String, String, String)> {
    let book = include_str!("../../../docs/templates.md");
    let section = book.split(&format!("\n## {heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
    let code = |cell: &str| cell.trim().trim_matches('`').replace('\u{1}', "|");
    let cells = |line: &str| line.replace("\\|", "\u{1}").split('|').map(code).collect::<Vec<String>>();
    let rows = section.lines().filter(|line| line.starts_with("| `")).map(cells);
    rows.map(|cells| (cells[1].clone(), cells[3].clone(), cells[4].clone())).collect()
}

#[test]
fn every_example_of_the_book_gives_what_it_says() {
    let mut bench = bench();
    let mut wrong = String::new();
    for (name, example, gives) in rows("Filters").into_iter().chain(rows("Tests")) {
        assert!(example.contains(&name), "{name}: {example}");
        let is = match bench.compile(&example, Context::Expression) {
            None => bench.diagnostics.to_text(&bench.map),
            Some(template) => match bench.engine.render_value(&crate::model::VarValue::Template(template), &bench.root()) {
                Ok(value) => json(&value),
                Err(error) => format!("{error:?}"),
            },
        };
        bench.diagnostics = crate::diag::Diagnostics::default();
        if is != gives {
            wrong.push_str(&format!("{example}\n  is     {is}\n  not    {gives}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_book_names_every_filter_and_test() {
    let (_, names) = environment::build();
    let named = |heading: &str| rows(heading).into_iter().map(|row| row.0).collect::<BTreeSet<String>>();
    let known = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect::<BTreeSet<String>>();
    // Those over hosts have a section of their own.
    let over_hosts = crate::template::host_filters::HOST_FILTERS;
    let of_values = names.filters.keys().copied().filter(|name| !over_hosts.contains(name)).collect();
    assert_eq!(named("Filters"), known(of_values));
    let book = include_str!("../../../docs/templates.md");
    over_hosts.iter().for_each(|name| assert!(book.contains(&format!("| `{name}(")), "{name}"));
    assert_eq!(named("Tests"), known(names.tests.keys().copied().collect()));
}

fn value(text: &str) -> String {
    json(&bench().value(text, Context::Expression))
}

fn fails(text: &str) -> String {
    let mut bench = bench();
    match bench.render(text, Context::Expression) {
        Err(RenderError::Failed { message, hint, .. }) => format!("{message} ? {}", hint.unwrap_or_default()),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn text_is_not_compared_with_numbers_anywhere() {
    for filter in ["sort", "min", "max", "unique", "union([])", "difference(['1'])", "intersect([true])", "symmetric_difference([1])"] {
        let said = fails(&format!("[1, 'a'] | {filter}"));
        assert!(said.contains("compares text with int") && said.contains("| int"), "{filter}: {said}");
    }
    for test in ["[1] is subset(['1'])", "[1] is superset(['1'])", "['1'] | select('==', 1)", "users | selectattr('uid', '==', '1000')"] {
        assert!(fails(test).contains("compares"), "{test}");
    }
    assert!(fails("[{'a': 1}, {'a': 'x'}] | sort(attribute='a')").contains("`| sort` compares text with int"));
    assert!(fails("[{'a': 1}, {'a': 'x'}] | groupby('a')").contains("`| groupby` compares text with int"));
    assert!(fails("{'a': 1, 'b': 'x'} | dictsort(by='value')").contains("compares text with int"));
    assert!(fails("[none, 1] | sort").starts_with("`| sort` can't order a none and a int"));
    assert!(fails("users | sort").contains("can't order a map ? say by what"));
    assert_eq!(value("[2, 1.5, 1] | sort"), "[1, 1.5, 2]");
    assert_eq!(value("['b', 'A', 'c'] | sort"), r#"["A", "b", "c"]"#);
    assert_eq!(value("['b', 'A', 'B'] | sort(case_sensitive=true)"), r#"["A", "B", "b"]"#);
    assert_eq!(value("users | sort(attribute='shell,name') | map(attribute='name')"), r#"["ann", "bob"]"#);
    assert_eq!(value("[1, 1.0, {'a': 1, 'b': 2}, {'b': 2, 'a': 1}] | unique"), r#"[1, {"a": 1, "b": 2}]"#);
}

#[test]
fn what_is_missing_is_an_error() {
    assert!(fails("[] | first | upper").contains("undefined"), "{}", fails("[] | first | upper"));
    assert!(fails("[] | max | string").starts_with("`| string` is given a value that is not defined"));
    assert!(fails("users | selectattr('home')").contains("no such attribute"));
    assert!(fails("users | sum(attribute='home')").contains("no such attribute"));
    assert!(fails("users | sort(attribute='home')").contains("no such attribute"));
    assert_eq!(value("users | selectattr('home', 'defined')"), "[]");
    assert_eq!(value("users | map(attribute='home', default='/')"), r#"["/", "/"]"#);
    assert_eq!(value("[] | max | default(0)"), "0");
    assert!(fails("'x' is failed").contains("asked of a task's result"));
    assert!(fails("none | mandatory('say which')").starts_with("say which"));
}

#[test]
fn combine_goes_as_deep_as_it_is_told() {
    let two = "{'a': {'x': 1, 'l': [1, 2]}, 'l': [1, 2]} | combine({'a': {'y': 2, 'l': [2, 3]}, 'l': [2, 3]}";
    for (options, gives) in [
        ("", r#"{"a": {"y": 2, "l": [2, 3]}, "l": [2, 3]}"#),
        (", recursive=true", r#"{"a": {"x": 1, "l": [2, 3], "y": 2}, "l": [2, 3]}"#),
        (", recursive=true, list_merge='keep'", r#"{"a": {"x": 1, "l": [1, 2], "y": 2}, "l": [1, 2]}"#),
        (", recursive=true, list_merge='append'", r#"{"a": {"x": 1, "l": [1, 2, 2, 3], "y": 2}, "l": [1, 2, 2, 3]}"#),
        (", recursive=true, list_merge='prepend'", r#"{"a": {"x": 1, "l": [2, 3, 1, 2], "y": 2}, "l": [2, 3, 1, 2]}"#),
        (", list_merge='append_rp'", r#"{"a": {"y": 2, "l": [2, 3]}, "l": [1, 2, 3]}"#),
        (", list_merge='prepend_rp'", r#"{"a": {"y": 2, "l": [2, 3]}, "l": [2, 3, 1]}"#),
    ] {
        assert_eq!(value(&format!("{two}{options})")), gives, "{options}");
    }
    assert_eq!(value("[{'a': 1}, {'b': 2}] | combine({'a': 3})"), r#"{"a": 3, "b": 2}"#);
    assert!(fails("{'a': 1} | combine('b')").starts_with("`| combine` joins maps, and this is text"));
}

#[test]
fn patterns_are_python_s() {
    for (text, gives) in [
        (r"'web01' | regex_replace('([a-z]+)(\d+)', '\\2-$\\1')", r#""01-$web""#),
        (r"'web01' | regex_replace('(?P<n>[a-z]+)', '<\\g<n>>\\g<0>')", r#""<web>web01""#),
        (r"'aAa' | regex_replace('a', 'b', ignorecase=true, count=2)", r#""bba""#),
        (r"'a\nb' | regex_replace('^', '# ', multiline=true)", r##""# a\n# b""##),
        (r"'a1' | regex_search('([a-z])([0-9])')", r#""a1""#),
        (r"'a1' | regex_search('(?P<l>[a-z])([0-9])', '\\g<l>', '\\2')", r#"["a", "1"]"#),
        (r"'a1' | regex_search('x')", "null"),
        (r"'a1 b2' | regex_findall('[a-z]')", r#"["a", "b"]"#),
        (r"'a1 b2' | regex_findall('([a-z])[0-9]')", r#"["a", "b"]"#),
        (r"'a\nb' is match('b')", "false"),
        (r"'a\nb' is match('b', multiline=true)", "false"),
        (r"'ab' is regex('b', match_type='fullmatch')", "false"),
    ] {
        assert_eq!(value(text), gives, "{text}");
    }
    assert!(fails(r"'a' | regex_replace('a', '\\1')").contains("a group is named"));
    assert!(fails("'ab' | regex_replace('a', 'b', mandatory_count=2)").contains("must replace 2, and there is 1"));
    assert!(fails("80 | regex_replace('8', '9')").contains("`| regex_replace` needs text, not a int ? write `| string`"));
}

#[test]
fn versions_are_compared_part_by_part() {
    for (text, gives) in [
        ("'1.10' is version('1.9', '>')", "true"),
        ("'1.2' is version('1.2.0', '<')", "true"),
        ("'1.02' is version('1.2', '==')", "true"),
        ("'2.4.1p1' is version('2.4.1', 'gt')", "true"),
        ("'1.0a1' is version('1.0', '<', strict=true)", "true"),
        ("'1.0.0-rc.1' is version('1.0.0', '<', version_type='semver')", "true"),
        ("'20260301' is version('99999999999999999999999', '<')", "true"),
    ] {
        assert_eq!(value(text), gives, "{text}");
    }
    assert!(fails("1.10 is version('1.9', '>')").contains("a version is text, and this is a float ? put it in quotes"));
    assert!(fails("'1.a' is version('1.2', '>')").contains("one has a number and the other a word"));
    assert!(fails("'1.2' is version('1.2', 'above')").contains("no such operator"));
}

#[test]
fn sizes_are_read_as_people_write_them() {
    for (text, gives) in [
        ("'10' | human_to_bytes", "10"),
        ("'10' | human_to_bytes('K')", "10240"),
        ("'1.5 GB' | human_to_bytes", "1610612736"),
        ("'64KiB' | human_to_bytes", "65536"),
        ("'10Mb' | human_to_bytes(isbits=true)", "10485760"),
        ("'1 Byte' | human_to_bytes", "1"),
        ("10 | human_readable", r#""10.00 Bytes""#),
        ("1048576 | human_readable(isbits=true)", r#""1.00 Mb""#),
        ("1048576 | human_readable(unit='K')", r#""1024.00 KB""#),
    ] {
        assert_eq!(value(text), gives, "{text}");
    }
    for text in ["'10Mb' | human_to_bytes", "'10X' | human_to_bytes", "'' | human_to_bytes", "'-1K' | human_to_bytes"] {
        assert!(fails(text).contains("can't read this size"), "{text}");
    }
}

#[test]
fn password_hashes_are_those_of_crypt() {
    // By `openssl passwd -6 -salt salt geheim` and with `-5`.
    let hash = value("'geheim' | password_hash('sha512', 'saltsalt')");
    assert_eq!(hash, format!("\"{}\"", openssl("-6")));
    assert_eq!(value("'geheim' | password_hash('sha256', 'saltsalt')"), format!("\"{}\"", openssl("-5")));
    assert!(value("'x' | password_hash(salt='a', rounds=1000)").starts_with("\"$6$rounds=1000$a$"));
    assert!(fails("'x' | password_hash").contains("needs a `salt`"));
    assert!(fails("'x' | password_hash(salt='a$b')").contains("can't use this salt"));
}

fn openssl(kind: &str) -> String {
    let output = std::process::Command::new("openssl").args(["passwd", kind, "-salt", "saltsalt", "geheim"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn paths_times_and_the_rest() {
    for (text, gives) in [
        ("['a', '/b', 'c'] | path_join", r#""/b/c""#),
        ("'/a/./b/../c' | relpath('/a')", r#""c""#),
        ("'/a' | relpath('/a')", r#"".""#),
        ("'/a/.bashrc' | splitext", r#"["/a/.bashrc", ""]"#),
        (
            "'http://u:p@[::1]:80/x?y#z' | urlsplit",
            r#"{"scheme": "http", "netloc": "u:p@[::1]:80", "username": "u", "password": "p", "hostname": "::1", "port": 80, "path": "/x", "query": "y", "fragment": "z"}"#,
        ),
        ("'/x' is url", "false"),
        ("1772350200 | date('%Y-%m-%d %H:%M:%S')", r#""2026-03-01 07:30:00""#),
        ("'2026-03-01T08:30:00+01:00' | epoch", "1772350200"),
        ("'2026-03-01' | epoch", "1772323200"),
        ("'a\n\nb' | comment", r##""#\n# a\n#\n# b\n#""##),
        ("'a' | comment('xml')", r#""<!--\n -\n - a\n -\n-->""#),
        ("[1, none, [2, none]] | flatten", "[1, 2]"),
        ("[1, none] | flatten(skip_nulls=false)", "[1, null]"),
        ("[1, 2] | product(repeat=2) | length", "4"),
        ("none | ternary(1, 2, 3)", "3"),
        ("{'ann': {'k': ['a', 'b']}} | subelements('k') | length", "2"),
        ("'no' is truthy(convert_bool=true)", "false"),
        ("gone | ansible.builtin.default('x') | ansible.builtin.regex_replace('x', 'y')", r#""y""#),
        ("gone is ansible.builtin.defined", "false"),
    ] {
        assert_eq!(value(text), gives, "{text}");
    }
    assert!(fails("'%Y' | strftime").contains("does not ask the clock"));
    assert!(fails("'soon' | epoch").contains("can't read this text as a time"));
    assert!(fails("run.started | date('%Q%')").contains("can't read the format"));
    assert!(fails("range(2000) | list | product(range(2000) | list)").contains("more than 1000000 items"));
    assert!(fails("'yes' | ternary(1, 2)").contains("needs true or false"));
    assert!(fails("'a' | center(width=-1)").contains("takes 0 to"));
}

#[test]
fn quoting_twice_is_quoting_once() {
    let mut bench = Bench::default();
    bench.set("x", "a b");
    for filter in ["quote", "ansible.builtin.quote", "quote | quote"] {
        assert_eq!(bench.value(&format!("echo {{{{ x | {filter} }}}}"), Context::Shell), Value::from("echo 'a b'"), "{filter}");
    }
}

#[test]
fn calls_are_checked_before_anything_is_rendered() {
    let mut all = String::new();
    for text in [
        "x | regex_replace",
        "x | combine(y, recursiv=true)",
        "x | upper('a')",
        "x | default(1, true, 2)",
        "x is version",
        "x is match('a', 'b', 'c', 'd')",
        "range()",
        "x | map('uper')",
        "x | map('regex_replace')",
        "x | select('matches', 'a')",
        "x | selectattr('a', 'eqal', 1)",
        "x | regex_search('(')",
        "x is match('(?!a)b')",
        "x | regex_replace('(a)', '\\1')",
        "lookup('env', 'HOME')",
        "now()",
        "x | random",
        "x | ipaddr",
        "'/etc/hosts' is exists",
        "x | win_basename",
    ] {
        all.push_str(&bench().complaints(text, Context::Expression));
        all.push('\n');
    }
    insta::assert_snapshot!(all);
    // What only the run knows is left to it.
    let mut bench = bench();
    bench.set("more", Value::List(vec![Value::from("a")]));
    assert!(bench.complaints("'a' | regex_replace(*more)", Context::Expression).is_empty());
    assert_eq!(bench.value("'abc' | regex_replace(*more)", Context::Expression), Value::from("bc"));
}

fn data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-1e9..1e9f64).prop_map(Value::Float),
        "[ -~äß\n\t]{0,8}".prop_map(Value::from),
        prop_oneof![Just("yes"), Just("null"), Just("1e3"), Just("- a"), Just("~"), Just("0x1f"), Just("a: b"), Just("#")]
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::vec(("[ -~]{0,6}", inner), 0..4).prop_map(|pairs| Value::Map(pairs.into_iter().collect::<IndexMap<_, _>>())),
        ]
    })
}

proptest! {
    #[test]
    fn yaml_and_json_come_back_as_they_were(value in data(), indent in 1..5i64) {
        let mut bench = Bench::default();
        bench.set("x", value.clone());
        for text in [format!("x | to_yaml({indent}) | from_yaml"), format!("x | to_nice_json({indent}) | from_json"), "x | to_json | from_json".to_owned()] {
            prop_assert_eq!(&bench.value(&text, Context::Expression), &value, "{}", text);
        }
    }

    #[test]
    fn loose_versions_have_an_order(a in "[0-9]{1,3}(\\.[0-9]{1,3}){0,3}", b in "[0-9]{1,3}(\\.[0-9]{1,3}){0,3}") {
        let mut bench = Bench::default();
        bench.set("a", a.as_str());
        bench.set("b", b.as_str());
        let mut is = |text: &str| bench.value(text, Context::Expression) == Value::Bool(true);
        let ways = [is("a is version(b, '<')"), is("a is version(b, '==')"), is("a is version(b, '>')")];
        prop_assert_eq!(ways.iter().filter(|way| **way).count(), 1);
        prop_assert_eq!(ways[0], is("b is version(a, '>')"));
        let numbers = |text: &str| text.split('.').map(|part| part.parse::<u32>().unwrap()).collect::<Vec<_>>();
        prop_assert_eq!(ways[0], numbers(&a) < numbers(&b));
    }

    #[test]
    fn text_goes_through_regex_replace_unread(text in "[ -~]{0,12}") {
        let mut bench = Bench::default();
        bench.set("x", text.as_str());
        prop_assert_eq!(bench.value("x | regex_replace('(.+)', '\\\\1')", Context::Expression), Value::from(text.as_str()));
        prop_assert_eq!(bench.value("(x ~ '!') | regex_replace(x | regex_escape, '', count=1)", Context::Expression), Value::from("!"));
    }
}
