//! The room's tests: places, types, limits, traps.

use proptest::prelude::*;

use super::*;
use crate::diag::{Diagnostics, SourceMap, SourceText};
use crate::model::Value;

fn read(text: &str) -> (SourceMap, Option<Node>, Diagnostics) {
    let mut map = SourceMap::default();
    let file = map.add("a.yml", None, text);
    let mut diagnostics = Diagnostics::default();
    let node = parse(&map, file, &mut diagnostics);
    (map, node, diagnostics)
}

fn sound(text: &str) -> (SourceMap, Node) {
    let (map, node, diagnostics) = read(text);
    assert_eq!(diagnostics.to_text(&map), "", "{text:?}");
    (map, node.unwrap())
}

fn said(text: &str) -> String {
    let (map, _, diagnostics) = read(text);
    diagnostics.to_text(&map)
}

#[test]
fn types_are_those_of_yaml_1_2() {
    let text = "a: no\nb: on\nc: true\nd: 0644\ne: 0x1F\nf: 2.10\ng: ~\nh:\ni: 1e3\nj: '1'\nk: 2026-01-01\nl: -7\nm: 1_000\n";
    let (_, node) = sound(text);
    let Value::Map(values) = node.to_value() else { panic!("a map") };
    let text = |text: &str| Value::Text(text.into());
    let expected = [
        ("a", text("no")),
        ("b", text("on")),
        ("c", Value::Bool(true)),
        ("d", text("0644")),
        ("e", Value::Int(31)),
        ("f", Value::Float(2.1)),
        ("g", Value::None),
        ("h", Value::None),
        ("i", Value::Float(1000.0)),
        ("j", text("1")),
        ("k", text("2026-01-01")),
        ("l", Value::Int(-7)),
        ("m", text("1_000")),
    ];
    for (key, value) in expected {
        assert_eq!(values[key], value, "{key}");
    }
    assert_eq!(node.get("f").unwrap().value.raw.as_ref().unwrap().text, "2.10");
}

#[test]
fn every_value_has_its_place() {
    let source = "é: &x {a: [1, 'two']}\nlist:\n  - \"q\"\n  - n: !!str 5\n  -\nagain: *x\n";
    let (map, node) = sound(source);
    let shown = |node: &Node| map.text(node.span).to_owned();
    let first = &node.get("é").unwrap().value;
    assert_eq!(shown(first), "{a: [1, 'two']}");
    assert_eq!(shown(&first.get("a").unwrap().value), "[1, 'two']");
    assert_eq!(map.text(node.get("list").unwrap().key.span), "list");
    let list = node.get("list").unwrap().value.as_list().unwrap();
    assert_eq!(shown(&list[0]), "\"q\"");
    assert_eq!(shown(&list[1]), "n: !!str 5");
    assert_eq!(list[1].get("n").unwrap().value.as_text().unwrap().text, "5");
    assert!(list[2].is_null());
    assert_eq!(node.get("again").unwrap().value, *first, "an alias stands where its anchor does");
}

fn mapped(map: &SourceMap, text: &SourceText, part: &str) -> String {
    let at = text.text.find(part).unwrap();
    map.text(text.at(at..at + part.len())).to_owned()
}

#[test]
fn parts_of_texts_have_places_in_every_style() {
    let sources = [
        "k: one two\n  three\n\n  four # end\n",
        "k: 'it''s two\n  three\n\n  four'\n",
        "k: \"one \\\"two\\\" \\u00e9\\\n   three\n\n  four\"\n",
        "k: |\n  two\n\n    three\n  four\n",
        "k: |2-\n    two\n  three\n  four\n\n\n",
        "k: >\n\n  two\n  three\n    more\n\n  more\n  four\n",
        "k: >+\n  two\n\n\n  three\n  four\n\n",
        "- k: [x, two three\n    four ]\n",
        "k: |\r\n  two\r\n  three\r\n  four\r\n",
        "k: >\n\n  &two !three\n  *four\n",
        "\u{feff}k: ü two\n  three\n  four\n",
    ];
    for source in sources {
        let (map, node, diagnostics) = read(source);
        assert!(!diagnostics.has_errors(), "{}", diagnostics.to_text(&map));
        let node = node.unwrap();
        let node = node.as_list().map_or(&node, |list| &list[0]);
        let value = &node.get("k").unwrap().value;
        let text = value.as_text().or_else(|| value.as_list()?[1].as_text()).unwrap();
        for word in ["two", "three", "four"] {
            assert_eq!(mapped(&map, text, word), word, "{word} in {source:?}, marks {:?}", text.marks);
        }
    }
}

#[test]
fn chomping_and_folding_give_what_yaml_says() {
    let (_, node) = sound("a: |-\n  x\nb: |+\n  x\n\nc: >\n  x\n  y\n\n  z\nd: >-\n  x\n");
    for (key, text) in [("a", "x"), ("b", "x\n\n"), ("c", "x y\nz\n"), ("d", "x")] {
        assert_eq!(node.get(key).unwrap().value.as_text().unwrap().text, text, "{key}");
    }
}

#[test]
fn merge_keys_add_what_is_not_there() {
    let (_, node) = sound("base: &b {x: 1, y: 2}\nother: &o {y: 3, z: 4}\nall:\n  y: 9\n  <<: [*b, *o]\n  w: 0\nquoted: {'<<': 1}\n");
    let all = node.get("all").unwrap().value.to_value();
    let expected: indexmap::IndexMap<String, Value> =
        [("y", 9), ("x", 1), ("z", 4), ("w", 0)].into_iter().map(|(key, number)| (key.to_owned(), Value::Int(number))).collect();
    assert_eq!(all, Value::Map(expected));
    assert!(node.get("quoted").unwrap().value.get("<<").is_some());
}

#[test]
fn an_empty_file_is_null() {
    for source in ["", "\n\n", "# nothing\n", "---\n", "\u{feff}"] {
        assert!(read(source).1.unwrap().is_null(), "{source:?}");
    }
}

#[test]
fn limits_hold_without_a_stack_overflow() {
    for source in ["[".repeat(200_000), "- ".repeat(200_000), "{a: ".repeat(100_000), "? ".repeat(50_000)] {
        let (_, node, diagnostics) = read(&source);
        assert!(node.is_none() && diagnostics.has_errors());
    }
    let mut nested = String::from("a0: &a0 [x]\n");
    for level in 1..100 {
        nested.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert!(said(&nested).contains("nested deeper than 64"), "{}", said(&nested));
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}, ", level - 1).repeat(9);
        laughs.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    assert!(said(&laughs).contains("aliases make the file larger"), "{}", said(&laughs));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(1000));
    assert!(said(&long).contains("aliases make the file larger"));
    assert!(said(&" ".repeat(MAX_BYTES + 1)).contains("larger than 8 MiB"));
}

#[test]
fn large_files_take_no_quadratic_time() {
    for (unit, end) in [("&a x, ", "]"), ("!t x, ", "]"), ("{{ a }}, ", "]"), ("'it''s', ", "]"), ("{a: 1, a: 2}, ", "]")] {
        let source = format!("[{}{end}", unit.repeat(60_000));
        let start = std::time::Instant::now();
        let _ = read(&source);
        assert!(start.elapsed().as_secs() < 20, "{unit}: {:?}", start.elapsed());
    }
    let lines: String = (0..60_000).map(|nth| format!("k{nth}: text of {nth} # comment\n")).collect();
    assert_eq!(sound(&lines).1.as_map().unwrap().len(), 60_000);
}

#[test]
fn traps_have_words_of_their_own() {
    let sources = [
        "hosts: *web\n",
        "hosts: *.example.com\n",
        "hosts: !canary\n",
        "hosts: !canary web\n",
        "run: &x\n",
        "run: &x sleep 5\n",
        "run: &x\n  - a\n",
        "run: echo: a\n",
        "- run: curl -H Accept: text http://x: y\n",
        "vars:\n\ta: b\n",
        "run: {{ x }}\n",
        "run: {{ x }} a\n",
        "run: [ -f x ] && y\n",
        "run: {a} b\n",
        "- { name: x, run: echo {{ y }} z }\n",
        "- { name: x, run: {{ y }} }\n",
        "- [a, {{ y }} z]\n",
        "run: @x\n",
        "run: %x\n",
        "run: `id`\n",
        "run: \"a\" b\n",
        "run: \"a\n",
        "a: 1\nb: 2\na: 3\n",
        "a: b\n---\nc: d\n",
        "1: a\ntrue: c\n~: b\n[x]: d\n",
        "a: 99999999999999999999\n",
        "a: &x [*x]\n",
        "a: 1\r\nb: 2\r\n",
        "a: 1\rb: 2\n",
        "\u{feff}a: é\n",
        "a: b\n c: d\n",
        "a: b\nc\n",
        "a: {<<: 3}\n",
        "a: b\n: c\n",
    ];
    let said: Vec<String> = sources.iter().map(|source| format!("{source:?}\n{}", said(source))).collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn comments_that_cut_are_told_from_ordinary_ones() {
    let cut_of = |value: &str, command: bool| {
        let (map, node) = sound(&format!("run: {value}\n"));
        cut_comment(&map, &node.get("run").unwrap().value, command).map(|span| map.text(span).to_owned())
    };
    let cut = |value: &str| cut_of(value, false);
    assert_eq!((cut("echo a # b"), cut_of("echo a # b", true).as_deref()), (None, Some("# b")));
    for fine in ["echo a  # b", "echo a #", "'echo a' # b", "echo a"] {
        assert_eq!(cut_of(fine, true), None, "{fine}");
    }
    assert_eq!(cut("echo \"a # b\"").as_deref(), Some("# b\""));
    assert_eq!(cut("grep -c #include").as_deref(), Some("#include"));
    assert_eq!(cut("echo $(( 1 # 2 ))").as_deref(), Some("# 2 ))"));
    for fine in ["uname -r   # the kernel", "uname -r", "echo a#b", "'echo #b'", "true #", "x  #----"] {
        assert_eq!(cut(fine), None, "{fine}");
    }
}

#[test]
fn lost_digits_are_found() {
    for (written, lost) in
        [("2.10", true), ("1.0", false), ("2.1", false), ("1e3", false), ("0.10", true), ("-1.50", true), (".inf", false), ("3", false)]
    {
        let (_, node) = sound(&format!("v: {written}\n"));
        assert_eq!(lost_digits(&node.get("v").unwrap().value).is_some(), lost, "{written}");
    }
}

#[test]
fn readers_say_what_is_wrong() {
    let source = "changed: no\nname: 2.10\ntimeout: 30\ndelay: 5 parsecs\nport: '22'\ncount: 0\nhost_key: strikt\nhsots: x\nbatch: 1\ntags: [a, 1]\nmap: 3\nuser: ''\nsize: 1.5\n";
    let (map, node) = sound(source);
    let mut diagnostics = Diagnostics::default();
    let mut fields = Fields::new(&node, "a task", &mut diagnostics).unwrap();
    assert_eq!(fields.take("changed").unwrap().bool(&mut diagnostics), None);
    assert_eq!(fields.take("name").unwrap().text(&mut diagnostics), None);
    assert_eq!(fields.take("timeout").unwrap().duration(&mut diagnostics), None);
    assert_eq!(fields.take("delay").unwrap().duration(&mut diagnostics), None);
    assert_eq!(fields.take("port").unwrap().int(&mut diagnostics), None);
    assert_eq!(fields.take("count").unwrap().count(1, &mut diagnostics), None);
    assert_eq!(fields.take("host_key").unwrap().choice(&[("strict", 1), ("accept_new", 2)], &mut diagnostics), None);
    assert_eq!(fields.take("tags").unwrap().texts(&mut diagnostics).len(), 1);
    assert_eq!(fields.take("map").unwrap().map(&mut diagnostics), None);
    assert_eq!(fields.take("user").unwrap().name(&mut diagnostics), None);
    assert_eq!(fields.take("size").unwrap().int(&mut diagnostics), None);
    assert!(fields.required("run", &mut diagnostics).is_none());
    fields.finish(&["hosts", "when"], &["batch"], &mut diagnostics);
    insta::assert_snapshot!(diagnostics.to_text(&map));
}

#[test]
fn readers_read() {
    let (_, node) = sound("a: true\nb: 5\nc: 1h30m\nd: x\ne: [y, z]\nf:\n");
    let mut diagnostics = Diagnostics::default();
    let entry = |key: &str| node.get(key).unwrap();
    assert_eq!(entry("a").bool(&mut diagnostics), Some(true));
    assert_eq!(entry("b").count(1, &mut diagnostics), Some(5));
    assert_eq!(entry("b").scalar(&mut diagnostics).unwrap().text, "5");
    assert_eq!(entry("c").duration(&mut diagnostics), Some(std::time::Duration::from_secs(5400)));
    assert_eq!(entry("d").texts(&mut diagnostics).len(), 1);
    assert_eq!(entry("e").texts(&mut diagnostics).len(), 2);
    assert_eq!(entry("f").map(&mut diagnostics), Some(&[][..]));
    assert_eq!(diagnostics.iter().count(), 0);
}

/// Every visible character of every text stands in the file where its marks say, but for escapes.
fn check_marks(map: &SourceMap, node: &Node) {
    let check = |text: &SourceText, style: Style| {
        for (at, c) in text.text.char_indices().filter(|(_, c)| !c.is_whitespace()) {
            let found = map.text(text.at(at..at + c.len_utf8()));
            let escaped = style == Style::DoubleQuoted && found.starts_with('\\');
            assert!(escaped || found.starts_with(c), "{c:?} at {at} of {text:?} is {found:?}");
        }
    };
    match &node.value {
        NodeValue::Text(text) => check(text, node.style),
        NodeValue::List(items) => items.iter().for_each(|item| check_marks(map, item)),
        NodeValue::Map(entries) => entries.iter().for_each(|entry| check_marks(map, &entry.value)),
        _ => {}
    }
}

fn indented(text: &str, indent: usize) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{:indent$}{line}\n", "") }).collect()
}

#[test]
fn a_quoted_text_ends_at_its_quote() {
    let (map, node) = sound("a: { b: \"{{ x }}\" }\nc: [ 'd' , \"e\"  ]\n");
    let shown = |node: &Node| map.text(node.span).to_owned();
    assert_eq!(shown(&node.get("a").unwrap().value.get("b").unwrap().value), "\"{{ x }}\"");
    let NodeValue::List(list) = &node.get("c").unwrap().value.value else { panic!("a list") };
    assert_eq!(list.iter().map(shown).collect::<Vec<_>>(), ["'d'", "\"e\""]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_input_panics(source in "\\PC*") {
        let _ = said(&source);
    }

    #[test]
    fn no_yaml_like_input_panics(source in "([-a-c:?#'\"|>*&!{}\\[\\], \n\t\\\\é%@0.<~]|: |- |\n  |\r\n|---|\\.\\.\\.){0,40}") {
        let (map, node, diagnostics) = read(&source);
        let _ = diagnostics.to_text(&map);
        if let Some(node) = node.filter(|_| !diagnostics.has_errors()) {
            check_marks(&map, &node);
        }
    }

    #[test]
    fn block_texts_map_back(
        style in prop::sample::select(vec!["|", ">"]),
        chomp in prop::sample::select(vec!["", "-", "+"]),
        lines in prop::collection::vec("[a-cé#:\" ]{0,6}", 1..8),
        indent in 1_usize..5,
    ) {
        let content = indented(&lines.join("\n"), indent);
        let source = format!("k:\n  v: {style}{indent}{chomp}\n{}\nz: 1\n", indented(&content, 2));
        let (map, node, diagnostics) = read(&source);
        prop_assert!(!diagnostics.has_errors(), "{source:?} {}", diagnostics.to_text(&map));
        check_marks(&map, &node.unwrap());
    }

    #[test]
    fn quoted_texts_map_back(single in any::<bool>(), words in prop::collection::vec("([a-cé]|''|\\\\n|\\\\\"|\\\\u00e9|\n   | |\\\\\n)*", 1..4)) {
        let inner = words.join(" ");
        let source = if single {
            format!("k: '{}'\n", inner.replace('\\', ""))
        } else {
            format!("k: \"{}\"\n", inner)
        };
        let (map, node, diagnostics) = read(&source);
        if let Some(node) = node.filter(|_| !diagnostics.has_errors()) {
            check_marks(&map, &node);
        }
    }
}

#[test]
fn ansibles_files_are_read_by_its_rules() {
    let text = "a: yes\na: 0644\n80: x\nkey: !vault |\n  62\nraw: !unsafe '{{ x }}'\nlist: &idle [on, \"on\"]\n";
    let mut map = SourceMap::default();
    let file = map.add("a.yml", None, text);
    let mut diagnostics = Diagnostics::default();
    let node = parse_ansible(&map, file, &mut diagnostics).unwrap();
    assert_eq!(diagnostics.to_text(&map), "");
    assert_eq!(serde_json::to_string(&node.to_value()).unwrap(), r#"{"a":420,"80":"x","key":"62\n","raw":"{{ x }}","list":[true,"on"]}"#);
    let tags: Vec<Option<&str>> = node.as_map().unwrap().iter().map(|entry| entry.value.tag.as_deref()).collect();
    assert_eq!(tags, [None, None, Some("!vault"), Some("!unsafe"), None]);
    assert_eq!(map.text(node.get("raw").unwrap().value.span), "'{{ x }}'");
}
