//! What templates give, and what they refuse: through the room's public interface.

use std::sync::Arc;

use indexmap::IndexMap;

use super::*;
use crate::diag::{Diagnostics, SourceMap, SourceText, Span};
use crate::model::{Context, Template, Value, VarValue};

/// A map of lookups.
#[derive(Debug, Default)]
pub(super) struct World(pub(super) IndexMap<String, Lookup>);

impl Lazy for World {
    fn get(&self, name: &str) -> Lookup {
        self.0.get(name).cloned().unwrap_or(Lookup::Missing)
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// Compiles and renders with one file's text.
#[derive(Default)]
pub(super) struct Bench {
    pub(super) engine: Engine,
    pub(super) map: SourceMap,
    pub(super) world: World,
    pub(super) diagnostics: Diagnostics,
}

impl Bench {
    pub(super) fn source(&mut self, text: &str) -> SourceText {
        let file = self.map.add("t.yml", None, text);
        SourceText::verbatim(text, Span::new(file, 0..text.len()))
    }

    pub(super) fn compile(&mut self, text: &str, context: Context) -> Option<Template> {
        let source = self.source(text);
        self.engine.compile(source, context, &mut self.diagnostics)
    }

    fn template(&mut self, text: &str, context: Context) -> Template {
        let template = self.compile(text, context);
        template.unwrap_or_else(|| panic!("{text}: {}", self.diagnostics.to_text(&self.map)))
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.world.0.insert(name.to_owned(), Lookup::Value(value.into()));
    }

    pub(super) fn var(&mut self, name: &str, template: &str) {
        let template = self.template(template, Context::Native);
        self.world.0.insert(name.to_owned(), Lookup::Variable(Arc::new(VarValue::Template(template))));
    }

    fn map(&mut self, name: &str, entries: Vec<(&str, Lookup)>) {
        let world = World(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
        self.world.0.insert(name.to_owned(), Lookup::Lazy(Arc::new(world)));
    }

    pub(super) fn root(&self) -> Root {
        Arc::new(World(self.world.0.clone()))
    }

    pub(super) fn render(&mut self, text: &str, context: Context) -> Result<Rendered, RenderError> {
        let template = self.template(text, context);
        self.engine.render(&template, &self.root())
    }

    pub(super) fn value(&mut self, text: &str, context: Context) -> Value {
        match self.render(text, context) {
            Ok(Rendered::Value(value)) => value,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let Value::Text(text) = self.value(text, Context::Text) else { panic!("no text") };
        text
    }

    /// A failure as one line: message, marked source, hint.
    fn fails(&mut self, text: &str, context: Context) -> String {
        match self.render(text, context) {
            Err(RenderError::Failed { message, span, hint }) => {
                let place = span.map(|span| self.map.text(span).to_owned()).unwrap_or_default();
                format!("{message} @ {place} ? {}", hint.unwrap_or_default())
            }
            other => panic!("{text}: {other:?}"),
        }
    }

    pub(super) fn complaints(&mut self, text: &str, context: Context) -> String {
        self.diagnostics = Diagnostics::default();
        let template = self.compile(text, context);
        assert_eq!(template.is_none(), self.diagnostics.has_errors(), "{text}");
        self.diagnostics.to_text(&self.map)
    }
}

fn int(number: i64) -> Value {
    Value::Int(number)
}

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
fn variables_are_rendered_where_used() {
    let mut bench = Bench::default();
    bench.set("base", "/srv");
    bench.var("dir", "{{ base }}/app");
    bench.var("file", "{{ dir }}/conf");
    assert_eq!(bench.text("{{ file }} {{ file }}"), "/srv/app/conf /srv/app/conf");
    let url = bench.template("http://{{ app.port }}", Context::Native);
    let map =
        VarValue::Map([("port".to_owned(), VarValue::Plain(int(80))), ("url".to_owned(), VarValue::Template(url))].into_iter().collect());
    bench.world.0.insert("app".to_owned(), Lookup::Variable(Arc::new(map.clone())));
    assert_eq!(bench.text("{{ app.url }} {{ app['port'] }}"), "http://80 80");
    assert_eq!(bench.text("{{ app | to_json }}"), r#"{"port": 80, "url": "http://80"}"#);
    let whole = bench.engine.render_value(&map, &bench.root());
    assert_eq!(whole, Ok(Value::Map([("port".to_owned(), int(80)), ("url".to_owned(), Value::from("http://80"))].into_iter().collect())));
}

/// A list of names whose entries are maps of one variable, `v`, made of `base` there.
#[derive(Debug)]
struct Places(VarValue);

impl Lazy for Places {
    fn get(&self, name: &str) -> Lookup {
        let base = World(IndexMap::from([("base".to_owned(), Lookup::Value(Value::from(name)))]));
        let there = Lookup::Foreign(Arc::new(self.0.clone()), Arc::new(base));
        Lookup::Lazy(Arc::new(World(IndexMap::from([("v".to_owned(), there)]))))
    }

    fn names(&self) -> Vec<String> {
        vec!["b".to_owned(), "c".to_owned()]
    }

    fn is_list(&self) -> bool {
        true
    }
}

#[test]
fn a_list_of_names_has_entries_of_their_own_scope() {
    let mut bench = Bench::default();
    bench.set("base", "a");
    let template = bench.template("<{{ base }}>", Context::Native);
    bench.world.0.insert("places".to_owned(), Lookup::Lazy(Arc::new(Places(VarValue::Template(template)))));
    assert_eq!(
        bench.text("{{ places }} {{ places | length }} {{ 'b' in places }} {{ places | to_json }}"),
        r#"["b", "c"] 2 true ["b", "c"]"#
    );
    assert_eq!(bench.text("{% for p in places %}{{ p }}{{ places[p].v }}{{ base }} {% endfor %}"), "b<b>a c<c>a ");
    assert_eq!(bench.text("{{ places.b.v }}"), "<b>");
}

#[test]
fn a_circle_of_variables_is_an_error() {
    let mut bench = Bench::default();
    bench.var("a", "{{ b }}");
    bench.var("b", "x{{ c }}");
    bench.var("c", "{{ a | default('no') }}");
    assert!(
        bench
            .fails("{{ a }}", Context::Native)
            .starts_with("variables use each other in a circle: `a` uses `b`, `b` uses `c`, `c` uses `a`")
    );
}

#[test]
fn what_is_pending_is_told() {
    let mut bench = Bench::default();
    bench.set("release", "2.4");
    bench.map("tasks", vec![("kernel", Lookup::Pending("survey/kernel".to_owned())), ("up", Lookup::Pending("survey/up".to_owned()))]);
    bench.var("kernel", "{{ tasks.kernel.stdout }}");
    for text in ["{{ kernel }}", "a {{ kernel | default('x') }}", "{{ tasks.kernel is defined }}", "{{ tasks.items() | list }}"] {
        let pending = bench.render(text, Context::Native);
        assert_eq!(pending, Err(RenderError::Pending(vec!["survey/kernel".to_owned()])), "{text}");
    }
    let text = "{{ release }} {{ kernel | int + 1 }} {% if tasks.up.rc == 0 %}a{% else %}b{% endif %} {{ tasks.kernel.rc }}";
    let template = bench.template(text, Context::Text);
    let preview = bench.engine.preview(&template, &bench.root()).unwrap();
    assert_eq!(preview.text, "2.4 ‹after survey/kernel› ‹after survey/up› ‹after survey/kernel›");
    assert_eq!(preview.pending, ["survey/kernel", "survey/up"]);
    let template = bench.template("{% set k = kernel %}{% for x in [1, 2] %}{{ x }}{{ k }};{% endfor %}", Context::Text);
    assert_eq!(bench.engine.preview(&template, &bench.root()).unwrap().text, "1‹after survey/kernel›;2‹after survey/kernel›;");
    let template = bench.template("kernel == '6'", Context::Expression);
    assert_eq!(bench.engine.preview(&template, &bench.root()).unwrap().text, "‹after survey/kernel›");
    let template = bench.template("{{ release }}", Context::Native);
    assert_eq!(bench.engine.preview(&template, &bench.root()).unwrap(), Preview { text: "2.4".to_owned(), pending: vec![] });
}

#[test]
fn reads_are_told_with_their_places() {
    let mut bench = Bench::default();
    let text = "{% for h in groups.web %}{{ h }} {{ rounds.survey.hosts[h].tasks['k'].stdout | default('') }}{{ loop.index }}{% endfor %}\
                {% set x = release %}{{ x }}{{ text[1:n] }}{{ gone is defined }}{{ a.b.split(c) }}{{ h }}{{ range(3) | list }}";
    let template = bench.template(text, Context::Text);
    let reads: Vec<String> = template
        .reads
        .iter()
        .map(|read| format!("{}{}={}", read.path.join("."), if read.optional { "?" } else { "" }, bench.map.text(read.span)))
        .collect();
    assert_eq!(
        reads,
        [
            "groups.web=groups.web",
            "rounds.survey.hosts?=rounds.survey.hosts",
            "release=release",
            "text=text",
            "n=n",
            "gone?=gone",
            "a.b=a.b",
            "c=c",
            "h=h"
        ]
    );
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
