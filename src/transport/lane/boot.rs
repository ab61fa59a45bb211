//! What a lane's shells are told first.
//!
//! The **boot** is the one argument of `sh -c`. A login shell of any kind passes it on, since it has no `'`, `!`, `\` or newline. It
//! starts the *supervisor*, which owns the channel's standard input, and the *executor*, a `sh` that reads its script from the
//! supervisor's pipe, with one that waits for its end. The first line of the input is the token, so that it stands in no argument list, the second is for printf. From then on a line
//! that begins with the token is for the supervisor, every other goes to the executor. The end of the input without a goodbye
//! kills the whole process group: the controller is gone. So does the executor's end without one: a task has killed it.
//!
//! The **preamble** is the executor's first input: the functions that requests use. Knows nothing of what requests do.

use crate::transport::journal::LaneName;

/// What the supervisor understands, each behind the token on a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control {
    /// The executor skips what it has not begun, until [`clear`].
    Withdraw,
    /// As `Withdraw`, and TERM to the group; executor and supervisor outlive it.
    Terminate,
    /// KILL to the group.
    Kill,
    /// The supervisor leaves; the executor ends after what it was given.
    Goodbye,
}

impl Control {
    /// The line.
    pub(super) fn line(self, token: &str) -> String {
        let letter = match self {
            Control::Withdraw => 'w',
            Control::Terminate => 't',
            Control::Kill => 'k',
            Control::Goodbye => 'b',
        };
        format!("{token}{letter}\n")
    }
}

/// The executor's line that ends skipping.
pub(super) const CLEAR: &str = "__s=\n";

/// The executor's line that removes the journals of its session, as far as they are its user's.
pub(super) const FORGET: &str = "__q\n";

/// Signals that a task may send to its whole group and that must not end the lane.
const SIGNALS: &str = "HUP INT QUIT ALRM TERM USR1 USR2";

/// Writes the boot for a shell; `opening` is shell text that runs first, for lanes behind a password prompt. Lanes with a name can be
/// found by it.
pub(in crate::transport) fn boot(shell: &str, opening: &str, name: Option<&LaneName>) -> String {
    let name = name.map_or_else(String::new, LaneName::argument);
    // The supervisor would not notice that the executor is gone before it has something to pass on, so whoever waits for the executor
    // ends the group, unless it left in good order or never was.
    // mksh has no printf of its own, so `print` does it there. printf's format has a `\`, and so it comes behind the token. A trapped
    // signal ends dash's `read` as the end of the input does, with what it had read; the trap's `g` tells them apart.
    format!(
        "{opening}trap : {SIGNALS}; \
         {{ trap g=1 {SIGNALS}; LC_ALL=C; g=; p=; \
         if test \"$KSH_VERSION\"; then w() {{ print -r -- \"$1\"; }}; else w() {{ printf \"$f\" \"$1\"; }}; fi; \
         IFS= read -r t && IFS= read -r f || exit; \
         while :; do if IFS= read -r l; then l=$p$l; p=; case $l in \"$t\"*) case ${{l#\"$t\"}} in \
         b) exit 0;; t) kill -URG 0; kill -TERM 0;; w) kill -URG 0;; k) kill -KILL 0;; esac;; \
         *) w \"$l\";; esac; elif test \"$g\"; then g=; p=$p$l; else kill -KILL 0; fi; done; \
         }} 2>/dev/null | {{ trap : {SIGNALS}; LC_ALL=C {shell}{name}; c=$?; case $c in 0|126|127) exit $c;; *) kill -KILL 0;; esac; }}"
    )
}

/// Writes the token line and the preamble; only a lane with a name keeps a journal.
pub(super) fn preamble(token: &str, name: Option<&LaneName>) -> String {
    let text = PREAMBLE.replace("RSTOKEN", "\u{1e}TOKEN").replace("TOKEN", token);
    let file = name.map_or_else(String::new, |name| format!("${{TMPDIR:-/tmp}}/.{}", name.whole()));
    text.replace("RSJOURNAL", &file)
}

// glibc's C.UTF-8 is a folder nearly everywhere; where it is not, or is another's, `locale` costs a process but knows. A mark is
// retried until it is out: a task may have left the stream non-blocking, and the reader may be slow.
// A failure is noted once its mark is out: where the link is gone, the mark ends the executor as the output may have ended the task,
// and then nobody knows what it would have come to. What ended well did so with or without a link.
// The flag `__s` makes the executor pass over requests; URG is ignored by default, so a task does not notice it.
const PREAMBLE: &str = r#"TOKEN
%s\n
trap : HUP INT QUIT ALRM TERM USR1 USR2
trap '__s=1' URG
set --
__t='RSTOKEN'
__s=
__f=RSJOURNAL
__j=
__k=
if test "$KSH_VERSION"; then __w() { print -r -- "$1"; }; else __w() { printf '%s\n' "$1"; }; fi
__o() { until __w "$__t $1" 2>/dev/null; do sleep 1; done; }
__m() { __o "$1"; until __w "$__t $1" >&2 2>/dev/null; do sleep 1; done; }
__n() { if test -z "$__j"; then __j=-; if ( umask 077; set -C; __w "J $$" >"$__f" ) 2>/dev/null; then __j=$__f; fi; fi
case $__j in -) ;; *) { __w "$1 ." >>"$__j"; } 2>/dev/null || :;; esac; }
__q() { case $__f in ?*) rm -f -- "${__f%-*}"-*;; esac; :; }
__b() { if test -n "$__s"; then __o "S $1"; return 1; fi; __k=${__f:+$2}; case $__k in ?*) __n "B $__k";; esac; __m "B $1"; }
__e() { if test "$2" -eq 0; then case $__k in ?*) __n "E $__k 0";; esac; __m "E $1 0"
else case $3 in ?*) __s=1;; esac; __m "E $1 $2"; case $__k in ?*) __n "E $__k $2";; esac; fi; }
__g() { case $4$3 in u0) ;; u*|o0) __o "P $1 $2"; return 1;; esac; case $__k in ?*) __n "P $__k $2 $3";; esac; __o "G $1 $2 $3"; }
__i() { LC_ALL=$__l; export LC_ALL; }
for __d in /usr/local/sbin /usr/sbin /sbin; do case :$PATH: in *:$__d:*) ;; *) PATH=$PATH:$__d;; esac; done
export PATH
unset CDPATH
__l=C
if test -d /usr/lib/locale/C.utf8 || test -d /usr/lib/locale/C.UTF-8; then __l=C.UTF-8
elif command -v locale >/dev/null 2>&1; then
for __d in C.UTF-8 en_US.UTF-8; do case $(LC_ALL=$__d locale charmap 2>/dev/null) in UTF-8) __l=$__d; break;; esac; done
else __l=C.UTF-8; fi
__m R
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::LaneNames;

    #[test]
    fn the_boot_passes_any_login_shell() {
        let name = LaneNames::of_run("0199-ab", "h 1").of_session("00ff").lane(7);
        let boot = boot("/bin/sh", "echo 0123-r >&2; ", Some(&name));
        assert!(!boot.contains(&name.whole()), "only the executor has it in one piece: {boot}");
        assert!(!boot.contains(['\'', '!', '\\', '\n']), "{boot}");
    }

    #[test]
    fn the_token_stands_where_the_shells_need_it() {
        let text = preamble("abc", None);
        assert!(text.starts_with("abc\n%s\\n\n"));
        assert!(text.contains("__t='\u{1e}abc'"));
        assert!(!text.contains("TOKEN"));
    }
}
