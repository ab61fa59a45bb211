//! A request as text for the executor.
//!
//! Pure: what the caller asked for goes in, a few lines of shell come out. Knows nothing of channels or time.

use std::fmt::Write as _;

use super::durable;
use crate::text::{quote, quote_all};
use crate::transport::lane_api::{GuardKind, Invocation, OnFailure, Request, ShellProgram};

/// Standard input up to this size travels inside the request.
pub(super) const INLINE_STDIN: usize = 48 * 1024;

/// One argument of a program may have 128 KiB; longer text for a shell is handed over in parts.
const LONGEST_ARGUMENT: usize = 100 * 1024;

/// Bytes of standard input in one `printf`; each becomes up to four.
const PRINTF_PART: usize = 8 * 1024;

/// Where a request's standard input comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stdin<'a> {
    /// /dev/null.
    Null,
    /// These bytes, in the request itself.
    Inline(&'a [u8]),
    /// A private file on the host, removed as soon as it is open.
    File(&'a str),
}

/// Writes a request; `file` is where its standard input was put if that is not in the request itself.
pub(super) fn encode(request: &Request, file: Option<&str>) -> Vec<u8> {
    let stdin = match (&request.stdin, file) {
        (_, Some(path)) => Stdin::File(path),
        (Some(bytes), None) => Stdin::Inline(bytes),
        (None, None) => Stdin::Null,
    };
    let id = request.id;
    let stop = if request.on_failure == OnFailure::Continue { "" } else { " s" };
    let nul = has_nul(request);
    if let Some(durable) = request.durable.as_ref().filter(|_| !nul) {
        let subshell = durable::subshell(request, durable, stdin);
        return format!("if __b {id}; then ( {subshell}\n) </dev/null; __e {id} $?{stop}; fi\n").into_bytes();
    }
    let body = if nul { NUL_REFUSED.to_owned() } else { body(request) };
    let task = match stdin {
        Stdin::Null => format!("( {body}\n) </dev/null; __e {id} $?{stop}"),
        Stdin::Inline(bytes) => format!("{{ {}; }} 2>/dev/null | ( {body}\n); __e {id} $?{stop}", printf(bytes)),
        Stdin::File(path) => {
            // The redirection opens the file before its name goes; a file that is not there is the request's failure.
            let path = quote(path);
            format!("{{ rm -f {path}; ( {body}\n); }} <{path}; __e {id} $?{stop}")
        }
    };
    let tag = request.tag.as_ref().map_or_else(String::new, |tag| format!(" {}", quote(tag)));
    format!("if __b {id}{tag}; then {task}; fi\n").into_bytes()
}

const NUL_REFUSED: &str = "echo 'a NUL byte cannot stand in a command' >&2; exit 126";

fn has_nul(request: &Request) -> bool {
    let in_invocation = |invocation: &Invocation| match invocation {
        Invocation::Text { text, shell } => text.contains('\0') || matches!(shell, ShellProgram::Other(name) if name.contains('\0')),
        Invocation::Args(words) => words.iter().any(|word| word.contains('\0')),
        Invocation::Script(text) => text.contains('\0'),
    };
    in_invocation(&request.command)
        || request.guards.iter().any(|guard| in_invocation(&guard.command))
        || request.cwd.as_ref().is_some_and(|cwd| cwd.contains('\0'))
        || request.env.iter().any(|(name, value)| name.contains('\0') || value.contains('\0'))
}

fn body(request: &Request) -> String {
    format!("__i; {}{}unset __t __f __j; {}", before(request), guards(request), invocation(&request.command))
}

/// What a request's command does as a process of its own would: without marks and guards.
pub(super) fn body_of(request: &Request) -> String {
    format!("{}{}", before(request), invocation(&request.command))
}

/// What comes before guards and command.
pub(super) fn before(request: &Request) -> String {
    let mut body = String::new();
    if let Some(umask) = request.umask {
        let _ = write!(body, "umask {umask:04o} || exit 1; ");
    }
    for (name, value) in &request.env {
        // Quoted as one word after the `=`, and the name too: a bad name is the shell's to refuse, never to run.
        let _ = write!(body, "export {}={} || exit 1; ", quote(name), quote(value));
    }
    if let Some(cwd) = &request.cwd {
        let folder = if cwd == "-" { "./-" } else { cwd };
        let _ = write!(body, "CDPATH= cd -- {} || exit 1; ", quote(folder));
    }
    body
}

/// The guards; one that skips the command ends the subshell.
pub(super) fn guards(request: &Request) -> String {
    let mut body = String::new();
    for (index, guard) in request.guards.iter().enumerate() {
        let kind = match guard.kind {
            GuardKind::Unless => 'u',
            GuardKind::OnlyIf => 'o',
        };
        let command = invocation(&guard.command);
        let _ = write!(body, "( unset __t __f __j; {command}\n) >/dev/null 2>&1; __g {} {index} $? {kind} && exit 0; ", request.id);
    }
    body
}

fn invocation(invocation: &Invocation) -> String {
    match invocation {
        // The blank keeps `eval` from reading a leading `-` as an option.
        Invocation::Text { text, shell: ShellProgram::Sh } => format!("set -e; eval {}", always_quote(&format!(" {text}"))),
        Invocation::Script(text) => format!("eval {}", always_quote(&format!(" {text}"))),
        Invocation::Text { text, shell: ShellProgram::Bash } if text.len() <= LONGEST_ARGUMENT => {
            format!("exec bash -eo pipefail -c {}", always_quote(text))
        }
        Invocation::Text { text, shell: ShellProgram::Bash } => {
            let join = r#"IFS=; __x="$*"; IFS=$' \t\n'; set --; eval "$__x""#;
            format!("exec bash -eo pipefail -c {} bash {}", always_quote(join), quote_all(parts(text)))
        }
        Invocation::Text { text, shell: ShellProgram::Other(program) } => {
            format!("exec {} -c {}", quote_all(program.split_whitespace()), always_quote(text))
        }
        Invocation::Args(words) => format!("exec {}", quote_all(words)),
    }
}

/// Quotes even plain words, so that long text is never looked at twice.
pub(super) fn always_quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Cuts text into arguments that a program may get.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while rest.len() > LONGEST_ARGUMENT {
        let cut = (0..=LONGEST_ARGUMENT).rev().find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let (part, more) = rest.split_at(cut);
        parts.push(part);
        rest = more;
    }
    parts.push(rest);
    parts
}

/// Writes bytes as `printf` commands, octal where a format or a quote would read them otherwise.
pub(super) fn printf(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return ":".to_owned();
    }
    let mut text = String::with_capacity(bytes.len() * 2);
    for (index, part) in bytes.chunks(PRINTF_PART).enumerate() {
        text.push_str(if index > 0 { "; printf '" } else { "printf '" });
        for (at, byte) in part.iter().enumerate() {
            match byte {
                b'-' if at == 0 => text.push_str("\\055"),
                b'%' => text.push_str("%%"),
                b'\\' => text.push_str("\\\\"),
                b'\'' => text.push_str("\\047"),
                b'\n' | b' '..=b'~' => text.push(char::from(*byte)),
                _ => {
                    let _ = write!(text, "\\{byte:03o}");
                }
            }
        }
        text.push('\'');
    }
    text
}
