//! `line` and `text` on real shells: read, edited, written only if it is still what was read.

use super::*;

fn line(dest: &Path, rights: Rights, create: bool) -> LineFile {
    let edit = LineEdit { line: "b".to_owned(), matching: None, place: EditPlace::End, absent: false };
    LineFile { file: with_rights(dest, rights).file, create, edit }
}

fn text(dest: &Path, create: bool, text: Option<&str>) -> TextFile {
    let edit = BlockEdit { begin: "# <".to_owned(), end: "# >".to_owned(), text: text.map(str::to_owned), place: EditPlace::End };
    TextFile { file: plan(dest).file, create, edit }
}

/// Writes what the comparison says is to be written.
fn write(shell: &Shell, folder: &Path, found: &Found) -> Output {
    let (mut plan, bytes) = *found.write.clone().unwrap();
    plan.token = "a1b2c3".to_owned();
    let small = shell.run(folder, &plan.small_script(&bytes[..bytes.len().min(SMALL)]));
    if bytes.len() <= SMALL { small } else { shell.run_with(folder, &plan.upload_script(bytes.len() as u64), &bytes) }
}

fn whats(found: &Found) -> Vec<&str> {
    found.differences.iter().map(|difference| difference.what.as_str()).collect()
}

#[test]
fn a_file_is_read_edited_and_written() {
    const LONG: &str = "0123456789abcde\n";
    let long = LONG.repeat(1600);
    each(|shell, folder| {
        let target = folder.join("real one");
        symlink("real one", folder.join("link")).unwrap();
        for (old, new) in [
            ("", "b\n"),
            ("a", "a\nb\n"),
            ("a\n", "a\nb\n"),
            ("a\r\n", "a\r\nb\r\n"),
            ("it's $HOME \\n\n", "it's $HOME \\n\nb\n"),
            (&long, &format!("{long}b\n")),
            ("b", "b"),
            ("b\r\n", "b\r\n"),
        ] {
            for name in ["real one", "link"] {
                let case = format!("{:?} {old:.20?} {name}", shell.words);
                fs::write(&target, old).unwrap();
                fs::set_permissions(&target, fs::Permissions::from_mode(0o604)).unwrap();
                let wanted = line(&folder.join(name), Rights { mode: Some(0o604), ..Rights::default() }, false);
                let found = probed(shell, folder, &wanted).unwrap();
                if old == new {
                    assert_eq!(found, Found::default(), "{case}");
                    continue;
                }
                assert_eq!(whats(&found), ["content"], "{case}");
                let output = write(shell, folder, &found);
                assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{case}");
                assert!(wanted.applied(&output.stdout).unwrap().changed, "{case}");
                assert_eq!((fs::read(&target).unwrap(), target.metadata().unwrap().mode() & 0o7777), (new.into(), 0o604), "{case}");
                assert_eq!(probed(shell, folder, &wanted), Ok(Found::default()), "{case}: there is nothing left to do");
            }
        }
        assert!(folder.join("link").is_symlink());
    });
}

#[test]
fn a_file_that_is_not_there() {
    each(|shell, folder| {
        let dest = folder.join("-f");
        let refused = probed(shell, folder, &line(&dest, Rights::default(), false)).unwrap_err().to_string();
        assert_eq!(refused, format!("there is no file {}; `create: true` makes it", dest.display()));
        assert_eq!(probed(shell, folder, &text(&dest, false, None)), Ok(Found::default()), "no block is to be, and none is");
        let wanted = line(&dest, Rights { mode: Some(0o600), ..Rights::default() }, true);
        let found = probed(shell, folder, &wanted).unwrap();
        assert_eq!(whats(&found), ["state", "mode", "content"]);
        assert_eq!(String::from_utf8_lossy(&write(shell, folder, &found).stderr), "", "{:?}", shell.words);
        assert_eq!((fs::read(&dest).unwrap(), dest.metadata().unwrap().mode() & 0o7777), (b"b\n".to_vec(), 0o600));
        let lost = folder.join("none/f");
        let found = probed(shell, folder, &line(&lost, Rights::default(), true)).unwrap();
        assert_eq!(found.missing.as_deref(), folder.join("none").to_str());
        assert!(failure(&write(shell, folder, &found)).contains("does not exist"));
    });
}

#[test]
fn what_changed_meanwhile_is_not_overwritten() {
    each(|shell, folder| {
        let dest = folder.join("f");
        fs::write(&dest, "a\n").unwrap();
        let found = probed(shell, folder, &text(&dest, true, Some("1\n2"))).unwrap();
        fs::write(&dest, "c\n").unwrap();
        let error = failure(&write(shell, folder, &found));
        assert_eq!(error, format!("{} is another than it was when it was read\n", dest.display()), "{:?}", shell.words);
        assert_eq!(fs::read(&dest).unwrap(), b"c\n");
        fs::remove_file(&dest).unwrap();
        let error = failure(&write(shell, folder, &found));
        assert_eq!(error, format!("{} is another than it was when it was read\n", dest.display()), "{:?}: gone", shell.words);
        let found = probed(shell, folder, &text(&dest, true, Some("1\n2"))).unwrap();
        fs::write(&dest, "another's\n").unwrap();
        assert!(failure(&write(shell, folder, &found)).contains("another than it was"), "{:?}: it came meanwhile", shell.words);
        assert_eq!(fs::read(&dest).unwrap(), b"another's\n");
    });
}

#[test]
fn rights_alone_are_a_difference() {
    each(|shell, folder| {
        let dest = folder.join("f");
        fs::write(&dest, "b\n").unwrap();
        fs::set_permissions(&dest, fs::Permissions::from_mode(0o644)).unwrap();
        let wanted = line(&dest, Rights { mode: Some(0o600), ..Rights::default() }, false);
        let found = probed(shell, folder, &wanted).unwrap();
        assert_eq!(whats(&found), ["mode"]);
        let inode = dest.metadata().unwrap().ino();
        assert!(wanted.applied(&write(shell, folder, &found).stdout).unwrap().changed);
        assert_eq!((dest.metadata().unwrap().ino(), dest.metadata().unwrap().mode() & 0o7777), (inode, 0o600), "{:?}", shell.words);
        assert_eq!(probed(shell, folder, &wanted), Ok(Found::default()));
    });
}

#[test]
fn what_is_no_text_is_refused() {
    each(|shell, folder| {
        let dest = folder.join("f");
        let refused = || probed(shell, folder, &line(&dest, Rights::default(), true)).unwrap_err().to_string();
        fs::write(&dest, every_byte()).unwrap();
        assert!(refused().contains("is no text in UTF-8"), "{:?}", shell.words);
        fs::remove_file(&dest).unwrap();
        fs::create_dir(&dest).unwrap();
        assert!(refused().contains("is a folder"), "{:?}", shell.words);
        fs::remove_dir(&dest).unwrap();
        fs::File::create(&dest).unwrap().set_len(5 * 1024 * 1024).unwrap();
        assert!(refused().contains("has 5242880 bytes, too many to edit"), "{:?}", shell.words);
    });
}

#[test]
fn probe_texts_and_what_is_made_of_them() {
    let wanted = text(Path::new("/etc/x"), false, Some("1"));
    let compare = |probed: &str| wanted.compare(probed.as_bytes());
    let stat = "stat 81a4/2/1/0/0/root/root\nfolder\nd\n77 2\ncontent\n";
    let found = compare(&format!("{stat}a\n")).unwrap();
    let (plan, bytes) = *found.write.unwrap();
    assert_eq!((plan.expect.as_deref(), &*String::from_utf8(bytes).unwrap()), (Some("77 2"), "a\n# <\n1\n# >\n"));
    let diff = found.differences[0].diff.clone().unwrap();
    assert_eq!(diff, "--- /etc/x\n+++ /etc/x\n@@ -1 +1,4 @@\n a\n+# <\n+1\n+# >\n");
    assert_eq!(compare(&format!("{stat}# <\n1\n# >")), Ok(Found::default()));
    let half = compare(&format!("{stat}a\n# >\n")).unwrap_err().to_string();
    assert_eq!(half, "line 2 is `# >`, and its counterpart is missing");
    assert_eq!(compare("absent\nfolder\n").unwrap_err().to_string(), "there is no file /etc/x; `create: true` makes it");
    let made = text(Path::new("/etc/x"), true, Some("1")).compare(b"absent\nalone /etc\n").unwrap();
    assert_eq!((made.missing.as_deref(), made.write.unwrap().0.expect.as_deref()), (Some("/etc"), Some("")));
    assert!(compare("?").is_err());
}
