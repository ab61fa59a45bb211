//! `download`, `archive` and `unarchive` from YAML to the host: done once, foretold by a dry run, and sent only where they must be.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Project, record};
use sha2::Digest as _;

/// A web server that has one file, `/app.tgz`, and counts how often anything is asked for.
struct Web {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Web {
    fn serve(bytes: Vec<u8>) -> Web {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        // It ends with the test's process.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
                while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut buffer) {
                        Ok(length @ 1..) => request.extend(&buffer[..length]),
                        _ => break,
                    }
                }
                count.fetch_add(1, Ordering::SeqCst);
                let (state, body) =
                    if request.starts_with(b"GET /app.tgz ") { ("200 OK", &bytes[..]) } else { ("404 Not Found", &b""[..]) };
                let head = format!("HTTP/1.1 {state}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
            }
        });
        Web { url, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Packs what a folder of the project holds, by the system's own tar.
fn packed(project: &Project, folder: &str, archive: &str) -> Vec<u8> {
    let path = project.path(archive);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let done = std::process::Command::new("tar")
        .arg("-caf")
        .arg(&path)
        .arg("-C")
        .arg(project.path(folder))
        .args(names(&project.path(folder)))
        .status()
        .unwrap();
    assert!(done.success());
    std::fs::read(path).unwrap()
}

/// What the last run of the record made of a task: its status, and the answer of a dry run with the steps that it waits for.
fn told(project: &Project, host: &str, task: &str) -> (String, String, Vec<String>) {
    let run = record::runs(&project.record()).pop().unwrap();
    let outcomes = run.outcomes();
    let (_, outcome) = outcomes.iter().find(|((of, _, name), _)| of == host && name == task).unwrap_or_else(|| panic!("{task}"));
    let forecast = &outcome[0]["forecast"];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let until = forecast["until"].as_array().into_iter().flatten().map(text).collect();
    (text(&outcome[0]["status"]), text(&forecast["answer"]), until)
}

fn statuses(project: &Project, tasks: &[&str]) -> Vec<String> {
    tasks.iter().map(|task| told(project, "localhost", task).0).collect()
}

fn answers(project: &Project, tasks: &[&str]) -> Vec<String> {
    tasks.iter().map(|task| told(project, "localhost", task).1).collect()
}

fn reason(project: &Project, task: &str) -> String {
    let run = record::runs(&project.record()).pop().unwrap();
    let outcomes = run.outcomes();
    let (_, outcome) = outcomes.iter().find(|((_, _, name), _)| name == task).unwrap();
    outcome[0]["reason"].as_str().unwrap_or_default().to_owned()
}

/// What is in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

const SITE: &str = r#"
rounds:
  - name: bring
    hosts: localhost
    tasks:
      - name: got
        download: { url: "{{ url }}/app.tgz", dest: "{{ root }}/app.tgz", sha256: "{{ sha256 }}", mode: "0640" }
        notify: tell
      - name: opened
        unarchive: { src: "{{ root }}/app.tgz", dest: "{{ root }}/app", remote: true }
        notify: tell
      - name: sent
        unarchive: { src: files/site.tar.xz, dest: "{{ root }}/site", strip: 1, mode: "0750" }
        notify: tell
      - name: kept
        archive: { src: ["{{ root }}/app", "{{ root }}/site"], dest: "{{ root }}/all.tar.gz", mode: "0600" }
        notify: tell
      - name: guarded
        unarchive: { src: files/site.tar.xz, dest: "{{ root }}/other" }
        creates: "{{ root }}/all.tar.gz"
      - name: not here
        archive: { src: "{{ root }}/app", dest: "{{ root }}/never.tar" }
        only_if: test -e {{ root }}/never
    handlers:
      - { name: tell, run: "echo told >> {{ root }}/journal" }
"#;

const TASKS: [&str; 4] = ["got", "opened", "sent", "kept"];

#[test]
fn each_is_done_once_and_a_dry_run_says_so_before_and_after() {
    let project = Project::new();
    project.file("app/bin/it's run", "run\n");
    project.file("app/conf", "conf\n");
    let bytes = packed(&project, "app", "made/app.tgz");
    let web = Web::serve(bytes.clone());
    project.file("files/in/site/index.html", "page\n");
    project.file("files/in/site/sub/more.html", "more\n");
    packed(&project, "files/in", "files/site.tar.xz");
    project.file("site.yml", SITE);
    let root = project.path("host");
    std::fs::create_dir(&root).unwrap();
    let digest = roundsman::text::hex(&sha2::Sha256::digest(&bytes));
    let values = [format!("root={}", root.display()), format!("url={}", web.url), format!("sha256={digest}")];
    let arguments: Vec<&str> = ["run", "site.yml"].into_iter().chain(values.iter().flat_map(|value| ["-e", value])).collect();
    let dry: Vec<&str> = arguments.iter().copied().chain(["--check"]).collect();

    // Nothing is there: what hangs on what is not there yet is known by its cause.
    project.ok(&dry);
    assert_eq!(answers(&project, &TASKS), ["changes", "unknown", "changes", "unknown"]);
    assert_eq!(told(&project, "localhost", "opened").2, ["bring/got"], "the archive is made before");
    assert_eq!(told(&project, "localhost", "kept").2, ["bring/sent"], "what it holds is changed before");
    assert_eq!(answers(&project, &["guarded", "not_here"]), ["unknown", "unknown"]);
    assert_eq!((names(&root), web.asked()), (vec![], 0), "a dry run changes nothing and asks for nothing");

    project.ok(&arguments);
    assert_eq!(statuses(&project, &TASKS), ["changed"; 4]);
    assert_eq!(statuses(&project, &["guarded", "not_here"]), ["skipped"; 2]);
    assert_eq!(names(&root), ["all.tar.gz", "app", "app.tgz", "journal", "site"]);
    assert_eq!(std::fs::read(root.join("app.tgz")).unwrap(), bytes);
    assert_eq!(std::fs::read_to_string(root.join("app/bin/it's run")).unwrap(), "run\n");
    assert_eq!(std::fs::read_to_string(root.join("site/sub/more.html")).unwrap(), "more\n", "the first part was left out");
    let listed = std::process::Command::new("tar").arg("-tzf").arg(root.join("all.tar.gz")).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    for member in ["app/conf", "site/index.html"] {
        assert!(listed.lines().any(|line| line.trim_start_matches("./") == member), "{listed}");
    }
    let journal = || std::fs::read_to_string(root.join("journal")).unwrap().lines().count();
    assert_eq!((journal(), web.asked()), (1, 1));

    project.ok(&arguments);
    assert_eq!(statuses(&project, &TASKS), ["ok"; 4]);
    project.ok(&[&dry[..], &["--detailed-exitcode"]].concat());
    assert_eq!(answers(&project, &TASKS), ["nothing"; 4]);
    assert_eq!(answers(&project, &["guarded", "not_here"]), ["nothing"; 2]);
    assert_eq!((journal(), web.asked()), (1, 1), "nothing was done, and no byte asked for");

    // An archive tells times in seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    // What is not as it was made is made again.
    std::fs::remove_file(root.join("site/index.html")).unwrap();
    std::fs::write(root.join("app.tgz"), "other").unwrap();
    project.run(&[&dry[..], &["--detailed-exitcode"]].concat()).expect_code(10);
    assert_eq!(answers(&project, &TASKS), ["changes", "unknown", "changes", "unknown"]);
    assert!(!root.join("site/index.html").exists() && web.asked() == 1);
    project.ok(&arguments);
    assert_eq!(statuses(&project, &TASKS), ["changed", "ok", "changed", "changed"]);
    assert_eq!(std::fs::read(root.join("app.tgz")).unwrap(), bytes);
    assert!(root.join("site/index.html").exists());
    assert_eq!((journal(), web.asked()), (2, 2));
}

#[test]
fn a_download_that_is_forced_is_asked_for_and_one_that_fails_leaves_what_is_there() {
    let project = Project::new();
    let web = Web::serve(b"bytes".to_vec());
    project.file("host/there", "bytes");
    let root = project.path("host").display().to_string();
    let one = |rest: &str| {
        let task = format!("{{ name: got, download: {{ dest: \"{root}/there\", {rest} }} }}");
        project.file("one.yml", format!("rounds: [{{ hosts: localhost, tasks: [{task}] }}]\n"));
    };
    let there = || std::fs::read_to_string(project.path("host/there")).unwrap();
    one(&format!("url: \"{}/app.tgz\"", web.url));
    project.ok(&["run", "one.yml"]);
    assert_eq!((statuses(&project, &["got"]), web.asked()), (vec!["ok".to_owned()], 0), "it is there, and nobody asked for more");

    one(&format!("url: \"{}/app.tgz\", force: true", web.url));
    project.ok(&["run", "one.yml", "--check"]);
    assert_eq!(answers(&project, &["got"]), ["unknown"]);
    assert!(reason(&project, "got").contains("must be asked for"), "{}", reason(&project, "got"));
    assert_eq!(web.asked(), 0);
    project.ok(&["run", "one.yml"]);
    assert_eq!((statuses(&project, &["got"]), web.asked()), (vec!["ok".to_owned()], 1), "the same bytes came");
    std::fs::write(project.path("host/there"), "other").unwrap();
    project.ok(&["run", "one.yml"]);
    assert_eq!((statuses(&project, &["got"]), there(), web.asked()), (vec!["changed".to_owned()], "bytes".to_owned(), 2));

    for (rest, said) in [
        (format!("url: \"{}/nothing\", force: true", web.url), "can't be had"),
        (format!("url: \"{}/app.tgz\", sha256: {}", web.url, "0".repeat(64)), "has the digest"),
    ] {
        one(&rest);
        let shown = project.run(&["run", "one.yml"]).expect_code(4);
        assert!(shown.both().contains(said), "{said}\n{}", shown.text());
        assert_eq!((there(), names(&project.path("host"))), ("bytes".to_owned(), vec!["there".to_owned()]));
    }
}

/// Two hosts whose way keeps a copy of every byte that goes to each.
const WATCHED: &str = r#"
connect: { transport: { command: [sh, -c, 'f=$(mktemp "PLACE/XXXXXX"); tee "$f" | "$@"', '-'] } }
hosts: { a: {}, b: {} }
"#;

#[test]
fn an_archive_is_sent_only_where_it_is_not_unpacked() {
    let project = Project::new();
    // Bytes that no packer makes less of.
    let mut state = 1u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(300_000)
    .collect();
    project.file("in/noise", &noise);
    let size = packed(&project, "in", "files/noise.tar.gz").len();
    let sent = project.path("sent");
    std::fs::create_dir(&sent).unwrap();
    project.file("hosts.yml", WATCHED.replace("PLACE", &sent.display().to_string()));
    let root = project.path("host").display().to_string();
    let task = format!("{{ name: sent, unarchive: {{ src: files/noise.tar.gz, dest: \"{root}/{{{{ host.name }}}}\" }} }}");
    project.file("site.yml", format!("rounds: [{{ hosts: all, tasks: [{task}] }}]\n"));
    // How many bytes went to the hosts since the last look; the last is not written before its way is closed.
    let went = || -> usize {
        let files: Vec<_> = std::fs::read_dir(&sent).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.iter().map(|file| (std::fs::read(file).unwrap().len(), std::fs::remove_file(file)).0).sum()
    };
    let run = |more: &[&str]| {
        let shown = project.ok(&[&["run", "site.yml", "-i", "hosts.yml"], more].concat());
        (went(), shown)
    };

    let (bytes, shown) = run(&["--check"]);
    assert!(bytes > 0 && bytes < size, "{bytes} of {size}\n{}", shown.text());
    assert_eq!(told(&project, "a", "sent").1, "changes");
    assert!(!project.path("host").exists());
    let (bytes, _) = run(&["--limit", "a"]);
    assert!(bytes > size && bytes < 2 * size, "{bytes} of {size}");
    assert_eq!(told(&project, "a", "sent").0, "changed");
    let (bytes, _) = run(&["--check"]);
    assert!(bytes < size, "{bytes} of {size}");
    assert_eq!((told(&project, "a", "sent").1, told(&project, "b", "sent").1), ("nothing".to_owned(), "changes".to_owned()));
    let (bytes, _) = run(&[]);
    assert!(bytes > size && bytes < 2 * size, "to one of both: {bytes} of {size}");
    assert_eq!((told(&project, "a", "sent").0, told(&project, "b", "sent").0), ("ok".to_owned(), "changed".to_owned()));
    let (bytes, _) = run(&[]);
    assert!(bytes < size, "to none: {bytes} of {size}");
    assert_eq!((told(&project, "a", "sent").0, told(&project, "b", "sent").0), ("ok".to_owned(), "ok".to_owned()));
    for host in ["a", "b"] {
        assert_eq!(std::fs::read(project.path("host").join(host).join("noise")).unwrap(), noise);
    }
}

#[test]
fn what_is_wrong_is_told() {
    let project = Project::new();
    project.file("files/no_archive", "text\n");
    let root = project.path("host").display().to_string();
    let one = |task: &str| {
        project.file("one.yml", format!("rounds: [{{ hosts: localhost, tasks: [{{ name: one, {task} }}] }}]\n"));
    };
    one(&format!("unarchive: {{ src: files/no_archve, dest: \"{root}\" }}"));
    let shown = project.run(&["check", "one.yml"]).expect_code(3);
    assert!(shown.both().contains("E190") && shown.both().contains("`no_archive`"), "{}", shown.text());
    one(&format!("unarchive: {{ src: /nowhere/app.tgz, dest: \"{root}\" }}"));
    let shown = project.run(&["check", "one.yml"]).expect_code(3);
    assert!(shown.both().contains("E190") && shown.both().contains("`remote: true`"), "{}", shown.text());
    for (task, said) in [
        (format!("unarchive: {{ src: files/no_archive, dest: \"{root}\" }}"), "files/no_archive can't be read as an archive"),
        (format!("unarchive: {{ src: \"{root}.tgz\", dest: \"{root}\", remote: true }}"), "host.tgz"),
        (format!("archive: {{ src: \"{root}\", dest: \"{root}.tar\" }}"), "host"),
    ] {
        one(&task);
        let shown = project.run(&["run", "one.yml"]).expect_code(4);
        assert!(shown.both().contains(said), "{said}\n{}", shown.text());
        assert_eq!(statuses(&project, &["one"]), ["failed"]);
        assert!(!project.path("host").exists() && !project.path("host.tar").exists());
    }
    // A dry run knows of two of them; whether a file is an archive is told when it is opened.
    project.run(&["run", "one.yml", "--check"]).expect_code(4);
    assert_eq!(answers(&project, &["one"]), ["fails"]);
}
