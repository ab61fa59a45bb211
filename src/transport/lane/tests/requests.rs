//! What a request says of its surroundings, and what a task can't do to its lane.

use super::{request, run_all, sh, shells};
use crate::transport::lane_api::{End, GuardCheck, GuardKind, Invocation, OnFailure, ShellProgram};

#[tokio::test]
async fn tasks_cannot_take_the_lane_along() {
    let texts = [
        "exit 7",
        "kill 0; sleep 5",
        "kill -TERM 0; sleep 5",
        "kill -HUP 0; kill -INT 0; kill -USR1 0; exit 9",
        "kill $$; exit 4",
        "exec sh -c 'exit 6'",
        "trap 'exit 5' EXIT; false",
        "set -u; echo $nothing_there",
        "if",
        "exec >&- 2>&-; exit 8",
        "printf() { :; }; __m() { :; }; exit 3",
        "cat; read x; exit 2",
        "return 11; exit 12",
    ];
    for shell in shells() {
        let requests = texts.iter().enumerate().map(|(id, text)| {
            let mut request = request(id as u64, sh(text));
            request.on_failure = OnFailure::Continue;
            request
        });
        let all = run_all(shell, requests.chain([request(99, sh("echo alive"))])).await;
        let codes: Vec<i32> = (0..texts.len() as u64).map(|id| all.exited(id)).collect();
        assert_eq!(codes[0], 7, "{shell}");
        assert_eq!(codes[5], 6, "{shell}");
        assert_eq!(codes[6], 5, "{shell}");
        assert_eq!(codes[9..12], [8, 3, 1], "{shell} {codes:?}");
        assert!(codes.iter().all(|code| *code != 0), "{shell} {codes:?}");
        assert_eq!(all.out(99), "alive\n", "{shell}");
    }
}

#[tokio::test]
async fn folder_environment_mask_and_shells() {
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join("it's -odd $x");
    std::fs::create_dir(&odd).unwrap();
    for shell in shells() {
        let mut first =
            request(0, sh("pwd; echo \"$A\"; umask; echo \"$LC_ALL\"; case :$PATH: in *:/usr/sbin:*) echo sbin;; esac; echo \"<$__t>\""));
        first.cwd = Some(odd.to_str().unwrap().to_owned());
        first.env = vec![("A".to_owned(), "it's\n$HOME `x` \\".to_owned())];
        first.umask = Some(0o027);
        let mut lost = request(1, sh("echo no"));
        lost.cwd = Some("/nowhere/at/all".to_owned());
        lost.on_failure = OnFailure::Continue;
        let mut bad = request(2, sh("echo no"));
        bad.env = vec![("a b$(touch /tmp/x)".to_owned(), "1".to_owned())];
        bad.on_failure = OnFailure::Continue;
        let args = request(3, Invocation::Args(["printf", "%s|", "a b", "$HOME", "*", ""].map(str::to_owned).to_vec()));
        let mut lacking = request(4, Invocation::Args(vec!["no-such-program-here".to_owned()]));
        lacking.on_failure = OnFailure::Continue;
        let other = request(5, Invocation::Text { text: "echo \"$0\"".to_owned(), shell: ShellProgram::Other("dash -e".to_owned()) });
        let plain = request(6, Invocation::Script("false; echo on".to_owned()));
        let mut strict = request(7, sh("false; echo on"));
        strict.on_failure = OnFailure::Continue;
        let after = request(8, sh("pwd; umask; echo \"[$A]\""));
        let mut nul = request(9, sh("echo \0"));
        nul.on_failure = OnFailure::Continue;
        let all = run_all(shell, [first, lost, bad, args, lacking, other, plain, strict, after, nul]).await;
        let mask = all.out(0).lines().nth(3).unwrap().to_owned();
        assert!(["0027", "027"].contains(&mask.as_str()), "{shell} {mask}");
        assert!(all.out(0).starts_with(&format!("{}\nit's\n$HOME `x` \\\n", odd.display())), "{shell} {}", all.out(0));
        assert!(all.out(0).ends_with("sbin\n<>\n"), "{shell} {}", all.out(0));
        assert!(all.out(0).contains("UTF-8\n"), "{shell} {}", all.out(0));
        assert_eq!((all.exited(1), all.out(1)), (1, String::new()), "{shell}");
        assert!(!all.of(1).err.is_empty());
        assert_ne!(all.exited(2), 0, "{shell}");
        assert_eq!(all.out(3), "a b|$HOME|*||", "{shell}");
        assert_eq!(all.exited(4), 127, "{shell}");
        assert_eq!(all.out(5), "dash\n", "{shell}");
        assert_eq!(all.out(6), "on\n", "{shell}");
        assert_eq!((all.exited(7), all.out(7)), (1, String::new()), "{shell}");
        assert!(!all.out(8).contains("odd") && all.out(8).ends_with("[]\n"), "{shell} {}", all.out(8));
        assert_eq!(all.exited(9), 126, "{shell}");
    }
}

#[tokio::test]
async fn guards_decide() {
    let guard = |kind, text: &str| GuardCheck { kind, command: sh(text), timeout: std::time::Duration::from_secs(30) };
    for shell in shells() {
        let mut unless = request(0, sh("echo no"));
        unless.guards = vec![guard(GuardKind::OnlyIf, "echo noise; true"), guard(GuardKind::Unless, "test -e /")];
        let mut only_if = request(1, sh("echo no"));
        only_if.guards = vec![guard(GuardKind::OnlyIf, "exit 4")];
        let mut runs = request(2, sh("echo yes"));
        runs.guards = vec![guard(GuardKind::Unless, "exec false"), guard(GuardKind::OnlyIf, "echo x >&2")];
        let all = run_all(shell, [unless, only_if, runs]).await;
        assert_eq!(all.of(0).end, Some(End::Guarded { guard: 1, code: 0 }), "{shell}");
        assert_eq!(all.of(1).end, Some(End::Guarded { guard: 0, code: 4 }), "{shell}");
        assert_eq!((all.exited(2), all.out(2), all.of(2).err.len()), (0, "yes\n".to_owned(), 0), "{shell}");
        assert_eq!(all.of(0).out, b"");
    }
}
