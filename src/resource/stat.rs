//! `stat`: what is at a path.
//!
//! Knows `stat -c` of GNU and busybox, and `ls -ldn` for hosts without it. A symbolic link is looked at itself. Only
//! absence is "not there": a folder that can't be searched is a failure.

use indexmap::IndexMap;

use super::operand;
use crate::model::Value;

/// Prints what [`FileStat::parse`] reads.
#[must_use]
pub fn stat_script(path: &str) -> String {
    // `ls` has the last word on whether it is there: its message is the same in every implementation.
    format!("p={path} follow=\n{STATE}state", path = operand(path))
}

/// `state` prints what is at `$p`: what a link points to with `follow=-L`, else, and where it points to
/// nothing, the link itself with its target on a line of its own.
pub(super) const STATE: &str = r#"state() {
if [ -L "$p" ] && [ ! -e "$p" ]; then follow=; fi
if o=$(stat $follow -c '%f/%s/%Y/%u/%g/%U/%G' "$p" 2>/dev/null); then
  printf 'stat %s\n' "$o"
elif o=$(LC_ALL=C ls -ldn $follow "$p" 2>&1); then
  printf 'ls %s\n' "$o"
else
  case $o in
    *"No such file or directory"*|*"Not a directory"*) echo absent ;;
    *) printf '%s\n' "$o" >&2; exit 1 ;;
  esac
fi
if [ -z "$follow" ] && [ -L "$p" ]; then printf 'target %s\n' "$(readlink "$p")"; fi
}
"#;

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A character device.
    Character,
    /// A block device.
    Block,
}

impl FileKind {
    /// Its word in `outputs.type`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            FileKind::File => "file",
            FileKind::Directory => "directory",
            FileKind::Link => "link",
            FileKind::Fifo => "fifo",
            FileKind::Socket => "socket",
            FileKind::Character => "character",
            FileKind::Block => "block",
        }
    }
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStat {
    /// What it is.
    pub kind: FileKind,
    /// In bytes; 0 for devices.
    pub size: u64,
    /// Permission bits, set-user-id and the like included.
    pub mode: u32,
    /// The owner's name, else number.
    pub owner: String,
    /// The group's name, else number.
    pub group: String,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// Seconds since 1970; none where the host has no `stat`.
    pub mtime: Option<i64>,
}

impl FileStat {
    /// Reads what the script printed: `Some(None)` where nothing is there, `None` where it is not understood.
    #[must_use]
    #[allow(clippy::option_option)]
    pub fn parse(stdout: &str) -> Option<Option<FileStat>> {
        let line = stdout.lines().next()?;
        if line == "absent" {
            return Some(None);
        }
        line.strip_prefix("stat ").and_then(from_stat).or_else(|| line.strip_prefix("ls ").and_then(from_ls)).map(Some)
    }

    /// Says whether its owner is one, told by name or number.
    #[must_use]
    pub fn is_owned_by(&self, owner: &str) -> bool {
        self.owner == owner || self.uid.to_string() == owner
    }

    /// Says whether its group is one, told by name or number.
    #[must_use]
    pub fn is_of_group(&self, group: &str) -> bool {
        self.group == group || self.gid.to_string() == group
    }

    /// The task's `outputs`, for something and for nothing.
    #[must_use]
    pub fn outputs(stat: Option<&FileStat>) -> IndexMap<String, Value> {
        let mut outputs = IndexMap::from([("exists".to_owned(), Value::Bool(stat.is_some()))]);
        let mut add = |name: &str, value: Option<Value>| {
            outputs.insert(name.to_owned(), value.unwrap_or_default());
        };
        add("type", stat.map(|stat| Value::from(stat.kind.word())));
        add("size", stat.map(|stat| Value::Int(i64::try_from(stat.size).unwrap_or(i64::MAX))));
        add("mode", stat.map(|stat| Value::Text(format!("{:04o}", stat.mode))));
        add("owner", stat.map(|stat| Value::from(stat.owner.as_str())));
        add("group", stat.map(|stat| Value::from(stat.group.as_str())));
        add("mtime", stat.and_then(|stat| stat.mtime).map(Value::Int));
        outputs
    }

    /// The task's `stdout`: one line for people.
    #[must_use]
    pub fn shown(stat: Option<&FileStat>) -> String {
        match stat {
            None => "absent\n".to_owned(),
            Some(stat) => {
                let size = crate::text::plural(usize::try_from(stat.size).unwrap_or(usize::MAX), "byte");
                format!("{} {:04o} {}:{} {size}\n", stat.kind.word(), stat.mode, stat.owner, stat.group)
            }
        }
    }
}

fn from_stat(line: &str) -> Option<FileStat> {
    let parts: Vec<&str> = line.splitn(7, '/').collect();
    let [mode, size, mtime, uid, gid, user, group] = parts[..] else { return None };
    let mode = u32::from_str_radix(mode, 16).ok()?;
    let kind = match mode & 0o170_000 {
        0o100_000 => FileKind::File,
        0o040_000 => FileKind::Directory,
        0o120_000 => FileKind::Link,
        0o010_000 => FileKind::Fifo,
        0o140_000 => FileKind::Socket,
        0o020_000 => FileKind::Character,
        0o060_000 => FileKind::Block,
        _ => return None,
    };
    let name = |name: &str, id: &str| if name == "UNKNOWN" { id.to_owned() } else { name.to_owned() };
    Some(FileStat {
        kind,
        size: size.parse().ok()?,
        mode: mode & 0o7777,
        owner: name(user, uid),
        group: name(group, gid),
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        mtime: mtime.parse().ok(),
    })
}

fn from_ls(line: &str) -> Option<FileStat> {
    let mut words = line.split_ascii_whitespace();
    let mode = words.next()?.as_bytes();
    let kind = match *mode.first()? {
        b'-' => FileKind::File,
        b'd' => FileKind::Directory,
        b'l' => FileKind::Link,
        b'p' => FileKind::Fifo,
        b's' => FileKind::Socket,
        b'c' => FileKind::Character,
        b'b' => FileKind::Block,
        _ => return None,
    };
    let (owner, group) = (words.nth(1)?.to_owned(), words.next()?.to_owned());
    // Devices have two numbers in place of a size.
    let size = words.next()?.parse().unwrap_or(0);
    let (uid, gid) = (owner.parse().ok()?, group.parse().ok()?);
    Some(FileStat { kind, size, mode: letters(mode.get(1..10)?), owner, group, uid, gid, mtime: None })
}

/// Reads `rwsr-xr-t`.
fn letters(letters: &[u8]) -> u32 {
    letters.iter().enumerate().fold(0, |mode, (at, letter)| {
        let bit = 1 << (8 - at);
        let special = 0o4000 >> (at / 3);
        mode | match letter {
            b'-' => 0,
            b's' | b't' => bit | special,
            b'S' | b'T' => special,
            _ => bit,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        let stat = FileStat::parse("stat 89ed/12/1700000000/0/7/root/UNKNOWN\n").flatten().unwrap();
        assert_eq!((stat.kind, stat.size, stat.mode, stat.mtime), (FileKind::File, 12, 0o4755, Some(1_700_000_000)));
        assert_eq!((stat.owner.as_str(), stat.group.as_str()), ("root", "7"));
        let stat = FileStat::parse("ls drwxrws--T+ 2 1000 50 4096 Nov 22 05:00 /x y\n").flatten().unwrap();
        assert_eq!((stat.kind, stat.size, stat.mode, stat.mtime), (FileKind::Directory, 4096, 0o3770, None));
        assert_eq!(FileStat::parse("ls brw-rw---- 1 0 6 8, 0 Nov 22 05:00 /dev/sda").flatten().unwrap().size, 0);
        assert_eq!(FileStat::parse("absent\n"), Some(None));
        assert_eq!(FileStat::parse("what?"), None);
    }
}
