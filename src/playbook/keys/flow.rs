//! Keys of what flows: blocks, actions, included files, inputs, defaults, and the verbs that came with them.

use super::{Form, Key, key};

/// What an entry of a task list may be beside a task with a verb.
pub(crate) const ENTRIES: &[Key] = &[
    key("parallel", Form::Tasks, "Tasks that start together."),
    key("block", Form::Tasks, "Tasks that succeed or fail as one."),
    key("use", Form::Text, "An action file, relative to this file."),
    key("include", Form::Text, "A file with entries of this list, relative to this file."),
];

/// Keys of a `block:`.
pub(crate) const BLOCK: &[Key] = &[
    key("block", Form::Tasks, "Tasks that succeed or fail as one."),
    key("rescue", Form::Tasks, "Tasks that run when one of the block failed; they see `error`."),
    key("always", Form::Tasks, "Tasks that run after all that, whatever happened."),
    key("name", Form::Text, "What the block does, in a few words."),
    key("id", Form::Id, "Its id, for `needs`."),
    key("needs", Form::Needs, "What the whole block waits for."),
    key("when", Form::Expression, "Asked once for the whole block, for each item where it has `each`."),
    key("each", Form::Each, "Repeats all of it for each item, one after the other."),
    key("as", Form::Id, "The item's name in templates; `item` without it."),
    key("retries", Form::Attempts, "Further attempts of all of it after a failure."),
    key("delay", Form::Duration, "The wait before the next attempt; 1s without it."),
    key("backoff", Form::Factor, "By how much each further wait grows."),
    key("become", Form::Become, "Runs its tasks as another user."),
    key("env", Form::Env, "Environment variables of its tasks."),
    key("vars", Form::Vars, "Variables of its tasks."),
    key("tags", Form::Names, "Words for `--tags` and `--skip-tags`, for all its tasks."),
    key("allow_failure", Form::Bool, "A failure of it does not stop what needs it, and does not count."),
    key("durable", Form::Bool, "Its `run` and `script` tasks run on when the link is lost, and are found again."),
];

/// Keys of a `use:`.
pub(crate) const USE: &[Key] = &[
    key("use", Form::Text, "An action file, relative to this file."),
    key("with", Form::Values, "The action's inputs."),
    key("name", Form::Text, "What it does, in a few words; else the action's name."),
    key("id", Form::Id, "Its id, for `needs` and `tasks.ID.outputs`."),
    key("needs", Form::Needs, "What it waits for."),
    key("when", Form::Expression, "Asked once for the whole action, for each item where it has `each`."),
    key("each", Form::Each, "Repeats all of it for each item, one after the other."),
    key("as", Form::Id, "The item's name in templates; `item` without it."),
    key("retries", Form::Attempts, "Further attempts of all of it after a failure."),
    key("delay", Form::Duration, "The wait before the next attempt; 1s without it."),
    key("backoff", Form::Factor, "By how much each further wait grows."),
    key("become", Form::Become, "Runs its tasks as another user."),
    key("env", Form::Env, "Environment variables of its tasks."),
    key("vars", Form::Vars, "Variables for `with`; the action itself does not see them."),
    key("notify", Form::Names, "The handlers to run when one of its tasks changed something."),
    key("tags", Form::Names, "Words for `--tags` and `--skip-tags`, for all its tasks."),
    key("allow_failure", Form::Bool, "A failure of it does not stop what needs it."),
];

/// Keys of an `include:`.
pub(crate) const INCLUDE: &[Key] =
    &[key("include", Form::Text, "The file, relative to this file."), key("vars", Form::Vars, "Variables of all that is in it.")];

/// Keys of an action file.
pub(crate) const ACTION: &[Key] = &[
    key("name", Form::Text, "What the action does, in a few words."),
    key("inputs", Form::Inputs, "Its inputs by name: read as `inputs.NAME`."),
    key("outputs", Form::Values, "What it gives: read as `tasks.ID.outputs.NAME` where it is used."),
    key("tasks", Form::Tasks, "The tasks, in the order written."),
];

/// Keys of an input.
pub(crate) const INPUT: &[Key] = &[
    key("type", Form::Kind, "string, int, number, bool, list, map, duration, path or choice[a, b]."),
    key("default", Form::Any, "Its value where none is given."),
    key("required", Form::Bool, "Without a default an input is required; `false` makes it none instead."),
    key("description", Form::Text, "What it is for."),
];

/// Keys of a group that results choose.
pub(crate) const CHOSEN: &[Key] = &[
    key("hosts", Form::Hosts, "The hosts of which it is asked."),
    key("when", Form::Expression, "Which of them are in it: an expression over `rounds.R.tasks.NAME`."),
];

/// Keys of `each` as a map of settings.
pub(crate) const EACH: &[Key] = &[
    key("in", Form::Any, "The list, the map or the expression."),
    key("as", Form::Id, "The item's name in templates; `item` without it."),
    key("parallel", Form::Count, "The most items at once; 1 without it."),
];

/// Keys of `defaults`.
pub(crate) const DEFAULTS: &[Key] = &[
    key("become", Form::Become, "Runs tasks as another user."),
    key("env", Form::Env, "Environment variables."),
    key("cwd", Form::Template, "The folder that tasks run in."),
    key("umask", Form::Mode, "The file mode creation mask, as text: \"022\"."),
    key("shell", Form::Shell, "The shell of texts: sh, bash, or the path of another."),
    key("timeout", Form::Duration, "The longest an attempt may take; 1h without it."),
    key("retries", Form::Attempts, "Further attempts after a failure."),
    key("delay", Form::Duration, "The wait before the next attempt; 1s without it."),
    key("backoff", Form::Factor, "By how much each further wait grows."),
    key("throttle", Form::Count, "The most hosts that do a task at once."),
    key("sensitive", Form::Bool, "Keeps outputs out of the screen and the record."),
    key("allow_failure", Form::Bool, "Failures do not stop what needs the task."),
];

/// Arguments of `script` as a map.
pub(crate) const SCRIPT: &[Key] = &[
    key("src", Form::Template, "The local file, relative to the playbook file."),
    key("args", Form::Texts, "Its arguments."),
    key("interpreter", Form::Template, "The program that reads it; else its first line decides."),
];

/// Arguments of `wait_for`.
pub(crate) const WAIT_FOR: &[Key] = &[
    key("port", Form::Port, "A TCP port that takes connections."),
    key("host", Form::Template, "Where the port is, as the host sees it; 127.0.0.1 without it."),
    key("url", Form::Template, "A URL that answers with success."),
    key("path", Form::Template, "A path that exists."),
    key("command", Form::Command, "A command that exits 0."),
    key("state", Form::State, "`absent` waits for the contrary."),
    key("interval", Form::Duration, "The wait between two questions; 1s without it."),
];
