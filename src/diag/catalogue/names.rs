//! Names that templates and tasks read: variables, results, hosts.
//!
//! Plain data: what each code means, with a wrong file and the right one.

use super::File::Playbook;
use super::{Example, Explanation};

pub(super) const CODES: &[Explanation] = &[
    Explanation {
        code: "E110",
        title: "a variable that some host does not have",
        text: "The template reads a variable that is not set for every host that will use it. This is found before \
               anything runs: half a round on half the hosts is what nobody wants. Set it in `vars`, in the inventory \
               for all hosts of the round, or with `-e`, or say what to do without: `name | default(8080)`. What a \
               `set` task sets is there only after that task, and only if the task always runs.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: [web, db1]
    tasks:
      - run: "curl -fsS localhost:{{ http_port }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "curl -fsS localhost:{{ http_port }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E111",
        title: "a result of what does not exist",
        text: "The template reads the result of a task, a round or a host that is not there: the id is misspelt, the \
               task stands in another round (`rounds.R.tasks.x`), or the host does not take part in that round. The \
               name must be written out, because what a task waits for is settled before the run.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: kernel, run: uname -r }
      - print: "{{ tasks.kernal.stdout }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: kernel, run: uname -r }
      - print: "{{ tasks.kernel.stdout }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E112",
        title: "a field that is not there",
        text: "Results, hosts and the other built-in names have fixed fields, and this is none of them. A result has \
               `status`, `rc`, `stdout`, `stderr`, `lines` and others; what a verb knows beyond text is in `outputs`, \
               where only verbs that give outputs have any.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: kernel, run: uname -r }
      - print: "{{ tasks.kernel.output }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: kernel, run: uname -r }
      - print: "{{ tasks.kernel.stdout }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E113",
        title: "a result that is not there yet",
        text: "The task whose result is read runs after the one that reads it, or beside it, or is the same. Move it \
               up, or say by `needs` that it runs before. In `changed` and `failed` a task's own result is called \
               `result`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - print: "{{ tasks.kernel.stdout }}"
      - { name: kernel, run: uname -r }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: kernel, run: uname -r }
      - print: "{{ tasks.kernel.stdout }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E114",
        title: "another host's result from the same round",
        text: "Inside a round hosts never wait for each other, so whether another host has got that far is chance. A \
               round is a barrier: read the result in a later round, where all of it is there.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - name: survey
    hosts: web
    tasks:
      - { name: kernel, run: uname -r }
      - print: "{{ rounds.survey.hosts.web01.tasks.kernel.stdout }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - name: survey
    hosts: web
    tasks:
      - { name: kernel, run: uname -r }
  - name: report
    hosts: web
    tasks:
      - print: "{{ rounds.survey.hosts.web01.tasks.kernel.stdout }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E115",
        title: "a built-in name without a value here",
        text: "The name is one of the language's own, but it has a value only in some places: `result` in `changed`, \
               `failed` and `until`, `item` in tasks with `each`, `error` in `rescue`; an action sees no `rounds`. \
               Elsewhere a task's result is read by its id: `tasks.kernel`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: kernel, run: uname -r }
      - print: "{{ result.stdout }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: kernel, run: uname -r }
      - print: "{{ tasks.kernel.stdout }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E116",
        title: "variables that are made of each other",
        text: "A variable may be a template over others, rendered where it is used. These go round in a circle, so \
               none of them has a value to begin with. A variable can't take its value from a weaker layer by its own \
               name either: give one of them another name.",
        example: Example::Files {
            wrong: Playbook(
                r#"
vars:
  root: "{{ cache }}/.."
  cache: "{{ root }}/cache"
rounds:
  - hosts: web
    tasks:
      - run: "ls {{ cache }}"
"#,
            ),
            right: Playbook(
                r#"
vars:
  root: /srv
  cache: "{{ root }}/cache"
rounds:
  - hosts: web
    tasks:
      - run: "ls {{ cache }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E118",
        title: "a host or group that the inventory does not have",
        text: "An expression or `on` names a host or a group that is not in the inventory. `on` takes hosts, not \
               groups: for all hosts of a group write `\"{{ groups.web }}\"`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { on: bd1, run: uptime }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { on: db1, run: uptime }
"#,
            ),
        },
    },
    Explanation {
        code: "W101",
        title: "a variable that nothing reads",
        text: "The variable is set but no template reads it. Often the name is misspelt in one of the two places, so \
               that a default is used instead of what is written here. Correct the name, or delete the line.",
        example: Example::Files {
            wrong: Playbook(
                r#"
vars: { relaese: "2.4.1" }
rounds:
  - hosts: web
    tasks:
      - run: "install-app {{ release | default('2.0') }}"
"#,
            ),
            right: Playbook(
                r#"
vars: { release: "2.4.1" }
rounds:
  - hosts: web
    tasks:
      - run: "install-app {{ release | default('2.0') }}"
"#,
            ),
        },
    },
];
