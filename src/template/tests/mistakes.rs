//! What is refused, and how it is told.

use super::{Bench, int};
use crate::diag::{SourceMap, SourceText, Span};
use crate::model::{Context, Value};
use crate::template::Engine;

#[test]
fn undefined_is_an_error_that_names_it() {
    let mut bench = Bench::default();
    bench.set("release", "2.4");
    bench.set("app", Value::Map([("port".to_owned(), int(80))].into_iter().collect()));
    assert_eq!(bench.fails("x {{ relaese }}", Context::Text), "`relaese` is not defined @ relaese ? did you mean `release`?");
    assert_eq!(bench.fails("relaese", Context::Expression), "`relaese` is not defined @ relaese ? did you mean `release`?");
    assert_eq!(bench.fails("{{ app.prot }}", Context::Native), "`app` has no `prot` @ app.prot ? did you mean `port`?");
    assert_eq!(bench.fails("{{ app.port.x }}", Context::Native), "`app.port` has no `x` @ app.port.x ? ");
    assert_eq!(bench.fails("{% for x in nothing %}{% endfor %}", Context::Text), "`nothing` is not defined @ nothing ? ");
    assert_eq!(bench.fails("{% if nothing %}{% endif %}", Context::Text), "`nothing` is not defined @ nothing ? ");
    assert_eq!(bench.fails("{{ 'a' ~ nothing }}", Context::Text), "`nothing` is not defined @ nothing ? ");
    assert_eq!(bench.fails("{{ nothing | upper }}", Context::Text), "`nothing` is not defined @ nothing ? ");
    assert_eq!(bench.fails("{{ nothing.a.b }}", Context::Text), "`nothing` is not defined @ nothing.a.b ? ");
    assert_eq!(
        bench.fails("{{ [1] | map(attribute='x') | list }}", Context::Text).split(" @").next(),
        Some("`| map`: an item of the list has no such attribute")
    );
}

#[test]
fn errors_show_no_values() {
    let mut bench = Bench::default();
    bench.set("password", "hunter2");
    bench.set("map", Value::Map([("hunter2".to_owned(), int(1))].into_iter().collect()));
    for text in [
        "password | int",
        "password | float",
        "password | from_json",
        "password | b64decode",
        "password + 1",
        "password[0].x",
        "map[password].y",
        "password | bool",
        "password == 1",
        "range(password)",
        "password | batch('x')",
        "[] | map(password) | list",
        "[1] | select(password) | list",
        "password.foo",
        "password | regex_search(password ~ '(')",
        "{}[password]",
        "password | round",
        "password | abs",
        "password | format(1)",
        "password | human_to_bytes",
        "password | epoch",
        "'x' | password_hash(salt=password ~ '$')",
        "'x' | hash(password)",
        "'x' | regex_replace(password ~ '(', 'y')",
        "'x' | comment(**{password: 1})",
        "{} | combine(password)",
        "('http://x:' ~ password) | urlsplit",
        "password is version('1', '>')",
        "[1] | map(attribute=password)",
        "'x' | from_yaml(**map)",
        "(password ~ ': : :') | from_yaml",
    ] {
        let Some(template) = bench.compile(text, Context::Expression) else { panic!("{text}") };
        match bench.engine.render(&template, &bench.root()) {
            Err(error) => assert!(!format!("{error} {error:?}").contains("hunter2"), "{text}: {error:?}"),
            Ok(value) => assert!(text.contains("format") || text.contains("[] |") || text.contains("y"), "{text}: {value:?}"),
        }
    }
}

#[test]
fn endless_work_is_bounded() {
    let mut bench = Bench::default();
    assert!(bench.fails("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", Context::Text).contains("recursion limit"));
    let deep = format!("{}1{}", "(".repeat(400), ")".repeat(400));
    assert!(bench.compile(&deep, Context::Expression).is_none());
    let long = vec!["1"; 90].join(" + ");
    assert_eq!(bench.value(&long, Context::Expression), int(90));
}

#[test]
fn complaints_point_at_the_word() {
    let mut bench = Bench::default();
    let mut all = String::new();
    for (text, context) in [
        ("{{ x | uper }}", Context::Text),
        ("x is defnied", Context::Expression),
        ("rang(3)", Context::Expression),
        ("x.splt(',')", Context::Expression),
        ("tasks.disk.stdout < 21", Context::Expression),
        ("rounds.a.hosts[h].tasks.b.rc == \"0\"", Context::Expression),
        ("{{ a }} == {{ b }}", Context::Expression),
        ("a {{ b", Context::Text),
        ("{% include 'x' %}", Context::Text),
        ("docker ps --format '{{.Names}}'", Context::Shell),
        ("echo {{ x }}", Context::ForeignShell),
        ("echo `date {{ x }}`", Context::Shell),
        ("{% if x %}echo \"{% endif %}", Context::Shell),
        ("echo $'it\\'s' {{ x }}", Context::Shell),
        ("sh -c \"ls {{ x }}\"", Context::Shell),
    ] {
        all.push_str(&bench.complaints(text, context));
        all.push('\n');
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_sign_is_found_in_literal_shell_text_with_what_is_open_there() {
    let engine = Engine::new();
    let mut map = SourceMap::default();
    let mut marks = |text: &str| {
        let file = map.add("t.yml", None, text);
        let found = engine.marks(&SourceText::verbatim(text, Span::new(file, 0..text.len())), "%s")?;
        Some(found.into_iter().map(|(span, inside)| (span.start, inside)).collect::<Vec<_>>())
    };
    for (text, wanted) in [
        ("nginx -t -c %s", vec![(12, None)]),
        ("a %s && b <%s", vec![(2, None), (11, None)]),
        ("x=$(cat %s); (b %s)", vec![(8, None), (16, None)]),
        ("a \"$(wc -l <%s)\"", vec![(12, None)]),
        ("a '%s'", vec![(3, Some("'…'"))]),
        ("a \"%s\"", vec![(3, Some("\"…\""))]),
        ("a `cat %s`", vec![(7, Some("backticks"))]),
        ("a ${x%s}", vec![(5, Some("${…}"))]),
        ("a $((1 %s 2))", vec![(7, Some("$(( … ))"))]),
        ("a \\%s", vec![(3, Some("a word behind a backslash"))]),
        ("a $%s", vec![(3, Some("a word behind a `$`"))]),
        ("a # %s\nb %s", vec![(4, Some("a comment")), (9, None)]),
        ("cat <<E\n%s\nE\nb %s", vec![(8, Some("a here-document")), (15, None)]),
        ("cat <<%s\n%s\n", vec![(6, Some("the delimiter of a here-document")), (9, Some("a here-document"))]),
        // What a value holds is no literal text, and a loop's is there once.
        ("a {{ '%s' }} %s", vec![(13, None)]),
        ("{% for x in l %}a %s\n{% endfor %}", vec![(18, None)]),
        ("true", vec![]),
    ] {
        assert_eq!(marks(text), Some(wanted), "{text}");
    }
    assert_eq!(marks("a {{ %s"), None, "what can't be read is told elsewhere");
}
