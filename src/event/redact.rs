//! Secrets masked by value, at the one place where events fan out.

use std::borrow::Cow;

use super::{Data, Outcome, RunEvent};
use crate::model::Value;

/// What stands in a secret's place.
pub const MASK: &str = "«masked»";

/// Knows the secrets of a run and takes them out of whatever leaves it.
#[derive(Default, Clone)]
pub struct Redactor {
    secrets: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

impl Redactor {
    /// Makes one of the given secrets. Empty ones are left out: they would mask everything.
    ///
    /// A secret is also masked as it is written down where some of its characters need an escape: between double or
    /// single quotes of YAML and JSON, and quoted for a shell.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Redactor {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|secret| !secret.is_empty()).flat_map(written_forms).collect();
        // The longest first, so that a secret that holds another is masked whole.
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Redactor { secrets }
    }

    /// Says whether there is nothing to mask.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The length of the longest secret in bytes: so far may one reach over a border of two pieces.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.secrets.first().map_or(0, String::len)
    }

    /// Masks every secret in a text.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut masked = Cow::Borrowed(text);
        for secret in &self.secrets {
            if masked.contains(secret.as_str()) {
                masked = Cow::Owned(masked.replace(secret.as_str(), MASK));
            }
        }
        masked
    }

    /// Masks an event's free text; ids, counts and statuses stay.
    pub fn mask_event(&self, event: &mut RunEvent) {
        if self.is_empty() {
            return;
        }
        match event {
            RunEvent::RunStarted(header) => {
                self.mask_in(&mut header.playbook);
                header.argv.iter_mut().for_each(|text| self.mask_in(text));
                header.extra.values_mut().for_each(|value| self.mask_value(value));
                for input in &mut header.inputs {
                    if let Some(text) = &mut input.text {
                        self.mask_in(text);
                    }
                }
                header.hosts.iter_mut().for_each(|host| self.mask_in(&mut host.address));
                for round in &mut header.rounds {
                    self.mask_in(&mut round.name);
                    round.tasks.iter_mut().for_each(|task| self.mask_in(&mut task.name));
                    round.blocks.iter_mut().for_each(|block| self.mask_in(&mut block.name));
                }
                self.mask_json(&mut header.plan);
            }
            RunEvent::HostRetrying { message, .. } | RunEvent::HostUnreachable { message, .. } | RunEvent::HostLost { message, .. } => {
                self.mask_in(message);
            }
            RunEvent::StepSent { command, .. } => self.mask_in(command),
            RunEvent::StepOutput { data, .. } => self.mask_data(data),
            RunEvent::StepEnded { outcome, .. } => self.mask_outcome(outcome),
            RunEvent::AttemptEnded { outcome, item, .. } => {
                item.iter_mut().for_each(|item| self.mask_in(&mut item.label));
                self.mask_outcome(outcome);
            }
            RunEvent::BlockEnded { item, reason, .. } => {
                item.iter_mut().for_each(|item| self.mask_in(&mut item.label));
                reason.iter_mut().for_each(|reason| self.mask_in(reason));
            }
            RunEvent::RoundSkipped { reason, .. } | RunEvent::HostLeftOut { reason, .. } | RunEvent::Stopped { reason, .. } => {
                self.mask_in(reason);
            }
            RunEvent::Asked { question, .. } => self.mask_in(question),
            RunEvent::HostConnecting { .. }
            | RunEvent::HostConnected { .. }
            | RunEvent::RoundStarted { .. }
            | RunEvent::RoundEnded { .. }
            | RunEvent::BatchStarted { .. }
            | RunEvent::BatchPaused { .. }
            | RunEvent::Answered { .. }
            | RunEvent::Notified { .. }
            | RunEvent::StepBegan { .. }
            | RunEvent::Interrupted { .. }
            | RunEvent::RunEnded(_) => {}
        }
    }

    fn mask_outcome(&self, outcome: &mut Outcome) {
        if let Some(reason) = &mut outcome.reason {
            self.mask_in(reason);
        }
        outcome.outputs.values_mut().for_each(|value| self.mask_value(value));
    }

    fn mask_in(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.mask(text) {
            *text = masked;
        }
    }

    fn mask_data(&self, data: &mut Data) {
        match data {
            Data::Text(text) => self.mask_in(text),
            Data::Base64(_) => {
                let mut bytes = data.bytes();
                for secret in &self.secrets {
                    bytes = replace_bytes(&bytes, secret.as_bytes(), MASK.as_bytes());
                }
                *data = Data::new(bytes);
            }
        }
    }

    fn mask_value(&self, value: &mut Value) {
        match value {
            Value::Text(text) => self.mask_in(text),
            Value::List(list) => list.iter_mut().for_each(|value| self.mask_value(value)),
            Value::Map(map) => map.values_mut().for_each(|value| self.mask_value(value)),
            // A number that was typed without quotes is a secret's value all the same.
            Value::Int(_) | Value::Float(_) if self.is_secret(&serde_json::json!(value).to_string()) => {
                *value = Value::Text(MASK.to_owned())
            }
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
    }

    fn is_secret(&self, text: &str) -> bool {
        self.secrets.iter().any(|secret| secret == text)
    }

    /// Masks every text in a JSON value, and numbers that are a secret's value.
    pub fn mask_json(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Number(number) if self.is_secret(&number.to_string()) => *value = MASK.into(),
            serde_json::Value::String(text) => self.mask_in(text),
            serde_json::Value::Array(list) => list.iter_mut().for_each(|value| self.mask_json(value)),
            serde_json::Value::Object(map) => map.values_mut().for_each(|value| self.mask_json(value)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }
}

/// A secret and the ways in which YAML, JSON and a shell's quotes write it, also one within the other.
fn written_forms(secret: String) -> Vec<String> {
    let mut forms = vec![secret.replace('\'', "''"), secret.replace('\'', r"'\''"), secret];
    let in_double_quotes = |text: &String| {
        let quoted = serde_json::Value::from(text.as_str()).to_string();
        quoted.get(1..quoted.len() - 1).unwrap_or_default().to_owned()
    };
    forms.extend(forms.iter().map(in_double_quotes).collect::<Vec<_>>());
    forms
}

fn replace_bytes(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

#[cfg(test)]
mod tests {
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
}
