//! Downloads, from a server of this test's.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sha2::{Digest as _, Sha256};

use super::*;
use crate::text::hex;

/// Calls `test` for each shell, and for GNU `wget` where no `curl` is, with a server that gives the bytes for `/a%5Bb` and 404 for all else.
fn with_server(bytes: &[u8], test: impl Fn(&Shell, &Path, &str, &AtomicUsize)) {
    let no_curl = tempfile::tempdir().unwrap();
    for tools in ["/bin", "/usr/bin"] {
        for entry in fs::read_dir(tools).unwrap().map(Result::unwrap).filter(|entry| entry.file_name() != "curl") {
            let _ = symlink(entry.path(), no_curl.path().join(entry.file_name()));
        }
    }
    let serve = |shell: &Shell, folder: &Path| {
        let (listener, asked, over) = (TcpListener::bind("127.0.0.1:0").unwrap(), AtomicUsize::new(0), AtomicBool::new(false));
        let address = listener.local_addr().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for connection in listener.incoming() {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let mut connection = connection.unwrap();
                    let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
                    let first = lines.next().unwrap().unwrap();
                    let _ = lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
                    asked.fetch_add(1, Ordering::Relaxed);
                    let (head, body) = if first.contains(" /a[b") { ("200 OK", bytes) } else { ("404 Not Found", &b""[..]) };
                    let head = format!("HTTP/1.0 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                    let _ = connection.write_all(&[head.as_bytes(), body].concat());
                }
            });
            // A test that fails must not wait for the server.
            let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(shell, folder, &format!("http://{address}"), &asked)));
            over.store(true, Ordering::Relaxed);
            drop(std::net::TcpStream::connect(address));
            if let Err(panic) = done {
                std::panic::resume_unwind(panic);
            }
        });
    };
    each(serve);
    let folder = tempfile::tempdir().unwrap();
    serve(&Shell { words: &["dash"], path: Some(no_curl.path().to_owned()) }, folder.path());
}

fn whats(found: &Found) -> Vec<&str> {
    found.differences.iter().map(|difference| difference.what.as_str()).collect()
}

#[test]
fn what_is_there_is_not_asked_for_and_what_is_wrong_is_refused() {
    let (right, wrong) = (hex(&Sha256::digest(every_byte())), "0".repeat(64));
    with_server(&every_byte(), |shell, folder, server, asked| {
        let dest = folder.join("it's here");
        let rights = Rights { mode: Some(0o600), ..Rights::default() };
        let plan = |path: &str, sha256: Option<&str>, force| DownloadPlan {
            file: with_rights(&dest, rights.clone()).file,
            url: format!("{server}/{path}"),
            sha256: sha256.map(str::to_owned),
            force,
        };
        let apply = |plan: &DownloadPlan| shell.run(folder, &plan.apply("a1b2c3").unwrap());
        let changed = |plan: &DownloadPlan| {
            let output = apply(plan);
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{:?}", shell.words);
            plan.applied(&output.stdout).unwrap().changed
        };

        let error = failure(&apply(&plan("none", None, false)));
        assert!(error.contains("/none can't be had: ") && error.contains("404"), "{:?}: {error}", shell.words);
        let error = failure(&apply(&plan("a[b", Some(&wrong), false)));
        assert!(error.contains(&format!("/a[b has the digest {right}")), "{:?}: {error}", shell.words);
        assert!(!dest.exists(), "{:?}: nothing takes its place", shell.words);

        let wanted = plan("a[b", Some(&right.to_uppercase()), false);
        assert_eq!(whats(&probed(shell, folder, &wanted).unwrap()), ["state", "content", "mode"]);
        assert!(changed(&wanted));
        assert_eq!((fs::read(&dest).unwrap(), dest.metadata().unwrap().mode() & 0o7777), (every_byte(), 0o600));
        assert_eq!(probed(shell, folder, &wanted), Ok(Found::default()));
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        assert!(!changed(&wanted), "{:?}", shell.words);
        for kept in [plan("a[b", Some(&right), true), plan("none", None, false)] {
            assert_eq!(probed(shell, folder, &kept), Ok(Found::default()), "{:?}", shell.words);
            assert!(!changed(&kept), "{:?}: a file that is there stays", shell.words);
        }
        assert_eq!(asked.load(Ordering::Relaxed), 3, "{:?}: none of these asks", shell.words);

        let forced = plan("a[b", None, true);
        let found = probed(shell, folder, &forced).unwrap();
        assert!(found.differences.is_empty() && found.unsure.unwrap().contains("must be asked for"), "{:?}", shell.words);
        assert!(!changed(&forced), "{:?}: asked for, and the same", shell.words);
        assert_eq!(asked.load(Ordering::Relaxed), 4);
        fs::write(&dest, "other").unwrap();
        assert_eq!(whats(&probed(shell, folder, &wanted).unwrap()), ["content"]);
        let error = failure(&apply(&plan("none", Some(&right), false)));
        assert!(error.contains("can't be had"), "{error}");
        assert_eq!(fs::read(&dest).unwrap(), b"other", "{:?}: a failure leaves what was there", shell.words);
        assert!(changed(&forced));
        assert_eq!(fs::read(&dest).unwrap(), every_byte());
    });
}

#[test]
fn what_is_downloaded_is_validated_and_the_old_kept() {
    with_server(b"new", |shell, folder, server, _| {
        let dest = folder.join("f");
        let mut file = plan(&dest).file;
        (file.backup, file.validate) = (true, Some("grep old %s".to_owned()));
        let mut plan = DownloadPlan { file, url: format!("{server}/a[b"), sha256: None, force: true };
        fs::write(&dest, "old").unwrap();
        assert!(failure(&shell.run(folder, &plan.apply("a1b2c3").unwrap())).contains("not valid"), "{:?}", shell.words);
        assert_eq!(fs::read(&dest).unwrap(), b"old");
        plan.file.validate = Some("grep new %s".to_owned());
        let applied = plan.applied(&shell.run(folder, &plan.apply("a1b2c3").unwrap()).stdout).unwrap();
        let Some(Value::Text(kept)) = applied.outputs.get("backup") else { panic!("{:?}: not told", shell.words) };
        assert_eq!((fs::read(kept).unwrap(), fs::read(&dest).unwrap()), (b"old".to_vec(), b"new".to_vec()));
    });
}

#[test]
fn a_host_without_a_program_for_it_is_told() {
    let (tools, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    shells(tools.path());
    fs::remove_file(tools.path().join("wget")).unwrap();
    let shell = Shell { words: &["/bin/dash"], path: Some(tools.path().to_owned()) };
    let plan =
        DownloadPlan { file: plan(&folder.path().join("f")).file, url: "http://127.0.0.1:9/".to_owned(), sha256: None, force: false };
    let error = failure(&shell.run(folder.path(), &plan.apply("a1b2c3").unwrap()));
    assert_eq!(error, "to download, this host needs curl or wget\n");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn probe_texts_and_what_is_made_of_them() {
    let plan = |sha256: Option<String>, force| DownloadPlan {
        file: plan(Path::new("/opt/x")).file,
        url: "https://a.example/x".to_owned(),
        sha256,
        force,
    };
    let digest = "ab".repeat(32);
    let there = |sha256: &str| format!("stat 81a4/9/1/0/0/root/root\nfolder\n{sha256}\n");
    let wanted = plan(Some(digest.clone()), false);
    assert_eq!(wanted.compare(there(&digest).as_bytes()), Ok(Found::default()));
    let other = wanted.compare(there(&"cd".repeat(32)).as_bytes()).unwrap();
    let content = Difference::new("content", Some("9 bytes, sha256 cdcdcdcdcdcd".to_owned()), Some("sha256 abababababab".to_owned()));
    assert_eq!(other, Found { differences: vec![content], ..Found::default() });
    assert!(wanted.compare(there("").as_bytes()).unwrap_err().to_string().contains("this host needs sha256sum"));
    let absent = plan(None, false).compare(b"absent\nalone /opt\n").unwrap();
    assert_eq!(absent.missing.as_deref(), Some("/opt"));
    assert_eq!(absent.differences[1].to.as_deref(), Some("what https://a.example/x gives"));
    assert!(plan(None, true).compare(there("").as_bytes()).unwrap().unsure.is_some());
    assert!(plan(None, true).compare(b"stat 41ed/4096/1/0/0/root/root\nfolder\n").is_err());
}
