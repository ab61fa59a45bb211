//! The room's tests: files, names, connections.

mod expressions;
mod mistakes;

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::diag::{Diagnostics, SourceMap, SourceText, Span};
use crate::model::{HostKey, Inventory, Jump, Kex, Origin, Transport, Value, VarValue};
use crate::template::Engine;

/// An inventory file and what was said of it.
fn read(text: &str) -> (SourceMap, Option<Inventory>, Diagnostics) {
    let mut map = SourceMap::default();
    let file = map.add("hosts.yml", Some(Path::new("/etc/round/hosts.yml")), text);
    let mut diagnostics = Diagnostics::default();
    let inventory = load(&map, file, &mut Engine::new(), &mut diagnostics);
    (map, inventory, diagnostics)
}

fn sound(text: &str) -> Inventory {
    let (map, inventory, diagnostics) = read(text);
    assert_eq!(diagnostics.to_text(&map), "", "{text}");
    inventory.unwrap()
}

fn said(text: &str) -> String {
    let (map, _, diagnostics) = read(text);
    diagnostics.to_text(&map)
}

/// A text as the command line gives it.
fn typed(map: &mut SourceMap, text: &str) -> SourceText {
    let file = map.add("<command line>", None, text);
    SourceText::verbatim(text, Span::new(file, 0..text.len()))
}

fn listed(text: &str) -> (Inventory, String) {
    let mut map = SourceMap::default();
    let text = typed(&mut map, text);
    let mut diagnostics = Diagnostics::default();
    let inventory = from_names(&text, &mut diagnostics);
    (inventory, diagnostics.to_text(&map))
}

fn host<'a>(inventory: &'a Inventory, name: &str) -> &'a crate::model::Host {
    inventory.host(inventory.find(name).unwrap())
}

fn group(inventory: &Inventory, name: &str) -> String {
    inventory.names(&inventory.groups[name]).join(" ")
}

#[test]
fn the_example_of_the_language_is_read() {
    let inventory = sound(
        "vars: { ntp: 10.0.0.1 }
connect: { user: deploy, port: 22, host_key: strict }      # for all; a group or a host may override
hosts:
  db1: { address: 10.0.0.5, vars: { role: primary } }
  web[01-40]: {}
groups:
  web: { hosts: \"web[01-40]\", vars: { http_port: 8080 } }
  canary: { hosts: [web01, web02] }
  eu: { groups: [web], hosts: [db1] }
",
    );
    assert_eq!(inventory.hosts.len(), 42);
    assert_eq!(inventory.all().count(), 41);
    assert_eq!(group(&inventory, "canary"), "web01 web02");
    assert_eq!(inventory.groups["eu"].len(), 41);
    assert_eq!(inventory.groups.keys().collect::<Vec<_>>(), ["web", "canary", "eu"]);
    let web = host(&inventory, "web01");
    assert_eq!(web.groups, ["web", "canary", "eu"]);
    assert_eq!(web.connect.user.as_deref(), Some("deploy"));
    assert_eq!(web.var("http_port").unwrap().value, VarValue::Plain(Value::Int(8080)));
    assert_eq!(web.var("ntp").unwrap().value, VarValue::Plain("10.0.0.1".into()));
    let db = host(&inventory, "db1");
    assert_eq!(db.connect.address, "10.0.0.5");
    assert_eq!(db.var("role").unwrap().value, VarValue::Plain("primary".into()));
    assert!(std::sync::Arc::ptr_eq(&web.layers[1], &host(&inventory, "web40").layers[1]), "a group's layer is shared");
}

#[test]
fn nearer_layers_are_stronger() {
    let inventory = sound(
        "vars: { a: top, b: top, c: top, d: top, e: top }
connect: { user: top, port: 1, retries: 1, keepalive: 1s }
hosts:
  h: { vars: { e: host }, connect: { user: host } }
groups:
  child: { hosts: h, vars: { d: child }, connect: { port: 4 } }
  late: { hosts: h, vars: { c: late, b: late } }
  parent: { groups: child, vars: { b: parent, c: parent, d: parent, e: parent }, connect: { user: parent, port: 2, retries: 2 } }
  last: { hosts: h, vars: { c: last } }
",
    );
    let h = host(&inventory, "h");
    let origins: Vec<Origin> = h.layers.iter().map(|layer| layer.origin.clone()).collect();
    let group = |name: &str| Origin::Group(name.into());
    assert_eq!(origins, [Origin::Inventory, group("late"), group("parent"), group("last"), group("child"), Origin::Host("h".into())]);
    for (name, value) in [("a", "top"), ("b", "parent"), ("c", "last"), ("d", "child"), ("e", "host")] {
        assert_eq!(h.var(name).unwrap().value, VarValue::Plain(value.into()), "{name}");
    }
    assert_eq!(h.connect.user.as_deref(), Some("host"));
    assert_eq!((h.connect.port, h.connect.retries, h.connect.keepalive), (Some(4), 2, Duration::from_secs(1)));
    assert_eq!(h.groups, ["child", "late", "parent", "last"]);
}

#[test]
fn groups_may_be_written_before_what_they_name() {
    let inventory = sound(
        "hosts: { a: , b: , c: , d: }
groups:
  rest: { hosts: all and not front }
  both: { groups: [front, back] }
  front: { hosts: [a, b] }
  back: { hosts: 'all,!a', groups: empty }
  empty:
",
    );
    assert_eq!(group(&inventory, "rest"), "c d");
    assert_eq!(group(&inventory, "both"), "a b c d");
    assert_eq!(group(&inventory, "back"), "b c d");
    assert_eq!(group(&inventory, "empty"), "");
}

#[test]
fn every_key_of_connect_is_read() {
    let inventory = sound(
        "hosts:
  gate: { connect: { jump: none } }
  a:
    connect:
      address: 10.0.0.9
      port: 2222
      user: deploy
      identity: keys/id
      password: \"0123\"
      become_password: geheim
      jump: gate
      ssh_config: ~/.ssh/other
      ssh_options: [Compression=yes, \"LogLevel ERROR\"]
      host_key: accept_new
      connect_timeout: 3s
      keepalive: 20s
      max_sessions: 2
      retries: 0
      kex: fast
  b: { connect: { transport: local, jump: root@gate.example.com } }
  c: { connect: { transport: { command: [docker, exec, -i, c1] } } }
",
    );
    let a = &host(&inventory, "a").connect;
    assert_eq!((a.address.as_str(), a.port, a.user.as_deref()), ("10.0.0.9", Some(2222), Some("deploy")));
    assert_eq!(a.identity.as_deref(), Some(Path::new("/etc/round/keys/id")));
    assert_eq!(a.ssh_config.as_deref(), Some(Path::new("~/.ssh/other")));
    assert_eq!((a.password.as_deref(), a.become_password.as_deref()), (Some("0123"), Some("geheim")));
    assert_eq!(a.jump, Some(Jump::Host("gate".into())));
    assert_eq!(a.ssh_options, ["Compression=yes", "LogLevel ERROR"]);
    assert_eq!((a.host_key, a.kex, a.max_sessions, a.retries), (HostKey::AcceptNew, Kex::Fast, 2, 0));
    assert_eq!((a.connect_timeout, a.keepalive), (Duration::from_secs(3), Duration::from_secs(20)));
    let b = &host(&inventory, "b").connect;
    assert_eq!((&b.transport, &b.jump), (&Transport::Local, &Some(Jump::Destination("root@gate.example.com".into()))));
    let words = ["docker", "exec", "-i", "c1"].map(str::to_owned).to_vec();
    assert_eq!(host(&inventory, "c").connect.transport, Transport::Command(words));
    assert_eq!(host(&inventory, "gate").connect.jump, Some(Jump::None));
}

#[test]
fn a_preset_takes_its_place_and_user_from_what_is_merged() {
    let inventory = sound(
        "connect: { user: deploy }
hosts:
  web[1-2]: {}
  db: { address: db_1, connect: { user: postgres } }
  app: { connect: { transport: { docker: app-1 } } }
  full:
    connect: { transport: { docker: { container: c1, context: far, options: [-w, /srv] } } }
  pod: { connect: { transport: { kubectl: { pod: web-0, container: app, namespace: shop, context: prod, options: [--quiet] } } } }
  bare: { connect: { transport: { kubectl: } } }
  vm: { connect: { transport: lxc, user: \"1000\" } }
  old: { address: /srv/old, connect: { transport: chroot } }
  new: { connect: { transport: { chroot: /srv/new } } }
groups:
  boxes: { hosts: [\"web[1-2]\", db], connect: { transport: podman } }
",
    );
    let argv = |name: &str| {
        let connect = &host(&inventory, name).connect;
        let Transport::Preset(preset) = &connect.transport else { panic!("{name}: {:?}", connect.transport) };
        preset.argv(&connect.address, connect.user.as_deref()).join(" ")
    };
    assert_eq!(argv("web2"), "podman exec -i -u deploy web2");
    assert_eq!(argv("db"), "podman exec -i -u postgres db_1");
    assert_eq!(argv("app"), "docker exec -i -u deploy app-1");
    assert_eq!(argv("full"), "docker --context far exec -i -u deploy -w /srv c1");
    assert_eq!(argv("pod"), "kubectl exec -i --context prod -n shop -c app --quiet web-0 --");
    assert_eq!(argv("bare"), "kubectl exec -i bare --");
    assert_eq!(argv("vm"), "lxc exec --user 1000 vm --");
    assert_eq!(argv("old"), "chroot --userspec=deploy /srv/old");
    assert_eq!(argv("new"), "chroot --userspec=deploy /srv/new");
    let rows = describe(&inventory, &[inventory.find("web1").unwrap()]);
    assert_eq!(rows[0].transport, "podman");
}

#[test]
fn a_jump_host_for_all_is_reached_directly_itself() {
    let inventory = sound("connect: { jump: gate }\nhosts: { gate: , a: }\n");
    assert_eq!(host(&inventory, "gate").connect.jump, Some(Jump::None));
    assert_eq!(host(&inventory, "a").connect.jump, Some(Jump::Host("gate".into())));
    assert_eq!(host(&inventory, "localhost").connect.jump, None);
}

#[test]
fn localhost_is_always_there() {
    let only = localhost_only();
    let row = describe(&only, &[only.find("localhost").unwrap()]);
    assert_eq!((row[0].transport.as_str(), only.all().count()), ("local", 0));

    let inventory =
        sound("connect: { user: x, address: 10.0.0.1 }\nvars: { a: 1 }\nhosts: { web: }\ngroups: { ctl: { hosts: localhost } }\n");
    let local = host(&inventory, "localhost");
    assert!(!local.listed);
    assert_eq!((&local.connect.transport, local.connect.address.as_str()), (&Transport::Local, "localhost"));
    assert!(local.var("a").is_some(), "the inventory's variables hold for it, too");
    assert_eq!(local.groups, ["ctl"]);

    let inventory = sound("hosts: { localhost: , other: }\n");
    assert!(host(&inventory, "localhost").listed);
    assert_eq!(host(&inventory, "localhost").connect.transport, Transport::Local);
    assert_eq!(inventory.hosts.len(), 2);

    let inventory = sound("hosts: { localhost: { connect: { transport: ssh, port: 2200 } } }\n");
    assert_eq!(host(&inventory, "localhost").connect.transport, Transport::Ssh);
}

#[test]
fn an_empty_inventory_is_fine() {
    for text in ["", "# nothing yet\n", "hosts:\n", "hosts: {}\ngroups: {}\nvars:\nconnect:\n"] {
        assert_eq!(sound(text).hosts.len(), 1, "{text:?}");
    }
}

#[test]
fn templates_in_variables_are_compiled() {
    let inventory = sound(
        "hosts:\n  a:\n    vars: { x: \"{{ y }}\", l: [1, \"a {{ y }}\"], m: { k: { n: \"{% if y %}1{% endif %}\" } }, p: [1, { q: 2 }], c: \"${#a} {# x\" }\n",
    );
    let value = |name: &str| host(&inventory, "a").var(name).unwrap().value.clone();
    assert!(matches!(value("x"), VarValue::Template(_)));
    assert!(matches!(value("l"), VarValue::List(items) if matches!(items[0], VarValue::Plain(_))));
    assert!(matches!(value("m"), VarValue::Map(_)));
    assert!(matches!(value("p"), VarValue::Plain(_)));
    assert!(matches!(value("c"), VarValue::Plain(_)));
    let span = host(&inventory, "a").var("x").unwrap().span.unwrap();
    let (map, ..) = read("hosts:\n  a:\n    vars: { x: 1 }\n");
    assert_eq!(map.text(span), "x");
}

#[test]
fn ranges_of_hosts_and_addresses() {
    let inventory = sound(
        "hosts:\n  r[1-2]n[01-02]: { address: \"10.0.[1-2].[1-2]\" }\n  \"x[1-5/2]\":\n  l[1-3]: { address: 127.0.0.1, vars: { v: 1 } }\n  six: { address: \"fe80::1\" }\n",
    );
    let rows = describe(&inventory, &inventory.all().collect::<Vec<_>>());
    let shown: Vec<String> = rows.iter().map(|row| format!("{}={}", row.name, row.address)).collect();
    assert_eq!(
        shown.join(" "),
        "r1n01=10.0.1.1 r1n02=10.0.1.2 r2n01=10.0.2.1 r2n02=10.0.2.2 x1=x1 x3=x3 x5=x5 l1=127.0.0.1 l2=127.0.0.1 l3=127.0.0.1 six=fe80::1"
    );
    assert_eq!(host(&inventory, "l2").layers[0].origin, Origin::Host("l2".into()));
}

#[test]
fn lists_of_names() {
    for (list, expected) in [
        ("web1,web2", "web1 web2"),
        ("web1,", "web1"),
        (" web[01-03] , db ", "web01 web02 web03 db"),
        ("deploy@web1:2222", "deploy@web1:2222"),
        ("10.0.0.1,10.0.0.2:23", "10.0.0.1 10.0.0.2:23"),
        ("fe80::1,[fe80::2]:24,root@[::1]", "fe80::1 fe80::2:24 root@::1"),
        ("a@b@web", "a@b@web"),
        ("localhost", "localhost"),
        ("root@web[1-2]:9", "root@web1:9 root@web2:9"),
        ("web[1,3]", "web1 web3"),
    ] {
        let (inventory, words) = listed(list);
        assert_eq!(words, "", "{list}");
        let shown = |host: &crate::model::Host| {
            let user = host.connect.user.as_ref().map_or(String::new(), |user| format!("{user}@"));
            let port = host.connect.port.map_or(String::new(), |port| format!(":{port}"));
            format!("{user}{}{port}", host.name)
        };
        let hosts: Vec<String> = inventory.all().map(|ix| shown(inventory.host(ix))).collect();
        assert_eq!(hosts.join(" "), expected, "{list}");
        assert!(inventory.find("localhost").is_some());
    }
    for (list, words) in [
        ("web1,web1", "stands twice"),
        ("web:0", "no port"),
        ("web:x", "no port"),
        ("@web", "no sound login"),
        ("-oProxyCommand=x", "can't hold `=`"),
        ("-x", "must start with a letter"),
        ("we b", "can't hold ` `"),
        ("web[1-", "a `[` without"),
        ("all,x", "can be called `all`"),
    ] {
        assert!(listed(list).1.contains(words), "{list}: {}", listed(list).1);
    }
}

#[test]
fn descriptions_are_plain_data() {
    let inventory =
        sound("vars: { a: 1, b: 2 }\nhosts: { x: { address: y, vars: { a: 3 } } }\ngroups: { g: { hosts: x, connect: { user: u } } }\n");
    let rows = describe(&inventory, &inventory.groups["g"]);
    let json = serde_json::to_value(&rows).unwrap();
    assert_eq!(
        json,
        serde_json::json!([{ "name": "x", "address": "y", "port": null, "user": "u", "transport": "ssh", "jump": null, "groups": ["g"], "vars": 2 }])
    );
}

#[test]
fn a_hundred_nested_groups_of_ten_thousand_hosts_are_read() {
    let mut text = String::from("hosts:\n  n[00001-10000]: { vars: { a: 1 } }\ngroups:\n");
    for nth in 0..100 {
        let below = if nth < 99 { format!("groups: g{}, ", nth + 1) } else { String::new() };
        text.push_str(&format!("  g{nth}: {{ {below}hosts: \"n[{:05}-{:05}]\", vars: {{ v: {nth} }} }}\n", nth * 100 + 1, nth * 100 + 100));
    }
    let start = std::time::Instant::now();
    let inventory = sound(&text);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    assert_eq!(inventory.groups["g0"].len(), 10_000);
    let last = host(&inventory, "n10000");
    assert_eq!((last.groups.len(), last.layers.len()), (100, 101));
    assert_eq!(last.var("v").unwrap().value, VarValue::Plain(Value::Int(99)), "the deepest child is the strongest");
}
