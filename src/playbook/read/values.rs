//! Values that several kinds of node have: texts, variables, commands, `become`.

use super::Reader;
use crate::diag::{Diagnostic, SourceText, Span};
use crate::inventory::RESERVED;
use crate::model::{BecomeMethod, Shell};
use crate::playbook::codes;
use crate::playbook::keys::BECOME;
use crate::playbook::syntax::{Become, Command, Common, EnvVar, Judge, Var};
use crate::text::{did_you_mean, is_id, snake_id};
use crate::yaml::{self, Entry, Node, NodeValue, Style};

impl Reader<'_> {
    /// Reads what rounds, tasks and groups have in common.
    pub(super) fn common(&mut self, node: &Node) -> Common {
        Common {
            name: self.plain(node, "name"),
            id: self.plain(node, "id"),
            needs: node.get("needs").map(|entry| entry.texts(self.diagnostics).into_iter().cloned().collect()),
            when: self.condition(node),
            vars: self.vars(node, "vars"),
            env: self.env(node),
            r#become: node.get("become").and_then(|entry| self.read_become(entry)),
        }
    }

    /// Reads `when`; a list of conditions, as other tools have it, gets words of its own.
    fn condition(&mut self, node: &Node) -> Option<SourceText> {
        let entry = node.get("when")?;
        if let Some(list) = entry.value.as_list() {
            let found = Diagnostic::error(codes::WRONG_TYPE, entry.value.span, "`when` must be one expression, this is a list");
            let part = |text: &str| if text.contains(" or ") || text.contains(" if ") { format!("({text})") } else { text.to_owned() };
            let parts: Option<Vec<String>> = list.iter().map(|node| Some(part(&node.scalar_text()?.text))).collect();
            let hint = parts.map(|parts| format!("join them: when: {}", parts.join(" and ")));
            self.diagnostics.push(found.hint(hint));
            return None;
        }
        self.scalar(&entry.value, "`when`")
    }

    /// Reads a name: text that is not empty.
    pub(super) fn plain(&mut self, node: &Node, key: &str) -> Option<SourceText> {
        node.get(key).and_then(|entry| entry.name(self.diagnostics)).cloned()
    }

    /// Reads text that may hold templates; numbers and bools are taken as written.
    pub(super) fn text(&mut self, node: &Node, key: &str) -> Option<SourceText> {
        let entry = node.get(key)?;
        self.scalar(&entry.value, &entry.what())
    }

    /// Reads a scalar as text that is not empty.
    pub(super) fn scalar(&mut self, node: &Node, what: &str) -> Option<SourceText> {
        self.filled(node, what, false)
    }

    fn filled(&mut self, node: &Node, what: &str, command: bool) -> Option<SourceText> {
        let text = node.read_scalar(what, self.diagnostics)?.clone();
        self.cut_short(node, command);
        if text.text.trim().is_empty() {
            self.diagnostics.push(Diagnostic::error(codes::WRONG_VALUE, node.span, format!("{what} is empty")));
            return None;
        }
        Some(text)
    }

    /// Reads a scalar as text that may be empty.
    pub(super) fn content(&mut self, node: &Node, what: &str) -> Option<SourceText> {
        let text = node.read_scalar(what, self.diagnostics)?.clone();
        self.cut_short(node, false);
        Some(text)
    }

    fn cut_short(&mut self, node: &Node, command: bool) {
        if let Some(comment) = yaml::cut_comment(self.map, node, command) {
            let found = Diagnostic::warning(codes::CUT_SHORT, comment, "a comment starts here and cuts the text short");
            let found = found.and(node.span, "all that is left of the text");
            let hint = if yaml::cut_comment(self.map, node, false).is_some() {
                "put the text in quotes, or write `|` and the text on the next line"
            } else {
                "put the text in quotes; a comment goes on a line of its own, or two blanks away"
            };
            self.diagnostics.push(found.hint(hint.to_owned()));
        }
    }

    pub(super) fn flag(&mut self, node: &Node, key: &str) -> Option<bool> {
        node.get(key).and_then(|entry| entry.bool(self.diagnostics))
    }

    pub(super) fn count(&mut self, node: &Node, key: &str) -> Option<usize> {
        node.get(key).and_then(|entry| entry.count(1, self.diagnostics))
    }

    /// Reads a map of variables.
    pub(super) fn vars(&mut self, node: &Node, key: &str) -> Vec<Var> {
        let Some(entry) = node.get(key) else { return Vec::new() };
        self.var_map(entry)
    }

    /// Reads the value of a key as a map of variables.
    pub(super) fn var_map(&mut self, entry: &Entry) -> Vec<Var> {
        let entries = entry.map(self.diagnostics).unwrap_or_default();
        self.var_entries(entries)
    }

    /// Reads entries as variables; names that can't be one are told and left out.
    pub(super) fn var_entries(&mut self, entries: &[Entry]) -> Vec<Var> {
        let mut vars = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Some(found) = variable_name(&entry.key) {
                self.diagnostics.push(found);
                continue;
            }
            vars.push(Var { name: entry.key.clone(), value: entry.value.clone() });
        }
        vars
    }

    fn env(&mut self, node: &Node) -> Vec<EnvVar> {
        let entries = node.get("env").and_then(|entry| entry.map(self.diagnostics)).unwrap_or_default();
        let mut env = Vec::with_capacity(entries.len());
        for entry in entries {
            if !is_id(&entry.key.text) {
                let message = format!("`{}` can't be the name of an environment variable", entry.key.text);
                let found = Diagnostic::error(codes::BAD_NAME, entry.key.span, message);
                self.diagnostics.push(found.hint("letters, digits and `_`, and no digit first".to_owned()));
                continue;
            }
            if let Some(value) = self.content(&entry.value, &entry.what()) {
                env.push(EnvVar { name: entry.key.clone(), value });
            }
        }
        env
    }

    /// Reads shell text or an argument list.
    pub(super) fn command(&mut self, entry: &Entry) -> Option<Command> {
        let Some(items) = entry.value.as_list() else {
            if entry.value.as_map().is_some() {
                let found = Diagnostic::error(
                    codes::WRONG_TYPE,
                    entry.value.span,
                    format!("{} must be text or a list, this is a map", entry.what()),
                );
                let hint = "if text was meant, put it in quotes, or write `|` and the text on the next line";
                self.diagnostics.push(found.hint(hint.to_owned()));
                return None;
            }
            return self.filled(&entry.value, &entry.what(), true).map(Command::Text);
        };
        let item = format!("an argument of {}", entry.what());
        let mut arguments = Vec::with_capacity(items.len());
        for node in items {
            arguments.push(self.content(node, &item)?);
        }
        let Some(first) = arguments.first() else {
            self.diagnostics.push(Diagnostic::error(codes::WRONG_VALUE, entry.value.span, format!("{} is an empty list", entry.what())));
            return None;
        };
        if first.text.contains(char::is_whitespace) && !first.text.contains("{{") {
            self.program_with_blanks(entry, first);
            return None;
        }
        Some(Command::List(arguments))
    }

    fn program_with_blanks(&mut self, entry: &Entry, first: &SourceText) {
        let found = Diagnostic::error(codes::YAML_TRAP, first.span, format!("no program is called `{}`", first.text.trim()));
        let found = found.label("the first item of a list is the program");
        let written = self.map.text(entry.value.span);
        let found = if entry.value.style == Style::Flow && !written.contains('\n') {
            let quoted = if written.contains('\'') {
                format!("\"{}\"", written.replace('\\', "\\\\").replace('"', "\\\""))
            } else {
                format!("'{written}'")
            };
            found
                .note("YAML reads `[ … ]` as a list")
                .hint(format!("if shell text was meant, put it in quotes: {}: {quoted}", entry.key.text))
        } else {
            found.hint("write one argument an item, or shell text without a list".to_owned())
        };
        self.diagnostics.push(found);
    }

    /// Reads a bool or an expression.
    pub(super) fn judge(&mut self, node: &Node, key: &str) -> Option<(Span, Judge)> {
        let entry = node.get(key)?;
        let judge = match &entry.value.value {
            NodeValue::Bool(flag) => Judge::Fixed(*flag),
            NodeValue::Text(text) if !matches!(&*text.text.to_ascii_lowercase(), "yes" | "no" | "on" | "off") => {
                Judge::Expression(self.scalar(&entry.value, &entry.what())?)
            }
            NodeValue::Text(_) => return entry.bool(self.diagnostics).map(|flag| (entry.key.span, Judge::Fixed(flag))),
            _ => {
                let message = format!("{} must be true, false or an expression, this is {}", entry.what(), entry.value.kind());
                self.diagnostics.push(Diagnostic::error(codes::WRONG_TYPE, entry.value.span, message));
                return None;
            }
        };
        Some((entry.key.span, judge))
    }

    fn read_become(&mut self, entry: &Entry) -> Option<Become> {
        match &entry.value.value {
            NodeValue::Bool(false) => Some(Become::No),
            NodeValue::Bool(true) => {
                let found = Diagnostic::error(codes::WRONG_VALUE, entry.value.span, "`become` must name a user");
                self.diagnostics.push(found.hint("write `become: root`".to_owned()));
                None
            }
            NodeValue::Text(text) if matches!(&*text.text, "yes" | "no" | "on" | "off") => {
                let found = Diagnostic::error(codes::YAML_TRAP, entry.value.span, format!("no user is called `{}`", text.text));
                let meant = if matches!(&*text.text, "yes" | "on") { "root" } else { "false" };
                self.diagnostics.push(found.hint(format!("write `become: {meant}`")));
                None
            }
            NodeValue::Map(_) => {
                self.map_keys(&entry.value, "`become`", &[BECOME])?;
                let method = entry.value.get("method").and_then(|method| method.text(self.diagnostics));
                let method = method.map_or(Some(BecomeMethod::Sudo), |method| self.become_method(method)).unwrap_or(BecomeMethod::Sudo);
                let password = self.text(&entry.value, "password");
                if let Some(password) = password.as_ref().filter(|_| method == BecomeMethod::Doas) {
                    let found = Diagnostic::error(codes::CONFLICT, password.span, "`doas` takes no password");
                    let found = found.label("it would ask in a terminal, and a lane has none");
                    self.diagnostics.push(found.hint("leave it out, and write `permit nopass` in the host's doas.conf".to_owned()));
                }
                if entry.value.get("user").is_none() {
                    self.missing(&entry.value, "`become`", "user", Some("the user to become, most often `root`"));
                }
                Some(Become::User { user: self.text(&entry.value, "user")?, method, password })
            }
            _ => Some(Become::User { user: self.scalar(&entry.value, "`become`")?, method: BecomeMethod::Sudo, password: None }),
        }
    }

    fn become_method(&mut self, method: &SourceText) -> Option<BecomeMethod> {
        let known = BecomeMethod::ALL.into_iter().find(|known| known.word() == method.text);
        if known.is_none() {
            let message = format!("there is no method `{}` to become another user", crate::text::one_line(&method.text, 40));
            let words = BecomeMethod::ALL.map(BecomeMethod::word);
            let hint = did_you_mean(&method.text, words).unwrap_or_else(|| "write `sudo`, `doas` or `su`".to_owned());
            self.diagnostics.push(Diagnostic::error(codes::WRONG_VALUE, method.span, message).hint(hint));
        }
        known
    }

    /// Reads `shell`.
    pub(super) fn shell(&mut self, node: &Node) -> Option<Shell> {
        let text = node.get("shell")?.name(self.diagnostics)?;
        match &*text.text {
            "sh" | "/bin/sh" => Some(Shell::Sh),
            "bash" => Some(Shell::Bash),
            path if path.starts_with('/') && !path.contains(char::is_whitespace) => Some(Shell::Other(path.to_owned())),
            other => {
                let message = format!("`shell` must be sh, bash or the path of a shell, not `{}`", crate::text::one_line(other, 40));
                let hint = if other.contains(char::is_whitespace) {
                    "`shell` names the program; the command goes into `run`".to_owned()
                } else {
                    format!("write its path, such as /bin/{other}")
                };
                self.diagnostics.push(Diagnostic::error(codes::WRONG_VALUE, text.span, message).hint(hint));
                None
            }
        }
    }

    /// Reads octal digits written as text, with the words for the number that YAML makes of them.
    pub(super) fn octal(&mut self, entry: &Entry) -> Option<SourceText> {
        let node = &entry.value;
        if let NodeValue::Int(_) | NodeValue::Float(_) = node.value {
            let raw = node.raw.as_ref().map_or("", |raw| &raw.text);
            let digits = raw.trim_start_matches("0o");
            let found = Diagnostic::error(codes::YAML_TRAP, node.span, format!("{} must be text, this is a number", entry.what()));
            let found = found.note("YAML reads some numbers with a zero in front as octal and others not");
            let hint = match octal(digits) {
                Some(_) => format!("write \"{digits:0>4}\""),
                None => format!("write octal digits, 0 to 7, in quotes: as in {}", octal_example(entry)),
            };
            self.diagnostics.push(found.hint(hint));
            return None;
        }
        let text = entry.text(self.diagnostics)?.clone();
        if text.text.contains("{{") || octal(&text.text).is_some() {
            return Some(text);
        }
        let found = Diagnostic::error(codes::WRONG_VALUE, node.span, format!("{} must be octal digits, not `{}`", entry.what(), text.text));
        self.diagnostics.push(found.hint(format!("as in {}", octal_example(entry))));
        None
    }
}

fn octal_example(entry: &Entry) -> &'static str {
    if entry.key.text == "umask" { "\"022\" or \"027\"" } else { "\"0644\" or \"0755\"" }
}

/// The number of one to four octal digits.
pub(super) fn octal(text: &str) -> Option<u32> {
    let digits = (1..=4).contains(&text.len()) || (text.len() == 5 && text.starts_with('0'));
    if digits && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte)) { u32::from_str_radix(text, 8).ok() } else { None }
}

/// What is wrong with the name of a variable, if anything.
pub(super) fn variable_name(key: &SourceText) -> Option<Diagnostic> {
    let name = &*key.text;
    if RESERVED.contains(&name) {
        let found = Diagnostic::error(codes::RESERVED_NAME, key.span, format!("a variable can't be called `{name}`"));
        let hint = format!("`{name}` means something in every template; choose another name, such as `my_{name}`");
        return Some(found.hint(hint));
    }
    if matches!(name, "true" | "false" | "none" | "True" | "False" | "None" | "not" | "and" | "or" | "in" | "is" | "if" | "else") {
        let found = Diagnostic::error(codes::BAD_VARIABLE, key.span, format!("a variable can't be called `{name}`"));
        return Some(found.label("a word of expressions"));
    }
    if is_id(name) {
        return None;
    }
    let found = Diagnostic::error(codes::BAD_VARIABLE, key.span, format!("a variable can't be called `{name}`"));
    let hint = match snake_id(name) {
        Some(id) => format!("write `{id}`: templates can only name letters, digits and `_`"),
        None => "templates can only name letters, digits and `_`, and no digit first".to_owned(),
    };
    Some(found.hint(hint))
}
