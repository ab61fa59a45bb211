//! Values in shell text, and shell text that does not do what it looks like.
//!
//! Plain data: what each code means, with a wrong file and the right one.

use super::File::Playbook;
use super::{Example, Explanation};

pub(super) const CODES: &[Explanation] = &[
    Explanation {
        code: "E307",
        title: "a template in text for an unknown shell",
        text: "With a `shell:` other than `sh` and `bash`, nobody knows how it quotes, so no value can be put into its \
               text safely. Pass values by `env:` or `stdin:`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "print({{ http_port }})"
        shell: /usr/bin/python3
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "import os; print(os.environ['PORT'])"
        shell: /usr/bin/python3
        env: { PORT: "{{ http_port }}" }
"#,
            ),
        },
    },
    Explanation {
        code: "E310",
        title: "a value where shell text has no safe form for it",
        text: "Values are quoted for the place where they stand, so that none of them can change how the shell reads \
               the text. In this place no quoting does that: right after a backslash or a `$`, in backticks, inside \
               `${…}`. The hint says how to write it instead.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "echo `du -s {{ host.name }}`"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "echo $(du -s {{ host.name }})"
"#,
            ),
        },
    },
    Explanation {
        code: "E311",
        title: "branches that end in different places",
        text: "After an `{% if %}` or a loop it must be certain whether the text stands inside or outside of quotes; \
               else what follows could not be quoted. Close in each branch what it opens.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "echo {% if http_port %}'{% endif %} on"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "echo {% if http_port %}'port'{% endif %} on"
"#,
            ),
        },
    },
    Explanation {
        code: "E312",
        title: "shells differ in how they read this",
        text: "From the place that is marked on, shells do not agree on what is quoted, so a value behind it could be \
               safe in one and not in another. Write the text before it in a simpler way, or pass the value by `env:`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "printf %s $'it\\'s' {{ host.name }}"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "printf %s \"it's\" {{ host.name }}"
"#,
            ),
        },
    },
    Explanation {
        code: "W310",
        title: "text that a second shell reads",
        text: "The value is quoted for the shell that roundsman starts, but this command hands its text to another \
               shell (`sh -c`, `eval`, `ssh`), which reads it again, without these quotes. Hand the value over as an \
               argument or by `env:`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "su -c 'ls {{ host.name }}' bob"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "ls {{ host.name }}"
        become: bob
"#,
            ),
        },
    },
    Explanation {
        code: "W311",
        title: "a value that decides which option this is",
        text: "The value stands right behind `-` or `--`, so it chooses the option itself. A value that was not \
               thought of could turn on anything that the program can do. Write the options out, and choose by `{% if \
               %}`.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "systemctl --{{ host.name }} status"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "systemctl status {{ host.name }}"
"#,
            ),
        },
    },
    Explanation {
        code: "W312",
        title: "a failure that would go unseen",
        text: "The exit code of a pipeline is that of its last command, so a command that fails before a `|` goes \
               unnoticed. With `shell: bash` the whole pipeline fails (`pipefail`); or write the first command's \
               output to a file, and look at that.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "curl -fsS http://localhost/dump | tar -xf -"
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "curl -fsS http://localhost/dump | tar -xf -"
        shell: bash
"#,
            ),
        },
    },
];
