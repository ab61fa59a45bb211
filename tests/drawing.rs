//! `plan --format dot` and `--format mermaid`: what they write, and that Graphviz takes it.
//!
//! Mermaid's own parser needs a browser's document model and a package manager of its own; that no name means anything to
//! it is asked of the text instead.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::drawn::{NASTY, asked, judge, project};

/// Draws a plan, twice: the same both times.
fn drawn(playbook: &str, format: &str) -> String {
    let project = project();
    let arguments = ["plan", playbook, "-i", "hosts.yml", "--format", format];
    let first = project.ok(&arguments).stdout;
    assert_eq!(first, project.ok(&arguments).stdout, "a plan is drawn the same every time");
    first
}

#[test]
fn a_plan_for_graphviz() {
    insta::assert_snapshot!(drawn("site.yml", "dot"));
}

#[test]
fn a_plan_for_mermaid() {
    insta::assert_snapshot!(drawn("site.yml", "mermaid"));
}

#[test]
fn graphviz_takes_what_is_drawn() {
    let mut drawings = vec![drawn("site.yml", "dot"), drawn("nasty.yml", "dot")];
    let inventory = common::book::root().join("playbooks/inventory.example.yml").display().to_string();
    for name in ["survey", "disk-check", "certificates", "rolling-restart", "rolling-release", "package-upgrade"] {
        let playbook = common::book::root().join(format!("playbooks/{name}.yml")).display().to_string();
        drawings.push(project().ok(&["plan", &playbook, "-i", &inventory, "--format", "dot"]).stdout);
    }
    for drawing in drawings {
        let Some(output) = judge("dot", &["-Tsvg"], &drawing) else { return };
        let (said, svg) = (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
        assert!(output.status.success() && said.is_empty(), "{said}\n{drawing}");
        assert_eq!(svg.matches("class=\"cluster\"").count(), drawing.matches("subgraph cluster_").count(), "{drawing}");
        assert!(!svg.contains("<script"), "{svg}");
    }
}

#[test]
fn answers_of_hosts_are_drawn() {
    let project = asked();
    let drawn = |format: &str| project.run(&["plan", "asked.yml", "-i", "local.yml", "--probe", "--format", format]).expect_code(4).stdout;
    let (dot, mermaid) = (drawn("dot"), drawn("mermaid"));
    for said in [
        r"\non 4 hosts: one,two,three,gone\n! 1 not reached: gone",
        r#"label="· look\nrun: uname -s\n· 3 only read", style="rounded""#,
        r#"label="= settled\nrun: false\n= 3 nothing to do", style="dashed""#,
        r#"label="~ file\n"#,
        r#"\n~ 3 will change""#,
        r"\n? 3 unknown",
        r"! 1 will fail",
    ] {
        assert!(dot.contains(said), "{said}\n{dot}");
    }
    for said in [
        "#33; 1 not reached#58; gone",
        "<br/>· 3 only read",
        "<br/>= 3 nothing to do",
        "~ 3 will change",
        "#63; 3 unknown",
        "#33; 1 will fail",
    ] {
        assert!(mermaid.contains(said), "{said}\n{mermaid}");
    }
    let Some(output) = judge("dot", &["-Tsvg"], &dot) else { return };
    let svg = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && output.stderr.is_empty() && svg.contains("3 will change"), "{svg}");
}

#[test]
fn what_the_command_line_leaves_out_is_no_answer() {
    let counted = |more: &[&str]| {
        let arguments = [&["plan", "asked.yml", "-i", "local.yml", "--probe", "--format", "json"], more].concat();
        let plan: serde_json::Value = serde_json::from_str(&asked().run(&arguments).expect_code(4).stdout).unwrap();
        plan["probed"]["answers"]["nothing"].clone()
    };
    assert_eq!(counted(&[]), 3);
    assert_eq!(counted(&["--skip-tags", "quiet"]), serde_json::Value::Null);
}

#[test]
fn every_nasty_name_is_only_a_label() {
    let dot = drawn("nasty.yml", "dot");
    let mermaid = drawn("nasty.yml", "mermaid");
    assert_eq!(dot.matches("  subgraph cluster_r").count(), 2 * NASTY.len());
    assert_eq!(mermaid.lines().filter(|line| line.trim() == "end").count(), 2 * NASTY.len());
    let line = regex::Regex::new(
        r#"(?x)^\ *(flowchart\ TB | end | direction\ TB | subgraph\ \w+\["[^"`%:;<>\[\]{}]*("\]) | \w+(\["|\(\[")[^"`%<>\[\]{}]*("\]|"\]\)) | \w+\ (~~~|-->(\|"[a-z,\ ]+"\|)?)\ \w+)$"#,
    )
    .unwrap();
    // Entities and breaks are the only signs with a meaning.
    let bare = regex::Regex::new(r"#\d+;|<br/>").unwrap().replace_all(&mermaid, "").into_owned();
    let wrong: Vec<&str> = bare.lines().filter(|one| !line.is_match(one)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn secrets_are_masked_before_signs_are_escaped() {
    let mut project = project();
    project.env("TOKEN", "a\"b&c<d]e");
    project.file(
        "secret.yml",
        "secrets: { token: { env: TOKEN } }\nrounds:\n  - id: one\n    hosts: db1\n    tasks:\n      - { name: shown, print: '{{ controller.env.TOKEN }}' }\n",
    );
    for format in ["dot", "mermaid"] {
        let drawn = project.ok(&["plan", "secret.yml", "-i", "hosts.yml", "--format", format, "--html", "page.html"]).stdout;
        let page = std::fs::read_to_string(project.path("page.html")).unwrap();
        for text in [drawn, page] {
            assert!(text.contains("«masked»") || text.contains("#171;masked#187;"), "{text}");
            assert!(!text.contains("c&lt;d") && !text.contains("#60;d") && !text.contains("c<d"), "{text}");
        }
    }
}

#[test]
fn other_commands_have_no_such_forms() {
    let shown = project().run(&["run", "site.yml", "-i", "hosts.yml", "--format", "dot"]).expect_code(2);
    assert!(shown.stderr.contains("`run` has no format `dot`; it has text, jsonl"), "{}", shown.text());
    let shown = project().run(&["plan", "site.yml", "-i", "hosts.yml", "--format", "jsonl"]).expect_code(2);
    assert!(shown.stderr.contains("it has text, json, dot, mermaid"), "{}", shown.text());
}
