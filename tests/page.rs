//! `plan --html`: the file that is written, and what a browser makes of it.
//!
//! With Chromium on the machine the page is rendered; elsewhere that is said to be skipped, and with `CI` set it fails.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::os::unix::fs::PermissionsExt as _;

use common::Project;
use common::drawn::{NASTY, asked, judge, project};

fn written(project: &Project, playbook: &str) -> String {
    project.ok(&["plan", playbook, "-i", "hosts.yml", "-q", "--html", "plan.html"]);
    std::fs::read_to_string(project.path("plan.html")).unwrap()
}

#[test]
fn a_page_stands_beside_every_other_form() {
    let project = project();
    let plan = |more: &[&str]| project.ok(&[&["plan", "site.yml", "-i", "hosts.yml"], more].concat()).stdout;
    let text = plan(&[]);
    assert_eq!(plan(&["--html", "plan.html"]), text);
    assert_eq!(plan(&["--html", "plan.html", "-q"]), "");
    assert_eq!(plan(&["-q"]), text, "without a page, quiet or not, the plan is what was asked for");
    assert!(plan(&["--html", "other.html", "-q", "--format", "json"]).starts_with('{'));
    let pages = ["plan.html", "other.html"].map(|name| std::fs::read(project.path(name)).unwrap());
    assert_eq!(pages[0], pages[1], "the page is the same every time");
}

#[test]
fn a_file_is_replaced_whole_or_not_at_all() {
    let project = project();
    let path = project.file("plan.html", "old");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("plan.html", project.path("link.html")).unwrap();
    project.ok(&["plan", "site.yml", "-i", "hosts.yml", "-q", "--html", "link.html"]);
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("<!DOCTYPE html>"));
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(std::fs::symlink_metadata(project.path("link.html")).unwrap().is_symlink());
    // No file: what stands there stays what it is.
    let shown = project.ok(&["plan", "site.yml", "-i", "hosts.yml", "-q", "--html", "/dev/stdout"]);
    assert!(shown.stdout.starts_with("<!DOCTYPE html>"), "{}", shown.text());
    let shown = project.run(&["plan", "site.yml", "-i", "hosts.yml", "--html", "none/plan.html"]).expect_code(1);
    assert!(shown.stderr.contains("none/plan.html can't be written: "), "{}", shown.text());
    let left: Vec<_> = std::fs::read_dir(project.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".roundsman") || name == ".roundsman"), "{left:?}");
}

#[test]
fn a_page_asks_for_nothing_and_runs_nothing() {
    for playbook in ["site.yml", "nasty.yml"] {
        let page = written(&project(), playbook);
        for sign in ["<script", "<link", "<img", "<iframe", "src=", "@import", "url(h", "onerror=\"", "javascript:"] {
            let own = if sign == "src=" { page.matches("&lt;img src=").count() } else { 0 };
            assert_eq!(page.matches(sign).count(), own, "{playbook}: {sign}");
        }
        let links: Vec<&str> = page.split("href=\"").skip(1).collect();
        assert!(links.len() > 10 && links.iter().all(|link| link.starts_with('#')), "{playbook}: links lead inside");
        for target in links.iter().filter_map(|link| link[1..].split('"').next()) {
            assert_eq!(page.matches(&format!(" id=\"{target}\"")).count(), 1, "{playbook}: {target}");
        }
    }
}

/// Renders a page: the document as it is then, and a picture of it.
fn rendered(project: &Project) -> Option<String> {
    let url = format!("file://{}", project.path("plan.html").display());
    let picture = project.path("plan.png");
    let browser = |what: &str| {
        let profile = tempfile::tempdir().unwrap();
        let profile = format!("--user-data-dir={}", profile.path().display());
        let flags = [
            "120",
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ];
        judge("timeout", &[&flags[..], &[&profile, "--window-size=1200,1600", what, &url]].concat(), "")
    };
    judge("chromium", &["--version"], "")?;
    browser(&format!("--screenshot={}", picture.display()))?;
    let picture = std::fs::read(picture).expect("a picture");
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 20_000, "a picture of {} bytes", picture.len());
    let dumped = browser("--dump-dom")?;
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    Some(String::from_utf8(dumped.stdout).unwrap())
}

#[test]
fn a_browser_shows_every_round_and_what_it_does() {
    let project = project();
    written(&project, "site.yml");
    let Some(page) = rendered(&project) else { return };
    assert!(page.contains("<title>Plan: Patch the web tier</title>"));
    let (head, graph) = page.split_once("<svg").unwrap();
    let (graph, words) = graph.split_once("</svg>").unwrap();
    assert!(head.contains("4 rounds · 15 tasks · 43 hosts"), "{head}");
    for round in 0..4 {
        assert_eq!(graph.matches(&format!("<g class=\"round\" id=\"graph-r{round}\"")).count(), 1, "round {round}");
        assert_eq!(words.matches(&format!("<details class=\"round\" id=\"r{round}\" open")).count(), 1, "round {round}");
    }
    for said in ["round patch", "in batches: 2, 10 (25%), 28", "needs, data", "notify → reload", "rescue: ", "always: ", "handlers: "] {
        assert!(graph.contains(&format!(">{said}")), "{said}: {graph}");
    }
    for said in [
        "waits for survey (needs, reads it), database (reads it)",
        "<code>apt-get -y install nginx=2.4.1</code>",
        "unless nginx -v 2&gt;&amp;1 | grep -qF 2.4.1",
        "notified by upgrade, config",
        "whatever became of those (after: always)",
        "10 hosts (25%): <span class=\"hosts\">web[03-12]</span>",
        "left out by <code>host.name == \"web01\"</code>",
        "and 37 more, on <span class=\"hosts\">web[04-40]</span>",
        "haproxyctl enable web/web40",
    ] {
        assert!(words.contains(said), "{said}: {words}");
    }
}

#[test]
fn a_browser_takes_no_name_for_markup() {
    let project = project();
    written(&project, "nasty.yml");
    let Some(page) = rendered(&project) else { return };
    let (title, rest) = page.split_once("<title>").unwrap().1.split_once("</title>").unwrap();
    assert!(title.starts_with("Plan: \"] -&gt; x; }") && title.ends_with("+ 2) x"), "a script changed the title: {title}");
    assert_eq!(rest.matches("<svg").count(), 1);
    assert_eq!(rest.matches("<g class=\"round\"").count(), NASTY.len());
    assert_eq!(rest.matches("<g class=\"block\"").count(), NASTY.len());
    for sign in ["<script", "<img", "<b>!", "<!--"] {
        assert!(!rest.contains(sign), "{sign}");
    }
    assert_eq!(rest.matches("<b>&lt;script&gt;document.title='owned'&lt;/script&gt;</b>").count(), 3, "task, block, and the task in it");
}

#[test]
fn a_browser_shows_what_hosts_answered_and_runs_none_of_it() {
    let project = asked();
    project.run(&["plan", "asked.yml", "-i", "local.yml", "--probe", "-q", "--html", "plan.html"]).expect_code(4);
    let source = std::fs::read_to_string(project.path("plan.html")).unwrap();
    assert!(source.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "control characters of a host");
    assert!(!source.contains("<script"), "{source}");
    let Some(page) = rendered(&project) else { return };
    assert!(page.contains("<title>Plan: Ask</title>"), "a script changed the title");
    let (head, rest) = page.split_once("<svg").unwrap();
    for said in
        ["<b>~</b> 3 will change", "<b>!</b> 1 will fail", "<b>=</b> 3 nothing to do", "1 host can't be reached: ", "Connection refused"]
    {
        assert!(head.contains(said), "{said}: {head}");
    }
    assert!(!head.contains("may change something"), "two numbers that contradict: {head}");
    let (graph, words) = rest.split_once("</svg>").unwrap();
    for said in [">~ 3 will change<", ">= 3 nothing to do<", ">! 1 not reached: gone<"] {
        assert!(graph.contains(said), "{said}: {graph}");
    }
    for said in [
        "can't be reached: <span class=\"hosts\">gone</span>",
        "<b>will change</b> <span class=\"hosts\">two</span>: mode 0644 → 0600",
        "<b>unknown</b>",
        "<b>will fail</b>",
        "<span class=\"removed\">-old\n</span><span class=\"added\">+new\n</span>",
        "<span class=\"removed\">-&lt;script&gt;document.title='owned'&lt;/script&gt; \\x1b[2J\\x07 ",
        "hosts/‹host.name›/file, mode 0600</code>",
    ] {
        assert!(words.contains(said), "{said}: {words}");
    }
    assert!(!words.contains("<b>only reads</b>"), "what the figures say stands once");
}
