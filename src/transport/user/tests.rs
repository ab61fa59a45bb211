//! Each program's prompts and refusals, in pieces of every size.
#![allow(clippy::unwrap_used, reason = "a test")]

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;

fn change(method: BecomeMethod, password: Option<&str>) -> Change {
    Change::new(&BecomeUser { method, user: "app".to_owned(), password: password.map(str::to_owned) }).unwrap()
}

/// A channel whose far end is ours: what was written to it, its output, its errors.
fn channel() -> (Channel, DuplexStream, DuplexStream, DuplexStream) {
    let ((stdin, typed), (stdout, printed), (stderr, said)) = (duplex(4096), duplex(4096), duplex(4096));
    let exit = Box::pin(async { None });
    (Channel { stdin: Box::new(stdin), stdout: Box::new(stdout), stderr: Box::new(stderr), exit, slot: None }, typed, printed, said)
}

/// Plays a program that says these words in pieces, on standard error or (the first only) on its output, and ends; gives what
/// came of it and what it was told.
async fn play(change: &Change, words: &[&str], piece: usize, first_printed: bool) -> (Result<String, Refusal>, String) {
    let (channel, mut typed, printed, said) = channel();
    let program = async move {
        let (mut printed, mut said) = (printed, said);
        for (index, words) in words.iter().enumerate() {
            for bytes in words.as_bytes().chunks(piece) {
                let stream = if first_printed && index == 0 { &mut printed } else { &mut said };
                // Who refused listens no more.
                if stream.write_all(bytes).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
            }
        }
    };
    let ours = async {
        let mut channel = authenticate(channel, change).await?.expect("it spoke");
        let mut rest = String::new();
        channel.stderr.read_to_string(&mut rest).await.unwrap();
        Ok(rest)
    };
    let (end, ()) = tokio::join!(ours, program);
    let mut told = String::new();
    typed.read_to_string(&mut told).await.unwrap();
    (end, told)
}

#[tokio::test]
async fn the_password_goes_once_behind_a_prompt_in_any_pieces() {
    for piece in 1..80 {
        let sudo = change(BecomeMethod::Sudo, Some("s3"));
        let Prompt::Own(prompt) = &sudo.prompt else { panic!("sudo has a prompt of ours") };
        let words = format!("Password: lecture\n{prompt}");
        let ready = format!("motd\n{}\nbehind", sudo.announcement);
        let (end, told) = play(&sudo, &[&words, &ready], piece, false).await;
        assert_eq!((end.unwrap().as_str(), told.as_str()), ("behind", "s3\n"), "{piece}");

        let su = change(BecomeMethod::Su, Some("s3"));
        let ready = format!("{}\nbehind", su.announcement);
        for busybox in [false, true] {
            let (end, told) = play(&su, &["Password: ", &ready], piece, busybox).await;
            assert_eq!((end.unwrap().as_str(), told.as_str()), ("behind", "s3\n"), "{piece} {busybox}");
        }
    }
}

#[tokio::test]
async fn a_channel_that_was_closed_before_anything_ran_on_it_is_no_refusal() {
    let sudo = change(BecomeMethod::Sudo, Some("s3"));
    let silent = || channel().0;
    assert!(authenticate(silent(), &sudo).await.unwrap().is_none());
    let mut ended = silent();
    ended.exit = Box::pin(async { Some(1) });
    assert_eq!(authenticate(ended, &sudo).await.unwrap_err().message, "sudo ended");
}

#[tokio::test]
async fn without_a_prompt_no_password_is_written() {
    for method in BecomeMethod::ALL {
        let change = change(method, Some("s3"));
        let ready = format!("the Password: line of a banner\nno password:\n{}\n", change.announcement);
        let (end, told) = play(&change, &[&ready], 4096, false).await;
        assert_eq!((end.unwrap().as_str(), told.as_str()), ("", ""), "{method:?}");
    }
}

#[tokio::test]
async fn each_refusal_has_its_words() {
    use BecomeMethod::{Doas, Su, Sudo};
    use RefusalClass::{Auth, Lane};
    type Case = (BecomeMethod, Option<&'static str>, &'static [&'static str], RefusalClass, &'static str);
    let cases: &[Case] = &[
        (Sudo, Some("x"), &["PROMPT", "Sorry, try again.\nPROMPT"], Auth, "sudo refused the password: Sorry, try again."),
        (Sudo, None, &["PROMPT"], Auth, "sudo asks for a password and there is none"),
        (Sudo, None, &["sudo: sorry, you must have a tty to run sudo\n"], Lane, "`Defaults:USER !requiretty`"),
        (
            Sudo,
            Some("x"),
            &["PROMPT", "Sorry, user rm is not allowed to execute '/bin/sh -c echo a; b' as app on vm.\n"],
            Auth,
            "sudoers does not allow `sh` for app; a lane needs it, single commands are not enough: \
             Sorry, user rm is not allowed to execute '/bin/sh -c ...' as app on vm.",
        ),
        (Sudo, None, &["sudo: unknown user app\n"], Lane, "sudo: unknown user app"),
        (
            Su,
            Some("x"),
            &["Password: ", "su: Authentication failure\n"],
            Auth,
            "su refused the password of app: su: Authentication failure",
        ),
        (Su, Some("x"), &["Password: ", "\nPassword: "], Auth, "su refused the password"),
        (Su, None, &["Password: "], Auth, "su asks for a password and there is none"),
        (Su, Some("x"), &["su: must be run from a terminal\n"], Lane, "su wants a terminal there"),
        (Su, Some("x"), &["su: user app does not exist or\n"], Lane, "su: user app does not exist"),
        (
            Su,
            Some("x"),
            &["Password: ", "You are required to change your password\nNew password: "],
            Auth,
            "the password of app has expired",
        ),
        (Su, None, &["su: Permission denied\n"], Auth, "su ended: su: Permission denied"),
        (Doas, Some("x"), &["doas: Authentication required\n"], Auth, "`permit nopass LOGIN as app`"),
        (Doas, None, &["doas: Operation not permitted\n"], Auth, "doas.conf does not permit `sh` as app"),
        (Doas, None, &["doas: doas is not enabled, /etc/doas.conf: No such file or directory\n"], Lane, "doas: doas is not enabled"),
        (Doas, None, &["bash: line 1: exec: doas: not found\n"], Lane, "bash: line 1: exec: doas: not found"),
        (Doas, None, &["doas: unknown user\n"], Lane, "doas: unknown user"),
    ];
    for (method, password, words, class, message) in cases {
        for piece in [1, 7, 4096] {
            let change = change(*method, *password);
            let own = if let Prompt::Own(prompt) = &change.prompt { prompt.as_str() } else { "" };
            let words: Vec<String> = words.iter().map(|words| words.replace("PROMPT", own)).collect();
            let (end, told) = play(&change, &words.iter().map(String::as_str).collect::<Vec<_>>(), piece, false).await;
            let refusal = end.unwrap_err();
            assert!(refusal.class == *class && refusal.message.contains(message), "{method:?} {words:?}: {refusal:?}");
            assert!(told.is_empty() || told == "x\n", "{told:?}");
        }
    }
}

#[test]
fn a_name_passes_every_login_shell() {
    for wrong in ["", "-x", "a b", "a'b", "a\nb", "a!", "a;b"] {
        let user = BecomeUser { method: BecomeMethod::Su, user: wrong.to_owned(), password: None };
        assert!(Change::new(&user).is_err(), "{wrong:?}");
    }
    let opening = change(BecomeMethod::Su, None).opening();
    assert!(!opening.contains(['\'', '!', '\\', '\n']), "{opening}");
}
