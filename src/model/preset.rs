//! The named programs whose stdin and stdout reach a shell in a container or a folder, and how each is called.
//!
//! Pure words: starts nothing, knows no host. What was written and where the host is go in, an argument list comes out.

use serde::{Deserialize, Serialize};

/// A program that runs a shell somewhere else on this machine or behind its own connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// `docker exec`.
    Docker,
    /// `podman exec`.
    Podman,
    /// `kubectl exec`.
    Kubectl,
    /// `lxc exec`, of LXD.
    Lxc,
    /// `chroot`.
    Chroot,
}

impl Program {
    /// Every program, in the order of the documentation.
    pub const ALL: [Program; 5] = [Program::Docker, Program::Podman, Program::Kubectl, Program::Lxc, Program::Chroot];

    /// Its name, in inventories and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Program::Docker => "docker",
            Program::Podman => "podman",
            Program::Kubectl => "kubectl",
            Program::Lxc => "lxc",
            Program::Chroot => "chroot",
        }
    }

    /// The setting that says where the shell runs; without it the host's address does.
    #[must_use]
    pub fn place_key(self) -> &'static str {
        match self {
            Program::Docker | Program::Podman | Program::Lxc => "container",
            Program::Kubectl => "pod",
            Program::Chroot => "path",
        }
    }

    /// Every setting of its map form, the place first.
    #[must_use]
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Program::Docker => &["container", "context", "options"],
            Program::Podman | Program::Lxc => &["container", "options"],
            Program::Kubectl => &["pod", "container", "namespace", "context", "options"],
            Program::Chroot => &["path", "options"],
        }
    }

    /// Whether it can run the shell as this user: `kubectl` never, `lxc` by number only.
    #[must_use]
    pub fn takes_user(self, user: &str) -> bool {
        match self {
            Program::Docker | Program::Podman | Program::Chroot => true,
            Program::Lxc => !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_digit()),
            Program::Kubectl => false,
        }
    }
}

/// One way into a container or a folder, as the inventory says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preset {
    /// The program.
    pub program: Program,
    /// The container, pod or path; none is the host's address.
    pub place: Option<String>,
    /// Which container of a pod.
    pub container: Option<String>,
    /// The namespace of a pod.
    pub namespace: Option<String>,
    /// Which of the program's contexts, where the user keeps several.
    pub context: Option<String>,
    /// Further options, put in front of the place.
    pub options: Vec<String>,
}

impl Preset {
    /// A program without any setting.
    #[must_use]
    pub fn new(program: Program) -> Preset {
        Preset { program, place: None, container: None, namespace: None, context: None, options: Vec::new() }
    }

    /// Where the shell runs, for a host at `address`.
    #[must_use]
    pub fn place<'a>(&'a self, address: &'a str) -> &'a str {
        self.place.as_deref().unwrap_or(address)
    }

    /// The argument list behind which a shell's own is put; `user` where the program can take it.
    ///
    /// The options are those of `docker exec --help` and its like (docker 27, podman 5, kubectl 1.31, LXD 5, coreutils 9).
    #[must_use]
    pub fn argv(&self, address: &str, user: Option<&str>) -> Vec<String> {
        let user = user.filter(|user| self.program.takes_user(user));
        let mut argv = vec![self.program.name().to_owned()];
        let mut put = |words: &[&str]| argv.extend(words.iter().map(|word| (*word).to_owned()));
        match self.program {
            Program::Docker | Program::Podman => {
                // docker's own options stand in front of its command.
                self.context.iter().for_each(|context| put(&["--context", context]));
                put(&["exec", "-i"]);
                user.iter().for_each(|user| put(&["-u", user]));
            }
            Program::Kubectl => {
                put(&["exec", "-i"]);
                self.context.iter().for_each(|context| put(&["--context", context]));
                self.namespace.iter().for_each(|namespace| put(&["-n", namespace]));
                self.container.iter().for_each(|container| put(&["-c", container]));
            }
            Program::Lxc => {
                put(&["exec"]);
                user.iter().for_each(|user| put(&["--user", user]));
            }
            Program::Chroot => user.iter().for_each(|user| put(&[&format!("--userspec={user}")])),
        }
        self.options.iter().for_each(|option| put(&[option]));
        put(&[self.place(address)]);
        if matches!(self.program, Program::Kubectl | Program::Lxc) {
            put(&["--"]);
        }
        argv
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(preset: &Preset, user: Option<&str>) -> String {
        preset.argv("web1", user).join(" ")
    }

    #[test]
    fn the_address_is_the_place() {
        let of = |program| words(&Preset::new(program), None);
        assert_eq!(
            Program::ALL.map(of),
            ["docker exec -i web1", "podman exec -i web1", "kubectl exec -i web1 --", "lxc exec web1 --", "chroot web1",]
        );
    }

    #[test]
    fn a_user_is_passed_where_the_program_takes_one() {
        let of = |program, user| words(&Preset::new(program), Some(user));
        assert_eq!(
            Program::ALL.map(|program| of(program, "www-data")),
            [
                "docker exec -i -u www-data web1",
                "podman exec -i -u www-data web1",
                "kubectl exec -i web1 --",
                "lxc exec web1 --",
                "chroot --userspec=www-data web1",
            ]
        );
        assert_eq!(of(Program::Lxc, "1000"), "lxc exec --user 1000 web1 --");
    }

    #[test]
    fn settings_stand_where_the_program_reads_them() {
        let all = |program| Preset {
            place: Some("there".to_owned()),
            container: Some("app".to_owned()),
            namespace: Some("shop".to_owned()),
            context: Some("prod".to_owned()),
            options: vec!["-e".to_owned(), "A=a b".to_owned()],
            ..Preset::new(program)
        };
        assert_eq!(words(&all(Program::Docker), Some("0")), "docker --context prod exec -i -u 0 -e A=a b there");
        assert_eq!(all(Program::Docker).argv("web1", None).last().map(String::as_str), Some("there"));
        assert!(all(Program::Docker).argv("web1", None).contains(&"A=a b".to_owned()), "an option with a blank stays one argument");
        assert_eq!(words(&all(Program::Kubectl), None), "kubectl exec -i --context prod -n shop -c app -e A=a b there --");
        assert_eq!(words(&all(Program::Lxc), None), "lxc exec -e A=a b there --");
        assert_eq!(words(&all(Program::Chroot), Some("app:www")), "chroot --userspec=app:www -e A=a b there");
    }
}
