//! OpenSSH's words to kinds of refusal.
//!
//! Pure: the text of a master's log goes in. Knows nothing of processes. The words are those of OpenSSH 7 to 10.

use crate::text::shortened;
use crate::transport::lane_api::{Refusal, RefusalClass};

/// Words and their kind; the first row that is found anywhere in the log counts, so the more telling come first.
const TABLE: &[(&str, RefusalClass)] = &[
    ("remote host identification has changed", RefusalClass::ChangedHostKey),
    ("revoked host key", RefusalClass::ChangedHostKey),
    ("host key is known for", RefusalClass::UnknownHostKey),
    ("host key verification failed", RefusalClass::UnknownHostKey),
    ("permission denied", RefusalClass::Auth),
    ("too many authentication failures", RefusalClass::Auth),
    ("no supported authentication methods", RefusalClass::Auth),
    ("no more authentication methods", RefusalClass::Auth),
    ("could not resolve hostname", RefusalClass::Dns),
    ("name or service not known", RefusalClass::Dns),
    ("bad configuration option", RefusalClass::Local),
    ("bad owner or permissions", RefusalClass::Local),
    ("command-line line", RefusalClass::Local),
    ("command-line: line", RefusalClass::Local),
    ("unsupported option", RefusalClass::Local),
    ("too long for unix domain socket", RefusalClass::Local),
    ("cannot bind to path", RefusalClass::Local),
    ("bad ssh2 ", RefusalClass::Local),
    ("can't open user config file", RefusalClass::Local),
    ("administratively prohibited", RefusalClass::Jump),
    ("connection refused", RefusalClass::Refused),
    ("no route to host", RefusalClass::Network),
    ("network is unreachable", RefusalClass::Network),
    ("host is down", RefusalClass::Network),
    ("connection timed out", RefusalClass::Timeout),
    ("operation timed out", RefusalClass::Timeout),
    ("timed out during banner exchange", RefusalClass::Timeout),
    ("not responding", RefusalClass::Timeout),
    ("stdio forwarding failed", RefusalClass::Jump),
    ("exceeded maxstartups", RefusalClass::Throttled),
    ("not allowed at this time", RefusalClass::Throttled),
    ("invalid characters", RefusalClass::Banner),
    ("bad remote protocol version", RefusalClass::Banner),
    ("protocol major versions differ", RefusalClass::Banner),
    ("invalid ssh identification", RefusalClass::Banner),
    ("banner line", RefusalClass::Banner),
    ("bad packet length", RefusalClass::Banner),
    ("unable to negotiate", RefusalClass::Other),
    ("kex_exchange_identification", RefusalClass::Throttled),
    ("ssh_exchange_identification", RefusalClass::Throttled),
    ("connection reset by", RefusalClass::Throttled),
    ("connection closed by", RefusalClass::Throttled),
    ("broken pipe", RefusalClass::Throttled),
];

/// A server's words are as long as it likes.
const LONGEST: usize = 2000;

/// Lines that never tell why.
const IDLE: &[&str] =
    &["warning: permanently added", "@@@@", "pseudo-terminal will not be allocated", "killed by signal", "control socket connect"];

/// Makes a refusal of a log; `otherwise` is what to say where it is empty.
pub(super) fn classify(log: &str, otherwise: &str) -> Refusal {
    let lines = telling_lines(log);
    let whole = log.to_lowercase();
    let row = TABLE.iter().find(|(words, _)| whole.contains(words));
    let class = row.map_or(RefusalClass::Other, |(_, class)| *class);
    let message = match row
        .filter(|_| class != RefusalClass::ChangedHostKey)
        .and_then(|(words, _)| lines.iter().rev().find(|line| line.to_lowercase().contains(words)))
    {
        Some(line) => (*line).to_owned(),
        None if lines.is_empty() => otherwise.to_owned(),
        // The warning is a page long; its end says which key, and that this is why.
        None => last(&lines),
    };
    Refusal { class, message: shortened(&message, LONGEST) }
}

/// The last words of a master that had a session; none where it said nothing.
pub(super) fn last_words(log: &str) -> Option<String> {
    let lines = telling_lines(log);
    if lines.is_empty() { None } else { Some(shortened(&last(&lines), LONGEST)) }
}

fn last(lines: &[&str]) -> String {
    lines[lines.len().saturating_sub(2)..].join("; ")
}

fn telling_lines(log: &str) -> Vec<&str> {
    let idle = |line: &&str| !line.is_empty() && !IDLE.iter().any(|idle| line.to_lowercase().contains(idle));
    log.lines().map(|line| line.trim_matches(['@', ' ', '\t', '\r'])).filter(idle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_class() {
        let changed = "@@@@@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@@@@@@@@\nIT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\nHost key verification failed.";
        for (log, class) in [
            ("ssh: connect to host 127.0.0.1 port 1: Connection refused", RefusalClass::Refused),
            ("ssh: Could not resolve hostname nope: Name or service not known", RefusalClass::Dns),
            ("ssh: connect to host 192.0.2.1 port 22: Connection timed out", RefusalClass::Timeout),
            ("Connection timed out during banner exchange\nConnection to 127.0.0.1 port 22 timed out", RefusalClass::Timeout),
            ("ssh: connect to host 10.9.9.9 port 22: No route to host", RefusalClass::Network),
            ("root@127.0.0.1: Permission denied (publickey).", RefusalClass::Auth),
            ("Received disconnect from ::1 port 22:2: Too many authentication failures", RefusalClass::Auth),
            (
                "No ED25519 host key is known for [127.0.0.1]:9 and you have requested strict checking.\nHost key verification failed.",
                RefusalClass::UnknownHostKey,
            ),
            (changed, RefusalClass::ChangedHostKey),
            (
                "kex_exchange_identification: Connection closed by remote host\nConnection closed by 127.0.0.1 port 22",
                RefusalClass::Throttled,
            ),
            ("kex_exchange_identification: read: Connection reset by peer", RefusalClass::Throttled),
            ("kex_exchange_identification: banner line contains invalid characters", RefusalClass::Banner),
            ("Bad remote protocol version identification: 'HTTP/1.1 400'", RefusalClass::Banner),
            (
                "channel 0: open failed: administratively prohibited: open failed\nstdio forwarding failed\nkex_exchange_identification: Connection closed by remote host",
                RefusalClass::Jump,
            ),
            (
                "channel 0: open failed: connect failed: Connection refused\nstdio forwarding failed\nkex_exchange_identification: Connection closed",
                RefusalClass::Refused,
            ),
            ("command-line: line 0: Bad configuration option: nonsense", RefusalClass::Local),
            ("something new", RefusalClass::Other),
        ] {
            assert_eq!(classify(log, "").class, class, "{log}");
        }
    }

    #[test]
    fn the_telling_line_is_shown() {
        let log = "Warning: Permanently added 'x' to the list of known hosts.\nWelcome!\nroot@x: Permission denied (publickey).\nbye";
        assert_eq!(classify(log, "").message, "root@x: Permission denied (publickey).");
        assert_eq!(classify("", "it ended").message, "it ended");
        assert_eq!(last_words("Timeout, server x not responding.\n").as_deref(), Some("Timeout, server x not responding."));
    }
}
