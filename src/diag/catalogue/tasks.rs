//! Mistakes in rounds and tasks.
//!
//! Plain data: what each code means, with a wrong file and the right one.

use super::File::Playbook;
use super::{Example, Explanation};

pub(super) const CODES: &[Explanation] = &[
    Explanation {
        code: "E105",
        title: "a task without a verb, or with two",
        text: "Each task does exactly one thing, said by one verb: `run`, `copy`, `print` and so on. Without one there \
               is nothing to do; with two it is not said which comes first and whose result is meant. Write two tasks.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - name: kernel
        run: uname -r
        print: done
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - name: kernel
        run: uname -r
      - print: done
"#,
            ),
        },
    },
    Explanation {
        code: "E106",
        title: "keys that exclude each other",
        text: "The two keys say different things about the same matter, so only one of them can hold: `content` and \
               `src` of a copy, a group of tasks and a verb. Keep the one that is meant.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - copy: { content: "hello\n", src: hello.txt, dest: /tmp/hello }
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
        code: "E107",
        title: "a name that can't be one",
        text: "Ids stand in expressions (`tasks.my_task.stdout`) and names of environment variables in shell text, so \
               both are made of letters, digits and `_`, and do not begin with a digit. A hyphen would be read as a \
               minus.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { id: my-task, run: uptime }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { id: my_task, run: uptime }
"#,
            ),
        },
    },
    Explanation {
        code: "E108",
        title: "two of one id",
        text: "Ids are unique: those of tasks in their round, those of rounds in the playbook; else `needs` and \
               templates could not say which one they mean. An id is made from the name where none is written, so \
               names that differ only in case or punctuation clash as well.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: Look here, run: uptime }
      - { name: look-here, run: uname -r }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: Look here, run: uptime }
      - { name: Look there, run: uname -r }
"#,
            ),
        },
    },
    Explanation {
        code: "E109",
        title: "`needs` names what can't be waited for",
        text: "What `needs` names does not exist in this place, has no id, or is the task itself. A task waits for \
               tasks of its own round, a round for rounds of the playbook; for another round's task, the round as a \
               whole has to wait.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: build, run: make }
      - { name: install, run: make install, needs: [biuld] }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: build, run: make }
      - { name: install, run: make install, needs: [build] }
"#,
            ),
        },
    },
    Explanation {
        code: "E117",
        title: "a change where nothing may change",
        text: "`read_only` is a promise that nothing changes, and dry runs rely on it. A verb that writes breaks the \
               promise, and `changed: true` contradicts it. Leave out one of the two.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    read_only: true
    tasks:
      - copy: { content: "hello\n", dest: /tmp/hello }
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
        code: "E119",
        title: "YAML reads something else than was written",
        text: "The value is valid YAML, but not what its writer meant: `[ -f /x ]` is a list to YAML, `0644` a number, \
               and `no` is text that some other readers take for false. Put the text in quotes.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: [ -f /etc/motd ]
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "[ -f /etc/motd ]"
"#,
            ),
        },
    },
    Explanation {
        code: "E190",
        title: "a local file that is not there",
        text: "The playbook names a file of this machine that does not exist, is a folder, or can't be read. Relative \
               paths start from the folder of the file that names them, not from where roundsman was started. It is \
               looked for now so that a run does not fail half way.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - copy: { src: no-such-file.txt, dest: /tmp/hello }
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
        code: "W102",
        title: "a round without hosts",
        text: "The expression is right, but chooses no host, so the round does nothing. The group is empty, the parts \
               of the expression exclude each other, or `--limit` leaves none.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web and db1
    tasks:
      - run: uptime
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web or db1
    tasks:
      - run: uptime
"#,
            ),
        },
    },
    Explanation {
        code: "W103",
        title: "a background process that keeps the output open",
        text: "A process that is started with `&` inherits the task's output, and may go on writing after the task has \
               ended. What it writes then belongs to no task. Redirect its output, or let the system's service manager \
               start it.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: sleep 100 &
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: sleep 100 >/dev/null 2>&1 &
"#,
            ),
        },
    },
    Explanation {
        code: "W104",
        title: "a comment that cuts a text short",
        text: "In plain YAML text a `#` behind a blank begins a comment, and all that follows is lost. Here the rest \
               looks as if it belonged to the text. Put the text in quotes, or write `|` and the text on the next \
               line. A comment behind a command stands two blanks away, or on a line of its own.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: make #all
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "make '#all'"
"#,
            ),
        },
    },
];
