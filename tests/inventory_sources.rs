//! Where inventories come from, by the command line: programs, folders, ssh's configuration, several at once; and what a
//! playbook can read of Ansible's variables.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::os::unix::fs::PermissionsExt as _;

use common::Project;

/// A program in the project.
fn program(project: &Project, name: &str, text: &str) {
    let path = project.file(name, text);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn names(project: &Project, arguments: &[&str]) -> String {
    let rows = project.ok(&[&["--format", "json", "hosts"], arguments].concat()).stdout;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&rows).unwrap();
    rows.iter().map(|row| row["name"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[test]
fn hosts_shows_ansibles_inventories() {
    let project = Project::new();
    project.file("inv/hosts", "[web]\nweb[1:2] ansible_user=deploy\n[eu:children]\nweb\n");
    project.file("inv/host_vars/web2.yml", "ansible_host: 10.0.0.2\nansible_port: 2222\n");
    project.file("inv/group_vars/eu/x.yml", "ansible_user: eu\n");
    let shown = project.ok(&["hosts", "-i", "inv"]).stdout;
    assert_eq!(
        shown,
        "host  address               groups\nweb1  deploy@web1           web eu\nweb2  deploy@10.0.0.2:2222  web eu\n2 hosts\n"
    );
}

#[test]
fn a_program_that_fails_is_told_with_its_words() {
    let project = Project::new();
    program(&project, "cloud", "#!/bin/sh\necho 'no token' >&2\nexit 3\n");
    let said = project.run(&["hosts", "-i", "cloud"]).expect_code(3).stderr;
    assert!(said.contains("error[E221]: the inventory program `cloud --list` failed: exit status: 3"), "{said}");
    assert!(said.contains("stderr: no token"), "{said}");
    program(&project, "chatty", "#!/bin/sh\necho 'Hello!'\n");
    let said = project.run(&["hosts", "-i", "chatty"]).expect_code(3).stderr;
    assert!(said.contains("the inventory program `chatty --list` printed no JSON: expected value at line 1 column 1"), "{said}");
    program(&project, "lost", "#!/no/such/interpreter\n");
    let said = project.run(&["hosts", "-i", "lost"]).expect_code(3).stderr;
    assert!(said.contains("can't be started") && said.contains("the interpreter in its first line is not there"), "{said}");
    project.file("plain", "#!/bin/sh\necho '{}'\n");
    let said = project.run(&["hosts", "-i", "plain"]).expect_code(3).stderr;
    assert!(said.contains("error[E221]: this is a program that may not be run\n --> plain:1:1"), "{said}");
    assert!(said.contains("chmod +x plain"), "{said}");
}

#[test]
fn an_executable_list_of_hosts_is_no_program() {
    let project = Project::new();
    program(&project, "hosts", "[web]\nweb1\n");
    assert_eq!(names(&project, &["-i", "hosts"]), "web1");
}

#[test]
fn places_in_what_a_program_printed() {
    let project = Project::new();
    program(
        &project,
        "cloud",
        "#!/bin/sh\necho '{\"web\": {\"hosts\": [\"w1\"], \"vars\": {\"ansible_become\": true}}, \"_meta\": {\"hostvars\": {}}}'\n",
    );
    let said = project.ok(&["hosts", "-i", "cloud"]).stderr;
    assert!(said.contains("warning[W204]: `ansible_become` is not taken over") && said.contains("--> cloud --list:7:7"), "{said}");
}

#[test]
fn several_inventories_are_one() {
    let project = Project::new();
    project.file("native.yml", "hosts: { n1: }\ngroups: { web: { hosts: n1 } }\n");
    project.file("hosts", "[web]\na1\n");
    assert_eq!(names(&project, &["-i", "native.yml", "-i", "hosts", "-i", "x1,x2"]), "n1 a1 x1 x2");
    assert_eq!(names(&project, &["-i", "native.yml", "-i", "hosts", "web"]), "n1 a1");
    let said = project.run(&["hosts", "-i", "native.yml", "-i", "n1,"]).expect_code(3).stderr;
    assert!(said.contains("error[E212]: the host `n1` stands in two inventories"), "{said}");
    std::fs::create_dir(project.path("empty")).unwrap();
    let said = project.run(&["hosts", "-i", "empty"]).expect_code(3).stderr;
    assert!(said.contains("there is no inventory in the folder `empty`"), "{said}");
}

#[test]
fn hosts_of_sshs_configuration() {
    let mut project = Project::new();
    project.file("home/.ssh/config", "Include conf.d/*.conf\nHost web1 *.lan\n  Port 2222\n");
    project.file("home/.ssh/conf.d/a.conf", "Host db1\nInclude ~/.ssh/config\n");
    project.file("home/.ssh/conf.d/b.bak", "Host gone\n");
    project.file("other", "Host elsewhere\n");
    let home = project.path("home").display().to_string();
    project.env("HOME", &home);
    assert_eq!(names(&project, &["-i", "ssh:"]), "db1 web1");
    assert_eq!(names(&project, &["-i", "ssh:other"]), "elsewhere");
    assert_eq!(names(&project, &["-i", "ssh:", "-i", "ssh:other", "web*"]), "web1");
    let said = project.run(&["hosts", "-i", "ssh:nowhere"]).expect_code(3).stderr;
    assert!(said.contains("the ssh configuration file `nowhere` can't be read"), "{said}");
}

#[test]
fn a_playbook_reads_ansibles_variables() {
    let project = Project::new();
    project.file("inv/hosts", "[web]\nlocalhost ansible_connection=local\n");
    project.file(
        "inv/group_vars/web.yml",
        "name: '{{ inventory_hostname }} in {{ group_names | join(\",\") }}'\nmode: 0644\nbroken: \"{{ lookup('file', '/x') }}\"\nkey: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n",
    );
    let playbook = |text: &str| format!("inventory: inv\nrounds:\n  - hosts: web\n    tasks:\n      - run: echo {text}\n");
    project.file("site.yml", playbook("{{ name }} {{ mode }}"));
    project.file("group_vars/web.yml", "mode: 7\n");
    let shown = project.ok(&["run", "site.yml", "--format", "jsonl"]).stdout;
    assert!(shown.contains("localhost in web 7"), "{shown}");
    project.file("site.yml", playbook("{{ broken }} {{ key }}"));
    let said = project.run(&["plan", "site.yml"]).expect_code(3).stderr;
    assert!(said.contains("`broken` can't be used: unknown function `lookup`") && said.contains("inv/group_vars/web.yml:3:13"), "{said}");
    project.file("site.yml", playbook("{{ key }}"));
    let said = project.run(&["check", "site.yml"]).expect_code(3).stderr;
    assert!(
        said.contains("`key` can't be used: it is encrypted by ansible-vault") && said.contains("inv/group_vars/web.yml:4:6"),
        "{said}"
    );
}

#[test]
fn a_playbook_names_several_inventories() {
    let mut project = Project::new();
    project.file("home/.ssh/config", "Host own1\n");
    project.file("play/inv/native.yml", "hosts: { n1: }\n");
    project.file("play/inv/hosts", "[web]\na1\n");
    project.file("play/inv/ssh_config", "Host elsewhere\n");
    let home = project.path("home").display().to_string();
    project.env("HOME", &home);
    let playbook = |inventory: &str| format!("inventory: {inventory}\nrounds:\n  - hosts: all\n    tasks:\n      - run: uptime\n");
    let planned = |project: &Project, arguments: &[&str]| {
        let text = project.ok(&[&["plan", "play/site.yml", "--format", "json"], arguments].concat()).stdout;
        let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        plan["rounds"][0]["hosts"].as_array().unwrap().iter().map(|host| host.as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    project.file("play/site.yml", playbook("[inv/native.yml, inv/hosts, \"ssh:inv/ssh_config\"]"));
    assert_eq!(planned(&project, &[]), "n1 a1 elsewhere");
    assert_eq!(planned(&project, &["-i", "x1,"]), "x1");
    project.file("play/site.yml", playbook("\"ssh:\""));
    assert_eq!(planned(&project, &[]), "own1");
    for (inventory, place, words) in [
        ("[inv/native.yml, inv/lost.yml]", "play/site.yml:1:29", "lost.yml"),
        ("[inv/native.yml, \"ssh:lost\"]", "play/site.yml:1:29", "there is no ssh configuration `play/lost`"),
    ] {
        project.file("play/site.yml", playbook(inventory));
        let said = project.run(&["check", "play/site.yml"]).expect_code(3).stderr;
        assert!(said.contains("error[E001]") && said.contains(place) && said.contains(words), "{said}");
    }
}
