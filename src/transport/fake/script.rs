//! The table that a fake answers from, and the log of what it was sent.
//!
//! ```json
//! { "hosts": [ {
//!     "host": "web*",
//!     "delay_ms": 20,
//!     "lane_delay_ms": 5,
//!     "unused_lanes": 1,
//!     "refuse": { "class": "refused", "message": "Connection refused", "times": 1 },
//!     "commands": [
//!       { "contains": "uname", "stdout": "Linux\n" },
//!       { "regex": "^systemctl (re)?start", "stderr": "no\n", "code": 1, "delay_ms": 500, "times": 2 },
//!       { "contains": "sleep", "hang": true },
//!       { "contains": "reboot", "lose": "Connection reset by peer", "mute": true },
//!       { "contains": "stall", "give_up": "no answer", "mute": true }
//!     ] } ] }
//! ```
//!
//! The first host entry whose `host` (with `*` and `?`) matches counts, and of its commands the first that matches the
//! command's text (arguments joined by blanks) and has `times` left. Without a match a command ends with 0 and says
//! nothing; a guard lets its command run. Of a `mute` one nobody hears that it began. The first `unused_lanes` are closed
//! before anything runs on them. Every key but `host` may be left out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use regex::Regex;
use serde::Deserialize;

use super::session::FakeSession;
use crate::transport::hub::HubError;
use crate::transport::lane_api::{Refusal, RefusalClass, Target};

/// The hosts of a fake hub.
#[derive(Debug, Clone, Default)]
pub struct FakeScript {
    hosts: Arc<Vec<FakeHost>>,
    log: FakeLog,
}

/// What was sent to a fake's hosts; clones are the same log.
#[derive(Debug, Clone, Default)]
pub struct FakeLog {
    entries: Arc<Mutex<Vec<FakeLogEntry>>>,
}

/// One thing sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeLogEntry {
    /// To which host.
    pub host: String,
    /// What: `connect`, `lane` or `lane USER`, `run TEXT` (when it begins), `hold back` (a request that a real lane would not write yet),
    /// `withdraw`, `terminate`, `kill`, `resume`, `upload SCRIPT`, `download SCRIPT`, `close`.
    pub what: String,
}

impl FakeLog {
    /// All so far, in order.
    #[must_use]
    pub fn entries(&self) -> Vec<FakeLogEntry> {
        self.entries.lock().map(|entries| entries.clone()).unwrap_or_default()
    }

    /// What was sent to one host, in order.
    #[must_use]
    pub fn of(&self, host: &str) -> Vec<String> {
        self.entries().into_iter().filter(|entry| entry.host == host).map(|entry| entry.what).collect()
    }

    pub(super) fn write(&self, host: &str, what: impl Into<String>) {
        if let Ok(mut entries) = self.entries.lock() {
            entries.push(FakeLogEntry { host: host.to_owned(), what: what.into() });
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScript {
    #[serde(default)]
    hosts: Vec<RawHost>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHost {
    host: String,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    lane_delay_ms: u64,
    #[serde(default)]
    unused_lanes: u32,
    refuse: Option<RawRefusal>,
    #[serde(default)]
    commands: Vec<RawCommand>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRefusal {
    class: String,
    message: Option<String>,
    times: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCommand {
    contains: Option<String>,
    regex: Option<String>,
    #[serde(default)]
    stdout: String,
    #[serde(default)]
    stderr: String,
    #[serde(default)]
    code: i32,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    hang: bool,
    lose: Option<String>,
    #[serde(default)]
    mute: bool,
    give_up: Option<String>,
    times: Option<u32>,
}

#[derive(Debug)]
struct FakeHost {
    name: Regex,
    delay: Duration,
    lane_delay: Duration,
    unused: Left,
    refusal: Option<(Refusal, Left)>,
    rules: Vec<(Regex, Answer, Left)>,
}

/// How often an entry may still be used; none is always.
type Left = Mutex<Option<u32>>;

/// What a command does.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
    pub(super) code: i32,
    pub(super) delay: Duration,
    pub(super) hang: bool,
    pub(super) lose: Option<String>,
    /// Its begin is not told.
    pub(super) mute: bool,
    /// Its lane is given up before all was heard, with these words.
    pub(super) give_up: Option<String>,
}

impl FakeScript {
    /// Reads a script of hosts and answers.
    ///
    /// # Errors
    /// When it is not such JSON.
    pub fn from_json(text: &str) -> Result<FakeScript, HubError> {
        let raw: RawScript = serde_json::from_str(text).map_err(|error| HubError::FakeScript(error.to_string()))?;
        let hosts = raw.hosts.into_iter().map(read_host).collect::<Result<_, _>>()?;
        Ok(FakeScript { hosts: Arc::new(hosts), log: FakeLog::default() })
    }

    /// The log that its hub will write.
    #[must_use]
    pub fn log(&self) -> FakeLog {
        self.log.clone()
    }

    pub(in crate::transport) async fn connect(&self, target: &Target) -> Result<FakeSession, Refusal> {
        self.log.write(&target.name, "connect");
        if let Some(host) = self.host(&target.name) {
            tokio::time::sleep(host.delay).await;
            if let Some((refusal, left)) = &host.refusal
                && take(left)
            {
                return Err(refusal.clone());
            }
        }
        Ok(FakeSession::new(target.name.clone(), self.clone()))
    }

    fn host(&self, name: &str) -> Option<&FakeHost> {
        self.hosts.iter().find(|host| host.name.is_match(name))
    }

    /// Says whether nothing is heard of a command's begin.
    pub(super) fn is_mute(&self, host: &str, command: &str) -> bool {
        let rules = self.host(host).map_or(&[][..], |host| &host.rules);
        rules.iter().any(|(pattern, answer, _)| answer.mute && pattern.is_match(command))
    }

    /// How long a host takes to open a lane.
    pub(super) fn lane_delay(&self, host: &str) -> Duration {
        self.host(host).map_or(Duration::ZERO, |host| host.lane_delay)
    }

    /// Says whether a host's next lane is closed before anything runs on it.
    pub(super) fn closes_lane(&self, host: &str) -> bool {
        self.host(host).is_some_and(|host| take(&host.unused))
    }

    /// The answer to a command; none where no rule has one.
    pub(super) fn answer(&self, host: &str, command: &str) -> Option<Answer> {
        let rules = &self.host(host)?.rules;
        rules.iter().find(|(pattern, _, left)| pattern.is_match(command) && take(left)).map(|(_, answer, _)| answer.clone())
    }
}

fn take(left: &Left) -> bool {
    let Ok(mut left) = left.lock() else { return false };
    match &mut *left {
        None => true,
        Some(0) => false,
        Some(count) => {
            *count -= 1;
            true
        }
    }
}

fn read_host(raw: RawHost) -> Result<FakeHost, HubError> {
    let glob = regex::escape(&raw.host).replace(r"\*", ".*").replace(r"\?", ".");
    let refusal = raw.refuse.map(read_refusal).transpose()?;
    let rules = raw.commands.into_iter().map(read_rule).collect::<Result<_, _>>()?;
    let [delay, lane_delay] = [raw.delay_ms, raw.lane_delay_ms].map(Duration::from_millis);
    let unused = Mutex::new(Some(raw.unused_lanes));
    Ok(FakeHost { name: pattern(&format!("^(?:{glob})$"))?, delay, lane_delay, unused, refusal, rules })
}

fn read_refusal(raw: RawRefusal) -> Result<(Refusal, Left), HubError> {
    let class = RefusalClass::ALL.into_iter().find(|class| class.word() == raw.class);
    let class = class.ok_or_else(|| HubError::FakeScript(format!("no class of refusals is called `{}`", raw.class)))?;
    let message = raw.message.unwrap_or_else(|| raw.class.clone());
    Ok((Refusal { class, message }, Mutex::new(raw.times)))
}

fn read_rule(raw: RawCommand) -> Result<(Regex, Answer, Left), HubError> {
    let text = match (&raw.contains, &raw.regex) {
        (Some(part), None) => regex::escape(part),
        (None, Some(regex)) => regex.clone(),
        _ => return Err(HubError::FakeScript("a command needs `contains` or `regex`".to_owned())),
    };
    let answer = Answer {
        stdout: raw.stdout.into_bytes(),
        stderr: raw.stderr.into_bytes(),
        code: raw.code,
        delay: Duration::from_millis(raw.delay_ms),
        hang: raw.hang,
        lose: raw.lose,
        mute: raw.mute,
        give_up: raw.give_up,
    };
    Ok((pattern(&text)?, answer, Mutex::new(raw.times)))
}

fn pattern(text: &str) -> Result<Regex, HubError> {
    Regex::new(text).map_err(|error| HubError::FakeScript(error.to_string()))
}
