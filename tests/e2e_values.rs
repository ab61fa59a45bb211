//! Values with every character arrive on real hosts as they are, wherever in a playbook they stand.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use common::{Lab, Project, record};

/// Values that a careless tool breaks.
fn values() -> Vec<String> {
    let mut every: String = (1..=127_u8).map(char::from).collect();
    every.push_str("äöü€😀\u{a0}\u{2028}end");
    [
        every.as_str(),
        "",
        " ",
        "$(id) `id` $HOME ${HOME} $((1+1))",
        "'; touch /tmp/never; '",
        "\"; touch /tmp/never; \"",
        "a'b\"c\\d",
        "\\",
        "\\\\n\\t",
        "-n",
        "--",
        "*",
        "~",
        "#not a comment",
        "!history",
        "line one\nEOF\nline three",
        "\r\n\r",
        "%s %d %%",
        "true",
        "null",
        "01",
        "1e3",
    ]
    .map(str::to_owned)
    .into()
}

/// A value as YAML writes it: JSON, with everything beyond ASCII's printable signs escaped.
fn yaml(value: &str) -> String {
    let mut text = "\"".to_owned();
    for c in value.chars() {
        match c {
            '"' | '\\' => {
                text.push('\\');
                text.push(c);
            }
            ' '..='~' => text.push(c),
            _ => text.push_str(&format!("\\U{:08X}", u32::from(c))),
        }
    }
    text.push('"');
    text
}

const PLAYBOOK: &str = r##"
vars: { folder: unset }
rounds:
  - name: work
    hosts: all
    tasks:
      - { name: bare, run: "printf %s {{ v }}" }
      - { name: double, run: "printf %s \"<{{ v }}>\"" }
      - { name: single, run: "printf %s '<{{ v }}>'" }
      - { name: glued, run: "printf %s a{{ v }}z" }
      - { name: list, run: [printf, "%s", "{{ v }}"] }
      - { name: input, run: cat, stdin: "{{ v }}" }
      - { name: environment, run: 'printf %s "$V"', env: { V: "{{ v }}" } }
      - { name: bash, run: "printf %s {{ v }}", shell: bash }
      - name: here
        run: |
          cat <<EOF
          <{{ v }}>
          EOF
      - { name: written, copy: { content: "{{ v }}", dest: "{{ folder }}/{{ host.name }}" } }
      - { name: read back, read: "{{ folder }}/{{ host.name }}" }
      - { name: again, run: "printf %s {{ tasks.list.stdout }}" }
      - { name: found, run: [cat, "{{ folder }}/../template"] }
      - { name: found again, run: "printf %s {{ tasks.found.stdout }}" }
"##;

#[test]
fn every_character_arrives() {
    let values = values();
    let lab = Lab::start(values.len());
    let project = Project::new();
    let mut inventory = lab.connect_text(lab.port());
    inventory.push_str("hosts:\n");
    for (index, value) in values.iter().enumerate() {
        let (name, address) = (Lab::name(index + 1), Lab::address(index + 1));
        inventory.push_str(&format!("  {name}: {{ address: {address}, vars: {{ v: {} }} }}\n", yaml(value)));
    }
    project.file("inventory.yml", inventory);
    project.file("site.yml", PLAYBOOK);
    // What a host prints is data, even where it looks like a template.
    let template = "{{ host.name }} {% if %} {# x #} ${x}";
    project.file("template", template);
    let folder = project.path("files");
    std::fs::create_dir(&folder).unwrap();
    project.ok(&["run", "site.yml", "-i", "inventory.yml", "-e", &format!("folder={}", folder.display())]);

    let run = record::only_run(&project.record());
    let mut wrong = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let host = Lab::name(index + 1);
        let mut expect = |task: &str, expected: &str| {
            let found = run.stdout(&host, task);
            if found != expected.as_bytes() {
                wrong.push(format!("{task}: {expected:?} became {:?}", String::from_utf8_lossy(&found)));
            }
        };
        for task in ["bare", "list", "input", "environment", "bash", "read_back"] {
            expect(task, value);
        }
        expect("double", &format!("<{value}>"));
        expect("single", &format!("<{value}>"));
        expect("glued", &format!("a{value}z"));
        expect("here", &format!("<{value}>\n"));
        expect("found_again", template);
        expect("again", value.trim_end_matches('\n'));
        assert_eq!(std::fs::read(folder.join(&host)).unwrap(), value.as_bytes(), "the file that `copy` wrote");
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), values.len() * 12, wrong.join("\n"));
    assert!(!std::path::Path::new("/tmp/never").exists());
}

#[test]
fn bytes_of_output_are_kept_as_they_are() {
    let lab = Lab::start(1);
    let project = Project::new();
    project.file(
        "site.yml",
        r"rounds:
  - name: work
    hosts: all
    tasks:
      - { name: bytes, run: 'printf ''\000\001\377\376no newline''' }
      - { name: large, run: 'head -c 3000000 /dev/zero | tr ''\000'' x' }
      - { name: escapes, run: 'printf ''\033[2J\033]0;title\007done''' }
",
    );
    let shown = project.ok(&["run", "site.yml", "-i", lab.inventory().to_str().unwrap(), "-v"]);
    let run = record::only_run(&project.record());
    assert_eq!(run.stdout("h001", "bytes"), b"\0\x01\xff\xfeno newline");
    assert_eq!(run.stdout("h001", "large"), "x".repeat(3_000_000).as_bytes());
    assert_eq!(run.stdout("h001", "escapes"), b"\x1b[2J\x1b]0;title\x07done");
    assert!(!shown.both().contains('\x1b') && !shown.both().contains('\x07'), "a host can't write to the terminal");
}
