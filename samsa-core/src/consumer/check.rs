//! What came of a partition, looked at before it is handed on: whole batches, right checksums, offsets that go forward,
//! nothing of aborted transactions.

use std::ops::Range;

use samsa_proto::records::{Batch, Batches, RecordsError, batches};

use super::aborted::Aborted;
use crate::metrics::Volume;
use crate::planted::{PlantedBug, is_planted};

/// What is good of the bytes of one partition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// What the application is to have, in order: one stretch, unless something aborted lies in between. None where
    /// nothing is for it.
    pub(crate) runs: Vec<Run>,
    /// Where to fetch next: the end of the last sound batch, however few records are left in it.
    pub(crate) next: i64,
    /// The leader epoch of the last sound batch, where it has one.
    pub(crate) leader_epoch: Option<i32>,
    /// Why nothing can be read behind the sound part.
    pub(crate) error: Option<RecordsError>,
    /// Bytes came, but not one whole batch.
    pub(crate) cut_off: bool,
    /// What the application is to have.
    pub(crate) kept: Volume,
}

/// Batches that lie behind each other. The first and the last may hold records for the application.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) bytes: Range<usize>,
    /// Where the partition is read on behind it: at the next run, or where to fetch next.
    pub(crate) next: i64,
    /// The leader epoch of the batch before `next`, where it has one.
    pub(crate) leader_epoch: Option<i32>,
}

/// Looks at every batch's header and checksum, not at its records. `from` is the offset that was asked for, `aborted`
/// what is to be left out.
pub(crate) fn check(bytes: &[u8], from: i64, aborted: Option<Aborted>) -> Checked {
    let checked = Checked {
        runs: Vec::new(),
        next: from,
        leader_epoch: None,
        error: None,
        cut_off: false,
        kept: Volume::default(),
    };
    let mut check = Check { checked, aborted, end: from, sound: 0, parted: false };
    let mut walk = batches(bytes);
    let error = check.walk(&mut walk).err();
    let cut_off = error.is_none() && check.sound == 0 && !bytes.is_empty();
    Checked { error, cut_off, ..check.checked }
}

struct Check {
    checked: Checked,
    aborted: Option<Aborted>,
    /// Where the last sound batch ends.
    end: i64,
    /// Length of the whole, sound batches at the front.
    sound: usize,
    /// Something aborted lies behind the last run.
    parted: bool,
}

impl Check {
    fn walk(&mut self, walk: &mut Batches<'_>) -> Result<(), RecordsError> {
        for batch in walk {
            let batch = batch?;
            if !is_planted(PlantedBug::BelievesBrokenBatches) {
                batch.verify()?;
            }
            self.goes_on(&batch)?;
            let is_aborted = match &mut self.aborted {
                Some(aborted) => aborted.holds(&batch)?,
                None => false,
            };
            self.sound = batch.start() + batch.bytes().len();
            self.take(&batch, is_aborted);
        }
        Ok(())
    }

    /// Only the first batch may begin before what was asked; no other before the end of the one before it.
    fn goes_on(&mut self, batch: &Batch<'_>) -> Result<(), RecordsError> {
        let header = batch.header();
        if self.sound > 0 && header.base_offset < self.end {
            let (at, found) = (batch.start(), header.base_offset);
            let expected = "at or behind the end of the batch before";
            return Err(RecordsError::Invalid { at, field: "base offset", expected, found });
        }
        self.end = header.next_offset();
        Ok(())
    }

    fn take(&mut self, batch: &Batch<'_>, is_aborted: bool) {
        let header = batch.header();
        if header.next_offset() <= self.checked.next {
            return;
        }
        let has_records = !header.is_control && header.record_count != Some(0);
        if !has_records && is_planted(PlantedBug::StopsAtEmptyBatches) {
            return;
        }
        self.parted |= is_aborted;
        if has_records && !is_aborted {
            self.extend(batch.start());
            let offsets = header.next_offset() - self.checked.next;
            self.checked.kept += Volume {
                records: header.record_count.map_or(offsets as u64, u64::from),
                batches: 1,
                bytes: batch.bytes().len() as u64,
            };
        }
        self.checked.next = header.next_offset();
        self.checked.leader_epoch = header.leader_epoch;
        if let Some(last) = self.checked.runs.last_mut() {
            (last.next, last.leader_epoch) = (self.checked.next, self.checked.leader_epoch);
        }
    }

    /// The last run, or a new one, goes on up to the sound end.
    fn extend(&mut self, start: usize) {
        let Checked { next, leader_epoch, .. } = self.checked;
        match self.checked.runs.last_mut().filter(|_| !self.parted) {
            Some(last) => last.bytes.end = self.sound,
            None => self.checked.runs.push(Run { bytes: start..self.sound, next, leader_epoch }),
        }
        self.parted = false;
    }
}

impl Checked {
    /// Whether the reader comes further by it.
    pub(crate) fn advances(&self, from: i64) -> bool {
        self.next > from
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consumer::tests::script::{
        batch, control_batch, emptied_batch, in_leader_epoch, marker, written_in_transaction,
    };
    use samsa_proto::api::fetch::AbortedTransaction;
    use samsa_proto::records::ControlKind;

    fn check(bytes: &[u8], from: i64) -> Checked {
        super::check(bytes, from, None)
    }

    #[test]
    fn the_next_position_is_the_end_of_the_last_batch() {
        let bytes = [batch(10, 3), batch(13, 2)].concat();
        let checked = check(&bytes, 11);
        assert_eq!(
            (checked.runs, checked.next),
            (vec![Run { bytes: 0..bytes.len(), next: 15, leader_epoch: None }], 15)
        );
        assert_eq!((checked.error, checked.cut_off), (None, false));
    }

    #[test]
    fn an_empty_or_a_control_batch_moves_the_position_and_gives_nothing() {
        for bytes in [emptied_batch(20, 5), control_batch(24)] {
            let checked = check(&bytes, 20);
            assert_eq!((checked.next, checked.runs), (25, vec![]));
        }
    }

    #[test]
    fn what_is_empty_at_both_ends_is_left_out_and_counts_as_passed() {
        let (first, middle) = (emptied_batch(0, 5), [batch(5, 1), control_batch(6), batch(7, 1)].concat());
        let bytes = [&first[..], &middle[..], &control_batch(8)[..]].concat();
        let run = Run { bytes: first.len()..first.len() + middle.len(), next: 9, leader_epoch: None };
        assert_eq!(check(&bytes, 0).runs, [run]);
    }

    #[test]
    fn a_run_ends_before_what_was_aborted_and_the_next_one_begins_behind_it() {
        let batches = [
            batch(0, 1),
            written_in_transaction(7, 1, 2),
            in_leader_epoch(marker(7, 3, ControlKind::Abort), 1),
            batch(4, 1),
            in_leader_epoch(batch(5, 1), 2),
            in_leader_epoch(written_in_transaction(7, 6, 1), 3),
        ];
        let starts: Vec<usize> =
            batches.iter().scan(0, |end, batch| Some(std::mem::replace(end, *end + batch.len()))).collect();
        let transactions = [1, 6].map(|first_offset| AbortedTransaction {
            producer_id: 7,
            first_offset,
            ..Default::default()
        });
        let checked = super::check(&batches.concat(), 0, Some(Aborted::new(&transactions)));
        let runs = [
            Run { bytes: 0..starts[1], next: 4, leader_epoch: Some(1) },
            Run { bytes: starts[3]..starts[5], next: 7, leader_epoch: Some(3) },
        ];
        assert_eq!((&checked.runs[..], checked.next), (&runs[..], 7));
    }

    #[test]
    fn a_cut_batch_at_the_end_is_left_out() {
        let (whole, cut) = (batch(0, 3), batch(3, 3));
        let bytes = [&whole[..], &cut[..cut.len() - 1]].concat();
        let checked = check(&bytes, 0);
        assert_eq!(
            (&checked.runs[..], checked.cut_off),
            (&[Run { bytes: 0..whole.len(), next: 3, leader_epoch: None }][..], false)
        );

        assert!(check(&cut[..cut.len() - 1], 3).cut_off);
        assert!(!check(&[], 3).cut_off);
    }

    #[test]
    fn a_wrong_checksum_keeps_what_stands_before_it() {
        let (good, mut bad) = (batch(0, 3), batch(3, 3));
        *bad.last_mut().unwrap() ^= 1;
        let checked = check(&[&good[..], &bad[..]].concat(), 0);
        assert_eq!(
            (&checked.runs[..], checked.next),
            (&[Run { bytes: 0..good.len(), next: 3, leader_epoch: None }][..], 3)
        );
        assert!(matches!(checked.error, Some(RecordsError::Checksum { offset: 3, .. })));
        assert!(!check(&bad, 3).advances(3));
    }

    #[test]
    fn offsets_that_go_back_keep_what_stands_before_them() {
        let good = batch(4, 3);
        for back in [0, 4, 6] {
            let checked = check(&[&good[..], &batch(back, 3)[..], &batch(7, 1)[..]].concat(), 5);
            assert_eq!((checked.runs.len(), checked.runs[0].bytes.end, checked.next), (1, good.len(), 7));
            assert!(matches!(checked.error, Some(RecordsError::Invalid { field: "base offset", .. })));
        }
    }

    #[test]
    fn batches_before_the_wanted_offset_do_not_advance() {
        let checked = check(&batch(0, 3), 3);
        assert!(!checked.advances(3) && checked.runs.is_empty() && !checked.cut_off);
    }
}
