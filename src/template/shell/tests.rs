//! Every character arrives, in every place, in real shells; and what has no safe place is refused.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::RngSeed;

use crate::model::{Context, Value};
use crate::template::tests::Bench;
use crate::template::{RenderError, Rendered};

/// The same cases each time, so that a change is judged by itself alone; `PROPTEST_RNG_SEED=N PROPTEST_CASES=N` tries others.
fn settled(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    let rng_seed = if asked.rng_seed == RngSeed::Random { RngSeed::Fixed(2) } else { asked.rng_seed };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { asked.cases } else { cases };
    ProptestConfig { cases, rng_seed, failure_persistence: None, ..asked }
}

const SHELLS: [&[&str]; 4] = [&["dash"], &["bash"], &["busybox", "sh"], &["mksh"]];

/// Runs a script from a file and gives its output.
fn run(shell: &[&str], script: &str) -> Vec<u8> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(script.as_bytes()).unwrap();
    let out = Command::new("timeout")
        .arg(Duration::from_secs(60).as_secs().to_string())
        .args(shell)
        .arg(file.path())
        .stdin(Stdio::null())
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .env("LC_ALL", "C.UTF-8")
        .current_dir("/")
        .output()
        .unwrap();
    assert!(out.stderr.is_empty(), "{shell:?}: {}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

/// Values that break naive quoting, and the delimiters that the tests use.
const NASTY: [&str; 34] = [
    "",
    " ",
    "a b",
    "'",
    "\"",
    "\\",
    "\\\\",
    "$",
    "$HOME",
    "${HOME}",
    "$(echo pwned)",
    "`echo pwned`",
    "*",
    "/*",
    "~",
    "~root",
    "-n",
    "#",
    "a#b",
    ";",
    "&",
    "|",
    "EOF",
    "x\nEOF\ny",
    "EOF\n",
    "\nEOF",
    "\t\tEOF\n",
    "E OF",
    "if",
    "2",
    "a\\\nb",
    "!",
    "'\"'\"'",
    "EOF)\nEOF_1",
];

/// Places, each writing the value and one `.`; the value follows as it must arrive.
const PLACES: [&str; 31] = [
    "printf '%s.' {{ x }}\n",
    "printf %s. \"{{ x }}\"\n",
    "printf %s. '{{ x }}'\n",
    "printf %s. a{{ x }}b\"{{ x }}\"'{{ x }}'\n",
    "printf %s. \"$(printf %s {{ x }}; printf .)\"\n",
    "printf %s. \"$(printf %s \"{{ x }}\"; printf .)\"\n",
    "printf %s. \"$(printf %s '{{ x }}'; printf %s \"$(printf %s. {{ x }})\")\"\n",
    "cat <<EOF; printf .\n{{ x }}|\nEOF\n",
    "cat <<EOF; printf .\n  a{{ x }}b $(printf '%s.' {{ x }})\nEOF\n",
    "cat <<'EOF'; printf .\n{{ x }}|\nEOF\n",
    "cat <<\"EOF\"; printf .\n'{{ x }}' $HOME\nEOF\n",
    "cat <<\\EOF; printf .\na\n{{ x }}{{ x }}|\nEOF\n",
    "cat <<EOF - <<'E2'; printf .\n{{ x }}\nEOF\n{{ x }}|\nE2\n",
    "v={{ x }}; printf %s. \"$v\"\n",
    "v=a{{ x }}; printf %s. \"$v\"\n",
    "v=\"{{ x }}\" w='{{ x }}' ; printf %s. \"$v$w\"\n",
    "export V={{ x }}; printf %s. \"$V\"\n",
    "for v in {{ x }} \"{{ x }}\"; do printf %s. \"$v\"; done\n",
    "case {{ x }} in {{ x }}) printf %s. '{{ x }}';; *) echo wrong;; esac\n",
    "case \"a{{ x }}\" in a\"{{ x }}\") printf %s. '{{ x }}';; *) echo wrong;; esac\n",
    "printf %s. \"$(case {{ x }} in (z) echo;; {{ x }}) printf %s {{ x }};; esac; printf .)\"\n",
    "# it's a comment {{ x }}\nprintf %s. {{ x }}\n",
    "V=1; printf %s. \"$V{{ x }}\" $V{{ x }}\n",
    "if [ {{ x }} = \"{{ x }}\" ]; then printf %s. {{ x }}; fi\n",
    "f() { printf %s. \"$1\"; }; f {{ x }}; (f {{ x }}) ; { f '{{ x }}'; }\n",
    "printf %s. \"a${UNSET:-b}c{{ x }}\" ${UNSET#x}{{ x }}\n",
    "printf %s. {% if true %}{{ x }}{% else %}no{% endif %}\n{% for y in [x, x] %}\nprintf %s. {{ y }}\n{% endfor %}\n",
    "printf %s. $((1 + 2)){{ x }} \"$(( 1 + $(echo 2) )){{ x }}\"\n",
    "printf %s. {{ x }}>&1 2>/dev/null\n",
    "printf %s. {{ x | quote }} \\\n  {{ x }}\n",
    "set -- {{ x }} && printf %s. \"$#$1\" || echo\n",
];

/// What each place writes for a value.
fn expected(place: usize, x: &str) -> String {
    match place {
        3 => format!("a{x}b{x}{x}."),
        4 | 5 => format!("{x}.."),
        6 => format!("{x}{x}.."),
        7 | 9 => format!("{x}|\n."),
        8 => format!("  a{x}b {x}.\n."),
        10 => format!("'{x}' $HOME\n."),
        11 => format!("a\n{x}{x}|\n."),
        // The second document is the one that stands for standard input.
        12 => format!("{x}|\n."),
        14 => format!("a{x}."),
        15 => format!("{x}{x}."),
        17 => format!("{x}.{x}."),
        20 => format!("{x}.."),
        22 => format!("1{x}.1{x}."),
        24 => format!("{x}.{x}.{x}."),
        25 => format!("abc{x}.{x}."),
        26 => format!("{x}.{x}.{x}."),
        27 => format!("3{x}.3{x}."),
        29 => format!("{x}.{x}."),
        30 => format!("1{x}."),
        _ => format!("{x}."),
    }
}

fn shell_text(bench: &mut Bench, text: &str) -> String {
    match bench.render(text, Context::Shell) {
        Ok(Rendered::Value(Value::Text(text))) => text,
        other => panic!("{text}: {other:?}"),
    }
}

/// Sends every value through every place of every shell, one process each.
fn all_arrive(values: &[String]) {
    arrive_at(&(0..PLACES.len()).collect::<Vec<_>>(), values);
}

/// Sends every value through some places of every shell, one process each.
fn arrive_at(places: &[usize], values: &[String]) {
    let (mut script, mut wanted) = (String::new(), String::new());
    let mut bench = Bench::default();
    for &number in places {
        let place = PLACES[number];
        for value in values {
            bench.set("x", value.as_str());
            script.push_str(&shell_text(&mut bench, place));
            script.push_str("printf '\\n--\\n'\n");
            wanted.push_str(&expected(number, value));
            wanted.push_str("\n--\n");
        }
    }
    for shell in SHELLS {
        let got = run(shell, &script);
        if got != wanted.as_bytes() {
            let got = String::from_utf8_lossy(&got).into_owned();
            let at = got.split("\n--\n").zip(wanted.split("\n--\n")).position(|(got, wanted)| got != wanted).unwrap_or(0);
            let (place, value) = (PLACES[places[(at / values.len()).min(places.len() - 1)]], &values[at % values.len()]);
            let piece = |text: &str| text.split("\n--\n").nth(at).map(str::to_owned);
            panic!("{shell:?} {place:?} of {value:?}: {:?} is not {:?}", piece(&got), piece(&wanted));
        }
    }
}

/// Values of every character but NUL, most of them of those that mean something to a shell.
fn value() -> impl Strategy<Value = String> {
    prop_oneof!["[^\u{0}]{0,12}", "[\u{1}-\u{7f}]{0,20}", "[$`\"'\\\\\n\t EOF(){}#&;|<>*?~!-]{0,16}"]
}

#[test]
fn a_thousand_values_arrive_where_values_mostly_stand() {
    let mut runner = proptest::test_runner::TestRunner::new(settled(1));
    let mut values: Vec<String> = NASTY.map(str::to_owned).into();
    while values.len() < 1000 {
        values.push(value().new_tree(&mut runner).unwrap().current());
    }
    // A word, both kinds of quotes, a substitution inside quotes, both kinds of here-documents.
    arrive_at(&[0, 1, 2, 4, 7, 9], &values);
}

#[test]
fn nasty_values_arrive() {
    all_arrive(&NASTY.map(str::to_owned));
}

proptest! {
    #![proptest_config(settled(3))]

    #[test]
    fn all_values_arrive(values in prop::collection::vec(value(), 10)) {
        all_arrive(&values);
    }

    #[test]
    fn lists_arrive_as_words(words in prop::collection::vec("[\u{1}-\u{7f}é]{0,8}", 0..6)) {
        let mut bench = Bench::default();
        bench.set("l", words.iter().map(String::as_str).collect::<Value>());
        let script = shell_text(&mut bench, "set -- {{ l }}; printf '%s.' \"$#\" \"$@\"\n");
        let mut wanted = format!("{}.", words.len());
        words.iter().for_each(|word| wanted.push_str(&format!("{word}.")));
        for shell in SHELLS {
            let got = run(shell, &script);
            prop_assert_eq!(String::from_utf8_lossy(&got), wanted.as_str());
        }
    }
}

#[test]
fn bash_is_read_as_bash_does() {
    let places = [
        "cat <<< {{ x }}; printf .\n",
        "[[ {{ x }} == \"{{ x }}\" && ( a == a || b == b ) ]] && printf %s. '{{ x }}'\n",
        "a=(one {{ x }} \"{{ x }}\"); printf %s. \"${a[1]}${a[2]}\"\n",
        "cat <(printf %s {{ x }}) ; printf .\n",
        "v=$'tab\\t'; printf %s. \"$v{{ x }}\"\n",
        "(( 1 < 2 )) && printf %s. {{ x }}\n",
        "function f { case $1 in a) ;; *) printf %s. {{ x }};; esac; }; f\n",
        "printf %s. {a,b}{{ x }}\n",
    ];
    let mut bench = Bench::default();
    let (mut script, mut wanted) = (String::new(), String::new());
    for (number, place) in places.iter().enumerate() {
        for x in NASTY {
            bench.set("x", x);
            script.push_str(&shell_text(&mut bench, place));
            wanted.push_str(&match number {
                0 => format!("{x}\n."),
                2 => format!("{x}{x}."),
                4 => format!("tab\t{x}."),
                7 => format!("a{x}.b{x}."),
                _ => format!("{x}."),
            });
        }
    }
    assert_eq!(String::from_utf8_lossy(&run(&["bash"], &script)), wanted);
}

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

/// Pieces of shell text, thrown together at random.
const PIECES: [&str; 64] = [
    "{{ x }}",
    "{{ x }}",
    "{{ x }}",
    "{{ x }}",
    "{{ x }}",
    " ",
    " ",
    " ",
    "\n",
    "\n",
    "'",
    "'",
    "\"",
    "\"",
    "`",
    "$",
    "$(",
    ")",
    "(",
    "((",
    "))",
    "$((",
    "{ ",
    "}",
    "${",
    "${a",
    "${a:-",
    "${#a}",
    "#",
    " #",
    "\\",
    "<<EOF",
    "<<-EOF",
    "<<'EOF'",
    "\nEOF\n",
    "\n\tEOF\n",
    "<",
    ">f",
    "<<<",
    ">(",
    "<(",
    "|",
    "||",
    "&&",
    ";",
    ";;",
    "case a in ",
    "a)",
    " esac",
    "if ",
    "; then ",
    "; fi",
    "[[ ",
    " ]]",
    "a=",
    "a=(",
    "echo ",
    "b",
    "1",
    "$'",
    "$\"",
    "$a",
    "{% if y %}",
    "{% endif %}",
];

/// Values that leave a file behind where a shell reads any of them as code.
const ATTACKS: [&str; 13] = [
    ">pwned",
    ";>pwned;",
    "\n>pwned\n",
    "';>pwned;'",
    "\";>pwned;\"",
    "$(>pwned)",
    "`>pwned`",
    ");>pwned;",
    "\nEOF\n>pwned\n",
    "};>pwned;",
    "a[$(>pwned)]",
    "'\n>pwned\n'",
    "\\\n>pwned\n\\",
];

/// Renders random text with every attack and gives the scripts.
fn attacked(text: &str) -> Vec<String> {
    let mut bench = Bench::default();
    bench.set("y", true);
    let Some(template) = bench.compile(text, Context::Shell) else { return Vec::new() };
    let mut scripts = Vec::new();
    for attack in ATTACKS {
        for y in [true, false] {
            bench.set("x", attack);
            bench.set("y", y);
            if let Ok(Rendered::Value(Value::Text(script))) = bench.engine.render(&template, &bench.root())
                && !scripts.contains(&script)
            {
                scripts.push(script);
            }
        }
    }
    scripts
}

/// Runs scripts one by one in an empty folder and gives the first that leaves `pwned` behind.
fn first_broken(scripts: &[String]) -> Option<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let mut driver = String::from("cd work || exit 1\nexport LC_ALL=C.UTF-8\n");
    std::fs::create_dir(folder.path().join("work")).unwrap();
    for (number, script) in scripts.iter().enumerate() {
        std::fs::write(folder.path().join(format!("s{number}")), script).unwrap();
    }
    driver.push_str(&format!(
        "n=0; while [ $n -lt {} ]; do for sh in dash bash 'busybox sh' mksh; do timeout -s KILL 0.5 $sh ../s$n </dev/null >/dev/null 2>&1; \
         if [ -e pwned ]; then echo \"$n $sh\"; exit; fi; done; n=$((n + 1)); done\n",
        scripts.len()
    ));
    let out = Command::new("sh").arg("-c").arg(&driver).current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&out.stdout).into_owned();
    let (number, shell) = told.trim().split_once(' ')?;
    Some((scripts[number.parse::<usize>().unwrap()].clone(), shell.to_owned()))
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 8, ..settled(2) })]

    #[test]
    fn no_value_becomes_code(texts in prop::collection::vec(prop::collection::vec(prop::sample::select(&PIECES[..]), 2..14), 6)) {
        let scripts: Vec<String> = texts.iter().flat_map(|pieces| attacked(&pieces.concat())).collect();
        let broken = first_broken(&scripts);
        prop_assert!(broken.is_none(), "{:?}", broken);
    }
}
