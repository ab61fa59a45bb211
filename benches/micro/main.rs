//! Times of every part of the pipeline: `cargo bench --features bench-internals --bench micro`.
//!
//! Each work at 1, 10 and 100 times the hosts and the tasks, with its throughput, which stays the same where time grows as
//! the work does. Criterion compares with the last time and tells what changed.

mod big;
mod work;

use std::collections::BTreeMap;
use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput};

use big::{Big, Size};
use work::{Amount, Axis, Work};

/// What stays the same while hosts grow, and the other way round.
const TASKS: usize = 20;
const HOSTS: usize = 100;

fn main() {
    let criterion = Criterion::default().sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let mut criterion = criterion.configure_from_args();
    let mut made = BTreeMap::new();
    work::ALL.iter().for_each(|work| bench(&mut criterion, work, &mut made));
    criterion.final_summary();
}

fn bench(criterion: &mut Criterion, work: &Work, made: &mut BTreeMap<Size, Big>) {
    let mut group = criterion.benchmark_group(work.name);
    // Large ones take a second each: as many doings as samples, no more.
    group.sampling_mode(SamplingMode::Flat);
    for (id, size) in work.grows_with.iter().flat_map(|axis| sizes(*axis)) {
        // Only once the benchmark is known to be wanted is its playbook made.
        group.throughput(match (work.amount)(size) {
            Amount::Things(count) => Throughput::Elements(count),
            Amount::Bytes(count) => Throughput::Bytes(count),
        });
        let mut ready = None;
        group.bench_function(id, |bencher| {
            let big = made.entry(size).or_insert_with(|| Big::new(size));
            let prepared = ready.get_or_insert_with(|| (work.prepare)(big));
            bencher.iter_batched(|| prepared.fresh(), |once| once(), BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// 1, 10 and 100 times.
fn sizes(axis: Axis) -> [(BenchmarkId, Size); 3] {
    let size = |times: usize| match axis {
        Axis::Hosts => Size { hosts: 10 * times, tasks: TASKS, a_round: TASKS },
        Axis::Tasks => Size { hosts: HOSTS, tasks: 2 * times, a_round: TASKS },
        Axis::Round => Size { hosts: HOSTS, tasks: 2 * times, a_round: 2 * times },
    };
    [1, 10, 100].map(|times| {
        let size = size(times);
        let id = match axis {
            Axis::Hosts => BenchmarkId::new("hosts", size.hosts),
            Axis::Tasks => BenchmarkId::new("tasks", size.tasks),
            Axis::Round => BenchmarkId::new("tasks in a round", size.tasks),
        };
        (id, size)
    })
}
