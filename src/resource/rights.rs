//! Owner, group and mode: as wanted, as found, and the shell text that makes them so.

use super::stat::FileStat;
use crate::event::Difference;
use crate::text::quote;

/// Owner and mode.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// Its mode; none keeps what is there, else the umask decides.
    pub mode: Option<u32>,
    /// Its owner, a name or a number; none keeps what is there.
    pub owner: Option<String>,
    /// Its group, a name or a number; none keeps what is there.
    pub group: Option<String>,
}

impl Rights {
    /// What of something that is to be made is said: all of it.
    pub(super) fn of_new(&self) -> Vec<Difference> {
        let all = [("mode", self.mode.map(octal)), ("owner", self.owner.clone()), ("group", self.group.clone())];
        all.into_iter().filter_map(|(what, to)| to.map(|to| Difference::new(what, None, Some(to)))).collect()
    }

    /// What of something that is there is not as it is to be.
    pub(super) fn differences(&self, stat: &FileStat) -> Vec<Difference> {
        let mode = self.mode.filter(|mode| *mode != stat.mode).map(|to| ("mode", octal(stat.mode), octal(to)));
        let owner = self.owner.clone().filter(|owner| !stat.is_owned_by(owner)).map(|to| ("owner", stat.owner.clone(), to));
        let group = self.group.clone().filter(|group| !stat.is_of_group(group)).map(|to| ("group", stat.group.clone(), to));
        let all = [mode, owner, group].into_iter().flatten();
        all.map(|(what, from, to)| Difference::new(what, Some(from), Some(to))).collect()
    }

    /// The words `mode=… owner=… group=…`, for [`RIGHTS`].
    pub(super) fn words(&self) -> String {
        let word = |value: Option<&str>| value.map_or_else(|| "''".to_owned(), quote);
        let mode = self.mode.map(octal);
        format!("mode={} owner={} group={}", word(mode.as_deref()), word(self.owner.as_deref()), word(self.group.as_deref()))
    }
}

pub(super) fn octal(mode: u32) -> String {
    format!("{mode:04o}")
}

/// `perms`, which turns `rwx` of `ls` into what `chmod` takes; `fail`; and `rights PATH`, which makes them what `$mode`, `$owner` and `$group` say, sets `$did` where it did something, and asks again.
///
/// Owner before mode: a change of owner takes set-user-id away. Asked by `find`, which POSIX gives exact tests.
pub(super) const RIGHTS: &str = r#"perms() {
  p=; case $1 in r??) p=r ;; esac; case $1 in ?w?) p=${p}w ;; esac; case $1 in ??[xst]) p=${p}x ;; esac
  case $1 in ??[sS]) p=${p}s ;; esac; printf %s "$p"
}
fail() { printf '%s\n' "$*" >&2; exit 1; }
is() { [ -n "$(find -H "$1" -prune "$2" "$3" 2>/dev/null)" ]; }
rights() {
  if [ -n "$owner" ] && ! is "$1" -user "$owner"; then chown -- "$owner" "$1" || exit 1; did=1; fi
  if [ -n "$group" ] && ! is "$1" -group "$group"; then chgrp -- "$group" "$1" || exit 1; did=1; fi
  if [ -n "$mode" ] && ! is "$1" -perm "$mode"; then
    # With a digit more, a folder's set-group-id is set and taken away as well.
    chmod "0$mode" "$1" || exit 1
    is "$1" -perm "$mode" || fail "$1 does not keep the mode $mode"
    did=1
  fi
}
"#;
