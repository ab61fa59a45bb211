//! Mistakes with secrets.
//!
//! Plain data: what each code means, with a wrong file and the right one.

use super::File::Playbook;
use super::{Example, Explanation};

pub(super) const CODES: &[Explanation] = &[
    Explanation {
        code: "E125",
        title: "a secret that nothing declares",
        text: "Templates read secrets as `secrets.NAME`, and `secrets:` of the playbook or the inventory says where \
               each comes from. This one stands in neither.",
        example: Example::Files {
            wrong: Playbook(
                r#"
secrets: { db_password: { env: DB_PASSWORD } }
rounds:
  - hosts: web
    tasks:
      - run: psql
        env: { PGPASSWORD: "{{ secrets.db_pasword }}", PGUSER: "{{ secrets.db_password }}" }
"#,
            ),
            right: Playbook(
                r#"
secrets: { db_password: { env: DB_PASSWORD } }
rounds:
  - hosts: web
    tasks:
      - { run: psql, env: { PGPASSWORD: "{{ secrets.db_password }}" } }
"#,
            ),
        },
    },
    Explanation {
        code: "W110",
        title: "a secret that every user of the host can see",
        text: "The arguments of a process are visible to all who may call `ps` on the host, as long as the process \
               runs. Hand the secret over by `env` or `stdin`. Commands that the shell itself runs, such as \
               `printf`, are no processes.",
        example: Example::Files {
            wrong: Playbook(
                r#"
secrets: { db_password: { env: DB_PASSWORD } }
rounds:
  - hosts: web
    tasks:
      - run: "curl -u admin:{{ secrets.db_password }} https://example.org"
"#,
            ),
            right: Playbook(
                r#"
secrets: { db_password: { env: DB_PASSWORD } }
rounds:
  - hosts: web
    tasks:
      - run: "curl -K - https://example.org"
        stdin: "user = admin:{{ secrets.db_password }}"
"#,
            ),
        },
    },
    Explanation {
        code: "W111",
        title: "a secret that is too short to be masked safely",
        text: "A secret is masked wherever it comes up on the screen and in the record. One of a few characters \
               comes up by chance, in dates and paths, and masking those would tell what it is; so it is masked \
               only where it stands alone. Take a longer one.",
        example: Example::None { why: "It is told when a run gets its secrets, since no file has their values." },
    },
];
