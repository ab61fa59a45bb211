//! No value becomes code, whatever text stands around it.

use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::settled;
use crate::model::{Context, Value};
use crate::template::Rendered;
use crate::template::tests::Bench;

/// Pieces of shell text, thrown together at random.
const PIECES: [&str; 64] = [
    "{{ x }}",
    "{{ x }}",
    "{{ x }}",
    "{{ x }}",
    "{{ x }}",
    " ",
    " ",
    " ",
    "\n",
    "\n",
    "'",
    "'",
    "\"",
    "\"",
    "`",
    "$",
    "$(",
    ")",
    "(",
    "((",
    "))",
    "$((",
    "{ ",
    "}",
    "${",
    "${a",
    "${a:-",
    "${#a}",
    "#",
    " #",
    "\\",
    "<<EOF",
    "<<-EOF",
    "<<'EOF'",
    "\nEOF\n",
    "\n\tEOF\n",
    "<",
    ">f",
    "<<<",
    ">(",
    "<(",
    "|",
    "||",
    "&&",
    ";",
    ";;",
    "case a in ",
    "a)",
    " esac",
    "if ",
    "; then ",
    "; fi",
    "[[ ",
    " ]]",
    "a=",
    "a=(",
    "echo ",
    "b",
    "1",
    "$'",
    "$\"",
    "$a",
    "{% if y %}",
    "{% endif %}",
];

/// Values that leave a file behind where a shell reads any of them as code.
const ATTACKS: [&str; 13] = [
    ">pwned",
    ";>pwned;",
    "\n>pwned\n",
    "';>pwned;'",
    "\";>pwned;\"",
    "$(>pwned)",
    "`>pwned`",
    ");>pwned;",
    "\nEOF\n>pwned\n",
    "};>pwned;",
    "a[$(>pwned)]",
    "'\n>pwned\n'",
    "\\\n>pwned\n\\",
];

/// Renders random text with every attack and gives the scripts.
fn attacked(text: &str) -> Vec<String> {
    let mut bench = Bench::default();
    bench.set("y", true);
    let Some(template) = bench.compile(text, Context::Shell) else { return Vec::new() };
    let mut scripts = Vec::new();
    for attack in ATTACKS {
        for y in [true, false] {
            bench.set("x", attack);
            bench.set("y", y);
            if let Ok(Rendered::Value(Value::Text(script))) = bench.engine.render(&template, &bench.root())
                && !scripts.contains(&script)
            {
                scripts.push(script);
            }
        }
    }
    scripts
}

/// Runs scripts one by one in an empty folder and gives the first that leaves `pwned` behind.
fn first_broken(scripts: &[String]) -> Option<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let mut driver = String::from("cd work || exit 1\nexport LC_ALL=C.UTF-8\n");
    std::fs::create_dir(folder.path().join("work")).unwrap();
    for (number, script) in scripts.iter().enumerate() {
        std::fs::write(folder.path().join(format!("s{number}")), script).unwrap();
    }
    driver.push_str(&format!(
        "n=0; while [ $n -lt {} ]; do for sh in dash bash 'busybox sh' mksh; do timeout -s KILL 0.5 $sh ../s$n </dev/null >/dev/null 2>&1; \
         if [ -e pwned ]; then echo \"$n $sh\"; exit; fi; done; n=$((n + 1)); done\n",
        scripts.len()
    ));
    let out = Command::new("sh").arg("-c").arg(&driver).current_dir(folder.path()).stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&out.stdout).into_owned();
    let (number, shell) = told.trim().split_once(' ')?;
    Some((scripts[number.parse::<usize>().unwrap()].clone(), shell.to_owned()))
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 8, ..settled(2) })]

    #[test]
    fn no_value_becomes_code(texts in prop::collection::vec(prop::collection::vec(prop::sample::select(&PIECES[..]), 2..14), 6)) {
        let scripts: Vec<String> = texts.iter().flat_map(|pieces| attacked(&pieces.concat())).collect();
        let broken = first_broken(&scripts);
        prop_assert!(broken.is_none(), "{:?}", broken);
    }
}
