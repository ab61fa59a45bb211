//! Text laid out: comments, widths, quotes.

use minijinja::value::Kwargs;
use minijinja::{Error, State, Value};

use super::Filter;
use super::call::Args;
use crate::template::fault::fault;
use crate::template::text::{from_jinja, write};

/// The widest that a filter lays out.
const WIDEST: usize = 10_000;

pub(super) const FILTERS: &[(&str, &str, Filter)] = &[
    ("center", "width?", center),
    ("comment", "style? decoration= beginning= end= prefix= prefix_count= postfix= postfix_count= newline=", comment),
    ("quote", "", |_, value, _| Ok(crate::text::quote(&write(&from_jinja(&value)?)).into())),
    ("truncate", "length? killwords? end? leeway?", |state, value, args| {
        args.text_of(&value)?;
        let (length, leeway) = (args.count("length", WIDEST)?.unwrap_or(255), args.count("leeway", WIDEST)?.unwrap_or(5));
        let end = args.text("end")?.unwrap_or_else(|| "...".to_owned());
        if end.chars().count() > length {
            return Err(fault("`| truncate`: the `end` is longer than the `length`", None));
        }
        let named = [
            ("length", Value::from(length)),
            ("killwords", Value::from(args.flag("killwords")?)),
            ("end", Value::from(end)),
            ("leeway", Value::from(leeway)),
        ];
        minijinja_contrib::filters::truncate(state, &value, named.into_iter().collect())
    }),
    ("wordwrap", "width? break_long_words? wrapstring? break_on_hyphens?", |_, value, args| {
        args.text_of(&value)?;
        let width = args.count("width", WIDEST)?.unwrap_or(79).max(1);
        let mut named = vec![("width", Value::from(width))];
        for name in ["break_long_words", "wrapstring", "break_on_hyphens"] {
            named.extend(args.value(name).map(|value| (name, value.clone())));
        }
        minijinja_contrib::filters::wordwrap(&value, named.into_iter().collect::<Kwargs>())
    }),
];

fn center(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let text = args.text_of(&value)?;
    let free = args.count("width", WIDEST)?.unwrap_or(80).saturating_sub(text.chars().count());
    Ok(format!("{}{text}{}", " ".repeat(free / 2), " ".repeat(free - free / 2)).into())
}

/// Makes a text a comment, by the rules of Ansible's filter of that name.
fn comment(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let text = args.text_of(&value)?;
    let (beginning, decoration, end) = match args.text("style")?.as_deref() {
        None | Some("plain") => ("", "# ", ""),
        Some("erlang") => ("", "% ", ""),
        Some("c") => ("", "// ", ""),
        Some("cblock") => ("/*", " * ", " */"),
        Some("xml") => ("<!--", " - ", "-->"),
        Some(_) => return Err(fault("`| comment` knows the styles plain, erlang, c, cblock and xml", None)),
    };
    let or = |name: &str, otherwise: &str| Ok::<String, Error>(args.text(name)?.unwrap_or_else(|| otherwise.to_owned()));
    let (beginning, decoration, end) = (or("beginning", beginning)?, or("decoration", decoration)?, or("end", end)?);
    let newline = or("newline", "\n")?;
    let around = decoration.trim_end();
    let (prefix, postfix) = (or("prefix", around)?, or("postfix", around)?);
    let (above, below) = (args.count("prefix_count", 100)?.unwrap_or(1), args.count("postfix_count", 100)?.unwrap_or(1));
    let mut lines = Vec::new();
    if !beginning.is_empty() {
        lines.push(beginning);
    }
    if !prefix.is_empty() {
        lines.extend(std::iter::repeat_n(prefix, above));
    }
    for line in text.split('\n') {
        lines.push(if line.is_empty() { around.to_owned() } else { format!("{decoration}{line}") });
    }
    lines.extend(std::iter::repeat_n(postfix, below));
    if !end.is_empty() {
        lines.push(end);
    }
    Ok(lines.join(&newline).into())
}
