//! How a host is reached.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Preset, SecretRef};

/// What carries a host's lanes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// OpenSSH.
    #[default]
    Ssh,
    /// A child process on this machine.
    Local,
    /// Any program whose stdin and stdout reach a POSIX shell; the boot command is appended as one argument after `sh -c`.
    Command(Vec<String>),
    /// A program whose argument list follows from the host: see [`Preset::argv`].
    Preset(Preset),
}

impl Transport {
    /// Its name, as inventories write it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Transport::Ssh => "ssh",
            Transport::Local => "local",
            Transport::Command(_) => "command",
            Transport::Preset(preset) => preset.program.name(),
        }
    }
}

/// Whether an unknown host key is accepted. There is no "off".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostKey {
    /// Unknown and changed keys are refused.
    #[default]
    Strict,
    /// Unknown keys are added to known_hosts, changed ones refused.
    AcceptNew,
}

/// Which key exchange is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kex {
    /// The user's own configuration, else OpenSSH's.
    #[default]
    Default,
    /// `curve25519-sha256` first: much less CPU per connection.
    Fast,
}

/// The way to a host that can't be reached directly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jump {
    /// Directly, whatever ssh's configuration says.
    None,
    /// A host of the inventory, by name: one master of ours there serves all behind it.
    Host(String),
    /// Anything `ssh -J` takes.
    Destination(String),
}

/// How one host is reached, every default in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// What carries the lanes.
    pub transport: Transport,
    /// Host name or address; for ssh it may be an alias of ssh's configuration.
    pub address: String,
    /// The port; none leaves it to ssh.
    pub port: Option<u16>,
    /// The login; none leaves it to ssh.
    pub user: Option<String>,
    /// A private key file.
    pub identity: Option<PathBuf>,
    /// Answers ssh's password prompt.
    pub password: Option<String>,
    /// The secret that `password` is, until a run got it.
    pub password_secret: Option<SecretRef>,
    /// Answers sudo's prompt, where the task's `become` names none.
    pub become_password: Option<String>,
    /// The secret that `become_password` is, until a run got it.
    pub become_password_secret: Option<SecretRef>,
    /// The way there; none leaves it to ssh.
    pub jump: Option<Jump>,
    /// A configuration file in place of the user's.
    pub ssh_config: Option<PathBuf>,
    /// Options as `ssh -o` takes them, in the order written.
    pub ssh_options: Vec<String>,
    /// Unknown host keys.
    pub host_key: HostKey,
    /// From the start of this host's own attempt to its authenticated session. Default 10 s.
    pub connect_timeout: Duration,
    /// `ServerAliveInterval`; three unanswered end the session. Default 15 s.
    pub keepalive: Duration,
    /// The most channels at once. Default 4.
    pub max_sessions: usize,
    /// Further attempts after a refusal that may pass. Default 3.
    pub retries: u32,
    /// Key exchange.
    pub kex: Kex,
}

impl Connect {
    /// The defaults for a host at `address`.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Connect {
        Connect {
            transport: Transport::Ssh,
            address: address.into(),
            port: None,
            user: None,
            identity: None,
            password: None,
            password_secret: None,
            become_password: None,
            become_password_secret: None,
            jump: None,
            ssh_config: None,
            ssh_options: Vec::new(),
            host_key: HostKey::Strict,
            connect_timeout: Duration::from_secs(10),
            keepalive: Duration::from_secs(15),
            max_sessions: 4,
            retries: 3,
            kex: Kex::Default,
        }
    }

    /// Overrides with what `patch` sets.
    pub fn apply(&mut self, patch: &ConnectPatch) {
        macro_rules! set {
            ($($field:ident),*) => {$(if let Some(value) = &patch.$field { self.$field = value.clone(); })*};
        }
        macro_rules! set_optional {
            ($($field:ident),*) => {$(if patch.$field.is_some() { self.$field = patch.$field.clone(); })*};
        }
        set!(transport, address, ssh_options, host_key, connect_timeout, keepalive, max_sessions, retries, kex);
        set_optional!(port, user, identity, jump, ssh_config);
        // A password and a secret stand in one place: whichever is stronger puts the other aside.
        if patch.password.is_some() || patch.password_secret.is_some() {
            self.password.clone_from(&patch.password);
            self.password_secret.clone_from(&patch.password_secret);
        }
        if patch.become_password.is_some() || patch.become_password_secret.is_some() {
            self.become_password.clone_from(&patch.become_password);
            self.become_password_secret.clone_from(&patch.become_password_secret);
        }
    }
}

/// What one `connect:` map says; all else is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(missing_docs)] // field for field [`Connect`]
pub struct ConnectPatch {
    pub transport: Option<Transport>,
    pub address: Option<String>,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub identity: Option<PathBuf>,
    pub password: Option<String>,
    pub password_secret: Option<SecretRef>,
    pub become_password: Option<String>,
    pub become_password_secret: Option<SecretRef>,
    pub jump: Option<Jump>,
    pub ssh_config: Option<PathBuf>,
    pub ssh_options: Option<Vec<String>>,
    pub host_key: Option<HostKey>,
    pub connect_timeout: Option<Duration>,
    pub keepalive: Option<Duration>,
    pub max_sessions: Option<usize>,
    pub retries: Option<u32>,
    pub kex: Option<Kex>,
}
