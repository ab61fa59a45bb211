//! `script`: a local file, put into a private folder on the host, run, removed.
//!
//! The file keeps its name, so that what it says of itself (`$0`, a traceback) is what the user knows. It is read by the
//! program of its first line, as the kernel would, so that a temporary folder mounted `noexec` does no harm. Knows
//! bytes and words, not where they come from.

use crate::text::{quote, quote_all};

/// A script to run.
#[derive(Debug, Clone, Copy)]
pub struct ScriptPlan<'a> {
    /// The file's name, without its folder.
    pub name: &'a str,
    /// Its first bytes, which say what reads it.
    pub head: &'a [u8],
    /// How many bytes it has.
    pub size: usize,
    /// Its arguments.
    pub args: &'a [String],
    /// The program that reads it, perhaps with arguments of its own; none: its first line decides, else `/bin/sh`.
    pub interpreter: Option<&'a str>,
    /// A part of the folder's name that nobody can guess; letters and digits.
    pub token: &'a str,
}

impl ScriptPlan<'_> {
    /// Takes the file from standard input, all of it; the script itself then has none.
    #[must_use]
    pub fn from_stdin(&self) -> String {
        self.script("cat", "</dev/null")
    }

    /// Carries the file, so that the script has the task's own standard input.
    #[must_use]
    pub fn carrying(&self, content: &[u8]) -> String {
        format!("body() {{\n{}}}\n{}", super::copy::literal(content), self.script("body", ""))
    }

    fn script(&self, source: &str, stdin: &str) -> String {
        let reader = self.reader();
        let executable = if reader.is_empty() { "chmod 700 \"$f\" && " } else { "" };
        let reader: String = reader.iter().map(|word| format!("{} ", quote(word))).collect();
        let args = if self.args.is_empty() { String::new() } else { format!(" {}", quote_all(self.args)) };
        format!(
            r#"d=${{TMPDIR:-/tmp}}/.roundsman-{token}
f=$d/{name}
gone() {{ rm -rf "$d"; }}
fail() {{ echo "$1" >&2; gone; exit 1; }}
( umask 077; mkdir "$d" ) || {{ echo "can't make a folder in ${{TMPDIR:-/tmp}}" >&2; exit 1; }}
trap 'gone; exit 143' TERM
trap 'gone; exit 130' INT
trap 'gone; exit 129' HUP
( umask 077; {source} >"$f" ) || fail "can't write $f"
[ $(wc -c <"$f") -eq {size} ] || fail "can't write all of $f"
{executable}{reader}"$f"{args} {stdin}
rc=$?
gone
exit $rc
"#,
            token = quote(self.token),
            name = quote(self.name),
            size = self.size,
        )
    }

    /// The words before the file's; none for a program of its own.
    fn reader(&self) -> Vec<String> {
        if let Some(interpreter) = self.interpreter {
            return interpreter.split_whitespace().map(str::to_owned).collect();
        }
        if self.head.starts_with(b"\x7fELF") {
            return Vec::new();
        }
        let line = self.head.strip_prefix(b"#!").and_then(|rest| rest.split(|byte| *byte == b'\n').next());
        let line = line.and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default().trim();
        // As the kernel reads it: a program, and all of the rest as one argument.
        match line.split_once([' ', '\t']) {
            Some((program, argument)) => vec![program.to_owned(), argument.trim().to_owned()],
            None if line.is_empty() => vec!["/bin/sh".to_owned()],
            None => vec![line.to_owned()],
        }
    }
}
