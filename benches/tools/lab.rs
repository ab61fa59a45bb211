//! The tests' lab for use by hand: `benches/lab 50` starts 50 hosts, prints the inventory's path and ends at the end of
//! its input or at Ctrl-C.
//!
//! Options: `--delay MS` puts a relay of so much one-way delay in front of the hosts; `--max-startups TEXT` and
//! `--max-sessions N` are sshd's own.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]
#![allow(dead_code, clippy::unwrap_used, reason = "the tests' support is used in part")]

#[path = "../../tests/common/lab.rs"]
mod lab;
#[path = "../../tests/common/procs.rs"]
mod procs;
#[path = "../../tests/common/relay.rs"]
mod relay;

use std::process::ExitCode;
use std::time::Duration;

use lab::{Lab, LabOptions};
use relay::Relay;

fn main() -> ExitCode {
    let mut options = LabOptions::default();
    let mut delay = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = if argument.starts_with("--") { arguments.next().unwrap_or_default() } else { argument.clone() };
        let understood = match argument.as_str() {
            "--delay" => value.parse().map(|ms| delay = Some(Duration::from_millis(ms))).is_ok(),
            "--max-startups" => {
                options.max_startups.clone_from(&value);
                !value.is_empty()
            }
            "--max-sessions" => value.parse().map(|count| options.max_sessions = count).is_ok(),
            _ => value.parse().map(|count| options.hosts = count).is_ok() && options.hosts > 0,
        };
        if !understood {
            eprintln!("usage: lab [HOSTS] [--delay MS] [--max-startups TEXT] [--max-sessions N]");
            return ExitCode::from(2);
        }
    }
    // For scp.
    options.config.push("Subsystem sftp internal-sftp".to_owned());
    // The default of OpenSSH 9 costs more than all else, for whoever has it. One algorithm by two names.
    options.config.push("KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org".to_owned());
    let lab = Lab::with(&options);
    let relay = delay.map(|one_way| Relay::to_lab(&lab, one_way));
    if let Some(relay) = &relay
        && let Err(error) = std::fs::write(lab.inventory(), lab.inventory_text(relay.port()))
    {
        eprintln!("the inventory can't be written: {error}");
        return ExitCode::FAILURE;
    }
    println!("{}", lab.inventory().display());
    eprintln!("{} hosts, h001 on; the end of input or Ctrl-C ends the lab", options.hosts);
    wait_for_the_end();
    ExitCode::SUCCESS
}

/// Returns at the end of input, at SIGINT and at SIGTERM, so that the lab is dropped in every case.
fn wait_for_the_end() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt()).expect("SIGINT");
        let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM");
        let (sender, input) = tokio::sync::oneshot::channel();
        // A plain thread: the runtime's end would wait for a read of its own.
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            let _ = sender.send(());
        });
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = input => {}
        }
    });
}
