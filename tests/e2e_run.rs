//! A whole run on fifty hosts of a real sshd: what is done, what is recorded, what it costs in connections.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::collections::BTreeMap;

use common::{Lab, Project, record};

const THREE_ROUNDS: &str = r#"
name: Three rounds
vars: { journal: unset }
rounds:
  - name: survey
    hosts: all
    tasks:
      - name: kernel
        run: uname -r
        read_only: true
      - parallel:
          - { name: uptime, read: /proc/uptime }
          - { name: load, read: /proc/loadavg }
          - { name: logs, glob: "/etc/host*" }
  - name: work
    hosts: all
    tasks:
      - name: mark
        run: printf '%s %s\n' {{ host.name }} {{ tasks_seen }} >> {{ journal }}
        vars: { tasks_seen: "{{ rounds.survey.tasks.kernel.stdout }}" }
      - name: never
        run: printf 'never %s\n' {{ host.name }} >> {{ journal }}
        when: host.name == "nobody"
  - name: report
    hosts: localhost
    after: always
    tasks:
      - name: kernels
        print: |
          {% for h in hosts %}{{ h }} {{ rounds.survey.hosts[h].tasks.kernel.stdout | default("unknown") }}
          {% endfor %}
"#;

#[test]
fn fifty_hosts_and_one_that_is_not_there() {
    let lab = Lab::start(50);
    let project = Project::new();
    project.file("site.yml", THREE_ROUNDS);
    let inventory = lab.inventory_text(lab.port());
    project.file("inventory.yml", format!("{inventory}  dead: {{ address: 127.0.0.1, connect: {{ port: 1, retries: 0 }} }}\n"));
    let journal = project.path("journal");
    let shown = project.run(&["run", "site.yml", "-i", "inventory.yml", "-e", &format!("journal={}", journal.display())]).expect_code(5);

    // The work was done once on each host, with the value that the round before found.
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut done: Vec<String> = std::fs::read_to_string(&journal).unwrap().lines().map(str::to_owned).collect();
    done.sort();
    let expected: Vec<String> = (1..=50).map(|host| format!("{} {}", Lab::name(host), kernel.trim())).collect();
    assert_eq!(done, expected, "{}", shown.text());
    assert!(shown.both().contains("dead"), "{}", shown.text());
    assert!(shown.both().contains("h[001-050]"), "equal hosts are folded\n{}", shown.text());

    // One connection for each host, whatever the number of rounds, tasks and branches.
    let once: BTreeMap<_, _> = (1..=50).map(|host| (Lab::address(host), 1)).collect();
    assert_eq!(lab.connections_by_host(), once);

    let run = record::only_run(&project.record());
    let outcomes = run.outcomes();
    for host in (1..=50).map(Lab::name) {
        for (round, task, status) in [
            ("survey", "kernel", "ok"),
            ("survey", "uptime", "ok"),
            ("survey", "load", "ok"),
            ("survey", "logs", "ok"),
            ("work", "mark", "changed"),
            ("work", "never", "skipped"),
        ] {
            let outcome = &outcomes[&(host.clone(), round.to_owned(), task.to_owned())];
            assert_eq!(outcome.len(), 1, "{host} {round} {task} is in the record more than once");
            assert_eq!(outcome[0]["status"], status, "{host} {round} {task}: {}", outcome[0]);
        }
        assert_eq!(run.stdout(&host, "kernel"), kernel.as_bytes());
    }
    let begun: Vec<_> = run.steps("step_began");
    assert!(begun.iter().all(|(host, ..)| host != "dead"), "nothing begins on a host that is not there");
    let of_the_dead: Vec<_> = outcomes.iter().filter(|((host, ..), _)| host == "dead").collect();
    assert!(of_the_dead.iter().any(|((_, round, _), _)| round == "survey"), "the dead host is in the record");
    assert!(of_the_dead.iter().all(|(_, outcome)| outcome[0]["status"] == "unreachable" || outcome[0]["status"] == "skipped"));
    assert_eq!(run.of_kind("host_unreachable").count(), 1);
    let end = run.events.last().unwrap();
    assert_eq!((&end["event"], &end["exit_code"]), (&"run_ended".into(), &5.into()));
    assert_eq!(lab.clients(), [], "no ssh is left behind");
}

#[test]
fn a_failure_stops_its_own_host_only() {
    let lab = Lab::start(3);
    let project = Project::new();
    project.file(
        "site.yml",
        r#"
rounds:
  - name: work
    hosts: all
    tasks:
      - { name: first, run: "test {{ host.name }} != h002" }
      - { name: second, run: echo done }
      - { name: apart, needs: [], run: echo apart }
  - name: after
    hosts: all
    tasks:
      - { name: last, run: echo last }
"#,
    );
    let shown = project.run(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]).expect_code(4);
    let run = record::only_run(&project.record());
    let status = |host: &str, task: &str| run.status(host, task).unwrap_or_default();
    for host in ["h001", "h003"] {
        for task in ["first", "second", "apart", "last"] {
            assert_eq!(status(host, task), "changed", "{host} {task}\n{}", shown.text());
        }
    }
    assert_eq!(status("h002", "first"), "failed");
    assert_eq!(status("h002", "second"), "skipped");
    assert_eq!(status("h002", "apart"), "changed", "what does not need the failed task runs");
    assert!(!run.steps("step_began").contains(&("h002".into(), "after".into(), "last".into())), "a failed host is left out");
    assert_eq!(run.outcomes()[&("h002".into(), "work".into(), "first".into())][0]["rc"], 1);
}

#[test]
fn a_second_run_changes_nothing_where_guards_say_so() {
    let lab = Lab::start(2);
    let project = Project::new();
    project.file(
        "site.yml",
        r#"
vars: { folder: unset }
rounds:
  - name: work
    hosts: all
    tasks:
      - { name: made, run: "touch {{ folder }}/{{ host.name }}", creates: "{{ folder }}/{{ host.name }}" }
      - { name: line, run: "echo x >> {{ folder }}/{{ host.name }}", unless: "grep -q x {{ folder }}/{{ host.name }}" }
      - { name: config, copy: { content: "port = 80\n", dest: "{{ folder }}/{{ host.name }}.conf", mode: "0640" } }
"#,
    );
    let folder = project.path("made");
    std::fs::create_dir(&folder).unwrap();
    let folder = format!("folder={}", folder.display());
    let inventory = lab.inventory();
    let arguments = ["run", "site.yml", "-i", inventory.to_str().unwrap(), "-e", &folder];
    project.ok(&arguments);
    project.ok(&arguments);
    let runs = record::runs(&project.record());
    assert_eq!(runs.len(), 2);
    for (run, statuses) in runs.iter().zip([["changed"; 3], ["skipped", "skipped", "ok"]]) {
        for (task, status) in ["made", "line", "config"].into_iter().zip(statuses) {
            for host in ["h001", "h002"] {
                assert_eq!(run.status(host, task).as_deref(), Some(status), "{host} {task}");
            }
        }
    }
}

#[test]
fn one_command_on_many_hosts() {
    let lab = Lab::start(5);
    let project = Project::new();
    let inventory = lab.inventory();
    let inventory = inventory.to_str().unwrap();
    // Several words are arguments, which no shell reads.
    let shown = project.ok(&["exec", "all", "-i", inventory, "--", "printf", "%s|", "a  b", "$HOME"]);
    assert!(shown.stdout.contains("a  b|$HOME|"), "{}", shown.text());
    assert_eq!(shown.stdout.matches("a  b|").count(), 1, "equal outputs are folded\n{}", shown.text());
    assert!(shown.stdout.contains("h[001-005]"), "{}", shown.text());
    // One word is shell text.
    let shown = project.ok(&["exec", "h[002-003]", "-i", inventory, "--", "echo $((6 * 7)) | tr 4 x"]);
    assert!(shown.stdout.contains("x2"), "{}", shown.text());
    project.run(&["exec", "all,!h001", "-i", inventory, "--", "false"]).expect_code(4);
    let runs = record::runs(&project.record());
    assert_eq!(runs.iter().map(|run| run.steps("step_began").len()).collect::<Vec<_>>(), [5, 2, 4], "recorded like a run");
    let history = project.ok(&["history"]);
    assert!(history.stdout.contains("exec"), "{}", history.text());
    let show = project.ok(&["show", "--host", "h002"]);
    assert!(show.stdout.contains("h002") && show.stdout.contains("false"), "{}", show.text());
}

#[test]
fn results_of_one_host_reach_another() {
    let lab = Lab::start(3);
    let project = Project::new();
    project.file(
        "site.yml",
        r#"
rounds:
  - name: survey
    hosts: all
    tasks:
      - { name: name, run: [echo, "I am {{ host.name }}"] }
      - { name: first, run: "echo once on {{ host.name }}", once: true }
      - { name: sees, run: [echo, "{{ tasks.first.stdout }}"] }
      - { name: elsewhere, on: h003, run: "set -- $SSH_CONNECTION; echo $3 for {{ host.name }}" }
  - name: report
    hosts: h002
    tasks:
      - name: all
        run: [echo, "{{ hosts | join(' ') }}: {{ rounds.survey.hosts['h003'].tasks.name.stdout }}"]
"#,
    );
    project.ok(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap()]);
    let run = record::only_run(&project.record());
    assert_eq!(run.stdout("h002", "all"), b"h001 h002 h003: I am h003\n");
    for host in ["h001", "h002", "h003"] {
        assert_eq!(run.stdout(host, "sees"), b"once on h001\n", "{host}");
        assert_eq!(run.stdout(host, "elsewhere"), format!("127.0.1.3 for {host}\n").as_bytes());
    }
    assert_eq!(run.steps("step_began").iter().filter(|(_, _, task)| task == "first").count(), 1);
}
