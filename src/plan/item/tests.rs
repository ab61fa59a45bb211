//! What `each` goes through.

use super::*;
use crate::model::{Context, HostIx, Origin, RoundIx, StepId, TaskIx};
use crate::plan::testing::{Maker, inventory, layer, playbook};
use crate::plan::{ControllerInfo, NothingYet, RunInfo, World, build};

/// The items of an expression, over variables of any kind.
fn of(text: &str) -> Result<Vec<Value>, RenderError> {
    let mut maker = Maker::new(text);
    let template = maker.template(text, Context::Expression);
    gone_through(maker, EachItems::Expression(template))
}

fn gone_through(mut maker: Maker, items: EachItems) -> Result<Vec<Value>, RenderError> {
    let task = maker.run("t", "true");
    let mut playbook = playbook(vec![maker.round("r", &[0], vec![task])]);
    let map = IndexMap::from([("a".to_owned(), Value::Int(1)), ("b".to_owned(), Value::Int(2))]);
    let vars = [("list", ["x", "y"].into_iter().collect()), ("map", Value::Map(map)), ("text", Value::from("x y")), ("two", Value::Int(2))];
    playbook.vars = layer(Origin::Playbook, &vars);
    let plan = build(&playbook, &mut crate::diag::Diagnostics::default()).unwrap();
    let (run, controller) = (RunInfo::default(), ControllerInfo::default());
    let world = World::new(Arc::new(playbook), Arc::new(inventory(1)), &plan, Arc::new(NothingYet), run, controller);
    let each = Each { items, name: "item".to_owned(), parallel: 1, span: maker.span("", 0) };
    super::items(&each, &maker.engine, &world.scope(StepId { round: RoundIx(0), task: TaskIx(0), host: HostIx(0) }))
}

#[test]
fn lists_and_maps() {
    assert_eq!(of("list"), Ok(vec![Value::from("x"), Value::from("y")]));
    assert_eq!(of("range(two)"), Ok(vec![Value::Int(0), Value::Int(1)]));
    let pair = |key: &str, value| pair(key.to_owned(), Value::Int(value));
    assert_eq!(of("map"), Ok(vec![pair("a", 1), pair("b", 2)]));
    let mut maker = Maker::new("{{ two }}");
    let template = VarValue::Template(maker.template("{{ two }}", Context::Native));
    let written = VarValue::List(vec![VarValue::Plain(Value::Int(1)), template]);
    assert_eq!(gone_through(maker, EachItems::Written(written)), Ok(vec![Value::Int(1), Value::Int(2)]));
}

#[test]
fn nothing_else() {
    for (text, told) in [
        ("text", "text (split it into a list: `x.split()`, or take the `lines` of a result)"),
        ("two", "int (count with `range(3)`)"),
        ("none", "none ()"),
    ] {
        let Err(RenderError::Failed { message, hint, span }) = of(text) else { panic!("{text}") };
        let told = format!("`each` goes through a list or a map, and this is {told}");
        assert_eq!(format!("{message} ({})", hint.unwrap_or_default()), told);
        assert!(span.is_some());
    }
    let many = EachItems::Written(VarValue::Plain(Value::List(vec![Value::Int(0); 100_001])));
    let Err(RenderError::Failed { message, .. }) = gone_through(Maker::new("{{ two }}"), many) else { panic!("so many items") };
    assert_eq!(message, "`each` goes through 100000 items at most, and these are 100001");
    assert_eq!(of("tasks.t.lines"), Err(RenderError::Pending(vec!["r/t".to_owned()])));
}
