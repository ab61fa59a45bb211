//! Hosts that misbehave on the network, and what several faults ask of a record.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::common::record::RecordedRun;
use crate::common::{Lab, Project, procs};

/// A host of an inventory: a name, and what stands behind it in braces.
pub(crate) fn host(name: &str, address: impl std::fmt::Display, connect: &str) -> String {
    format!("  {name}: {{ address: {address}, connect: {{ {connect} }} }}\n")
}

/// An inventory of these hosts, by the lab's port where they have none of their own.
pub(crate) fn inventory(lab: &Lab, connect: &str, hosts: &[String]) -> String {
    let mut text = lab.connect_text(lab.port());
    text.push_str(connect);
    text.push_str("hosts:\n");
    hosts.iter().for_each(|host| text.push_str(host));
    text
}

/// A project with a playbook of one round.
pub(crate) fn project(tasks: &str) -> Project {
    let project = Project::new();
    project.file("site.yml", format!("rounds:\n  - name: work\n    hosts: all\n    tasks:\n{tasks}"));
    project
}

/// A port that takes connections and then does as told; it ends with the process.
pub(crate) fn port_that(does: fn(TcpStream)) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            std::thread::spawn(move || does(client));
        }
    });
    port
}

/// Says nothing for as long as anybody waits.
pub(crate) fn silent(client: TcpStream) {
    std::thread::sleep(Duration::from_secs(120));
    drop(client);
}

/// Says what no ssh server says.
pub(crate) fn garbage(mut client: TcpStream) {
    let _ = client.write_all(b"\0\x01\x02 HTTP/1.1 400 Bad Request\r\n\r\n");
    std::thread::sleep(Duration::from_secs(5));
}

/// Says that it speaks ssh of long ago.
pub(crate) fn outdated(mut client: TcpStream) {
    let _ = client.write_all(b"SSH-1.0-old\r\n");
    std::thread::sleep(Duration::from_secs(5));
}

/// An address where nobody answers at all: a listener that takes no one, with its queue full, so that the kernel drops what knocks.
pub(crate) struct BlackHole {
    listener: TcpListener,
    _queued: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) fn new() -> BlackHole {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
            queued.push(stream);
            assert!(queued.len() < 10_000, "a queue that is never full");
        }
        BlackHole { listener, _queued: queued }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }
}

/// A port where nobody listens.
pub(crate) fn closed_port() -> u16 {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap().local_addr().unwrap().port()
}

/// Class and words of what kept a host from being reached.
pub(crate) fn unreachable(run: &RecordedRun, host: &str) -> Option<(String, String)> {
    let event = run.of_kind("host_unreachable").find(|event| name_of(run, event) == host)?;
    Some((event["class"].as_str().unwrap().to_owned(), event["message"].as_str().unwrap().to_owned()))
}

/// When a connection was lost, since 1970, and the words of that; the first of them.
pub(crate) fn lost(run: &RecordedRun, host: &str) -> Option<(Duration, String)> {
    let event = run.of_kind("host_lost").find(|event| name_of(run, event) == host)?;
    Some((Duration::from_millis(event["at"].as_u64().unwrap()), event["message"].as_str().unwrap().to_owned()))
}

/// When the last event about a host came, after the run's start.
pub(crate) fn last_of(run: &RecordedRun, wanted: impl Fn(&str) -> bool) -> Duration {
    let at = |event: &serde_json::Value| event["at"].as_u64().unwrap();
    let hosts = &run.events[0]["hosts"];
    let ends = run.of_kind("step_ended").filter(|event| {
        let host = usize::try_from(event["step"]["host"].as_u64().unwrap()).unwrap();
        wanted(hosts[host]["name"].as_str().unwrap())
    });
    Duration::from_millis(ends.map(at).max().unwrap() - at(&run.events[0]))
}

fn name_of(run: &RecordedRun, event: &serde_json::Value) -> String {
    let host = usize::try_from(event["host"].as_u64().unwrap()).unwrap();
    run.events[0]["hosts"][host]["name"].as_str().unwrap().to_owned()
}

/// A number of seconds that no other process sleeps for.
pub(crate) fn nap() -> String {
    // No nap's text is the beginning of another's.
    format!("7{}.{}", std::process::id(), 100_000_000 + crate::common::random() % 100_000_000)
}

/// Says what is wrong, unless it is right.
pub(crate) fn check(lost: &mut Vec<String>, right: bool, wrong: impl FnOnce() -> String) {
    if !right {
        lost.push(wrong());
    }
}

/// What of a lab is left a while after a run.
pub(crate) fn left(lab: &Lab) -> Option<String> {
    let gone = procs::wait_until(Duration::from_secs(10), || lab.running().is_empty() && lab.clients().is_empty());
    (!gone).then(|| format!("left: {:?} {:?}", lab.running(), lab.clients()))
}
