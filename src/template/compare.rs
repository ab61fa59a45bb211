//! Comparisons that never take text for a number or a bool.
//!
//! minijinja compares whatever it gets and has no hook for it, so compiled templates call the filter `__cmp` in the
//! place of `== != < <= > >= in`, and the tests of the same meaning (`is eq`, `select("==", ..)`) are replaced too.

use minijinja::value::ValueKind;
use minijinja::{Error, Value};

use super::fault::fault;

/// An operator of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
}

impl Op {
    pub(super) fn name(self) -> &'static str {
        match self {
            Op::Eq => "==",
            Op::Ne => "!=",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Gt => ">",
            Op::Ge => ">=",
            Op::In => "in",
            Op::NotIn => "not in",
        }
    }

    pub(super) fn named(name: &str) -> Option<Op> {
        [Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::In, Op::NotIn].into_iter().find(|op| op.name() == name)
    }
}

/// Compares.
pub(super) fn compare(op: Op, left: &Value, right: &Value) -> Result<bool, Error> {
    if left.is_undefined() || right.is_undefined() {
        return Err(fault(format!("one side of `{}` is not defined", op.name()), None));
    }
    match op {
        Op::In => contains(right, left),
        Op::NotIn => contains(right, left).map(|found| !found),
        _ => {
            check(op, left, right)?;
            Ok(match op {
                Op::Eq => left == right,
                Op::Ne => left != right,
                Op::Lt => left < right,
                Op::Le => left <= right,
                Op::Gt => left > right,
                _ => left >= right,
            })
        }
    }
}

fn contains(list: &Value, item: &Value) -> Result<bool, Error> {
    match list.kind() {
        ValueKind::String => match (list.as_str(), item.as_str()) {
            (Some(text), Some(part)) => Ok(text.contains(part)),
            _ => Err(fault(format!("`in` looks for a {} in a text", kind(item)), Some("write `| string` after it".to_owned()))),
        },
        ValueKind::Seq | ValueKind::Iterable => {
            let mut found = false;
            for each in list.try_iter()?.checked() {
                let each = each?;
                check(Op::In, item, &each)?;
                found |= &each == item;
            }
            Ok(found)
        }
        ValueKind::Map => match item.as_str() {
            Some(name) => {
                for key in list.try_iter()?.checked() {
                    if key?.as_str() == Some(name) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            None => Err(fault(
                format!("`in` looks for a {} among the names of a map", kind(item)),
                Some("write `| string` after it".to_owned()),
            )),
        },
        other => Err(fault(format!("`in` needs a list, a map or a text on its right, not a {other}"), None)),
    }
}

fn check(op: Op, left: &Value, right: &Value) -> Result<(), Error> {
    let (a, b) = (left.kind(), right.kind());
    let clash = |text: ValueKind, other: ValueKind| text == ValueKind::String && matches!(other, ValueKind::Number | ValueKind::Bool);
    if clash(a, b) || clash(b, a) {
        return Err(fault(
            mismatch(op, kind(left), kind(right)),
            Some(hint(if a == ValueKind::String { kind(right) } else { kind(left) })),
        ));
    }
    if !matches!(op, Op::Eq | Op::Ne | Op::In | Op::NotIn) && a != b {
        return Err(fault(format!("`{}` can't order a {} and a {}", op.name(), kind(left), kind(right)), None));
    }
    Ok(())
}

/// Refuses values of which some are text and some are numbers or bools.
pub(super) fn comparable<'v>(called: &str, values: impl Iterator<Item = &'v Value>) -> Result<(), Error> {
    let (mut text, mut other) = (None, None);
    for value in values {
        match value.kind() {
            ValueKind::String => text = text.or(Some(value)),
            ValueKind::Number | ValueKind::Bool => other = other.or(Some(value)),
            _ => {}
        }
        if let (Some(_), Some(other)) = (text, other) {
            return Err(fault(format!("`{called}` compares text with {}", kind(other)), Some(hint(kind(other)))));
        }
    }
    Ok(())
}

/// Refuses values that have no order among them.
pub(super) fn orderable(called: &str, values: &[Value]) -> Result<(), Error> {
    comparable(called, values.iter())?;
    let Some(first) = values.first() else { return Ok(()) };
    for value in values {
        if value.kind() != first.kind() {
            return Err(fault(format!("`{called}` can't order a {} and a {}", kind(first), kind(value)), None));
        }
    }
    match first.kind() {
        ValueKind::Map | ValueKind::Plain => {
            let hint = "say by what: `attribute='name'`".to_owned();
            Err(fault(format!("`{called}` can't order a {}", kind(first)), Some(hint)))
        }
        _ => Ok(()),
    }
}

/// The sentence for a comparison of text with something else.
pub(super) fn mismatch(op: Op, left: &str, right: &str) -> String {
    format!("`{}` compares {left} with {right}", op.name())
}

/// What to write instead.
pub(super) fn hint(other: &str) -> String {
    match other {
        "bool" => "text is never compared with a bool: write `| bool` after the text, or compare with a text in quotes".to_owned(),
        "float" => "text is never compared with a number: write `| float` after the text, or compare with a text in quotes".to_owned(),
        _ => "text is never compared with a number: write `| int` after the text, or compare with a text in quotes".to_owned(),
    }
}

/// The type's name as messages call it.
pub(super) fn kind(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::Undefined => "undefined value",
        ValueKind::None => "none",
        ValueKind::Bool => "bool",
        ValueKind::Number if value.is_integer() => "int",
        ValueKind::Number => "float",
        ValueKind::String | ValueKind::Bytes => "text",
        ValueKind::Seq | ValueKind::Iterable => "list",
        ValueKind::Map => "map",
        _ => "object",
    }
}
