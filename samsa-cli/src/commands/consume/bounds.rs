//! When `samsa consume` has all it wants.

use std::collections::{BTreeMap, BTreeSet};

use samsa_client::PartitionOffset;

#[derive(Debug)]
pub(super) struct Bounds {
    /// So many messages more.
    left: Option<u64>,
    /// Of each partition that has not come so far: the offset before which it ends.
    ends: Option<BTreeMap<i32, i64>>,
    /// Where those start that start behind their ends: their reader will say so, or read them elsewhere.
    beyond: BTreeMap<i32, i64>,
    /// Where partitions ended when that was looked at again.
    seen: BTreeMap<i32, i64>,
}

impl Bounds {
    pub(super) fn new(count: Option<u64>) -> Self {
        Self { left: count, ends: None, beyond: BTreeMap::new(), seen: BTreeMap::new() }
    }

    /// Each partition is read up to its end; those that start there are not wanted. One that starts behind its end is
    /// wanted, so that the reader can say what is wrong with that.
    pub(super) fn end_at(&mut self, starts: &[PartitionOffset], ends: &[PartitionOffset]) {
        let starts: BTreeMap<_, _> = starts.iter().map(|start| (start.partition, start.offset)).collect();
        let has_more =
            |end: &&PartitionOffset| starts.get(&end.partition).is_some_and(|start| *start != end.offset);
        let ends: BTreeMap<i32, i64> =
            ends.iter().filter(has_more).map(|end| (end.partition, end.offset)).collect();
        let is_beyond = |start: &(&i32, &i64)| ends.get(start.0).is_some_and(|end| start.1 > end);
        self.beyond =
            starts.iter().filter(is_beyond).map(|(partition, start)| (*partition, *start)).collect();
        self.ends = Some(ends);
    }

    /// Partitions end there by now. Where that is further back twice in a row the log was cut; once proves nothing, since a new
    /// leader may not know yet how far its followers are.
    pub(super) fn look_at_ends(&mut self, ends: &[PartitionOffset]) {
        for now in ends {
            let before = self.seen.insert(now.partition, now.offset);
            let end = self.ends.as_mut().and_then(|known| known.get_mut(&now.partition));
            if let (Some(end), Some(before)) = (end, before) {
                *end = before.max(now.offset).min(*end);
            }
        }
    }

    pub(super) fn are_reached(&self) -> bool {
        self.left == Some(0) || self.ends.as_ref().is_some_and(BTreeMap::is_empty)
    }

    /// Whether this message is wanted; it counts then.
    pub(super) fn take(&mut self, partition: i32, offset: i64) -> bool {
        let within = |ends: &BTreeMap<i32, i64>| ends.get(&partition).is_some_and(|end| offset < *end);
        if !self.ends.as_ref().is_none_or(within) {
            return false;
        }
        match &mut self.left {
            Some(0) => return false,
            Some(left) => *left -= 1,
            None => {}
        }
        true
    }

    /// A partition was read up to here.
    pub(super) fn pass(&mut self, partition: i32, next_offset: i64) {
        if let Some(ends) = &mut self.ends
            && ends.get(&partition).is_some_and(|end| *end <= next_offset)
        {
            ends.remove(&partition);
        }
    }

    /// The partitions that have not come to their ends, where they have any.
    pub(super) fn unread(&self) -> Option<BTreeSet<i32>> {
        self.ends.as_ref().map(|ends| ends.keys().copied().collect())
    }

    /// How far the partitions were read, where nothing more may come that says so.
    pub(super) fn look(&mut self, position: impl Fn(i32) -> Option<i64>) {
        let Self { ends: Some(ends), beyond, .. } = self else { return };
        ends.retain(|partition, end| match position(*partition) {
            Some(position) => position < *end || beyond.get(partition) == Some(&position),
            None => true,
        });
    }

    /// A partition is read no further.
    pub(super) fn give_up(&mut self, partition: i32) {
        self.pass(partition, i64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offsets(all: &[(i32, i64)]) -> Vec<PartitionOffset> {
        all.iter()
            .map(|(partition, offset)| PartitionOffset { partition: *partition, offset: *offset })
            .collect()
    }

    #[test]
    fn without_bounds_everything_is_wanted_for_ever() {
        let mut bounds = Bounds::new(None);
        assert!(bounds.take(0, 5));
        bounds.pass(0, 6);
        assert!(!bounds.are_reached());
    }

    #[test]
    fn a_count_is_over_all_partitions() {
        let mut bounds = Bounds::new(Some(2));
        assert!(bounds.take(0, 5) && bounds.take(1, 0));
        assert!(bounds.are_reached());
        assert!(!bounds.take(0, 6));
    }

    #[test]
    fn the_end_is_where_every_partition_ended_at_the_beginning() {
        let mut bounds = Bounds::new(None);
        bounds.end_at(&offsets(&[(0, 3), (1, 7), (2, 0)]), &offsets(&[(0, 5), (1, 7), (2, 1)]));
        assert!(bounds.take(0, 4));
        assert!(!bounds.take(0, 5), "it came later");
        assert_eq!(bounds.unread(), Some(BTreeSet::from([0, 2])));
        bounds.pass(0, 6);
        assert_eq!(bounds.unread(), Some(BTreeSet::from([2])), "the others are looked at no more");
        assert!(!bounds.take(1, 7), "there was nothing");
        assert!(!bounds.are_reached());
        bounds.give_up(2);
        assert!(bounds.are_reached());
    }

    #[test]
    fn a_start_behind_the_end_is_for_the_reader_to_refuse() {
        let mut bounds = Bounds::new(None);
        bounds.end_at(&offsets(&[(0, 9)]), &offsets(&[(0, 4)]));
        bounds.look(|_| Some(9));
        assert!(!bounds.are_reached());
        bounds.give_up(0);
        assert!(bounds.are_reached());
    }

    #[test]
    fn who_starts_behind_the_end_and_is_read_elsewhere_ends_there() {
        let mut bounds = Bounds::new(None);
        bounds.end_at(&offsets(&[(0, 9)]), &offsets(&[(0, 4)]));
        for (position, is_reached) in [(9, false), (2, false), (4, true)] {
            bounds.look(|_| Some(position));
            assert_eq!(bounds.are_reached(), is_reached, "at {position}");
        }

        bounds.end_at(&offsets(&[(0, 9)]), &offsets(&[(0, 4)]));
        bounds.look(|_| Some(4));
        assert!(bounds.are_reached(), "nothing more need come");
    }

    #[test]
    fn what_compaction_took_at_the_end_is_not_waited_for() {
        let mut bounds = Bounds::new(None);
        bounds.end_at(&offsets(&[(0, 0)]), &offsets(&[(0, 10)]));
        assert!(bounds.take(0, 2));
        bounds.pass(0, 10);
        assert!(bounds.are_reached());
    }

    #[test]
    fn a_position_at_the_end_will_do_though_no_message_comes() {
        let mut bounds = Bounds::new(None);
        bounds.end_at(&offsets(&[(0, 0), (1, 0)]), &offsets(&[(0, 10), (1, 5)]));
        bounds.look(|partition| (partition == 0).then_some(10));
        assert!(!bounds.are_reached());
        bounds.look(|_| Some(5));
        assert!(bounds.are_reached());
    }

    #[test]
    fn an_end_that_moves_back_is_the_end_and_one_that_moves_on_is_not() {
        let mut bounds = Bounds::new(None);
        bounds.end_at(&offsets(&[(0, 0), (1, 0)]), &offsets(&[(0, 10), (1, 5)]));
        for (is_reached, ends) in [(false, [(0, 7), (1, 9)]), (true, [(0, 6), (1, 9)])] {
            bounds.look_at_ends(&offsets(&ends));
            bounds.look(|partition| Some(if partition == 0 { 7 } else { 4 }));
            assert_eq!(bounds.take(0, 7), !is_reached, "once proves nothing");
        }
        assert!(!bounds.are_reached(), "of partition 1 a message is missing");
        bounds.look(|_| Some(5));
        assert!(bounds.are_reached());
    }

    #[test]
    fn where_nothing_is_there_is_nothing_to_wait_for() {
        let mut bounds = Bounds::new(None);
        bounds.end_at(&offsets(&[(0, 4)]), &offsets(&[(0, 4)]));
        assert!(bounds.are_reached());
    }
}
