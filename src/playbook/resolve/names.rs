//! Ids and names: who is meant by a word in `needs`.

use indexmap::IndexMap;

use crate::diag::{Diagnostic, Diagnostics, SourceText, Span};
use crate::playbook::codes;
use crate::text::{did_you_mean, is_id, snake_id};

/// Something that can be named: a task, a group, a round.
#[derive(Debug, Clone)]
pub(super) struct Named<T> {
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) span: Span,
    pub(super) what: T,
}

/// All that can be named in one list of rounds or one round's tasks.
#[derive(Debug, Clone)]
pub(super) struct Names<T> {
    list: Vec<Named<T>>,
    ids: IndexMap<String, usize>,
}

/// The id of something, from what is written.
pub(super) fn id_of(id: Option<&SourceText>, name: Option<&SourceText>) -> Option<String> {
    match id {
        Some(id) if is_id(&id.text) => Some(id.text.clone()),
        Some(id) => snake_id(&id.text),
        None => name.and_then(|name| snake_id(&name.text)),
    }
}

/// What a word means.
pub(super) enum Found<'a, T> {
    /// This one.
    One(&'a Named<T>),
    /// A name that gives no id, and none is written.
    NoId(&'a Named<T>),
    /// Nothing.
    None,
}

impl<T> Names<T> {
    pub(super) fn new() -> Names<T> {
        Names { list: Vec::new(), ids: IndexMap::new() }
    }

    /// Adds one by what is written, else by `fallback`; tells of an id that can't be one or that another has. Gives its id.
    pub(super) fn add(
        &mut self,
        (id, name): (Option<&SourceText>, Option<&SourceText>),
        fallback: Option<String>,
        (kind, list): (&str, &str),
        span: Span,
        what: T,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        if let Some(id) = id.filter(|id| !is_id(&id.text)) {
            let found = Diagnostic::error(codes::BAD_NAME, id.span, format!("`{}` can't be an id", id.text));
            let hint = match snake_id(&id.text) {
                Some(better) => format!("write `{better}`: letters, digits and `_`, and no digit first"),
                None => "letters, digits and `_`, and no digit first".to_owned(),
            };
            diagnostics.push(found.hint(hint));
        }
        let own = id_of(id, name).or(fallback);
        let place = id.or(name).map_or(span, |text| text.span);
        if let Some(id_text) = &own {
            if let Some(other) = self.ids.get(id_text).map(|index| &self.list[*index]) {
                let found = Diagnostic::error(codes::DUPLICATE_ID, place, format!("two {kind}s of the {list} have the id `{id_text}`"));
                let found = if other.span == place { found } else { found.label("the second").and(other.span, "the first") };
                let hint = if other.span == place {
                    "the file is taken in twice: make it an action, whose ids are its own, and `use` it"
                } else if id.is_some() {
                    "choose another id"
                } else {
                    "change a name, or give one of them an `id:`"
                };
                diagnostics.push(found.hint(hint.to_owned()));
            } else {
                self.ids.insert(id_text.clone(), self.list.len());
            }
        }
        self.list.push(Named { id: own.clone(), name: name.map(|name| name.text.clone()), span: place, what });
        own
    }

    /// Finds by id.
    pub(super) fn id(&self, id: &str) -> Option<&Named<T>> {
        self.ids.get(id).map(|index| &self.list[*index])
    }

    /// Finds by id, by name, or by what a name gives.
    pub(super) fn find(&self, word: &str) -> Found<'_, T> {
        if let Some(named) = self.id(word) {
            return Found::One(named);
        }
        if let Some(named) = self.list.iter().find(|named| named.name.as_deref() == Some(word)) {
            return if named.id.is_some() { Found::One(named) } else { Found::NoId(named) };
        }
        match snake_id(word).and_then(|id| self.ids.get(&id)) {
            Some(index) => Found::One(&self.list[*index]),
            None => Found::None,
        }
    }

    /// The ids, in the order written.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.keys().map(String::as_str)
    }

    /// The names, else ids, of those that a test takes.
    pub(super) fn of<'a>(&'a self, test: impl Fn(&T) -> bool + 'a) -> impl Iterator<Item = &'a str> {
        let list = self.list.iter().filter(move |named| test(&named.what));
        list.filter_map(|named| named.name.as_deref().or(named.id.as_deref()))
    }

    /// Suggests what was probably meant.
    pub(super) fn suggest(&self, word: &str) -> Option<String> {
        self.suggest_of(word, |_| true)
    }

    /// Suggests what was probably meant among those that a test takes.
    pub(super) fn suggest_of(&self, word: &str, test: impl Fn(&T) -> bool) -> Option<String> {
        let ids = self.ids.iter().filter(|(_, index)| test(&self.list[**index].what)).map(|(id, _)| id.as_str());
        let names = self.list.iter().filter(|named| test(&named.what)).filter_map(|named| named.name.as_deref());
        did_you_mean(word, ids).or_else(|| did_you_mean(word, names))
    }
}
