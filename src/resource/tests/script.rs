//! Scripts that are sent and run.

use super::*;

fn plan<'a>(head: &'a [u8], args: &'a [String], interpreter: Option<&'a str>) -> ScriptPlan<'a> {
    ScriptPlan { name: "it's mine.sh", head, size: head.len(), args, interpreter, token: "a1b2c3" }
}

/// Runs with a temporary folder of the test's own; nothing may stay there.
fn run(shell: &Shell, folder: &Path, script: &str, stdin: &[u8]) -> (Option<i32>, String, String) {
    let script = format!("TMPDIR={}; export TMPDIR\n{script}", crate::text::quote(folder.to_str().unwrap()));
    let output = shell.run_with(folder, &script, stdin);
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0, "{:?} left something", shell.words);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_script_gets_its_arguments_and_its_name() {
    let file = b"#!/bin/sh\nprintf '%s|' \"${0##*/}\" \"$@\"; echo; echo err >&2; cat; exit 3\n";
    let args = ["a b".to_owned(), "it's".to_owned(), String::new()];
    each(|shell, folder| {
        let (code, stdout, stderr) = run(shell, folder, &plan(file, &args, None).from_stdin(), file);
        assert_eq!((code, &*stdout, &*stderr), (Some(3), "it's mine.sh|a b|it's||\n", "err\n"), "{:?}", shell.words);
        let (code, stdout, _) = run(shell, folder, &plan(file, &args[..1], None).carrying(file), b"its input\n");
        assert_eq!((code, &*stdout), (Some(3), "it's mine.sh|a b|\nits input\n"), "{:?}", shell.words);
    });
}

#[test]
fn the_first_line_or_the_task_says_what_reads_it() {
    let system = |words| Shell { words, path: None };
    let shell = system(&["dash"]);
    let folder = tempfile::tempdir().unwrap();
    let stdout = |file: &[u8], interpreter| run(&shell, folder.path(), &plan(file, &[], interpreter).from_stdin(), file).1;
    assert_eq!(stdout(b"#!/usr/bin/env perl\nprint \"perl\\n\";\n", None), "perl\n");
    assert_eq!(stdout(b"#!/bin/bash -eu\necho \"$-\" | grep -o u\n", None), "u\n");
    assert_eq!(stdout(b"echo plain $0 | cut -c1-5\n", None), "plain\n");
    assert_eq!(stdout(b"print \"told\\n\";\n", Some("perl -w")), "told\n");
    assert_eq!(stdout(b"", None), "");
    let binary = fs::read("/bin/true").unwrap();
    assert_eq!(run(&shell, folder.path(), &plan(&binary, &[], None).from_stdin(), &binary).0, Some(0));
    let binary = fs::read("/bin/false").unwrap();
    assert_eq!(run(&shell, folder.path(), &plan(&binary, &[], None).carrying(&binary), b"").0, Some(1));
}

#[test]
fn half_a_script_is_not_run() {
    each(|shell, folder| {
        let whole = b"echo one\necho two\n";
        let (code, stdout, stderr) = run(shell, folder, &plan(whole, &[], None).from_stdin(), b"echo one\n");
        assert_eq!((code, &*stdout), (Some(1), ""), "{:?}", shell.words);
        assert!(stderr.starts_with("can't write all of "), "{stderr}");
    });
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    each(|shell, folder| {
        let script = format!("TMPDIR=/proc/none; export TMPDIR\n{}", plan(b":\n", &[], None).from_stdin());
        let told = failure(&shell.run_with(folder, &script, b":\n"));
        assert!(told.contains("can't make a folder in /proc/none"), "{:?}: {told}", shell.words);
    });
}
