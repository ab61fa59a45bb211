//! A master's arguments.
//!
//! Pure: a target and the places of its files go in, an argument list comes out. Of two `-o` for one key ssh takes the first: ours
//! that must hold stand before the user's, ours that are defaults behind.

use std::path::Path;

use crate::model::{HostKey, Jump, Kex};
use crate::text::quote;
use crate::transport::lane_api::{Refusal, RefusalClass, Target};

/// How a target's connection leaves this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way<'a> {
    /// As ssh's configuration says.
    Configured,
    /// Directly.
    Direct,
    /// Through a master of ours, by its control socket.
    Through { ssh: &'a str, socket: &'a Path },
    /// By `ssh -J`.
    Jump(&'a str),
}

/// The longest control path that OpenSSH can bind; it appends 17 characters to bind first.
pub(super) const LONGEST_SOCKET: usize = 90;

/// Writes the arguments of a master of `target`, without the program.
pub(super) fn master(target: &Target, socket: &Path, log: &Path, way: Way<'_>) -> Result<Vec<String>, Refusal> {
    let connect = &target.connect;
    let local = |message: String| Refusal { class: RefusalClass::Local, message };
    if connect.address.is_empty() || connect.address.starts_with('-') {
        return Err(local(format!("`{}` is no address", connect.address)));
    }
    if connect.user.as_ref().is_some_and(|user| user.starts_with('-')) {
        return Err(local("a user's name must not begin with `-`".to_owned()));
    }
    let mut arguments: Vec<String> = ["-N", "-M", "-T", "-S"].map(str::to_owned).to_vec();
    arguments.extend([path(socket)?, "-E".to_owned(), path(log)?]);
    if let Some(config) = &connect.ssh_config {
        arguments.extend(["-F".to_owned(), path(config)?]);
    }
    let mut option = |text: String| arguments.extend(["-o".to_owned(), text]);
    for fixed in ["ControlPersist=no", "RemoteCommand=none", "LogLevel=INFO"] {
        option(fixed.to_owned());
    }
    let strict = match connect.host_key {
        HostKey::Strict => "yes",
        HostKey::AcceptNew => "accept-new",
    };
    option(format!("StrictHostKeyChecking={strict}"));
    match way {
        Way::Configured => {}
        Way::Direct => option("ProxyJump=none".to_owned()),
        Way::Through { ssh, socket } => {
            // Where the socket is gone, `ProxyCommand=false` keeps ssh from connecting to the placeholder name.
            let socket = quote(&path(socket)?).replace('%', "%%");
            let ssh = quote(ssh).replace('%', "%%");
            option(format!("ProxyCommand={ssh} -F none -S {socket} -o ControlMaster=no -o ProxyCommand=false -W [%h]:%p jump"));
        }
        Way::Jump(_) => {}
    }
    for own in &connect.ssh_options {
        option(own.clone());
    }
    let seconds = connect.connect_timeout.as_secs().max(1);
    option(format!("ConnectTimeout={seconds}"));
    option(format!("ServerAliveInterval={}", connect.keepalive.as_secs()));
    let passwords = if connect.password.is_some() { "NumberOfPasswordPrompts=1" } else { "BatchMode=yes" };
    for default in
        ["ServerAliveCountMax=3", "ClearAllForwardings=yes", "ForwardX11=no", "RequestTTY=no", "PermitLocalCommand=no", passwords]
    {
        option(default.to_owned());
    }
    if connect.kex == Kex::Fast {
        option("KexAlgorithms=^curve25519-sha256".to_owned());
    }
    if let Way::Jump(destination) = way {
        if destination.starts_with('-') {
            return Err(local(format!("`{destination}` is no jump host")));
        }
        arguments.extend(["-J".to_owned(), destination.to_owned()]);
    }
    if let Some(identity) = &connect.identity {
        arguments.extend(["-i".to_owned(), path(identity)?]);
    }
    if let Some(port) = connect.port {
        arguments.extend(["-p".to_owned(), port.to_string()]);
    }
    if let Some(user) = &connect.user {
        arguments.extend(["-l".to_owned(), user.clone()]);
    }
    arguments.push(connect.address.clone());
    Ok(arguments)
}

/// The target of a `-J` destination that one master can serve; none for chains.
pub(super) fn jump_target(target: &Target) -> Option<Target> {
    let Some(Jump::Destination(text)) = &target.connect.jump else { return None };
    if text.contains(',') || text.starts_with('-') {
        return None;
    }
    let rest = text.strip_prefix("ssh://").unwrap_or(text);
    let (user, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
    let bracketed = place.strip_prefix('[').and_then(|inner| inner.split_once(']'));
    let (host, port) = match bracketed {
        Some((host, port)) => (host, port.strip_prefix(':')),
        None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        Some(port) => Some(port.parse().ok()?),
        None => None,
    };
    let mut connect = crate::model::Connect::new(host);
    connect.user = user.map(str::to_owned);
    connect.port = port;
    connect.ssh_config.clone_from(&target.connect.ssh_config);
    connect.host_key = target.connect.host_key;
    connect.connect_timeout = target.connect.connect_timeout;
    connect.keepalive = target.connect.keepalive;
    connect.retries = target.connect.retries;
    connect.kex = target.connect.kex;
    Some(Target { name: text.clone(), connect, jump: None })
}

fn path(path: &Path) -> Result<String, Refusal> {
    let refusal = || Refusal { class: RefusalClass::Local, message: format!("{} is not UTF-8", path.display()) };
    path.to_str().map(str::to_owned).ok_or_else(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Connect;

    fn target(edit: impl FnOnce(&mut Connect)) -> Target {
        let mut connect = Connect::new("web1");
        edit(&mut connect);
        Target { name: "web1".to_owned(), connect, jump: None }
    }

    fn line(target: &Target, way: Way<'_>) -> String {
        master(target, Path::new("/s/m1"), Path::new("/s/m1.log"), way).unwrap().join(" ")
    }

    #[test]
    fn what_must_hold_stands_before_the_users() {
        let target = target(|connect| {
            connect.ssh_options = vec!["ServerAliveCountMax=9".to_owned(), "StrictHostKeyChecking=no".to_owned()];
            connect.port = Some(2222);
            connect.user = Some("ops".to_owned());
        });
        let line = line(&target, Way::Direct);
        assert!(line.starts_with("-N -M -T -S /s/m1 -E /s/m1.log -o ControlPersist=no"), "{line}");
        let at = |text: &str| line.find(text).unwrap_or_else(|| panic!("{text} in {line}"));
        assert!(at("StrictHostKeyChecking=yes") < at("StrictHostKeyChecking=no"));
        assert!(at("ServerAliveCountMax=9") < at("ServerAliveCountMax=3"));
        assert!(at("BatchMode=yes") > 0 && at("ProxyJump=none") > 0);
        assert!(line.ends_with("-p 2222 -l ops web1"), "{line}");
    }

    #[test]
    fn a_password_leaves_batch_mode() {
        let line = line(&target(|connect| connect.password = Some("x".to_owned())), Way::Configured);
        assert!(
            !line.contains("BatchMode") && line.contains("NumberOfPasswordPrompts=1") && !line.contains('x'.to_string().repeat(2).as_str())
        );
    }

    #[test]
    fn through_a_master_of_ours() {
        let line = line(&target(|_| {}), Way::Through { ssh: "ssh", socket: Path::new("/a b/100%") });
        assert!(line.contains("ProxyCommand=ssh -F none -S '/a b/100%%' -o ControlMaster=no"), "{line}");
    }

    #[test]
    fn options_in_names_are_refused() {
        let refusal =
            master(&target(|connect| connect.address = "-oProxyCommand=x".to_owned()), Path::new("s"), Path::new("l"), Way::Direct);
        assert_eq!(refusal.unwrap_err().class, RefusalClass::Local);
    }

    #[test]
    fn jump_destinations() {
        let of = |text: &str| {
            jump_target(&target(|connect| connect.jump = Some(Jump::Destination(text.to_owned())))).map(|target| target.connect)
        };
        let ops = of("ops@gate:2200").unwrap();
        assert_eq!((ops.address.as_str(), ops.user.as_deref(), ops.port), ("gate", Some("ops"), Some(2200)));
        assert_eq!(of("ssh://[::1]:22").unwrap().address, "::1");
        assert!(of("a,b").is_none() && of("a:x").is_none());
    }
}
