//! A topic as the client sees it, and how new metadata changes that.

use crate::id::BrokerId;
use crate::planted::{PlantedBug, is_planted};
use crate::topology::PartitionInfo;

/// A topic, as the metadata has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicView {
    /// None before Kafka 2.8.
    pub(crate) id: Option<[u8; 16]>,
    /// How often leader epochs started again, which tells topics of the same name apart where there are no ids.
    pub(crate) incarnation: u64,
    /// By number, without gaps; never empty.
    pub(crate) partitions: Vec<PartitionInfo>,
    /// The highest leader epoch of each partition that an answer had: a later answer may have none.
    newest_epochs: Vec<Option<i32>>,
}

/// A partition whose leader is another one now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) partition: i32,
    pub(crate) leader: Option<BrokerId>,
    pub(crate) leader_epoch: Option<i32>,
}

impl TopicView {
    /// From partitions in any order. A number that is missing stands for a partition without a leader; numbers from
    /// `most` on are not believed.
    pub(crate) fn new(id: Option<[u8; 16]>, partitions: Vec<PartitionInfo>, most: usize) -> Option<Self> {
        let known = partitions.iter().filter_map(|info| usize::try_from(info.partition).ok());
        let count = known.filter(|number| *number < most).max()? + 1;
        let mut view: Vec<_> = (0..count as i32).map(leaderless).collect();
        for info in partitions {
            if let Some(place) = usize::try_from(info.partition).ok().and_then(|at| view.get_mut(at)) {
                *place = info;
            }
        }
        Some(Self::of(id, view))
    }

    /// From partitions by number, without gaps.
    pub(crate) fn of(id: Option<[u8; 16]>, partitions: Vec<PartitionInfo>) -> Self {
        let newest_epochs = partitions.iter().map(|info| info.leader_epoch).collect();
        Self { id, incarnation: 0, partitions, newest_epochs }
    }

    pub(crate) fn lacks_leader(&self) -> bool {
        self.partitions.iter().any(|info| info.leader.is_none())
    }

    /// Takes over what is newer. Within one incarnation of a topic the leader epoch never goes back (KIP-320): an older
    /// view of a partition changes nothing, also where an answer without epochs came between. Another id is another incarnation;
    /// an answer without id says nothing of that.
    pub(crate) fn update(&mut self, newer: Self) -> Vec<Moved> {
        if self.id.is_some() && newer.id.is_some() && self.id != newer.id {
            return self.replace(newer);
        }
        self.id = self.id.or(newer.id);
        let mut moves = Vec::new();
        for info in newer.partitions {
            let Some((old, newest)) = self.place_mut(info.partition) else {
                moves.push(moved(&info));
                self.newest_epochs.push(info.leader_epoch);
                self.partitions.push(info);
                continue;
            };
            if is_older(&info, *newest) {
                continue;
            }
            if old.leader != info.leader {
                moves.push(moved(&info));
            }
            *newest = info.leader_epoch.or(*newest);
            *old = info;
        }
        moves
    }

    fn place_mut(&mut self, partition: i32) -> Option<(&mut PartitionInfo, &mut Option<i32>)> {
        let at = usize::try_from(partition).ok()?;
        Some((self.partitions.get_mut(at)?, self.newest_epochs.get_mut(at)?))
    }

    /// Panics where a leader epoch has gone back since, though the topic is the same.
    pub(crate) fn assert_goes_on_from(&self, before: &Self) {
        let is_same = match (self.id, before.id) {
            (Some(now), Some(before)) => now == before,
            _ => self.incarnation == before.incarnation,
        };
        let mut both = self.partitions.iter().zip(&before.newest_epochs);
        if let Some((now, before)) = both.find(|(now, before)| is_same && goes_back(now, **before)) {
            let now = now.leader_epoch;
            panic!("a leader epoch goes back from {before:?} to {now:?} while the topic is the same");
        }
    }

    /// Takes over all of it, whatever was known: the topic may be another one of the same name, unless its id says that it is
    /// the same. It is another one, if an epoch goes back.
    pub(crate) fn replace(&mut self, newer: Self) -> Vec<Moved> {
        if self.id.is_some() && self.id == newer.id {
            return self.update(newer);
        }
        let before = std::mem::replace(self, newer);
        let mut both = self.partitions.iter().zip(&before.newest_epochs);
        let is_another = both.any(|(new, newest)| goes_back(new, *newest));
        self.incarnation = before.incarnation + u64::from(is_another);
        let now = before.partitions.iter().map(Some).chain(std::iter::repeat(None)).zip(&self.partitions);
        let led_otherwise = |(old, new): &(Option<&PartitionInfo>, &PartitionInfo)| {
            old.is_none_or(|old| (old.leader, old.leader_epoch) != (new.leader, new.leader_epoch))
        };
        now.filter(led_otherwise).map(|(_, info)| moved(info)).collect()
    }
}

fn is_older(new: &PartitionInfo, newest: Option<i32>) -> bool {
    if is_planted(PlantedBug::BelievesStaleLeaders) {
        return false;
    }
    goes_back(new, newest)
}

fn goes_back(new: &PartitionInfo, newest: Option<i32>) -> bool {
    matches!((new.leader_epoch, newest), (Some(new), Some(newest)) if new < newest)
}

fn moved(info: &PartitionInfo) -> Moved {
    Moved { partition: info.partition, leader: info.leader, leader_epoch: info.leader_epoch }
}

fn leaderless(partition: i32) -> PartitionInfo {
    PartitionInfo { partition, leader: None, leader_epoch: None, replicas: Vec::new(), in_sync: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(partition: i32, leader: i32, epoch: impl Into<Option<i32>>) -> PartitionInfo {
        PartitionInfo { leader: Some(BrokerId(leader)), leader_epoch: epoch.into(), ..leaderless(partition) }
    }

    fn view(partitions: &[PartitionInfo]) -> TopicView {
        TopicView::new(None, partitions.to_vec(), 100).unwrap()
    }

    fn leaders(view: &TopicView) -> Vec<Option<i32>> {
        view.partitions.iter().map(|info| info.leader.map(|leader| leader.0)).collect()
    }

    #[test]
    fn partitions_stand_by_number_and_gaps_have_no_leader() {
        let view = view(&[led(2, 7, 0), led(0, 8, 0)]);
        assert_eq!(leaders(&view), [Some(8), None, Some(7)]);
        assert!(view.lacks_leader());
    }

    #[test]
    fn numbers_that_cannot_be_are_not_believed() {
        assert_eq!(TopicView::new(None, vec![led(i32::MAX, 1, 0), led(-1, 1, 0)], 100), None);
        let view = TopicView::new(None, vec![led(i32::MAX, 1, 0), led(0, 1, 0)], 100).unwrap();
        assert_eq!(leaders(&view), [Some(1)]);
    }

    #[test]
    fn an_older_leader_epoch_changes_nothing() {
        let mut known = view(&[led(0, 1, 5), led(1, 1, 5)]);
        let moves = known.update(view(&[led(0, 2, 4), led(1, 2, 6)]));
        assert_eq!(leaders(&known), [Some(1), Some(2)]);
        assert_eq!(moves, [Moved { partition: 1, leader: Some(BrokerId(2)), leader_epoch: Some(6) }]);
    }

    #[test]
    fn where_there_is_no_epoch_the_later_answer_counts() {
        let mut known = view(&[led(0, 1, None)]);
        known.update(view(&[led(0, 2, None)]));
        assert_eq!(leaders(&known), [Some(2)]);
        known.update(view(&[led(0, 3, 0)]));
        assert_eq!(leaders(&known), [Some(3)]);
    }

    #[test]
    fn an_answer_without_epochs_does_not_let_an_older_one_in() {
        let mut known = view(&[led(0, 1, 5)]);
        known.update(view(&[led(0, 2, None)]));
        assert_eq!(leaders(&known), [Some(2)]);
        assert_eq!(known.update(view(&[led(0, 3, 4)])), []);
        assert_eq!(leaders(&known), [Some(2)]);
        known.update(view(&[led(0, 1, 5)]));
        assert_eq!((leaders(&known), known.partitions[0].leader_epoch), (vec![Some(1)], Some(5)));
    }

    #[test]
    #[should_panic(expected = "goes back from Some(5) to Some(4)")]
    fn an_epoch_that_goes_back_behind_an_answer_without_one_is_found() {
        let mut before = view(&[led(0, 1, 5)]);
        before.update(view(&[led(0, 1, None)]));
        view(&[led(0, 1, 4)]).assert_goes_on_from(&before);
    }

    #[test]
    fn a_topic_made_anew_starts_from_nothing() {
        let with_id = |id, partitions| TopicView::new(Some([id; 16]), partitions, 100).unwrap();
        let mut known = with_id(1, vec![led(0, 1, 5), led(1, 1, 5)]);
        known.update(with_id(2, vec![led(0, 2, 0)]));
        assert_eq!(leaders(&known), [Some(2)]);
    }

    #[test]
    fn an_answer_without_id_is_of_the_same_topic_and_one_with_it_gives_it_a_name() {
        let mut known = view(&[led(0, 1, 5)]);
        known.update(TopicView::new(Some([1; 16]), vec![led(0, 2, 4)], 100).unwrap());
        assert_eq!((known.id, leaders(&known)), (Some([1; 16]), vec![Some(1)]));
        known.update(view(&[led(0, 3, 4)]));
        assert_eq!((known.id, leaders(&known)), (Some([1; 16]), vec![Some(1)]));
    }

    #[test]
    fn where_the_topic_may_be_another_one_its_epochs_are_taken_as_they_come() {
        let mut known = view(&[led(0, 1, 5), led(1, 1, 5)]);
        let moves = known.replace(view(&[led(0, 2, 0)]));
        assert_eq!(leaders(&known), [Some(2)]);
        assert_eq!(moves, [Moved { partition: 0, leader: Some(BrokerId(2)), leader_epoch: Some(0) }]);
    }

    #[test]
    fn whatever_is_in_doubt_its_id_says_that_a_topic_is_the_same() {
        let with_id = |leader| TopicView::new(Some([1; 16]), vec![led(0, leader, leader)], 100).unwrap();
        let mut known = with_id(5);
        assert_eq!(known.replace(with_id(4)), []);
        assert_eq!((leaders(&known), known.incarnation), (vec![Some(5)], 0));
        assert_eq!(known.replace(with_id(6)).len(), 1);
    }

    #[test]
    fn an_epoch_that_goes_back_is_told_from_one_of_another_topic() {
        let with_id = |id, epoch| TopicView::new(Some([id; 16]), vec![led(0, 1, epoch)], 100).unwrap();
        with_id(2, 4).assert_goes_on_from(&with_id(1, 5));
        with_id(1, 5).assert_goes_on_from(&with_id(1, 5));
        let mut anew = view(&[led(0, 1, 5)]);
        anew.replace(view(&[led(0, 1, 4)]));
        anew.assert_goes_on_from(&view(&[led(0, 1, 5)]));
    }

    #[test]
    #[should_panic(expected = "goes back from Some(5) to Some(4)")]
    fn an_epoch_that_goes_back_within_a_topic_is_found() {
        view(&[led(0, 1, 4)]).assert_goes_on_from(&view(&[led(0, 1, 5)]));
    }

    #[test]
    fn a_partition_that_is_left_out_once_is_not_forgotten() {
        let mut known = view(&[led(0, 1, 5), led(1, 1, 5)]);
        known.update(view(&[led(0, 1, 5)]));
        assert_eq!(leaders(&known), [Some(1), Some(1)]);
    }
}
