//! From the lines of the probe to values.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::{network, storage};
use crate::model::Value;

/// What the probe printed, by the first word of its lines.
pub(super) struct Said<'a> {
    lines: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Said<'a> {
    pub(super) fn read(stdout: &'a str) -> Said<'a> {
        let mut lines: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, rest) in stdout.lines().filter_map(|line| line.split_once(' ')) {
            lines.entry(name).or_default().push(rest.strip_suffix('\r').unwrap_or(rest));
        }
        Said { lines }
    }

    /// The lines of a name.
    pub(super) fn all(&self, name: &str) -> &[&'a str] {
        self.lines.get(name).map_or(&[], Vec::as_slice)
    }

    /// The first line of a name that says something.
    pub(super) fn one(&self, name: &str) -> Option<&'a str> {
        self.all(name).iter().map(|line| line.trim()).find(|line| !line.is_empty())
    }
}

/// The value of a section.
pub(super) fn section(section: &str, said: &Said<'_>) -> Value {
    match section {
        "hostname" => text(said.one("hostname").map(|name| name.split('.').next().unwrap_or(name))),
        "os" => os(said),
        "cpus" => cpus(said).map_or(Value::None, Value::Int),
        "memory" => storage::memory(said),
        "disks" => storage::disks(said),
        "addresses" => network::addresses(said),
        "init" => text(said.one("init").map(init)),
        "users" => users(said),
        "virtualization" => text(virtualization(said)),
        plain => text(said.one(plain)),
    }
}

pub(super) fn text(text: Option<&str>) -> Value {
    text.map_or(Value::None, Value::from)
}

fn os(said: &Said<'_>) -> Value {
    let release: BTreeMap<&str, String> = said
        .all("os")
        .iter()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), unquoted(value.trim())))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let system = said.one("system");
    // Linux alone names no distribution.
    let other = system.filter(|system| *system != "Linux").map(str::to_lowercase);
    let id = release.get("ID").cloned().or(other);
    let name = release.get("NAME").cloned().or_else(|| system.map(str::to_owned));
    let like = release.get("ID_LIKE").map_or("", String::as_str);
    let family = id.as_deref().map(|id| family(id, like));
    let value = |text: Option<String>| text.map_or(Value::None, Value::Text);
    let version = release.get("VERSION_ID").cloned();
    Value::Map(IndexMap::from([
        ("id".to_owned(), value(id)),
        ("name".to_owned(), value(name)),
        ("version".to_owned(), value(version)),
        ("family".to_owned(), value(family)),
    ]))
}

/// The first known distribution that this one is, or is like; else itself.
fn family(id: &str, like: &str) -> String {
    let known = |word: &str| {
        Some(match word {
            "debian" | "ubuntu" | "raspbian" | "linuxmint" | "kali" | "devuan" => "debian",
            "rhel" | "fedora" | "centos" | "rocky" | "almalinux" | "ol" | "amzn" | "redhat" => "redhat",
            "suse" | "opensuse" | "sles" | "opensuse-leap" | "opensuse-tumbleweed" | "sled" => "suse",
            "arch" | "manjaro" | "archarm" => "arch",
            "alpine" => "alpine",
            "gentoo" => "gentoo",
            _ => return None,
        })
    };
    std::iter::once(id).chain(like.split_whitespace()).find_map(known).unwrap_or(id).to_owned()
}

/// A value of os-release, as a shell would read it.
fn unquoted(value: &str) -> String {
    if let Some(inside) = value.strip_prefix('\'').and_then(|value| value.strip_suffix('\'')) {
        return inside.to_owned();
    }
    let inside = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let mut plain = String::with_capacity(inside.len());
    let mut signs = inside.chars();
    while let Some(sign) = signs.next() {
        plain.extend(if sign == '\\' { signs.next() } else { Some(sign) });
    }
    plain
}

fn cpus(said: &Said<'_>) -> Option<i64> {
    if let Some(count) = said.one("cpus").and_then(|count| count.parse().ok()) {
        return Some(count);
    }
    let processor = |line: &&&str| line.split_once(':').is_some_and(|(name, _)| name.trim() == "processor");
    let count = said.all("cpuinfo").iter().filter(processor).count();
    i64::try_from(count).ok().filter(|count| *count > 0)
}

/// The service manager by the name of process 1.
fn init(name: &str) -> &str {
    match name.rsplit('/').next().unwrap_or(name) {
        "s6-svscan" => "s6",
        "runit-init" => "runit",
        "openrc-init" => "openrc",
        "init" => "sysvinit",
        "linuxrc" => "busybox",
        other => other,
    }
}

fn users(said: &Said<'_>) -> Value {
    if said.all("user").is_empty() {
        return Value::None;
    }
    let user = |line: &&str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, shell] = fields[..] else { return None };
        let number = |text: &str| text.parse().map_or(Value::None, Value::Int);
        let fields = IndexMap::from([
            ("uid".to_owned(), number(uid)),
            ("gid".to_owned(), number(gid)),
            ("home".to_owned(), Value::from(home)),
            ("shell".to_owned(), Value::from(shell)),
        ]);
        Some((name.to_owned(), Value::Map(fields)))
    };
    let mut users = IndexMap::new();
    for (name, fields) in said.all("user").iter().filter_map(user) {
        users.entry(name).or_insert(fields);
    }
    Value::Map(users)
}

/// Makers of virtual hardware, by a part of what the firmware says.
const MAKERS: [(&str, &str); 11] = [
    ("KVM", "kvm"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VirtualBox", "oracle"),
    ("innotek", "oracle"),
    ("Xen", "xen"),
    ("Virtual Machine", "microsoft"),
    ("Amazon EC2", "amazon"),
    ("Google Compute Engine", "google"),
    ("Parallels", "parallels"),
    ("Bochs", "bochs"),
];

fn virtualization<'a>(said: &Said<'a>) -> Option<&'a str> {
    match said.one("virtualization") {
        Some("none") => return Some("physical"),
        Some(name) => return Some(name),
        None => {}
    }
    let maker = |line: &&str| MAKERS.iter().find(|(part, _)| line.contains(part)).map(|(_, name)| *name);
    if let Some(name) = said.all("dmi").iter().find_map(maker).or(said.one("hypervisor")) {
        return Some(name);
    }
    match said.one("cpu") {
        Some("hypervisor") => Some("vm"),
        Some(_) => Some("physical"),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::read_facts;
    use crate::model::Value;

    fn fact(stdout: &str, section: &str) -> String {
        let facts = read_facts(stdout, &[section.to_owned()]);
        assert_eq!(facts.len(), 1);
        serde_json::to_string(&facts[section]).unwrap()
    }

    #[test]
    fn distributions_and_their_families() {
        let debian =
            "os PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nos NAME=\"Debian GNU/Linux\"\nos VERSION_ID=\"12\"\nos ID=debian\n";
        assert_eq!(fact(debian, "os"), r#"{"id":"debian","name":"Debian GNU/Linux","version":"12","family":"debian"}"#);
        let alpine = "os NAME=\"Alpine Linux\"\nos ID=alpine\nos VERSION_ID=3.19.1\nsystem Linux\n";
        assert_eq!(fact(alpine, "os"), r#"{"id":"alpine","name":"Alpine Linux","version":"3.19.1","family":"alpine"}"#);
        let rocky = "os ID='rocky'\nos ID_LIKE=\"rhel centos fedora\"\nos NAME=\"Rocky \\\"Linux\\\"\"\n";
        assert_eq!(fact(rocky, "os"), r#"{"id":"rocky","name":"Rocky \"Linux\"","version":null,"family":"redhat"}"#);
        let derived = "os ID=pop\nos ID_LIKE=\"ubuntu debian\"\n";
        assert!(fact(derived, "os").ends_with(r#""family":"debian"}"#));
        assert_eq!(fact("system FreeBSD\n", "os"), r#"{"id":"freebsd","name":"FreeBSD","version":null,"family":"freebsd"}"#);
        assert_eq!(fact("system Linux\n", "os"), r#"{"id":null,"name":"Linux","version":null,"family":null}"#);
    }

    #[test]
    fn what_a_host_does_not_say_is_none() {
        for section in super::super::FACT_SECTIONS {
            let facts = read_facts("", &[section.to_owned()]);
            let all_none = match &facts[section] {
                Value::None => true,
                Value::Map(map) => map.values().all(|value| *value == Value::None),
                _ => false,
            };
            assert!(all_none, "{section}: {facts:?}");
        }
        assert!(read_facts("hostname a\n", &[]).is_empty());
    }

    #[test]
    fn plain_values() {
        assert_eq!(fact("hostname web1.example.org\n", "hostname"), "\"web1\"");
        assert_eq!(fact("cpus 4\n", "cpus"), "4");
        assert_eq!(fact("cpuinfo processor\t: 0\ncpuinfo model name : x\ncpuinfo processor\t: 1\n", "cpus"), "2");
        assert_eq!(fact("init /sbin/runit-init\n", "init"), "\"runit\"");
        assert_eq!(fact("virtualization none\n", "virtualization"), "\"physical\"");
        assert_eq!(fact("dmi QEMU\ndmi Standard PC\ncpu hypervisor\n", "virtualization"), "\"qemu\"");
        assert_eq!(fact("dmi Dell Inc.\ncpu plain\n", "virtualization"), "\"physical\"");
        let user = "user root:x:0:0:root:/root:/bin/sh\nuser root:x:1:1::/:/no\nuser broken\n";
        assert_eq!(fact(user, "users"), r#"{"root":{"uid":0,"gid":0,"home":"/root","shell":"/bin/sh"}}"#);
    }
}
