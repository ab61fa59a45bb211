//! How much is shown, and how: the choices that every view of a run shares.
//!
//! Reads no environment and asks no terminal by itself: the caller hands both in, so that tests say what they are.

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Failures and the last line.
    Quiet,
    /// Rounds, tasks folded over hosts, failures, what `print` says.
    #[default]
    Normal,
    /// A line for every step, and its output.
    Verbose,
}

/// Asks a terminal for its columns and rows.
pub type Size = fn() -> Option<(u16, u16)>;

/// How a run is shown.
#[derive(Debug, Clone)]
pub struct Options {
    /// How much.
    pub verbosity: Verbosity,
    /// Whether to colour.
    pub colors: bool,
    /// Columns of a line; tables and the live block fit into it, other lines may be longer.
    pub width: usize,
    /// Whether a progress block stands below the lines and is redrawn: only on a terminal.
    pub live: bool,
    /// Whether signs beyond ASCII may be used.
    pub unicode: bool,
    /// Where the run is recorded, for the last line; none leaves that part out.
    pub record: Option<String>,
    /// The record's file, where `roundsman show` finds it only when told.
    pub db: Option<String>,
    /// Asked before each redraw for columns and rows, so that a window may change its size; none: `width` by 24.
    pub size: Option<Size>,
}

impl Default for Options {
    fn default() -> Options {
        Options { verbosity: Verbosity::Normal, colors: false, width: 80, live: false, unicode: true, record: None, db: None, size: None }
    }
}

/// What the caller knows of the stream and of the wish for colour.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings {
    /// Whether the stream is a terminal.
    pub terminal: bool,
    /// `--color always` or `never`; none for `auto`.
    pub color: Option<bool>,
    /// Columns and rows of the terminal, asked again before each redraw.
    pub size: Option<Size>,
}

impl Options {
    /// Chooses by the usual rules: `NO_COLOR`, `CLICOLOR_FORCE`, `TERM=dumb`, `COLUMNS`, a locale without UTF-8.
    ///
    /// `env` looks up an environment variable. `--color` decides over colours only; the live block needs a terminal that
    /// can move its cursor, and is never there when [`Verbosity::Quiet`].
    pub fn detect(verbosity: Verbosity, around: Surroundings, env: impl Fn(&str) -> Option<String>) -> Options {
        let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
        let dumb = env("TERM").is_some_and(|term| term == "dumb");
        let colors = around.color.unwrap_or_else(|| {
            if set("NO_COLOR") {
                false
            } else if env("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") {
                true
            } else {
                around.terminal && !dumb
            }
        });
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| env(name).filter(|value| !value.is_empty()));
        let unicode = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        let asked = around.size.and_then(|size| size()).map(|(columns, _)| usize::from(columns));
        let columns = env("COLUMNS").and_then(|columns| columns.parse().ok());
        let width = asked.or(columns).filter(|width| *width > 0).unwrap_or(80);
        let live = around.terminal && !dumb && verbosity > Verbosity::Quiet;
        Options { verbosity, colors, width, live, unicode, record: None, db: None, size: around.size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(terminal: bool, color: Option<bool>, env: &[(&str, &str)]) -> Options {
        let around = Surroundings { terminal, color, size: None };
        let env: Vec<(String, String)> = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Options::detect(Verbosity::Normal, around, move |name| env.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
    }

    #[test]
    fn colours_follow_the_usual_rules() {
        assert!(detect(true, None, &[]).colors);
        assert!(!detect(true, None, &[("NO_COLOR", "1")]).colors);
        assert!(detect(true, None, &[("NO_COLOR", "")]).colors, "an empty NO_COLOR says nothing");
        assert!(!detect(true, None, &[("TERM", "dumb")]).colors);
        assert!(!detect(false, None, &[]).colors);
        assert!(detect(false, None, &[("CLICOLOR_FORCE", "1")]).colors);
        assert!(detect(false, Some(true), &[("NO_COLOR", "1")]).colors, "the option decides");
        assert!(!detect(true, Some(false), &[]).colors);
    }

    #[test]
    fn live_needs_a_terminal() {
        assert!(detect(true, Some(false), &[]).live);
        assert!(!detect(true, None, &[("TERM", "dumb")]).live);
        assert!(!detect(false, Some(true), &[]).live);
    }

    #[test]
    fn signs_follow_the_locale() {
        assert!(detect(true, None, &[("LANG", "en_US.UTF-8")]).unicode);
        assert!(!detect(true, None, &[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]).unicode);
        assert!(!detect(true, None, &[]).unicode);
        assert_eq!(detect(true, None, &[("COLUMNS", "132")]).width, 132);
    }
}
