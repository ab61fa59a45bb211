//! A variable that three of two hundred hosts lack, in the playbook that the measurements use.

use std::path::Path;
use std::process::Command;

use super::{Told, check_in};

/// The big playbook and its inventory, with a change to the inventory.
fn big(change: impl Fn(&str) -> String) -> Vec<Told> {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/make-big");
    let made = Command::new("python3").arg(program).args(["200", "60"]).arg(folder.path()).output().expect("python3 makes the files");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let of = |name: &str| std::fs::read_to_string(folder.path().join("roundsman").join(name)).unwrap();
    check_in(folder.path(), &change(&of("inventory.yml")), &of("site.yml"))
}

#[test]
fn it_is_right_as_it_is_made() {
    assert_eq!(big(str::to_owned), []);
}

#[test]
fn a_variable_that_three_hosts_lack_is_one_error() {
    let lacking = ["node_id: 17, ", "node_id: 18, ", "node_id: 120, "];
    let told = big(|inventory| lacking.iter().fold(inventory.to_owned(), |text, word| text.replacen(word, "", 1)));
    let [told] = &told[..] else { panic!("{told:#?}") };
    assert_eq!((told.code.as_str(), told.place, told.under.as_str()), ("E110", (14, 23), "node_id"));
    assert_eq!(told.message, "the variable `node_id` is not defined for n[00017-00018,00120]");
    assert_eq!(told.related[0], ((4, 40), "n00000 has it from here".to_owned()));
    assert_eq!(told.related[1].1, "read here, too");
    assert_eq!(told.notes, ["n[00000-00016,00019-00119,00121-00199] have it, from 197 places", "11 more places read it"]);
    assert_eq!(told.hint, "give it to every host, or write `node_id | default(…)`");
}

#[test]
fn a_variable_of_a_group_is_shown_where_the_group_sets_it() {
    let told = big(|inventory| {
        let inventory = inventory.replacen("  g3: { hosts: [n00003, n00013, n00023, ", "  g3: { hosts: [", 1);
        inventory.replacen("  east:", "  g10: { hosts: [n00003, n00013, n00023], vars: { port: 1, zone: west } }\n  east:", 1)
    });
    let [told] = &told[..] else { panic!("{told:#?}") };
    assert_eq!(told.message, "the variable `tier` is not defined for n[00003,00013,00023]");
    assert!(told.notes[0].starts_with("n[00000-00002,00004-") && told.notes[0].ends_with(" have it, from 10 places"), "{told:#?}");
}
