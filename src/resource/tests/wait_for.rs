//! Waiting, on this machine.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::*;
use crate::model::Shell as TaskShell;

const SOON: Duration = Duration::from_millis(200);

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_path_that_comes_and_goes() {
    each(|shell, folder| {
        let path = folder.join("it's here");
        let there = wait_script(Awaiting::Path(path.to_str().unwrap()), false, SOON);
        let output = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(500));
                fs::write(&path, "").unwrap();
            });
            shell.run(folder, &there)
        });
        assert_eq!((output.status.code(), told(&output)), (Some(0), format!("{} is not there\n", path.display())), "{:?}", shell.words);
        let gone = wait_script(Awaiting::Path(path.to_str().unwrap()), true, SOON);
        let output = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(500));
                fs::remove_file(&path).unwrap();
            });
            shell.run(folder, &gone)
        });
        assert_eq!((output.status.code(), told(&output)), (Some(0), format!("{} is there\n", path.display())), "{:?}", shell.words);
    });
}

#[test]
fn a_port_that_opens() {
    each(|shell, folder| {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = wait_script(Awaiting::Port { host: "127.0.0.1", port }, false, SOON);
        let since = Instant::now();
        let output = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(600));
                let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
                std::thread::sleep(Duration::from_secs(2));
                drop(listener);
            });
            shell.run(folder, &script)
        });
        assert_eq!(output.status.code(), Some(0), "{:?}: {}", shell.words, told(&output));
        assert!(since.elapsed() >= Duration::from_millis(600));
        assert_eq!(told(&output), format!("port {port} of 127.0.0.1 takes no connections\n"), "{:?}", shell.words);
    });
}

#[test]
fn the_kernels_table_stands_in_for_a_tool_and_another_host_needs_one() {
    let folder = tempfile::tempdir().unwrap();
    let shell = Shell { words: &["/usr/bin/dash"], path: Some(folder.path().to_owned()) };
    symlink("/bin/sleep", folder.path().join("sleep")).unwrap();
    for (address, host) in [("127.0.0.1:0", "127.0.0.1"), ("0.0.0.0:0", "localhost")] {
        let listener = TcpListener::bind(address).unwrap();
        let port = listener.local_addr().unwrap().port();
        let output = shell.run(folder.path(), &wait_script(Awaiting::Port { host, port }, false, SOON));
        assert_eq!((output.status.code(), told(&output)), (Some(0), String::new()), "{host}");
        drop(listener);
        let output = shell.run(folder.path(), &wait_script(Awaiting::Port { host, port }, true, SOON));
        assert_eq!(output.status.code(), Some(0), "{host}");
    }
    let output = shell.run(folder.path(), &wait_script(Awaiting::Port { host: "192.0.2.1", port: 80 }, false, SOON));
    assert_eq!((output.status.code(), &*told(&output)), (Some(69), "to wait for a port, this host needs bash, nc, python3 or perl\n"));
    let output = shell.run(folder.path(), &wait_script(Awaiting::Url("http://192.0.2.1/"), false, SOON));
    assert_eq!((output.status.code(), &*told(&output)), (Some(69), "to wait for a URL, this host needs curl or wget\n"));
}

#[test]
fn a_command_that_succeeds_at_last() {
    each(|shell, folder| {
        // The first failing line decides, as in `run`; what it printed is seen.
        let text = "echo x >>count\n[ $(wc -l <count) -ge 3 ] || { echo \"not yet\"; false; }\necho \"after $(wc -l <count)\" | tr -d ' '";
        let script = wait_script(Awaiting::Text(text, &TaskShell::Sh), false, SOON);
        let output = shell.run(folder, &script);
        assert_eq!(output.status.code(), Some(0), "{:?}: {}", shell.words, told(&output));
        assert_eq!(told(&output), "the command exits 1: not yet\n", "{:?}", shell.words);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "after3\n");
        assert_eq!(last_seen(&told(&output)), Some("the command exits 1: not yet"));
        let args = ["test".to_owned(), "-e".to_owned(), "count".to_owned()];
        assert_eq!(shell.run(folder, &wait_script(Awaiting::Args(&args), false, SOON)).status.code(), Some(0));
    });
}

#[test]
fn a_url_that_answers() {
    // dash with curl, and with wget alone.
    let tools = tempfile::tempdir().unwrap();
    for tool in ["wget", "sleep"] {
        symlink(Path::new("/usr/bin").join(tool), tools.path().join(tool)).unwrap();
    }
    for path in [None, Some(tools.path().to_owned())] {
        let shell = Shell { words: &["/usr/bin/timeout", "30", "/usr/bin/dash"], path };
        // One answer each: a failure first, then success.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/up", listener.local_addr().unwrap());
        let script = wait_script(Awaiting::Url(&url), false, SOON);
        let output = std::thread::scope(|scope| {
            scope.spawn(|| {
                for status in ["503 Service Unavailable", "200 OK"] {
                    let (mut stream, _) = listener.accept().unwrap();
                    let mut buffer = [0; 2048];
                    let _ = std::io::Read::read(&mut stream, &mut buffer);
                    let _ = stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes());
                }
            });
            shell.run(tools.path(), &script)
        });
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        assert!(told(&output).starts_with(&url), "{}", told(&output));
    }
}
