//! Typed readers: one value each, with words for whatever else stands there.
//!
//! `what` is how messages call the value: a key in backticks, or `an item of …`. Readers on [`Entry`] name its key.

use std::time::Duration;

use super::{Entry, Node, NodeValue};
use crate::diag::{Diagnostic, Diagnostics, SourceText};
use crate::text::{did_you_mean, parse_duration};

impl Node {
    fn wrong(&self, what: &str, wanted: &str) -> Diagnostic {
        Diagnostic::error("E016", self.span, format!("{what} must be {wanted}, this is {}", self.kind()))
    }

    /// Reads text; numbers and bools are mistakes, with the hint to quote them.
    pub fn read_text(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<&SourceText> {
        if let NodeValue::Text(text) = &self.value {
            return Some(text);
        }
        let hint = match &self.value {
            NodeValue::Bool(_) | NodeValue::Int(_) | NodeValue::Float(_) => self.raw.as_ref().map(|raw| format!("write \"{}\"", raw.text)),
            NodeValue::Map(entries) if entries.is_empty() => None,
            NodeValue::Map(_) => Some("if text was meant, put it in quotes: `{` and `: ` make a map".to_owned()),
            NodeValue::List(_) => Some("if text was meant, put it in quotes: `[` and `- ` make a list".to_owned()),
            _ => None,
        };
        diagnostics.push(self.wrong(what, "text").hint(hint));
        None
    }

    /// Reads text, taking a number or a bool as it was written.
    pub fn read_scalar(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<&SourceText> {
        match self.scalar_text() {
            Some(text) => Some(text),
            None => self.read_text(what, diagnostics),
        }
    }

    /// Reads text that is not empty.
    pub fn read_name(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<&SourceText> {
        let text = self.read_text(what, diagnostics)?;
        if text.text.trim().is_empty() {
            diagnostics.push(Diagnostic::error("E017", self.span, format!("{what} is empty")));
            return None;
        }
        Some(text)
    }

    /// Reads a bool; `yes`, `no`, `on` and `off` get a hint.
    pub fn read_bool(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<bool> {
        match &self.value {
            NodeValue::Bool(flag) => return Some(*flag),
            NodeValue::Text(text) => {
                let meant = match text.text.to_ascii_lowercase().as_str() {
                    "yes" | "on" | "true" | "y" => Some("true"),
                    "no" | "off" | "false" | "n" => Some("false"),
                    _ => None,
                };
                let hint = meant.map(|meant| format!("`{}` is text in YAML 1.2; write `{meant}`", text.text));
                diagnostics.push(self.wrong(what, "true or false").hint(hint));
            }
            _ => diagnostics.push(self.wrong(what, "true or false")),
        }
        None
    }

    /// Reads a whole number.
    pub fn read_int(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<i64> {
        match &self.value {
            NodeValue::Int(number) => return Some(*number),
            NodeValue::Text(text) if text.text.trim().parse::<i64>().is_ok() => {
                let hint = format!("write it without quotes: {}", text.text.trim());
                diagnostics.push(self.wrong(what, "a whole number").hint(hint));
            }
            NodeValue::Float(_) => {
                diagnostics.push(Diagnostic::error("E016", self.span, format!("{what} must be a whole number")));
            }
            _ => diagnostics.push(self.wrong(what, "a whole number")),
        }
        None
    }

    /// Reads a whole number of at least `least`.
    pub fn read_count(&self, what: &str, least: u32, diagnostics: &mut Diagnostics) -> Option<usize> {
        let number = self.read_int(what, diagnostics)?;
        match usize::try_from(number) {
            Ok(count) if number >= i64::from(least) => Some(count),
            _ => {
                diagnostics.push(Diagnostic::error("E017", self.span, format!("{what} must be {least} or more")));
                None
            }
        }
    }

    /// Reads a duration with its unit.
    pub fn read_duration(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<Duration> {
        let units = "durations are written 500ms, 30s, 10m, 2h, or as a sum: 1h30m";
        match &self.value {
            NodeValue::Text(text) => {
                let duration = parse_duration(&text.text);
                if duration.is_none() {
                    let found = Diagnostic::error("E017", self.span, format!("{what} is not a duration: `{}`", text.text));
                    let bare = text.text.trim().parse::<f64>().is_ok();
                    let hint = if bare { format!("add a unit: {}s", text.text.trim()) } else { units.to_owned() };
                    diagnostics.push(found.hint(hint));
                }
                duration
            }
            NodeValue::Int(_) | NodeValue::Float(_) => {
                let raw = self.raw.as_ref().map_or("", |raw| &raw.text);
                let found = Diagnostic::error("E017", self.span, format!("{what} is a duration and needs a unit"));
                diagnostics.push(found.hint(format!("write {raw}s for seconds, {raw}m for minutes")));
                None
            }
            _ => {
                diagnostics.push(self.wrong(what, "a duration").hint(units.to_owned()));
                None
            }
        }
    }

    /// Reads one of some words.
    pub fn read_choice<T: Copy>(&self, what: &str, choices: &[(&str, T)], diagnostics: &mut Diagnostics) -> Option<T> {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
        let names = match &names[..] {
            [names @ .., last] if !names.is_empty() => format!("{} or {last}", names.join(", ")),
            _ => names.concat(),
        };
        let Some(text) = self.as_text() else {
            diagnostics.push(self.wrong(what, &names));
            return None;
        };
        let found = choices.iter().find(|(name, _)| *name == text.text).map(|(_, choice)| *choice);
        if found.is_none() {
            let wrong = Diagnostic::error("E017", self.span, format!("{what} must be {names}, not `{}`", text.text));
            diagnostics.push(wrong.hint(did_you_mean(&text.text, choices.iter().map(|(name, _)| *name))));
        }
        found
    }

    /// Reads a list.
    pub fn read_list(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<&[Node]> {
        let list = self.as_list();
        if list.is_none() {
            diagnostics.push(self.wrong(what, "a list"));
        }
        list
    }

    /// The items of a list, or the value itself as the only one.
    #[must_use]
    pub fn list_or_one(&self) -> &[Node] {
        self.as_list().unwrap_or(std::slice::from_ref(self))
    }

    /// Reads a list of texts, or one text; wrong items are told and left out.
    pub fn read_texts(&self, what: &str, diagnostics: &mut Diagnostics) -> Vec<&SourceText> {
        let item = format!("an item of {what}");
        let what = if self.as_list().is_some() { &item } else { what };
        self.list_or_one().iter().filter_map(|node| node.read_text(what, diagnostics)).collect()
    }

    /// Reads a map; null counts as an empty one.
    pub fn read_map(&self, what: &str, diagnostics: &mut Diagnostics) -> Option<&[Entry]> {
        match &self.value {
            NodeValue::Map(entries) => Some(entries),
            NodeValue::Null => Some(&[]),
            _ => {
                diagnostics.push(self.wrong(what, "a map"));
                None
            }
        }
    }
}

macro_rules! by_key {
    ($($(#[$doc:meta])* $name:ident => $reader:ident($($arg:ident: $kind:ty),*) -> $result:ty;)*) => {
        impl Entry {
            $($(#[$doc])*
            pub fn $name(&self, $($arg: $kind,)* diagnostics: &mut Diagnostics) -> $result {
                self.value.$reader(&self.what(), $($arg,)* diagnostics)
            })*
        }
    };
}

by_key! {
    /// Reads text; see [`Node::read_text`].
    text => read_text() -> Option<&SourceText>;
    /// Reads text, taking a number or a bool as it was written.
    scalar => read_scalar() -> Option<&SourceText>;
    /// Reads text that is not empty.
    name => read_name() -> Option<&SourceText>;
    /// Reads a bool; see [`Node::read_bool`].
    bool => read_bool() -> Option<bool>;
    /// Reads a whole number.
    int => read_int() -> Option<i64>;
    /// Reads a whole number of at least `least`.
    count => read_count(least: u32) -> Option<usize>;
    /// Reads a duration with its unit.
    duration => read_duration() -> Option<Duration>;
    /// Reads a list.
    list => read_list() -> Option<&[Node]>;
    /// Reads a list of texts, or one text.
    texts => read_texts() -> Vec<&SourceText>;
    /// Reads a map; null counts as an empty one.
    map => read_map() -> Option<&[Entry]>;
}

impl Entry {
    /// How messages call the value: the key in backticks.
    #[must_use]
    pub fn what(&self) -> String {
        format!("`{}`", self.key.text)
    }

    /// Reads one of some words.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)], diagnostics: &mut Diagnostics) -> Option<T> {
        self.value.read_choice(&self.what(), choices, diagnostics)
    }
}
