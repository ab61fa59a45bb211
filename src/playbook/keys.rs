//! The keys of the language, one table each: what the reader accepts, what it suggests, what the schemas say.
//!
//! Tables of what flows (blocks, actions, inputs, defaults) are in `flow`, of most verbs that write in `written` and `archives`. Knows no YAML and no file. A key that the language has and this version does not is marked as later, so that
//! the reader can say so instead of calling it unknown.

mod archives;
mod flow;
mod written;

pub(crate) use archives::{ARCHIVE, DOWNLOAD, UNARCHIVE};
pub(crate) use flow::{ACTION, BLOCK, CHOSEN, DEFAULTS, EACH, ENTRIES, INCLUDE, INPUT, SCRIPT, USE, WAIT_FOR};
use written::{BACKUP, VALIDATE};
pub(crate) use written::{DIRECTORY, FILE, LINE, LINK, TEMPLATE, TEXT};

/// What a key's value may be; the reader and the schema agree on it by this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Plain text, no template.
    Text,
    /// A letter or `_`, then letters, digits, `_`.
    Id,
    /// Text that may hold templates.
    Template,
    /// An expression.
    Expression,
    /// A bool or an expression over `result`.
    Judge,
    /// True or false.
    Bool,
    /// A whole number from 1.
    Count,
    /// `30s`.
    Duration,
    /// Octal digits as text.
    Mode,
    /// `sh`, `bash` or a path.
    Shell,
    /// Names to variables.
    Vars,
    /// Names to texts.
    Env,
    /// Names to sources of secrets.
    Secrets,
    /// Ids or names.
    Needs,
    /// `some`, `all`, `always`.
    After,
    /// A host expression or a list of them.
    Hosts,
    /// A host or a list of hosts.
    On,
    /// A user, a map, or false.
    Become,
    /// A `connect` map.
    Connect,
    /// Shell text or an argument list.
    Command,
    /// One text or a list.
    Texts,
    /// A list of rounds.
    Rounds,
    /// A list of tasks.
    Tasks,
    /// A verb's own map, by the verb's key.
    Verb,
    /// A list, a map or an expression.
    Each,
    /// A whole number from 0.
    Attempts,
    /// A number from 1.
    Factor,
    /// One name or a list.
    Names,
    /// Counts, percentages and host expressions.
    Batch,
    /// A count or a percentage.
    Limit,
    /// `skip` or `fail`.
    Unreachable,
    /// `fail` or `rerun`.
    OnDisconnect,
    /// A question, or true for the usual one.
    Confirm,
    /// Names to a map of `hosts` and `when`.
    Groups,
    /// Names to types.
    Inputs,
    /// Names to values of any kind.
    Values,
    /// Settings of tasks.
    Defaults,
    /// The type of an input.
    Kind,
    /// Any value.
    Any,
    /// A host's port: a number, or text with a template.
    Port,
    /// `present` or `absent`.
    State,
    /// `begin` or `end`.
    Edge,
    /// `handlers`.
    Flush,
    /// Sections of facts.
    Facts,
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// As written.
    pub(crate) name: &'static str,
    /// What its value may be.
    pub(crate) form: Form,
    /// One sentence for editors.
    pub(crate) about: &'static str,
    /// True where this version does not do it yet.
    pub(crate) later: bool,
}

const fn key(name: &'static str, form: Form, about: &'static str) -> Key {
    Key { name, form, about, later: false }
}

const fn later(name: &'static str) -> Key {
    Key { name, form: Form::Text, about: "", later: true }
}

/// Keys of a playbook.
pub(crate) const PLAYBOOK: &[Key] = &[
    key("name", Form::Text, "What the playbook is for, in a few words."),
    key("id", Form::Id, "Its id; else made from the name."),
    key(
        "inventory",
        Form::Texts,
        "The inventory or a list of them: files, folders, programs, `ssh:`; relative to this file, and `-i` on the command line overrides it.",
    ),
    key("vars", Form::Vars, "Defaults of variables; the inventory may say otherwise."),
    key("vars_files", Form::Texts, "YAML files of variables, over `vars`, the last the strongest; relative to this file."),
    key("secrets", Form::Secrets, "Where secrets come from; templates read them as `secrets.NAME`."),
    key("rounds", Form::Rounds, "The rounds, each a barrier for those that need it."),
    key("max_parallel", Form::Count, "The most hosts at work at once over the whole run."),
    key("lock_hosts", Form::Bool, "Lets one run at a time at each host."),
    key("inputs", Form::Inputs, "Typed parameters, filled by `-e`: read as `inputs.NAME`."),
    key("groups", Form::Groups, "Groups whose hosts a result chooses."),
    key("connect", Form::Connect, "Overrides the inventory's connection settings."),
    key("defaults", Form::Defaults, "Settings of all tasks below."),
    key(
        "on_disconnect",
        Form::OnDisconnect,
        "What becomes of a step that was cut short with its connection and can't tell what is left to do: `fail` or `rerun`.",
    ),
    later("on_finish"),
];

/// Keys of a round.
pub(crate) const ROUND: &[Key] = &[
    key("name", Form::Text, "What the round does, in a few words."),
    key("id", Form::Id, "Its id, for `needs` and templates; else the name in snake_case."),
    key("hosts", Form::Hosts, "The hosts: names, groups, globs, ranges, `all`, joined by `and`, `or`, `not`."),
    key("needs", Form::Needs, "The rounds that must have ended before; without it all above, `[]` for none."),
    key("after", Form::After, "What it asks of the rounds it needs."),
    key("when", Form::Expression, "Asked per host first; hosts that it leaves out are not part of the round."),
    key("vars", Form::Vars, "Variables of the round."),
    key("env", Form::Env, "Environment variables of its tasks."),
    key("cwd", Form::Template, "The folder that its tasks run in."),
    key("become", Form::Become, "Runs its tasks as another user."),
    key("read_only", Form::Bool, "A promise for all its tasks; a verb that writes is an error."),
    key("connect", Form::Connect, "Overrides the inventory's connection settings for this round."),
    key("max_parallel", Form::Count, "The most hosts of this round at work at once."),
    key("tasks", Form::Tasks, "The tasks, in the order written."),
    key("handlers", Form::Tasks, "Tasks that run where something notified them, once for each host, after its tasks."),
    key("finally", Form::Tasks, "Tasks that run at the end on every host where one began, whatever happened."),
    key("batch", Form::Batch, "How many hosts at a time: a count, a percentage, a host expression, or a list of them."),
    key("pause", Form::Duration, "The wait between batches."),
    key("max_failures", Form::Limit, "With more failed hosts than this, no further batch or round starts."),
    key("max_wait", Form::Duration, "Hosts that are not done by then are given up; counted from the round's or the batch's begin."),
    key("unreachable", Form::Unreachable, "`skip` takes hosts that can't be reached out of the count."),
    key("confirm", Form::Confirm, "Asks before the round starts."),
    key("tags", Form::Names, "Words for `--tags` and `--skip-tags`, for all its tasks."),
    key("defaults", Form::Defaults, "Settings of all its tasks."),
];

/// Keys of a task beside its verb.
pub(crate) const TASK: &[Key] = &[
    key("name", Form::Text, "What the task does, in a few words."),
    key("id", Form::Id, "Its id, for `needs` and templates; else the name in snake_case."),
    key("needs", Form::Needs, "The tasks that must have ended before; without it all above, `[]` for none."),
    key("when", Form::Expression, "Runs only where this is true."),
    key("on", Form::On, "Runs on this host instead, once for each host of the round."),
    key("once", Form::Bool, "Runs on the first reachable host only; its result is every host's."),
    key("become", Form::Become, "Runs as another user."),
    key("env", Form::Env, "Environment variables."),
    key("cwd", Form::Template, "The folder it runs in."),
    key("stdin", Form::Template, "Its standard input; without it /dev/null."),
    key("umask", Form::Mode, "The file mode creation mask, as text: \"022\"."),
    key("shell", Form::Shell, "The shell of its texts: sh, bash, or the path of another."),
    key("timeout", Form::Duration, "The longest an attempt may take; 1h without it."),
    key("changed", Form::Judge, "When it counts as changed: a bool or an expression over `result`."),
    key("failed", Form::Judge, "When it counts as failed: a bool or an expression over `result`."),
    key("read_only", Form::Bool, "A promise that the command changes nothing."),
    key("unless", Form::Command, "Skips the task when this command exits 0."),
    key("only_if", Form::Command, "Runs the task only when this command exits 0."),
    key("creates", Form::Template, "Skips the task when this path exists."),
    key("removes", Form::Template, "Runs the task only when this path exists."),
    key("allow_failure", Form::Bool, "A failure does not stop what needs this task."),
    key("vars", Form::Vars, "Variables of the task."),
    key("each", Form::Each, "Repeats it for each item of a list, a map or an expression."),
    key("as", Form::Id, "The item's name in templates; `item` without it."),
    key("retries", Form::Attempts, "Further attempts after a failure."),
    key("delay", Form::Duration, "The wait before the next attempt; 1s without it."),
    key("backoff", Form::Factor, "By how much each further wait grows."),
    key("until", Form::Expression, "What must hold of `result`; else it is tried again."),
    key("notify", Form::Names, "The handlers to run when it changed something."),
    key("lock", Form::Text, "Tasks of the same lock never overlap on one host."),
    key("throttle", Form::Count, "The most hosts that do it at once."),
    key("sensitive", Form::Bool, "Keeps its output out of the screen and the record."),
    key("tags", Form::Names, "Words for `--tags` and `--skip-tags`."),
    key("durable", Form::Bool, "Runs on when the link is lost, and is found again; for `run` and `script`."),
];

/// Keys of a `parallel:` group.
pub(crate) const GROUP: &[Key] = &[
    key("parallel", Form::Tasks, "Tasks that start together."),
    key("name", Form::Text, "What the group does, in a few words."),
    key("id", Form::Id, "Its id, for `needs`."),
    key("needs", Form::Needs, "What the whole group waits for."),
    key("when", Form::Expression, "Runs its tasks only where this is true."),
    key("env", Form::Env, "Environment variables of its tasks."),
    key("vars", Form::Vars, "Variables of its tasks."),
    key("become", Form::Become, "Runs its tasks as another user."),
    key("allow_failure", Form::Bool, "Failures of its tasks do not stop what needs them."),
    key("tags", Form::Names, "Words for `--tags` and `--skip-tags`, for all its tasks."),
];

/// Verbs: exactly one a task.
pub(crate) const VERBS: &[Key] = &[
    key("run", Form::Command, "Runs a command: shell text, or a list of arguments without a shell."),
    key("read", Form::Template, "Reads a file of the host; its text is `stdout`."),
    key("glob", Form::Texts, "Lists paths that match patterns, in `outputs.paths`."),
    key("stat", Form::Template, "Looks at a path: `outputs.exists`, `type`, `size`, `mode`, `owner`, `group`, `mtime`."),
    key("copy", Form::Verb, "Writes a file from a text or a local file."),
    key("template", Form::Verb, "Writes a file from a template file."),
    key("file", Form::Verb, "Makes a file where there is none, sees to its owner and mode, or removes it."),
    key("directory", Form::Verb, "Makes a folder, sees to its owner and mode, or removes it."),
    key("link", Form::Verb, "Makes a symbolic link, or removes it."),
    key("line", Form::Verb, "Puts a line into a file, or takes it out."),
    key("text", Form::Verb, "Puts marked lines into a file, or takes them out."),
    key("download", Form::Verb, "A file that holds what a URL gives."),
    key("archive", Form::Verb, "A file that holds what some paths of the host hold."),
    key("unarchive", Form::Verb, "A folder that holds what an archive holds."),
    key("fetch", Form::Verb, "Brings a file of the host here."),
    key("assert", Form::Verb, "Checks expressions; all are evaluated, all failures shown."),
    key("set", Form::Vars, "Sets variables of the host, from here on."),
    key("print", Form::Template, "Prints a text."),
    key("fail", Form::Template, "Fails with a message."),
    key("script", Form::Verb, "Sends a local file and runs it."),
    key("wait_for", Form::Verb, "Waits until a port, a URL, a path or a command is there."),
    key("facts", Form::Facts, "Gathers facts of the host: all sections, or those named."),
    key("pause", Form::Duration, "Waits."),
    key("confirm", Form::Template, "Asks the user, once for all hosts."),
    key("flush", Form::Flush, "Runs the handlers that are pending: `flush: handlers`."),
    later("package"),
    later("service"),
    later("user"),
    later("group"),
    later("authorized_key"),
    later("cron"),
    later("sysctl"),
    later("mount"),
    later("hostname"),
    later("git"),
    later("reboot"),
];

/// Arguments of `copy`.
pub(crate) const COPY: &[Key] = &[
    key("content", Form::Template, "The text to write."),
    key("src", Form::Template, "The local file to send, relative to the playbook file."),
    key("dest", Form::Template, "The file on the host."),
    key("mode", Form::Mode, "Its mode, as text: \"0644\"."),
    key("owner", Form::Template, "Its owner."),
    key("group", Form::Template, "Its group."),
    BACKUP,
    VALIDATE,
    later("state"),
];

/// Arguments of `fetch`.
pub(crate) const FETCH: &[Key] = &[
    key("src", Form::Template, "The file on the host."),
    key("dest", Form::Template, "The file here, relative to the playbook file; ending in `/` a folder."),
];

/// Arguments of `assert` as a map.
pub(crate) const ASSERT: &[Key] =
    &[key("that", Form::Texts, "One expression or a list of them."), key("message", Form::Template, "Said when one is not true.")];

/// Keys of `become` as a map.
pub(crate) const BECOME: &[Key] = &[
    key("user", Form::Template, "The user to become."),
    key("method", Form::Text, "The program that changes the user: sudo, doas or su."),
    key("password", Form::Template, "Its password."),
];

/// What other tools call a thing that this language has under another name.
pub(crate) const ALIASES: &[(&str, &str)] = &[
    ("command", "run"),
    ("cmd", "run"),
    ("raw", "run"),
    ("plays", "rounds"),
    ("steps", "tasks"),
    ("ignore_errors", "allow_failure"),
    ("continue_on_error", "allow_failure"),
    ("changed_when", "changed"),
    ("failed_when", "failed"),
    ("delegate_to", "on"),
    ("run_once", "once"),
    ("become_user", "become"),
    ("sudo", "become"),
    ("environment", "env"),
    ("chdir", "cwd"),
    ("working_directory", "cwd"),
    ("workdir", "cwd"),
    ("if", "when"),
    ("depends_on", "needs"),
    ("forks", "max_parallel"),
    ("debug", "print"),
    ("set_fact", "set"),
    ("vars_prompt", "inputs"),
    ("loop", "each"),
    ("loop_var", "as"),
    ("serial", "batch"),
    ("max_fail_percentage", "max_failures"),
    ("no_log", "sensitive"),
    ("listen", "id"),
    ("uses", "use"),
    ("import_tasks", "include"),
    ("include_tasks", "include"),
    ("import_playbook", "include"),
    ("include_role", "use"),
    ("import_role", "use"),
    ("ensure", "always"),
    ("post_tasks", "finally"),
    ("with_items", "each"),
    ("only_when", "only_if"),
    ("onlyif", "only_if"),
    ("slurp", "read"),
    ("find", "glob"),
    ("content", "copy"),
    ("msg", "message"),
    ("dst", "dest"),
    ("source", "src"),
    ("path", "dest"),
    ("lineinfile", "line"),
    ("blockinfile", "text"),
    ("replace", "line"),
    ("mkdir", "directory"),
    ("symlink", "link"),
    ("regexp", "match"),
    ("regex", "match"),
    ("insertafter", "after"),
    ("insertbefore", "before"),
    ("block", "text"),
    ("content", "text"),
    ("marker", "comment"),
    ("target", "src"),
    ("get_url", "download"),
    ("checksum", "sha256"),
    ("remote_src", "remote"),
    ("strip_components", "strip"),
];

/// The fields of a step's result.
pub(crate) const STEP_FIELDS: &[&str] =
    &["status", "changed", "rc", "stdout", "stderr", "lines", "json", "outputs", "started", "duration", "attempts", "items"];

/// What `outputs` holds for a verb.
pub(crate) fn output_fields(verb: &str) -> &'static [&'static str] {
    match verb {
        "stat" => &["exists", "type", "size", "mode", "owner", "group", "mtime"],
        "glob" => &["paths"],
        "facts" => &crate::resource::FACT_SECTIONS,
        "copy" | "template" | "line" | "text" | "download" | "archive" => &["backup"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_stands_twice() {
        for table in [
            PLAYBOOK, ROUND, GROUP, COPY, FETCH, ASSERT, BECOME, ACTION, BLOCK, CHOSEN, DEFAULTS, EACH, ENTRIES, INCLUDE, INPUT, SCRIPT,
            USE, WAIT_FOR, TEMPLATE, FILE, DIRECTORY, LINK, LINE, TEXT, DOWNLOAD, ARCHIVE, UNARCHIVE,
        ] {
            for (index, key) in table.iter().enumerate() {
                assert!(!table[..index].iter().any(|other| other.name == key.name), "{}", key.name);
            }
        }
        let task: Vec<&str> = TASK.iter().chain(VERBS).map(|key| key.name).collect();
        for (index, name) in task.iter().enumerate() {
            assert!(!task[..index].contains(name), "{name}");
        }
    }

    #[test]
    fn aliases_lead_to_keys() {
        for (_, key) in ALIASES {
            let known = [PLAYBOOK, ROUND, TASK, VERBS, COPY, ASSERT, ENTRIES, BLOCK, LINE, TEXT, DOWNLOAD, UNARCHIVE]
                .iter()
                .any(|table| table.iter().any(|known| known.name == *key));
            assert!(known, "{key}");
        }
    }
}
