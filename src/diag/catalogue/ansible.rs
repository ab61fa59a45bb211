//! Mistakes in inventories of Ansible's, and what is left out of them.
//!
//! Plain data: what each code means, with a wrong file and the right one.

use super::File::Inventory;
use super::{Example, Explanation};

pub(super) const CODES: &[Explanation] = &[
    Explanation {
        code: "E220",
        title: "an inventory of Ansible's that can't be read",
        text: "The file is an inventory of Ansible, in INI form or as a program prints it, and this line is none \
               that Ansible knows: a header of a section, a host with its `key=value`, one group, or one variable.",
        example: Example::Files {
            wrong: Inventory(
                r#"
[web]
web1
[web:var]
http_port=8080
"#,
            ),
            right: Inventory(
                r#"
[web]
web1
[web:vars]
http_port=8080
"#,
            ),
        },
    },
    Explanation {
        code: "E221",
        title: "an inventory program that fails",
        text: "The inventory is a program, and it could not be started, took too long, ended with another exit code \
               than 0, or printed no JSON. What it wrote to its stderr stands below the error.",
        example: Example::None { why: "It is a fault of a program; `PROGRAM --list` on the command line shows the same." },
    },
    Explanation {
        code: "E222",
        title: "an inventory plugin of Ansible",
        text: "The file holds the settings of a program that asks a cloud for its hosts, and only Ansible can run \
               that. A program that runs `ansible-inventory -i FILE --list` is an inventory, too.",
        example: Example::Files {
            wrong: Inventory(
                r#"
plugin: amazon.aws.aws_ec2
regions: [eu-central-1]
"#,
            ),
            right: Inventory(
                r#"
hosts:
  web[01-02]: {}
"#,
            ),
        },
    },
    Explanation {
        code: "W203",
        title: "a variable of Ansible's that no template can read",
        text: "Ansible takes any text as the name of a variable; here names are letters, digits and `_`, and those \
               with a meaning of their own in templates, such as `host`, are taken. The variable is left out.",
        example: Example::Files {
            wrong: Inventory(
                r#"
all:
  hosts:
    web1: { http-port: 8080 }
"#,
            ),
            right: Inventory(
                r#"
all:
  hosts:
    web1: { http_port: 8080 }
"#,
            ),
        },
    },
    Explanation {
        code: "W204",
        title: "a setting of a connection that is left out",
        text: "Ansible's variables for connections are taken over as far as they mean something here; this one does \
               not, or can't be known before a run. The label says what becomes of it.",
        example: Example::Files {
            wrong: Inventory(
                r#"
all:
  hosts:
    web1: { ansible_host_key_checking: false }
"#,
            ),
            right: Inventory(
                r#"
all:
  hosts:
    web1: { ansible_ssh_common_args: "-o StrictHostKeyChecking=accept-new" }
"#,
            ),
        },
    },
    Explanation {
        code: "W205",
        title: "a part of an inventory that is left out",
        text: "What stands here is not read: a key that groups do not have, a file that is no inventory, or one \
               that is encrypted as a whole. Nothing in it reaches a host.",
        example: Example::Files {
            wrong: Inventory(
                r#"
all:
  hosts:
    web1: {}
  varz: { http_port: 8080 }
"#,
            ),
            right: Inventory(
                r#"
all:
  hosts:
    web1: {}
  vars: { http_port: 8080 }
"#,
            ),
        },
    },
    Explanation {
        code: "W206",
        title: "a name that host expressions can't say",
        text: "Ansible and ssh allow names that a host expression could not choose, or could read in two ways: a \
               group with the name of a host, or a name with signs of its own. The label says what is meant where \
               it stands in an expression.",
        example: Example::Files {
            wrong: Inventory(
                r#"
all:
  children:
    web:
      hosts:
        web: {}
"#,
            ),
            right: Inventory(
                r#"
all:
  children:
    webs:
      hosts:
        web: {}
"#,
            ),
        },
    },
];
