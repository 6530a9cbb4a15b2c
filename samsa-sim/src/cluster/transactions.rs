//! The transactions in a log: which are open, which were aborted, and how far everything is decided.

use std::collections::BTreeMap;

use samsa_proto::api::fetch::AbortedTransaction;

/// A transaction that was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ended {
    producer: i64,
    first: i64,
    /// The offset of its marker.
    marker: i64,
    aborted: bool,
}

/// All transactions of a log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transactions {
    /// The first offset of each producer's.
    open: BTreeMap<i64, i64>,
    ended: Vec<Ended>,
}

impl Transactions {
    /// A producer wrote in its transaction, which begins with that if there is none.
    pub(super) fn write(&mut self, producer: i64, offset: i64) {
        self.open.entry(producer).or_insert(offset);
    }

    /// A marker; one without a transaction ends none.
    pub(super) fn end(&mut self, producer: i64, marker: i64, aborted: bool) {
        if let Some(first) = self.open.remove(&producer) {
            self.ended.push(Ended { producer, first, marker, aborted });
        }
    }

    /// Before which offset everything is decided, of a log that is committed up to `limit`.
    pub(super) fn stable_end(&self, limit: i64) -> i64 {
        let behind = self.ended.iter().filter(|ended| ended.marker >= limit).map(|ended| ended.first);
        self.open.values().copied().chain(behind).min().map_or(limit, |first| first.min(limit))
    }

    pub(super) fn is_committed(&self, producer: i64, offset: i64) -> bool {
        let holds =
            |ended: &&Ended| ended.producer == producer && ended.first <= offset && offset < ended.marker;
        self.ended.iter().find(holds).is_some_and(|ended| !ended.aborted)
    }

    /// Those that were aborted and reach into these offsets, the last first: nobody promises an order.
    pub(super) fn aborted_within(&self, from: i64, to: i64) -> Vec<AbortedTransaction> {
        let reach = self.ended.iter().rev();
        let reach = reach.filter(|ended| ended.aborted && ended.first < to && ended.marker >= from);
        let told = |ended: &Ended| AbortedTransaction {
            producer_id: ended.producer,
            first_offset: ended.first,
            ..Default::default()
        };
        reach.map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transactions() -> Transactions {
        let mut transactions = Transactions::default();
        transactions.write(7, 0);
        transactions.write(8, 2);
        transactions.end(7, 4, true);
        transactions.end(7, 5, true);
        transactions.write(7, 6);
        transactions.end(7, 8, false);
        transactions
    }

    #[test]
    fn everything_is_decided_up_to_the_first_that_is_open() {
        let mut transactions = transactions();
        assert_eq!((transactions.stable_end(9), transactions.stable_end(1)), (2, 0));
        transactions.end(8, 9, true);
        assert_eq!((transactions.stable_end(10), transactions.stable_end(9)), (10, 2));
    }

    #[test]
    fn only_what_was_ended_well_is_committed() {
        let transactions = transactions();
        assert!(!transactions.is_committed(7, 1) && !transactions.is_committed(8, 2));
        assert!(transactions.is_committed(7, 6));
    }

    #[test]
    fn those_that_were_aborted_are_told_where_they_reach_into() {
        let firsts = |from, to| {
            let told = transactions().aborted_within(from, to);
            told.iter().map(|aborted| (aborted.producer_id, aborted.first_offset)).collect::<Vec<_>>()
        };
        assert_eq!(firsts(0, 9), [(7, 0)]);
        assert_eq!(firsts(4, 9), [(7, 0)]);
        assert_eq!(firsts(5, 9), []);
        assert_eq!(firsts(0, 0), []);
    }
}
