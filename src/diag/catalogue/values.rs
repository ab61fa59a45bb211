//! Keys and values that are not what the language asks for.
//!
//! Plain data: what each code means, with a wrong file and the right one.

use super::File::Playbook;
use super::{Example, Explanation};

pub(super) const CODES: &[Explanation] = &[
    Explanation {
        code: "E009",
        title: "a number that is too large",
        text: "Whole numbers are kept in 64 bits, with a sign. A larger one would lose digits silently. Where it is an \
               identifier and not a quantity, put it in quotes: then it is text and keeps every digit.",
        example: Example::Files {
            wrong: Playbook(
                r#"
vars:
  serial: 123456789012345678901234567890
rounds:
  - hosts: web
    tasks:
      - run: "echo {{ serial }}"
"#,
            ),
            right: Playbook(
                r#"
vars:
  serial: "123456789012345678901234567890"
rounds:
  - hosts: web
    tasks:
      - run: "echo {{ serial }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E010",
        title: "a merge key without a map",
        text: "The key `<<` adds the entries of another map, usually by an alias, to the map in which it stands. It \
               needs a map or a list of maps; text or a list of texts has no entries to add.",
        example: Example::Files {
            wrong: Playbook(
                r#"
vars:
  base: { port: 80 }
  web:
    <<: base
    name: www
rounds:
  - hosts: web
    tasks:
      - print: "{{ base.port }} {{ web.name }}"
"#,
            ),
            right: Playbook(
                r#"
vars:
  base: &base { port: 80 }
  web:
    <<: *base
    name: www
rounds:
  - hosts: web
    tasks:
      - print: "{{ base.port }} {{ web.name }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E011",
        title: "a key that is not text",
        text: "Keys are names, so they are text. YAML reads some words as something else: `yes`, `8080`, and `{{ name \
               }}`, which is a map within a map. Put the key in quotes; a template can't be a key, so where a value \
               was meant, it needs quotes and a key before it.",
        example: Example::Files {
            wrong: Playbook(
                r#"
vars:
  ports: { 80: http }
rounds:
  - hosts: web
    tasks:
      - print: "{{ ports | to_json }}"
"#,
            ),
            right: Playbook(
                r#"
vars:
  ports: { "80": http }
rounds:
  - hosts: web
    tasks:
      - print: "{{ ports | to_json }}"
"#,
            ),
        },
    },
    Explanation {
        code: "W004",
        title: "a number that loses what was written",
        text: "YAML takes this for a number, and a number has no final zeros: the version 2.10 becomes 2.1. Where text \
               was meant, as in versions, put it in quotes; where the number is meant, write it as it will read.",
        example: Example::Files {
            wrong: Playbook(
                r#"
vars: { release: 2.10 }
rounds:
  - hosts: web
    tasks:
      - run: "apt-get -y install nginx={{ release }}"
"#,
            ),
            right: Playbook(
                r#"
vars: { release: "2.10" }
rounds:
  - hosts: web
    tasks:
      - run: "apt-get -y install nginx={{ release }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E012",
        title: "a map is needed",
        text: "A playbook, a round, a task and most of their parts are maps: keys with values. Here stands a list, a \
               text or nothing at all. Usually a key is missing in front, or a line is indented too little. A task \
               that is only text, as in a shell script, needs its verb: `run:`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - uptime
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: uptime
"#,
            ),
        },
    },
    Explanation {
        code: "E013",
        title: "a key is missing",
        text: "The map has no meaning without this key: a playbook without rounds, a round without hosts, a copy \
               without a destination. There is no good default, so one has to be written.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - copy: { content: "hello\n" }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - copy: { content: "hello\n", dest: /tmp/hello }
"#,
            ),
        },
    },
    Explanation {
        code: "E014",
        title: "not supported yet",
        text: "The language has this key or verb, but this version of roundsman does not do it. It is refused rather \
               than passed over, because a playbook that does less than it says is worse than one that does not start. \
               Leave it out, use what this version has, or take a later version.",
        example: Example::Files {
            wrong: Playbook(
                r#"
on_finish: tell
rounds:
  - hosts: web
    tasks:
      - run: uptime
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: uptime
"#,
            ),
        },
    },
    Explanation {
        code: "E015",
        title: "an unknown key",
        text: "The language has no such key in this place. A key that is misspelt would be passed over silently, so \
               every unknown one is an error; the hint names the nearest known one, or what a key of Ansible is called \
               here. A key that is right elsewhere may be indented into the wrong map.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - rnu: uptime
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: uptime
"#,
            ),
        },
    },
    Explanation {
        code: "E016",
        title: "a value of the wrong type",
        text: "The key takes another type: text, a number, true or false, a list or a map. Nothing is converted \
               silently. YAML decides by the way a value is written: `no` and `true` are no texts, `0644` and `5` are \
               numbers, and quotes make anything text.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    max_parallel: five
    tasks:
      - run: uptime
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    max_parallel: 5
    tasks:
      - run: uptime
"#,
            ),
        },
    },
    Explanation {
        code: "E017",
        title: "a value that is not allowed",
        text: "The type is right, but the value is none of those the key takes: an unknown word, a duration without a \
               unit, a number that is too small, an empty text. Durations are written `500ms`, `30s`, `10m`, `2h`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: uptime
        timeout: 30
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: uptime
        timeout: 30s
"#,
            ),
        },
    },
];
