//! Values arrive as they are: every character, in every place, in every shell.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::{NASTY, SHELLS, run, settled, shell_text};
use crate::model::Value;
use crate::template::tests::Bench;

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
