//! Facts of this machine, against what its own tools say.

use super::*;

fn all() -> Vec<String> {
    FACT_SECTIONS.map(str::to_owned).to_vec()
}

fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    let Value::Map(map) = value else { panic!("{value:?}") };
    &map[name]
}

#[test]
fn every_shell_says_what_the_machine_says() {
    let release = fs::read_to_string("/etc/os-release").unwrap();
    let id = release.lines().find_map(|line| line.strip_prefix("ID=")).unwrap().trim_matches('"').to_owned();
    let memory = fs::read_to_string("/proc/meminfo").unwrap();
    let total: i64 = memory.lines().next().unwrap().split_whitespace().nth(1).unwrap().parse().unwrap();
    each(|shell, folder| {
        let output = shell.run(folder, &facts_script(&all()));
        assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""), "{:?}", shell.words);
        let facts = read_facts(&String::from_utf8_lossy(&output.stdout), &all());
        assert_eq!(facts.keys().map(String::as_str).collect::<Vec<_>>(), FACT_SECTIONS);
        assert_eq!(facts["kernel"], Value::from(said("uname", &["-r"])), "{:?}", shell.words);
        assert_eq!(facts["arch"], Value::from(said("uname", &["-m"])));
        assert_eq!(facts["hostname"], Value::from(said("uname", &["-n"]).split('.').next().unwrap()));
        assert_eq!(facts["cpus"], Value::Int(said("getconf", &["_NPROCESSORS_ONLN"]).parse().unwrap()));
        assert_eq!(field(&facts["os"], "id"), &Value::from(id.as_str()));
        assert_eq!(field(&facts["memory"], "total"), &Value::Int(total * 1024));
        assert_eq!(field(field(&facts["users"], "root"), "uid"), &Value::Int(0));
        let Value::List(disks) = &facts["disks"] else { panic!("{facts:?}") };
        let root = disks.iter().find(|disk| field(disk, "mount") == &Value::from("/")).unwrap();
        let size = said("df", &["-kP", "/"]).lines().last().unwrap().split_whitespace().nth(1).unwrap().parse::<i64>().unwrap();
        assert_eq!(field(root, "size"), &Value::Int(size * 1024));
        let Value::Text(_) = &facts["virtualization"] else { panic!("{facts:?}") };
        let Value::List(_) = &facts["addresses"] else { panic!("{facts:?}") };
        let Value::Text(_) = &facts["init"] else { panic!("{facts:?}") };
    });
}

#[test]
fn only_what_is_asked_is_looked_for() {
    each(|shell, folder| {
        let output = shell.run(folder, &facts_script(&["kernel".to_owned()]));
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("kernel {}\n", said("uname", &["-r"])), "{:?}", shell.words);
    });
}

#[test]
fn a_shell_without_any_tool_says_what_the_kernel_does() {
    for words in [&["dash"][..], &["bash", "--posix"], &["mksh"], &["busybox", "sh"]] {
        let program = said("which", &[words[0]]);
        let output = Command::new(program)
            .args(&words[1..])
            .args(["-c", &facts_script(&all())])
            .env_clear()
            .env("PATH", "/nonexistent")
            .output()
            .unwrap();
        assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""), "{words:?}");
        let facts = read_facts(&String::from_utf8_lossy(&output.stdout), &all());
        assert_eq!(facts["kernel"], Value::from(said("uname", &["-r"])), "{words:?}");
        assert!(matches!(field(&facts["memory"], "total"), Value::Int(total) if *total > 0));
        assert!(matches!(facts["cpus"], Value::Int(cpus) if cpus > 0));
        if words[0] != "busybox" {
            // busybox's own tools are part of the shell.
            assert_eq!(facts["package_manager"], Value::None, "{words:?}");
        }
    }
}

#[test]
fn a_root_with_nothing_in_it_says_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy("/bin/busybox", folder.path().join("sh")).unwrap();
    let output =
        Command::new("/usr/sbin/chroot").arg(folder.path()).args(["/sh", "-c", &facts_script(&all())]).env_clear().output().unwrap();
    if output.status.code() == Some(125) {
        // Only root may do that.
        assert!(!rustix::process::geteuid().is_root());
        return;
    }
    assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""));
    let facts = read_facts(&String::from_utf8_lossy(&output.stdout), &all());
    for section in ["disks", "package_manager", "users", "init"] {
        assert_eq!(facts[section], Value::None, "{section}");
    }
    assert_eq!(field(&facts["os"], "id"), &Value::None);
}
