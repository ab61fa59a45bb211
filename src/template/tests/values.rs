//! What expressions and text give.

use indexmap::IndexMap;

use super::{Bench, int};
use crate::model::{Context, Value};
use crate::template::{Lookup, RenderError, Rendered};

#[test]
fn one_value_keeps_its_type() {
    let mut bench = Bench::default();
    bench.set("n", i64::MAX);
    bench.set("f", Value::Float(1.5));
    bench.set("l", Value::from_iter(["a", "b"]));
    bench.set("m", Value::Map([("k".to_owned(), int(1)), ("a".to_owned(), Value::None)].into_iter().collect()));
    for name in ["n", "f", "l", "m"] {
        let Lookup::Value(value) = bench.world.0[name].clone() else { panic!() };
        assert_eq!(bench.value(&format!("{{{{ {name} }}}}"), Context::Native), value);
        assert_eq!(bench.value(name, Context::Expression), value);
        assert_eq!(bench.value(&format!(" {{{{ {name} }}}}\n"), Context::Expression), value);
    }
    assert_eq!(bench.value("{{ n }}!", Context::Native), Value::from(format!("{}!", i64::MAX)));
    assert_eq!(bench.text("{{ l }} {{ m }} {{ f }} {{ true }}"), r#"["a", "b"] {"k": 1, "a": null} 1.5 true"#);
    assert_eq!(bench.text("[{{ none }}]"), "[]");
    assert!(bench.fails("web/{{ none }}", Context::Native).starts_with("none can't be written in an argument @ none"));
    assert_eq!(bench.value("n - 1", Context::Expression), int(i64::MAX - 1));
    assert!(bench.fails("n + n", Context::Expression).starts_with("the number needs more than 64 bits"));
}

#[test]
fn plain_text_is_itself() {
    let mut bench = Bench::default();
    assert_eq!(bench.text("a { b } % c\n\n"), "a { b } % c\n\n");
    assert_eq!(bench.text("a\n{% if true %}\n  b\n  {% endif %}\nc\n"), "a\n  b\nc\n");
    assert_eq!(bench.text("a {# gone #}b"), "a b");
    assert_eq!(bench.text("\u{1}( {{ 1 }} \u{1}%"), "\u{1}( 1 \u{1}%");
    assert_eq!(bench.text("{% raw %}{{ x }}{% endraw %}{{ '{{' }}"), "{{ x }}{{");
}

#[test]
fn absence_can_be_dealt_with() {
    let mut bench = Bench::default();
    bench.set("app", Value::Map(IndexMap::new()));
    bench.set("nil", Value::None);
    assert_eq!(bench.text("{{ gone | default('d') }}{{ gone.a.b | default('e') }}{{ app.x.y | d('f') }}{{ nil | default(3) }}"), "def3");
    assert_eq!(bench.value("gone is defined or app.x is defined", Context::Expression), Value::Bool(false));
    assert_eq!(bench.value("gone.x is undefined", Context::Expression), Value::Bool(true));
    assert_eq!(bench.render("{{ gone | default(omit) }}", Context::Native), Ok(Rendered::Omit));
    assert!(bench.fails("x{{ gone | default(omit) }}", Context::Native).starts_with("`omit` can stand only as the whole"));
    assert!(bench.fails("{{ gone | mandatory('set gone') }}", Context::Native).starts_with("set gone"));
    assert_eq!(bench.text("[{{ 'x' if false }}]"), "[]");
}

#[test]
fn text_is_never_compared_with_a_number() {
    let mut bench = Bench::default();
    bench.set("s", "21");
    bench.set("n", 21);
    bench.set("b", true);
    bench.set("l", Value::from_iter([1, 2]));
    for text in ["s < n", "n == s", "s != b", "s in l", "1 < n < s", "s is eq(n)", "l | select('==', s) | list", "s in [n]"] {
        let complaint = bench.fails(text, Context::Expression);
        assert!(complaint.contains("compares") && complaint.contains("| "), "{text}: {complaint}");
    }
    for (text, is) in
        [("s == '21'", true), ("s | int == n", true), ("n in l", false), ("1 < n <= 21", true), ("'2' in s", true), ("b == true", true)]
    {
        assert_eq!(bench.value(text, Context::Expression), Value::Bool(is), "{text}");
    }
    assert_eq!(bench.fails("s == n", Context::Expression).split(" ?").next(), Some("`==` compares text with int @ s == n"));
}

#[test]
fn conditions_give_a_bool() {
    let mut bench = Bench::default();
    bench.set("s", "false");
    let root = bench.root();
    for text in ["s", "1", "[]", "{{ s }}", "none"] {
        let template = bench.template(text, Context::Expression);
        assert!(matches!(bench.engine.eval_bool(&template, &root), Err(RenderError::Failed { .. })), "{text}");
    }
    let template = bench.template("s | bool", Context::Expression);
    assert_eq!(bench.engine.eval_bool(&template, &root), Ok(false));
}

#[test]
fn filters_of_ansible_are_there() {
    let mut bench = Bench::default();
    for (text, is) in [
        ("{{ {'a': [1, 'x']} | to_json }}", r#"{"a": [1, "x"]}"#),
        ("{{ '{\"a\": 1}' | from_json | to_yaml }}", "a: 1"),
        ("{{ 'ü' | b64encode }}{{ 'w7w=' | b64decode }}", "w7w=ü"),
        ("{{ 'a' | hash }}", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("{{ 'web01' | regex_replace('([a-z]+)(\\\\d+)', '\\\\2-$\\\\1') }}", "01-$web"),
        ("{{ 'a12' | regex_search('\\\\d+') }}", "12"),
        ("{{ '/a/b.c' | basename }} {{ '/a/b.c' | dirname }}", "b.c /a"),
        ("{{ true | ternary('y', 'n') }}", "y"),
        ("{{ {'a': 1} | combine({'b': 2}) }}", r#"{"a": 1, "b": 2}"#),
        ("{{ [1, [2, [3]]] | flatten }}", "[1, 2, 3]"),
        ("{{ {'a': 1} | dict2items }}", r#"[{"key": "a", "value": 1}]"#),
        ("{{ 'abc' is match('a.') }} {{ 'abc' | contains('b') }} {{ [1] is contains(1) }}", "true true true"),
        ("{{ \"it's\" | quote }}", r"'it'\''s'"),
        ("{{ '0x1f' | int(base=16) }} {{ ' 7 ' | int }} {{ '1.5' | float }} {{ 'x' | int(3) }}", "31 7 1.5 3"),
        ("{{ 'a b'.split(' ') | join('+') }} {{ {'k': 1}.items() | list }}", r#"a+b [["k", 1]]"#),
    ] {
        assert_eq!(bench.text(text), is, "{text}");
    }
    assert!(bench.fails("{{ 'xyz' | int }}", Context::Text).starts_with("`| int` can't read this text as a number"));
}
