//! The playbooks that come along do what they say, on hosts that are all this machine.
//!
//! What they call on a host (systemctl, socat, curl, sudo) is a script of the test, in front of everything in PATH, so nothing
//! of this machine is touched.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::os::unix::fs::PermissionsExt as _;

use common::Project;
use common::book::root;

/// Runs what stands behind sudo's own options; asks nothing.
const SUDO: &str =
    "#!/bin/sh\nwhile :; do case \"$1\" in --) shift; break;; -u|-p|-g|-U) shift 2;; -*) shift;; *) break;; esac; done\nexec \"$@\"\n";

/// A project with an inventory of four hosts and a load balancer, and with scripts in place of the programs.
fn project(scripts: &[(&str, &str)]) -> Project {
    let mut project = Project::new();
    let folder = project.path("").display().to_string();
    let folder = folder.trim_end_matches('/');
    for (name, text) in scripts.iter().chain(&[("sudo", SUDO)]) {
        let path = project.file(&format!("bin/{name}"), text.replace("FOLDER", folder));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    project.env("PATH", &format!("{folder}/bin:{}", std::env::var("PATH").unwrap()));
    project.file(
        "hosts.yml",
        format!(
            "connect: {{ transport: local }}\nvars: {{ service: app, dir: \"{folder}/{{{{ host.name }}}}\", health: \"http://localhost/\" }}\n\
             hosts: {{ \"web[1-4]\": {{}}, lb1: {{}} }}\ngroups: {{ web: {{ hosts: \"web[1-4]\" }}, canary: {{ hosts: web1 }} }}\n"
        ),
    );
    project
}

fn playbook(name: &str) -> String {
    root().join(format!("playbooks/{name}.yml")).display().to_string()
}

fn lines(project: &Project, file: &str) -> Vec<String> {
    std::fs::read_to_string(project.path(file)).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn a_release_that_does_not_start_goes_back_and_stops_the_rest() {
    // On web2 the service does not start with release 2.
    let systemctl = "#!/bin/sh\ncase \"$(readlink FOLDER/web2/current)\" in *2) exit 7;; esac\n";
    let project = project(&[("systemctl", systemctl), ("socat", "#!/bin/sh\ncat >>FOLDER/lb.log\n"), ("curl", "#!/bin/sh\n")]);
    for host in ["web1", "web2", "web3", "web4"] {
        for release in ["1", "2"] {
            std::fs::create_dir_all(project.path(&format!("{host}/releases/{release}"))).unwrap();
        }
        std::os::unix::fs::symlink(project.path(&format!("{host}/releases/1")), project.path(&format!("{host}/current"))).unwrap();
    }
    let release = playbook("rolling-release");
    let shown = project.run(&["run", &release, "-i", "hosts.yml", "-e", "release='2'", "--db", "record.db"]).expect_code(6);
    let current = |host: &str| {
        let link = std::fs::read_link(project.path(&format!("{host}/current"))).unwrap();
        link.file_name().unwrap().to_str().unwrap().to_owned()
    };
    assert_eq!(["web1", "web2", "web3", "web4"].map(current), ["2", "1", "1", "1"], "{}", shown.text());
    let told = ["disable server web/web1", "enable server web/web1", "disable server web/web2", "enable server web/web2"];
    assert_eq!(lines(&project, "lb.log"), told, "{}", shown.text());

    // Where the release is the one in use already, nothing is touched.
    project.ok(&["run", &release, "-i", "hosts.yml", "-e", "release='1'", "--limit", "web[2-4],lb1", "--db", "record.db"]);
    assert_eq!(lines(&project, "lb.log").len(), 4);
}

#[test]
fn a_service_that_does_not_come_back_stops_the_restart() {
    // Each start is another process. The first is well, and one of the next two stays down.
    let systemctl = "#!/bin/sh\ncd FOLDER\ncase \"$1 $2\" in\n\
        'show --property=LoadState') echo loaded;;\n'show --property=MainPID') wc -l <starts 2>/dev/null || echo 0;;\n\
        restart*) echo started >>starts; mkdir well 2>/dev/null || ! mkdir down 2>/dev/null;;\nesac\n";
    let project = project(&[("systemctl", systemctl)]);
    let shown = project.run(&["run", &playbook("rolling-restart"), "-i", "hosts.yml", "--db", "record.db"]).expect_code(6);
    assert!(shown.stdout.contains("app did not come back"), "{}", shown.text());
    assert_eq!(lines(&project, "starts").len(), 3, "web4 is of the batch that does not begin\n{}", shown.text());
}

/// How many steps the last run changed.
fn changed(project: &Project) -> i64 {
    let record = rusqlite::Connection::open(project.path("record.db")).unwrap();
    let sql = "SELECT count(*) FROM steps WHERE run = (SELECT max(number) FROM run) AND status = 'changed'";
    record.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn the_second_run_of_every_playbook_changes_nothing() {
    // Whoever starts a service leaves when; whoever upgrades a package, its version.
    let systemctl = "#!/bin/sh\ncd FOLDER\ncase \"$1 $2\" in\n\
        'show --property=LoadState') echo loaded;;\n'show --property=MainPID') wc -l <starts 2>/dev/null || echo 0;;\n\
        'show --property=ExecMainStartTimestamp') cat starts 2>/dev/null | tail -n 1;;\nrestart*) date >>starts; sleep 0.1;;\nesac\n";
    let dpkg = "#!/bin/sh\ncase \"$2\" in *Status*Version*) printf 'ii %s' \"$(cat FOLDER/version)\";; *Version*) cat FOLDER/version;; *) printf 'ii ';; esac\n";
    let apt = "#!/bin/sh\nfor last; do :; done\ncase \"$last\" in *=*) printf %s \"${last#*=}\" >FOLDER/version;; esac\n";
    let scripts = [
        ("systemctl", systemctl),
        ("dpkg-query", dpkg),
        ("apt-get", apt),
        ("apt-cache", "#!/bin/sh\nprintf 'nginx:\\n  Candidate: 2\\n'\n"),
        ("socat", "#!/bin/sh\ncat >>FOLDER/lb.log\n"),
        ("curl", "#!/bin/sh\n"),
    ];
    let (mut tried, mut acted) = (0, Vec::new());
    for entry in std::fs::read_dir(root().join("playbooks")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !std::fs::read_to_string(&path).unwrap().contains("\nrounds:\n") || name.contains('.') {
            continue;
        }
        let project = project(&scripts);
        project.file("version", "1");
        for host in ["web1", "web2", "web3", "web4"] {
            for release in ["1", "2"] {
                std::fs::create_dir_all(project.path(&format!("{host}/releases/{release}"))).unwrap();
            }
            std::os::unix::fs::symlink(project.path(&format!("{host}/releases/1")), project.path(&format!("{host}/current"))).unwrap();
        }
        let run = || {
            let arguments =
                ["run", path.to_str().unwrap(), "-i", "hosts.yml", "-e", "release='2'", "-e", "max_used=100", "--db", "record.db"];
            let shown = project.run(&arguments).expect_code(0);
            (changed(&project), shown)
        };
        let (first, _) = run();
        let (second, shown) = run();
        assert_eq!(second, 0, "{name}\n{}", shown.text());
        tried += 1;
        acted.extend((first > 0).then_some(name));
    }
    acted.sort();
    assert_eq!(acted, ["package-upgrade", "rolling-release", "rolling-restart"], "those that are for changing something did");
    assert!(tried >= 6, "{tried}");
}
