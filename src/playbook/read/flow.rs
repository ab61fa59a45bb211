//! What repeats, signals or restrains: `each`, `retries`, `notify`, `lock` and their like.

use super::Reader;
use super::values::variable_name;
use crate::diag::{Diagnostic, SourceText};
use crate::playbook::codes;
use crate::playbook::keys::{DEFAULTS, EACH};
use crate::playbook::syntax::{Defaults, Each, EachItems, Flow, Retry};
use crate::yaml::{Entry, Node, NodeValue};

impl Reader<'_> {
    pub(super) fn flow(&mut self, node: &Node) -> Flow {
        Flow {
            each: self.each(node),
            retry: self.retry(node),
            notify: self.words(node, "notify"),
            lock: self.lock(node),
            throttle: self.count(node, "throttle"),
            sensitive: self.flag(node, "sensitive"),
            durable: node.get("durable").and_then(|entry| Some((entry.key.span, entry.bool(self.diagnostics)?))),
            tags: self.words(node, "tags"),
        }
    }

    fn lock(&mut self, node: &Node) -> Option<SourceText> {
        let lock = self.plain(node, "lock")?;
        if lock.text.contains("{{") {
            let found = Diagnostic::error(codes::WRONG_VALUE, lock.span, "`lock` can't be a template");
            self.diagnostics.push(found.hint("each host has its own locks; a plain name such as `apt` is enough".to_owned()));
            return None;
        }
        Some(lock)
    }

    /// Reads one name or a list of names; none of them is a template.
    pub(super) fn words(&mut self, node: &Node, key: &str) -> Vec<SourceText> {
        let Some(entry) = node.get(key) else { return Vec::new() };
        let words: Vec<SourceText> = entry.texts(self.diagnostics).into_iter().cloned().collect();
        for word in &words {
            let found = if word.text.trim().is_empty() {
                Diagnostic::error(codes::WRONG_VALUE, word.span, format!("an empty name in {}", entry.what()))
            } else if word.text.contains("{{") {
                Diagnostic::error(codes::WRONG_VALUE, word.span, format!("{} can't be a template", entry.what()))
                    .hint("names are bound before anything is rendered; write two tasks, each with `when`".to_owned())
            } else if key == "tags" && word.text.contains(',') {
                Diagnostic::error(codes::WRONG_VALUE, word.span, "a tag can't hold a comma")
                    .hint(format!("write a list: [{}]", word.text.split(',').map(str::trim).collect::<Vec<_>>().join(", ")))
            } else {
                continue;
            };
            self.diagnostics.push(found);
        }
        words.into_iter().filter(|word| !word.text.contains("{{") && !word.text.trim().is_empty()).collect()
    }

    fn each(&mut self, node: &Node) -> Option<Each> {
        let name = node.get("as").and_then(|entry| self.item_name(entry));
        // Under another tool's name, which was told, it gives `item` a value nonetheless.
        let Some(entry) = node.get("each").or_else(|| self.misspelt_entry(node, "each")) else {
            if let Some(entry) = node.get("as") {
                let found = Diagnostic::error(codes::MISSING_KEY, entry.key.span, "`as` names the item of an `each`, and there is none");
                self.diagnostics.push(found.hint("write `each`, or leave out `as`".to_owned()));
            }
            return None;
        };
        let mut each = Each { span: entry.key.span, items: EachItems::Written(entry.value.clone()), name, parallel: None };
        let mut value = &entry.value;
        if value.get("in").is_some() {
            self.map_keys(value, "`each`", &[EACH])?;
            each.parallel = value.get("parallel").and_then(|entry| Some((entry.count(1, self.diagnostics)?, entry.key.span)));
            if let Some(inner) = value.get("as") {
                if let Some(outer) = node.get("as") {
                    let found = Diagnostic::error(codes::CONFLICT, inner.key.span, "`as` is written twice");
                    self.diagnostics.push(found.and(outer.key.span, "the other one"));
                }
                each.name = self.item_name(inner);
            }
            value = &value.get("in")?.value;
        }
        each.items = match &value.value {
            NodeValue::List(_) | NodeValue::Map(_) => EachItems::Written(value.clone()),
            NodeValue::Text(_) => EachItems::Expression(self.scalar(value, "`each`")?),
            _ => {
                let found = Diagnostic::error(
                    codes::WRONG_TYPE,
                    value.span,
                    format!("`each` goes through a list, a map or an expression, this is {}", value.kind()),
                );
                let hint = value.raw.as_ref().filter(|_| matches!(value.value, NodeValue::Int(_)));
                self.diagnostics.push(found.hint(hint.map(|raw| format!("for so many times write `each: range({})`", raw.text))));
                EachItems::Written(value.clone())
            }
        };
        Some(each)
    }

    fn item_name(&mut self, entry: &Entry) -> Option<SourceText> {
        let name = entry.name(self.diagnostics)?.clone();
        if name.text != "item"
            && let Some(found) = variable_name(&name)
        {
            self.diagnostics.push(found);
            return None;
        }
        Some(name)
    }

    pub(super) fn retry(&mut self, node: &Node) -> Retry {
        Retry {
            retries: node.get("retries").and_then(|entry| {
                let retries = entry.count(0, self.diagnostics)?;
                Some((u32::try_from(retries).unwrap_or(u32::MAX), entry.key.span))
            }),
            delay: node.get("delay").and_then(|entry| Some((entry.duration(self.diagnostics)?, entry.key.span))),
            backoff: node.get("backoff").and_then(|entry| Some((self.factor(entry)?, entry.key.span))),
            until: self.text(node, "until"),
        }
    }

    fn factor(&mut self, entry: &Entry) -> Option<f64> {
        let factor = match entry.value.value {
            #[allow(clippy::cast_precision_loss, reason = "no backoff is that large")]
            NodeValue::Int(number) => number as f64,
            NodeValue::Float(number) => number,
            _ => {
                let message = format!("`backoff` must be a number, this is {}", entry.value.kind());
                let found = Diagnostic::error(codes::WRONG_TYPE, entry.value.span, message);
                self.diagnostics.push(found.hint("as in `backoff: 2`: each wait is twice the one before".to_owned()));
                return None;
            }
        };
        if factor.is_finite() && factor >= 1.0 {
            return Some(factor);
        }
        let found = Diagnostic::error(codes::WRONG_VALUE, entry.value.span, "`backoff` must be 1 or more");
        self.diagnostics.push(found.hint("as in `backoff: 2`: each wait is twice the one before".to_owned()));
        None
    }

    /// Reads `defaults` of a playbook or a round.
    pub(super) fn defaults(&mut self, node: &Node) -> Defaults {
        let Some(entry) = node.get("defaults").filter(|entry| !entry.value.is_null()) else { return Defaults::default() };
        let node = &entry.value;
        if self.map_keys(node, "`defaults`", &[DEFAULTS]).is_none() {
            return Defaults::default();
        }
        let common = self.common(node);
        Defaults {
            r#become: common.r#become,
            env: common.env,
            cwd: self.text(node, "cwd"),
            umask: self.umask(node),
            shell: self.shell(node),
            timeout: self.timeout(node),
            retry: self.retry(node),
            throttle: self.count(node, "throttle"),
            sensitive: self.flag(node, "sensitive"),
            allow_failure: self.flag(node, "allow_failure"),
        }
    }
}
