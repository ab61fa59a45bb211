//! Times, always of a given moment and in UTC: a filter that asked for the time would give another plan each time.

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use minijinja::value::ValueKind;
use minijinja::{Error, State, Value};

use super::Filter;
use super::call::Args;
use crate::template::compare::kind;
use crate::template::fault::fault;

pub(super) const FILTERS: &[(&str, &str, Filter)] = &[
    ("date", "format?", |_, value, args| {
        let format = args.text("format")?.unwrap_or_else(|| "%Y-%m-%d".to_owned());
        write(args, &format, moment(args, &value, None)?)
    }),
    ("epoch", "", |_, value, args| {
        let moment = moment(args, &value, None)?;
        let whole = moment.subsec_nanosecond() == 0;
        // Fractions of a second stay, whole seconds are a whole number.
        Ok(if whole { moment.as_second().into() } else { moment.as_duration().as_secs_f64().into() })
    }),
    ("strftime", "second? utc?", strftime),
    ("to_datetime", "format?", |_, value, args| {
        let format = args.text("format")?;
        Ok(moment(args, &value, format.as_deref())?.to_string().into())
    }),
];

/// Ansible's way round: the format is before the bar, the time in the parentheses.
fn strftime(_: &mut State<'_, '_>, value: Value, args: &Args<'_>) -> Result<Value, Error> {
    let Some(second) = args.value("second") else {
        let hint = "give it a time: `'%Y-%m-%d' | strftime(run.started)`".to_owned();
        return Err(fault("`| strftime` needs a time: a plan does not ask the clock", Some(hint)));
    };
    args.flag("utc")?;
    let format = args.text_of(&value)?;
    write(args, format, moment(args, second, None)?)
}

fn write(args: &Args<'_>, format: &str, moment: Timestamp) -> Result<Value, Error> {
    let text = strtime::format(format, &moment.to_zoned(TimeZone::UTC));
    text.map(Value::from).map_err(|_| {
        fault(format!("`{}` can't read the format", args.called()), Some("it is written as for strftime: `%Y-%m-%d %H:%M:%S`".to_owned()))
    })
}

/// Reads a time: seconds since 1970, or text.
fn moment(args: &Args<'_>, value: &Value, format: Option<&str>) -> Result<Timestamp, Error> {
    let wrong = || {
        let hint = "a time is `2026-03-01T07:30:00Z`, `2026-03-01 07:30:00`, `2026-03-01`, or seconds since 1970".to_owned();
        fault(format!("`{}` can't read this {} as a time", args.called(), kind(value)), Some(hint))
    };
    match (value.kind(), format) {
        (ValueKind::Number, _) if value.is_integer() => {
            value.as_i64().and_then(|second| Timestamp::from_second(second).ok()).ok_or_else(wrong)
        }
        (ValueKind::Number, _) => {
            let seconds = jiff::SignedDuration::try_from_secs_f64(f64::try_from(value.clone())?).map_err(|_| wrong())?;
            Timestamp::from_duration(seconds).map_err(|_| wrong())
        }
        (ValueKind::String, Some(format)) => {
            let text = value.as_str().unwrap_or_default();
            let read = strtime::parse(format, text).map_err(|_| wrong())?;
            let local = || read.to_datetime().or_else(|_| read.to_date().map(civil::DateTime::from)).ok();
            read.to_timestamp().ok().or_else(|| in_utc(local()?)).ok_or_else(wrong)
        }
        (ValueKind::String, None) => {
            let text = value.as_str().unwrap_or_default().trim();
            let local = || text.parse::<civil::DateTime>().ok();
            text.parse::<Timestamp>().ok().or_else(|| in_utc(local()?)).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

fn in_utc(local: civil::DateTime) -> Option<Timestamp> {
    local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}
