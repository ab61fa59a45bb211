//! Words and keywords of commands: what a finished word means for what follows.

use super::lexer::Lexer;
use super::state::{Case, Commands, Frame, Story};

/// Ends the present word, if there is one.
pub(super) fn end(lexer: &mut Lexer<'_>) {
    let Some(Frame::Commands(commands)) = lexer.state.frames.last_mut() else { return };
    if commands.word == Some(false) {
        return;
    }
    if commands.word.is_none() {
        // A word, or none, depending on a branch.
        let matters = commands.redirect || commands.header.is_some() || matches!(commands.cases.last(), Some(Case::Word(_)));
        reset(commands);
        if commands.command == Some(true) {
            commands.command = None;
        }
        if matters {
            let at = lexer.here(0);
            lexer.state.doubt(at, "a word stands here, or not, depending on a branch");
        }
        return;
    }
    let certain = commands.plain;
    let text = std::mem::take(&mut commands.text);
    let word = if certain { text.as_str() } else { "" };
    reset(commands);
    if commands.redirect {
        commands.redirect = false;
        return;
    }
    if commands.test {
        match word {
            "]]" => commands.test = false,
            "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-v" => {
                commands.calculated = true;
                lexer.found.calculated.append(&mut commands.values);
            }
            "" => {}
            _ => {
                commands.calculated = false;
                commands.values.clear();
            }
        }
        return;
    }
    match commands.cases.last_mut() {
        Some(Case::Word(seen)) => {
            if *seen && word == "in" {
                commands.cases.pop();
                commands.cases.push(Case::Pattern(false));
            } else {
                *seen = true;
            }
            return;
        }
        Some(Case::Pattern(false)) if word == "esac" => {
            commands.cases.pop();
            commands.command = Some(false);
            return;
        }
        Some(Case::Pattern(begun)) => {
            *begun = true;
            return;
        }
        _ => {}
    }
    if let Some(count) = commands.header {
        // `for NAME in …`, `for NAME do`, `function NAME {`.
        commands.header = (count < 2 && word != "in").then_some(count + 1);
        if word == "do" || word == "{" {
            commands.header = None;
            commands.command = Some(true);
        }
        return;
    }
    match (commands.command, word) {
        (Some(false), _) => argument(commands, word, certain),
        (None, "case" | "esac" | "[[" | "for" | "function" | "select") => {
            let at = lexer.here(0);
            lexer.state.doubt(at, "a word that may be a keyword, depending on a branch");
        }
        (None, _) => commands.command = Some(false),
        (Some(true), "if" | "elif" | "while" | "until" | "!") => commands.story.condition = true,
        (Some(true), "then" | "else" | "do") => commands.story.condition = false,
        (Some(true), "{" | "time") => {}
        (Some(true), "case") => commands.cases.push(Case::Word(false)),
        (Some(true), "esac") => {
            commands.cases.pop();
            commands.command = Some(false);
        }
        (Some(true), "for" | "select" | "function") => {
            commands.header = Some(0);
            commands.command = Some(false);
        }
        (Some(true), "[[") => commands.test = true,
        (Some(true), "fi" | "done" | "}") => commands.command = Some(false),
        (Some(true), _) if is_assignment(&text) => {}
        (Some(true), _) => {
            commands.command = Some(false);
            commands.story.name = if certain { text } else { String::new() };
        }
    }
}

/// Takes an argument into the command's story.
fn argument(commands: &mut Commands, word: &str, certain: bool) {
    let story = &mut commands.story;
    let base = story.name.rsplit('/').next().unwrap_or_default();
    if std::mem::take(&mut story.option_value) {
        return;
    }
    if certain && word.starts_with('-') {
        story.dash_c |= word == "-c" || word == "--command" || !word.starts_with("--") && word.ends_with('c') && SHELLS.contains(&base);
        let takes_value = match base {
            "ssh" => matches!(word, "-p" | "-i" | "-l" | "-o" | "-J" | "-F" | "-L" | "-R" | "-S" | "-b" | "-D" | "-E" | "-W" | "-w"),
            "sudo" | "doas" => matches!(word, "-u" | "-g" | "-C" | "-h" | "-p" | "-D" | "-R" | "-T" | "-r" | "-t"),
            _ => false,
        };
        story.option_value = takes_value;
        return;
    }
    // The command behind a command that runs it counts.
    if certain && matches!(base, "sudo" | "doas" | "env" | "exec" | "command" | "nohup" | "nice" | "time") && story.operands == 0 {
        if !word.contains('=') {
            story.name = word.to_owned();
        }
        return;
    }
    story.operands += 1;
}

/// Shells that read a text after `-c`.
const SHELLS: [&str; 9] = ["sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "fish", "su"];

/// Says whether a value in the present word is read by another shell.
pub(super) fn nested(commands: &Commands) -> bool {
    let story = &commands.story;
    let base = story.name.rsplit('/').next().unwrap_or_default();
    commands.command == Some(false)
        && !story.option_value
        && !commands.redirect
        && match base {
            "eval" => true,
            // The word right after -c is the text; those behind it are its arguments.
            shell if SHELLS.contains(&shell) => story.dash_c && (story.operands == 0 || shell == "su" && story.operands < 2),
            "ssh" => story.operands > 0,
            _ => false,
        }
}

/// Says whether the present command is a shell that reads its input.
pub(super) fn reads_input(commands: &Commands) -> bool {
    let base = commands.story.name.rsplit('/').next().unwrap_or_default();
    SHELLS.contains(&base) || base == "ssh"
}

fn is_assignment(text: &str) -> bool {
    let name = text.split(['=', '[']).next().unwrap_or_default().trim_end_matches('+');
    text.contains('=') && crate::text::is_id(name)
}

/// Forgets the present word.
pub(super) fn reset(commands: &mut Commands) {
    commands.word = Some(false);
    commands.plain = true;
    commands.text.clear();
}

/// A compound command begins: what follows it is no command name.
pub(super) fn after_compound(commands: &mut Commands) {
    reset(commands);
    commands.command = Some(false);
    commands.story.name.clear();
}

/// Begins the next command.
pub(super) fn new_command(lexer: &mut Lexer<'_>, keep_condition: bool) {
    if let Some(Frame::Commands(commands)) = lexer.state.frames.last_mut() {
        commands.redirect = false;
        if commands.test {
            return;
        }
        commands.command = Some(true);
        // `for x` may have its `do` on the next line.
        commands.header = None;
        let condition = keep_condition && commands.story.condition;
        commands.story = Story { condition, ..Story::default() };
    }
}
