//! Mistakes in YAML itself, which any file may have.
//!
//! Plain data: what each code means, with a wrong file and the right one.

use super::File::Playbook;
use super::{Example, Explanation};

pub(super) const CODES: &[Explanation] = &[
    Explanation {
        code: "E001",
        title: "the file can't be read, or is not YAML",
        text: "The file is missing, is a folder, may not be read by you, or its text is not valid YAML. Nothing else \
               can be said of a file that can't be read, so this is always the first thing to mend. In YAML text the \
               caret shows where the reader gave up, which is often a little behind the mistake: look for a bracket or \
               a quote that is not closed, and for lines that are indented differently from their neighbours.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: [uptime, -p
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: [uptime, -p]
"#,
            ),
        },
    },
    Explanation {
        code: "E002",
        title: "the file is more than YAML may be here",
        text: "Files are refused that are larger than 8 MiB or not UTF-8 text, that nest lists and maps deeper than is ever needed, or that \
               grow without end because an alias stands inside its own anchor or is repeated too often. Such files are \
               nearly always damaged or made to do harm, and reading them could take all memory.",
        example: Example::Files {
            wrong: Playbook(
                r#"
vars:
  ports: &ports [80, *ports]
rounds:
  - hosts: web
    tasks:
      - print: "{{ ports }}"
"#,
            ),
            right: Playbook(
                r#"
vars:
  ports: [80, 443]
rounds:
  - hosts: web
    tasks:
      - print: "{{ ports | join(' ') }}"
"#,
            ),
        },
    },
    Explanation {
        code: "E003",
        title: "a key stands twice in one map",
        text: "YAML keeps only one of two equal keys, and which one differs between programs. One of the two lines \
               would silently mean nothing, so this is refused. Delete one, or, where both were meant, put them into \
               one value or two tasks.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: uptime
        run: uname -r
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: uptime
      - run: uname -r
"#,
            ),
        },
    },
    Explanation {
        code: "E004",
        title: "a tab stands where YAML indents",
        text: "YAML indents by blanks only; how wide a tab is, nobody can know. Replace it by blanks, and set the \
               editor to insert blanks for YAML files. In the example, ⇥ stands for a tab.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
⇥- run: uptime
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
        code: "E005",
        title: "a second document in one file",
        text: "A line of only `---` begins another YAML document. A file holds one playbook or one inventory; the \
               second would be passed over silently. Put it into a file of its own, or delete the line.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: uptime
---
rounds:
  - hosts: db1
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
  - hosts: db1
    tasks:
      - run: uptime
"#,
            ),
        },
    },
    Explanation {
        code: "E006",
        title: "a YAML tag",
        text: "A word that begins with `!` is a tag to YAML: it is taken out of the value and gives it a type. Tags \
               have no meaning here, so text was probably meant, such as a shell's negation. Put the whole text in \
               quotes.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: ! test -e /tmp/stop
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "! test -e /tmp/stop"
"#,
            ),
        },
    },
    Explanation {
        code: "E007",
        title: "a value that can be read in two ways",
        text: "Every file is read twice, once for its values and once for the places of its values. The two readings \
               disagree on this value, so it is not certain what it says. Write it in a simpler way, with quotes \
               around texts. If it is plain YAML, please report it.",
        example: Example::None {
            why: "No file is known for which the two readings disagree; the check is there so that none is \
                              ever read wrongly.",
        },
    },
    Explanation {
        code: "E008",
        title: "a carriage return within a line",
        text: "A carriage return without a line feed ends a line for some programs and not for others, so what follows \
               may be shown in one place and read in another. It usually comes from an old editor or from text pasted \
               out of a terminal. Delete it. In the example, ␍ stands for it.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: uptime␍ # how long
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: uptime  # how long
"#,
            ),
        },
    },
    Explanation {
        code: "W001",
        title: "lines end as on Windows",
        text: "Every line ends in a carriage return and a line feed. The file is read as if only the line feed stood \
               there, but a script or a text that is copied to hosts from such a file may carry the carriage returns \
               along, where they break it. Save the file with Unix line ends. In the example, ␍ stands for a carriage \
               return.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:␍
  - hosts: web␍
    tasks:␍
      - run: uptime␍
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
        code: "W002",
        title: "a byte order mark at the start",
        text: "An editor put an invisible mark before the first character. It is passed over here, but other programs \
               take it for part of the first word. Save the file as UTF-8 without a byte order mark. In the example, \
               ‹BOM› stands for it.",
        example: Example::Files {
            wrong: Playbook(
                r#"
‹BOM›rounds:
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
        code: "W005",
        title: "an anchor that no alias names",
        text: "A word that begins with `&` is an anchor to YAML: a name for the value behind it, and no part of the \
               value. Nothing refers to this one, so text was probably meant. Put the whole value in quotes, or delete \
               the anchor.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: &2 echo failed
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web
    tasks:
      - run: "echo failed >&2"
"#,
            ),
        },
    },
];
