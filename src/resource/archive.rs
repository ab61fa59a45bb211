//! `archive`: a file that is to hold what some paths of the host hold, as `tar` writes it.
//!
//! Knows what `tar` of GNU, of busybox and of BSD have in common. An archive is as it is to be where one made at this moment would have the
//! same bytes: members are sorted by name, the compressor writes neither a name nor a time; owners and times of the members are as they are.
//! Members are named from the folder that all paths have in common. Links are put in as links. Writing is [`CopyPlan`]'s.

use super::content::{FileThere, copied, probe_head};
use super::copy::{CopyPlan, FileTarget};
use super::declared::{Applied, Found, Resource, Touch, Unfit};
use super::diff::{known_as, told};
use super::operand;
use crate::event::Difference;
use crate::text::{quote, quote_all};

/// An archive, rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivePlan {
    /// The file on the host.
    pub file: FileTarget,
    /// Paths on the host; of a folder all that is in it.
    pub src: Vec<String>,
    /// How it is packed.
    pub format: ArchiveFormat,
}

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveFormat {
    /// `.tar`.
    Tar,
    /// `.tar.gz`.
    TarGz,
    /// `.tar.xz`.
    TarXz,
    /// `.tar.bz2`.
    TarBz2,
}

impl ArchiveFormat {
    /// How names end, and the format that each tells.
    pub const ENDINGS: [(&str, ArchiveFormat); 9] = [
        (".tar", ArchiveFormat::Tar),
        (".tar.gz", ArchiveFormat::TarGz),
        (".tgz", ArchiveFormat::TarGz),
        (".tar.xz", ArchiveFormat::TarXz),
        (".txz", ArchiveFormat::TarXz),
        (".tar.bz2", ArchiveFormat::TarBz2),
        (".tbz2", ArchiveFormat::TarBz2),
        (".tbz", ArchiveFormat::TarBz2),
        (".tb2", ArchiveFormat::TarBz2),
    ];

    /// The format that a file's name tells; none where it tells none of these.
    #[must_use]
    pub fn of_name(path: &str) -> Option<ArchiveFormat> {
        ArchiveFormat::ENDINGS.into_iter().find(|(end, _)| path.ends_with(end)).map(|(_, format)| format)
    }

    /// The endings of names, for people.
    #[must_use]
    pub fn endings() -> String {
        ArchiveFormat::ENDINGS.map(|(end, _)| format!("`{end}`")).join(", ")
    }

    /// A command that packs its standard input. More threads of `xz` would give other bytes on other machines.
    fn packer(self) -> &'static str {
        match self {
            ArchiveFormat::Tar => "cat",
            ArchiveFormat::TarGz => "gzip -nc",
            ArchiveFormat::TarXz => "xz -T1 -c",
            ArchiveFormat::TarBz2 => "bzip2 -c",
        }
    }
}

impl Resource for ArchivePlan {
    fn probe(&self) -> String {
        // Without a file nothing is to be compared.
        format!(
            "{}{}if [ -f \"$dest\" ]; then\n\
             digest <\"$dest\"; echo\n\
             fresh=$( {{ pack | digest; }} 3>&1 )\n\
             case $fresh in *!*) fail \"what $dest is to hold can't be read\" ;; esac\n\
             echo \"$fresh\"\nfi\n",
            probe_head(&self.file.dest),
            self.list()
        )
    }

    fn compare(&self, probed: &[u8]) -> Result<Found, Unfit> {
        // What stands for a mark is the digest of what the file is to be.
        let there = FileThere::parse(probed).ok_or_else(|| Unfit::unread(&self.file.dest))?;
        let Some(stat) = there.file(&self.file)? else {
            let made = Difference::new("state", None, Some("file".to_owned()));
            let differences = [vec![made], self.file.rights.of_new()].concat();
            return Ok(Found { differences, missing: there.missing.clone(), ..Found::default() });
        };
        let (Some(is), Some(fresh)) = (&there.sha256, &there.mark) else {
            let words = "to compare an archive, this host needs sha256sum, shasum or openssl";
            return Err(Unfit(format!("{}: {words}", self.file.dest)));
        };
        let mut differences = self.file.rights.differences(stat);
        if is != fresh {
            differences.insert(0, Difference::new("content", Some(told(stat.size, is)), Some(known_as(fresh))));
        }
        Ok(Found { differences, ..Found::default() })
    }

    fn apply(&self, token: &str) -> Option<String> {
        let plan = CopyPlan { file: self.file.clone(), token: token.to_owned(), expect: None };
        Some(format!(
            "{}{}stage\n\
             bad=$(pack 3>&1 >\"$tmp\")\n\
             [ -z \"$bad\" ] || fail \"$dest stays as it is: what it is to hold can't be packed\"\n\
             if [ -f \"$dest\" ] && cmp -s \"$tmp\" \"$dest\" 2>/dev/null; then rm -f \"$tmp\"; settle; fi\nplace\n",
            plan.head(),
            self.list()
        ))
    }

    fn applied(&self, printed: &[u8]) -> Result<Applied, Unfit> {
        copied(&String::from_utf8_lossy(printed))
    }

    fn touches(&self) -> Vec<Touch> {
        vec![Touch::Path(self.file.dest.clone())]
    }

    fn asks(&self) -> Vec<Touch> {
        let held = self.src.iter().map(|path| Touch::Tree(path.clone()));
        held.chain(self.touches()).collect()
    }

    fn subject(&self) -> &str {
        &self.file.dest
    }
}

impl ArchivePlan {
    /// Says whether its paths can stand in one archive.
    ///
    /// # Errors
    /// Where they can't: their names would lead out of it, or have no folder in common.
    pub fn fits(&self) -> Result<(), Unfit> {
        members(&self.src).map(drop)
    }

    /// Shell text that fills `$names`, and says what `pack` is.
    fn list(&self) -> String {
        let (base, members) = match members(&self.src) {
            Ok(all) => all,
            Err(Unfit(words)) => return format!("fail {}\n", quote(&words)),
        };
        let packer = self.format.packer();
        format!(
            "unset TAR_OPTIONS GZIP XZ_OPT XZ_DEFAULTS BZIP2 CDPATH\n\
             base={base} packer={packer}\n\
             set -- {paths}\n\
             ls -ldn \"$@\" >/dev/null || exit 1\n\
             {APART}command -v \"${{packer%% *}}\" >/dev/null 2>&1 || fail \"to pack $dest, this host needs ${{packer%% *}}\"\n\
             set -- {members}\n{PACK}",
            base = operand(&base),
            packer = quote(packer),
            paths = self.src.iter().map(|path| operand(path)).collect::<Vec<_>>().join(" "),
            members = quote_all(members.iter().map(|member| format!("./{member}"))),
        )
    }
}

/// The folder that all paths have in common, and how each is called from there.
fn members(src: &[String]) -> Result<(String, Vec<String>), Unfit> {
    let absolute = src.iter().any(|path| path.starts_with('/'));
    let mut all = Vec::with_capacity(src.len());
    for path in src {
        let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if parts.contains(&"..") {
            return Err(Unfit(format!("{path} leads back by `..`; an archive's members can't")));
        }
        if path.starts_with('/') != absolute {
            return Err(Unfit("either all paths of an archive begin with `/`, or none".to_owned()));
        }
        all.push(parts);
    }
    let folders = || all.iter().map(|parts| &parts[..parts.len().saturating_sub(1)]);
    let first = folders().next().ok_or_else(|| Unfit("an archive of nothing".to_owned()))?;
    let shared = (0..first.len()).take_while(|at| folders().all(|folder| folder.get(*at) == first.get(*at))).count();
    let root = if absolute { "/" } else { "" };
    let base = format!("{root}{}", first[..shared].join("/"));
    let base = if base.is_empty() { ".".to_owned() } else { base };
    Ok((base, all.iter().map(|parts| parts[shared..].join("/")).collect()))
}

/// An archive in what it holds would change the folder's time, and never be the same.
const APART: &str = r#"here=$(cd "$dir" 2>/dev/null && pwd -P) || here=
for path in "$@"; do
  if [ -n "$here" ] && [ -d "$path" ] && [ ! -L "$path" ]; then
    above=$(cd "$path" && pwd -P) || exit 1
    case ${here%/}/ in "${above%/}"/*) fail "$dest lies in $path, which it is to hold" ;; esac
  fi
done
"#;

/// `pack` prints the archive; it puts a `!` to descriptor 3 for what failed, since a pipe tells only of its last command.
///
/// Names are a line each, so that a name of several lines is refused. A socket is nothing that can be kept. A busybox may take names as
/// arguments only, so many as the system takes.
const PACK: &str = r#"names=$(cd "$base" && find "$@" ! -type s) || exit 1
odd=$(printf '%s\n' "$names" | grep -v '^\./' | head -n 1)
[ -z "$odd" ] || fail "a name of several lines can't be packed: … $odd"
names=$(printf '%s\n' "$names" | sed -e 's,^\./,,' -e 's,^$,.,' | LC_ALL=C sort -u)
case $(tar --version 2>&1) in
  *GNU*) pick() { printf '%s\n' "$names" | tr '\n' '\0' | tar --format=gnu --null --no-recursion -cf - -T -; } ;;
  *bsdtar*) pick() { printf '%s\n' "$names" | tr '\n' '\0' | tar --null --no-recursion -cf - -T -; } ;;
  *) pick() {
      IFS='
'; set -f; set -- $names; tar --no-recursion -cf - -- "$@"
    } ;;
esac
pack() {
  { ( cd "$base" && pick ) || echo ! >&3; } | { $packer || echo ! >&3; }
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_named_from_the_folder_they_share() {
        let named = |src: &[&str]| {
            let (base, members) = members(&src.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>())?;
            Ok::<String, Unfit>(format!("{base}: {}", members.join(" ")))
        };
        for (src, want) in [
            (&["/srv/app"][..], "/srv: app"),
            (&["/srv//app/./"], "/srv: app"),
            (&["/srv/a/x", "/srv/b"], "/srv: a/x b"),
            (&["/srv/a", "/srv/a/b"], "/srv: a a/b"),
            (&["/etc/x", "/srv/y"], "/: etc/x srv/y"),
            (&["/"], "/: "),
            (&["a b"], ".: a b"),
            (&["x/a", "x/b"], "x: a b"),
        ] {
            assert_eq!(named(src).unwrap(), want);
        }
        assert!(named(&["/srv/../etc"]).unwrap_err().to_string().contains("`..`"));
        assert!(named(&["/srv", "x"]).unwrap_err().to_string().contains("or none"));
        assert!(named(&[]).is_err());
    }

    #[test]
    fn a_name_tells_the_format() {
        assert_eq!(ArchiveFormat::of_name("/x/a.tar.gz"), Some(ArchiveFormat::TarGz));
        assert_eq!(ArchiveFormat::of_name("a.tar"), Some(ArchiveFormat::Tar));
        assert_eq!(ArchiveFormat::of_name("a.gz"), None);
    }
}
