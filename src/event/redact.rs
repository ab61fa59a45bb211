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
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Redactor {
        let mut secrets: Vec<String> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
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
                header.argv.iter_mut().for_each(|text| self.mask_in(text));
                header.extra.values_mut().for_each(|value| self.mask_value(value));
                for input in &mut header.inputs {
                    if let Some(text) = &mut input.text {
                        self.mask_in(text);
                    }
                }
                self.mask_json(&mut header.plan);
            }
            RunEvent::HostRetrying { message, .. } | RunEvent::HostUnreachable { message, .. } | RunEvent::HostLost { message, .. } => {
                self.mask_in(message);
            }
            RunEvent::StepSent { command, .. } => self.mask_in(command),
            RunEvent::StepOutput { data, .. } => self.mask_data(data),
            RunEvent::StepEnded { outcome, .. } => self.mask_outcome(outcome),
            RunEvent::RoundSkipped { reason, .. } | RunEvent::HostLeftOut { reason, .. } => self.mask_in(reason),
            RunEvent::HostConnecting { .. }
            | RunEvent::HostConnected { .. }
            | RunEvent::RoundStarted { .. }
            | RunEvent::RoundEnded { .. }
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
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
    }

    fn mask_json(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => self.mask_in(text),
            serde_json::Value::Array(list) => list.iter_mut().for_each(|value| self.mask_json(value)),
            serde_json::Value::Object(map) => map.values_mut().for_each(|value| self.mask_json(value)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }
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
    fn longest_first_and_bytes_too() {
        let redactor = Redactor::new(["pass".to_owned(), "password".to_owned(), String::new()]);
        assert_eq!(redactor.mask("a password"), "a «masked»");
        let mut data = Data::new(b"\xffpass\xff".to_vec());
        redactor.mask_data(&mut data);
        assert_eq!(data.bytes(), [b"\xff", MASK.as_bytes(), b"\xff"].concat());
    }
}
