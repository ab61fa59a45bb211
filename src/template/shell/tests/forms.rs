//! How values are written, and what is refused, warned of or hinted at.

use super::shell_text;
use crate::model::{Context, Value};
use crate::template::RenderError;
use crate::template::tests::Bench;

#[test]
fn plain_values_stay_readable() {
    let mut bench = Bench::default();
    bench.set("v", "2.4.1");
    bench.set("n", 7);
    bench.set("l", Value::from_iter(["a", "b c"]));
    for (text, is) in [
        ("apt-get -y install nginx={{ v }}", "apt-get -y install nginx=2.4.1"),
        ("a {{ v }}; b {{ v }}\n", "a 2.4.1; b 2.4.1\n"),
        ("a {{ l }} {{ n }} {{ true }}", "a a 'b c' 7 true"),
        ("{{ v }} x", "'2.4.1' x"),
        ("a {{ n }}>f", "a '7'>f"),
        ("a $(( {{ n }} + {{ 0 - n }} ))", "a $(( 7 + (-7) ))"),
        ("a {{ 'if' }} ~{{ v }}", "a 'if' ~'2.4.1'"),
        ("echo ${#a} {{ v | raw }} {{ '$x' | raw }}", "echo ${#a} 2.4.1 $x"),
        ("cat <<EOF\n{{ v }}\nEOF\n", "cat <<EOF\n2.4.1\nEOF\n"),
        ("cat <<EOF\n{{ 'EOF' }}\nEOF\n", "cat <<EOF_1\nEOF\nEOF_1\n"),
        ("echo '{{ '{{' }}.Names}}'", "echo '{{.Names}}'"),
    ] {
        assert_eq!(shell_text(&mut bench, text), is, "{text}");
    }
}

#[test]
fn values_that_have_no_form_are_refused() {
    let mut bench = Bench::default();
    bench.set("l", Value::from_iter(["a", "b"]));
    bench.set("s", "x[$(id)]");
    bench.set("m", Value::Map(indexmap::IndexMap::new()));
    for text in [
        "a {{ none }}",
        "a {{ m }}",
        "a \"{{ l }}\"",
        "a x{{ l }}",
        "a {{ l }}x",
        "a > {{ l }}",
        "V={{ l }}",
        "a $(( {{ s }} ))",
        "a {{ '\\u0000' }}",
        "case {{ l }} in a) b;; esac",
        "a <<-EOF\n{{ 'a\n\tb' }}\nEOF\n",
        "[[ {{ s }} -eq 1 ]]",
        "[[ 1 -eq {{ s }} ]]",
        "a[{{ s }}]=1",
        "let {{ s }}",
        "(( {{ s }} ))",
        "a {{ omit }}",
    ] {
        let result = bench.render(text, Context::Shell);
        assert!(matches!(result, Err(RenderError::Failed { .. })), "{text}: {result:?}");
    }
}

#[test]
fn places_without_a_safe_form_are_errors() {
    let mut bench = Bench::default();
    for (text, code) in [
        ("a \\{{ x }}", "E310"),
        ("a ${{ x }}", "E310"),
        ("a \"${{ x }}\"", "E310"),
        ("a `b {{ x }}`", "E310"),
        ("a ${b:-{{ x }} }", "E310"),
        ("a \"${b:-\"{{ x }}\"}\"", "E310"),
        ("a $'{{ x }}'", "E310"),
        ("a <<{{ x }}\nb\n", "E310"),
        ("a <<E{{ x }}\nb\n", "E310"),
        ("a <<EOF\n$b{{ x }}\nEOF\n", "E310"),
        ("a $((b{{ x }}))", "E310"),
        ("a $'it\\'s' {{ x }}", "E312"),
        ("a \"${b#'}'}\" {{ x }}", "E312"),
        ("a $((b) c) {{ x }}", "E312"),
        ("a ) {{ x }}", "E312"),
        ("{% if x %}\"{% endif %} b", "E311"),
        ("{% if x %}'a'{% else %}'b{% endif %}'", "E311"),
        ("{% for y in x %}'{% endfor %}", "E311"),
        ("a \\{% if x %}b{% endif %}", "E311"),
        ("{% for y in x %}{% if y %}\"{% break %}{% endif %}{% endfor %}", "E311"),
        ("{% filter upper %}a{% endfilter %}", "E306"),
    ] {
        let told = bench.complaints(text, Context::Shell);
        assert!(told.contains(&format!("error[{code}]")), "{text}: {told}");
    }
}

#[test]
fn warnings_are_few() {
    let mut bench = Bench::default();
    for (text, code) in [
        ("sh -c \"echo {{ x }}\"", "W310"),
        ("sudo -u bob bash -ec 'echo {{ x }}'", "W310"),
        ("eval {{ x }}", "W310"),
        ("ssh -p 22 host ls {{ x }}", "W310"),
        ("su -c \"ls {{ x }}\" bob", "W310"),
        ("su bob -c \"ls {{ x }}\"", "W310"),
        ("ssh host <<EOF\n{{ x }}\nEOF\n", "W310"),
        ("a --{{ x }}", "W311"),
    ] {
        let told = bench.complaints(text, Context::Shell);
        assert!(told.contains(&format!("warning[{code}]")), "{text}: {told}");
    }
    for text in [
        "rm -f {{ x }}",
        "sh script {{ x }}",
        "sh -c 'echo \"$1\"' sh {{ x }}",
        "ssh -p {{ p }} {{ h }}",
        "a --b={{ x }}",
        "a -{{ x }}b | sh -s -- {{ y }}",
        "su {{ u }}",
        "[ -n {{ x }} ]",
        "a # it's {{ x }}",
        "a; echo evaluate {{ x }}",
    ] {
        let told = bench.complaints(text, Context::Shell);
        assert!(told.is_empty() || text.contains("-{{ x }}b"), "{text}: {told}");
    }
}

#[test]
fn pipelines_are_hinted_at() {
    let mut bench = Bench::default();
    for (text, warned) in [
        ("curl x | tar x", true),
        ("curl x | tar x\n", true),
        ("mkdir a\ncurl x | sort | uniq", true),
        ("echo x | tar x", false),
        ("if curl x | grep y; then z; fi", false),
        ("curl x | tar x || true", false),
        ("curl x || tar x", false),
        ("echo 'a | b'", false),
        ("case x in a | b) c;; esac", false),
    ] {
        let Some(template) = bench.compile(text, Context::Shell) else { panic!("{text}") };
        let mut told = crate::diag::Diagnostics::default();
        bench.engine.hint_pipelines(&template, &mut told);
        assert_eq!(told.iter().count() > 0, warned, "{text}");
    }
}
