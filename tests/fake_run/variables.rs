//! Where a value comes from: the order of scopes, `omit`, inputs, files, results of other hosts.

use serde_json::json;

use crate::bench::Bench;

#[tokio::test(start_paused = true)]
async fn the_stronger_scope_wins() {
    // Each variable is set in one scope more than the one before; the command shows which one is seen.
    let names = ["v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11"];
    let from = |first: usize, scope: &str| {
        let list: Vec<String> = names[first..].iter().map(|name| format!("{name}: {scope}")).collect();
        format!("{{ {} }}", list.join(", "))
    };
    let inventory = format!(
        "vars: {}\nhosts: {{ a: {{ vars: {} }} }}\ngroups:\n  parent: {{ groups: [child], vars: {} }}\n  child: {{ hosts: a, vars: {} }}\n",
        from(2, "inventory"),
        from(5, "host"),
        from(3, "parent"),
        from(4, "child"),
    );
    let playbook = format!(
        "vars: {}\nvars_files: [more.yml]\nrounds:\n  - hosts: a\n    vars: {}\n    tasks:\n      - vars: {}\n        block:\n          \
         - name: show\n            vars: {}\n            each: [item]\n            as: v9\n            run: show {}\n          - set: {}\n          \
         - run: again {}\n",
        from(0, "playbook"),
        from(6, "round"),
        from(7, "block"),
        from(8, "task"),
        names.map(|name| format!("{{{{ {name} }}}}")).join(" "),
        from(10, "set"),
        names[10..].iter().map(|name| format!("{{{{ {name} }}}}")).collect::<Vec<_>>().join(" "),
    );
    let bench = Bench::new(&playbook, "").file("inventory.yml", &inventory).file("more.yml", &from(1, "file")).inventory("inventory.yml");
    let ran = bench.extra("v11", "extra").run().await;
    let all = "show playbook file inventory parent child host round block task item task extra";
    assert_eq!(ran.ran_on("a"), [all, "again set extra"]);
}

#[tokio::test(start_paused = true)]
async fn omit_leaves_an_argument_out() {
    let playbook = "
vars: { people: [{ name: ann, uid: 7 }, { name: bob }] }
rounds:
  - hosts: all
    tasks:
      - { each: people, run: [add, \"{{ item.name }}\", \"{{ item.uid | default(omit) }}\"] }
";
    assert_eq!(Bench::new(playbook, "a").run().await.ran_on("a"), ["add ann 7", "add bob"]);
}

#[tokio::test(start_paused = true)]
async fn inputs_of_the_playbook_are_typed() {
    let playbook = "
inputs: { count: { type: int, default: 2 }, version: { type: string }, hot: { type: bool, default: false } }
rounds:
  - hosts: all
    tasks:
      - { run: \"scale {{ inputs.count + 1 }} {{ inputs.version }}\" }
      - { run: hot, when: inputs.hot }
";
    let ran = Bench::new(playbook, "a").extra("version", "2.10").extra("count", "5").extra("hot", "true").run().await;
    assert_eq!(ran.ran_on("a"), ["scale 6 2.10", "hot"]);
}

#[tokio::test(start_paused = true)]
async fn hosts_are_chosen_by_what_they_answered() {
    let playbook = "
rounds:
  - { name: survey, hosts: all, tasks: [{ name: kernel, run: uname, read_only: true }] }
  - name: report
    hosts: a
    tasks:
      - { name: told, print: \"{{ hosts | select_hosts('survey.kernel.stdout', '==', '6.1') | join(' ') }}\" }
";
    let kernel = |host: &str, answer: &str| json!({ "host": host, "commands": [{ "contains": "uname", "stdout": answer }] });
    let ran = Bench::new(playbook, "a,b,c").host(kernel("b", "5.10\n")).host(kernel("*", "6.1\n")).run().await;
    assert_eq!(ran.printed("a told"), "a c");
}
