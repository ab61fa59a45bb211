//! `unarchive`: a folder that is to hold what an archive holds.
//!
//! Knows `tar` and the usual packers, told apart by their first bytes, and `unzip`. What was unpacked is known by a stamp in the folder, named
//! after the archive's digest: a line with the digest and the options, then the members. All is as it is to be where the stamp is there, says
//! the same, and every member is there; what somebody wrote into a member since stays. Another archive that has a file of the same name takes
//! the stamp away as it writes that file, so that going back to an older archive unpacks it again. The stamp comes last: a script that was
//! ended half-way is known by its absence. Without `owner` and `group`, whose the members are is up to `tar`.

use super::content::copied;
use super::declared::{Applied, Found, Resource, Touch, Unfit};
use super::diff::known_as;
use super::fetch::DIGEST;
use super::operand;
use super::path::with_folders_above;
use super::rights::{RIGHTS, Rights};
use super::stat::{FileKind, FileStat, STATE};
use crate::event::Difference;
use crate::text::quote;

/// An archive that is to be unpacked, rendered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnarchivePlan {
    /// The archive: its path on the host; for one that is sent, only what messages call it.
    pub src: String,
    /// The folder on the host; it is made where there is none.
    pub dest: String,
    /// So many leading parts of the members' names are left out; what has no more is not unpacked.
    pub strip: u32,
    /// Owner and group of the folder and of all that is unpacked; the mode is the folder's alone.
    pub rights: Rights,
}

/// What a script saw.
struct Seen {
    stat: Option<FileStat>,
    same: bool,
    sha256: String,
}

impl Seen {
    fn parse(text: &str) -> Option<Seen> {
        let stat = FileStat::parse(text)?;
        let mut ends = text.lines().rev();
        let (sha256, word) = (ends.next()?.to_owned(), ends.next()?);
        matches!(word, "same" | "other").then(|| Seen { stat, same: word == "same", sha256 })
    }
}

impl Resource for UnarchivePlan {
    fn probe(&self) -> String {
        format!("{}sniff\nknow\nlook\nsame || look_in\n", self.head(&self.src, "t"))
    }

    fn compare(&self, probed: &[u8]) -> Result<Found, Unfit> {
        let seen = Seen::parse(&String::from_utf8_lossy(probed)).ok_or_else(|| Unfit::unread(&self.dest))?;
        Ok(Found { differences: self.differences(&seen)?, ..Found::default() })
    }

    fn apply(&self, token: &str) -> Option<String> {
        Some(format!("{}sniff\nknow\nlook\nsame || unpack\nrights \"$dest\"\necho after\nlook\n", self.head(&self.src, token)))
    }

    fn applied(&self, printed: &[u8]) -> Result<Applied, Unfit> {
        let text = String::from_utf8_lossy(printed);
        let seen = text.split_once("\nafter\n").and_then(|(before, after)| Some((Seen::parse(before)?, Seen::parse(after)?)));
        let (before, after) = seen.ok_or_else(|| Unfit::unread(&self.dest))?;
        if let Some(left) = self.differences(&after)?.first() {
            return Err(Unfit(format!("{} is not as wanted after all: its {}", self.dest, left.what)));
        }
        let differences = self.differences(&before)?;
        Ok(Applied { changed: !differences.is_empty(), differences, ..Applied::default() })
    }

    fn touches(&self) -> Vec<Touch> {
        let mut all = with_folders_above(&self.dest);
        all.insert(0, Touch::Tree(self.dest.clone()));
        all
    }

    fn asks(&self) -> Vec<Touch> {
        // The folders above are made without a look.
        vec![Touch::Path(self.src.clone()), Touch::Tree(self.dest.clone())]
    }

    fn subject(&self) -> &str {
        &self.dest
    }
}

/// An archive that is sent, looked at before it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentArchive {
    /// Where it goes, and how.
    pub plan: UnarchivePlan,
    /// Its SHA-256.
    pub sha256: String,
}

impl Resource for SentArchive {
    fn probe(&self) -> String {
        format!("{}sum={}\nknow\nlook\n", self.plan.head(&self.plan.src, "t"), quote(&self.sha256))
    }

    fn compare(&self, probed: &[u8]) -> Result<Found, Unfit> {
        self.plan.compare(probed)
    }

    fn apply(&self, _: &str) -> Option<String> {
        None
    }

    fn applied(&self, printed: &[u8]) -> Result<Applied, Unfit> {
        copied(&String::from_utf8_lossy(printed))
    }

    fn touches(&self) -> Vec<Touch> {
        self.plan.touches()
    }

    fn asks(&self) -> Vec<Touch> {
        vec![Touch::Tree(self.plan.dest.clone())]
    }

    fn subject(&self) -> &str {
        self.plan.subject()
    }
}

impl UnarchivePlan {
    /// Says `send` where an archive must be sent, known by its size and SHA-256; else puts owner and mode right and is done.
    #[must_use]
    pub fn check_script(&self, _size: u64, sha256: &str) -> String {
        format!(
            "{}sum={}\nknow\nif same; then rights \"$dest\"; if [ \"$did\" ]; then echo changed; else echo ok; fi; else echo send; fi\n",
            self.head(&self.src, "t"),
            quote(sha256)
        )
    }

    /// Reads all of standard input, which must be the archive of that size and SHA-256, and unpacks it. `token` is a part of a temporary
    /// file's name that nobody can guess; letters and digits.
    #[must_use]
    pub fn upload_script(&self, size: u64, sha256: &str, token: &str) -> String {
        format!(
            r#"{head}know
make
tmp=${{dest%/}}/.roundsman-$token
( umask 077; set -C; true >"$tmp" ) || {{ tmp=; fail "can't write in the folder $dest"; }}
cat >"$tmp" || fail "can't write in the folder $dest"
n=$(wc -c <"$tmp")
[ $n -eq {size} ] || fail $n "of {size} bytes arrived of $called"
src=$tmp
sniff
[ "$sum" = {sha256} ] || fail "$called arrived with the digest $sum"
know
unpack
rights "$dest"
echo changed
"#,
            head = self.head("", token),
            sha256 = quote(sha256),
        )
    }

    fn differences(&self, seen: &Seen) -> Result<Vec<Difference>, Unfit> {
        let content = Difference::new("content", None, Some(format!("{}, {}", self.src, known_as(&seen.sha256))));
        match &seen.stat {
            None => {
                let made = Difference::new("state", None, Some("directory".to_owned()));
                Ok([vec![made, content], self.rights.of_new()].concat())
            }
            Some(stat) if stat.kind != FileKind::Directory => Err(Unfit(format!("{} is a {}, and no folder", self.dest, stat.kind.word()))),
            Some(stat) => {
                let mut differences = self.rights.differences(stat);
                if !seen.same {
                    differences.insert(0, content);
                }
                Ok(differences)
            }
        }
    }

    fn head(&self, src: &str, token: &str) -> String {
        let stripped = r"-e '/\//!d' -e 's,^[^/]*/*,,' ".repeat(self.strip as usize);
        format!(
            "src={} called={} dest={} strip={} {} token={} did= sum= tmp= inner= made=\n\
             stripped() {{ sed {stripped}-e 's,//*,/,g' -e 's,^\\(\\./\\)*,,' -e '/^$/d' -e '/^\\.$/d'; }}\n\
             {RIGHTS}{STATE}{DIGEST}{KNOW}{LIST}{UNPACK}",
            operand(src),
            quote(&self.src),
            operand(&self.dest),
            self.strip,
            self.rights.words(),
            quote(token),
        )
    }
}

/// `sniff` finds out the archive's digest and what opens it, `know` what its stamp is; `same` asks that, `look` prints what
/// [`Seen::parse`] reads. Without `-l` some `ls` do not see a link to nothing.
const KNOW: &str = r#"unset TAR_OPTIONS
sniff() {
  ls -d "$src" >/dev/null || exit 1
  [ -f "$src" ] || fail "$called is no regular file"
  sum=$(digest <"$src")
  [ -n "$sum" ] || fail "to know an archive again, this host needs sha256sum, shasum or openssl"
  case $(od -An -tx1 -N 6 <"$src" | tr -d ' \n') in
    1f8b*) open='gzip -dc' ;;
    425a68*) open='bzip2 -dc' ;;
    fd377a585a00) open='xz -dc' ;;
    28b52ffd*) open='zstd -dc' ;;
    504b0304*|504b0506*) open=unzip ;;
    *) open=cat ;;
  esac
  command -v "${open%% *}" >/dev/null 2>&1 || fail "to unpack $called, this host needs ${open%% *}"
}
know() {
  [ ! -e "$dest" ] || [ -d "$dest" ] || fail "$dest is there, and no folder"
  stamp=.roundsman-unarchive-${sum%"${sum#????????????}"}-$strip
  says="$sum strip=$strip owner=$owner group=$group"
}
same() {
  [ -f "${dest%/}/$stamp" ] && IFS= read -r was <"${dest%/}/$stamp" && [ "$was" = "$says" ] &&
    ( cd "$dest" && sed -e 1d -e 's,^,./,' "$stamp" | tr '\n' '\0' | xargs -0 ls -ldn >/dev/null 2>&1 )
}
look() { p=$dest follow=-L; state; if same; then echo same; else echo other; fi; echo "$sum"; }
"#;

/// `look_in` fills `$names` with the members, sorted, without the leading parts, and refuses those that would leave the folder.
///
/// What the programs say comes behind the names, when all of them have ended: some `tar` say there that they made a name harmless.
const LIST: &str = r#"list() {
  if [ "$open" = unzip ]; then
    { unzip -l "$src" </dev/null || echo '!' >&2; } | sed -n 's/^ *[0-9][0-9]*  *[0-9][-0-9/]*  *[0-9][0-9:]*   //p'
  else
    { $open <"$src" || echo '!' >&2; } | { tar $literal -tf - || echo '!' >&2; cat >/dev/null; }
  fi
}
look_in() {
  literal=; case $(tar --version 2>/dev/null) in *GNU*) literal=--quoting-style=literal ;; esac
  names=$( { list 2>&1 >&4 | { said=$(cat); [ -z "$said" ] || printf '%s\n' "$said" | sed 's,^,//! ,'; }; } 4>&1 )
  said=$(printf '%s\n' "$names" | sed -n 's,^//! ,,p')
  names=$(printf '%s\n' "$names" | sed '/^\/\/! /d')
  case "
$said
" in
    *"
!
"*) printf '%s\n' "$said" | sed '/^!$/d' >&2; fail "$called can't be read as an archive" ;;
    *emoving\ leading*) fail "$called has members that would leave $dest" ;;
  esac
  out=$(printf '%s\n' "$names" | grep -e '^/' -e '^\.\.$' -e '^\.\./' -e '/\.\./' -e '/\.\.$' | head -n 1)
  [ -z "$out" ] || fail "$called has a member that would leave $dest: $out"
  names=$(printf '%s\n' "$names" | stripped | LC_ALL=C sort -u)
  [ -n "$names" ] || fail "$called has no members, or none with more than $strip leading parts"
}
"#;

/// `unpack` does it; `extract` puts a `!` to descriptor 3 for what failed, since a pipe tells only of its last command.
const UNPACK: &str = r#"extract() {
  if [ "$open" = unzip ]; then
    set -- "--strip-components=$((strip+1))"
    { ( cd "$inner" && tar -cf - . ) || echo ! >&3; } | tar -xf - "$@" -C "$dest" || echo ! >&3
  else
    set --; [ "$strip" -eq 0 ] || set -- "--strip-components=$strip"
    { $open <"$src" || echo ! >&3; } | { tar -xf - "$@" -C "$dest" || echo ! >&3; cat >/dev/null; }
  fi
}
# A zip comes beside its place first: some `unzip` list names with `?` for what is not ASCII. A warning is 1.
aside() {
  inner=${dest%/}/.roundsman-$token.d
  mkdir "$inner" || exit 1
  unzip -qo "$src" -d "$inner" </dev/null >&2
  [ $? -le 1 ] || fail "$called can't be unpacked into $dest"
  names=$(cd "$inner" && { find . -type d | sed 's,$,/,'; find . ! -type d; } | sed 's,^\./,,' | stripped | LC_ALL=C sort -u)
}
# No path is given with a slash behind it, which would mean what a link points to.
own() {
  [ -z "$2" ] || ( cd "$dest" && printf '%s\n' "$names" | sed -e 's,/$,,' -e 's,^,./,' | tr '\n' '\0' | xargs -0 "$1" -h -- "$2" ) ||
    fail "can't give what is in $dest to $2"
}
# A folder that stays empty is not left.
gone() {
  [ -z "$inner" ] || rm -rf "$inner"
  [ -z "$tmp" ] || rm -f "$tmp"
  [ -z "$made" ] || rmdir "$dest" 2>/dev/null
}
make() {
  trap gone 0; trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 141' PIPE; trap 'exit 143' TERM
  if [ ! -d "$dest" ]; then mkdir -p "$dest" || exit 1; made=1; fi
  set -f; set -- $(ls -ldn "$dest"); set +f
  m=${1#?} u=$3 g=$4
}
# The archive's own folder says nothing of the one that it is unpacked into.
as_it_was() {
  [ -z "$made" ] || return 0
  set -f; set -- $(ls -ldn "$dest"); set +f
  [ "$u:$g" = "$3:$4" ] || chown "$u:$g" "$dest" || exit 1
  a=${m%"${m#???}"}; m=${m#???}; b=${m%"${m#???}"}; m=${m#???}; c=${m%"${m#???}"}; k=
  case $c in ??[tT]*) k=,+t ;; esac
  chmod "u=$(perms "$a"),g=$(perms "$b"),o=$(perms "$c")$k" "$dest" || exit 1
}
unpack() {
  look_in
  make
  [ "$open" != unzip ] || aside
  for old in "${dest%/}"/.roundsman-unarchive-*; do
    [ -f "$old" ] || continue
    both=$( { sed 1d "$old"; printf '%s\n' "$names"; } | grep -v '/$' | LC_ALL=C sort | uniq -d | head -n 1)
    if [ -n "$both" ] || [ "${old##*/}" = "$stamp" ]; then rm -f "$old" || exit 1; fi
  done
  bad=$(extract 3>&1 >/dev/null)
  as_it_was
  [ -z "$bad" ] || fail "$called can't be unpacked into $dest"
  own chown "$owner"
  own chgrp "$group"
  sync -f "$dest" 2>/dev/null
  new=${dest%/}/.roundsman-$token.s
  { printf '%s\n' "$says" "$names" >"$new" && mv -f "$new" "${dest%/}/$stamp"; } || { rm -f "$new"; exit 1; }
  same || { rm -f "${dest%/}/$stamp"; fail "not all of $called is in $dest after all"; }
}
"#;
