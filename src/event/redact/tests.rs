//! Masking: every form, nothing else, over every border.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

#[test]
fn escapes_hide_nothing() {
    let redactor = Redactor::new([r#"a"b\c'd"#.to_owned()]);
    for written in [r#"password: "a\"b\\c'd""#, r#"password: 'a"b\c''d'"#, r#"echo 'a"b\c'\''d'"#, r#"a"b\c'd"#] {
        let masked = redactor.mask(written);
        assert!(masked.contains(MASK) && !masked.contains("a\"b") && !masked.contains("a\\\"b"), "{written}: {masked}");
    }
    let number = Redactor::new(["4711".to_owned()]);
    let mut value = Value::List(vec![Value::Int(4711), Value::Int(47)]);
    number.mask_value(&mut value);
    assert_eq!(value, Value::List(vec![Value::Text(MASK.to_owned()), Value::Int(47)]));
}

#[test]
fn names_made_of_commands_are_masked() {
    use crate::event::{HostEntry, RoundEntry, RunHeader, TaskEntry};
    let place = crate::diag::Location { file: String::new(), line: 1, column: 1 };
    let task = TaskEntry {
        id: None,
        name: "run: login s3cret".into(),
        verb: "run".into(),
        section: None,
        within: None,
        retries: 0,
        place: place.clone(),
    };
    let round =
        RoundEntry { id: "exec".into(), name: "s3cret".into(), place: place.clone(), hosts: vec![], tasks: vec![task], blocks: vec![] };
    let header = RunHeader {
        playbook: "login s3cret".into(),
        hosts: vec![HostEntry { name: "a".into(), address: "connect --token s3cret".into() }],
        rounds: vec![round],
        ..RunHeader::default()
    };
    let mut event = RunEvent::RunStarted(Box::new(header));
    Redactor::new(["s3cret".to_owned()]).mask_event(&mut event);
    let json = serde_json::to_string(&event).unwrap();
    assert!(!json.contains("s3cret"), "{json}");
}

#[test]
fn longest_first_and_bytes_too() {
    let redactor = Redactor::new(["pass".to_owned(), "password".to_owned(), String::new()]);
    assert_eq!(redactor.mask("a password"), "a «masked»");
    let mut data = Data::new(b"\xffpass\xff".to_vec());
    redactor.mask_data(&mut data);
    assert_eq!(data.bytes(), [b"\xff", MASK.as_bytes(), b"\xff"].concat());
}
/// A secret with everything that some form has to escape.
const ODD: &str = "p$ss 'w\"rd\\ü/+?&9";

#[test]
fn every_form_is_masked_and_nothing_beside_it() {
    use base64::Engine as _;
    use base64::engine::general_purpose as coder;
    let redactor = Redactor::new([ODD.to_owned()]);
    let json = serde_json::Value::from(ODD).to_string();
    let percent: String =
        ODD.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") }).collect();
    let mut texts = vec![
        ODD.to_owned(),
        json,
        percent.to_uppercase().replace("P%", "p%").replace("SS", "ss").replace("W%", "w%").replace("RD%", "rd%"),
        percent,
        crate::text::quote(ODD),
        ODD.replace('\'', "''"),
        ODD.replace('\\', r"\\").replace('$', r"\$").replace('"', "\\\""),
        "p$ss 'w\\\"rd\\\\\\u00fc/+?&9".to_owned(),
    ];
    for before in ["", "a", "ab", "abc", "user:"] {
        for behind in ["", "\n", "x", "xy"] {
            let text = format!("{before}{ODD}{behind}");
            texts.extend([coder::STANDARD.encode(&text), coder::URL_SAFE_NO_PAD.encode(&text)]);
        }
    }
    for text in texts {
        let shown = format!("before {text} behind");
        let masked = redactor.mask(&shown);
        assert!(masked.starts_with("before ") && masked.ends_with(" behind") && masked.contains(MASK), "{shown}: {masked}");
        // Of base64 only the neighbours' own signs are left: less than one byte's worth on each side, and the padding.
        let left = masked.len() - "before  behind".len() - MASK.len();
        assert!(left <= 12, "{shown}: {masked}");
        assert!(!masked.contains("ss"), "{shown}: {masked}");
    }
    assert_eq!(redactor.mask("p$ss 'w\"rd"), "p$ss 'w\"rd", "a part is no secret");
}

#[test]
fn base64_that_is_broken_into_lines_is_masked() {
    use base64::Engine as _;
    let secret: String = (0..40).map(|n| format!("part{n:02}.")).collect();
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("x: {secret}\n"));
    let lines: Vec<&str> = encoded.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let redactor = Redactor::new([secret]);
    let masked = redactor.mask(&lines.join("\n")).into_owned();
    assert!(masked.len() < MASK.len() + 12 && masked.contains(MASK), "{masked}");
    assert!(redactor.longest() >= lines.join("\r\n").len() - 8, "a border may lie anywhere in it");
}

#[test]
fn short_and_plain_values_leave_other_words_alone() {
    let redactor = Redactor::new(["hang", "7", "1234", "pw1!", "ok", "deployed"].map(str::to_owned));
    for (text, masked) in [
        ("changed, and hang on", "changed, and «masked» on"),
        ("17 of 7", "17 of «masked»"),
        ("mysql -phang", "mysql -phang"),
        ("port 12345, pin 1234.", "port 12345, pin «masked»."),
        ("-ppw1!x", "-p«masked»x"),
        ("look, ok?", "look, «masked»?"),
        ("redeployed", "re«masked»"),
        ("a_hang_over", "a_hang_over"),
    ] {
        assert_eq!(redactor.mask(text), masked);
    }
    assert!(["", "ab", "123"].iter().all(|short| Redactor::is_weak(short)) && !Redactor::is_weak("1234"));
}

#[test]
fn lines_of_a_key_are_masked_each() {
    let key = "-----BEGIN PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\nAAABG5vbmU\nxyz\n-----END PRIVATE KEY-----\n";
    let redactor = Redactor::new([key.to_owned()]);
    let masked = redactor.mask("-----BEGIN PRIVATE KEY-----\r\n  b3BlbnNzaC1rZXktdjEA\r\n  AAABG5vbmU\r\n").into_owned();
    assert_eq!(masked, "-----BEGIN PRIVATE KEY-----\r\n  «masked»\r\n  «masked»\r\n");
    assert_eq!(redactor.mask(&format!("<{key}>")), "<«masked»>");
}

#[test]
fn overlapping_secrets_leave_no_part_of_either() {
    let redactor = Redactor::new(["abcdefgh1".to_owned(), "efgh12345".to_owned()]);
    assert_eq!(redactor.mask("<abcdefgh12345>"), "<«masked»>");
}

#[test]
fn no_border_lies_in_a_secret() {
    let redactor = Redactor::new(["s3cret-value".to_owned()]);
    let text = b"xx s3cret-value yy";
    for at in 0..=text.len() {
        let cut = redactor.cut(text, at);
        assert!(cut <= at && !(cut > 3 && cut < 15), "{at}: {cut}");
        let resumed = redactor.resume(text, at);
        assert!(resumed >= at && !(resumed > 3 && resumed < 15), "{at}: {resumed}");
    }
}

#[test]
fn a_large_key_among_many_secrets_costs_little() {
    let line = |n: usize| format!("{n:03}QyNTUxOQAAACDPzyP7mSSMKe1Sr8S5hF8v2rGQp0bXq5S9kq0x9jT1AAAAJiY/{n:03}");
    let key = (0..80).map(line).collect::<Vec<_>>().join("\n");
    let others = (0..300).map(|n| format!("password-{n}-Zebra"));
    let started = std::time::Instant::now();
    let redactor = Redactor::new(others.chain([key.clone()]));
    let text = "nothing of any interest stands in this line\n".repeat(20_000);
    assert_eq!(redactor.mask(&text), text);
    assert_eq!(redactor.mask(&format!("{text}{key}")), format!("{text}{MASK}"));
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
}
