//! `copy` on real shells: what is written, kept, asked first, and left behind by one that is ended.

use super::*;

#[test]
fn copy_writes_what_differs_and_only_that() {
    each(|shell, folder| {
        for (name, content) in
            [("t", b"it's\n$(id) `x` \\n%s\n".to_vec()), ("b", every_byte()), ("e", Vec::new()), ("l", b"x".repeat(30_000))]
        {
            let dest = folder.join(name);
            let script = plan(&dest).small_script(&content);
            assert_eq!(shell.answer(folder, &script, b""), CopyAnswer::Changed);
            assert!(fs::read(&dest).unwrap() == content, "{:?} {name}", shell.words);
            assert_eq!(dest.metadata().unwrap().mode() & 0o7777, 0o644, "by the umask");
            let inode = dest.metadata().unwrap().ino();
            assert_eq!(shell.answer(folder, &script, b""), CopyAnswer::Ok);
            assert_eq!(dest.metadata().unwrap().ino(), inode, "not touched");
        }
    });
}

#[test]
fn copy_keeps_or_sets_owner_and_mode() {
    if !rustix::process::geteuid().is_root() {
        // Only root gives files away; what others can do is the next test.
        return;
    }
    each(|shell, folder| {
        let dest = folder.join("f");
        fs::write(&dest, "old").unwrap();
        std::os::unix::fs::chown(&dest, Some(1), Some(2)).unwrap();
        fs::set_permissions(&dest, fs::Permissions::from_mode(0o4751)).unwrap();
        let facts = || {
            let meta = dest.metadata().unwrap();
            (meta.mode() & 0o7777, meta.uid(), meta.gid())
        };
        assert_eq!(shell.answer(folder, &plan(&dest).small_script(b"new"), b""), CopyAnswer::Changed);
        assert_eq!(facts(), (0o4751, 1, 2), "{:?}", shell.words);
        let wanted = with_rights(&dest, Rights { mode: Some(0o600), owner: Some("root".to_owned()), group: Some("0".to_owned()) });
        assert_eq!(shell.answer(folder, &wanted.small_script(b"new"), b""), CopyAnswer::Changed, "rights alone");
        assert_eq!(facts(), (0o600, 0, 0));
        assert_eq!(shell.answer(folder, &wanted.small_script(b"new"), b""), CopyAnswer::Ok);
        let wanted = with_rights(&dest, Rights { mode: Some(0o640), group: Some("daemon".to_owned()), ..Rights::default() });
        assert_eq!(shell.answer(folder, &wanted.small_script(b"newer"), b""), CopyAnswer::Changed);
        assert_eq!((facts().0, facts().1), (0o640, 0));
        let wanted = with_rights(&dest, Rights { owner: Some("no such user".to_owned()), ..Rights::default() });
        let error = failure(&shell.run(folder, &wanted.small_script(b"newest")));
        assert!(error.contains("no such user"), "{error}");
        assert_eq!(fs::read(&dest).unwrap(), b"newer", "a failure leaves all as it was");
    });
}

#[test]
fn copy_works_for_plain_users() {
    // As root, by way of `setpriv`; else as whoever this is.
    const NOBODY: u32 = 65534;
    let root = rustix::process::geteuid().is_root();
    each(|shell, folder| {
        if root {
            std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let answer = |script: &str| {
            let mut words =
                if root { vec!["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] } else { Vec::new() };
            words.extend(shell.words);
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).args(["-c", &format!("umask 027; ( eval {} )", crate::text::quote(script))]).current_dir(folder);
            if let Some(path) = &shell.path {
                std::fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
                command.env("PATH", path);
            }
            let output = command.output().unwrap();
            (String::from_utf8(output.stdout).unwrap().trim().to_owned(), String::from_utf8(output.stderr).unwrap())
        };
        let done = |word: &str| (word.to_owned(), String::new());
        let dest = folder.join("f");
        assert_eq!(answer(&plan(&dest).small_script(b"one")), done("changed"), "{:?}", shell.words);
        assert_eq!(dest.metadata().unwrap().mode() & 0o7777, 0o640);
        fs::set_permissions(&dest, fs::Permissions::from_mode(0o604)).unwrap();
        assert_eq!(answer(&plan(&dest).small_script(b"two")), done("changed"));
        assert_eq!(dest.metadata().unwrap().mode() & 0o7777, 0o604);
        assert_eq!(answer(&plan(&dest).small_script(b"two")), done("ok"));
        if root {
            std::os::unix::fs::chown(&dest, Some(0), Some(0)).unwrap();
            let (word, error) = answer(&plan(&dest).small_script(b"three"));
            assert!(word.is_empty() && error.contains("can't keep the owner"), "{word} {error}");
            assert_eq!(fs::read(&dest).unwrap(), b"two");
        }
        let error = answer(&plan(Path::new("/f")).small_script(b"x")).1;
        assert!(error.contains("can't write in the folder /"), "{error}");
    });
}

#[test]
fn copy_follows_links_and_refuses_folders() {
    each(|shell, folder| {
        fs::create_dir(folder.join("real")).unwrap();
        symlink("real/f", folder.join("one")).unwrap();
        symlink("one", folder.join("two")).unwrap();
        assert_eq!(shell.answer(folder, &plan(&folder.join("two")).small_script(b"x"), b""), CopyAnswer::Changed);
        assert_eq!(fs::read(folder.join("real/f")).unwrap(), b"x");
        assert!(folder.join("two").is_symlink());
        let refused = |dest: &str| failure(&shell.run(folder, &plan(Path::new(dest)).small_script(b"x")));
        assert!(refused("real").contains("real is a folder; dest is the file itself"));
        assert!(refused("none/").contains("names a folder"));
        assert!(refused("none/f").contains("the folder none does not exist"));
        assert!(refused("/dev/null").contains("no regular file"));
        symlink("loop", folder.join("loop")).unwrap();
        assert!(refused("loop").contains("too many links"));
        assert_eq!(shell.answer(folder, &plan(Path::new("-@MODE@ $x")).small_script(b"y"), b""), CopyAnswer::Changed);
        assert_eq!(fs::read(folder.join("-@MODE@ $x")).unwrap(), b"y");
    });
}

#[test]
fn large_copies_ask_first() {
    use sha2::Digest as _;
    each(|shell, folder| {
        let dest = folder.join("large");
        let content = every_byte().repeat(3000);
        let sha256 = crate::text::hex(&sha2::Sha256::digest(&content));
        let plan = with_rights(&dest, Rights { mode: Some(0o755), ..Rights::default() });
        let size = content.len() as u64;
        let check = plan.check_script(size, &sha256);
        assert_eq!(shell.answer(folder, &check, b""), CopyAnswer::Send);
        for wrong in [&content[1..], &[&content[..], b"more"].concat()] {
            let error = failure(&shell.run_with(folder, &plan.upload_script(size), wrong));
            assert!(error.contains(&format!("{} of {size} bytes arrived", wrong.len())), "{error}");
            assert!(!dest.exists());
        }
        assert_eq!(shell.answer(folder, &plan.upload_script(size), &content), CopyAnswer::Changed);
        assert!(fs::read(&dest).unwrap() == content);
        assert_eq!(dest.metadata().unwrap().mode() & 0o7777, 0o755);
        assert_eq!(shell.answer(folder, &check, b""), CopyAnswer::Ok);
        fs::set_permissions(&dest, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(shell.answer(folder, &check, b""), CopyAnswer::Changed);
        assert_eq!(shell.answer(folder, &plan.upload_script(size), &content), CopyAnswer::Ok, "the host could not compare before");
    });
}

#[test]
fn what_killed_writers_left_goes_and_nothing_else() {
    each(|shell, folder| {
        let me = std::process::id();
        let stat = |id: u32| fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let birth = |id: u32| Some(stat(id).rsplit(") ").next()?.split(' ').nth(19)?.to_owned());
        let (Some(born), Some(first)) = (birth(me), birth(1)) else { return };
        let kernel = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
        let boot = format!("{first}.{}", kernel.split('-').next().unwrap());
        let mut over = Command::new("true").spawn().unwrap();
        let zombie = over.id();
        while !stat(zombie).contains(") Z ") {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let zombie_born = birth(zombie).unwrap();
        let left = |name: &str| folder.join(format!(".roundsman-aa-{name}"));
        let gone = [format!("{me}-1-{boot}"), format!("4194305-7-{boot}"), format!("{zombie}-{zombie_born}-{boot}")];
        let stay = [format!("{me}-{born}-{boot}"), format!("{me}-x-{boot}"), format!("4194305-7-0{boot}"), "other".to_owned()];
        for name in gone.iter().chain(&stay) {
            fs::write(left(name), "part").unwrap();
        }
        assert_eq!(shell.answer(folder, &plan(&folder.join("f")).small_script(b"new\n"), b""), CopyAnswer::Changed);
        over.wait().unwrap();
        for name in &gone {
            assert!(!left(name).exists(), "{:?}: {name}", shell.words);
        }
        for name in &stay {
            assert!(left(name).exists(), "{:?}: {name}", shell.words);
            fs::remove_file(left(name)).unwrap();
        }
    });
}

#[test]
fn what_is_ended_when_it_is_in_place_says_that_it_is() {
    each(|shell, folder| {
        let dest = folder.join("f");
        for signal in ["HUP", "INT", "PIPE", "TERM"] {
            let late = format!("mv() {{ command mv \"$@\"; sh -c 'kill -{signal} $PPID'; }}\n");
            fs::write(&dest, "old").unwrap();
            assert_eq!(shell.answer(folder, &(late + &plan(&dest).small_script(b"new\n")), b""), CopyAnswer::Changed, "{signal}");
            assert_eq!(fs::read(&dest).unwrap(), b"new\n");
        }
    });
}

#[test]
fn an_ended_upload_leaves_nothing() {
    each(|shell, folder| {
        let script = plan(&folder.join("f")).upload_script(10);
        let text = format!("( eval {} )", crate::text::quote(&script));
        let mut command = Command::new(shell.words[0]);
        command.args(&shell.words[1..]).args(["-c", &text]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(path) = &shell.path {
            command.env("PATH", path);
        }
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().unwrap();
        let temporary = || {
            let entries = std::fs::read_dir(folder).unwrap().flatten();
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".roundsman-a1b2c3")).count() > 0
        };
        let wait = |until: &dyn Fn() -> bool| {
            for _ in 0..500 {
                if until() {
                    return;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            panic!("{:?}: it took too long", shell.words);
        };
        wait(&temporary);
        // A signal in the very moment in which a shell forks is lost on the child; a lane's KILL ends it then.
        std::thread::sleep(std::time::Duration::from_millis(200));
        let group = i32::try_from(child.id()).unwrap();
        rustix::process::kill_process_group(rustix::process::Pid::from_raw(group).unwrap(), rustix::process::Signal::TERM).unwrap();
        wait(&|| !temporary());
        child.wait().unwrap();
    });
}
