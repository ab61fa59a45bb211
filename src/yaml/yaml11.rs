//! What a plain scalar is to YAML 1.1, as PyYAML reads it.
//!
//! Dates stay text: nobody adds days to a variable of an inventory.

use super::typed::Typed;

/// Finds the type of a plain scalar.
pub(super) fn yaml11(text: &str) -> Typed {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Typed::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Typed::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Typed::Bool(false),
        _ => {}
    }
    int(text).map(Typed::Int).or_else(|| float(text).map(Typed::Float)).unwrap_or_else(|| Typed::Text(text.to_owned()))
}

fn int(text: &str) -> Option<i64> {
    let (sign, digits) = signed(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let plain: String = digits.chars().filter(|c| *c != '_').collect();
    let parsed = if let Some(binary) = plain.strip_prefix("0b") {
        i64::from_str_radix(binary, 2).ok()?
    } else if let Some(hex) = plain.strip_prefix("0x") {
        i64::from_str_radix(hex, 16).ok()?
    } else if plain.contains(':') {
        sixties(&plain)?
    } else if plain.len() > 1 && plain.starts_with('0') {
        i64::from_str_radix(&plain, 8).ok()?
    } else {
        return format!("{sign}{plain}").parse().ok();
    };
    Some(if sign == "-" { -parsed } else { parsed })
}

/// `1:30`, in base 60: every part behind the first is below 60, and the first is no zero.
fn sixties(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    for (nth, part) in text.split(':').enumerate() {
        let fits = if nth == 0 { !part.starts_with('0') } else { part.len() <= 2 };
        let number: i64 = part.parse().ok().filter(|number| fits && (nth == 0 || *number < 60))?;
        total = total.checked_mul(60)?.checked_add(number)?;
    }
    Some(total)
}

fn float(text: &str) -> Option<f64> {
    let (sign, digits) = signed(text);
    match digits {
        ".inf" | ".Inf" | ".INF" => return Some(if sign == "-" { f64::NEG_INFINITY } else { f64::INFINITY }),
        ".nan" | ".NaN" | ".NAN" if sign.is_empty() => return Some(f64::NAN),
        _ => {}
    }
    // A dot makes a number a float; an exponent needs its sign.
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (digits, None),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    let numeric = |part: &str| part.chars().all(|c| c.is_ascii_digit() || c == '_');
    let starts =
        whole.starts_with(|c: char| c.is_ascii_digit()) || (whole.is_empty() && fraction.starts_with(|c: char| c.is_ascii_digit()));
    let powers = exponent.is_none_or(|power| {
        power.strip_prefix(['+', '-']).is_some_and(|digits| !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()))
    });
    if !starts || !numeric(whole) || !numeric(fraction) || !powers {
        return None;
    }
    text.replace('_', "").parse().ok()
}

fn signed(text: &str) -> (&str, &str) {
    match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every expectation is what `yaml.safe_load` gives, but for numbers beyond 64 bits, which are text here.
    #[test]
    fn plain_scalars_are_what_pyyaml_makes_of_them() {
        for (text, expected) in [
            ("yes", Typed::Bool(true)),
            ("Off", Typed::Bool(false)),
            ("y", Typed::Text("y".into())),
            ("~", Typed::Null),
            ("12", Typed::Int(12)),
            ("-12", Typed::Int(-12)),
            ("0644", Typed::Int(420)),
            ("0o644", Typed::Text("0o644".into())),
            ("089", Typed::Text("089".into())),
            ("0x1F", Typed::Int(31)),
            ("0b11", Typed::Int(3)),
            ("1_000", Typed::Int(1000)),
            ("1:30", Typed::Int(90)),
            ("22:22:22", Typed::Int(80542)),
            ("01:30", Typed::Text("01:30".into())),
            ("10:99", Typed::Text("10:99".into())),
            ("1.5", Typed::Float(1.5)),
            ("1.", Typed::Float(1.0)),
            (".5", Typed::Float(0.5)),
            ("1e3", Typed::Text("1e3".into())),
            ("1.5e3", Typed::Text("1.5e3".into())),
            ("1.5e+3", Typed::Float(1500.0)),
            ("-.inf", Typed::Float(f64::NEG_INFINITY)),
            ("1.2.3", Typed::Text("1.2.3".into())),
            ("10.0.0.1/24", Typed::Text("10.0.0.1/24".into())),
            ("99999999999999999999", Typed::Text("99999999999999999999".into())),
        ] {
            assert_eq!(yaml11(text), expected, "{text}");
        }
    }
}
