//! `file`, `directory` and `link` on real shells: what the pure comparison says is what the script does.

use super::*;

fn at(folder: &Path, name: &str, wanted: WantedPath) -> PathPlan {
    PathPlan { dest: folder.join(name).to_str().unwrap().to_owned(), wanted }
}

fn rights(mode: u32) -> Rights {
    Rights { mode: Some(mode), owner: Some(me()), group: None }
}

/// What stands at a path before a test.
fn put(path: &Path, what: &str) {
    match what {
        "nothing" => {}
        "file" => fs::write(path, "text").unwrap(),
        "folder" => fs::create_dir(path).unwrap(),
        "full folder" => {
            fs::create_dir(path).unwrap();
            fs::write(path.join("x"), "").unwrap();
        }
        "link" => symlink("right", path).unwrap(),
        "other link" => symlink("else where", path).unwrap(),
        other => unreachable!("{other}"),
    }
    if matches!(what, "file" | "folder" | "full folder") {
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
    }
}

#[test]
fn the_script_does_what_the_comparison_says() {
    let link = |force| WantedPath::Link { target: "right".to_owned(), force };
    let wanted = [
        ("absent", WantedPath::Absent { force: false }),
        ("absent, forced", WantedPath::Absent { force: true }),
        ("file", WantedPath::File(rights(0o640))),
        ("file, any", WantedPath::File(Rights::default())),
        ("directory", WantedPath::Directory(rights(0o750))),
        ("directory, as it is", WantedPath::Directory(rights(0o700))),
        ("link", link(false)),
        ("link, forced", link(true)),
    ];
    each(|shell, folder| {
        for there in ["nothing", "file", "folder", "full folder", "link", "other link"] {
            for (name, wanted) in &wanted {
                let case = format!("{:?} {there} {name}", shell.words);
                let inside = tempfile::tempdir_in(folder).unwrap();
                let plan = at(inside.path(), "-it's $HOME", wanted.clone());
                put(Path::new(&plan.dest), there);
                let before = probed(shell, folder, &plan);
                let output = shell.run(folder, &plan.apply("t").unwrap());
                let Ok(found) = before else {
                    assert_ne!(output.status.code(), Some(0), "{case}");
                    assert_eq!(probed(shell, folder, &plan), before, "{case}: nothing was changed");
                    continue;
                };
                let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
                assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{case}");
                let applied = plan.applied(&output.stdout).unwrap_or_else(|error| panic!("{case}: {error}: {stdout}"));
                assert_eq!(applied.changed, !found.differences.is_empty(), "{case}");
                assert_eq!(applied.differences, found.differences, "{case}");
                assert_eq!(probed(shell, folder, &plan), Ok(Found::default()), "{case}: there is nothing left to do");
            }
        }
    });
}

#[test]
fn folders_above_are_made_and_links_followed() {
    each(|shell, folder| {
        let plan = at(folder, "a/b/c", WantedPath::Directory(rights(0o700)));
        assert_eq!(shell.run(folder, &plan.apply("t").unwrap()).status.code(), Some(0));
        assert_eq!(fs::metadata(folder.join("a/b/c")).unwrap().mode() & 0o7777, 0o700);
        symlink("a/b", folder.join("there")).unwrap();
        let plan = at(folder, "there", WantedPath::Directory(rights(0o711)));
        assert_eq!(shell.run(folder, &plan.apply("t").unwrap()).status.code(), Some(0));
        assert!(folder.join("there").is_symlink());
        assert_eq!(fs::metadata(folder.join("a/b")).unwrap().mode() & 0o7777, 0o711);
    });
}

#[test]
fn what_no_slip_may_remove() {
    each(|shell, folder| {
        for path in [".", "..", "x/..", "x/."] {
            let plan = PathPlan { dest: path.to_owned(), wanted: WantedPath::Absent { force: true } };
            let output = shell.run(folder, &plan.apply("t").unwrap());
            assert!(String::from_utf8_lossy(&output.stderr).contains("can't be removed"), "{path}");
            assert!(folder.exists());
        }
    });
}

#[test]
fn a_folders_group_bit_goes_where_the_mode_has_none() {
    each(|shell, folder| {
        let plan = at(folder, "d", WantedPath::Directory(rights(0o755)));
        fs::create_dir(&plan.dest).unwrap();
        fs::set_permissions(&plan.dest, fs::Permissions::from_mode(0o2755)).unwrap();
        assert_eq!(shell.run(folder, &plan.apply("t").unwrap()).status.code(), Some(0), "{:?}", shell.words);
        assert_eq!(probed(shell, folder, &plan), Ok(Found::default()));
    });
}

#[test]
fn a_folders_answer_hangs_on_itself_and_not_on_those_above() {
    let directory = PathPlan { dest: "/srv/a".to_owned(), wanted: WantedPath::Directory(Rights::default()) };
    assert_eq!(directory.asks(), [Touch::Path("/srv/a".to_owned())]);
    assert_eq!(directory.touches(), ["/srv/a", "/srv"].map(|path| Touch::Path(path.to_owned())), "they may be made");
    let gone = PathPlan { wanted: WantedPath::Absent { force: true }, ..directory };
    assert_eq!(gone.asks(), gone.touches());
}
