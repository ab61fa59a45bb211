//! Mistakes in host expressions.
//!
//! Plain data: what each code means, with a wrong file and the right one.

use super::File::{Inventory, Playbook};
use super::{Example, Explanation};

pub(super) const CODES: &[Explanation] = &[
    Explanation {
        code: "E201",
        title: "a host expression that can't be read",
        text: "Host expressions are names, globs, ranges and `~regex`, joined by `or` or a comma, `and` or `&`, `not` \
               or `!`, with parentheses. Something is missing here, or stands where it can't. Templates are not \
               allowed: hosts are chosen before anything is rendered.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: web db1
    tasks:
      - run: uptime
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: web, db1
    tasks:
      - run: uptime
"#,
            ),
        },
    },
    Explanation {
        code: "E202",
        title: "a name that is no host and no group",
        text: "The expression names something that the inventory does not have. A name that is misspelt would silently \
               leave hosts out, so it is an error; an empty group is not. The hint names the nearest known one.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: wbe
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
        code: "E203",
        title: "an expression that only leaves hosts out",
        text: "The expression says which hosts are not meant, and not which are. Say from what they are taken away: \
               `all and not db1`. Only `--limit` takes such an expression, since the playbook has named the hosts \
               before.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: not db1
    tasks:
      - run: uptime
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: all and not db1
    tasks:
      - run: uptime
"#,
            ),
        },
    },
    Explanation {
        code: "E204",
        title: "a range or a glob that can't be read",
        text: "Ranges are numbers in brackets, `web[01-20]`, with several and steps as in `web[01-20,30-40/2]`; the \
               padding is kept. The range here is empty, runs backwards, is not closed, or is larger than any \
               inventory.",
        example: Example::Files {
            wrong: Inventory(
                r#"
hosts:
  web[04-01]: {}
"#,
            ),
            right: Inventory(
                r#"
hosts:
  web[01-04]: {}
"#,
            ),
        },
    },
    Explanation {
        code: "E205",
        title: "a regular expression that can't be read",
        text: "Behind `~` stands a regular expression over hosts' names, as in `~web\\d+`. This one is not well \
               formed; the words beside the caret say why. There is no look-ahead and there are no back-references.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: "~web(01|02"
    tasks:
      - run: uptime
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: "~web(01|02)"
    tasks:
      - run: uptime
"#,
            ),
        },
    },
    Explanation {
        code: "E206",
        title: "a `not` that can be read in two ways",
        text: "After a comma, `not x` takes x away from all that stands to its left; before `and`, it belongs to what \
               follows. Where both could be meant, the hosts would differ, so parentheses have to say which.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: all, not web and db1
    tasks:
      - run: uptime
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: all, not (web and db1)
    tasks:
      - run: uptime
"#,
            ),
        },
    },
    Explanation {
        code: "W201",
        title: "a pattern that matches no host",
        text: "The glob or regular expression is right, but no host's name matches it. The inventory may be another \
               than was meant, or the pattern is too narrow: a glob matches the whole name.",
        example: Example::Files {
            wrong: Playbook(
                r#"
rounds:
  - hosts: db1, wbe*
    tasks:
      - run: uptime
"#,
            ),
            right: Playbook(
                r#"
rounds:
  - hosts: db1, web*
    tasks:
      - run: uptime
"#,
            ),
        },
    },
];
