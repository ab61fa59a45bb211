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
mod copy;
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
