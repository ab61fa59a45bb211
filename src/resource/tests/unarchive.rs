//! `unarchive` on real shells, with GNU `tar` and busybox's, Info-ZIP's `unzip` and busybox's.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::*;
use crate::text::hex;

/// How each kind of archive of what is in a folder is made.
const KINDS: [(&str, &str); 5] = [
    ("tar", "tar -cf \"$1\" -- *"),
    ("gz", "tar -czf \"$1\" -- *"),
    ("xz", "tar -cJf \"$1\" -- *"),
    ("bz2", "tar -cjf \"$1\" -- *"),
    ("zip", "zip -qry \"$1\" . -i '*'"),
];

fn made(within: &Path, command: &str, archive: &Path) {
    let _ = fs::remove_file(archive);
    let zip = archive.with_file_name("made.zip");
    let done = Command::new("bash").args(["-c", command, "-"]).arg(&zip).current_dir(within).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    // Its name must not tell what it is.
    fs::rename(zip, archive).unwrap();
}

fn unarchive(src: &Path, dest: &Path, strip: u32) -> UnarchivePlan {
    let path = |path: &Path| path.to_str().unwrap().to_owned();
    UnarchivePlan { src: path(src), dest: path(dest), strip, rights: Rights::default() }
}

fn changed(shell: &Shell, folder: &Path, plan: &UnarchivePlan) -> bool {
    let output = shell.run(folder, &plan.apply("a1b2c3").unwrap());
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{:?} {plan:?}", shell.words);
    plan.applied(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stdout}")).changed
}

fn whats(found: &Found) -> Vec<&str> {
    found.differences.iter().map(|difference| difference.what.as_str()).collect()
}

fn fill(folder: &Path, version: &str) {
    fs::create_dir_all(folder.join("app/sub dir/empty")).unwrap();
    for name in ["app/-it's $HOME", "app/sub dir/f", "app/ä", "app/*"] {
        fs::write(folder.join(name), format!("{version} {name}")).unwrap();
    }
    symlink("nowhere", folder.join("app/link")).unwrap();
}

#[test]
fn what_is_in_it_is_there_once_and_again_where_it_is_missing() {
    each(|shell, folder| {
        let source = folder.join("source");
        fill(&source, "1");
        fs::write(source.join("top"), "").unwrap();
        for (kind, command) in KINDS {
            let src = folder.join(format!("it's {kind}"));
            made(&source, command, &src);
            for strip in [0, 1] {
                let case = format!("{:?} {kind} {strip}", shell.words);
                let dest = folder.join(format!("to {kind}/{strip}"));
                let wanted = UnarchivePlan { rights: Rights { mode: Some(0o750), ..Rights::default() }, ..unarchive(&src, &dest, strip) };
                let app = if strip == 0 { dest.join("app") } else { dest.clone() };
                assert_eq!(whats(&probed(shell, folder, &wanted).unwrap()), ["state", "content", "mode"], "{case}");
                assert!(changed(shell, folder, &wanted), "{case}");
                assert_eq!(fs::read(app.join("-it's $HOME")).unwrap(), b"1 app/-it's $HOME", "{case}");
                assert_eq!(fs::read(app.join("sub dir/f")).unwrap(), b"1 app/sub dir/f", "{case}");
                assert!(app.join("ä").exists() && app.join("*").exists() && app.join("sub dir/empty").is_dir(), "{case}");
                assert!(app.join("link").is_symlink(), "{case}");
                assert_eq!(dest.join("top").exists(), strip == 0, "{case}: it has no leading part");
                let was = snapshot(folder);
                assert_eq!(probed(shell, folder, &wanted), Ok(Found::default()), "{case}");
                assert!(!changed(shell, folder, &wanted), "{case}");
                assert_eq!(snapshot(folder), was, "{case}: what is there is not touched");
                fs::write(app.join("ä"), "edited").unwrap();
                assert!(!changed(shell, folder, &wanted), "{case}: what was written since stays");
                fs::set_permissions(&dest, fs::Permissions::from_mode(0o700)).unwrap();
                assert_eq!(whats(&probed(shell, folder, &wanted).unwrap()), ["mode"], "{case}");
                assert!(changed(shell, folder, &wanted), "{case}");
                for gone in ["link", "sub dir/f"] {
                    fs::remove_file(app.join(gone)).unwrap();
                    assert_eq!(whats(&probed(shell, folder, &wanted).unwrap()), ["content"], "{case} {gone}");
                    assert!(changed(shell, folder, &wanted), "{case} {gone}");
                    assert!(app.join(gone).symlink_metadata().is_ok(), "{case} {gone}");
                }
                assert_eq!(fs::read(app.join("ä")).unwrap(), b"1 app/\xc3\xa4", "{case}: unpacked again");
            }
        }
    });
}

#[test]
fn another_archive_takes_a_stamp_away_only_where_it_writes_the_same_files() {
    each(|shell, folder| {
        let (dest, version) = (folder.join("dest"), |tag: &str| folder.join(format!("{tag}.tgz")));
        for tag in ["1", "2"] {
            let source = folder.join(format!("source {tag}"));
            fill(&source, tag);
            made(&source, KINDS[1].1, &version(tag));
        }
        fs::create_dir_all(folder.join("other/app")).unwrap();
        fs::write(folder.join("other/app/else"), "").unwrap();
        made(&folder.join("other"), KINDS[0].1, &folder.join("other.tar"));
        let plan = |tag: &str| unarchive(&version(tag), &dest, 0);
        let other = unarchive(&folder.join("other.tar"), &dest, 0);
        assert!(changed(shell, folder, &other));
        for tag in ["1", "2", "1"] {
            assert_eq!(whats(&probed(shell, folder, &plan(tag)).unwrap()).last(), Some(&"content"), "{:?} {tag}", shell.words);
            assert!(changed(shell, folder, &plan(tag)), "{:?} {tag}", shell.words);
            assert_eq!(fs::read(dest.join("app/ä")).unwrap(), format!("{tag} app/ä").into_bytes(), "{:?}", shell.words);
            assert!(!changed(shell, folder, &plan(tag)), "{:?} {tag}", shell.words);
            assert!(!changed(shell, folder, &other), "{:?}: they share a folder, and no file", shell.words);
        }
        let stripped = UnarchivePlan { strip: 1, ..plan("1") };
        assert!(changed(shell, folder, &stripped), "{:?}: other options, other members", shell.words);
        assert!(dest.join("ä").exists());
        // The same name, other bytes.
        fs::copy(version("2"), version("1")).unwrap();
        assert!(changed(shell, folder, &plan("1")), "{:?}", shell.words);
        let stamps = fs::read_dir(&dest).unwrap().filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'));
        assert_eq!(stamps.count(), 3, "{:?}", shell.words);
    });
}

#[test]
fn members_that_would_leave_the_folder_are_refused() {
    each(|shell, folder| {
        let source = folder.join("source");
        fs::create_dir_all(source.join("a/b")).unwrap();
        fs::write(source.join("a/f"), "").unwrap();
        let within = source.join("a/b");
        let absolute = format!("tar -P -cf \"$1\" {}", source.join("a/f").display());
        for (command, tars) in [
            (absolute.as_str(), true),
            ("tar -P -cf \"$1\" ../f", true),
            ("cd ..; tar -P --transform 's,^f$,x/../../f,' -cf \"$1\" f", true),
            ("cd ..; tar -P --transform 's,^f$,x/..,' -czf \"$1\" f", true),
            ("zip -q \"$1\" ../f", false),
        ] {
            let (src, dest) = (folder.join("bad"), folder.join("to/dest"));
            made(&within, command, &src);
            let plan = unarchive(&src, &dest, 0);
            let was = snapshot(folder);
            let output = shell.run(folder, &plan.probe());
            let probe = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(probe.contains("would leave") && output.status.code() == Some(1), "{:?} {command} {tars}: {probe}", shell.words);
            let output = shell.run(folder, &plan.apply("a1b2c3").unwrap());
            assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(1), &*probe), "{:?}", shell.words);
            assert_eq!(snapshot(folder), was, "{:?} {command}: nothing was changed", shell.words);
        }
        // A link first, then a file behind it.
        fs::create_dir(folder.join("outside")).unwrap();
        fs::create_dir_all(folder.join("1")).unwrap();
        fs::create_dir_all(folder.join("2/x")).unwrap();
        symlink(folder.join("outside"), folder.join("1/x")).unwrap();
        fs::write(folder.join("2/x/f"), "").unwrap();
        let src = folder.join("bad");
        made(folder, "tar -C 1 -cf \"$1\" x; tar -C 2 -rf \"$1\" x/f", &src);
        let output = shell.run(folder, &unarchive(&src, &folder.join("dest"), 0).apply("a1b2c3").unwrap());
        assert_ne!(output.status.code(), Some(0), "{:?}", shell.words);
        assert!(!folder.join("outside/f").exists(), "{:?}", shell.words);
    });
}

#[test]
fn what_is_no_whole_archive_is_told() {
    each(|shell, folder| {
        let source = folder.join("source");
        fill(&source, "1");
        fs::write(source.join("noise"), every_byte().repeat(100)).unwrap();
        let (src, dest) = (folder.join("src"), folder.join("dest"));
        let refused = |src: &Path, strip: u32, word: &str| {
            let output = shell.run(folder, &unarchive(src, &dest, strip).apply("a1b2c3").unwrap());
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.code() == Some(1) && error.contains(word), "{:?} {word}: {error}", shell.words);
        };
        for (kind, command) in KINDS {
            made(&source, command, &src);
            let whole = fs::read(&src).unwrap();
            // What is behind the last member of a plain one is only zeros.
            fs::write(&src, &whole[..whole.len() / 3]).unwrap();
            refused(&src, 0, "can't be read as an archive");
            fs::write(&src, &whole).unwrap();
            refused(&src, 9, "none with more than 9 leading parts");
            assert!(!dest.exists(), "{:?} {kind}", shell.words);
        }
        fs::write(&src, "no archive at all\n".repeat(100)).unwrap();
        refused(&src, 0, "can't be read as an archive");
        refused(&folder.join("none"), 0, "No such file");
        refused(&source, 0, "is no regular file");
        fs::write(&dest, "").unwrap();
        refused(&src, 0, "is there, and no folder");
    });
}

#[test]
fn owners_are_given_to_what_is_unpacked() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    each(|shell, folder| {
        let (source, src, dest) = (folder.join("source"), folder.join("src"), folder.join("dest"));
        fill(&source, "1");
        made(&source, KINDS[1].1, &src);
        fs::create_dir(&dest).unwrap();
        fs::write(dest.join("mine"), "").unwrap();
        let rights = Rights { mode: Some(0o711), owner: Some("daemon".to_owned()), group: Some("1".to_owned()) };
        let wanted = UnarchivePlan { rights, ..unarchive(&src, &dest, 0) };
        assert_eq!(whats(&probed(shell, folder, &wanted).unwrap()), ["content", "mode", "owner", "group"]);
        assert!(changed(shell, folder, &wanted));
        for path in ["", "app", "app/ä", "app/sub dir/empty", "app/link"] {
            let meta = dest.join(path).symlink_metadata().unwrap();
            assert_eq!((meta.uid(), meta.gid()), (1, 1), "{:?} {path}", shell.words);
        }
        assert_eq!(dest.join("mine").metadata().unwrap().uid(), 0, "{:?}: no member", shell.words);
        assert_eq!(probed(shell, folder, &wanted), Ok(Found::default()));
    });
}

#[test]
fn an_archive_that_is_sent_is_asked_for_first() {
    each(|shell, folder| {
        let (source, src, dest) = (folder.join("source"), folder.join("src"), folder.join("to/dest"));
        fill(&source, "1");
        for (kind, command) in [KINDS[1], KINDS[4]] {
            made(&source, command, &src);
            let bytes = fs::read(&src).unwrap();
            let (size, sha256) = (bytes.len() as u64, hex(&Sha256::digest(&bytes)));
            let rights = Rights { mode: Some(0o755), ..Rights::default() };
            let wanted = UnarchivePlan { rights, ..unarchive(Path::new("files/app"), &dest, 1) };
            let check = wanted.check_script(size, &sha256);
            let sent = SentArchive { plan: wanted.clone(), sha256: sha256.clone() };
            assert_eq!(whats(&probed(shell, folder, &sent).unwrap()), ["state", "content", "mode"], "{:?} {kind}", shell.words);
            let was = snapshot(folder);
            assert_eq!(shell.answer(folder, &check, b""), CopyAnswer::Send, "{kind}");
            assert_eq!(snapshot(folder), was, "{:?}", shell.words);
            for wrong in [&bytes[1..], &[&bytes[..], b"more"].concat()] {
                let error = failure(&shell.run_with(folder, &wanted.upload_script(size, &sha256, "a1b2c3"), wrong));
                assert!(error.contains(&format!("{} of {size} bytes arrived of files/app", wrong.len())), "{:?} {error}", shell.words);
            }
            let error = failure(&shell.run_with(folder, &wanted.upload_script(size, &"0".repeat(64), "a1b2c3"), &bytes));
            assert!(error.contains(&format!("files/app arrived with the digest {sha256}")), "{:?}: {error}", shell.words);
            assert!(!dest.exists(), "{:?} {kind}", shell.words);
            assert_eq!(shell.answer(folder, &wanted.upload_script(size, &sha256, "a1b2c3"), &bytes), CopyAnswer::Changed, "{kind}");
            assert_eq!(fs::read(dest.join("ä")).unwrap(), b"1 app/\xc3\xa4");
            assert_eq!(shell.answer(folder, &check, b""), CopyAnswer::Ok, "{kind}");
            assert_eq!(fs::read_dir(&dest).unwrap().count(), 6, "{:?}: five members and a stamp", shell.words);
            assert_eq!(probed(shell, folder, &sent), Ok(Found::default()), "{:?} {kind}", shell.words);
            let other = SentArchive { sha256: "0".repeat(64), ..sent.clone() };
            assert_eq!(whats(&probed(shell, folder, &other).unwrap()), ["content"], "{:?} {kind}", shell.words);
            fs::set_permissions(&dest, fs::Permissions::from_mode(0o700)).unwrap();
            assert_eq!(whats(&probed(shell, folder, &sent).unwrap()), ["mode"], "{:?} {kind}", shell.words);
            assert_eq!(shell.answer(folder, &check, b""), CopyAnswer::Changed, "{kind}");
            fs::remove_dir_all(&dest).unwrap();
        }
    });
}

#[test]
fn one_that_was_killed_is_not_taken_for_whole() {
    let tools = tempfile::tempdir().unwrap();
    for shell in &shells(tools.path()) {
        let folder = tempfile::tempdir().unwrap();
        let (source, src, dest) = (folder.path().join("source"), folder.path().join("src"), folder.path().join("dest"));
        fs::create_dir(&source).unwrap();
        (0..300).for_each(|number| fs::write(source.join(format!("f{number}")), every_byte()).unwrap());
        made(&source, KINDS[1].1, &src);
        let wanted = unarchive(&src, &dest, 0);
        let whole = kill::killed(shell, folder.path(), &wanted.apply("t").unwrap(), b"", Duration::from_secs(60));
        let mut ends = [0, 0];
        for attempt in 0..20 {
            fs::remove_dir_all(&dest).unwrap_or_default();
            kill::killed(shell, folder.path(), &wanted.apply(&format!("t{attempt}")).unwrap(), b"", whole * (attempt + 1) / 20);
            let same = wanted.compare(&shell.run(folder.path(), &wanted.probe()).stdout) == Ok(Found::default());
            let there = (0..300).all(|number| fs::read(dest.join(format!("f{number}"))).is_ok_and(|bytes| bytes == every_byte()));
            assert!(there || !same, "{:?}: something is missing, and nobody says so", shell.words);
            ends[usize::from(same)] += 1;
        }
        assert!(ends[0] > 0, "{:?}: {ends:?}", shell.words);
        changed(shell, folder.path(), &wanted);
        assert_eq!(probed(shell, folder.path(), &wanted), Ok(Found::default()), "{:?}", shell.words);
    }
}

#[test]
fn probe_texts_and_what_is_made_of_them() {
    let wanted = unarchive(Path::new("/x.tgz"), Path::new("/opt/x"), 0);
    let sum = "ab".repeat(32);
    let compare = |text: &str| wanted.compare(format!("{text}\n{sum}\n").as_bytes());
    assert_eq!(compare("stat 41ed/4096/1/0/0/root/root\nsame"), Ok(Found::default()));
    let content = Difference::new("content", None, Some("/x.tgz, sha256 abababababab".to_owned()));
    let found = compare("stat 41ed/4096/1/0/0/root/root\nother").unwrap();
    assert_eq!(found.differences, [content]);
    assert_eq!(whats(&compare("absent\nother").unwrap()), ["state", "content"]);
    assert!(compare("stat 81a4/9/1/0/0/root/root\nother").unwrap_err().to_string().contains("is a file, and no folder"));
    assert!(compare("stat a1ff/9/1/0/0/root/root\ntarget none\nother").unwrap_err().to_string().contains("is a link"));
    assert!(compare("absent\nwhat?").is_err());
    let touched = [Touch::Tree("/opt/x".to_owned()), Touch::Path("/opt/x".to_owned()), Touch::Path("/opt".to_owned())];
    assert_eq!(wanted.touches(), touched);
    let asked = [Touch::Path(wanted.src.clone()), Touch::Tree("/opt/x".to_owned())];
    assert_eq!(wanted.asks(), asked, "folders above are made without a look");
    let sent = SentArchive { plan: wanted, sha256: "ab".repeat(32) };
    assert_eq!((sent.touches(), sent.asks()), (touched.to_vec(), asked[1..].to_vec()), "what is sent is not on the host");
}
