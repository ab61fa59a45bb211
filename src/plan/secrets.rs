//! `secrets` as templates see it: names before a run, values in it.

use std::sync::Arc;

use super::world::World;
use crate::template::{Lazy, Lookup, secret_wait};

/// The root.
#[derive(Debug)]
pub(super) struct SecretsRoot {
    pub(super) world: Arc<World>,
}

impl Lazy for SecretsRoot {
    fn get(&self, name: &str) -> Lookup {
        if !self.world.playbook.secrets.contains_key(name) {
            return Lookup::Missing;
        }
        match &self.world.controller.secrets {
            Some(values) => values.0.get(name).map_or(Lookup::Missing, |value| Lookup::Value(value.clone())),
            // Which keys it has shows only once it is there: the whole name is what is waited for.
            None => Lookup::Pending(secret_wait(name)),
        }
    }

    fn names(&self) -> Vec<String> {
        self.world.playbook.secrets.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::graph::Plan;
    use super::super::results::NothingYet;
    use super::super::world::{ControllerInfo, RunInfo};
    use super::*;
    use crate::diag::{Diagnostics, FileId, SourceMap, SourceText, Span};
    use crate::model::{Context, Secret, SecretSource, SecretValues, Value};
    use crate::template::{Engine, RenderError, has_hole};

    fn scope(secrets: Option<SecretValues>) -> crate::template::Root {
        let mut playbook = super::super::testing::playbook(Vec::new());
        let span = Span::new(SourceMap::default().add("x", None, ""), 0..0);
        for name in ["pin", "people"] {
            let source = SecretSource::Env("X".to_owned());
            let secret = Secret { name: name.to_owned(), source, data: name == "people", key: None, span, place: span, used: true };
            playbook.secrets.insert(name.to_owned(), secret);
        }
        let inventory = Arc::new(super::super::testing::inventory(1));
        let plan: Plan = super::super::build::build(&playbook, &mut Diagnostics::default()).unwrap();
        let controller = ControllerInfo { secrets, ..ControllerInfo::default() };
        let world = World::new(Arc::new(playbook), inventory, &plan, Arc::new(NothingYet), RunInfo::default(), controller);
        Arc::new(Whole(world))
    }

    #[derive(Debug)]
    struct Whole(Arc<World>);

    impl Lazy for Whole {
        fn get(&self, name: &str) -> Lookup {
            match name {
                "secrets" => Lookup::Lazy(Arc::new(SecretsRoot { world: Arc::clone(&self.0) })),
                "later" => Lookup::Pending("survey/kernel".to_owned()),
                _ => Lookup::Missing,
            }
        }

        fn names(&self) -> Vec<String> {
            vec!["secrets".to_owned()]
        }
    }

    fn file() -> FileId {
        SourceMap::default().add("x", None, "")
    }

    #[test]
    fn names_before_a_run_and_values_in_it() {
        let mut engine = Engine::new();
        let text = "p={{ secrets.pin }} {{ secrets.people.ann.hash }} {{ later ~ secrets.pin }}";
        let source = SourceText::verbatim(text, Span::new(file(), 0..text.len()));
        let template = engine.compile(source, Context::Text, &mut Diagnostics::default()).unwrap();
        let preview = engine.preview(&template, &scope(None)).unwrap();
        assert!(preview.text.starts_with("p=‹secret pin› ‹secret people› ‹"), "{}", preview.text);
        assert!(has_hole(&preview.text));
        assert!(matches!(engine.render(&template, &scope(None)), Err(RenderError::Pending(_))));

        let ann = Value::Map([("hash".to_owned(), Value::from("h4sh"))].into_iter().collect());
        let people = Value::Map([("ann".to_owned(), ann)].into_iter().collect());
        let values = SecretValues(BTreeMap::from([("pin".to_owned(), Value::from("1234")), ("people".to_owned(), people)]));
        let text = "p={{ secrets.pin }} {{ secrets.people.ann.hash }}";
        let source = SourceText::verbatim(text, Span::new(file(), 0..text.len()));
        let template = engine.compile(source, Context::Text, &mut Diagnostics::default()).unwrap();
        assert_eq!(engine.render_text(&template, &scope(Some(values))).unwrap(), "p=1234 h4sh");
    }
}
