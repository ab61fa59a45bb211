//! What stands between a channel and its shell.

use std::future::pending;

use super::{finish, request, run, sh};
use crate::model::Connect;
use crate::transport::Bytes;
use crate::transport::lane_api::{SkipCause, Target};
use crate::transport::session::{Backend, Session};

#[tokio::test]
async fn a_missing_shell_is_told() {
    let target = Target { name: "here".to_owned(), connect: Connect::new("here"), jump: None };
    let argv = ["sh", "-c", "echo no shell here >&2; exit 1", "x"].map(str::to_owned).to_vec();
    let lane = Session::with_shell(Backend::Process(argv), &target, None, "/bin/sh", None).open_lane(None).await.unwrap();
    run(&lane, request(0, sh("true")));
    let all = finish(lane).await;
    assert!(!all.ready);
    assert_eq!(all.of(0).skipped, Some(SkipCause::Withdrawn));
    assert_eq!(all.closed, Some(Some("no shell here".to_owned())));
}

#[tokio::test]
async fn bulk_channels_start_behind_a_noisy_login() {
    let target = Target { name: "here".to_owned(), connect: Connect::new("here"), jump: None };
    let argv = ["sh", "-c", "echo noise; echo noise >&2; exec \"$@\"", "x"].map(str::to_owned).to_vec();
    let session = Session::with_shell(Backend::Process(argv), &target, None, "/bin/sh", None);
    let end = session.upload(None, "cat; echo err >&2", Bytes::of(b"\0bytes"), pending()).await.unwrap();
    assert_eq!((end.code, end.stdout.as_slice(), end.stderr.as_slice()), (0, b"\0bytes".as_slice(), b"err\n".as_slice()));
    let mut sink = Vec::new();
    let end = session.download(None, "head -c 300000 /dev/zero; exit 9", &mut sink).await.unwrap();
    assert_eq!((end.code, sink.len(), end.stderr.len()), (9, 300_000, 0));
    let endless = tokio::fs::File::open("/dev/zero").await.unwrap();
    let end = session.upload(None, "exit 4", Bytes { from: endless, size: 1 << 40 }, pending()).await.unwrap();
    assert_eq!(end.code, 4, "a script that reads nothing ends an endless upload");
}
