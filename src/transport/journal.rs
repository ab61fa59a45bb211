//! What lanes note on their hosts, and how it is read when a link was lost.
//!
//! Each lane of a run keeps one private file beside the host's other temporary files, made by its first request that has a tag: which
//! requests began, how they ended. Its name is also the executor's argument, so that a later session finds the lanes of an earlier
//! one. **Settling** ends what is left of them and reads their files; **sweeping** removes the files.
//!
//! Knows nothing of steps: tags go in and out. Names, scripts and the parser are pure; only the two methods of [`Session`] connect.

use std::collections::BTreeMap;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWrite;

use super::bulk::Bytes;
use super::lane_api::{BecomeUser, Refusal, RefusalClass};
use super::session::Session;
use crate::text::{hex, quote};

/// How long lanes that were killed may take to be gone, in tenths of a second.
const TENTHS: u32 = 50;
/// More than this is no journal of ours.
const LONGEST: usize = 16 * 1024 * 1024;
/// The part of a name that a boot writes apart from the rest, so that only executors have it in one piece.
const HEAD: &str = "roundsman-";

/// Lanes by the beginning of their names: all that a run has on a host, or those of one session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LaneNames {
    /// Without [`HEAD`].
    rest: String,
}

impl LaneNames {
    /// Names every lane that a run has had on a host of the inventory, by whichever session.
    #[must_use]
    pub fn of_run(run: &str, host: &str) -> LaneNames {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let run = if !run.is_empty() && run.len() <= 64 && run.chars().all(plain) { run.to_owned() } else { digest(run) };
        LaneNames { rest: format!("{run}-{}.", digest(host)) }
    }

    /// Names those of one session.
    pub(super) fn of_session(&self, session: &str) -> LaneNames {
        LaneNames { rest: format!("{}{session}-", self.rest) }
    }

    /// One lane's own name.
    pub(super) fn lane(&self, number: u32) -> LaneName {
        LaneName { rest: format!("{}{number}", self.rest) }
    }

    fn whole(&self) -> String {
        format!("{HEAD}{}", self.rest)
    }

    /// The same in a boot.
    fn in_boot(&self) -> String {
        format!("{HEAD}\"{}", self.rest)
    }
}

/// A lane's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LaneName {
    rest: String,
}

impl LaneName {
    /// What stands behind the shell in a boot: the name is the executor's only argument.
    pub(super) fn argument(&self) -> String {
        format!(" -s {HEAD}\"{}\"", self.rest)
    }

    /// The name in one piece: a word for any shell.
    pub(super) fn whole(&self) -> String {
        format!("{HEAD}{}", self.rest)
    }
}

fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    hex(&digest[..8])
}

/// What a journal says of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// It began; its end was not noted.
    Began,
    /// It ended with this code.
    Ended(i32),
    /// One of its guards (by its index) skipped it, with the guard's exit code.
    Guarded {
        /// Which guard.
        guard: usize,
        /// Its exit code.
        code: i32,
    },
}

/// What lanes noted on a host as one user, and whether they are gone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostJournal {
    /// By tag.
    pub noted: BTreeMap<String, Noted>,
    /// True where a lane could not be ended: what it was given may still run, or begin.
    pub alive: bool,
    /// True where journals can be written: what is not noted never began, unless the host was started since.
    pub complete: bool,
    /// How long ago the host was started, where it tells.
    pub uptime: Option<Duration>,
}

impl HostJournal {
    /// Reads what the settle script printed; none where that is not all of it.
    #[must_use]
    pub fn parse(text: &str) -> Option<HostJournal> {
        let (mut journal, mut whole) = (HostJournal::default(), false);
        for line in text.split('\n') {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["A"] => journal.alive = true,
                ["W"] => journal.complete = true,
                ["U", seconds] => {
                    journal.uptime = seconds.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                }
                ["B", tag, "."] => drop(journal.noted.entry(tag.to_owned()).or_insert(Noted::Began)),
                ["P", tag, guard, code, "."] => {
                    if let (Ok(guard), Ok(code)) = (guard.parse(), code.parse()) {
                        journal.noted.insert(tag.to_owned(), Noted::Guarded { guard, code });
                    }
                }
                ["E", tag, code, "."] => {
                    let noted = journal.noted.entry(tag.to_owned()).or_insert(Noted::Began);
                    // A guard's skip has an end too.
                    if let (Noted::Began, Ok(code)) = (*noted, code.parse()) {
                        *noted = Noted::Ended(code);
                    }
                }
                ["."] => whole = true,
                _ => {}
            }
        }
        whole.then_some(journal)
    }

    /// Says whether what is not noted certainly never began; `age` is how long ago the lanes' session was opened.
    #[must_use]
    pub fn knows_all(&self, age: Duration) -> bool {
        // A folder of temporary files does not outlive the host's start.
        self.complete && !self.alive && self.uptime.is_none_or(|uptime| uptime > age)
    }
}

/// Writes the script that ends lanes and prints their journals.
///
/// Killing an executor ends its lane: whoever waits for it ends the group. Only what has the name in one piece, and belongs to this
/// user, is an executor or a fork of it; whoever waits has it in two. The look and the kill are a moment apart, so that no other
/// process can have got the number. All are stopped before any is killed: an executor that outlives its task goes on with the next.
/// Without `/proc`, `ps` knows.
fn settle_script(names: &LaneNames) -> String {
    format!(
        r#"m={whole}; w={apart}; d=${{TMPDIR:-/tmp}}
LC_ALL=C; export LC_ALL
is() {{ case $2 in *"$m"*) x="$x $1";; *"$w"*) y="$y $1";; esac; }}
look() {{ x=; y=
if test -r "/proc/$$/cmdline"; then
for f in /proc/[0-9]*; do test -O "$f" || continue; l=; IFS= read -r l <"$f/cmdline" || :; is "${{f#/proc/}}" "$l"; done
else l=$(ps -A -ww -o pid= -o user= -o args= || ps -A -o pid= -o user= -o args=) || return
while read -r p u l; do test "$u" = "$o" && is "$p" "$l"; done <<E
$l
E
fi; }}
{{ o=$(id -un); n=0; a=A
while look; do
if test -z "$x$y"; then a=; break; fi
test "$n" -lt {TENTHS} || break
test -z "$x" || {{ kill -STOP $x; kill -KILL $x; }}
sleep 0.1 || {{ sleep 1; n=$((n+9)); }}; n=$((n+1))
done; }} 2>/dev/null
test -z "$a" || echo A
for f in "$d/.$m"*; do if test -f "$f" && test ! -h "$f" && test -O "$f"; then cat -- "$f"; echo; fi; done
t=$d/.roundsman-$$-test
if ( umask 077; set -C; echo written >"$t" ) 2>/dev/null; then rm -f -- "$t"; echo W; fi
if read -r u l 2>/dev/null </proc/uptime; then echo "U $u"; fi
echo .
"#,
        whole = quote(&names.whole()),
        apart = quote(&names.in_boot()),
    )
}

/// Writes the script that removes journals.
fn sweep_script(names: &LaneNames) -> String {
    let whole = quote(&names.whole());
    format!(
        "m={whole}; d=${{TMPDIR:-/tmp}}\n\
         for f in \"$d/.$m\"*; do if test -f \"$f\" && test ! -h \"$f\" && test -O \"$f\"; then rm -f -- \"$f\"; fi; done\n"
    )
}

impl Session {
    /// Ends lanes of earlier sessions as one user and reads what they noted.
    ///
    /// # Errors
    /// When no channel is given, the other user is refused, the link is lost, or what comes is no journal.
    pub async fn settle(&self, become_user: Option<&BecomeUser>, names: &LaneNames) -> Result<HostJournal, Refusal> {
        let mut printed = Capped(Vec::new());
        self.download(become_user, &settle_script(names), &mut printed).await?;
        let refusal = || Refusal { class: RefusalClass::Other, message: "the journal of earlier lanes can't be read".to_owned() };
        HostJournal::parse(&String::from_utf8_lossy(&printed.0)).ok_or_else(refusal)
    }

    /// Removes the journals of lanes as one user, once everything in them is recorded.
    ///
    /// # Errors
    /// When no channel is given, the other user is refused, or the link is lost.
    pub async fn sweep(&self, become_user: Option<&BecomeUser>, names: &LaneNames) -> Result<(), Refusal> {
        self.upload(become_user, &sweep_script(names), Bytes::none(), std::future::pending()).await.map(drop)
    }
}

/// Keeps what is written to it, up to [`LONGEST`].
struct Capped(Vec<u8>);

impl AsyncWrite for Capped {
    fn poll_write(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<std::io::Result<usize>> {
        if self.0.len() + bytes.len() > LONGEST {
            return std::task::Poll::Ready(Err(std::io::Error::other("the journal is too long")));
        }
        self.0.extend_from_slice(bytes);
        std::task::Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
