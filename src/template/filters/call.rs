//! What a filter, test or function is called with: checked before anything is rendered, bound by name when it runs.
//!
//! Knows no filter. A [`Signature`] is one line of words, as the tables write it: `pattern` must be given, `new?` may be,
//! `-chars?` has a place and no name, `flag=` has a name and no place, `*lists` is any number, `**` any name.

use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Error, Value};

use super::super::compare::kind;
use super::super::fault::fault;
use crate::text::did_you_mean;

/// What may stand in the parentheses of a call.
#[derive(Debug, Clone)]
pub(in crate::template) struct Signature {
    /// The name it is called by, as messages show it: `| combine`, `is version`, `range()`.
    pub(in crate::template) called: String,
    params: Vec<Param>,
    rest: bool,
    any_name: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Param {
    name: &'static str,
    required: bool,
    place: bool,
    named: bool,
}

/// A call that can't be right: the words, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::template) struct Wrong {
    pub(in crate::template) message: String,
    pub(in crate::template) hint: Option<String>,
}

impl Signature {
    pub(in crate::template) fn new(called: String, words: &'static str) -> Signature {
        let mut signature = Signature { called, params: Vec::new(), rest: false, any_name: false };
        for word in words.split_ascii_whitespace() {
            if word == "**" {
                signature.any_name = true;
            } else if word.starts_with('*') {
                signature.rest = true;
            } else {
                let name = word.trim_start_matches('-').trim_end_matches(['?', '=']);
                let required = !word.ends_with(['?', '=']);
                signature.params.push(Param { name, required, place: !word.ends_with('='), named: !word.starts_with('-') });
            }
        }
        signature
    }

    /// Says what is wrong with a call of so many places and these names.
    pub(in crate::template) fn objection(&self, places: usize, names: &[&str]) -> Option<Wrong> {
        let wrong = |message: String, hint: Option<String>| Some(Wrong { message: format!("`{}` {message}", self.called), hint });
        let by_place: Vec<&Param> = self.params.iter().filter(|param| param.place).collect();
        if places > by_place.len() && !self.rest {
            let most = by_place.len();
            let takes = match most {
                0 => "no arguments".to_owned(),
                1 => "one argument".to_owned(),
                most => format!("{most} arguments"),
            };
            return wrong(format!("takes {takes}, and this gives {places}"), self.usage());
        }
        for name in names {
            match self.params.iter().position(|param| param.named && param.name == *name) {
                Some(at) if self.params[at].place && by_place.iter().take(places).any(|param| param.name == *name) => {
                    return wrong(format!("is given `{name}` twice"), None);
                }
                Some(_) => {}
                None if self.any_name => {}
                None => {
                    let known = self.params.iter().filter(|param| param.named).map(|param| param.name);
                    return wrong(format!("has no argument `{name}`"), did_you_mean(name, known).or_else(|| self.usage()));
                }
            }
        }
        let missing = by_place.iter().skip(places).find(|param| param.required && !names.contains(&param.name));
        missing.and_then(|param| wrong(format!("needs an argument, `{}`", param.name), self.usage()))
    }

    fn usage(&self) -> Option<String> {
        let places = self.params.iter().map(|param| match (param.place, param.required) {
            (true, true) => param.name.to_owned(),
            (true, false) => format!("[{}]", param.name),
            (false, _) => format!("[{}=]", param.name),
        });
        let words: Vec<String> = places.collect();
        (!words.is_empty()).then(|| format!("its arguments: {}", words.join(", ")))
    }
}

/// The arguments of one call, bound.
pub(super) struct Args<'a> {
    signature: &'a Signature,
    bound: Vec<Option<Value>>,
    /// Places beyond those that have a name.
    pub(super) rest: Vec<Value>,
}

impl<'a> Args<'a> {
    /// Binds places and names.
    pub(super) fn bind(signature: &'a Signature, places: Rest<Value>, named: &Kwargs) -> Result<Args<'a>, Error> {
        let names: Vec<&str> = named.args().collect();
        // Written names were checked; one that is not known comes out of data, and data is not told.
        if !names.iter().all(|name| signature.any_name || signature.params.iter().any(|param| param.named && param.name == *name)) {
            return Err(fault(format!("`{}` has no argument of that name", signature.called), signature.usage()));
        }
        if let Some(wrong) = signature.objection(places.len(), &names) {
            return Err(fault(wrong.message, wrong.hint));
        }
        let mut bound = vec![None; signature.params.len()];
        let mut places = places.0.into_iter();
        for (slot, _) in bound.iter_mut().zip(&signature.params).filter(|(_, param)| param.place) {
            *slot = places.next();
        }
        for name in names {
            if let Some(at) = signature.params.iter().position(|param| param.name == name) {
                bound[at] = Some(named.get(name)?);
            }
        }
        let args = Args { signature, bound, rest: places.collect() };
        if args.bound.iter().flatten().chain(&args.rest).any(Value::is_undefined) {
            return Err(fault(format!("an argument of `{}` is not defined", args.called()), None));
        }
        Ok(args)
    }

    /// What it is called by.
    pub(super) fn called(&self) -> &str {
        &self.signature.called
    }

    /// An argument, where it is given.
    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        let at = self.signature.params.iter().position(|param| param.name == name)?;
        self.bound[at].as_ref()
    }

    fn wrong(&self, name: &str, needs: &str, given: &Value) -> Error {
        fault(format!("`{}` needs {needs} as `{name}`, not a {}", self.called(), kind(given)), None)
    }

    /// A text, where it is given and not none.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Error> {
        match self.value(name) {
            Some(value) if value.is_none() => Ok(None),
            Some(value) => value.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| self.wrong(name, "text", value)),
            None => Ok(None),
        }
    }

    /// A text that the signature asks for.
    pub(super) fn needed(&self, name: &str) -> Result<String, Error> {
        self.text(name)?.ok_or_else(|| fault(format!("`{}` needs text as `{name}`, not none", self.called()), None))
    }

    /// True or false; false where it is not given.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Error> {
        match self.value(name) {
            Some(value) if value.kind() == ValueKind::Bool => Ok(value.is_true()),
            Some(value) => Err(self.wrong(name, "true or false", value)),
            None => Ok(false),
        }
    }

    /// A whole number, where it is given.
    pub(super) fn int(&self, name: &str) -> Result<Option<i64>, Error> {
        match self.value(name) {
            Some(value) if value.is_none() => Ok(None),
            Some(value) if value.is_integer() => value.as_i64().map(Some).ok_or_else(|| self.wrong(name, "a number of 64 bits", value)),
            Some(value) => Err(self.wrong(name, "a whole number", value)),
            None => Ok(None),
        }
    }

    /// A count from 0 to `most`, where it is given.
    pub(super) fn count(&self, name: &str, most: usize) -> Result<Option<usize>, Error> {
        let Some(number) = self.int(name)? else { return Ok(None) };
        let count = usize::try_from(number).ok().filter(|count| *count <= most);
        count.map(Some).ok_or_else(|| fault(format!("`{}` takes 0 to {most} as `{name}`", self.called()), None))
    }

    /// A number, where it is given.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, Error> {
        match self.value(name) {
            Some(value) if value.kind() == ValueKind::Number => Ok(Some(f64::try_from(value.clone())?)),
            Some(value) => Err(self.wrong(name, "a number", value)),
            None => Ok(None),
        }
    }

    /// The value before the bar as text.
    pub(super) fn text_of<'v>(&self, value: &'v Value) -> Result<&'v str, Error> {
        value.as_str().ok_or_else(|| {
            let hint = (!matches!(value.kind(), ValueKind::None)).then(|| "write `| string` before it".to_owned());
            fault(format!("`{}` needs text, not a {}", self.called(), kind(value)), hint)
        })
    }

    /// The value before the bar as a number.
    pub(super) fn number_of(&self, value: &Value) -> Result<f64, Error> {
        if value.kind() != ValueKind::Number {
            let hint = (value.kind() == ValueKind::String).then(|| "write `| int` or `| float` before it".to_owned());
            return Err(fault(format!("`{}` needs a number, not a {}", self.called(), kind(value)), hint));
        }
        f64::try_from(value.clone())
    }

    /// The items of a list.
    pub(super) fn items_of(&self, value: &Value) -> Result<Vec<Value>, Error> {
        items(self.called(), value)
    }
}

/// The items of a list, or the names of a map, as in a loop.
pub(super) fn items(called: &str, value: &Value) -> Result<Vec<Value>, Error> {
    if !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::Map) {
        return Err(fault(format!("`{called}` needs a list, not a {}", kind(value)), None));
    }
    value.try_iter()?.checked().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &'static str, places: usize, names: &[&str]) -> String {
        let wrong = Signature::new("| f".to_owned(), words).objection(places, names);
        wrong.map_or(String::new(), |wrong| format!("{} ? {}", wrong.message, wrong.hint.unwrap_or_default()))
    }

    #[test]
    fn a_call_is_checked_against_its_words() {
        for (words, places, names) in [
            ("", 0, &[][..]),
            ("a b?", 1, &[]),
            ("a b?", 1, &["b"]),
            ("a b?", 0, &["b", "a"]),
            ("a c=", 1, &["c"]),
            ("a *more", 9, &[]),
            ("**", 0, &["x"]),
            ("-a?", 1, &[]),
        ] {
            assert_eq!(said(words, places, names), "", "{words}");
        }
        assert_eq!(said("", 1, &[]), "`| f` takes no arguments, and this gives 1 ? ");
        assert_eq!(said("a b? c=", 3, &[]), "`| f` takes 2 arguments, and this gives 3 ? its arguments: a, [b], [c=]");
        assert_eq!(said("a b?", 0, &["b"]), "`| f` needs an argument, `a` ? its arguments: a, [b]");
        assert_eq!(said("a b?", 1, &["a"]), "`| f` is given `a` twice ? ");
        assert_eq!(said("recursive=", 0, &["recursiv"]), "`| f` has no argument `recursiv` ? did you mean `recursive`?");
        assert_eq!(said("-a?", 0, &["a"]), "`| f` has no argument `a` ? its arguments: [a]");
    }
}
