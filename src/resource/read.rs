//! `read`: a file's bytes.
//!
//! Knows a path. What the host says of a file that can't be read stays in its own words.

use super::operand;

/// Prints a file, byte for byte.
#[must_use]
pub fn read_script(path: &str) -> String {
    let operand = operand(path);
    // Nothing comes behind it: the shell itself becomes the program.
    let by_program = format!("exec cat {operand}");
    if ["/proc/", "/sys/"].iter().any(|kernel| path.starts_with(kernel)) { by_shell(&operand, &by_program) } else { by_program }
}

/// Files of `/proc` that the kernel writes from what it has at hand. Others there wait for news, a device or a process.
const AT_HAND: [&str; 20] = [
    "cmdline",
    "cpuinfo",
    "crypto",
    "devices",
    "diskstats",
    "filesystems",
    "interrupts",
    "iomem",
    "ioports",
    "loadavg",
    "locks",
    "mdstat",
    "meminfo",
    "modules",
    "mounts",
    "partitions",
    "stat",
    "swaps",
    "uptime",
    "version",
];

/// Says whether reading a file waits for nothing, or for no more than any program on that host waits for.
#[must_use]
pub fn is_at_hand(path: &str) -> bool {
    let is_configuration = path.starts_with("/etc/") && !path.split('/').any(|part| part == "..");
    is_configuration || path.strip_prefix("/proc/").is_some_and(|name| AT_HAND.contains(&name))
}

/// Prints a small text file without a program, which costs half of it; any other is left to the program.
///
/// A shell loses NUL bytes as it reads. How far it has read stands in `/proc/self/fdinfo`, so that a loss, or a system without such a
/// file, is noticed before anything is printed. It reads byte by byte: only what the kernel writes is sure to have short lines.
fn by_shell(operand: &str, by_program: &str) -> String {
    format!(
        r#"test -f {operand} && test -r {operand} || {by_program}
LC_ALL=C; __x=; exec 3<{operand}
while IFS= read -r __l; do __x="$__x$__l
"; test ${{#__x}} -lt 2000 || {by_program}; done <&3
__x=$__x$__l
{{ read -r __l __p </proc/self/fdinfo/3; }} 2>/dev/null && test "$__p" -eq ${{#__x}} || {by_program}
printf %s "$__x""#
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use super::*;

    #[test]
    fn what_may_wait_is_not_at_hand() {
        assert!(["/proc/uptime", "/proc/mounts", "/etc/hosts", "/etc/ssh/sshd_config"].into_iter().all(is_at_hand));
        let others =
            ["/proc/kmsg", "/proc/1/root/etc/hosts", "/proc/../srv/x", "/etc/../srv/x", "/sys/class/hwmon/hwmon0/temp1_input", "etc/x"];
        assert!(!others.into_iter().any(is_at_hand));
    }

    #[test]
    fn a_shell_prints_what_cat_prints() {
        let folder = tempfile::tempdir().unwrap();
        let contents: [&[u8]; 9] = [
            b"",
            b"one line\n",
            b"no end of line",
            b"\n\n  blanks \\ and\ttabs \n\n",
            b"a NUL \0 inside\n",
            b"\xff\xfe invalid \xc3\n",
            &[b'x'; 1999],
            &[b'x'; 5000],
            "many\nlines\n".repeat(400).leak().as_bytes(),
        ];
        for (number, content) in contents.iter().enumerate() {
            let path = folder.path().join(format!("it's {number}"));
            fs::write(&path, content).unwrap();
            let operand = operand(path.to_str().unwrap());
            let script = by_shell(&operand, &format!("exec cat {operand}"));
            for words in [&["dash"][..], &["bash", "--posix"], &["mksh"], &["busybox", "sh"]] {
                let done = Command::new(words[0]).args(&words[1..]).args(["-c", &script]).env("LC_ALL", "C.UTF-8").output().unwrap();
                assert!(done.status.success() && done.stdout == *content, "{words:?} {number}: {done:?}");
            }
        }
    }

    #[test]
    fn what_a_shell_cannot_read_is_the_programs() {
        let folder = tempfile::tempdir().unwrap();
        for (path, words) in [(folder.path().join("none"), "No such file"), (folder.path().to_owned(), "s a directory")] {
            let operand = operand(path.to_str().unwrap());
            let script = by_shell(&operand, &format!("exec cat {operand}"));
            let done = Command::new("sh").args(["-c", &script]).output().unwrap();
            let error = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(done.status.code() == Some(1) && error.starts_with("cat: ") && error.contains(words), "{error}");
        }
    }

    #[test]
    fn small_texts_of_the_kernel_need_no_program() {
        let folder = tempfile::tempdir().unwrap();
        let read = |path: &str| Command::new("/bin/dash").args(["-c", &read_script(path)]).env("PATH", folder.path()).output().unwrap();
        assert_eq!(read("/proc/version").stdout, fs::read("/proc/version").unwrap());
        assert_eq!(read("/etc/passwd").status.code(), Some(127), "there is no cat");
        assert_eq!(read("/proc/self/cmdline").status.code(), Some(127), "nor for what has NUL bytes");
    }
}
