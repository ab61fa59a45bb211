//! Batches: which hosts of a round go together, and after one another.

use crate::model::{BatchSize, HostIx};

/// Splits the hosts of a round into its batches, in their order; all in one where `sizes` is empty. A share is of all the
/// hosts and rounds up. The last size repeats; where that names hosts, what is left comes last. Empty batches are left out.
#[must_use]
pub fn batches(sizes: &[BatchSize], hosts: &[HostIx]) -> Vec<Vec<HostIx>> {
    named(sizes, hosts).into_iter().map(|(_, batch)| batch).collect()
}

/// As [`batches`], each with the percentage that gave its size.
pub(super) fn named(sizes: &[BatchSize], hosts: &[HostIx]) -> Vec<(Option<u32>, Vec<HostIx>)> {
    let mut left = hosts.to_vec();
    let mut batches = Vec::new();
    let mut sizes = sizes.iter();
    let mut size = None;
    while !left.is_empty() {
        let next = sizes.next();
        let again = next.is_none();
        size = next.or(size);
        let (share, batch) = match size {
            Some(BatchSize::Count(count)) => (None, left.drain(..left.len().min((*count).max(1))).collect()),
            Some(BatchSize::Percent(percent)) => {
                let count = (hosts.len() * *percent as usize).div_ceil(100).max(1);
                let share = (count <= left.len()).then_some(*percent);
                (share, left.drain(..left.len().min(count)).collect())
            }
            Some(BatchSize::Hosts(chosen)) if !again => (None, left.extract_if(.., |host| chosen.contains(host)).collect()),
            Some(BatchSize::Hosts(_)) | None => (None, std::mem::take(&mut left)),
        };
        let batch: Vec<HostIx> = batch;
        if !batch.is_empty() {
            batches.push((share, batch));
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(sizes: &[BatchSize], hosts: u32) -> Vec<usize> {
        let hosts: Vec<HostIx> = (0..hosts).map(HostIx).collect();
        let batches = batches(sizes, &hosts);
        let mut all: Vec<HostIx> = batches.concat();
        all.sort_unstable();
        assert_eq!(all, hosts, "every host once");
        batches.iter().map(Vec::len).collect()
    }

    #[test]
    fn counts_shares_and_hosts() {
        use BatchSize::{Count, Hosts, Percent};
        assert_eq!(sizes(&[], 5), [5]);
        assert_eq!(sizes(&[], 0), [0; 0]);
        assert_eq!(sizes(&[Count(2)], 5), [2, 2, 1], "the last repeats");
        assert_eq!(sizes(&[Count(1), Percent(25), Percent(100)], 40), [1, 10, 29]);
        assert_eq!(sizes(&[Percent(30)], 10), [3, 3, 3, 1]);
        assert_eq!(sizes(&[Percent(1)], 3), [1, 1, 1], "shares round up");
        assert_eq!(sizes(&[Hosts(vec![HostIx(3), HostIx(1), HostIx(9)]), Count(2)], 5), [2, 2, 1]);
        assert_eq!(sizes(&[Hosts(vec![HostIx(1)])], 4), [1, 3], "and then the rest");
        assert_eq!(sizes(&[Hosts(vec![HostIx(9)]), Percent(50)], 4), [2, 2], "nobody is no batch");
        let hosts = [4, 3, 2, 1].map(HostIx);
        assert_eq!(batches(&[Hosts(vec![HostIx(1), HostIx(3)])], &hosts)[0], [HostIx(3), HostIx(1)], "in the round's order");
    }
}
