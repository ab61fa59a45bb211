//! `wait_for`: a question asked on the host again and again, until the answer is yes.
//!
//! The loop runs on the host, so that a slow link does not slow it; the lane's timeout ends it. Each time the answer
//! changes, one line on standard error says what is seen, and the last of them is what a timeout tells. Needs `sh`, and
//! for a port or a URL one of several tools; where there is none the script says so and ends at once.

use std::time::Duration;

use super::operand;
use crate::model::Shell;
use crate::text::{quote, quote_all};

/// What is waited for.
#[derive(Debug, Clone, Copy)]
pub enum Awaiting<'a> {
    /// A TCP port that takes connections.
    Port {
        /// Where, as the host sees it.
        host: &'a str,
        /// Its number.
        port: u16,
    },
    /// A URL that answers with success.
    Url(&'a str),
    /// A path that exists, be it a dangling link.
    Path(&'a str),
    /// Shell text that exits 0.
    Text(&'a str, &'a Shell),
    /// A program and its arguments that exit 0.
    Args(&'a [String]),
}

/// Asks every `interval` until it is so, or with `absent` until it is not.
#[must_use]
pub fn wait_script(what: Awaiting<'_>, absent: bool, interval: Duration) -> String {
    let (ask, yes) = match what {
        Awaiting::Port { host, port } => (port_question(host, port), format!("port {port} of {host} takes connections")),
        Awaiting::Url(url) => (url_question(url), format!("{url} answers")),
        Awaiting::Path(path) => {
            let (path, named) = (operand(path), quote(&format!("{path} is not there")));
            (format!("ask() {{ [ -e {path} ] || [ -L {path} ] || {{ no={named}; return 1; }}; }}\n"), String::new())
        }
        Awaiting::Text(text, shell) => (command_question(&shell_command(text, shell)), "the command exits 0".to_owned()),
        Awaiting::Args(args) => (command_question(&format!("exec {}", quote_all(args))), "the command exits 0".to_owned()),
    };
    let yes = match what {
        Awaiting::Path(path) => format!("{path} is there"),
        _ => yes,
    };
    let over = if absent { "-ne" } else { "-eq" };
    let seconds = interval.as_secs_f64();
    // Fractions are no part of POSIX's `sleep`.
    let whole = interval.as_secs().max(1);
    let sleep =
        if interval.subsec_nanos() == 0 { format!("sleep {whole}") } else { format!("sleep {seconds} 2>/dev/null || sleep {whole}") };
    format!(
        r#"yes={yes} no= last= out=
{ask}while :; do
  ask; rc=$?
  if [ $rc {over} 0 ]; then [ -z "$out" ] || printf '%s\n' "$out"; exit 0; fi
  if [ $rc -eq 0 ]; then now=$yes; else now=$no; fi
  if [ "$now" != "$last" ]; then printf '%s\n' "$now" >&2; last=$now; fi
  {sleep}
done
"#,
        yes = quote(&yes)
    )
}

/// The last line of a text, which is what was seen last.
#[must_use]
pub fn last_seen(stderr: &str) -> Option<&str> {
    // What a shell says of a child that the timeout ended is not what was waited for.
    stderr.lines().rev().map(str::trim).find(|line| !line.is_empty() && !line.ends_with("Terminated"))
}

fn shell_command(text: &str, shell: &Shell) -> String {
    match shell {
        Shell::Sh => format!("set -e; eval {}", quote(&format!(" {text}"))),
        Shell::Bash => format!("exec bash -eo pipefail -c {}", quote(text)),
        Shell::Other(program) => format!("exec {} -c {}", quote_all(program.split_whitespace()), quote(text)),
    }
}

/// The command stands in no condition, where `set -e` would be without effect.
fn command_question(command: &str) -> String {
    format!(
        r#"ask() {{
  out=$( ( {command}
  ) 2>&1 </dev/null )
  code=$?
  [ $code -ne 0 ] || return 0
  no="the command exits $code"
  text=${{out##*
}}
  [ -z "$text" ] || no="$no: $text"
  out=
  return 1
}}
"#
    )
}

fn port_question(host: &str, port: u16) -> String {
    let table = match listening(host) {
        Some(addresses) => PORT_TABLE.replace("ADDRESSES", &addresses),
        None => String::new(),
    };
    format!(
        r#"h={host} n={port} hex={port:04X}
no="port $n of $h takes no connections"
has() {{ command -v "$1" >/dev/null 2>&1; }}
if timeout 5 true 2>/dev/null; then brief() {{ timeout 5 "$@"; }}; else brief() {{ "$@"; }}; fi
if has bash; then ask() {{ brief bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$h" "$n" </dev/null >/dev/null 2>&1; }}
elif has nc && nc -h 2>&1 </dev/null | grep -q -e '-[a-zA-Z0-9]*z'; then ask() {{ nc -z -w 5 "$h" "$n" </dev/null >/dev/null 2>&1; }}
elif has python3; then
  ask() {{ python3 -c 'import socket,sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)' "$h" "$n" >/dev/null 2>&1; }}
elif has perl; then
  ask() {{ perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1], Timeout => 5)' "$h" "$n" 2>/dev/null; }}
{table}else
  echo "to wait for a port, this host needs bash, nc, python3 or perl" >&2; exit 69
fi
"#,
        host = quote(host),
    )
}

/// Addresses of `/proc/net/tcp` and `tcp6` that listen for connections to this host itself, in either byte order, as
/// patterns; none for another host.
fn listening(host: &str) -> Option<String> {
    const ANY_6: &str = "00000000000000000000000000000000";
    const V4: [&str; 6] =
        ["00000000", "0100007F", "7F000001", ANY_6, "0000000000000000FFFF00000100007F", "00000000000000000000FFFF7F000001"];
    const V6: [&str; 3] = [ANY_6, "00000000000000000000000001000000", "00000000000000000000000000000001"];
    let addresses: Vec<&str> = match host {
        "127.0.0.1" => V4.to_vec(),
        "::1" => V6.to_vec(),
        "localhost" => [&V4[..], &V6[1..]].concat(),
        _ => return None,
    };
    Some(addresses.iter().map(|address| format!("0A:{address}:$hex")).collect::<Vec<_>>().join("|"))
}

const PORT_TABLE: &str = r#"elif [ -r /proc/net/tcp ]; then
  ask() {
    for file in /proc/net/tcp /proc/net/tcp6; do
      [ -r $file ] || continue
      while read -r _ at _ state _; do
        case $state:$at in ADDRESSES) return 0 ;; esac
      done <$file
    done
    return 1
  }
"#;

fn url_question(url: &str) -> String {
    format!(
        r#"u={url}
said() {{ no="$u: ${{text##*
}}"; }}
if command -v curl >/dev/null 2>&1; then
  ask() {{ text=$(curl -fsSL -o /dev/null --max-time 30 -- "$u" 2>&1 </dev/null) || {{ said; return 1; }}; }}
elif command -v wget >/dev/null 2>&1; then
  ask() {{ text=$(wget -q -O /dev/null -T 30 -- "$u" 2>&1 </dev/null) || {{ text=${{text:-wget exits $?}}; said; return 1; }}; }}
else
  echo "to wait for a URL, this host needs curl or wget" >&2; exit 69
fi
"#,
        url = quote(url)
    )
}
