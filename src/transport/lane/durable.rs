//! A durable request as shell text: it runs detached on the host, and the lane follows it.
//!
//! On the host each has a private folder under `$HOME/.roundsman`. Three parts of shell text work with it. The **request** looks
//! whether the folder tells of a beginning; where it does not, it asks the guards and starts the watcher. The **watcher** leads a
//! session of its own, which no end of the lane reaches: it takes the folder by `mkdir own`, writes who it is, takes the right to
//! run by `mkdir go`, runs the task into `out` and `err`, and renames `run` to `rc.CODE` as the last thing. The **follower** copies
//! what is new in `out` and `err` to the lane until there is a code. Both `mkdir` succeed once in a folder's life, so nothing is
//! started twice, however often and by how many lanes a request is sent.
//!
//! Pure: knows nothing of channels, time or what tasks are.

use std::fmt::Write as _;

use super::request::{Stdin, always_quote, before, body_of, guards, printf};
use crate::text::quote;
use crate::transport::lane_api::{Durable, Request};

/// What stands behind the watcher's input: without it the lane ended while it wrote.
const END: &str = "#end";

/// How a request's subshell tells that all guards let it go on.
const PASSED: i32 = 77;

/// Finds the folder: `__f`, in `__h`. Another's home folder is no private place.
const PLACE: &str = r#"case $HOME in /*) __h=$HOME;; *) __h=;; esac
if test -n "$__h" && test -d "$__h" && test -O "$__h" && test -w "$__h"; then __h=${__h%/}/.roundsman
else __h=${TMPDIR:-/tmp}/.roundsman-$(id -u); fi
__f=$__h/NAME
"#;

/// Says who a process is, in `__x`: numbers are given again, after a restart of the host at the latest. `Z` is one that is over.
const WHO: &str = r#"__da() { __x=; __y=
if { read -r __x <"/proc/$1/stat"; } 2>/dev/null; then set -- ${__x##*") "}
case $1 in Z|X) __x=Z; return;; esac
shift 19; __x=$1; { read -r __y </proc/sys/kernel/random/boot_id; } 2>/dev/null; __x=$__x.$__y
else set -- $(ps -o lstart= -p "$1" 2>/dev/null); __x="$*"; fi; }
"#;

/// Makes the folder, and refuses one that another could reach into. Another request may take an empty parent away meanwhile.
const MAKE: &str = r#"__dm() { ( umask 077; mkdir -p "$__f" 2>/dev/null || mkdir -p "$__f" 2>/dev/null || mkdir -p "$__f" ) || exit 1
for __x in "$__h" "$__f"; do if test -L "$__x" || ! test -O "$__x"; then
echo "a durable task needs a private folder, and $__x is not one" >&2; exit 1; fi; done; }
"#;

/// Finds a program that gives another one a session of its own, and calls it. Python ignores PIPE, and what it starts would too.
const DETACH: &str = r#"__ds() { if command -v setsid >/dev/null 2>&1; then setsid "$@"
elif busybox setsid true >/dev/null 2>&1; then busybox setsid "$@"
elif perl -MPOSIX -e 1 >/dev/null 2>&1; then perl -MPOSIX -e 'POSIX::setsid(); exec @ARGV' "$@"
elif python3 -c '' >/dev/null 2>&1; then
python3 -c 'import os,signal,sys; signal.signal(signal.SIGPIPE, signal.SIG_DFL); os.setsid(); os.execvp(sys.argv[1], sys.argv[1:])' "$@"
else return 1; fi; }
__dn() { command -v setsid || busybox setsid true || perl -MPOSIX -e 1 || python3 -c ''; }
"#;

// The follower reads through descriptors that stay open, so that each `dd` goes on where the one before stopped. It is the first of
// a pipeline and not a background job, as is the watcher: those ignore INT for ever. It is ready for TERM before it gives the
// watcher its work, so that there is never a task that cannot be ended. KILL comes to the lane 5 s behind TERM.
/// Follows: with text, gives that to a watcher first. Where no watcher has begun in some seconds, none ever will.
const FOLLOW: &str = r#"__dl() { kill -0 "$__p" 2>/dev/null && { __da "$__p"; test "$__x" = "$__q"; }; }
__dr() { set -- "$__f"/rc.*; test -e "$1"; }
__dc() { while :; do case $( trap '' TERM; dd bs=65536 count=16 2>&1 <&$1 >&$2 ) in
16+0*) __v=1;; 0+0*) return;; *) __v=1; return;; esac; done; }
__dg() { mkdir "$__f/go" 2>/dev/null || return; mkdir "$__f/own" 2>/dev/null; umask 077; : >>"$__f/out"
if test "$__k"; then : >>"$__f/err"; : >"$__f/rc.143"
else echo 'the task could not be started: the host gave it no process' >>"$__f/err"; : >"$__f/rc.126"; fi
echo - >"$__f/pid"; }
__dy() { trap '__k=1' TERM; trap : HUP INT QUIT ALRM USR1 USR2 PIPE; __k= __n= __p= __c=0 __z=0.05
if test -n "$1"; then __w "$1" 2>/dev/null; exec >&4; fi
while :; do
if test -z "$__p" && test -s "$__f/pid"; then read -r __p __q <"$__f/pid"; exec 3<"$__f/out" 5<"$__f/err"; fi
if test -n "$__p"; then
if __dr; then __r=1; else __r=; fi
__v=; __dc 3 4; __dc 5 6
if test "$__r"; then test -z "$__n" || kill -KILL -"$__p" 2>/dev/null; return 0; fi
if ! __dl; then __dr && continue; __o "L ID p"; return 0; fi
if test "$__k" && test -z "$__n"; then __n=1; kill -TERM -"$__p" 2>/dev/null
{ sleep 4; kill -KILL -"$__p"; } >/dev/null 2>&1 3<&- 4>&- 5<&- 6>&- & fi
else
test -d "$__f" || { __o "L ID f"; return 0; }
__c=$((__c+1)); if test "$__k" || test $__c -gt 20; then __dg; fi
fi
sleep "$__z" 2>/dev/null || test "$__k" || sleep 1
if test "$__k"; then __z=0.1; elif test "$__v"; then __z=0.2; else
case $__z in 0.05) __z=0.1;; 0.1) __z=0.2;; 0.2) __z=0.5;; *) __z=1;; esac; fi
done; }
"#;

// The task's size is told, since the follower's shell may not let go of the pipe: mksh keeps what `exec` replaces.
/// The watcher: its arguments are the folder, the task's umask and its size, its input the task.
const WATCH: &str = r#"trap : HUP INT QUIT ALRM TERM USR1 USR2
__f=$1 __u=$2 __j=$(head -c "$3"); shift 3
case $__j in *"END") ;; *) exit 1;; esac
umask 077
mkdir "$__f/own" && : >>"$__f/out" && : >>"$__f/err" && : >>"$__f/run" || exit 1
__da $$
echo "$$ $__x" >"$__f/pid.new" && mv "$__f/pid.new" "$__f/pid" && mkdir "$__f/go" || exit 1
{ umask "$__u"; eval "$__j"; } >>"$__f/out" 2>>"$__f/err" </dev/null
mv "$__f/run" "$__f/rc.$?""#;

/// Writes what a durable request's subshell does.
pub(super) fn subshell(request: &Request, durable: &Durable, stdin: Stdin<'_>) -> String {
    let id = request.id;
    let mut text = String::from("__i; exec 4>&1 6>&2; trap : HUP INT QUIT ALRM TERM USR1 USR2\n");
    if let Stdin::File(path) = stdin {
        // Where it is not started here, nobody opens it.
        let _ = writeln!(text, "trap {} EXIT", quote(&format!("rm -f {}", quote(path))));
    }
    text.push_str(&PLACE.replace("NAME", &quote(&durable.name)));
    text.push_str(WHO);
    text.push_str(&FOLLOW.replace("ID", &id.to_string()));
    // Whatever the guards would say of a task that has begun, it has begun.
    text.push_str("if test -d \"$__f/own\"; then __dy\n");
    if durable.begun {
        let _ = writeln!(text, "else __o \"L {id} f\"; fi");
    } else {
        text.push_str("else\n");
        if !request.guards.is_empty() {
            let (before, guards) = (before(request), guards(request));
            let _ = writeln!(text, "( {before}{guards}exit {PASSED} ); __x=$?; test $__x = {PASSED} || exit $__x");
        }
        text.push_str(DETACH);
        text.push_str(
            "if ! __dn >/dev/null 2>&1; then echo 'a durable task needs setsid, busybox, perl or python3 on its host' >&2; exit 1; fi\n",
        );
        text.push_str(MAKE);
        text.push_str("__dm\n");
        let task = format!("{}\n{END}", task(request, stdin));
        let (size, task) = (task.len(), always_quote(&task));
        let watch = always_quote(&format!("{WHO}{}", WATCH.replace("END", END)));
        let _ = writeln!(text, "__j={task}");
        let _ = writeln!(text, "__dy \"$__j\" | __ds \"$0\" -c {watch} sh \"$__f\" \"$(umask)\" {size} >/dev/null 2>&1 4>&- 6>&-\nfi");
    }
    text.push_str("set -- \"$__f\"/rc.*; test -e \"$1\" || exit 1; exit \"${1##*.}\"");
    text
}

/// The task as the watcher's shell runs it.
fn task(request: &Request, stdin: Stdin<'_>) -> String {
    let body = body_of(request);
    match stdin {
        Stdin::Null => format!("( {body}\n) </dev/null"),
        Stdin::Inline(bytes) => format!("{{ {}; }} 2>/dev/null | ( {body}\n)", printf(bytes)),
        Stdin::File(path) => {
            let path = quote(path);
            format!("{{ rm -f {path}; ( {body}\n); }} <{path}")
        }
    }
}

/// Writes the text that removes a durable request's folder, and what held it where that is empty.
#[must_use]
pub fn tidy(name: &str) -> String {
    format!("{}rm -rf \"$__f\"; rmdir \"$__h\" 2>/dev/null || :", PLACE.replace("NAME", &quote(name)))
}
