//! `archive` on real shells and with two kinds of `tar`.

use super::*;

const FORMATS: [(ArchiveFormat, &str); 4] =
    [(ArchiveFormat::Tar, "-t"), (ArchiveFormat::TarGz, "-tz"), (ArchiveFormat::TarXz, "-tJ"), (ArchiveFormat::TarBz2, "-tj")];

fn archive(dest: &Path, src: &[&Path], format: ArchiveFormat) -> ArchivePlan {
    let src = src.iter().map(|path| path.to_str().unwrap().to_owned()).collect();
    ArchivePlan { file: plan(dest).file, src, format }
}

fn changed(shell: &Shell, folder: &Path, plan: &ArchivePlan) -> bool {
    let output = shell.run(folder, &plan.apply("a1b2c3").unwrap());
    assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""), "{:?}", shell.words);
    plan.applied(&output.stdout).unwrap().changed
}

/// What GNU `tar` finds in it.
fn listed(dest: &Path, flags: &str) -> Vec<String> {
    let output = Command::new("tar").args([flags, "--quoting-style=literal", "-f"]).arg(dest).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

fn fill(app: &Path) {
    fs::create_dir_all(app.join("z/deep")).unwrap();
    fs::create_dir(app.join("empty")).unwrap();
    for name in ["b", "a b", "it's $HOME", "-n", "ä", "z/deep/x", "z.x", "*", "back\\nslash"] {
        fs::write(app.join(name), name).unwrap();
    }
    fs::write(app.join(format!("z/{}", "long".repeat(40))), every_byte()).unwrap();
    symlink("nowhere", app.join("link")).unwrap();
    drop(std::os::unix::net::UnixListener::bind(app.join("socket")).unwrap());
}

#[test]
fn an_archive_is_made_once_and_again_where_something_changed() {
    each(|shell, folder| {
        let app = folder.join("-app");
        fill(&app);
        for (format, flags) in FORMATS {
            let dest = folder.join(format!("it's {flags}"));
            let wanted = archive(&dest, &[&app], format);
            let own_tools = shell.path.is_some();
            if own_tools && format == ArchiveFormat::TarXz {
                // Debian's busybox unpacks it only.
                continue;
            }
            let what = |found: &Found| found.differences.first().map(|difference| difference.what.clone());
            assert_eq!(what(&probed(shell, folder, &wanted).unwrap()).as_deref(), Some("state"));
            assert!(changed(shell, folder, &wanted), "{:?} {flags}", shell.words);
            let names = listed(&dest, flags);
            let bare: Vec<&str> = names.iter().map(|name| name.trim_end_matches('/')).collect();
            let mut sorted = bare.clone();
            sorted.sort_unstable();
            assert_eq!(bare, sorted, "{:?} {flags}", shell.words);
            assert_eq!((bare[0], bare.len()), ("-app", 15), "{:?} {flags}: all but the socket: {bare:?}", shell.words);
            assert!(bare.contains(&"-app/it's $HOME") && bare.contains(&"-app/back\\nslash") && bare.contains(&"-app/ä"), "{bare:?}");
            let was = snapshot(folder);
            assert_eq!(probed(shell, folder, &wanted), Ok(Found::default()), "{:?} {flags}", shell.words);
            assert!(!changed(shell, folder, &wanted), "{:?} {flags}: it would be the same", shell.words);
            let now = snapshot(folder);
            assert_eq!(was, now, "{:?} {flags}: what is right is not touched", shell.words);
            fs::write(app.join("b"), flags).unwrap();
            assert_eq!(what(&probed(shell, folder, &wanted).unwrap()).as_deref(), Some("content"), "{:?} {flags}", shell.words);
            assert!(changed(shell, folder, &wanted), "{:?} {flags}", shell.words);
            assert_eq!(probed(shell, folder, &wanted), Ok(Found::default()), "{:?} {flags}", shell.words);
        }
    });
}

#[test]
fn several_paths_are_named_from_what_they_share() {
    each(|shell, folder| {
        for path in ["a/x", "a/y", "b"] {
            fs::create_dir_all(folder.join(path)).unwrap();
            fs::write(folder.join(path).join("f"), path).unwrap();
        }
        let dest = folder.join("all.tar");
        let wanted = archive(&dest, &[&folder.join("b"), &folder.join("a/x"), &folder.join("a/x/f")], ArchiveFormat::Tar);
        assert!(changed(shell, folder, &wanted));
        assert_eq!(listed(&dest, "-t"), ["a/x/", "a/x/f", "b/", "b/f"], "{:?}", shell.words);
        let wanted = archive(Path::new("one.tar"), &[Path::new("a/y")], ArchiveFormat::Tar);
        assert!(changed(shell, folder, &wanted), "from the lane's own folder");
        assert_eq!(listed(&folder.join("one.tar"), "-t"), ["y/", "y/f"], "{:?}", shell.words);
    });
}

#[test]
fn what_cannot_be_archived_leaves_the_old_one() {
    each(|shell, folder| {
        let (app, dest) = (folder.join("app"), folder.join("x.tar.gz"));
        fill(&app);
        fs::write(&dest, "old").unwrap();
        let refused = |plan: &ArchivePlan| {
            let was = snapshot(folder);
            let probe = shell.run(folder, &plan.probe());
            let apply = failure(&shell.run(folder, &plan.apply("a1b2c3").unwrap()));
            assert_eq!((probe.status.code(), &*String::from_utf8_lossy(&probe.stderr)), (Some(1), &*apply), "{:?}", shell.words);
            assert_eq!(snapshot(folder), was, "{:?}", shell.words);
            apply
        };
        let error = refused(&archive(&dest, &[&app, &folder.join("none")], ArchiveFormat::TarGz));
        assert!(error.contains("none: No such file") || error.contains("none': No such file"), "{:?}: {error}", shell.words);
        let error = refused(&archive(&app.join("z/x.tar"), &[&app], ArchiveFormat::Tar));
        assert!(error.contains("which it is to hold"), "{:?}: {error}", shell.words);
        assert!(refused(&archive(&dest, &[&app.join("../app")], ArchiveFormat::Tar)).contains("`..`"));
        fs::write(app.join("two\nlines"), "").unwrap();
        assert!(refused(&archive(&dest, &[&app], ArchiveFormat::Tar)).contains("several lines"), "{:?}", shell.words);
        fs::remove_file(app.join("two\nlines")).unwrap();
        // A packer that fails, of which a pipe would not tell.
        let script = archive(&dest, &[&app], ArchiveFormat::TarGz).apply("a1b2c3").unwrap();
        let error = failure(&shell.run(folder, &format!("gzip() {{ cat >/dev/null; return 1; }}\n{script}")));
        assert!(error.contains("can't be packed"), "{:?}: {error}", shell.words);
        assert_eq!(fs::read(&dest).unwrap(), b"old");
    });
}

#[test]
fn probe_texts_and_what_is_made_of_them() {
    let wanted = archive(Path::new("/x.tar"), &[Path::new("/srv")], ArchiveFormat::Tar);
    let stat = "stat 81a4/9/1/0/0/root/root\nfolder\n";
    let (old, new) = ("ab".repeat(32), "cd".repeat(32));
    assert_eq!(wanted.compare(format!("{stat}{old}\n{old}\n").as_bytes()), Ok(Found::default()));
    let found = wanted.compare(format!("{stat}{old}\n{new}\n").as_bytes()).unwrap();
    assert_eq!(found.differences[0].to.as_deref(), Some("sha256 cdcdcdcdcdcd"));
    assert!(wanted.compare(format!("{stat}\n\n").as_bytes()).unwrap_err().to_string().contains("sha256sum"));
    assert_eq!(wanted.compare(b"absent\nalone /\n").unwrap().missing.as_deref(), Some("/"));
}

#[test]
fn its_answer_hangs_on_what_it_holds() {
    let wanted = archive(Path::new("/b.tar"), &[Path::new("/srv/a"), Path::new("/srv/b")], ArchiveFormat::Tar);
    let [held, other] = ["/srv/a", "/srv/b"].map(|path| Touch::Tree(path.to_owned()));
    assert_eq!(wanted.asks(), [held, other, Touch::Path("/b.tar".to_owned())]);
    assert_eq!(wanted.touches(), [Touch::Path("/b.tar".to_owned())]);
}
