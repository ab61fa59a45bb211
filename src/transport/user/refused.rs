//! Why a program did not change the user: its own words, behind what they mean for a lane.
//!
//! Words go in, a [`Refusal`] comes out.

use super::prompt::{Prompt, Seen};
use super::{Change, refusal};
use crate::model::BecomeMethod;
use crate::transport::lane_api::{Refusal, RefusalClass};

/// The program's own words, prompts left out, behind what happened in ours.
pub(super) fn refused(change: &Change, said: &Seen, printed: &Seen, what: &str) -> Refusal {
    let mut words = words(change, said);
    if words.is_empty() {
        words = self::words(change, printed);
    }
    let lower = words.to_lowercase();
    let has = |texts: &[&str]| texts.iter().any(|text| lower.contains(text));
    let user = &change.user;
    let (class, message) = match change.method {
        // A password was given where the terminal is missed: `-S` was not enough, or su wants one.
        BecomeMethod::Sudo if has(&["must have a tty"]) || has(&["a terminal is required"]) && change.password.is_some() => (
            RefusalClass::Lane,
            format!(
                "sudo wants a terminal there (`requiretty`); lanes have none, so sudoers must say `Defaults:USER !requiretty`: {words}"
            ),
        ),
        BecomeMethod::Sudo if has(&["is not allowed to execute", "not allowed to run"]) => (
            RefusalClass::Auth,
            format!("sudoers does not allow `sh` for {user}; a lane needs it, single commands are not enough: {words}"),
        ),
        BecomeMethod::Su if has(&["must be run from a terminal"]) => {
            (RefusalClass::Lane, format!("su wants a terminal there, and lanes have none; use sudo or doas: {words}"))
        }
        BecomeMethod::Su if has(&["new password", "current password", "has expired", "change your password"]) => {
            (RefusalClass::Auth, format!("the password of {user} has expired: {words}"))
        }
        BecomeMethod::Su if has(&["does not exist", "unknown id", "no passwd entry", "must be suid"]) => (RefusalClass::Lane, words),
        BecomeMethod::Doas if has(&["authentication required", "authorization required", "a tty is required", "authentication failed"]) => {
            (
                RefusalClass::Auth,
                format!(
                    "doas asks for a password, which it does in a terminal only, and lanes have none; doas.conf must say \
                 `permit nopass LOGIN as {user}`: {words}"
                ),
            )
        }
        BecomeMethod::Doas if has(&["operation not permitted"]) => (
            RefusalClass::Auth,
            format!("doas.conf does not permit `sh` as {user}; a lane needs it, single commands (`cmd`) are not enough: {words}"),
        ),
        BecomeMethod::Doas if has(&["not enabled", "syntax error"]) => (RefusalClass::Lane, words),
        _ if has(&["not found", "no such file or directory", "unknown user"]) => (RefusalClass::Lane, words),
        _ if words.is_empty() => (RefusalClass::Auth, what.to_owned()),
        _ => (RefusalClass::Auth, format!("{what}: {words}")),
    };
    refusal(class, message)
}

/// One stream's words as one line.
fn words(change: &Change, seen: &Seen) -> String {
    let mut text = String::from_utf8_lossy(seen.bytes()).into_owned();
    match &change.prompt {
        Prompt::Own(prompt) => text = text.replace(prompt, ""),
        Prompt::Pam => text = text.replace("Password: ", ""),
        Prompt::Never => {}
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "Password:").collect();
    let words = lines.join("; ");
    // sudo repeats the command that it refuses, and that is all of the boot.
    match (words.find(" -c "), words.rfind("' as ")) {
        (Some(from), Some(to)) if from < to => format!("{} -c ...{}", &words[..from], &words[to..]),
        _ => words,
    }
}
