//! Durations as users write them: `500ms 30s 10m 2h`.

use std::time::Duration;

/// Reads `500ms`, `30s`, `10m`, `2h`, `1d` or a sum of them (`1h30m`); `None` where the text is none of these.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number * unit).ok()?)?;
        rest = &rest[letters..];
    }
    Some(total)
}

/// Writes a duration for people, two units at most: `340ms`, `2.1s`, `1m05s`, `2h03m`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let seconds = duration.as_secs();
    if millis < 1000 {
        format!("{millis}ms")
    } else if seconds < 60 {
        let tenths = (millis + 50) / 100;
        if tenths.is_multiple_of(10) { format!("{}s", tenths / 10) } else { format!("{}.{}s", tenths / 10, tenths % 10) }
    } else if seconds < 3600 {
        if seconds.is_multiple_of(60) { format!("{}m", seconds / 60) } else { format!("{}m{:02}s", seconds / 60, seconds % 60) }
    } else if seconds % 3600 / 60 == 0 {
        format!("{}h", seconds / 3600)
    } else {
        format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units_and_sums() {
        assert_eq!(parse_duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse_duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(parse_duration("1.5s"), Some(Duration::from_millis(1500)));
        for bad in ["", "5", "s", "5 parsecs", "-1s", "1..s", "99999999999999999999h"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn writes_for_people() {
        for (millis, text) in
            [(0, "0ms"), (340, "340ms"), (2140, "2.1s"), (5000, "5s"), (65_000, "1m05s"), (7_380_000, "2h03m"), (3_600_000, "1h")]
        {
            assert_eq!(format_duration(Duration::from_millis(millis)), text);
        }
    }
}
