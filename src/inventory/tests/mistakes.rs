//! One mistake a file, and what is said of it.

use super::said;

#[test]
fn every_mistake_has_its_words() {
    let files = [
        "# old\n\n[web:vars]\na=b\n",
        "- web\n",
        "hsots: {}\n",
        "secrets: { a: { env: A } }\n",
        "vars: { a: 1 }\nall: [a]\n",
        "plugin: amazon.aws.aws_ec2\nregions: [eu-west-1]\n",
        "hosts: [web1, web2]\n",
        "hosts: { web: 3 }\n",
        "hosts:\n  web[01-40]: {}\n  web05: {}\n",
        "hosts: { \"web[1-3\": {} }\n",
        "hosts: { \"web[3-1]\": {} }\n",
        "hosts: { \"web[01:03]\": {} }\n",
        "hosts: { web[1-3]: {} }\n",
        "hosts: { web: }\ngroups: { a: { hosts: web[01-02] } }\n",
        "hosts: { all: }\n",
        "hosts: { we/b: }\n",
        "hosts: { root@web: }\n",
        "hosts: { -web: }\n",
        "hosts: { web: { user: x } }\n",
        "hosts: { web: { adress: x } }\n",
        "hosts: { web: { address: x, connect: { address: y } } }\n",
        "hosts: { \"web[1-3]\": { address: \"10.0.0.[1-2]\" } }\n",
        "hosts: { web: { address: \"-oX\" } }\n",
        "hosts: { web: { vars: { http-port: 1 } } }\n",
        "hosts: { web: { vars: { tasks: 1 } } }\n",
        "hosts: { web: { vars: { v: 2.10 } } }\n",
        "hosts: { web: { vars: [a] } }\n",
        "hosts: { web: }\ngroups: { all: { hosts: web } }\n",
        "hosts: { web: }\ngroups: { web: { hosts: web } }\n",
        "hosts: { web: }\ngroups: { a: { hosts: wbe } }\n",
        "hosts: { web: }\ngroups: { localhost: { hosts: web } }\n",
        "hosts: { web: }\ngroups: { front: { hosts: web }, b: { groups: fornt } }\n",
        "hosts: { web: }\ngroups: { a: { hosts: { web: } } }\n",
        "groups:\n  a: { groups: [b] }\n  b: { hosts: \"c\" }\n  c: { groups: [a] }\n",
        "groups: { a: { hosts: a } }\n",
        "connect: { prot: 22 }\n",
        "connect: { port: 0 }\n",
        "connect: { port: \"22\" }\n",
        "connect: { host_key: off }\n",
        "connect: { connect_timeout: 10 }\n",
        "connect: { connect_timeout: 0s }\n",
        "connect: { max_sessions: 0 }\n",
        "connect: { transport: docker }\n",
        "connect: { transport: { docker: c1 } }\n",
        "connect: { transport: shs }\n",
        "connect: { transport: { command: [] } }\n",
        "connect: { password: \"{{ secrets.x }}\" }\n",
        "connect: { ssh_options: [StrictHostKeyChecking=no] }\n",
        "connect: { ssh_options: Compression }\n",
        "hosts: { gate: , a: { connect: { jump: gaet } } }\n",
        "hosts: { a: { connect: { jump: b } }, b: { connect: { jump: a } } }\n",
        "hosts: { a: { connect: { user: \"-x\" } } }\n",
    ];
    let words: Vec<String> = files.iter().map(|file| format!("{file:?}\n{}", said(file))).collect();
    for (file, words) in files.iter().zip(&words) {
        assert!(words.contains("error[") || words.contains("warning["), "{file:?} is a mistake");
    }
    insta::assert_snapshot!(words.join("\n"));
}
