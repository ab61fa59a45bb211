//! Mistakes that only the plan shows.
//!
//! Plain data: what each code means, with a wrong file and the right one.

use super::File::Playbook;
use super::{Example, Explanation};

pub(super) const CODES: &[Explanation] = &[
    Explanation {
        code: "E401",
        title: "tasks or rounds that wait for each other",
        text: "Each of them waits for the next, and the last for the first, so none could ever begin. The message \
               names every wait and where it comes from: `needs`, a result that is read, or the order written. Take \
               one of them away.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: build, needs: [test], run: make }
      - { name: test, needs: [build], run: make test }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - { name: build, needs: [], run: make }
      - { name: test, needs: [build], run: make test }
"#,
            ),
        },
    },
    Explanation {
        code: "E402",
        title: "a result that is read before it is there",
        text: "A task or round reads the result of one that stands below it and so waits for it in turn. Move the one \
               that is read above, or give it `needs` that leave the reader out.",
        example: Example::None {
            why: "Where a playbook is checked from its text, E113 tells of this first; the plan keeps its \
                              own check, for playbooks that a program made.",
        },
    },
    Explanation {
        code: "E403",
        title: "a task that reads its own result",
        text: "A task's result is known only after it has run. In `changed` and `failed`, which are asked then, it is \
               called `result`.",
        example: Example::None {
            why: "Where a playbook is checked from its text, E113 tells of this first; the plan keeps its \
                              own check, for playbooks that a program made.",
        },
    },
    Explanation {
        code: "E404",
        title: "a template that fails when it is rendered",
        text: "Everything that is known before the run is rendered now, for every host, and on the hosts named this \
               failed: a value is of a type that can't stand there, a conversion went wrong, a list has no such item. \
               Each message says what and where; values themselves are not shown, since they may be secret.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - copy: { content: "hello\n", dest: /tmp/hello, mode: "{{ http_port }}" }
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - copy: { content: "hello\n", dest: /tmp/hello, mode: "0644" }
"#,
            ),
        },
    },
];
