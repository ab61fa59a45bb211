//! `copy` and `template`: what the probe says is what the script does, and what comes of it holds.

use sha2::{Digest as _, Sha256};

use super::*;
use crate::text::hex;

fn content_of(dest: &Path, rights: Rights, bytes: &[u8]) -> FileContent {
    FileContent { plan: with_rights(dest, rights), content: Content::Bytes(bytes.to_vec()) }
}

/// What stands at a path before a test.
const THERE: [&str; 15] = [
    "nothing",
    "text",
    "text, other mode",
    "other",
    "binary",
    "link to text",
    "link to other",
    "dangling link",
    "link out of reach",
    "folder",
    "no folder above",
    "no last end",
    "CRLF",
    "empty",
    "70 KiB",
];

const TEXT: &[u8] = b"it's\n$(id)\n";

fn put(path: &Path, what: &str) {
    let real = path.with_file_name("real");
    let bytes = match what {
        "nothing" | "no folder above" => return,
        "folder" => return fs::create_dir(path).unwrap(),
        "dangling link" => return symlink("none", path).unwrap(),
        "link out of reach" => return symlink("none/none", path).unwrap(),
        "text" | "text, other mode" | "link to text" => TEXT.to_vec(),
        "other" | "link to other" => b"other\n".to_vec(),
        "binary" => every_byte(),
        "no last end" => TEXT[..TEXT.len() - 1].to_vec(),
        "CRLF" => b"it's\r\n$(id)\r\n".to_vec(),
        "empty" => Vec::new(),
        "70 KiB" => b"0123456\n".repeat(70 * 128),
        other => unreachable!("{other}"),
    };
    let file = if what.starts_with("link") { &real } else { path };
    fs::write(file, bytes).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(if what.contains("mode") { 0o600 } else { 0o640 })).unwrap();
    if what.starts_with("link") {
        symlink("real", path).unwrap();
    }
}

#[test]
fn the_script_does_what_the_comparison_says() {
    let rights = Rights { mode: Some(0o640), owner: Some(me()), group: None };
    each(|shell, folder| {
        for there in THERE {
            for want in [TEXT, &every_byte(), b""] {
                let case = format!("{:?} {there} {}", shell.words, want.len());
                let inside = tempfile::tempdir_in(folder).unwrap();
                let dest = inside.path().join(if there == "no folder above" { "none/f" } else { "-it's $HOME" });
                put(&dest, there);
                let wanted = content_of(&dest, rights.clone(), want);
                let known = Content::Known(want.len() as u64, hex(&Sha256::digest(want)));
                let large = FileContent { content: known, ..wanted.clone() };
                let (before, by_digest, was) = (probed(shell, folder, &wanted), probed(shell, folder, &large), snapshot(folder));
                let output = shell.run(folder, &wanted.apply("t").unwrap());
                let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
                let Ok(found) = before else {
                    assert_eq!((there, output.status.code()), ("folder", Some(1)), "{case}");
                    assert_eq!(snapshot(folder), was, "{case}: nothing was changed");
                    continue;
                };
                let told = |found: &Found| found.differences.iter().map(|difference| difference.what.clone()).collect::<Vec<_>>();
                assert_eq!(told(&by_digest.unwrap()), told(&found), "{case}: known by its digest alone");
                if let Some(missing) = &found.missing {
                    assert!(["no folder above", "link out of reach"].contains(&there), "{case}");
                    assert!(stderr.contains(&format!("the folder {missing} does not exist")), "{case}: {stderr}");
                    assert_eq!(snapshot(folder), was, "{case}: nothing was changed");
                    continue;
                }
                assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{case}");
                let applied = wanted.applied(&output.stdout).unwrap_or_else(|error| panic!("{case}: {error}: {stdout}"));
                assert_eq!(applied.changed, !found.differences.is_empty(), "{case}");
                assert_eq!(fs::read(&dest).unwrap(), want, "{case}");
                assert_eq!(dest.is_symlink(), there.contains("link"), "{case}: a link stays one");
                assert_eq!(probed(shell, folder, &wanted), Ok(Found::default()), "{case}: there is nothing left to do");
                assert_eq!(probed(shell, folder, &large), Ok(Found::default()), "{case}");
                if there == "text" && want == TEXT {
                    assert_eq!(snapshot(folder), was, "{case}: what is right is not touched");
                }
            }
        }
    });
}

#[test]
fn probe_texts_and_what_is_made_of_them() {
    let file = |rights| content_of(Path::new("/etc/motd"), rights, b"new\n");
    let compare = |probed: &str| {
        let found = file(Rights { mode: Some(0o644), ..Rights::default() }).compare(probed.as_bytes())?;
        let line = |difference: &Difference| {
            let word = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
            format!("{}: {} -> {}", difference.what, word(&difference.from), word(&difference.to))
        };
        let missing = found.missing.iter().map(|folder| format!("missing {folder}"));
        Ok::<Vec<String>, Unfit>(found.differences.iter().map(line).chain(missing).collect())
    };
    let (new, old) = (hex(&Sha256::digest("new\n")), hex(&Sha256::digest("old\n")));
    let told = |sha256: &str| format!("4 bytes, sha256 {}", &sha256[..12]);
    let (to, from) = (told(&new), told(&old));
    let root = "0/0/root/root";
    for (probed, want) in [
        (format!("stat 81a4/4/1/{root}\nfolder\n{new}\n1 4\n"), vec![]),
        (format!("stat 8180/4/1/{root}\nfolder\n{new}\n1 4\n"), vec!["mode: 0600 -> 0644".to_owned()]),
        (format!("stat 81a4/4/1/{root}\nfolder\n{old}\n1 4\ncontent\nold\n"), vec![format!("content: {from} -> {to}")]),
        // No tool for a digest: the bytes come along, and tell.
        (format!("stat 81a4/4/1/{root}\nfolder\n\n1 4\ncontent\nnew\n"), vec![]),
        (format!("ls -rw-r--r-- 1 0 0 4 Nov 22 05:00 /etc/motd\nfolder\n{new}\n1 4\n"), vec![]),
        (
            "absent\nfolder\n".to_owned(),
            vec!["state: nothing -> file".to_owned(), format!("content: nothing -> {to}"), "mode: nothing -> 0644".to_owned()],
        ),
        (
            "absent\nalone /etc/a b\n".to_owned(),
            vec![
                "state: nothing -> file".to_owned(),
                format!("content: nothing -> {to}"),
                "mode: nothing -> 0644".to_owned(),
                "missing /etc/a b".to_owned(),
            ],
        ),
    ] {
        assert_eq!(compare(&probed), Ok(want), "{probed}");
    }
    let refused = |probed: &str| compare(probed).unwrap_err().to_string();
    assert_eq!(refused(&format!("stat 41ed/4096/1/{root}\nfolder\n")), "/etc/motd is a folder; dest is the file itself");
    assert_eq!(refused(&format!("stat 11a4/0/1/{root}\nfolder\n")), "/etc/motd is no regular file");
    assert_eq!(refused("what?\n"), "the host said of /etc/motd what can't be understood");
    assert_eq!(refused(""), "the host said of /etc/motd what can't be understood");
    let large = FileContent { content: Content::Known(4, new.clone()), ..file(Rights::default()) };
    let unknown = large.compare(format!("stat 81a4/4/1/{root}\nfolder\n\n1 4\n").as_bytes()).unwrap_err().to_string();
    assert!(unknown.contains("this host needs sha256sum"), "{unknown}");
    let shorter = large.compare(format!("stat 81a4/3/1/{root}\nfolder\n\n1 3\n").as_bytes()).unwrap();
    assert_eq!(shorter.differences.len(), 1, "another size is another content");
}

#[test]
fn what_was_there_is_kept() {
    each(|shell, folder| {
        let dest = folder.join("a b");
        let mut wanted = content_of(&dest, Rights::default(), b"new");
        wanted.plan.file.backup = true;
        let apply = |wanted: &FileContent| {
            let output = shell.run(folder, &wanted.apply("t").unwrap());
            wanted.applied(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
        };
        assert!(apply(&wanted).outputs.is_empty(), "there was nothing to keep");
        let mut kept = Vec::new();
        for bytes in [&b"newer"[..], b"newest", b"new again"] {
            let old = fs::read(&dest).unwrap();
            fs::set_permissions(&dest, fs::Permissions::from_mode(0o604)).unwrap();
            wanted.content = Content::Bytes(bytes.to_vec());
            let Some(Value::Text(path)) = apply(&wanted).outputs.get("backup").cloned() else { panic!("{:?}: not told", shell.words) };
            assert_eq!(fs::read(&path).unwrap(), old, "{:?}", shell.words);
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o604);
            kept.push(path);
        }
        kept.sort();
        kept.dedup();
        assert_eq!(kept.len(), 3, "{:?}: each under a name of its own", shell.words);
        assert!(apply(&wanted).outputs.is_empty(), "nothing was written, nothing is kept");
        assert_eq!(fs::read(kept.pop().unwrap()).unwrap().len(), 6);
    });
}

#[test]
fn only_what_is_valid_takes_a_files_place() {
    each(|shell, folder| {
        let inside = folder.join("it's a \"folder\" $HOME");
        fs::create_dir(&inside).unwrap();
        let dest = inside.join("f");
        fs::write(&dest, "old").unwrap();
        let mut wanted = content_of(&dest, Rights::default(), b"new");
        wanted.plan.file.backup = true;
        for (validate, words) in [
            ("echo told on output; echo 'it is bad' >&2; exit 3", "it is bad"),
            // The first that fails is the end.
            ("grep old %s; true", "not valid"),
            ("grep old %s\ntrue", "not valid"),
            ("no-such-program-at-all %s", "no-such-program-at-all"),
        ] {
            wanted.plan.file.validate = Some(validate.to_owned());
            let (was, output) = (snapshot(folder), shell.run(folder, &wanted.apply("t").unwrap()));
            let error = failure(&output);
            assert!(error.contains(words) && error.contains("stays as it is"), "{:?} {validate}: {error}", shell.words);
            let now = snapshot(folder);
            // The folder's own time tells of the temporary file that was in it.
            assert_eq!(was.last(), now.last(), "{:?} {validate}", shell.words);
            assert_eq!((was.len(), fs::read(&dest).unwrap()), (now.len(), b"old".to_vec()), "{:?}: nothing is left", shell.words);
        }
        for validate in ["[ \"$(cat %s)\" = new ]", "[ \"$(cat \"%s\")\" = new ]", "sh -c 'test \"$(cat \"$1\")\" = new' - '%s'", "cat <%s"]
        {
            fs::write(&dest, "old").unwrap();
            wanted.plan.file.validate = Some(validate.to_owned());
            let output = shell.run(folder, &wanted.apply("t").unwrap());
            assert_eq!(output.status.code(), Some(0), "{:?} {validate}: {output:?}", shell.words);
            assert_eq!(fs::read(&dest).unwrap(), b"new");
            assert!(wanted.applied(&output.stdout).unwrap().changed);
        }
    });
}

#[test]
fn hosts_with_less_than_usual() {
    let tools = tempfile::tempdir().unwrap();
    shells(tools.path());
    // Busybox's own shell has its tools, wherever they are.
    let shell = Shell { words: &["/bin/dash"], path: Some(tools.path().to_owned()) };
    let folder = tempfile::tempdir().unwrap();
    let dest = folder.path().join("f");
    let _ = fs::remove_file(tools.path().join("cksum"));
    fs::remove_file(tools.path().join("cmp")).unwrap();
    for bytes in [&b"one"[..], b"two", b"two"] {
        assert_eq!(shell.answer(folder.path(), &plan(&dest).small_script(bytes), b""), CopyAnswer::Changed, "it can't compare, and writes");
        assert_eq!(fs::read(&dest).unwrap(), bytes);
    }
    fs::remove_file(tools.path().join("sha256sum")).unwrap();
    let wanted = content_of(&dest, Rights::default(), b"two");
    let error = shell.run(folder.path(), &wanted.probe()).stderr;
    assert_eq!(String::from_utf8_lossy(&error), "this host needs cksum, sha256sum, shasum or openssl\n");
    symlink("/usr/bin/cksum", tools.path().join("cksum")).unwrap();
    assert_eq!(probed(&shell, folder.path(), &wanted), Ok(Found::default()), "the bytes come along, and tell");
    let large = FileContent { content: Content::Known(3, "0".repeat(64)), ..wanted };
    assert!(probed(&shell, folder.path(), &large).unwrap_err().to_string().contains("this host needs sha256sum"));
}
