//! Mistakes in inventories.
//!
//! Plain data: what each code means, with a wrong file and the right one.

use super::File::{Inventory, Playbook};
use super::{Example, Explanation};

pub(super) const CODES: &[Explanation] = &[
    Explanation {
        code: "E210",
        title: "a name with characters that names can't have",
        text: "Names of hosts and groups begin with a letter or a digit and hold letters, digits, `.`, `_` and `-`. \
               Other characters mean something in host expressions, in shells or in paths.",
        example: Example::Files {
            wrong: Inventory(
                r#"
hosts:
  "web 1": {}
"#,
            ),
            right: Inventory(
                r#"
hosts:
  web-1: { address: 10.0.0.1 }
"#,
            ),
        },
    },
    Explanation {
        code: "E211",
        title: "a name that is taken",
        text: "The name is a word of host expressions, or already means something: `all`, `and`, `or`, `not`, \
               `localhost` as a group. Give the host or group another one.",
        example: Example::Files {
            wrong: Inventory(
                r#"
hosts:
  web1: {}
groups:
  not: { hosts: web1 }
"#,
            ),
            right: Inventory(
                r#"
hosts:
  web1: {}
groups:
  others: { hosts: web1 }
"#,
            ),
        },
    },
    Explanation {
        code: "E212",
        title: "a host or group that stands twice",
        text: "A name means one host or one group. Here it is given twice, perhaps by a range that holds it as well, \
               or to a host and a group alike, and it would be chance whose variables count.",
        example: Example::Files {
            wrong: Inventory(
                r#"
hosts:
  web[1-4]: {}
  web2: { address: 10.0.0.2 }
"#,
            ),
            right: Inventory(
                r#"
hosts:
  web[1,3-4]: {}
  web2: { address: 10.0.0.2 }
"#,
            ),
        },
    },
    Explanation {
        code: "E213",
        title: "a group of an unknown group",
        text: "The key `groups` of a group lists its child groups, and one of them does not exist. Hosts belong under \
               `hosts`, not under `groups`.",
        example: Example::Files {
            wrong: Inventory(
                r#"
hosts:
  web[1-4]: {}
groups:
  web: { hosts: "web[1-4]" }
  eu: { groups: [wbe] }
"#,
            ),
            right: Inventory(
                r#"
hosts:
  web[1-4]: {}
groups:
  web: { hosts: "web[1-4]" }
  eu: { groups: [web] }
"#,
            ),
        },
    },
    Explanation {
        code: "E214",
        title: "groups in a circle",
        text: "A group is part of another, which is part of the first. Which of them is the parent decides whose \
               variables win, so this can't be.",
        example: Example::Files {
            wrong: Inventory(
                r#"
hosts:
  web1: {}
groups:
  web: { hosts: web1, groups: [eu] }
  eu: { groups: [web] }
"#,
            ),
            right: Inventory(
                r#"
hosts:
  web1: {}
groups:
  web: { hosts: web1 }
  eu: { groups: [web] }
"#,
            ),
        },
    },
    Explanation {
        code: "E215",
        title: "a variable with a reserved name",
        text: "Some names mean something in every template: `host`, `hosts`, `groups`, `tasks`, `rounds`, `result`, \
               `item`, `run`, `inputs`, `secrets` and others. A variable of such a name could never be read. Give it \
               another one.",
        example: Example::Files {
            wrong: Inventory(
                r#"
hosts:
  web1: { vars: { host: www.example.net } }
"#,
            ),
            right: Inventory(
                r#"
hosts:
  web1: { vars: { site: www.example.net } }
"#,
            ),
        },
    },
    Explanation {
        code: "E216",
        title: "a text that is no variable's name",
        text: "Variables stand in expressions, so their names are made of letters, digits and `_`, and do not begin \
               with a digit. A hyphen would be read as a minus.",
        example: Example::Files {
            wrong: Playbook(
                r#"
vars: { http-port: 8080 }
rounds:
  - hosts: web
    tasks:
      - print: "port {{ http_port }}"
"#,
            ),
            right: Playbook(
                r#"
vars: { http_port: 8080 }
rounds:
  - hosts: web
    tasks:
      - print: "port {{ http_port }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E217",
        title: "a way to a host that can't be right",
        text: "A setting of `connect` or an address can't work or is not allowed: a port outside 1 to 65535, a text \
               that ssh would take for an option, an option that is none, an address written twice. Host keys are \
               always verified; no option turns that off.",
        example: Example::Files {
            wrong: Inventory(
                r#"
hosts:
  web1: { connect: { port: 70000 } }
"#,
            ),
            right: Inventory(
                r#"
hosts:
  web1: { connect: { port: 2222 } }
"#,
            ),
        },
    },
    Explanation {
        code: "E218",
        title: "jump hosts in a circle",
        text: "The way to a host leads over itself: each is reached through the other. One of them must be reached \
               directly: `jump: none`.",
        example: Example::Files {
            wrong: Inventory(
                r#"
hosts:
  gate1: { connect: { jump: gate2 } }
  gate2: { connect: { jump: gate1 } }
"#,
            ),
            right: Inventory(
                r#"
hosts:
  gate1: {}
  gate2: { connect: { jump: gate1 } }
"#,
            ),
        },
    },
    Explanation {
        code: "E219",
        title: "a template where an inventory takes none",
        text: "How a host is reached, and where a secret comes from, is settled before anything is rendered, so these \
               places take plain text; `password` and `become_password` take one thing more, a secret: \
               `{{ secrets.NAME }}`. Write it out for each host, or for a group.",
        example: Example::Files {
            wrong: Inventory(
                r#"
vars: { domain: example.org }
hosts:
  web1: { address: "web1.{{ domain }}" }
"#,
            ),
            right: Inventory(
                r#"
vars: { domain: example.org }
hosts:
  web1: { address: web1.example.org }
"#,
            ),
        },
    },
    Explanation {
        code: "W202",
        title: "a jump host that the inventory does not have",
        text: "The name is nearly that of a host of the inventory, but not quite. It is handed to ssh, which will look \
               it up in its own configuration and in DNS, without anything that the inventory says of the host. Where \
               the inventory's host is meant, correct the name.",
        example: Example::Files {
            wrong: Inventory(
                r#"
hosts:
  gate: { address: 10.0.0.1 }
  web1: { connect: { jump: gaet } }
"#,
            ),
            right: Inventory(
                r#"
hosts:
  gate: { address: 10.0.0.1 }
  web1: { connect: { jump: gate } }
"#,
            ),
        },
    },
];
