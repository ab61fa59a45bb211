//! `wait_for`, `script`, `facts` and `flush`.

use std::time::Duration;

use super::Reader;
use crate::diag::{Diagnostic, SourceText};
use crate::playbook::codes;
use crate::playbook::keys::{SCRIPT, WAIT_FOR};
use crate::playbook::syntax::{Awaited, Script, Verb, WaitFor};
use crate::resource::FACT_SECTIONS;
use crate::text::did_you_mean;
use crate::yaml::{Entry, Node, NodeValue};

const STATE: &[(&str, bool)] = &[("present", false), ("absent", true)];
const WHAT: [&str; 4] = ["port", "url", "path", "command"];

impl Reader<'_> {
    pub(super) fn wait_for(&mut self, entry: &Entry) -> Option<Verb> {
        let node = &entry.value;
        let (what, absent, interval) = match &node.value {
            NodeValue::Map(_) => {
                self.map_keys(node, "`wait_for`", &[WAIT_FOR])?;
                let absent = node.get("state").and_then(|entry| entry.choice(STATE, self.diagnostics)).unwrap_or_default();
                (self.awaited(node)?, absent, self.interval(node))
            }
            NodeValue::Int(_) => (Awaited::Port { host: None, port: self.port(node)? }, false, None),
            _ => {
                let text = self.scalar(node, "`wait_for`")?;
                let what = if text.text.contains("://") {
                    Awaited::Url(text)
                } else if text.text.starts_with('/') {
                    Awaited::Path(text)
                } else {
                    let found = Diagnostic::error(codes::WRONG_VALUE, text.span, "`wait_for` needs to know what this is");
                    let hint = format!("write `wait_for: {{ path: {0} }}`, or `url`, `port` or `command`", text.text.trim());
                    self.diagnostics.push(found.hint(hint));
                    return None;
                };
                (what, false, None)
            }
        };
        Some(Verb::WaitFor(Box::new(WaitFor { what, absent, interval })))
    }

    fn awaited(&mut self, node: &Node) -> Option<Awaited> {
        let named: Vec<&Entry> = WHAT.iter().filter_map(|key| node.get(key)).collect();
        if let [first, second, ..] = named[..] {
            let message = format!("`wait_for` waits for one thing: `{}` or `{}`", first.key.text, second.key.text);
            let found = Diagnostic::error(codes::CONFLICT, second.key.span, message);
            self.diagnostics.push(found.and(first.key.span, "the other").hint("make two tasks of it".to_owned()));
            return None;
        }
        let Some(what) = named.first() else {
            if !self.is_misspelt(node, &WHAT) {
                self.missing(node, "`wait_for`", "port", Some("or `url`, `path`, `command`"));
            }
            return None;
        };
        let host = self.text(node, "host");
        if let (Some(entry), true) = (node.get("host"), what.key.text != "port") {
            let found = Diagnostic::error(codes::CONFLICT, entry.key.span, "`host` goes with `port` only");
            self.diagnostics.push(found.and(what.key.span, "this says itself where it is"));
        }
        Some(match &*what.key.text {
            "port" => Awaited::Port { host, port: self.port(&what.value)? },
            "url" => Awaited::Url(self.scalar(&what.value, "`url`")?),
            "path" => Awaited::Path(self.scalar(&what.value, "`path`")?),
            _ => Awaited::Command(self.command(what)?),
        })
    }

    fn port(&mut self, node: &Node) -> Option<SourceText> {
        let text = self.scalar(node, "`port`")?;
        let template = text.text.contains("{{");
        if !template && !text.text.trim().parse::<u16>().is_ok_and(|port| port > 0) {
            let found = Diagnostic::error(codes::WRONG_VALUE, text.span, format!("`{}` is no port", text.text));
            self.diagnostics.push(found.hint("a number from 1 to 65535".to_owned()));
            return None;
        }
        Some(text)
    }

    fn interval(&mut self, node: &Node) -> Option<Duration> {
        let entry = node.get("interval")?;
        let interval = entry.duration(self.diagnostics)?;
        if interval.is_zero() {
            let found = Diagnostic::error(codes::WRONG_VALUE, entry.value.span, "`interval` must be longer than nothing");
            self.diagnostics.push(found.hint("leave it out for the default of 1s".to_owned()));
        }
        Some(interval)
    }

    pub(super) fn script(&mut self, entry: &Entry) -> Option<Verb> {
        let node = &entry.value;
        let script = if let NodeValue::Map(_) = node.value {
            self.map_keys(node, "`script`", &[SCRIPT])?;
            let src = self.argument(node, "`script`", "src", "the local file");
            let args = node.get("args").map(|args| self.scalars(args)).unwrap_or_default();
            Script { src: src?, args, interpreter: self.text(node, "interpreter") }
        } else {
            Script { src: self.scalar(node, "`script`")?, args: Vec::new(), interpreter: None }
        };
        Some(Verb::Script(Box::new(script)))
    }

    pub(super) fn facts(&mut self, entry: &Entry) -> Option<Verb> {
        let all = || FACT_SECTIONS.iter().map(|section| (*section).to_owned()).collect();
        if entry.value.is_null() || entry.value.as_map().is_some_and(<[Entry]>::is_empty) {
            return Some(Verb::Facts { sections: all(), again: true });
        }
        let mut named: Vec<&str> = Vec::new();
        for text in entry.texts(self.diagnostics) {
            if text.text == "all" {
                return Some(Verb::Facts { sections: all(), again: true });
            }
            if !FACT_SECTIONS.contains(&&*text.text) {
                let found = Diagnostic::error(codes::WRONG_VALUE, text.span, format!("there is no section `{}` of facts", text.text));
                let found = found.note(format!("the sections: {}", FACT_SECTIONS.join(", ")));
                self.diagnostics.push(found.hint(did_you_mean(&text.text, FACT_SECTIONS)));
            }
            named.push(&text.text);
        }
        let sections = FACT_SECTIONS.iter().filter(|section| named.contains(*section));
        Some(Verb::Facts { sections: sections.map(|section| (*section).to_owned()).collect(), again: true })
    }

    pub(super) fn flush(&mut self, entry: &Entry) -> Option<Verb> {
        if entry.value.as_text().is_some_and(|text| text.text == "handlers") {
            return Some(Verb::Flush);
        }
        let found = Diagnostic::error(codes::WRONG_VALUE, entry.value.span, "only handlers can be flushed");
        self.diagnostics.push(found.hint("write `flush: handlers`".to_owned()));
        None
    }

    pub(super) fn pause(&mut self, entry: &Entry) -> Option<Verb> {
        entry.duration(self.diagnostics).map(Verb::Pause)
    }
}
