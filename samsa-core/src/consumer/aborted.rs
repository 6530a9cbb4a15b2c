//! What aborted transactions wrote, told from the rest (KIP-98).
//!
//! A broker that is asked for committed records only names, beside the records, the transactions that were aborted and
//! reach into them: producer and first offset. From that offset on everything transactional of that producer is out, up
//! to its marker. The list need not be sorted, may begin before the records do, and a marker may stand there twice.

use std::collections::{BTreeSet, VecDeque};

use samsa_proto::api::fetch::AbortedTransaction;
use samsa_proto::records::{Batch, ControlKind, ControlRecord, RecordsError};

use crate::planted::{PlantedBug, is_planted};

/// Follows the batches of one response in the order of their offsets.
#[derive(Debug, Default)]
pub(crate) struct Aborted {
    /// First offset and producer of those that have not begun yet, in order.
    ahead: VecDeque<(i64, i64)>,
    open: BTreeSet<i64>,
}

impl Aborted {
    pub(crate) fn new(transactions: &[AbortedTransaction]) -> Self {
        let of = |transaction: &AbortedTransaction| (transaction.first_offset, transaction.producer_id);
        let mut ahead: Vec<_> = transactions.iter().map(of).collect();
        if !is_planted(PlantedBug::TrustsAbortedOrder) {
            ahead.sort_unstable();
        }
        Self { ahead: ahead.into(), open: BTreeSet::new() }
    }

    /// Whether this batch, the next one, belongs to an aborted transaction.
    pub(crate) fn holds(&mut self, batch: &Batch<'_>) -> Result<bool, RecordsError> {
        let header = batch.header();
        while let Some((_, producer)) = self.ahead.pop_front_if(|(first, _)| *first <= header.last_offset) {
            self.open.insert(producer);
        }
        let Some(identity) = header.identity.filter(|_| header.is_transactional && !self.open.is_empty())
        else {
            return Ok(false);
        };
        if !header.is_control {
            return Ok(self.open.contains(&identity.producer_id));
        }
        if is_abort(batch)? {
            self.open.remove(&identity.producer_id);
        }
        Ok(false)
    }
}

fn is_abort(marker: &Batch<'_>) -> Result<bool, RecordsError> {
    let Some(record) = marker.records()?.next() else { return Ok(false) };
    Ok(ControlRecord::decode(&record?)?.kind == ControlKind::Abort)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consumer::tests::script::{batch, marker, written_in_transaction};
    use samsa_proto::records::batches;

    fn aborted(transactions: &[(i64, i64)]) -> Aborted {
        let of = |(producer_id, first_offset): &(i64, i64)| AbortedTransaction {
            producer_id: *producer_id,
            first_offset: *first_offset,
            ..Default::default()
        };
        Aborted::new(&transactions.iter().map(of).collect::<Vec<_>>())
    }

    /// The base offsets of the batches that are let through.
    fn let_through(mut aborted: Aborted, bytes: &[u8]) -> Vec<i64> {
        let mut through = Vec::new();
        for batch in batches(bytes).map(Result::unwrap) {
            if !aborted.holds(&batch).unwrap() {
                through.push(batch.header().base_offset);
            }
        }
        through
    }

    #[test]
    fn an_aborted_transaction_is_out_up_to_its_marker_and_others_stay() {
        let log = [
            written_in_transaction(7, 0, 2),
            written_in_transaction(8, 2, 1),
            batch(3, 1),
            written_in_transaction(7, 4, 1),
            marker(7, 5, ControlKind::Abort),
            written_in_transaction(7, 6, 1),
            marker(7, 7, ControlKind::Commit),
            marker(8, 8, ControlKind::Commit),
        ];
        assert_eq!(let_through(aborted(&[(7, 0)]), &log.concat()), [2, 3, 5, 6, 7, 8]);
    }

    #[test]
    fn the_list_need_not_be_sorted() {
        let log = [
            written_in_transaction(7, 0, 1),
            marker(7, 1, ControlKind::Abort),
            written_in_transaction(8, 2, 1),
            marker(8, 3, ControlKind::Abort),
        ];
        assert_eq!(let_through(aborted(&[(8, 2), (7, 0)]), &log.concat()), [1, 3]);
    }

    #[test]
    fn a_fetch_may_start_inside_an_aborted_transaction() {
        let log = [written_in_transaction(7, 10, 1), marker(7, 11, ControlKind::Abort), batch(12, 1)];
        assert_eq!(let_through(aborted(&[(7, 4)]), &log.concat()), [11, 12]);
    }

    #[test]
    fn a_marker_that_is_there_twice_ends_no_later_transaction() {
        let log = [
            written_in_transaction(7, 0, 1),
            marker(7, 1, ControlKind::Abort),
            marker(7, 2, ControlKind::Abort),
            written_in_transaction(7, 3, 1),
            marker(7, 4, ControlKind::Abort),
            written_in_transaction(7, 5, 1),
            marker(7, 6, ControlKind::Commit),
        ];
        assert_eq!(let_through(aborted(&[(7, 0), (7, 3)]), &log.concat()), [1, 2, 4, 5, 6]);
    }

    #[test]
    fn what_a_producer_wrote_outside_of_transactions_is_never_out() {
        let log = [batch(0, 1), written_in_transaction(7, 1, 1)];
        assert_eq!(let_through(aborted(&[(7, 0), (7, 1)]), &log.concat()), [0]);
    }
}
