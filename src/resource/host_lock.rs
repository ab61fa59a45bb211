//! The lock of a host: one run at a time. The scripts that take, release, show and remove it, and what they print.
//!
//! The lock is a folder, since making one is atomic on every file system and follows no link. It stands where all users
//! of the host can make one: the first sticky one of `/run/lock`, `/var/lock` and `/tmp`, or `ROUNDSMAN_LOCK_DIR` where
//! the host's administrator sets that for sessions. Whoever makes a folder of that name first can keep runs out, and
//! nothing else: what stands in a lock of another is read, cut and shown, never run or followed.
//!
//! It holds `owner` (run, user, playbook, time) and a file for each session of the run, `h.PID`: the session's process on
//! the host (sshd's, or the runner itself) with the boot, the namespace and the time that this process was born in, which
//! no other process of the same number shares. A lock without a living session is stale. Where a session has no process
//! that can be seen, as in a container, the lock never is by itself.
//!
//! Pure: texts go in and out, nothing here connects or reads a clock.

use std::fmt::Write as _;

use crate::text::{format_duration, one_line, quote};

/// The most columns of a field that a host shows.
const FIELD: usize = 80;
/// And of its words.
const WORDS: usize = 300;

/// Who wants a host for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockOwner {
    /// The run's id.
    pub run: String,
    /// Ids of runs that it goes on with, whose locks are its own.
    pub also: Vec<String>,
    /// `user@controller`.
    pub who: String,
    /// The playbook's name.
    pub playbook: String,
}

/// A lock that stands on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFound {
    /// The folder.
    pub path: String,
    /// The run, as it says.
    pub run: String,
    /// Its user.
    pub who: String,
    /// Its playbook.
    pub playbook: String,
    /// Its age by the host's clock.
    pub age: std::time::Duration,
    /// Nobody holds it any more.
    pub stale: bool,
}

impl LockFound {
    /// Who holds it, in words.
    #[must_use]
    pub fn words(&self) -> String {
        if self.run.is_empty() {
            return format!("by {}, which says nothing of its run", self.path);
        }
        let age = format_duration(std::time::Duration::from_secs(self.age.as_secs()));
        format!("by {}, run {} of {}, for {age}", self.who, self.run.chars().take(13).collect::<String>(), self.playbook)
    }
}

/// What came of wanting a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locked {
    /// It is ours.
    Taken,
    /// It is ours; a stale one was there.
    TakenOver(LockFound),
    /// Another run has it.
    Held(LockFound),
    /// A stale one stands there that this user can't remove.
    Stuck(LockFound),
    /// None can be made.
    Impossible(String),
}

/// Why a lock stands where it was to be removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{said}")]
pub struct LockTrouble {
    /// The host's words.
    said: String,
}

const BEGIN: &str = r#"umask 022
LC_ALL=C; export LC_ALL
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null); boot=${boot:--}
ns=$(readlink /proc/self/ns/pid 2>/dev/null); ns=${ns:--}
now=$(date +%s)
r=; o=; y=; t=$now
stat() { if test -r "/proc/$1/stat"; then cat "/proc/$1/stat" 2>/dev/null; else x=$(ps -o ppid= -p "$1" 2>/dev/null) && echo "$1 ($(ps -o comm= -p "$1" 2>/dev/null)) S $x"; fi; }
parent() { x=$(stat "$1"); x=${x##*\) }; set -- $x; echo "${2:-0}"; }
comm() { x=$(stat "$1"); x=${x#*\(}; x=${x%\)*}; echo "${x##*/}"; }
born() { if test -r "/proc/$1/stat"; then x=$(stat "$1"); x=${x##*\) }; set -- $x; test $# -ge 20 && shift 19 && echo "$1"; else x=$(ps -o lstart= -p "$1" 2>/dev/null); echo $x | tr ' ' _; fi; }
h=0; p=${PPID:-0}; i=0
while test "$p" -gt 1 && test "$i" -lt 8; do
case $(comm "$p") in sshd*|dropbear*|roundsman*) h=$p; break;; esac
p=$(parent "$p"); p=${p:-0}; i=$((i+1))
done
if test "$h" -eq 0 && test "${PPID:-0}" -gt 1; then h=$PPID; fi
b=$(born "$h"); test -n "$b" || h=0
stamp="$boot $ns ${b:--}"
d=$ROUNDSMAN_LOCK_DIR
if test -z "$d"; then for d in /run/lock /var/lock /tmp; do if test -d "$d" && test -k "$d"; then break; fi; done; fi
L=$d/roundsman.lock
fields() {
r=; o=; y=; t=
if test -f "$L/owner"; then
x=$(dd if="$L/owner" bs=2000 count=1 2>/dev/null)
{ IFS= read -r r; IFS= read -r o; IFS= read -r y; IFS= read -r t; } <<EOF
$x
EOF
fi
case $t in ''|*[!0-9]*) t=$now;; esac
}
alive() {
p=${1##*/h.}
test -f "$1" && test "$p" != 0 || return 0
x=$(dd if="$1" bs=500 count=1 2>/dev/null); set -- $x
test $# -eq 3 || return 0
test "$1" = "$boot" || return 1
test "$2" = "$ns" || return 0
test "$(born "$p")" = "$3"
}
live() { for f in "$L"/h.*; do if test -e "$f" && alive "$f"; then return 0; fi; done; return 1; }
clear() { rm -f "$L"/h.* "$L/owner" "$L/owner.new" "$L/owner.gone"; rmdir "$L"; }
tell() { printf '%s\n' "$1" "$L" "$r" "$o" "$y" "$((now - t))"; }
"#;

const TAKE: &str = r#"sign() { echo "$stamp" >"$L/h.$h" && printf '%s\n' "$run" "$who" "$playbook" "$now" >"$L/owner.new" && mv "$L/owner.new" "$L/owner"; }
n=0; over=
while :; do
n=$((n+1))
if e=$(mkdir "$L" 2>&1); then
if e=$(sign 2>&1); then
if test -n "$over"; then r=$or; o=$oo; y=$oy; t=$ot; tell over; else tell taken; fi
exit 0
fi
clear 2>/dev/null
test "$n" -lt 4 && continue
printf '%s\n' none "$e"; exit 0
fi
if test -L "$L" || ! test -d "$L"; then
test "$n" -lt 4 && continue
printf '%s\n' none "$e"; exit 0
fi
fields
if test -n "$r"; then
case " $run $also " in *" $r "*)
if test "$r" = "$run"; then
echo "$stamp" >"$L/h.$h"; fields
if test "$r" != "$run"; then
rm -f "$L/h.$h"; rmdir "$L"
test "$n" -lt 12 && continue
tell held; exit 0
fi
else sign; fi 2>/dev/null
tell taken; exit 0;;
esac
if live; then tell held; exit 0; fi
elif test "$n" -lt 4; then sleep 1; continue
fi
test "$n" -lt 12 || { tell held; exit 0; }
if mkdir "$L.take" 2>/dev/null; then
was=$r; fields; stuck=
if test "$r" = "$was" && { test -z "$r" || ! live; }; then
or=$r; oo=$o; oy=$y; ot=$t; over=1
clear 2>/dev/null || stuck=1
fi
rmdir "$L.take"
if test -n "$stuck"; then tell stuck; exit 0; fi
else
sleep 1
test -z "$(find "$L.take" -prune -mmin +1 2>/dev/null)" || rmdir "$L.take" 2>/dev/null
fi
done
"#;

// Another session of the run may be joining at this moment: it looks for the owner after it has left its file, and here files are
// looked for after the owner is away, so that one of the two sees the other.
const RELEASE: &str = r#"fields
if test "$r" = "$run"; then
rm -f "$L/h.$h"
if ! live && mv "$L/owner" "$L/owner.gone" 2>/dev/null; then
if live; then mv "$L/owner.gone" "$L/owner"; else clear; fi 2>/dev/null
fi
fi
"#;

const LOOK: &str = r#"if test -d "$L" && ! test -L "$L"; then
fields
if live; then tell held; else tell stale; fi
else echo free; fi
"#;

const REMOVE: &str = r#"fields
if ! test -d "$L"; then echo free
elif test "$r" != "$run"; then tell held
elif e=$(clear 2>&1); then echo free
else printf '%s\n' none "$e"; fi
"#;

/// Writes the script that takes a host's lock.
#[must_use]
pub fn take_script(owner: &LockOwner) -> String {
    let also = owner.also.join(" ");
    script(&[("run", &owner.run), ("also", &also), ("who", &owner.who), ("playbook", &owner.playbook)], TAKE)
}

/// Writes the script that releases a lock of a run, unless another session of the run needs it.
#[must_use]
pub fn release_script(owner: &LockOwner) -> String {
    script(&[("run", &owner.run)], RELEASE)
}

/// Writes the script that says which lock there is.
#[must_use]
pub fn look_script() -> String {
    script(&[], LOOK)
}

/// Writes the script that removes a run's lock, whoever holds it.
#[must_use]
pub fn remove_script(run: &str) -> String {
    script(&[("run", run)], REMOVE)
}

fn script(values: &[(&str, &str)], what: &str) -> String {
    let mut text = String::from(BEGIN);
    for (name, value) in values {
        // A line of the file for each.
        let _ = writeln!(text, "{name}={}", quote(&value.replace(['\n', '\r', '\0'], " ")));
    }
    text + what
}

/// Reads what the script that takes a lock printed.
#[must_use]
pub fn locked(stdout: &[u8]) -> Locked {
    let (word, lines) = lines(stdout);
    match (word.as_str(), found(&lines)) {
        ("taken", _) => Locked::Taken,
        ("over", Some(found)) => Locked::TakenOver(LockFound { stale: true, ..found }),
        ("held", Some(found)) => Locked::Held(found),
        ("stuck", Some(found)) => Locked::Stuck(LockFound { stale: true, ..found }),
        ("none", _) => Locked::Impossible(lines.join(" ")),
        _ => Locked::Impossible("the host's answer can't be read".to_owned()),
    }
}

/// Reads what the script that looks for a lock, or removes one, printed; none where there is none.
///
/// # Errors
/// The host's words where it could not be removed.
pub fn lock_there(stdout: &[u8]) -> Result<Option<LockFound>, LockTrouble> {
    let (word, lines) = lines(stdout);
    match (word.as_str(), found(&lines)) {
        ("free", _) => Ok(None),
        ("held", Some(found)) => Ok(Some(found)),
        ("stale", Some(found)) => Ok(Some(LockFound { stale: true, ..found })),
        ("none", _) => Err(LockTrouble { said: lines.join(" ") }),
        _ => Err(LockTrouble { said: "the host's answer can't be read".to_owned() }),
    }
}

fn lines(stdout: &[u8]) -> (String, Vec<String>) {
    let text = String::from_utf8_lossy(stdout);
    let mut lines = text.lines().take(8).map(|line| one_line(line, WORDS));
    (lines.next().unwrap_or_default(), lines.collect())
}

fn found(lines: &[String]) -> Option<LockFound> {
    let [path, run, who, playbook, age] = lines else { return None };
    let [path, run, who, playbook] = [path, run, who, playbook].map(|field| one_line(field, FIELD));
    let age = std::time::Duration::from_secs(age.parse().unwrap_or(0));
    Some(LockFound { path, run, who, playbook, age, stale: false })
}

#[cfg(test)]
mod tests;
