//! Ansible's inventories: what their variables mean to a connection, and what is said of mistakes. That hosts, groups and
//! variables are Ansible's, `tests/inventory_ansible.rs` sees to.

use std::path::Path;

use proptest::prelude::*;

use super::{Ansible, Entity, Plane};
use crate::diag::{Diagnostics, SourceMap};
use crate::inventory::{Kind, from_ssh, join, kind, load, ssh_lines};
use crate::model::{Connect, Host, HostKey, Inventory, Jump, Preset, Program, Transport, Value, VarValue};
use crate::template::Engine;

/// An inventory and what was said of it.
fn read_as(name: &str, text: &str) -> (Inventory, String) {
    let mut map = SourceMap::default();
    let file = map.add(name, Some(&Path::new("/etc/round").join(name)), text);
    let mut diagnostics = Diagnostics::default();
    let inventory = load(&map, file, &mut Engine::new(), &mut diagnostics).unwrap_or_default();
    (inventory, diagnostics.to_text(&map))
}

fn read(text: &str) -> (Inventory, String) {
    read_as("hosts", text)
}

fn host<'a>(inventory: &'a Inventory, name: &str) -> &'a Host {
    inventory.host(inventory.find(name).unwrap())
}

/// The host `h` of one line, without a word said.
fn one(line: &str) -> Host {
    let (inventory, said) = read(&format!("[g]\nh {line}\n"));
    assert_eq!(said, "", "{line}");
    host(&inventory, "h").clone()
}

#[test]
fn variables_become_the_connection() {
    let h = one("ansible_host=10.0.0.1 ansible_port=2222 ansible_user=deploy ansible_ssh_private_key_file=~/.ssh/k ansible_password=p");
    assert_eq!((h.connect.address.as_str(), h.connect.port, h.connect.user.as_deref()), ("10.0.0.1", Some(2222), Some("deploy")));
    assert_eq!((h.connect.identity.as_deref(), h.connect.password.as_deref()), (Some(Path::new("~/.ssh/k")), Some("p")));
    assert_eq!(h.var("ansible_host").unwrap().value, VarValue::Plain(Value::Text("10.0.0.1".into())), "still a variable");
    let h = one("ansible_ssh_host=10.0.0.2 ansible_ssh_user=root ansible_ssh_pass=q ansible_become_pass=b ansible_python_interpreter=auto");
    assert_eq!((h.connect.address.as_str(), h.connect.user.as_deref()), ("10.0.0.2", Some("root")));
    assert_eq!((h.connect.password.as_deref(), h.connect.become_password.as_deref()), (Some("q"), Some("b")));
    assert_eq!(one("ansible_become_user=root ansible_become_method=sudo ansible_become=no").connect.user, None, "asks for nothing");
    assert_eq!(one("ansible_timeout=7").connect.connect_timeout.as_secs(), 7);
    assert_eq!(one("ansible_host=").connect.address, "h");
}

#[test]
fn templates_in_a_connection_read_the_hosts_variables() {
    assert_eq!(one("ip=10.0.0.9 ansible_host='{{ ip }}'").connect.address, "10.0.0.9");
    assert_eq!(one("ansible_host='{{ inventory_hostname }}.lan'").connect.address, "h.lan");
    assert_eq!(one("ansible_ssh_private_key_file='{{ inventory_dir }}/k'").connect.identity.as_deref(), Some(Path::new("/etc/round/k")));
    assert_eq!(one("ansible_port='{{ port | default(23) }}'").connect.port, Some(23));
    let (inventory, said) = read("[g]\nh ansible_host='{{ nothing }}'\n");
    assert!(
        said.starts_with("warning[W204]: `ansible_host` is not known before a run: `nothing` is not defined\n --> hosts:2:20"),
        "{said}"
    );
    assert_eq!(host(&inventory, "h").connect.address, "h");
}

#[test]
fn arguments_of_ssh_become_options() {
    let args = |args: &str| one(&format!("ansible_ssh_common_args='{args}'")).connect;
    let found = args(r#"-o ProxyCommand="ssh -W %h:%p -q jump@gate" -oForwardAgent=yes -C -4"#);
    assert_eq!(found.ssh_options, ["ProxyCommand=ssh -W %h:%p -q jump@gate", "ForwardAgent=yes", "Compression=yes", "AddressFamily=inet"]);
    assert_eq!(args("-J gate.example.org").jump, Some(Jump::Destination("gate.example.org".into())));
    assert_eq!(args("-o ProxyJump=a,b").jump, Some(Jump::Destination("a,b".into())));
    assert_eq!(args("-o ProxyJump=none").jump, Some(Jump::None));
    assert_eq!(args("-F /etc/ssh/other").ssh_config.as_deref(), Some(Path::new("/etc/ssh/other")));
    assert_eq!(args("-o ConnectTimeout=3").connect_timeout.as_secs(), 3);
    assert_eq!(args("-o ControlMaster=auto -o ControlPersist=60s -q").ssh_options, Vec::<String>::new(), "sessions are ours");
    let both = one("ansible_ssh_common_args='-o A=1' ansible_ssh_extra_args='-o B=2'").connect;
    assert_eq!(both.ssh_options, ["A=1", "B=2"]);
    let (inventory, said) = read("[g]\nh ansible_ssh_common_args='-o StrictHostKeyChecking=no'\n");
    assert_eq!(host(&inventory, "h").connect.host_key, HostKey::AcceptNew);
    assert!(said.starts_with("warning[W204]: host keys are always verified\n --> hosts:2:3"), "{said}");
}

#[test]
fn a_jump_through_a_host_of_the_inventory_is_that_host() {
    let (inventory, said) = read("gate ansible_host=192.0.2.1\n[in]\nh ansible_ssh_common_args='-J gate'\n");
    assert_eq!(said, "");
    assert_eq!(host(&inventory, "h").connect.jump, Some(Jump::Host("gate".into())));
}

#[test]
fn connections_become_transports() {
    let of = |line: &str| one(line).connect.transport;
    let called = |line: &str| match one(line).connect {
        Connect { transport: Transport::Preset(preset), address, user, .. } => preset.argv(&address, user.as_deref()).join(" "),
        Connect { transport: Transport::Command(words), .. } => words.join(" "),
        other => panic!("{line}: {other:?}"),
    };
    assert_eq!(of("ansible_connection=smart"), Transport::Ssh);
    assert_eq!(of("ansible_connection=ansible.builtin.local"), Transport::Local);
    assert_eq!(of("ansible_connection=docker"), Transport::Preset(Preset::new(Program::Docker)));
    let pod = "ansible_kubectl_namespace=n ansible_kubectl_pod=p ansible_kubectl_container=c ansible_kubectl_context=x ansible_user=app";
    for (line, words) in [
        ("ansible_connection=community.docker.docker ansible_user=app", "docker exec -i -u app h"),
        ("ansible_connection=podman ansible_host=box", "podman exec -i box"),
        (&format!("ansible_connection=kubectl {pod}"), "kubectl exec -i --context x -n n -c c p --"),
        (&format!("ansible_connection=oc {}", pod.replace("kubectl", "oc")), "oc exec -i --context x -n n -c c p --"),
        ("ansible_connection=lxc", "lxc-attach -n h --"),
        ("ansible_connection=lxd ansible_user=1000", "lxc exec h --"),
        ("ansible_connection=incus", "incus exec h --"),
        ("ansible_connection=chroot ansible_host=/srv/h ansible_user=app", "chroot /srv/h"),
    ] {
        assert_eq!(called(line), words, "{line}");
    }
    let (_, said) = read("h ansible_connection=chroot ansible_host=srv/h\n");
    assert!(said.contains("error[E217]: `chroot` needs an absolute path, and the address of `h` is `srv/h`\n --> hosts:1:1"), "{said}");
    let (inventory, _) = read("localhost\n");
    assert_eq!(host(&inventory, "localhost").connect.transport, Transport::Local);
    let (inventory, _) = read("localhost ansible_connection=ssh\n");
    assert_eq!(host(&inventory, "localhost").connect.transport, Transport::Ssh);
}

#[test]
fn what_can_not_be_used_is_told_where_it_is_read() {
    let (inventory, said) = read(
        "[g]\nh a=\"{{ lookup('file', 'x') }}\" b=\"{{ a }}\" c=\"{{ x | nosuch }}\" d=\"{{ ' }\"\n[g:vars]\nlist=['{{ q | nosuch }}', 'fine']\n",
    );
    assert_eq!(said, "");
    let host = host(&inventory, "h");
    let why = |name: &str| match &host.var(name).unwrap().value {
        VarValue::Unusable(why) => why.message.clone(),
        other => format!("{other:?}"),
    };
    assert_eq!(why("a"), "unknown function `lookup`");
    assert_eq!(why("c"), "unknown filter `nosuch`");
    assert!(why("d").starts_with("template syntax"), "{}", why("d"));
    assert!(matches!(host.var("b").unwrap().value, VarValue::Template(_)));
    let VarValue::List(list) = &host.var("list").unwrap().value else { panic!("a list") };
    assert!(matches!(list[0], VarValue::Unusable(_)) && list[1] == VarValue::Plain(Value::Text("fine".into())));
}

#[test]
fn vaulted_and_unsafe_values() {
    let (inventory, said) = read_as(
        "hosts.yml",
        "all:\n  hosts:\n    h:\n      key: !vault |\n        $ANSIBLE_VAULT;1.1;AES256\n        6162\n      raw: !unsafe '{{ x }}'\n      odd: !other x\n",
    );
    assert!(said.starts_with("error[E006]: `!other` is a tag to YAML") && !said.contains("vault"), "{said}");
    let h = host(&inventory, "h");
    assert!(matches!(&h.var("key").unwrap().value, VarValue::Unusable(why) if why.message == "it is encrypted by ansible-vault"));
    assert_eq!(h.var("raw").unwrap().value, VarValue::Plain(Value::Text("{{ x }}".into())));
}

#[test]
fn a_file_encrypted_as_a_whole_is_told_and_left_out() {
    let mut map = SourceMap::default();
    let mut diagnostics = Diagnostics::default();
    let mut ansible = Ansible::default();
    let hosts = map.add("hosts", None, "h\n");
    ansible.read(&map, hosts, &mut diagnostics);
    let file = map.add("group_vars/all/vault.yml", None, "$ANSIBLE_VAULT;1.1;AES256\n6162\n");
    ansible.read_vars(Entity::Group("all".into()), Plane::Inventory, &map, file, &mut diagnostics);
    let inventory = ansible.finish(&map, &mut Engine::new(), &mut diagnostics);
    let said = diagnostics.to_text(&map);
    assert!(said.starts_with("warning[W205]: this file is encrypted by ansible-vault\n --> group_vars/all/vault.yml:1:1"), "{said}");
    assert!(host(&inventory, "h").layers.is_empty());
}

#[test]
fn files_are_told_apart_by_their_content() {
    let of = |name: &str, text: &str| {
        let mut map = SourceMap::default();
        let file = map.add(name, Some(Path::new(name)), text);
        kind(&map, file)
    };
    for (name, text) in [
        ("hosts", "# x\n\n[web]\nweb1\n"),
        ("hosts", "web1\nweb2 a=b\n"),
        ("hosts.yml", "all:\n  hosts:\n    web1:\n"),
        ("hosts.yml", "web:\n  hosts: { web1: }\ndb:\n"),
        ("hosts.yml", "all:\n"),
        ("hosts.yml", "kube-node:\netcd:\n"),
        ("hosts.json", "{\"all\": {\"hosts\": {\"a\": null}}}"),
    ] {
        assert_eq!(of(name, text), Kind::Ansible, "{text}");
    }
    for (name, text) in [
        ("hosts.yml", ""),
        ("hosts.yml", "hosts: { web1: }\n"),
        ("hosts", "hosts:\n  web1:\n"),
        ("hosts.yml", "hosts: { web1: }\ngroups: { web: { hosts: web1 } }\n"),
        ("hosts.yml", "web1\n"),
        ("hosts.yml", "# ours\n---\nvars: { a: 1 }\nhosts:\n- web1\n"),
        ("hosts.yml", "hosts: [\n"),
        ("hosts", "hosts: [\n"),
        ("hosts", "- web1\n"),
    ] {
        assert_eq!(of(name, text), Kind::Native, "{text}");
    }
    assert!(matches!(of("aws.yml", "plugin: amazon.aws.aws_ec2\n"), Kind::Plugin(_)));
    assert!(matches!(of("x.yml", "spec: { a: 1 }\n"), Kind::Other(_)));
}

#[test]
fn every_mistake_has_its_words() {
    let files = [
        ("hosts", "[web]\nw1 a\n"),
        ("hosts", "[web]\nw2 b=\"x\n"),
        ("hosts", "[web]\nw[1:\n"),
        ("hosts", "[web]\nwe/b\n"),
        ("hosts", "[web:var]\nx=1\n"),
        ("hosts", "[web]\nw1\n[wbe:vars]\ny=1\n"),
        ("hosts", "[web]\nw1\n[web:vars]\nno value\n"),
        ("hosts", "[web]\nw1\n[c:children]\nnope\nweb x\n"),
        ("hosts", "[a:children]\nb\n[b:children]\na\n"),
        ("hosts", "[web]\nw1\n[a b]\nanything\n"),
        ("hosts", "[web]\nw1\n[web:vars]\nansible_group_priority=high\n"),
        ("hosts", "[web]\nw1 hosts=1 http-port=2\n"),
        ("hosts", "[w1]\nw1\n[and]\nw2\n"),
        ("hosts", "[web]\nw1 ansible_become=yes ansible_become_method=su\n"),
        ("hosts", "[web]\nw1 ansible_connection=winrm\n"),
        ("hosts", "[web]\nw1 ansible_host=-oProxyCommand=x ansible_port=99999\n"),
        ("hosts", "[web]\nw1 ansible_ssh_common_args='-W x -o Y'\n"),
        ("hosts.yml", "all:\n  hosts: [w1]\n"),
        ("hosts.yml", "all:\n  hosts: { w1: 5 }\n"),
        ("hosts.yml", "all:\n  hsots: { w1: }\n  hosts: { w1: }\n"),
        ("hosts.yml", "web: { hosts: { w1: } }\ndb: 5\n"),
        ("hosts.yml", "a: { children: { b: { children: { a: } } } }\n"),
    ];
    let mut whole = String::new();
    for (name, text) in files {
        let (_, said) = read_as(name, text);
        assert!(said.contains("error[") || said.contains("warning["), "{text:?} is a mistake");
        whole.push_str(&format!("{text:?}\n{said}\n"));
    }
    insta::assert_snapshot!(whole);
}

#[test]
fn a_programs_mistakes_have_places_in_what_it_printed() {
    let list = |text: &str| {
        let mut map = SourceMap::default();
        let file = map.add("cloud --list", None, text);
        let mut diagnostics = Diagnostics::default();
        Ansible::default().read_list(&map, file, &mut diagnostics);
        diagnostics.to_text(&map)
    };
    assert!(list("[]").contains("error[E012]: an inventory program must be a map, this is a list\n --> cloud --list:1:1"));
    assert!(
        list("{\n  \"web\": {\"hosts\": \"w1\"}\n}").contains("error[E016]: `hosts` must be a list, this is text\n --> cloud --list:2:20")
    );
    assert!(list("{\"_meta\": {}}").contains("error[E220]: `_meta` has no `hostvars`"));
    assert!(list("{\"web\": {\"hosts\": [\"-w\"]}}").contains("error[E210]"));
}

#[test]
fn names_in_sshs_configuration() {
    let mut map = SourceMap::default();
    let text = "Include conf.d/*\nHost web1 web2 !web3 *.lan\n  HostName 10.0.0.1\nhost=\"db 1\" db2 # db3\nHost db2\nMatch host x\n";
    let file = map.add("config", None, text);
    let lines = ssh_lines(&map, file);
    let said: Vec<String> =
        lines.iter().map(|line| format!("{line:?}").split("text: ").nth(1).unwrap().split(',').next().unwrap().to_owned()).collect();
    assert_eq!(said.join(" "), r#""conf.d/*" "web1" "web2" "db 1" "db2" "db2""#);
    let names: Vec<_> =
        lines.into_iter().filter_map(|line| if let crate::inventory::SshLine::Host(name) = line { Some(name) } else { None }).collect();
    let mut diagnostics = Diagnostics::default();
    let inventory = from_ssh(&names, Some(Path::new("/c")), &mut diagnostics);
    assert_eq!(inventory.names(&inventory.all().collect::<Vec<_>>()), ["web1", "web2", "db2"]);
    assert_eq!(host(&inventory, "db2").connect.ssh_config.as_deref(), Some(Path::new("/c")));
    assert!(diagnostics.to_text(&map).starts_with("warning[W206]: the name `db 1` of a host can't hold ` `\n --> config:4:7"));
}

#[test]
fn inventories_are_joined() {
    let mut map = SourceMap::default();
    let (mut engine, mut diagnostics) = (Engine::new(), Diagnostics::default());
    let texts = ["hosts: { a: , b: }\ngroups: { g: { hosts: a, vars: { v: 1 } } }\n", "[g]\nc\n[h]\nd\n", "hosts: { a: }\n"];
    let files: Vec<_> = texts.iter().enumerate().map(|(nth, text)| map.add(format!("{nth}"), None, *text)).collect();
    let read: Vec<Inventory> = files.into_iter().filter_map(|file| load(&map, file, &mut engine, &mut diagnostics)).collect();
    let joined = join(read, &mut diagnostics);
    assert_eq!(joined.names(&joined.all().collect::<Vec<_>>()), ["a", "b", "c", "d"]);
    assert_eq!(joined.names(&joined.groups["g"]), ["a", "c"]);
    assert!(host(&joined, "c").var("v").is_none(), "what one says of its group holds for its own hosts");
    assert!(joined.find("localhost").is_some());
    assert!(diagnostics.to_text(&map).starts_with("error[E212]: the host `a` stands in two inventories"));
}

#[test]
fn a_long_chain_of_groups_ends() {
    let mut text = String::from("[g0]\nh\n");
    for n in 1..3000 {
        text.push_str(&format!("[g{n}:children]\ng{}\n", n - 1));
    }
    text.push_str("[g2999:vars]\na=far\nb=far\n[g1:vars]\nb=near\n");
    let (inventory, said) = read(&text);
    assert_eq!(said, "");
    let h = host(&inventory, "h");
    assert_eq!(h.groups.len(), 3000);
    assert_eq!(h.var("a").unwrap().value, VarValue::Plain(Value::Text("far".into())));
    assert_eq!(h.var("b").unwrap().value, VarValue::Plain(Value::Text("near".into())));
}

fn pieces(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(of), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_ini_panics(text in pieces(&[
        "[", "]", "[web]", "\n", ":vars", ":children", "web", "é", "😀", "=", " ", "\t", "'", "\"", "\\", "#", ";", "{", "}", "{{", "}}", ",", "(", ")", "1", "0x", "-", ":",
        "e", ".", "\\x4", "\\u00é", "r'", "ansible_host=", "ansible_ssh_common_args=", "-o", "-é", "-J",
    ])) {
        read(&text);
        read(&format!("[web]\nh a={text}\nh ansible_ssh_args=\"{}\"\n[web:vars]\nb={text}\n", text.replace(['"', '\n'], "")));
    }

    #[test]
    fn no_ssh_configuration_panics(text in pieces(&["Host", "host", "Include", " ", "=", "\"", "#", "\n", "é", "a", "*", "!", "\t"])) {
        let mut map = SourceMap::default();
        let file = map.add("config", None, text.as_str());
        for line in ssh_lines(&map, file) {
            let (crate::inventory::SshLine::Host(word) | crate::inventory::SshLine::Include(word)) = line;
            prop_assert_eq!(map.text(word.span), word.text.as_str());
        }
    }
}
