//! Mistakes in templates and in how values stand in shell text.
//!
//! Plain data: what each code means, with a wrong file and the right one.

use super::File::Playbook;
use super::{Example, Explanation};

pub(super) const CODES: &[Explanation] = &[
    Explanation {
        code: "E300",
        title: "a template that can't be read",
        text: "The text between `{{ }}` or `{% %}`, or an expression such as `when`, is not well formed: a bracket or \
               a quote is not closed, an operator stands alone, a block is not ended. In expressions no braces are \
               needed.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ http_port + }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ http_port + 1 }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E301",
        title: "an unknown filter",
        text: "No filter has this name. Filters are listed in the page on templates; some of Ansible's have another \
               name here, which the hint then says.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ host.name | uper }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ host.name | upper }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E302",
        title: "an unknown test",
        text: "No test has this name. A test is the word behind `is`, as in `x is defined`. The page on templates \
               lists them.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { run: uptime, when: http_port is defned }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { run: uptime, when: http_port is defined }
"#,
            ),
        },
    },
    Explanation {
        code: "E303",
        title: "an unknown function",
        text: "No function has this name. Only few can be called: `range`, `dict`, `namespace` and what the page on \
               templates lists. Most of what functions do elsewhere is a filter here: `x | int`, not `int(x)`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ int(http_port) }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ http_port | int }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E304",
        title: "an unknown method",
        text: "Values have the methods that Python's have, as far as they change nothing: `.split()`, `.startswith()`, \
               `.items()`. This is none of them.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ host.name.uppercase() }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ host.name.upper() }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E305",
        title: "text compared with a number or a bool",
        text: "Text is never equal to a number or to true, so the answer would always be the same. What a command \
               prints is text: convert it, as in `tasks.count.stdout | int > 5`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: count, run: ls /srv | wc -l }
      - { run: "true", when: tasks.count.stdout > 5 }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: count, run: ls /srv | wc -l }
      - { run: "true", when: tasks.count.stdout | int > 5 }
"#,
            ),
        },
    },
    Explanation {
        code: "E306",
        title: "a block that is not supported",
        text: "A template stands alone: it can't include, import or extend another, and shell text has no `{% filter \
               %}`, because how a value is quoted must be seen from the text itself.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{% include 'motd.txt' %}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "Welcome to {{ host.name }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E308",
        title: "arguments that a filter, a test or a function does not take",
        text: "It has fewer arguments than it needs, more than it takes, or one of another name. Found when the file is \
               read, so that no host gets there first. The page on templates says what each takes.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ host.name | regex_replace }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ host.name | regex_replace('^web', '') }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E309",
        title: "a regular expression that can't be right",
        text: "The pattern can't be read, asks for what is not there (look-around, references back), or the replacement \
               has `\\1` between quotes where a template reads a control character. Write `\\\\1` or `$1` for a group.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ host.name | regex_search('web(') }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ host.name | regex_search('web[0-9]+') }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E313",
        title: "a path over hosts that isn't written out",
        text: "`select_hosts` and its kin read a variable or a result of every host. Which one must be known before the \
               run, because the round that it names must have ended by then, so the path stands in quotes in the \
               template itself, not in a variable.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    vars: { path: http_port }
    tasks:
      - print: "{{ hosts | select_hosts(path) | length }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ hosts | select_hosts('http_port') | length }}"
"#,
            ),
        },
    },
];
