//! Host expressions: a table, mistakes, and properties of folding.

use proptest::prelude::*;

use super::{from_names, listed, sound, typed};
use crate::diag::{Diagnostics, SourceMap};
use crate::inventory::{Mode, select, select_list};
use crate::model::Inventory;
use crate::text::fold_names;

fn park() -> &'static Inventory {
    static PARK: std::sync::LazyLock<Inventory> = std::sync::LazyLock::new(|| {
        sound(
            "hosts:
  web[01-05]:
  db1:
  db2:
  spare-1:
  r[1-2]n[1-3]:
  10.0.0.[1-2]:
groups:
  web: { hosts: \"web[01-05]\" }
  db: { hosts: [db2, db1] }
  spare: { hosts: [web03, spare-1] }
  eu: { groups: [db], hosts: web01 }
  none-yet:
  node-1: { hosts: r1n1 }
",
        )
    });
    &PARK
}

fn chosen(inventory: &Inventory, expressions: &[&str], mode: Mode) -> (String, String) {
    let mut map = SourceMap::default();
    let texts: Vec<_> = expressions.iter().map(|text| typed(&mut map, text)).collect();
    let mut diagnostics = Diagnostics::default();
    let hosts = match &texts[..] {
        [text] => select(inventory, text, mode, &mut diagnostics),
        texts => select_list(inventory, &texts.iter().collect::<Vec<_>>(), mode, &mut diagnostics),
    };
    (inventory.names(&hosts).join(" "), diagnostics.to_text(&map))
}

#[test]
fn expressions_choose_hosts() {
    let park = park();
    for (expression, expected) in [
        ("db1", "db1"),
        ("web", "web01 web02 web03 web04 web05"),
        ("db", "db1 db2"),
        ("all", "web01 web02 web03 web04 web05 db1 db2 spare-1 r1n1 r1n2 r1n3 r2n1 r2n2 r2n3 10.0.0.1 10.0.0.2"),
        ("localhost", "localhost"),
        ("none-yet", ""),
        ("web[02-04]", "web02 web03 web04"),
        ("web[01-02,05]", "web01 web02 web05"),
        ("web[01-05/2]", "web01 web03 web05"),
        ("web[01, 02]", "web01 web02"),
        ("r[1-2]n[1-3/2]", "r1n1 r1n3 r2n1 r2n3"),
        ("10.0.0.[1-2]", "10.0.0.1 10.0.0.2"),
        ("10.0.0.2", "10.0.0.2"),
        ("web0?", "web01 web02 web03 web04 web05"),
        ("*1", "web01 db1 spare-1 r1n1 r2n1 10.0.0.1"),
        ("r[1-2]*", "r1n1 r1n2 r1n3 r2n1 r2n2 r2n3"),
        ("~web0[12]", "web01 web02"),
        ("~r\\dn(1|2)$", "r1n1 r1n2 r2n1 r2n2"),
        ("~d", "db1 db2"),
        ("~.*1$,db2", "web01 db1 spare-1 r1n1 r2n1 10.0.0.1 db2"),
        ("~r1n[1,2],db1", "r1n1 r1n2 db1"),
        ("~web\\d{1,2} and spare", "web03"),
        ("db2,db1", "db2 db1"),
        ("db2 or db1", "db2 db1"),
        ("db1,db1,db", "db1 db2"),
        ("db1 , web01", "db1 web01"),
        ("web and spare", "web03"),
        ("web & spare", "web03"),
        ("web&spare", "web03"),
        ("spare and web", "web03"),
        ("web and not spare", "web01 web02 web04 web05"),
        ("web & !spare", "web01 web02 web04 web05"),
        ("not spare and web", "web01 web02 web04 web05"),
        ("web,!spare", "web01 web02 web04 web05"),
        ("web, not spare", "web01 web02 web04 web05"),
        ("web !spare", "web01 web02 web04 web05"),
        ("web not spare", "web01 web02 web04 web05"),
        ("web or not spare", "web01 web02 web04 web05"),
        ("db,web,!spare,!web01", "db1 db2 web02 web04 web05"),
        ("web,!spare,web03", "web01 web02 web04 web05 web03"),
        ("db or web and spare", "db1 db2 web03"),
        ("web and spare or db", "web03 db1 db2"),
        ("(db or web) and spare", "web03"),
        ("(db,web) and not (spare,eu)", "web02 web04 web05"),
        ("web,&eu", "web01"),
        ("db,web,&eu,!db2", "db1 web01"),
        ("all,!web,!db,!~r,!10.*", "spare-1"),
        ("all and not (web or db) and *1", "spare-1 r1n1 r2n1 10.0.0.1"),
        ("not not db1", "db1"),
        ("web and (not spare)", "web01 web02 web04 web05"),
        ("db1 or (not (web or db or spare or r1* or r2*))", "db1 10.0.0.1 10.0.0.2"),
        ("localhost and not web", "localhost"),
        ("spare-1", "spare-1"),
        ("node-1", "r1n1"),
    ] {
        let (hosts, words) = chosen(park, &[expression], Mode::Hosts);
        assert_eq!((hosts.as_str(), words.as_str()), (expected, ""), "{expression}");
    }
}

#[test]
fn a_list_means_the_same_as_commas() {
    let park = park();
    for (list, expected) in [
        (&["web", "!spare"][..], "web01 web02 web04 web05"),
        (&["db2", "db1"], "db2 db1"),
        (&["db", "web and spare"], "db1 db2 web03"),
        (&[], ""),
    ] {
        assert_eq!(chosen(park, list, Mode::Hosts), (expected.to_owned(), String::new()), "{list:?}");
    }
    assert!(chosen(park, &["db", " "], Mode::Hosts).1.contains("is empty"));
}

#[test]
fn a_limit_may_only_leave_out() {
    let inventory = sound("hosts: { a: , b: , c: }\n");
    for (limit, expected) in [
        ("!a", "b c localhost"),
        ("not a", "b c localhost"),
        ("!a,!b", "c localhost"),
        ("!(a,b)", "c localhost"),
        ("not a and not b", "c localhost"),
        ("a", "a"),
        ("all,!a", "b c"),
    ] {
        assert_eq!(chosen(&inventory, &[limit], Mode::Limit), (expected.to_owned(), String::new()), "{limit}");
        if !limit.contains("all") && limit != "a" {
            let (hosts, words) = chosen(&inventory, &[limit], Mode::Hosts);
            assert!(hosts.is_empty() && words.contains("only says which hosts are left out"), "{limit}: {words}");
        }
    }
}

#[test]
fn mistakes_have_their_words() {
    let park = park();
    let expressions = [
        "wbe01",
        "web[01-09]",
        "web[1-2]",
        "web[1-50]",
        "!spare",
        "!spare,web",
        "a b",
        "web db",
        "web and",
        "web,,db",
        "web01,",
        ",web",
        "and web",
        "(web",
        "web)",
        "()",
        "",
        "web[01:03]",
        "web[abc]",
        "web[05-01]",
        "web[01",
        "~web(",
        "~",
        "zzz*",
        "~zzz",
        "web:!spare",
        "web:db",
        "web AND db",
        "{{ x }}",
        "db, not web and spare",
        "web,!spare spare-1",
        "web[1-999999999]",
    ];
    let words: Vec<String> = expressions.iter().map(|text| format!("{text:?}\n{}", chosen(park, &[text], Mode::Hosts).1)).collect();
    for (text, words) in expressions.iter().zip(&words) {
        assert!(words.contains("error[") || words.contains("warning["), "{text:?} is a mistake");
    }
    insta::assert_snapshot!(words.join("\n"));
}

#[test]
fn unknown_names_are_told_all_at_once() {
    let words = chosen(park(), &["wbe, dbb and spaer"], Mode::Hosts).1;
    assert_eq!(words.matches("error[E202]").count(), 3, "{words}");
}

#[test]
fn deep_and_long_expressions_end() {
    let park = park();
    let deep = format!("{}web{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(chosen(park, &[&deep], Mode::Hosts).1.contains("inside each other"));
    assert!(chosen(park, &[&"!".repeat(100_000)], Mode::Hosts).1.contains("inside each other"));
    let long = vec!["web01"; 50_000].join(",");
    assert_eq!(chosen(park, &[&long], Mode::Hosts).0, "web01");
    let long = vec!["web01"; 50_000].join(" and ");
    assert_eq!(chosen(park, &[&long], Mode::Hosts).0, "web01");
}

fn names() -> impl Strategy<Value = Vec<String>> {
    let name = prop_oneof![
        "(web|db|n)[0-9]{1,3}",
        "(web|r[0-9])-?n?[0-9]{0,2}(\\.lan)?",
        "10\\.0\\.[0-9]{1,2}\\.[0-9]{1,3}",
        "[a-c][a-c0-9._-]{0,5}",
        "fe80::[0-9]{1,2}",
        "x[0-9]{17,20}",
    ];
    prop::collection::hash_set(name, 1..30).prop_map(|names| names.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn folded_names_mean_the_names(names in names()) {
        let (inventory, words) = listed(&names.iter().map(|name| if name.contains(':') { format!("[{name}]") } else { name.clone() }).collect::<Vec<_>>().join(","));
        prop_assert_eq!(words, "");
        let folded = fold_names(&names);
        let (hosts, words) = chosen(&inventory, &[&folded], Mode::Hosts);
        prop_assert_eq!(words, "", "{}", folded);
        let mut hosts: Vec<&str> = hosts.split(' ').collect();
        prop_assert_eq!(hosts.len(), names.len(), "{}", folded);
        hosts.sort_unstable();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.sort_unstable();
        prop_assert_eq!(hosts, names, "{}", folded);
    }

    #[test]
    fn no_expression_panics(text in "(web|db|spare|and|or|not|~|[ ,&!()\\[\\]0-9*?-]|é|\\PC){0,12}") {
        let mut map = SourceMap::default();
        let typed = typed(&mut map, &text);
        let _ = from_names(&typed, &mut Diagnostics::default());
        let park = park();
        let (hosts, words) = chosen(park, &[&text], Mode::Limit);
        prop_assert!(hosts.is_empty() || !words.contains("error["));
    }

    #[test]
    fn sets_obey_their_laws(a in "(web|db|spare|eu|web01|r1\\*)", b in "(web|db|spare|eu|web03|all)", c in "(web|db|spare|eu|spare-1)") {
        let park = park();
        let chosen = |text: String| { let mut hosts: Vec<String> = chosen(park, &[&text], Mode::Hosts).0.split_whitespace().map(str::to_owned).collect(); hosts.sort(); hosts };
        prop_assert_eq!(chosen(format!("{a},!{b},!{c}")), chosen(format!("{a} and not ({b} or {c})")));
        prop_assert_eq!(chosen(format!("{a} or {b} and {c}")), chosen(format!("{a} or ({b} and {c})")));
        prop_assert_eq!(chosen(format!("({a} or {b}) and {c}")), chosen(format!("{a} and {c} or {b} and {c}")));
        prop_assert_eq!(chosen(format!("all and not ({a} and {b})")), chosen(format!("(all,!{a}) or (all,!{b})")));
    }
}
