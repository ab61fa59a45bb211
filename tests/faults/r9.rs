//! R9: any value arrives as it is in each place of a shell text, through real shells, by the way that a run takes.

use crate::common::{Project, record};
use crate::r5::next;
use crate::table::Fault;

pub(crate) fn faults() -> Vec<Fault> {
    vec![Fault { id: "R9", what: "a random value in each place of a text, by dash, bash, busybox", tries: (300, 10_000), run: values }]
}

/// Places for `x`, each printing it and a NUL; here-documents print one newline more.
const PLACES: [&str; 9] = [
    "printf '%s\\0' {{ x }}",
    "printf '%s\\0' \"{{ x }}\"",
    "printf '%s\\0' '{{ x }}'",
    "v={{ x }}; printf '%s\\0' \"$v\"",
    "printf '%s\\0' \"$(printf '%s.' {{ x }})\"",
    "case {{ x }} in '{{ x }}') printf '%s\\0' \"{{ x }}\";; esac",
    "f() { printf '%s\\0' \"$1\"; }; f {{ x }}",
    "cat <<EOF; printf '\\0'\n{{ x }}\nEOF",
    "cat <<'EOF'; printf '\\0'\n{{ x }}\nEOF",
];

fn printed(place: usize, x: &str) -> String {
    match place {
        4 => format!("{x}.\0"),
        7 | 8 => format!("{x}\n\0"),
        _ => format!("{x}\0"),
    }
}

fn value(state: &mut u64) -> String {
    const SIGNS: &[char] = &[
        '$', '`', '"', '\'', '\\', '\n', '\t', ' ', '(', ')', '{', '}', '#', '&', ';', '|', '<', '>', '*', '?', '~', '!', '-', '=', '[',
        ']', '%', 'E', 'O', 'F',
    ];
    let length = next(state) % 14;
    let mut sign = || match next(state) % 4 {
        0 => char::from(u8::try_from(1 + next(state) % 127).unwrap()),
        1 => char::from_u32(u32::try_from(next(state) % 0x11_0000).unwrap()).filter(|sign| *sign != '\0').unwrap_or('\u{fffd}'),
        _ => SIGNS[usize::try_from(next(state)).unwrap() % SIGNS.len()],
    };
    (0..length).map(|_| sign()).collect()
}

fn values(tries: usize) -> Vec<String> {
    const EACH: usize = 100;
    let mut state = 9;
    let values: Vec<String> = (0..tries).map(|_| value(&mut state)).collect();
    let project = Project::new();
    let lists: Vec<&[String]> = values.chunks(EACH).collect();
    // What a host prints is data; a variable with `{{` in it would be a template.
    let json = project.file("values.json", serde_json::json!(lists).to_string());
    let text: String = PLACES.iter().map(|place| format!("          {}\n", place.replace('\n', "\n          "))).collect();
    // Called by this name it is a shell.
    std::os::unix::fs::symlink("/bin/busybox", project.path("ash")).unwrap();
    let ash = project.path("ash").display().to_string();
    let mut site =
        format!("rounds:\n  - name: work\n    hosts: localhost\n    tasks:\n      - {{ id: lists, read: {} }}\n", json.display());
    for index in 0..lists.len() {
        for (shell, program) in [("dash", "/bin/dash"), ("bash", "bash"), ("busybox", ash.as_str())] {
            site.push_str(&format!("      - id: {shell}{index}\n        shell: {program}\n        run: |\n          {{% for x in tasks.lists.json[{index}] %}}\n{text}          {{% endfor %}}\n"));
        }
    }
    project.file("site.yml", site);
    let shown = project.run_within(std::time::Duration::from_secs(600), &["run", "site.yml"]);
    if shown.code != 0 {
        return vec![shown.text().chars().take(4000).collect()];
    }
    let run = record::only_run(&project.record());
    let mut lost = Vec::new();
    for (index, list) in lists.iter().enumerate() {
        let wanted: Vec<(usize, &String)> = list.iter().flat_map(|x| (0..PLACES.len()).map(move |place| (place, x))).collect();
        for shell in ["dash", "bash", "busybox"] {
            let got = run.stdout("localhost", &format!("{shell}{index}"));
            let pieces: Vec<&[u8]> = got.split_inclusive(|byte| *byte == 0).collect();
            let wrong = wanted
                .iter()
                .enumerate()
                .find(|(at, (place, x))| pieces.get(*at).is_none_or(|piece| *piece != printed(*place, x).as_bytes()));
            if let Some((at, (place, x))) = wrong {
                let piece = pieces.get(at).map(|piece| String::from_utf8_lossy(piece).into_owned());
                lost.push(format!("{shell}: {x:?} in {:?} became {piece:?}", PLACES[*place]));
            } else if pieces.len() != wanted.len() {
                lost.push(format!("{shell}: {} pieces for {}", pieces.len(), wanted.len()));
            }
        }
    }
    lost
}
