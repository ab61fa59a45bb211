//! What may be typed and what may not, without running anything.

use super::*;

fn typed(line: &str) -> Result<Cli, clap::Error> {
    parse(std::iter::once("roundsman").chain(line.split_whitespace()).map(OsString::from))
}

fn refused(line: &str) -> String {
    let error = typed(line).expect_err(line);
    assert_eq!(error.exit_code(), 2, "{line}");
    error.to_string()
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_option_of_every_command_is_documented() {
    fn look(command: &clap::Command, path: &str) {
        assert!(command.get_about().is_some(), "{path} says what it does");
        for arg in command.get_arguments() {
            assert!(arg.get_help().is_some(), "{path}: {} is documented", arg.get_id());
        }
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            assert!(sub.get_after_help().is_some(), "{path} {} has an example", sub.get_name());
            look(sub, &format!("{path} {}", sub.get_name()));
        }
    }
    let mut command = Cli::command();
    command.build();
    look(&command, "roundsman");
}

#[test]
fn run_with_everything() {
    let cli = typed("run site.yml -i prod.yml --limit web -x db1 -e release=2.4.1 -e @vars.yml --max-parallel 20 -K -q --db r.db").unwrap();
    assert_eq!(cli.common.verbosity(), Verbosity::Quiet);
    assert_eq!(cli.common.db.as_deref(), Some(std::path::Path::new("r.db")));
    let Command::Run(run) = cli.command else { panic!("run") };
    assert_eq!(run.playbook, Some(PathBuf::from("site.yml")));
    assert_eq!(run.selection.inventory, ["prod.yml"]);
    assert_eq!(run.selection.extra, [Extra::Pair("release".into(), "2.4.1".into()), Extra::File("vars.yml".into())]);
    assert_eq!(run.connecting.max_parallel.map(NonZeroUsize::get), Some(20));
    assert!(run.connecting.ask_become_pass && !run.connecting.ask_pass);
}

#[test]
fn a_test_is_on_real_hosts_or_in_sandboxes() {
    let Command::Test(test) = typed("test site.yml -i prod.yml --limit web --keep -e a=1").unwrap().command else { panic!("test") };
    assert_eq!((test.on, test.keep, test.selection.limit.as_deref()), (None, true, Some("web")));
    let Command::Test(test) = typed("test site.yml --on web1 --yes -K").unwrap().command else { panic!("test") };
    assert!(test.on.as_deref() == Some("web1") && test.yes && test.connecting.ask_become_pass);
    assert!(refused("test site.yml --on web1 --limit web").contains("cannot be used with"));
    assert!(refused("test site.yml --on web1 --keep").contains("cannot be used with"));
    assert!(refused("test site.yml --format jsonl").contains("it has text, json"));
}

#[test]
fn tasks_are_chosen_by_lists_that_add_up() {
    let cli = typed("run site.yml --tags config,certs --tags dns --skip-tags slow --start-at patch/upgrade --yes").unwrap();
    let Command::Run(run) = cli.command else { panic!("run") };
    assert_eq!(run.tasks.tags, ["config", "certs", "dns"]);
    assert_eq!(run.tasks.skip_tags, ["slow"]);
    assert_eq!(run.tasks.start_at.as_deref(), Some("patch/upgrade"));
    assert!(run.yes);
    let Command::Plan(plan) = typed("plan site.yml --tags a").unwrap().command else { panic!("plan") };
    assert_eq!(plan.tasks.tags, ["a"]);
    assert!(refused("run site.yml --tags a,,b").contains("a name is missing"));
    assert!(refused("run site.yml --start-at=").contains("--start-at"));
    assert!(refused("exec web --tags a -- id").contains("--tags"), "one command has no tags");
}

#[test]
fn common_options_may_stand_before_the_command() {
    let cli = typed("-v --color never run site.yml").unwrap();
    assert_eq!(cli.common.verbosity(), Verbosity::Verbose);
    assert_eq!(cli.common.color.forced(), Some(false));
}

#[test]
fn exec_takes_all_words_after_the_dashes() {
    let cli = typed("exec web,!db1 -i web1,web2 --become --timeout 30s -- ls -l --color").unwrap();
    let Command::Exec(exec) = cli.command else { panic!("exec") };
    assert_eq!(exec.hosts, "web,!db1");
    assert_eq!(exec.command, ["ls", "-l", "--color"]);
    assert_eq!(exec.become_user.as_deref(), Some("root"));
    assert_eq!(exec.timeout, Some(Duration::from_secs(30)));
    let Command::Exec(exec) = typed("exec web --become=postgres -- id").unwrap().command else { panic!("exec") };
    assert_eq!(exec.become_user.as_deref(), Some("postgres"));
}

#[test]
fn wrong_use_is_told_and_exits_2() {
    assert!(refused("exec web").contains("<CMD>"));
    assert!(refused("exec web uptime").contains("uptime"));
    let near = refused("hitsory");
    assert!(near.contains("'history'"), "a near command is suggested: {near}");
    assert!(refused("run site.yml -q -v").contains("cannot be used with"));
    assert!(refused("run site.yml -e 2nd=x").contains("can't be a variable's name"));
    assert!(refused("run site.yml -e release").contains("KEY=VALUE"));
    assert!(refused("run site.yml --max-parallel 0").contains("max-parallel"));
    assert!(refused("run site.yml --format json").contains("it has text, jsonl"));
    assert!(refused("exec web --timeout soon -- id").contains("30s"));
    assert!(refused("run site.yml --resume").contains("--resume"), "an option of a later version is unknown");
    refused("");
}

#[test]
fn help_and_version_are_no_errors_of_use() {
    for line in ["--help", "run --help", "--version"] {
        assert_eq!(typed(line).expect_err(line).exit_code(), 0);
    }
}

#[test]
fn a_wrong_format_is_told_with_the_right_ones() {
    let told = refused("show --format yaml");
    assert!(told.contains("text, json, jsonl"), "{told}");
}
