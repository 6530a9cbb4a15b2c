//! Followers that serve readers (KIP-392): what of a partition each of them has, and whom a leader sends a reader to.

use std::ops::Range;
use std::time::Duration;

use samsa_core::Now;
use samsa_proto::ErrorCode;

use super::fetch::check_epoch;
use super::release::Release;
use super::state::{State, Timer};
use super::topic::Partition;
use super::upset::Mood;
use super::view::{PartitionPicture, View};

/// After how long a follower knows what all in sync have: with the answer to a later fetch of its own.
const LEARNING: Range<Duration> = Duration::from_millis(1)..Duration::from_millis(1_500);
/// How long a follower lacks the beginning of a log.
const SHORT: Range<Duration> = Duration::from_millis(300)..Duration::from_secs(10);

/// What one replica has of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replica {
    pub(super) start: i64,
    pub(super) end: i64,
    /// Its high watermark.
    pub(super) committed: i64,
    pub(super) leads: bool,
}

impl State {
    /// Where a broker stands; nowhere if there are no racks.
    pub(super) fn rack(&self, broker: i32) -> Option<String> {
        let racks = i32::from(self.config.racks);
        (racks > 0).then(|| format!("r{}", broker % racks))
    }

    /// The partition, and what this broker has of it, if it may be read there: else why not.
    pub(super) fn read_at(
        &self,
        broker: i32,
        topic: &str,
        number: i32,
        known_epoch: i32,
        may_follow: bool,
    ) -> Result<(&Partition, Replica), ErrorCode> {
        let code = match self.led_by(broker, topic, number) {
            Ok(partition) => {
                check_epoch(known_epoch, partition.epoch)?;
                return Ok((partition, partition.at_leader()));
            }
            Err(code) => code,
        };
        let partition = self.topic(topic).and_then(|topic| topic.partition(number)).ok_or(code)?;
        let follows = partition.leader != Some(broker) && partition.replicas.contains(&broker);
        if !may_follow
            || !follows
            || code != ErrorCode::NOT_LEADER_OR_FOLLOWER
            || self.mood(broker) == Mood::Denies
        {
            return Err(code);
        }
        if self.takes_itself_for_leader(broker, topic, number) {
            return Err(code);
        }
        check_epoch(known_epoch, self.epoch_known_to(broker, topic, number).unwrap_or(partition.epoch))?;
        Ok((partition, partition.at_follower(broker)))
    }

    /// A follower hears of a new leader as late as of everything else.
    fn epoch_known_to(&self, broker: i32, topic: &str, number: i32) -> Option<i32> {
        Some(self.past_of(broker, topic, number)?.epoch)
    }

    /// A leader that has not heard yet that it is none any more does not serve as a follower.
    fn takes_itself_for_leader(&self, broker: i32, topic: &str, number: i32) -> bool {
        self.past_of(broker, topic, number).is_some_and(|past| past.leader == Some(broker))
    }

    fn past_of(&self, broker: i32, topic: &str, number: i32) -> Option<&PartitionPicture> {
        let View::Past(past) = &self.brokers.get(&broker)?.view else { return None };
        past.topics.get(topic)?.partitions.get(usize::try_from(number).ok()?)
    }

    /// The replica in this rack to which the leader sends who reads from here: one that is alive, has the offset, if the
    /// leader is not wrong about that, and is in sync, which older ones do not mind (KAFKA-13943).
    pub(super) fn nearest(
        &self,
        partition: &Partition,
        rack: &str,
        offset: i64,
        is_wrong: bool,
    ) -> Option<i32> {
        let stands_there = |id: i32| self.rack(id).as_deref() == Some(rack);
        if rack.is_empty() || partition.leader.is_none_or(stands_there) {
            return None;
        }
        let has_it = |id: i32| {
            let replica = partition.at_follower(id);
            (replica.start..=replica.end).contains(&offset)
        };
        let is_alive = |id: i32| self.brokers.get(&id).is_some_and(|broker| broker.known);
        let minds = self.release() >= Release::V3_9;
        let is_sound = |id: i32| is_alive(id) && (!minds || partition.in_sync.contains(&id));
        let mut there = partition.replicas.iter().copied().filter(|id| stands_there(*id) && is_sound(*id));
        there.find(|id| is_wrong || has_it(*id))
    }

    /// Followers learn later than leaders what all in sync have.
    pub(super) fn let_followers_learn(&mut self, now: Now, topic: &str, number: i32) {
        if self.config.racks == 0 {
            return;
        }
        let Some(partition) = self.partition_mut(topic, number) else { return };
        let committed = partition.committed;
        let late = partition.replicas.iter().copied().filter(|id| Some(*id) != partition.leader);
        let late = late.filter(|id| !partition.known_by.contains_key(id));
        for id in late.collect::<Vec<_>>() {
            if let Some(partition) = self.partition_mut(topic, number) {
                partition.known_by.insert(id, committed);
            }
            self.set_timer(now, &LEARNING, Timer::Learn(topic.to_owned(), number, id));
        }
    }

    pub(super) fn learn(&mut self, now: Now, topic: &str, number: i32, broker: i32) {
        let Some(partition) = self.partition_mut(topic, number) else { return };
        let (is_in_sync, all) =
            (partition.in_sync.contains(&broker), partition.committed == partition.log.end());
        if is_in_sync && all {
            partition.known_by.remove(&broker);
        } else {
            if is_in_sync {
                partition.known_by.insert(broker, partition.committed);
            }
            self.set_timer(now, &LEARNING, Timer::Learn(topic.to_owned(), number, broker));
        }
    }

    /// A follower lacks the beginning of a log for a while, as one that has deleted what is old before its leader did.
    pub(super) fn let_one_be_short(&mut self, now: Now) -> bool {
        let all = self.partitions_where(|partition| partition.replicas.len() > 1 && partition.committed > 0);
        let Some((topic, number)) = self.rng.pick(&all).cloned() else { return false };
        let Some(partition) = self.topic(&topic).and_then(|topic| topic.partition(number)) else {
            return false;
        };
        let (committed, leader) = (partition.committed, partition.leader);
        let followers: Vec<i32> =
            partition.replicas.iter().copied().filter(|id| Some(*id) != leader).collect();
        let Some(follower) = self.rng.pick(&followers).copied() else { return false };
        let start = 1 + self.rng.below(committed.unsigned_abs()) as i64;
        self.note(follower, format!("!! has {topic}/{number} from {start} on only, for a while"));
        if let Some(partition) = self.partition_mut(&topic, number) {
            partition.short.insert(follower, start);
        }
        self.set_timer(now, &SHORT, Timer::Whole(topic, number, follower));
        true
    }

    pub(super) fn be_whole(&mut self, topic: &str, number: i32, broker: i32) {
        if let Some(partition) = self.partition_mut(topic, number) {
            partition.short.remove(&broker);
        }
    }
}

impl Partition {
    fn at_leader(&self) -> Replica {
        let (start, end) = (self.log.start(), self.log.end());
        Replica { start, end, committed: self.committed, leads: true }
    }

    fn at_follower(&self, broker: i32) -> Replica {
        let end = self.end_of(broker).unwrap_or(self.committed).min(self.log.end());
        let known = self.known_by.get(&broker).copied().unwrap_or(self.committed);
        let start = self.short.get(&broker).copied().unwrap_or(0).max(self.log.start()).min(end);
        Replica { start, end, committed: known.min(self.committed).min(end), leads: false }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Bench, batch};
    use super::super::{ClusterConfig, Release};
    use super::*;
    use crate::faults::Fault;

    /// Two brokers in two racks; partition 0 is led by broker 1, in rack r1, and has two records.
    fn bench() -> Bench {
        let config = ClusterConfig {
            release: Release::V3_9,
            brokers: 2,
            replication: 2,
            racks: 2,
            ..ClusterConfig::default()
        };
        let mut bench = Bench::with(config).with_topic("events");
        for value in ["a", "b"] {
            bench.produce(9, "events", -1, &batch(&[value]));
        }
        bench
    }

    #[test]
    fn a_leader_sends_who_stands_in_another_rack_to_a_follower_there_and_brings_nothing() {
        let mut bench = bench();
        bench.pass(Duration::from_secs(5));
        assert_eq!(bench.fetch_from("r0", "events", 0), (ErrorCode::NONE, vec![], 2));
        assert_eq!(bench.fetch_from("r1", "events", 0), (ErrorCode::NONE, vec![0, 1], -1));
        assert_eq!(bench.fetch_from("", "events", 0), (ErrorCode::NONE, vec![0, 1], -1));
        assert_eq!(bench.fetch_from("r7", "events", 0), (ErrorCode::NONE, vec![0, 1], -1));
    }

    #[test]
    fn a_follower_serves_up_to_its_own_high_watermark_which_lags() {
        let mut bench = bench();
        let partition = &bench.cluster.state.topics["events"].partitions[0];
        let committed = [partition.at_leader(), partition.at_follower(2)].map(|replica| replica.committed);
        assert!(committed[0] == 2 && committed[1] < 2, "{committed:?}");
        bench.connect(2);
        bench.pass(Duration::from_secs(10));
        assert_eq!(bench.fetch(12, "events", 0), (ErrorCode::NONE, vec![0, 1]));
        assert_eq!(bench.fetch(10, "events", 0).0, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    }

    #[test]
    fn what_a_follower_has_not_any_more_is_out_of_range_there_only() {
        let mut bench = bench();
        bench.pass(Duration::from_secs(10));
        while bench.fetch(12, "events", 0).0.is_ok() {
            assert!(bench.cluster.upset(bench.now, Fault::ShortFollower));
            bench.connect(2);
        }
        assert_eq!(bench.fetch(12, "events", 0).0, ErrorCode::OFFSET_OUT_OF_RANGE);
        bench.connect(1);
        assert_eq!(bench.fetch(12, "events", 0), (ErrorCode::NONE, vec![0, 1]));
    }
}
