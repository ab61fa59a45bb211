//! Journals: what stands in them, who reads them, which lanes are ended by it. Over the real shells of this machine.

use super::*;

#[test]
fn names_tell_runs_and_hosts_apart() {
    let one = LaneNames::of_run("0199-ab", "web1");
    assert_eq!(one, LaneNames::of_run("0199-ab", "web1"));
    assert_ne!(one, LaneNames::of_run("0199-ab", "web2"));
    assert_ne!(one, LaneNames::of_run("0199-ac", "web1"));
    let odd = LaneNames::of_run("../x; rm -rf '", "a/b c").of_session("00ff").lane(3).whole();
    assert!(odd.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)), "{odd}");
    assert!(one.of_session("00ff").lane(3).whole().starts_with(&one.whole()));
}

#[test]
fn what_is_printed_is_read_and_what_is_torn_is_not() {
    let text = "J 12 .\nB 0.1.2.1 .\nE 0.1.2.1 7 .\nB 0.2.2.1 .\nP 0.2.2.1 1 3 .\nE 0.2.2.1 0 .\nB 0.3.2.1 .\nE 0.3.2.1 12\n\nB 0.4.\nW\nU 12.50\n.\n";
    let journal = HostJournal::parse(text).unwrap();
    let noted: Vec<(&str, Noted)> = journal.noted.iter().map(|(tag, noted)| (tag.as_str(), *noted)).collect();
    let guarded = Noted::Guarded { guard: 1, code: 3 };
    assert_eq!(noted, [("0.1.2.1", Noted::Ended(7)), ("0.2.2.1", guarded), ("0.3.2.1", Noted::Began)]);
    assert!(journal.complete && !journal.alive);
    assert!(journal.knows_all(Duration::from_secs(12)));
    assert!(!journal.knows_all(Duration::from_secs(13)), "the host was started since, and its temporary files may be gone");
    assert!(!HostJournal { alive: true, ..journal.clone() }.knows_all(Duration::ZERO));
    assert_eq!(HostJournal::parse("B 0.1.2.1 .\nW\n"), None, "it is not all there");
    assert!(!HostJournal::parse("A\n.\n").unwrap().complete);
}
