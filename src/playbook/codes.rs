//! The codes of this room's diagnostics: E1xx and W1xx, each one kind of mistake.
//!
//! A code never changes its meaning; a new mistake gets a new one. Mistakes that any YAML file may have keep the
//! codes that the `yaml` room gives them.

/// A key that the language does not have.
pub(crate) const UNKNOWN_KEY: &str = "E015";
/// A value of the wrong type.
pub(crate) const WRONG_TYPE: &str = "E016";
/// A value of the right type that is not one of those allowed.
pub(crate) const WRONG_VALUE: &str = "E017";
/// A key or argument that must be there is not.
pub(crate) const MISSING_KEY: &str = "E013";
/// Something of the language that this version does not do yet.
pub(crate) const NOT_YET: &str = "E014";
/// A task without a verb, or with more than one.
pub(crate) const VERB_COUNT: &str = "E105";
/// Two keys that exclude each other.
pub(crate) const CONFLICT: &str = "E106";
/// A built-in name as a variable's, as in an inventory.
pub(crate) const RESERVED_NAME: &str = "E215";
/// A text that can't be a variable's name, as in an inventory.
pub(crate) const BAD_VARIABLE: &str = "E216";
/// An id or a name of the environment that can't be one.
pub(crate) const BAD_NAME: &str = "E107";
/// Two tasks of a round, or two rounds, with one id.
pub(crate) const DUPLICATE_ID: &str = "E108";
/// `needs` names what does not exist, or what can't be waited for.
pub(crate) const BAD_NEED: &str = "E109";
/// A variable that some host does not have.
pub(crate) const UNDEFINED: &str = "E110";
/// A result of a task or round that does not exist.
pub(crate) const UNKNOWN_STEP: &str = "E111";
/// A field that a result, a host or another built-in name does not have.
pub(crate) const UNKNOWN_FIELD: &str = "E112";
/// A result that can't have been produced by then.
pub(crate) const TOO_EARLY: &str = "E113";
/// Another host's result from the same round.
pub(crate) const OTHER_HOST: &str = "E114";
/// A built-in name that has no value in this place.
pub(crate) const NOT_HERE: &str = "E115";
/// Variables that are made of each other.
pub(crate) const CYCLE: &str = "E116";
/// A verb that writes under `read_only`, or `changed` beside it.
pub(crate) const READ_ONLY: &str = "E117";
/// A host or group that the inventory does not have.
pub(crate) const UNKNOWN_HOST: &str = "E118";
/// A command written so that YAML reads something else.
pub(crate) const YAML_TRAP: &str = "E119";
/// `notify` names no handler of the round.
pub(crate) const UNKNOWN_HANDLER: &str = "E120";
/// An input of the wrong type.
pub(crate) const BAD_INPUT: &str = "E121";
/// A file that includes or uses itself.
pub(crate) const RECURSION: &str = "E122";
/// A tag or task of the command line that the playbook does not have.
pub(crate) const UNKNOWN_CHOICE: &str = "E123";
/// Too many of something.
pub(crate) const TOO_MANY: &str = "E124";
/// A secret that nothing declares.
pub(crate) const UNKNOWN_SECRET: &str = "E125";
/// A condition that can't be true or false.
pub(crate) const NO_BOOL: &str = "E126";
/// A text that is no regular expression, as in a template.
pub(crate) const NO_PATTERN: &str = "E309";
/// A file that was not given.
pub(crate) const NO_FILE: &str = "E001";

/// A variable that nothing reads.
pub(crate) const UNUSED: &str = "W101";
/// A round without hosts.
pub(crate) const NO_HOSTS: &str = "W102";
/// A background process that keeps the task's streams.
pub(crate) const BACKGROUND: &str = "W103";
/// A comment that probably cut a text short.
pub(crate) const CUT_SHORT: &str = "W104";
/// A task that can never run.
pub(crate) const UNREACHABLE: &str = "W105";
/// A handler that nothing notifies.
pub(crate) const NOT_NOTIFIED: &str = "W106";
/// A name that hides another.
pub(crate) const SHADOWED: &str = "W107";
/// `each` over text.
pub(crate) const EACH_TEXT: &str = "W108";
/// A look at a service whose restart is still pending.
pub(crate) const PENDING_HANDLER: &str = "W109";
/// A secret that processes of the host show among their arguments.
pub(crate) const SECRET_ARGUMENT: &str = "W110";
