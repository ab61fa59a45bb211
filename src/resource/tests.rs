//! Every script, for real, with four shells and two sets of tools.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::*;
use crate::event::Difference;
use crate::model::Value;

mod archive;
mod content;
mod download;
mod edited;
mod facts;
mod kill;
mod path;
mod script;
mod unarchive;
mod wait_for;

/// A shell, and the folder of its tools where they are not the system's.
struct Shell {
    words: &'static [&'static str],
    path: Option<PathBuf>,
}

/// dash, bash, mksh and busybox, the last with its own tools only.
fn shells(tools: &Path) -> Vec<Shell> {
    let applets = Command::new("busybox").arg("--list").output().unwrap();
    for applet in String::from_utf8(applets.stdout).unwrap().lines() {
        let _ = symlink("/bin/busybox", tools.join(applet));
    }
    let system = |words| Shell { words, path: None };
    vec![
        system(&["dash"]),
        system(&["bash", "--posix"]),
        system(&["mksh"]),
        Shell { words: &["/bin/busybox", "sh"], path: Some(tools.to_owned()) },
    ]
}

impl Shell {
    /// As a lane runs it: in a subshell, the text evaluated.
    fn command(&self, folder: &Path, script: &str) -> Command {
        let text = format!("umask 022; ( eval {} )", crate::text::quote(script));
        let mut command = Command::new(self.words[0]);
        command.args(&self.words[1..]).args(["-c", &text]).current_dir(folder);
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run_with(&self, folder: &Path, script: &str, stdin: &[u8]) -> Output {
        let mut child = self.command(folder, script).spawn().unwrap();
        // A script that fails early does not read.
        let _ = child.stdin.take().unwrap().write_all(stdin);
        child.wait_with_output().unwrap()
    }

    fn run(&self, folder: &Path, script: &str) -> Output {
        self.run_with(folder, script, b"")
    }

    fn answer(&self, folder: &Path, script: &str, stdin: &[u8]) -> CopyAnswer {
        let output = self.run_with(folder, script, stdin);
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!((output.status.code(), &*stderr), (Some(0), ""), "{:?}", self.words);
        CopyAnswer::parse(&stdout).unwrap_or_else(|| panic!("{stdout}"))
    }
}

/// Calls `test` for each shell with an empty folder.
fn each(test: impl Fn(&Shell, &Path)) {
    let tools = tempfile::tempdir().unwrap();
    for shell in shells(tools.path()) {
        let folder = tempfile::tempdir().unwrap();
        test(&shell, folder.path());
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains("roundsman")), "{:?} left {left:?}", shell.words);
    }
}

/// Probes, which must change nothing below the folder, and compares.
fn probed(shell: &Shell, folder: &Path, resource: &dyn Resource) -> Result<Found, Unfit> {
    let before = snapshot(folder);
    let output = shell.run(folder, &resource.probe());
    assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""), "{:?}", shell.words);
    assert_eq!(snapshot(folder), before, "{:?}: a probe changes nothing", shell.words);
    resource.compare(&output.stdout)
}

/// Everything below a folder: inode, mode, owners, times, bytes or target.
fn snapshot(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = path.symlink_metadata().unwrap();
        let content = match () {
            () if meta.is_file() => crate::text::hex(&<sha2::Sha256 as sha2::Digest>::digest(fs::read(&path).unwrap())),
            () if meta.is_symlink() => fs::read_link(&path).unwrap().display().to_string(),
            () => String::new(),
        };
        let owner = (meta.uid(), meta.gid());
        all.push(format!("{path:?} {} {:o} {owner:?} {}.{} {content}", meta.ino(), meta.mode(), meta.mtime(), meta.mtime_nsec()));
        if meta.is_dir() {
            all.extend(snapshot(&path));
        }
    }
    all.sort();
    all
}

fn failure(output: &Output) -> String {
    assert_ne!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn with_rights(dest: &Path, rights: Rights) -> CopyPlan {
    let file = FileTarget { dest: dest.to_str().unwrap().to_owned(), rights, ..FileTarget::default() };
    CopyPlan { file, token: "a1b2c3".to_owned(), expect: None }
}

fn plan(dest: &Path) -> CopyPlan {
    with_rights(dest, Rights::default())
}

/// The name of who runs the tests.
fn me() -> String {
    String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap().trim().to_owned()
}

fn every_byte() -> Vec<u8> {
    // Digits behind each, so that a short octal escape would swallow one.
    (0..=255_u8).flat_map(|byte| [byte, b'7', byte]).collect()
}

#[test]
fn reads_exact_bytes() {
    each(|shell, folder| {
        let path = folder.join("-it's $HOME");
        fs::write(&path, every_byte()).unwrap();
        assert_eq!(shell.run(folder, &read_script(path.to_str().unwrap())).stdout, every_byte());
        assert_eq!(shell.run(folder, &read_script("-it's $HOME")).stdout, every_byte(), "not an option");
        let error = failure(&shell.run(folder, &read_script("none")));
        assert!(error.contains("No such file"), "{error}");
    });
}

#[test]
fn globs_as_the_shell_does() {
    each(|shell, folder| {
        for name in ["b.log", "a.log", ".hidden.log", "a b.txt", "new\nline.txt", "$(touch x).txt", "[x].conf", "-n"] {
            fs::write(folder.join(name), "").unwrap();
        }
        symlink("nowhere", folder.join("dangling.lnk")).unwrap();
        let glob = |patterns: &[&str]| {
            let output = shell.run(folder, &glob_script(patterns));
            assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]), "{:?} {patterns:?}", shell.words);
            glob_paths(&output.stdout)
        };
        assert_eq!(glob(&["*.log"]), ["a.log", "b.log"]);
        assert_eq!(glob(&["b*", "*.log"]), ["b.log", "a.log"], "in the order written, each once");
        assert_eq!(glob(&[".*.log"]), [".hidden.log"]);
        assert_eq!(glob(&["*.txt"]), ["$(touch x).txt", "a b.txt", "new\nline.txt"]);
        assert_eq!(glob(&["$(touch x)*"]), ["$(touch x).txt"]);
        assert_eq!(glob(&["`touch y`*", "nothing*", "none"]), Vec::<String>::new());
        assert_eq!(glob(&["[ab].log"]), ["a.log", "b.log"]);
        assert_eq!(glob(&["[!a].log"]), ["b.log"]);
        assert_eq!(glob(&["[[]x].conf"]), ["[x].conf"]);
        assert_eq!(glob(&["[[:lower:]_].log"]), ["a.log", "b.log"]);
        assert_eq!(glob(&["*.lnk", "-?"]), ["dangling.lnk", "-n"]);
        assert!(!folder.join("x").exists() && !folder.join("y").exists());
    });
}

#[test]
fn stat_tells_what_is_there() {
    each(|shell, folder| {
        let stat = |path: &str| {
            let output = shell.run(folder, &stat_script(path));
            assert_eq!(output.status.code(), Some(0));
            FileStat::parse(&String::from_utf8_lossy(&output.stdout)).unwrap()
        };
        fs::write(folder.join("a b"), "12345").unwrap();
        fs::set_permissions(folder.join("a b"), fs::Permissions::from_mode(0o4751)).unwrap();
        symlink("a b", folder.join("link")).unwrap();
        let file = stat("a b").unwrap();
        assert_eq!((file.kind, file.size, file.mode), (FileKind::File, 5, 0o4751));
        assert_eq!((file.owner.as_str(), file.mtime), (me().as_str(), Some(fs::metadata(folder.join("a b")).unwrap().mtime())));
        assert_eq!(stat("link").unwrap().kind, FileKind::Link);
        assert_eq!(stat(".").unwrap().kind, FileKind::Directory);
        assert_eq!(stat("/dev/null").unwrap().kind, FileKind::Character);
        assert_eq!(stat("none"), None);
        assert_eq!(stat("a b/none"), None, "below a file there is nothing");
        assert_eq!(FileStat::outputs(None)["exists"], Value::Bool(false));
        assert_eq!(FileStat::outputs(Some(&file))["mode"], Value::from("4751"));
        // Without `stat`, `ls` answers.
        let uid = rustix::process::geteuid().as_raw().to_string();
        let output = shell.run(folder, &format!("stat() {{ return 127; }}\n{}", stat_script("a b")));
        let from_ls = FileStat::parse(&String::from_utf8_lossy(&output.stdout)).flatten().unwrap();
        assert_eq!((from_ls.kind, from_ls.size, from_ls.mode, from_ls.owner.as_str()), (FileKind::File, 5, 0o4751, uid.as_str()));
        let error = failure(&shell.run(folder, &stat_script(&"n".repeat(300))));
        assert!(error.contains("too long"), "not absent, but not known: {error}");
    });
}

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
        let temporary = folder.join(".roundsman-a1b2c3");
        let wait = |until: &dyn Fn() -> bool| {
            for _ in 0..500 {
                if until() {
                    return;
                }
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            panic!("{:?}: it took too long", shell.words);
        };
        wait(&|| temporary.exists());
        // A signal in the very moment in which a shell forks is lost on the child; a lane's KILL ends it then.
        std::thread::sleep(std::time::Duration::from_millis(200));
        let group = i32::try_from(child.id()).unwrap();
        rustix::process::kill_process_group(rustix::process::Pid::from_raw(group).unwrap(), rustix::process::Signal::TERM).unwrap();
        wait(&|| !temporary.exists());
        child.wait().unwrap();
    });
}

#[test]
fn fetch_knows_size_and_digest() {
    each(|shell, folder| {
        let path = folder.join("f");
        fs::write(&path, "hello\n").unwrap();
        let output = shell.run(folder, &fetch_check_script(path.to_str().unwrap()));
        let file = RemoteFile::parse(&String::from_utf8_lossy(&output.stdout)).unwrap();
        assert_eq!(file.size, 6);
        assert_eq!(file.sha256.as_deref(), Some("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"));
        assert_eq!(shell.run(folder, &fetch_script(path.to_str().unwrap())).stdout, b"hello\n");
        assert!(failure(&shell.run(folder, &fetch_check_script("."))).contains("is a folder"));
        assert!(!failure(&shell.run(folder, &fetch_check_script("none"))).is_empty());
    });
    assert_eq!(RemoteFile::parse("6 \n"), Some(RemoteFile { size: 6, sha256: None }));
}

#[test]
fn no_other_sign_of_a_pattern_is_live() {
    each(|shell, folder| {
        let names: Vec<String> = (1..127_u8).map(char::from).filter(|c| !"/*?".contains(*c)).map(|c| format!("x{c}y")).collect();
        for name in &names {
            fs::write(folder.join(name), "").unwrap();
        }
        let output = shell.run(folder, &glob_script(&names));
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert_eq!(glob_paths(&output.stdout), names, "{:?}", shell.words);
        // Inside brackets all but ranges and classes is literal, too.
        let brackets: Vec<String> =
            names.iter().filter(|name| !"]^!".contains(&name[1..2])).map(|name| format!("x[{}]y", &name[1..2])).collect();
        let output = shell.run(folder, &glob_script(&brackets));
        assert_eq!(glob_paths(&output.stdout).len(), brackets.len(), "{:?}", shell.words);
    });
}
