//! Secrets masked by value, at the one place where events fan out.
//!
//! A value is masked in every form in which it may be written down (`redact/forms.rs`). One that is so short, or so plain,
//! that it may be a part of other words is masked only where it stands alone.

mod find;
mod forms;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use self::find::Finder;
use super::{Data, Difference, Outcome, RunEvent};
use crate::model::Value;

/// What stands in a secret's place.
pub const MASK: &str = "«masked»";

/// Knows the secrets of a run and takes them out of whatever leaves it.
#[derive(Default, Clone)]
pub struct Redactor {
    known: Option<Arc<Known>>,
}

struct Known {
    secrets: BTreeSet<String>,
    finder: Finder,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} secrets)", self.known.as_ref().map_or(0, |known| known.secrets.len()))
    }
}

impl Redactor {
    /// Makes one of the given secrets. Empty ones are left out: they would mask everything.
    ///
    /// A secret is also masked line by line, and as it is written down where some of its characters need an escape
    /// (quotes of YAML, JSON and the shell), in base64, and percent-encoded.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Redactor {
        let secrets: BTreeSet<String> = secrets.into_iter().filter(|secret| !secret.trim().is_empty()).collect();
        if secrets.is_empty() {
            return Redactor::default();
        }
        let finder = Finder::new(secrets.iter());
        Redactor { known: Some(Arc::new(Known { secrets, finder })) }
    }

    /// Says whether a secret is too short to be masked with safety.
    #[must_use]
    pub fn is_weak(secret: &str) -> bool {
        forms::is_weak(secret)
    }

    /// Says whether there is nothing to mask.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_none()
    }

    /// The length of the longest secret in bytes, in any form: so far may one reach over a border of two pieces.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.known.as_ref().map_or(0, |known| known.finder.longest)
    }

    /// Where bytes may be cut in two, at `at` or before, so that no secret lies on both sides.
    ///
    /// Behind `at` there must be as many bytes as the longest secret has, or the end.
    #[must_use]
    pub fn cut(&self, bytes: &[u8], at: usize) -> usize {
        self.places(bytes).into_iter().find(|place| place.start < at && at < place.end).map_or(at, |place| place.start)
    }

    /// Where a text that begins in the middle of something may be taken up, at `at` or behind.
    #[must_use]
    pub fn resume(&self, bytes: &[u8], at: usize) -> usize {
        self.places(bytes).into_iter().find(|place| place.start < at && at < place.end).map_or(at, |place| place.end)
    }

    fn places(&self, bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
        self.known.as_ref().map(|known| known.finder.find(bytes)).unwrap_or_default()
    }

    /// Masks every secret in a text.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let places = self.places(text.as_bytes());
        if places.is_empty() {
            return Cow::Borrowed(text);
        }
        // A form of base64 may begin or end anywhere in other text, but only at ASCII: characters stay whole.
        match String::from_utf8(masked(text.as_bytes(), &places)) {
            Ok(text) => Cow::Owned(text),
            Err(_) => Cow::Borrowed(MASK),
        }
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
                if let Some(sources) = &mut header.sources {
                    sources.extra.iter_mut().for_each(|text| self.mask_in(text));
                }
            }
            RunEvent::HostRetrying { message, .. }
            | RunEvent::HostNote { message, .. }
            | RunEvent::HostUnreachable { message, .. }
            | RunEvent::HostLost { message, .. } => {
                self.mask_in(message);
            }
            RunEvent::StepSent { command, item, .. } => {
                self.mask_in(command);
                item.iter_mut().for_each(|item| self.mask_in(&mut item.label));
            }
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
        outcome.differences.iter_mut().for_each(|difference| self.mask_difference(difference));
    }

    /// Masks what something was and is to be.
    pub fn mask_difference(&self, difference: &mut Difference) {
        [&mut difference.from, &mut difference.to, &mut difference.diff].into_iter().flatten().for_each(|text| self.mask_in(text));
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
                let bytes = data.bytes();
                *data = Data::new(masked(&bytes, &self.places(&bytes)));
            }
        }
    }

    fn mask_value(&self, value: &mut Value) {
        match value {
            Value::Text(text) => self.mask_in(text),
            Value::List(list) => list.iter_mut().for_each(|value| self.mask_value(value)),
            Value::Map(map) => {
                *map = std::mem::take(map).into_iter().map(|(key, value)| (self.mask(&key).into_owned(), value)).collect();
                map.values_mut().for_each(|value| self.mask_value(value));
            }
            // A number that was typed without quotes is a secret's value all the same.
            Value::Int(_) | Value::Float(_) if self.is_secret(&serde_json::json!(value).to_string()) => {
                *value = Value::Text(MASK.to_owned())
            }
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
    }

    fn is_secret(&self, text: &str) -> bool {
        self.known.as_ref().is_some_and(|known| known.secrets.contains(text))
    }

    /// Masks every text in a JSON value; names of entries are the program's own, and numbers count and place things, and stay.
    pub fn mask_json(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => self.mask_in(text),
            serde_json::Value::Array(list) => list.iter_mut().for_each(|value| self.mask_json(value)),
            serde_json::Value::Object(map) => map.values_mut().for_each(|value| self.mask_json(value)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
        }
    }
}

fn masked(bytes: &[u8], places: &[std::ops::Range<usize>]) -> Vec<u8> {
    let mut masked = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for place in places {
        masked.extend_from_slice(&bytes[at..place.start]);
        masked.extend_from_slice(MASK.as_bytes());
        at = place.end;
    }
    masked.extend_from_slice(&bytes[at..]);
    masked
}

#[cfg(test)]
mod tests;
