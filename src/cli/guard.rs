//! Keeps what is in memory there: secrets and passwords are, from the moment that they are got.
//!
//! Called first of all; knows nothing of what is kept.

/// Lets no core be dumped of this process, and nobody of the same user look into it with a debugger.
///
/// The programs that it starts are as they would be without it: this does not outlive an `exec`, as a limit would.
pub fn keep_memory_private() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A kernel that does not know it leaves the process as it was, which is no reason not to run.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    #[test]
    fn memory_is_private_and_what_is_started_is_as_ever() {
        super::keep_memory_private();
        let behavior = rustix::process::dumpable_behavior().unwrap();
        assert_eq!(behavior, rustix::process::DumpableBehavior::NotDumpable);
        // A program that is started can look into itself again: its files in /proc are its own.
        let child = std::process::Command::new("sh").args(["-c", "exec stat -c %u /proc/$$/environ"]).output().unwrap();
        let own = rustix::process::geteuid().as_raw();
        assert_eq!(String::from_utf8_lossy(&child.stdout).trim(), own.to_string());
        assert_eq!(std::fs::metadata("/proc/self/environ").unwrap().uid(), 0, "ours are root's");
    }
}
