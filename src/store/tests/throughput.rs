//! Many events in small appends: all get in, and how fast is printed; no assertion on time.

use std::time::Instant;

use super::*;

const STEPS: u32 = 2_500;

#[test]
fn steps_a_second() {
    let (_folder, path) = record();
    let mut header = header("0192-a");
    header.hosts = (0..50).map(|number| HostEntry { name: format!("web{number}"), address: "local".to_owned() }).collect();
    let writer = write(&path).writer(&header).unwrap();
    append(&writer, numbered(0, [RunEvent::RunStarted(Box::new(header.clone()))])).recv().unwrap().unwrap();
    let mut seq = 0;
    let mut next = |kind| {
        seq += 1;
        Event { seq, at: 5, kind }
    };
    let started = Instant::now();
    let mut outstanding = std::collections::VecDeque::new();
    for number in 0..STEPS {
        let step = step(number / 50, number % 50);
        let events = [
            sent(step, "echo hello"),
            RunEvent::StepBegan { step, attempt: 1 },
            output(step, Stream::Stdout, 0, b"hello\n"),
            ended(step, Status::Ok, 0, 1),
        ];
        for kind in events {
            outstanding.push_back(append(&writer, vec![next(kind)]));
        }
        while outstanding.len() > 400 {
            outstanding.pop_front().unwrap().recv().unwrap().unwrap();
        }
    }
    outstanding.drain(..).for_each(|answer| answer.recv().unwrap().unwrap());
    let wrote = started.elapsed();
    writer.finish().unwrap();
    let store = read(&path);
    let started = Instant::now();
    assert_eq!(store.events(1).unwrap().len(), 4 * STEPS as usize + 1);
    let size = path.metadata().unwrap().len();
    let rate = f64::from(4 * STEPS) / wrote.as_secs_f64();
    println!(
        "{STEPS} steps, {} events: written in {wrote:.2?} ({rate:.0} events/s), replayed in {:.2?}, {size} bytes",
        4 * STEPS,
        started.elapsed()
    );
}
