//! Bad files: playbooks, inventories and records that can't be used. Each has words, an exit code, and no effect.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::{Lab, Project, Shown};

const TOUCH: &str = "rounds:\n  - name: work\n    hosts: all\n    tasks:\n      - run: touch {{ mark }}\nvars: { mark: unset }\n";

/// A project with a playbook that leaves a mark where it runs.
fn project() -> Project {
    let project = Project::new();
    project.file("site.yml", TOUCH);
    project
}

/// Runs the playbook, and fails the test where it left its mark or panicked.
#[track_caller]
fn refused(project: &Project, lab: &Lab, more: &[&str]) -> Shown {
    let mark = format!("mark={}", project.path("mark").display());
    let inventory = lab.inventory();
    let mut arguments = vec!["run", "site.yml", "-e", &mark];
    if !more.contains(&"-i") {
        arguments.extend(["-i", inventory.to_str().unwrap()]);
    }
    arguments.extend(more);
    let shown = project.run(&arguments);
    assert!(!shown.both().contains("panicked"), "{}", shown.text());
    assert!(!common::cli::exists(&project.path("mark")), "it ran all the same\n{}", shown.text());
    assert_eq!(lab.connections(), 0, "it connected\n{}", shown.text());
    shown
}

#[test]
fn the_mark_shows_what_runs() {
    let (project, lab) = (project(), Lab::start(1));
    let mark = project.path("mark");
    project.ok(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap(), "-e", &format!("mark={}", mark.display())]);
    assert!(common::cli::exists(&mark));
}

#[test]
fn playbooks_that_cannot_be_read() {
    let lab = Lab::start(1);
    let cases: &[(&str, &[u8], &str)] = &[
        ("empty", b"", "site.yml"),
        ("only a comment", b"# later\n", "site.yml"),
        ("not YAML", b"rounds: [\n  - a: b\n", "site.yml:"),
        ("a tab", b"rounds:\n\t- name: a\n", "site.yml:2:"),
        ("a list", b"- rounds\n", "site.yml:1:1"),
        ("not UTF-8", b"name: \xff\xfe\nrounds: []\n", "UTF-8"),
        ("binary", b"\x7fELF\x02\x01\x01\0\0\0", "site.yml"),
        ("the same key twice", b"name: a\nname: b\nrounds: []\n", "site.yml:2:1"),
    ];
    for (what, content, words) in cases {
        let project = project();
        project.file("site.yml", content);
        let shown = refused(&project, &lab, &[]).expect_code(3);
        assert!(shown.stderr.contains(words), "{what}: no {words:?} in\n{}", shown.text());
    }
    let project = project();
    std::fs::remove_file(project.path("site.yml")).unwrap();
    let shown = refused(&project, &lab, &[]).expect_code(3);
    assert!(shown.stderr.contains("site.yml") && shown.stderr.contains("No such file"), "{}", shown.text());
    std::fs::create_dir(project.path("site.yml")).unwrap();
    assert!(refused(&project, &lab, &[]).expect_code(3).stderr.contains("site.yml"));
}

#[test]
fn inventories_that_cannot_be_read() {
    let lab = Lab::start(1);
    let cases: &[(&str, &[u8], &str)] = &[
        ("not YAML", b"hosts: {\n", "inventory.yml:"),
        ("an unknown key", b"hots: {}\n", "inventory.yml:1:1"),
        ("a wrong type", b"hosts:\n  web1: { connect: { port: many } }\n", "inventory.yml:2:"),
        ("an unknown host in a group", b"hosts: { web1: {} }\ngroups:\n  web: { hosts: [web2] }\n", "inventory.yml:3:"),
        ("a group inside itself", b"hosts: {}\ngroups:\n  a: { groups: [b] }\n  b: { groups: [a] }\n", "inventory.yml:"),
        ("not UTF-8", b"hosts: { \xff: {} }\n", "UTF-8"),
    ];
    for (what, content, words) in cases {
        let project = project();
        project.file("inventory.yml", content);
        let shown = refused(&project, &lab, &["-i", "inventory.yml"]).expect_code(3);
        assert!(shown.stderr.contains(words), "{what}: no {words:?} in\n{}", shown.text());
    }
    let project = project();
    let shown = refused(&project, &lab, &["-i", "missing/inventory.yml"]).expect_code(3);
    assert!(shown.stderr.contains("missing/inventory.yml"), "{}", shown.text());
}

#[test]
fn an_unreadable_file_is_told_by_its_name() {
    use std::os::unix::fs::PermissionsExt as _;
    if rustix::process::geteuid().is_root() {
        return; // root reads everything
    }
    let (project, lab) = (project(), Lab::start(1));
    let inventory = project.file("inventory.yml", "hosts: { web1: {} }\n");
    std::fs::set_permissions(&inventory, std::fs::Permissions::from_mode(0o000)).unwrap();
    let shown = refused(&project, &lab, &["-i", "inventory.yml"]).expect_code(3);
    assert!(shown.stderr.contains("inventory.yml") && shown.stderr.contains("ermission denied"), "{}", shown.text());
}

#[test]
fn an_inventory_without_hosts_runs_nothing_and_says_so() {
    let lab = Lab::start(1);
    for content in ["", "# none yet\n", "hosts: {}\n"] {
        let project = project();
        project.file("inventory.yml", content);
        let shown = refused(&project, &lab, &["-i", "inventory.yml"]);
        assert!(shown.code == 0 || shown.code == 3, "{}", shown.text());
        assert!(shown.stderr.contains("host"), "{content:?} passes without a word\n{}", shown.text());
    }
}

#[test]
fn an_unknown_host_is_an_error_with_a_suggestion() {
    let (project, lab) = (project(), Lab::start(3));
    let shown = refused(&project, &lab, &["--limit", "h0002"]).expect_code(3);
    assert!(shown.stderr.contains("h0002") && shown.stderr.contains("did you mean `h002`?"), "{}", shown.text());
}

#[test]
fn a_locked_record() {
    let (project, lab) = (project(), Lab::start(1));
    let holder = rusqlite::Connection::open(project.record()).unwrap();
    holder.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE mine (x); PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; INSERT INTO mine VALUES (1);").unwrap();
    let shown = refused(&project, &lab, &[]).expect_code(1);
    assert!(shown.stderr.contains("record.db") && shown.stderr.contains("lock"), "{}", shown.text());
}

#[test]
fn a_record_that_cannot_be_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let (project, lab) = (project(), Lab::start(1));
    // Not even root makes files there.
    let shown = refused(&project, &lab, &["--db", "/proc/record.db"]).expect_code(1);
    assert!(shown.stderr.contains("/proc/record.db"), "{}", shown.text());
    project.file("plain", "");
    let shown = refused(&project, &lab, &["--db", "plain/record.db"]).expect_code(1);
    assert!(shown.stderr.contains("plain/record.db"), "{}", shown.text());
    if !rustix::process::geteuid().is_root() {
        std::fs::set_permissions(project.path(".roundsman"), std::fs::Permissions::from_mode(0o555)).unwrap();
        let shown = refused(&project, &lab, &[]).expect_code(1);
        std::fs::set_permissions(project.path(".roundsman"), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(shown.stderr.contains("record.db"), "{}", shown.text());
    }
}

#[test]
fn a_record_that_is_none() {
    let lab = Lab::start(1);
    let garbage: Vec<u8> = (0..8192_u32).map(|n| u8::try_from(n * 7919 % 251).unwrap()).collect();
    let mut cut = b"SQLite format 3\0".to_vec();
    cut.extend(&garbage);
    for content in [garbage, cut] {
        let project = project();
        project.file(".roundsman/record.db", &content);
        let shown = refused(&project, &lab, &[]).expect_code(1);
        assert!(shown.stderr.contains("record.db"), "{}", shown.text());
        assert!(shown.stderr.contains("database"), "it says what is wrong with it\n{}", shown.text());
        assert_eq!(std::fs::read(project.record()).unwrap(), content, "a file that is not ours is left alone");
    }
}

#[test]
fn a_record_of_a_newer_version() {
    let (project, lab) = (project(), Lab::start(1));
    project.ok(&["exec", "localhost", "--", "true"]);
    rusqlite::Connection::open(project.record()).unwrap().execute_batch("CREATE TABLE future (x); PRAGMA user_version = 9999;").unwrap();
    let count = || -> i64 {
        let record = rusqlite::Connection::open(project.record()).unwrap();
        record.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap()
    };
    let before = count();
    let shown = refused(&project, &lab, &[]).expect_code(1);
    assert!(shown.stderr.contains("record.db") && shown.stderr.contains("newer"), "{}", shown.text());
    assert_eq!(count(), before, "a newer record is left alone");
}

#[test]
fn hosts_that_refuse() {
    let (project, lab) = (project(), Lab::start(1));
    let good = lab.inventory_text(lab.port());
    let mark = format!("mark={}", project.path("mark").display());
    let other_key = std::fs::read_to_string(lab.folder().join("id.pub")).unwrap();
    std::fs::write(lab.folder().join("other_hosts"), format!("* {other_key}")).unwrap();
    let cases = [
        ("a changed host key", good.replace("/known_hosts", "/other_hosts"), "ost key"),
        ("an unknown host key", good.replace("/known_hosts", "/nothing"), "ost key"),
        ("a refused login", good.replace(&format!("user: {}", lab.user()), "user: nobody-of-that-name"), "denied"),
        ("nobody there", good.replace(&format!("port: {}", lab.port()), "port: 1"), "refused"),
    ];
    for (what, inventory, words) in cases {
        assert_ne!(inventory, good, "{what}");
        project.file("inventory.yml", inventory);
        let shown = project.run(&["run", "site.yml", "-i", "inventory.yml", "-e", &mark]).expect_code(5);
        assert!(shown.both().contains(words), "{what}: OpenSSH's own words are missing\n{}", shown.text());
    }
    assert!(!common::cli::exists(&project.path("mark")));
}
