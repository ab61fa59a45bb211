//! `file`, `directory`, `link`: what stands at a path, what is to, and how it gets there.
//!
//! Knows kinds and rights, not content. The script that applies prints the state before and after, so that one trip does all and the host's
//! word confirms it. What stands in the way is never removed without `force`; a link in the way of a link is replaced. A link to a folder or file is followed, except where the link itself is meant.

use super::declared::{Applied, Found, Resource, Touch, Unfit};
use super::operand;
use super::rights::{RIGHTS, Rights};
use super::stat::{FileKind, FileStat, STATE};
use crate::event::Difference;
use crate::text::quote;

/// What is to stand at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPlan {
    /// The path on the host.
    pub dest: String,
    /// What is to be there.
    pub wanted: WantedPath,
}

/// What is wanted of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedPath {
    /// Nothing; `force` removes a folder with all that is in it.
    Absent {
        /// Removes a folder that is not empty.
        force: bool,
    },
    /// A regular file; where there is none, an empty one is made.
    File(Rights),
    /// A folder; those above it are made as well.
    Directory(Rights),
    /// A symbolic link.
    Link {
        /// What it points to, as written into it.
        target: String,
        /// Replaces a file or another link; never a folder.
        force: bool,
    },
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct PathState {
    /// What it is; none is nothing.
    stat: Option<FileStat>,
    /// What a link points to.
    target: Option<String>,
    /// Of a folder: it is not empty.
    full: bool,
    /// The folder around it is there.
    folder: bool,
}

impl PathState {
    fn parse(text: &str) -> Option<PathState> {
        let mut parts = text.splitn(4, '\n');
        let (folder, full, stat) = (parts.next()? == "folder", parts.next()? == "full", FileStat::parse(parts.next()?)?);
        let target = parts.next().and_then(|rest| rest.strip_prefix("target "));
        let target = target.map(|target| target.strip_suffix('\n').unwrap_or(target).to_owned());
        Some(PathState { stat, target, full, folder })
    }

    /// Reads what was before and what is after.
    fn parse_applied(text: &str) -> Option<(PathState, PathState)> {
        let (before, after) = text.split_once("\nafter\n")?;
        Some((PathState::parse(&format!("{before}\n"))?, PathState::parse(after)?))
    }
}

impl Resource for PathPlan {
    fn probe(&self) -> String {
        format!("{}look\n", self.head())
    }

    fn compare(&self, probed: &[u8]) -> Result<Found, Unfit> {
        let state = PathState::parse(&String::from_utf8_lossy(probed)).ok_or_else(|| Unfit::unread(&self.dest))?;
        let differences = self.differences(&state)?;
        let makes_folders = matches!(self.wanted, WantedPath::Directory(_));
        let missing = (!state.folder && !makes_folders && !differences.is_empty()).then(|| folder_of(&self.dest));
        Ok(Found { differences, missing, ..Found::default() })
    }

    fn apply(&self, _: &str) -> Option<String> {
        let ensure = match &self.wanted {
            WantedPath::Absent { force } => ensure_absent(*force),
            WantedPath::File(_) => "if [ ! -e \"$p\" ] && [ ! -L \"$p\" ]; then (set -C; true >\"$p\") || exit 1; fi\n\
                 [ -f \"$p\" ] || fail \"$p is no regular file\"\nrights \"$p\"\n"
                .to_owned(),
            WantedPath::Directory(_) => "if [ ! -d \"$p\" ]; then mkdir -p \"$p\" || exit 1; fi\nrights \"$p\"\n".to_owned(),
            WantedPath::Link { target, force } => ensure_link(target, *force),
        };
        Some(format!("{}look\n{ensure}printf 'after\\n'\nlook\n", self.head()))
    }

    fn applied(&self, printed: &[u8]) -> Result<Applied, Unfit> {
        let states = PathState::parse_applied(&String::from_utf8_lossy(printed));
        let (before, after) = states.ok_or_else(|| Unfit::unread(&self.dest))?;
        if let Some(left) = self.differences(&after)?.first() {
            let is = left.from.as_deref().unwrap_or("missing");
            return Err(Unfit(format!("{} is not as wanted after all: its {} is {is}", self.dest, left.what)));
        }
        let differences = self.differences(&before)?;
        Ok(Applied { changed: !differences.is_empty(), differences, ..Applied::default() })
    }

    fn touches(&self) -> Vec<Touch> {
        let dest = self.dest.clone();
        match &self.wanted {
            // What was below it is gone, or is another's.
            WantedPath::Absent { .. } | WantedPath::Link { .. } => vec![Touch::Tree(dest)],
            WantedPath::File(_) => vec![Touch::Path(dest)],
            WantedPath::Directory(_) => with_folders_above(&dest),
        }
    }

    fn asks(&self) -> Vec<Touch> {
        match &self.wanted {
            // The folders above are made without a look.
            WantedPath::Directory(_) => vec![Touch::Path(self.dest.clone())],
            _ => self.touches(),
        }
    }

    fn subject(&self) -> &str {
        &self.dest
    }
}

impl PathPlan {
    fn differences(&self, state: &PathState) -> Result<Vec<Difference>, Unfit> {
        let kind = state.stat.as_ref().map(|stat| stat.kind);
        let word = || kind.map(|kind| kind.word().to_owned());
        let blocked = |wanted: &str| {
            let found = kind.map_or("nothing", FileKind::word);
            Unfit(format!("{} is a {found}, and no {wanted}", self.dest))
        };
        let made = |what: &str| vec![Difference::new("state", word(), Some(what.to_owned()))];
        let target = |to: &str| vec![Difference::new("target", state.target.clone(), Some(to.to_owned()))];
        Ok(match (&self.wanted, kind) {
            (WantedPath::Absent { .. }, None) => Vec::new(),
            (WantedPath::Absent { force: false }, Some(FileKind::Directory)) if state.full => {
                return Err(Unfit(format!("{} is not empty; `force: true` removes what is in it", self.dest)));
            }
            (WantedPath::Absent { .. }, Some(_)) => vec![Difference::new("state", word(), None)],
            (WantedPath::File(rights), None) => [made("file"), rights.of_new()].concat(),
            (WantedPath::Directory(rights), None) => [made("directory"), rights.of_new()].concat(),
            (WantedPath::File(rights), Some(FileKind::File)) | (WantedPath::Directory(rights), Some(FileKind::Directory)) => {
                state.stat.as_ref().map(|stat| rights.differences(stat)).unwrap_or_default()
            }
            (WantedPath::File(_), Some(_)) => return Err(blocked("regular file")),
            (WantedPath::Directory(_), Some(_)) => return Err(blocked("folder")),
            (WantedPath::Link { target: to, .. }, Some(FileKind::Link)) if state.target.as_ref() == Some(to) => Vec::new(),
            (WantedPath::Link { target: to, .. }, Some(FileKind::Link)) => target(to),
            (WantedPath::Link { .. }, Some(FileKind::Directory)) => return Err(blocked("link")),
            (WantedPath::Link { force: false, .. }, Some(_)) => {
                let found = word().unwrap_or_default();
                return Err(Unfit(format!("{} is a {found}, and no link; `force: true` replaces it", self.dest)));
            }
            (WantedPath::Link { target: to, .. }, _) => [made("link"), target(to)].concat(),
        })
    }

    fn head(&self) -> String {
        // The link itself is meant where a link is wanted or nothing is; else what it points to.
        let (follow, rights) = match &self.wanted {
            WantedPath::Absent { .. } | WantedPath::Link { .. } => ("", Rights::default()),
            WantedPath::File(rights) | WantedPath::Directory(rights) => ("-L", rights.clone()),
        };
        format!("p={} follow={follow} {}\n{STATE}{RIGHTS}{LOOK}", operand(&self.dest), rights.words())
    }
}

/// A folder and those above it, which may be made too.
pub(super) fn with_folders_above(folder: &str) -> Vec<Touch> {
    let all = std::path::Path::new(folder).ancestors().filter_map(|path| path.to_str());
    all.filter(|path| !matches!(*path, "" | "/")).map(|path| Touch::Path(path.to_owned())).collect()
}

/// The folder that a path stands in, as far as its text says.
pub(super) fn folder_of(path: &str) -> String {
    let path = path.trim_end_matches('/');
    match path.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
        None => ".".to_owned(),
    }
}

/// `look` prints whether its folder is there, whether it is a folder that is not empty, and the state.
const LOOK: &str = r#"look() {
  case ${p%/} in */*) folder=${p%/}; folder=${folder%/*}; folder=${folder:-/} ;; *) folder=. ;; esac
  if [ -d "$folder" ]; then echo folder; else echo alone; fi
  if [ -d "$p" ] && [ ! -L "$p" ] && [ -n "$(ls -A "$p" 2>/dev/null | head -n 1)" ]; then echo full; else echo empty; fi
  state
}
"#;

fn ensure_absent(force: bool) -> String {
    let folder = if force { "rm -rf \"$p\"" } else { "rmdir \"$p\"" };
    // The root and a mount's own folder are nobody's to remove by a slip.
    format!(
        "while :; do case $p in ?*/) p=${{p%/}} ;; *) break ;; esac; done\n\
         case $p in /|.|..|*/.|*/..) fail \"$p can't be removed\" ;; esac\n\
         if [ -d \"$p\" ] && [ ! -L \"$p\" ]; then {folder} || exit 1; elif [ -e \"$p\" ] || [ -L \"$p\" ]; then rm -f \"$p\" || exit 1; fi\n"
    )
}

/// A link is made beside its place and moved there, so that there is one at every moment; only one to a folder goes first, into which it
/// would be moved.
fn ensure_link(target: &str, force: bool) -> String {
    let way = if force { "" } else { "[ ! -e \"$p\" ] || [ -L \"$p\" ] || fail \"$p is there, and no link\"\n" };
    format!(
        "t={target}\n\
         if ! {{ [ -L \"$p\" ] && [ \"$(readlink \"$p\"; echo x)\" = \"$t\nx\" ]; }}; then\n\
         {way}\
         [ ! -d \"$p\" ] || [ -L \"$p\" ] || fail \"$p is a folder\"\n\
         n=$p.roundsman-$$\n\
         ln -s -- \"$t\" \"$n\" || exit 1\n\
         if [ -d \"$p\" ]; then rm -f \"$p\" || {{ rm -f \"$n\"; exit 1; }}; fi\n\
         mv -f \"$n\" \"$p\" || {{ rm -f \"$n\"; exit 1; }}\n\
         fi\n",
        target = quote(target)
    )
}
