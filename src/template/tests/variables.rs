//! Variables: rendered where they are used, looked up in their own scope, known now or later.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use indexmap::IndexMap;

use super::{Bench, World, int};
use crate::model::{Context, Value, VarValue};
use crate::template::{Lazy, Lookup, Preview, RenderError};

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

/// Entries that are known only later; counts how often one is asked for.
#[derive(Debug, Default)]
struct Later(AtomicUsize);

impl Lazy for Later {
    fn get(&self, name: &str) -> Lookup {
        self.0.fetch_add(1, Ordering::Relaxed);
        Lookup::Pending(format!("survey/{name}"))
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

#[test]
fn parts_that_wait_are_found_in_one_go() {
    let mut bench = Bench::default();
    let later = Arc::new(Later::default());
    bench.world.0.insert("tasks".to_owned(), Lookup::Lazy(later.clone()));
    bench.var("kernel", "{{ tasks.kernel.stdout }}");
    let text = "{% macro m(x) %}{{ tasks.up.rc }}{{ x }}{% endmacro %}{{ m(1) }};".to_owned() + &"{{ kernel | upper }};".repeat(50);
    let template = bench.template(&text, Context::Text);
    let preview = bench.engine.preview(&template, &bench.root()).unwrap();
    assert_eq!(preview.text, "‹after survey/up›1;".to_owned() + &"‹after survey/kernel›;".repeat(50));
    assert_eq!(preview.pending, ["survey/up", "survey/kernel"]);
    assert_eq!(later.0.load(Ordering::Relaxed), 52, "the first to see that something waits, then each once");
    let template = bench.template("{{ tasks.kernel.rc }} {{ nowhere }}", Context::Text);
    let failed = bench.engine.preview(&template, &bench.root()).unwrap_err();
    let place = Some(template.source.at(25..32));
    assert!(matches!(failed, RenderError::Failed { span, .. } if span == place), "{failed:?}");
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
