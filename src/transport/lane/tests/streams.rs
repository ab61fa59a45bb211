//! What goes in and comes out: any bytes, any number of them.

use std::time::Duration;

use super::{All, finish, hear, lane, request, run, run_all, sh, shells};
use crate::transport::lane_api::{Invocation, OnFailure, Request, ShellProgram};

#[tokio::test]
async fn bytes_stay_bytes() {
    for shell in shells() {
        let every: Vec<u8> = (1..=255).collect();
        let script = r"printf '\000a\377\376'; printf '\036no newline' >&2";
        let mut fed = request(1, Invocation::Args(vec!["cat".to_owned()]));
        fed.stdin = Some([&every[..], b"\0-%'\\\n"].concat());
        let all = run_all(shell, [request(0, sh(script)), fed, request(2, sh("printf '%s' 'äöü ß €' ")), request(3, sh(""))]).await;
        assert_eq!(all.of(0).out, b"\0a\xff\xfe", "{shell}");
        assert_eq!(all.of(0).err, b"\x1eno newline", "{shell}");
        assert_eq!(all.of(1).out, [&every[..], b"\0-%'\\\n"].concat(), "{shell}");
        assert_eq!(all.out(2), "äöü ß €", "{shell}");
        assert_eq!((all.out(3), all.exited(3)), (String::new(), 0), "{shell}");
    }
}

#[tokio::test]
async fn ten_megabytes() {
    let all = run_all("/bin/sh", [request(0, sh("head -c 10000000 /dev/zero; echo end >&2")), request(1, sh("echo next"))]).await;
    assert_eq!(all.of(0).out.len(), 10_000_000);
    assert!(all.of(0).out.iter().all(|byte| *byte == 0));
    assert_eq!(all.out(1), "next\n");
}

#[tokio::test]
async fn a_stream_left_non_blocking_loses_no_mark() {
    // Fills the pipe after it was made non-blocking, while the reader is slow.
    let perl = r#"use Fcntl; for my $f (*STDOUT, *STDERR) { fcntl($f, F_SETFL, fcntl($f, F_GETFL, 0) | O_NONBLOCK); }
        for (1..400) { syswrite(STDOUT, "x" x 4096); syswrite(STDERR, "y" x 4096) }"#;
    for shell in shells() {
        let mut lane = lane(shell).await;
        let mut filler = request(0, Invocation::Args(vec!["perl".to_owned(), "-e".to_owned(), perl.to_owned()]));
        filler.on_failure = OnFailure::Continue;
        run(&lane, filler);
        for id in 1..4 {
            run(&lane, request(id, sh("true")));
        }
        tokio::time::sleep(Duration::from_millis(600)).await;
        let mut all = All::default();
        hear(&mut lane, &mut all, |all| all.settled(3)).await;
        assert!(all.of(0).out.iter().all(|byte| *byte == b'x'), "{shell}");
        assert_eq!((all.exited(0), all.exited(1), all.exited(3)), (0, 0, 0), "{shell}");
    }
}

#[tokio::test]
async fn large_texts_run() {
    let filler = ": äöü 'x'; ".repeat(20_000);
    for shell in shells() {
        let bash = Invocation::Text {
            text: format!("{filler}\nset -- a b; echo \"bash $# ${{BASH_VERSION:+yes}}\"; false | true"),
            shell: ShellProgram::Bash,
        };
        let all = run_all(shell, [request(0, sh(&format!("{filler}\necho end"))), request(1, sh("echo x")), request(2, bash)]).await;
        assert_eq!(all.out(0), "end\n", "{shell}");
        assert_eq!(all.out(1), "x\n", "{shell}");
        assert_eq!((all.out(2), all.exited(2)), ("bash 2 yes\n".to_owned(), 1), "{shell}");
    }
}

#[tokio::test]
async fn large_standard_input_is_uploaded() {
    let bytes: Vec<u8> = (0..3_000_000u32).map(|at| (at % 251) as u8).collect();
    let lane = lane("/bin/sh").await;
    run(&lane, Request { stdin: Some(bytes.clone()), ..request(0, sh("cat; ls -l /proc/self/fd/0 >&2")) });
    run(&lane, request(1, sh("echo next")));
    let all = finish(lane).await;
    assert!(all.of(0).out == bytes);
    assert!(String::from_utf8_lossy(&all.of(0).err).contains("(deleted)"), "{:?}", all.of(0).err);
    assert_eq!(all.out(1), "next\n");
}
