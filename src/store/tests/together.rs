//! Many runs at once, in threads and in processes.

use std::io::Read as _;

use super::*;
use crate::store::{RunFilter, RunState, StoreError};

#[test]
fn two_writers_and_a_reader_share_a_record() {
    let (_folder, path) = record();
    std::thread::scope(|scope| {
        for name in ["left", "right"] {
            let path = &path;
            scope.spawn(move || {
                for number in 0..12 {
                    let header = header(&format!("{name}-{number}"));
                    let writer = write(path).writer(&header).unwrap();
                    append(&writer, numbered(7, [RunEvent::RunStarted(Box::new(header.clone()))])).recv().unwrap().unwrap();
                    for seq in 1..60 {
                        let kind = output(step(0, 0), Stream::Stdout, seq, format!("{name} {number} {seq}").as_bytes());
                        append(&writer, vec![Event { seq, at: 7, kind }]);
                    }
                    append(&writer, vec![Event { seq: 60, at: 8, kind: run_ended("ok", 0) }]).recv().unwrap().unwrap();
                    writer.finish().unwrap();
                }
            });
        }
        scope.spawn(|| {
            let mut most = 0;
            while most < 24 {
                let Ok(store) = Store::open(&path, OpenMode::Read) else { continue };
                let ended = store.runs(&RunFilter::default()).unwrap().iter().filter(|run| matches!(run.state, RunState::Ended(_))).count();
                assert!(ended >= most);
                most = ended;
            }
        });
    });
    let store = read(&path);
    store.check().unwrap();
    for name in ["left", "right"] {
        for number in 0..12 {
            let run = store.find(&format!("{name}-{number}")).unwrap();
            let events = store.events(run.number).unwrap();
            assert_eq!(events.len(), 61);
            let expected = Data::Text(format!("{name} {number} 59"));
            assert!(matches!(&events[59].kind, RunEvent::StepOutput { data, .. } if *data == expected));
        }
    }
    let locks = std::fs::read_dir(path.parent().unwrap()).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".lock")
    });
    assert_eq!(locks.count(), 0, "orderly ends take their locks away");
}

#[test]
fn processes_make_and_share_a_new_record() {
    let (_folder, path) = record();
    let children: Vec<_> = (0..3).map(|number| super::kill::child(&path, &format!("run-{number}"), 40)).collect();
    for mut child in children {
        let mut said = String::new();
        child.0.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert!(child.0.wait().unwrap().success(), "{said}");
    }
    let store = read(&path);
    let runs = store.runs(&RunFilter::default()).unwrap();
    assert_eq!(runs.iter().map(|run| run.number).collect::<Vec<_>>(), [3, 2, 1]);
    for run in runs {
        assert_eq!(store.events(run.number).unwrap().len(), 162);
        assert!(matches!(run.state, RunState::Ended(_)));
    }
}

#[test]
fn a_run_has_one_writer() {
    let (_folder, path) = record();
    let header = header("0192-a");
    let writer = write(&path).writer(&header).unwrap();
    assert!(matches!(write(&path).writer(&header), Err(StoreError::Held { .. })));
    writer.finish().unwrap();
}

#[test]
fn answers_come_in_order_and_always() {
    let (_folder, path) = record();
    let header = header("0192-a");
    let writer = write(&path).writer(&header).unwrap();
    let handle = writer.handle();
    let (sender, receiver) = channel();
    let mut kinds = vec![RunEvent::RunStarted(Box::new(header.clone()))];
    kinds.extend((0..99).map(|_| RunEvent::HostConnecting { host: HostIx(0) }));
    for event in numbered(1, kinds) {
        let (sender, seq) = (sender.clone(), event.seq);
        handle.append(vec![event], Box::new(move |result| sender.send((seq, result.is_ok())).unwrap()));
    }
    writer.finish().unwrap();
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), (0..100).map(|seq| (seq, true)).collect::<Vec<_>>());
    let late = append(&handle, numbered(1, [run_ended("ok", 0)]));
    assert!(late.recv().unwrap().is_err(), "the writer is gone, and says so");
}

#[test]
fn a_run_is_found_by_what_people_type() {
    let (_folder, path) = record();
    let ids = [("0192aa-1", "run"), ("0192ab-2", "run"), ("7777-3", "check")];
    for (number, (id, command)) in ids.into_iter().enumerate() {
        let header = RunHeader { playbook_id: format!("book{number}"), command: command.to_owned(), ..header(id) };
        put(&path, &header, numbered(100 * number as i64, [RunEvent::RunStarted(Box::new(header.clone())), run_ended("ok", 0)]));
    }
    let store = read(&path);
    for (which, number) in [("last", 3), ("2", 2), ("0192aa", 1), ("0192AB-2", 2), ("7", 3)] {
        assert_eq!(store.find(which).unwrap().number, number, "{which}");
    }
    assert!(matches!(store.find("0192"), Err(StoreError::Ambiguous { ids, .. }) if ids == ["0192ab-2", "0192aa-1"]));
    for which in ["", "9", "%", "_192aa-1", "nothing"] {
        assert!(matches!(store.find(which), Err(StoreError::NoRun { .. })), "{which}");
    }
    let found = |filter: RunFilter| store.runs(&filter).unwrap().iter().map(|run| run.number).collect::<Vec<_>>();
    assert_eq!(found(RunFilter { limit: Some(2), ..RunFilter::default() }), [3, 2]);
    assert_eq!(found(RunFilter { playbook: Some("book1".to_owned()), ..RunFilter::default() }), [2]);
    assert_eq!(found(RunFilter { command: Some("run".to_owned()), limit: Some(1), ..RunFilter::default() }), [2]);
    assert_eq!(found(RunFilter { since: Some(100), ..RunFilter::default() }), [3, 2]);
    assert_eq!(found(RunFilter { host: Some("web2".to_owned()), limit: Some(1), ..RunFilter::default() }), [3]);
    assert!(found(RunFilter { host: Some("other".to_owned()), ..RunFilter::default() }).is_empty());
}
