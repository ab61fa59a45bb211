//! Mistakes in what flows between tasks and files: handlers, inputs, files that take in files, what never runs.
//!
//! Plain data: what each code means, with a wrong file and the right one.

use super::File::Playbook;
use super::{Example, Explanation};

pub(super) const CODES: &[Explanation] = &[
    Explanation {
        code: "E120",
        title: "`notify` names no handler",
        text: "What `notify` names is run after the tasks, and only `handlers:` of the same round hold such tasks: \
               neither a task of the round nor a handler of another round will do. An action has no handlers; \
               `notify` stands where it is used.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { copy: { content: "a\n", dest: /etc/app.conf }, notify: relaod }
    handlers:
      - { name: reload, run: systemctl reload app }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { copy: { content: "a\n", dest: /etc/app.conf }, notify: reload }
    handlers:
      - { name: reload, run: systemctl reload app }
"#,
            ),
        },
    },
    Explanation {
        code: "E121",
        title: "an input of the wrong type",
        text: "An input of a playbook or an action has a type, and the value that is given, or its default, is not \
               of it. A version such as `2.10` is a number in YAML, and would lose its last digit; in quotes it is \
               text.",
        example: Example::Files {
            wrong: Playbook(
                r#"
inputs: { tries: { type: int, default: many } }
rounds:
  - hosts: web
    tasks:
      - run: "ping -c {{ inputs.tries }} localhost"
"#,
            ),
            right: Playbook(
                r#"
inputs: { tries: { type: int, default: 3 } }
rounds:
  - hosts: web
    tasks:
      - run: "ping -c {{ inputs.tries }} localhost"
"#,
            ),
        },
    },
    Explanation {
        code: "E122",
        title: "a file that takes in itself",
        text: "A file includes or uses itself, or two files do so in turn, so there would be no end. The places \
               show the way round. What is to be done again and again is said by `each`, `retries` or `until`.",
        example: Example::None { why: "It needs a second file: one that has an `include` or a `use` of its own name." },
    },
    Explanation {
        code: "E123",
        title: "the command line names what the playbook does not have",
        text: "`--tags`, `--skip-tags` or `--start-at` names a tag or a task that stands nowhere in the playbook, \
               so nothing, or everything, would run. The place shown is that of the command line.",
        example: Example::None { why: "It is a mistake of the command line, not of a file: `--tags upgarde`." },
    },
    Explanation {
        code: "E124",
        title: "more than can be handled",
        text: "A bound that no playbook reaches by intent: more than 8 groups of the playbook in one `hosts`, or \
               more than 10,000 files included and used. Files that include others twice each grow without measure.",
        example: Example::Files {
            wrong: Playbook(
                r#"
groups:
  g1: { hosts: web, when: rounds.survey.tasks.kernel.stdout == "1" }
  g2: { hosts: web, when: rounds.survey.tasks.kernel.stdout == "2" }
  g3: { hosts: web, when: rounds.survey.tasks.kernel.stdout == "3" }
  g4: { hosts: web, when: rounds.survey.tasks.kernel.stdout == "4" }
  g5: { hosts: web, when: rounds.survey.tasks.kernel.stdout == "5" }
  g6: { hosts: web, when: rounds.survey.tasks.kernel.stdout == "6" }
  g7: { hosts: web, when: rounds.survey.tasks.kernel.stdout == "7" }
  g8: { hosts: web, when: rounds.survey.tasks.kernel.stdout == "8" }
  g9: { hosts: web, when: rounds.survey.tasks.kernel.stdout == "9" }
rounds:
  - name: survey
    hosts: web
    tasks:
      - { name: kernel, run: uname -r, read_only: true }
  - hosts: g1,g2,g3,g4,g5,g6,g7,g8,g9
    tasks:
      - run: uptime
"#,
            ),
            right: Playbook(
                r#"
groups:
  some: { hosts: web, when: rounds.survey.tasks.kernel.stdout != "9" }
rounds:
  - name: survey
    hosts: web
    tasks:
      - { name: kernel, run: uname -r, read_only: true }
  - hosts: some
    tasks:
      - run: uptime
"#,
            ),
        },
    },
    Explanation {
        code: "W105",
        title: "a task that never runs",
        text: "Its `when` is false whatever happens, or a `fail` without `when` stands above it. Give the `fail` a \
               `when`; a task that only runs when asked for has the tag `never`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - fail: not ready
      - run: uptime
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    vars: { ready: false }
    tasks:
      - { fail: not ready, when: not ready }
      - run: uptime
"#,
            ),
        },
    },
    Explanation {
        code: "W106",
        title: "a handler that nothing notifies",
        text: "A handler runs only where a task that notifies it changed something, and no task of the round does. \
               Write `notify` at those tasks, or make the handler a task.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - copy: { content: "a\n", dest: /etc/app.conf }
    handlers:
      - { name: reload, run: systemctl reload app }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { copy: { content: "a\n", dest: /etc/app.conf }, notify: reload }
    handlers:
      - { name: reload, run: systemctl reload app }
"#,
            ),
        },
    },
    Explanation {
        code: "W107",
        title: "an item that hides a variable",
        text: "The item of an `each` has the name of a variable, which can't be read inside the task. A reader will \
               not know which of the two is meant. Choose another name for `as`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { run: "echo {{ http_port }}", each: [80, 443], as: http_port }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { run: "echo {{ http_port }} {{ port }}", each: [80, 443], as: port }
"#,
            ),
        },
    },
    Explanation {
        code: "W108",
        title: "`each` over text",
        text: "`each` goes through lists and maps, and the variable is text; the task would fail. Make the variable a \
               list, or split the text: `names.split(',')`. Where planning gets to it, it is told as an error, E404.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    vars: { names: "a,b" }
    tasks:
      - { run: "id {{ item }}", each: names, tags: never }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    vars: { names: [a, b] }
    tasks:
      - { run: "id {{ item }}", each: names, tags: never }
"#,
            ),
        },
    },
    Explanation {
        code: "W109",
        title: "a look at a service whose restart is still to come",
        text: "A task above notifies a handler that restarts or reloads this service, and handlers run after all \
               tasks: this task still sees the service as it was before. `flush: handlers` runs them at once.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { copy: { content: "a\n", dest: /etc/nginx/nginx.conf }, notify: reload }
      - { run: systemctl is-active nginx, read_only: true }
    handlers:
      - { name: reload, run: systemctl reload nginx }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { copy: { content: "a\n", dest: /etc/nginx/nginx.conf }, notify: reload }
      - flush: handlers
      - { run: systemctl is-active nginx, read_only: true }
    handlers:
      - { name: reload, run: systemctl reload nginx }
"#,
            ),
        },
    },
];
