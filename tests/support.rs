//! Tests of the tests' own support: a lab that does not count, or a relay that does not delay, would let others pass.
#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::time::{Duration, Instant};

use common::{Lab, LabOptions, Relay, procs};

#[test]
fn a_lab_serves_every_host_and_counts() {
    let lab = Lab::start(3);
    assert_eq!(lab.connections(), 0);
    for host in 1..=3 {
        let output = lab.ssh(host, lab.port(), "set -- $SSH_CONNECTION; echo $3").output().unwrap();
        assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), lab.log());
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), Lab::address(host).to_string());
    }
    assert_eq!(lab.connections(), 3, "{}", lab.log());
    assert_eq!(lab.connections_by_host(), (1..=3).map(|host| (Lab::address(host), 1)).collect(), "{}", lab.log());
    assert_eq!(lab.channels(), 3, "{}", lab.log());
    let inventory = std::fs::read_to_string(lab.inventory()).unwrap();
    assert!(inventory.contains("\n  h003: { address: 127.0.1.3 }\n"), "{inventory}");
    serde_yaml::from_str::<serde_yaml::Value>(&inventory).unwrap();
}

#[test]
fn nothing_outlives_a_lab() {
    let lab = Lab::start(1);
    let mut client = lab.ssh(1, lab.port(), "sleep 987001").spawn().unwrap();
    assert!(procs::wait_until(Duration::from_secs(10), || procs::matching("sleep 987001").len() > 1), "the sleep begins");
    assert_eq!(lab.clients().len(), 1);
    let sshd = format!("{}/sshd_config", lab.folder().display());
    drop(lab);
    assert_eq!(procs::wait_gone(&sshd, Duration::from_secs(5)), []);
    let _ = client.wait();
    assert_eq!(procs::wait_gone("sleep 987001", Duration::from_secs(5)), []);
}

#[test]
fn a_lab_can_refuse_sessions() {
    let lab = Lab::with(&LabOptions { max_sessions: 0, ..LabOptions::default() });
    let output = lab.ssh(1, lab.port(), "true").output().unwrap();
    assert!(!output.status.success());
    assert_eq!((lab.connections(), lab.channels()), (1, 0), "{}", lab.log());
}

#[test]
fn a_relay_delays_each_way_and_counts_turns() {
    let lab = Lab::start(2);
    let relay = Relay::to_lab(&lab, Duration::from_millis(100));
    let start = Instant::now();
    let output = lab.ssh(2, relay.port(), "set -- $SSH_CONNECTION; echo $3").output().unwrap();
    let far = start.elapsed();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "127.0.1.2");
    let start = Instant::now();
    assert!(lab.ssh(2, lab.port(), "true").output().unwrap().status.success());
    let near = start.elapsed();
    // Versions, keys, service, authentication, channel: an ssh connection turns around at least five times.
    assert!(far > near + Duration::from_millis(1000), "near {near:?}, far {far:?}");
    assert!((5..20).contains(&relay.turns()), "{} turns", relay.turns());
    assert_eq!(relay.connections(), 1);
}

#[test]
fn a_relay_does_not_hold_up_bulk() {
    let lab = Lab::start(1);
    let relay = Relay::to_lab(&lab, Duration::from_millis(50));
    let start = Instant::now();
    let output = lab.ssh(1, relay.port(), "head -c 20000000 /dev/zero").output().unwrap();
    assert_eq!(output.stdout.len(), 20_000_000);
    // 64 KiB at a time, each waiting for the one before, would take 15 s.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_cut_ends_connections() {
    let lab = Lab::start(1);
    let relay = Relay::to_lab(&lab, Duration::ZERO);
    let mut through = lab.ssh(1, relay.port(), "sleep 987002").spawn().unwrap();
    let mut straight = lab.ssh(1, lab.port(), "sleep 987002").spawn().unwrap();
    assert!(procs::wait_until(Duration::from_secs(10), || lab.channels() == 2));
    relay.cut();
    assert_eq!(through.wait().unwrap().code(), Some(255));
    assert!(matches!(straight.try_wait(), Ok(None)), "the relay's cut is its own");
    lab.cut();
    assert_eq!(straight.wait().unwrap().code(), Some(255));
}
