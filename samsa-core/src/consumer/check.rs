//! What came of a partition, looked at before it is handed on: whole batches, right checksums, offsets that go forward.

use samsa_proto::records::{Batches, RecordsError, batches};

/// What is good of the bytes of one partition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Length of the whole, sound batches at the front.
    pub(crate) len: usize,
    /// Where to fetch next: the end of the last sound batch, however few records are left in it.
    pub(crate) next: i64,
    /// Whether there may be records in it for the application.
    pub(crate) wanted: bool,
    /// Why nothing can be read behind the sound part.
    pub(crate) error: Option<RecordsError>,
    /// Bytes came, but not one whole batch.
    pub(crate) cut_off: bool,
}

/// Looks at every batch's header and checksum, not at its records. `from` is the offset that was asked for.
pub(crate) fn check(bytes: &[u8], from: i64) -> Checked {
    let mut checked = Checked { len: 0, next: from, wanted: false, error: None, cut_off: false };
    let mut walk = batches(bytes);
    checked.error = checked.walk(&mut walk).err();
    checked.cut_off = checked.error.is_none() && checked.len == 0 && !bytes.is_empty();
    checked
}

impl Checked {
    fn walk(&mut self, walk: &mut Batches<'_>) -> Result<(), RecordsError> {
        for batch in walk {
            let batch = batch?;
            batch.verify()?;
            let header = batch.header();
            self.len = batch.start() + batch.bytes().len();
            if header.next_offset() > self.next {
                self.next = header.next_offset();
                self.wanted |= !header.is_control && header.record_count != Some(0);
            }
        }
        Ok(())
    }

    /// Whether the reader comes further by it.
    pub(crate) fn advances(&self, from: i64) -> bool {
        self.next > from
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consumer::script::{batch, control_batch, emptied_batch};

    #[test]
    fn the_next_position_is_the_end_of_the_last_batch() {
        let bytes = [batch(10, 3), batch(13, 2)].concat();
        let checked = check(&bytes, 11);
        assert_eq!((checked.len, checked.next, checked.wanted), (bytes.len(), 15, true));
        assert_eq!((checked.error, checked.cut_off), (None, false));
    }

    #[test]
    fn an_empty_or_a_control_batch_moves_the_position_and_gives_nothing() {
        for bytes in [emptied_batch(20, 5), control_batch(24)] {
            let checked = check(&bytes, 20);
            assert_eq!((checked.next, checked.wanted), (25, false));
        }
    }

    #[test]
    fn a_cut_batch_at_the_end_is_left_out() {
        let (whole, cut) = (batch(0, 3), batch(3, 3));
        let bytes = [&whole[..], &cut[..cut.len() - 1]].concat();
        let checked = check(&bytes, 0);
        assert_eq!((checked.len, checked.next, checked.cut_off), (whole.len(), 3, false));

        assert!(check(&cut[..cut.len() - 1], 3).cut_off);
        assert!(!check(&[], 3).cut_off);
    }

    #[test]
    fn a_wrong_checksum_keeps_what_stands_before_it() {
        let (good, mut bad) = (batch(0, 3), batch(3, 3));
        *bad.last_mut().unwrap() ^= 1;
        let checked = check(&[&good[..], &bad[..]].concat(), 0);
        assert_eq!((checked.len, checked.next), (good.len(), 3));
        assert!(matches!(checked.error, Some(RecordsError::Checksum { offset: 3, .. })));
        assert!(!check(&bad, 3).advances(3));
    }

    #[test]
    fn batches_before_the_wanted_offset_do_not_advance() {
        let checked = check(&batch(0, 3), 3);
        assert!(!checked.advances(3) && !checked.wanted && !checked.cut_off);
    }
}
