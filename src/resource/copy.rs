//! `copy`: a file made to hold given bytes, with owner and mode, by a temporary file beside it and a rename.
//!
//! Knows bytes, a path and rights. What is as it should be is not touched. A small file goes within one script; for
//! a large one a first script says whether bytes are needed at all, a second reads them from its standard input.
//! Every script answers `ok`, `changed` or `send`. A link is followed: what it points to is written, it stays.

use super::fetch::DIGEST;
use super::operand;
use super::rights::{RIGHTS, Rights};
use super::validate::with_path;
use crate::text::quote;

/// Up to so many bytes go within a script.
pub const SMALL: usize = 32 * 1024;

/// A file that is to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileTarget {
    /// The file on the host.
    pub dest: String,
    /// Its owner and mode.
    pub rights: Rights,
    /// Keeps what was there under another name.
    pub backup: bool,
    /// Shell text that must exit 0 before a file takes its place; `%s` in it is the path of the bytes to be.
    pub validate: Option<String>,
}

/// A copy, rendered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CopyPlan {
    /// The file on the host.
    pub file: FileTarget,
    /// A part of the temporary file's name that nobody can guess; letters and digits.
    pub token: String,
    /// By what the file that is there must be known again: it was read, and what is written was made from it. Empty: no file may be there.
    pub expect: Option<String>,
}

/// What a copy script answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyAnswer {
    /// All was as it should be.
    Ok,
    /// It is now.
    Changed,
    /// The bytes are needed: [`CopyPlan::upload_script`] comes next.
    Send,
}

impl CopyAnswer {
    /// Reads what a script printed; none where it is not understood.
    #[must_use]
    pub fn parse(stdout: &str) -> Option<CopyAnswer> {
        match stdout.lines().next()? {
            "ok" => Some(CopyAnswer::Ok),
            "changed" => Some(CopyAnswer::Changed),
            "send" => Some(CopyAnswer::Send),
            _ => None,
        }
    }
}

/// The name under which a script kept what was there.
#[must_use]
pub fn kept_as(stdout: &str) -> Option<&str> {
    stdout.lines().find_map(|line| line.strip_prefix("backup "))
}

impl CopyPlan {
    /// Compares and writes in one go; for at most about [`SMALL`] bytes.
    #[must_use]
    pub fn small_script(&self, content: &[u8]) -> String {
        format!(
            r#"{head}body() {{
{body}}}
same() {{
  if command -v cmp >/dev/null 2>&1; then body | cmp -s - "$dest"
  else n=$(body | cksum) && [ -n "$n" ] && [ "$n" = "$(cksum <"$dest")" ]; fi
}}
if [ -f "$dest" ] && same 2>/dev/null; then settle; fi
stage
body >"$tmp" || fail "can't write beside $dest"
[ $(wc -c <"$tmp") -eq {size} ] || fail "can't write all of $dest"
place
"#,
            head = self.head(),
            body = literal(content),
            size = content.len()
        )
    }

    /// Says `send` where a large file must be sent; else puts owner and mode right and is done.
    #[must_use]
    pub fn check_script(&self, size: u64, sha256: &str) -> String {
        format!(
            r#"{head}{DIGEST}if [ -f "$dest" ] && [ $(wc -c <"$dest") -eq {size} ] && [ "$(digest <"$dest")" = {sha256} ]; then settle; fi
echo send
"#,
            head = self.head(),
            sha256 = quote(sha256)
        )
    }

    /// Reads all of standard input, which must be `size` bytes, and makes them the file. A host without a digest tool may find
    /// only now that it had them.
    #[must_use]
    pub fn upload_script(&self, size: u64) -> String {
        format!(
            r#"{head}stage
cat >"$tmp" || fail "can't write beside $dest"
n=$(wc -c <"$tmp")
[ $n -eq {size} ] || fail $n "of {size} bytes arrived for $dest"
if [ -f "$dest" ] && cmp -s "$tmp" "$dest" 2>/dev/null; then rm -f "$tmp"; settle; fi
place
"#,
            head = self.head()
        )
    }

    /// Values, functions and checks that all scripts begin with.
    pub(super) fn head(&self) -> String {
        let file = &self.file;
        format!(
            "dest={} {} token={} backup={}\n{RIGHTS}{RESOLVE}{HEAD}{}{}",
            operand(&file.dest),
            file.rights.words(),
            quote(&self.token),
            if file.backup { "1" } else { "''" },
            self.expectation(),
            self.validation(),
        )
    }

    fn expectation(&self) -> String {
        let Some(mark) = &self.expect else { return "unchanged() { :; }\n".to_owned() };
        let asked = format!("[ \"$(mark \"$dest\")\" = {} ] || fail \"$dest is another than it was when it was read\"", quote(mark));
        format!("{DIGEST}{MARK}unchanged() {{ {asked}; }}\nunchanged\n")
    }

    fn validation(&self) -> String {
        let Some(text) = &self.file.validate else { return "valid() { :; }\n".to_owned() };
        // In a shell of its own, as a task's text is; what it says on standard output is no answer of ours. Its end is asked for behind it:
        // in a condition `set -e` would not hold.
        format!(
            "valid() {{ ( set -e; eval {} ) </dev/null >&2\n[ $? -eq 0 ] || fail \"$dest stays as it is: what was to be written is not valid\"; }}\n",
            quote(&with_path(text))
        )
    }
}

/// `settle` ends the script for a file whose bytes are right; `stage` makes the temporary file, `place` gives it
/// rights and moves it. Rights are asked by `find`, which POSIX gives exact tests, and kept by `ls -n`, which it
/// gives an exact form; `stat` is no part of it.
const HEAD: &str = r#"tmp= um=$(umask)
[ ! -d "$dest" ] || fail "$dest is a folder; dest is the file itself"
[ -d "$dir" ] || fail "the folder $dir does not exist"
[ ! -e "$dest" ] || [ -f "$dest" ] || fail "$dest is no regular file"
settle() { did=; rights "$dest"; if [ "$did" ]; then echo changed; else echo ok; fi; exit 0; }
# Numbers of processes are given again, to another that was born later; one that is over may still stand in the list.
who() {
  x=; { read -r x <"/proc/$1/stat"; } 2>/dev/null
  set -f; set -- "$1" ${x##*") "}; set +f
  case $#.$2 in ?.*|1?.*|20.*|*.[ZX]) x= ;; *) x=$1; shift 20; x=$x-$1 ;; esac
}
stage() {
  # What a writer left that was killed goes when the folder is written again: its name tells the process, the start of its host and
  # of its container. Where the first process can't be seen, nor may others be, and nothing is judged.
  boot=; read -r boot 2>/dev/null </proc/sys/kernel/random/boot_id; boot=${boot%%-*}
  who 1; boot=${boot:+${x:+${x#1-}.$boot}}
  if [ "$boot" ]; then for old in "${dir%/}"/.roundsman-*-*-"$boot"; do
    by=${old%-*}; born=${by##*-}; by=${by%-*}; by=${by##*-}
    if [ -f "$old" ] && [ ! -L "$old" ] && [ -O "$old" ]; then case $by.$born in .*|*.|*[!0-9.]*) ;; *) who "$by"; [ "$x" = "$by-$born" ] || rm -f "$old" ;; esac; fi
  done; fi
  who $$
  tmp=${dir%/}/.roundsman-$token-${x:-$$}-$boot
  trap 'rm -f "$tmp"' 0
  # A shell says what its child died of, perhaps to nobody, before it hears its own TERM.
  trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 141' PIPE; trap 'exit 143' TERM
  umask 077
  # Never another's file; `true`, since a failure of `:` would end the shell.
  set -C; true >"$tmp" || { trap - 0; fail "can't write in the folder $dir"; }
  set +C
}
place() {
  if [ -e "$dest" ]; then
    was=$(ls -ldn "$dest") || exit 1
    now=$(ls -ldn "$tmp") || exit 1
    set -f; set -- $was; m=${1#?} u=$3 g=$4; set -- $now; set +f
    # The group's rights are then those of the list's mask, which are not the group's.
    case $m in *+)
      command -v getfacl >/dev/null 2>&1 && command -v setfacl >/dev/null 2>&1 || fail "$dest has an access list; to keep it, this host needs getfacl and setfacl"
      getfacl -pc -- "$dest" | setfacl --set-file=- -- "$tmp" || fail "can't keep the access list of $dest" ;;
    esac
    [ "$u:$g" = "$3:$4" ] || [ -n "$owner$group" ] || chown "$u:$g" "$tmp" || fail "can't keep the owner of $dest"
    if [ -n "$owner$group" ]; then chown "$u:$g" "$tmp" 2>/dev/null; fi
    a=${m%"${m#???}"}; m=${m#???}; b=${m%"${m#???}"}; m=${m#???}; c=${m%"${m#???}"}
    [ -n "$mode" ] || chmod "u=$(perms "$a"),g=$(perms "$b"),o=$(perms "$c")" "$tmp" || exit 1
  elif [ -z "$mode" ]; then
    umask "$um"; chmod =rw "$tmp" || exit 1
  fi
  rights "$tmp"
  valid
  sync "$tmp" 2>/dev/null
  kept=
  if [ -n "$backup" ] && [ -e "$dest" ]; then
    kept=$dest.$(date -u +%Y%m%dT%H%M%SZ)
    n=1; while [ -e "$kept" ] || [ -L "$kept" ]; do kept=${kept%Z*}Z-$n; n=$((n+1)); done
    # A second name is there at once and whole.
    ln "$dest" "$kept" 2>/dev/null || cp -p "$dest" "$kept" || fail "can't keep a copy of $dest"
  fi
  unchanged
  # Whoever is ended from here on has done it, and says so.
  trap '' HUP INT PIPE TERM
  mv -f "$tmp" "$dest" || { [ -z "$kept" ] || rm -f "$kept"; exit 1; }
  echo changed
  if [ -n "$kept" ]; then printf 'backup %s\n' "$kept"; fi
}
"#;

/// `mark PATH` prints by what a file is known again, nothing where there is none: POSIX has `cksum`, a small busybox only digests.
pub(super) const MARK: &str = r#"mark() { if command -v cksum >/dev/null 2>&1; then cksum; else digest; fi 2>/dev/null <"$1"; }
"#;

/// Follows links: `dest` is the file itself from here on, `dir` the folder that it is in.
pub(super) const RESOLVE: &str = r#"hops=0
while [ -L "$dest" ]; do
  hops=$((hops+1)); [ $hops -le 40 ] || fail "$dest: too many links"
  case $dest in */*) at=${dest%/*}; at=${at:-/} ;; *) at=. ;; esac
  if [ -k "$at" ]; then
    # As the kernel does with links in folders where everybody may leave one.
    set -f; set -- $(ls -ldn "$at") - $(ls -ldn "$dest"); set +f
    by=$3; while [ "$1" != - ]; do shift; done
    [ "$4" = "$(id -u)" ] || [ "$4" = "$by" ] || fail "$dest is a link that another user left in a shared folder"
  fi
  to=$(readlink "$dest") || fail "can't follow the link $dest"
  case $to in /*) dest=$to ;; *) case $dest in */*) dest=${dest%/*}/$to ;; *) dest=./$to ;; esac ;; esac
done
case $dest in */) fail "$dest names a folder; dest is the file itself" ;; */*) dir=${dest%/*}; dir=${dir:-/} ;; *) dir=. ;; esac
"#;

/// Commands that print the bytes, in pieces that fit an argument. Text stands as it is; anything else as octal.
pub(super) fn literal(content: &[u8]) -> String {
    const PIECE: usize = 8 * 1024;
    let mut script = String::new();
    match std::str::from_utf8(content) {
        Ok(text) if !text.contains(['\0', '\r']) => {
            let mut rest = text;
            while !rest.is_empty() {
                let mut at = rest.len().min(PIECE);
                while !rest.is_char_boundary(at) {
                    at -= 1;
                }
                let (piece, behind) = rest.split_at(at);
                script.push_str(&format!("printf %s {}\n", quote(piece)));
                rest = behind;
            }
        }
        _ => {
            for piece in content.chunks(PIECE / 4) {
                script.push_str("printf '");
                for byte in piece {
                    match byte {
                        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'/' | b'.' | b',' | b'=' => script.push(char::from(*byte)),
                        _ => script.push_str(&format!("\\{byte:03o}")),
                    }
                }
                script.push_str("'\n");
            }
        }
    }
    // A function needs a command.
    if script.is_empty() { ":\n".to_owned() } else { script }
}
