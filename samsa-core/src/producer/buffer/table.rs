//! A table of lanes that grows while others read it, without a lock: what is there never moves.

use std::sync::OnceLock;

use super::lane::Lane;

/// Lanes in the first chunk; each next chunk has twice as many.
const FIRST: usize = 16;

/// Enough chunks for every partition that is believed (see [`limits::PARTITIONS`](crate::limits::PARTITIONS)).
const CHUNKS: usize = (crate::limits::PARTITIONS / FIRST + 1).ilog2() as usize + 1;

type Chunk = Box<[OnceLock<Box<Lane>>]>;

/// The lanes of a topic's partitions. A lane is made when its partition gets its first record.
#[derive(Debug, Default)]
pub(super) struct Table {
    chunks: [OnceLock<Chunk>; CHUNKS],
}

impl Table {
    /// The lane, if it was made.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&Lane> {
        let (chunk, place) = locate(index);
        self.chunks.get(chunk)?.get()?[place].get().map(|lane| &**lane)
    }

    /// The lane, made now if need be; none beyond the partitions that are believed.
    pub(super) fn get_or_make(&self, index: u32, make: impl FnOnce() -> Lane) -> Option<&Lane> {
        let (chunk, place) = locate(index);
        let lanes =
            self.chunks.get(chunk)?.get_or_init(|| (0..FIRST << chunk).map(|_| OnceLock::new()).collect());
        Some(lanes[place].get_or_init(|| Box::new(make())))
    }

    /// All lanes that were made.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Lane> {
        let lanes = self.chunks.iter().filter_map(OnceLock::get).flatten();
        lanes.filter_map(OnceLock::get).map(|lane| &**lane)
    }
}

/// Chunk and place in it.
#[inline]
fn locate(index: u32) -> (usize, usize) {
    let shifted = index as usize + FIRST;
    let chunk = (shifted / FIRST).ilog2() as usize;
    (chunk, shifted - (FIRST << chunk))
}

#[cfg(test)]
mod tests {
    use super::super::lane::{Form, LaneId, LaneKind};
    use super::*;
    use samsa_proto::records::Format;

    fn lane(index: u32) -> Lane {
        Lane::new(LaneId { topic: 0, kind: LaneKind::Bound(index) }, Form::of(Format::V2))
    }

    #[test]
    fn chunks_follow_each_other_without_gap_or_overlap() {
        let mut expected = (0, 0);
        for index in 0..10_000 {
            assert_eq!(locate(index), expected, "{index}");
            let last = expected.1 + 1 == FIRST << expected.0;
            expected = if last { (expected.0 + 1, 0) } else { (expected.0, expected.1 + 1) };
        }
    }

    #[test]
    fn a_lane_is_made_once_and_stays_where_it_is() {
        let table = Table::default();
        assert!(table.get(1000).is_none());
        let made = std::ptr::from_ref(table.get_or_make(1000, || lane(1000)).unwrap());
        table.get_or_make(0, || lane(0)).unwrap();
        assert_eq!(std::ptr::from_ref(table.get_or_make(1000, || lane(7)).unwrap()), made);
        assert_eq!(table.iter().count(), 2);
    }

    #[test]
    fn every_partition_that_is_believed_has_a_place_and_others_do_not() {
        let last = crate::limits::PARTITIONS as u32 - 1;
        let table = Table::default();
        assert!(locate(last).0 < CHUNKS);
        assert!(table.get(u32::MAX).is_none());
        assert!(table.get_or_make(u32::MAX, || lane(0)).is_none());
    }
}
