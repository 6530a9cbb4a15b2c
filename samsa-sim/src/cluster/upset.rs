//! What may go wrong with a cluster besides the crash of a broker: leaders that move, records that are lost, views that lag.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use samsa_core::{Instant, Now};
use samsa_proto::zookeeper::path;

use super::Output;
use super::groups::OFFSETS_TOPIC;
use super::log::LoggedRecord;
use super::registry;
use super::state::{State, Timer};
use super::topic::Topic;
use super::view::View;

/// How long a replica that will lead uncleanly falls behind.
const BEHIND: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(3);
/// How long a topic is gone before it is made anew.
const GONE: Range<Duration> = Duration::from_millis(20)..Duration::from_secs(3);
/// More partitions are not added.
const MOST_PARTITIONS: usize = 12;
/// How long a view stands.
const STALE: Range<Duration> = Duration::from_millis(300)..Duration::from_secs(10);
/// How long a broker is slow, or throttles.
const SLOW: Range<Duration> = Duration::from_secs(1)..Duration::from_secs(10);
/// How long a slow broker takes for an answer.
const ANSWERING: Range<Duration> = Duration::from_millis(20)..Duration::from_millis(900);
const THROTTLE_MS: Range<u64> = 100..2_500;

/// Acknowledged records that no log has any more, as no fault of any client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    /// From where on they were: the log went on from here.
    pub(crate) from: i64,
    pub(crate) records: Vec<LoggedRecord>,
}

/// What is wrong with a broker itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mood {
    #[default]
    Sound,
    /// It leaves partitions out of its answers, doubles them, or adds others.
    Lies,
    /// It says of no partition that it leads it.
    Denies,
    /// It brings batches that cannot be read.
    Spoils,
    /// It closes most connections on the first question.
    HangsUp,
}

impl State {
    /// Gives a partition another leader among those in sync.
    pub(super) fn move_a_leader(&mut self, now: Now) -> bool {
        let all = self.partitions_where(|partition| partition.leader.is_some());
        let Some((topic, number)) = self.rng.pick(&all).cloned() else { return false };
        let alive = self.alive();
        let Some(partition) = self.topics.get(&topic).and_then(|topic| topic.partition(number)) else {
            return false;
        };
        let others = partition.in_sync.iter().copied();
        let others: Vec<i32> =
            others.filter(|id| Some(*id) != partition.leader && alive.contains(id)).collect();
        let Some(leader) = self.rng.pick(&others).copied() else { return false };
        let mut rng = self.rng.fork();
        self.change(&topic, number, |partition| partition.be_led_by(Some(leader), &mut rng));
        self.replicate(now, &topic, number);
        true
    }

    /// Gives a topic another partition, up to [`MOST_PARTITIONS`].
    pub(super) fn add_a_partition(&mut self) -> bool {
        let release = self.release();
        let few =
            self.topics.iter().filter(|(_, topic)| topic.ready && topic.partitions.len() < MOST_PARTITIONS);
        let few = few.filter(|(name, _)| *name != OFFSETS_TOPIC);
        let names: Vec<String> = few.map(|(name, _)| name.clone()).collect();
        let Some(name) = self.rng.pick(&names).cloned() else { return false };
        let Some(topic) = self.topics.get_mut(&name) else { return false };
        let number = topic.grow();
        let data = topic.registration().to_bytes(registry::topic_version(release));
        self.note(0, format!("{name} gets partition {number}"));
        if let Ok(path) = path::topic(&name) {
            self.write_node(path, data);
        }
        self.elect(&[(name, number)]);
        true
    }

    /// Drops a follower out of sync that will lead in spite of that.
    pub(super) fn let_one_fall_behind(&mut self, now: Now) -> bool {
        let all = self.partitions_where(|partition| partition.in_sync.len() > 1);
        let Some((topic, number)) = self.rng.pick(&all).cloned() else { return false };
        let partition = self.topics.get(&topic).and_then(|topic| topic.partition(number));
        let leader = partition.and_then(|partition| partition.leader);
        let followers = partition.map(|partition| partition.in_sync.clone()).unwrap_or_default();
        let followers: Vec<i32> = followers.into_iter().filter(|id| Some(*id) != leader).collect();
        let Some(follower) = self.rng.pick(&followers).copied() else { return false };
        self.note(0, format!("!! broker {follower} falls behind in {topic}/{number}"));
        self.change(&topic, number, |partition| partition.drop_from_sync(follower));
        self.set_timer(now, &BEHIND, Timer::Unclean(topic, number, follower));
        true
    }

    /// A replica becomes leader: what it lacks is lost.
    pub(super) fn elect_uncleanly(&mut self, now: Now, topic: &str, number: i32, leader: i32) {
        let Some(partition) = self.topics.get(topic).and_then(|topic| topic.partition(number)) else {
            return;
        };
        let is_behind = partition.replicas.contains(&leader) && !partition.in_sync.contains(&leader);
        if !is_behind || !self.alive().contains(&leader) {
            return;
        }
        let (committed, before) = (partition.committed, partition.log.records());
        let mut from = committed;
        self.change(topic, number, |partition| from = partition.be_led_uncleanly_by(leader));
        let records: Vec<LoggedRecord> =
            before.into_iter().filter(|record| (from..committed).contains(&record.offset)).collect();
        let lost = records.len();
        self.note(0, format!("!! {topic}/{number} is led uncleanly by broker {leader}: {lost} records lost"));
        self.losses.push(Loss { topic: topic.to_owned(), partition: number, from, records });
        for id in self.alive() {
            self.catch_up(now, id);
        }
    }

    /// Deletes a topic, which is made anew a little later.
    pub(super) fn delete_a_topic(&mut self, now: Now) -> bool {
        let ready = self.topics.iter().filter(|(name, topic)| topic.ready && *name != OFFSETS_TOPIC);
        let names: Vec<String> = ready.map(|(name, _)| name.clone()).collect();
        let Some(name) = self.rng.pick(&names).cloned() else { return false };
        let Some(topic) = self.topics.remove(&name) else { return false };
        self.note(0, format!("!! topic {name} is deleted"));
        for (number, partition) in (0..).zip(&topic.partitions) {
            let committed = partition.log.records().into_iter();
            let records = committed.filter(|record| record.offset < partition.committed).collect();
            self.losses.push(Loss { topic: name.clone(), partition: number, from: 0, records });
        }
        if let Ok(path) = path::topic(&name)
            && self.release().has_zookeeper()
        {
            self.out.push_back(Output::NodeGone { path });
        }
        self.set_timer(now, &GONE, Timer::Remake(name, topic.replicas()));
        true
    }

    /// Makes a deleted topic anew, unless somebody else did.
    pub(super) fn make_anew(&mut self, now: Now, name: &str, replicas: Vec<Vec<i32>>) {
        if !self.topics.contains_key(name) {
            self.create_topic(now, name, |id, _| Topic::assigned(id, replicas));
        }
    }

    /// What a broker tells of the cluster stays as it is for a while.
    pub(super) fn let_one_view_stand(&mut self, now: Now) -> bool {
        let current = self.brokers.iter().filter(|(_, broker)| matches!(broker.view, View::Current));
        let current: Vec<i32> = current.map(|(id, _)| *id).collect();
        let Some(id) = self.rng.pick(&current).copied() else { return false };
        let picture = self.picture();
        self.note(id, "!! learns nothing new for a while".to_owned());
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.view = View::Past(picture);
        }
        self.set_timer(now, &STALE, Timer::Informed(id));
        true
    }

    /// A broker answers nonsense for a while.
    pub(super) fn let_one_lie(&mut self, now: Now) -> bool {
        let mood = if self.rng.chance(300) { Mood::Denies } else { Mood::Lies };
        self.set_mood(now, "lies", mood)
    }

    /// A broker brings batches that cannot be read, for a while.
    pub(super) fn let_one_spoil(&mut self, now: Now) -> bool {
        self.set_mood(now, "spoils batches", Mood::Spoils)
    }

    /// A broker closes most connections on the first question, for a while.
    pub(super) fn let_one_hang_up(&mut self, now: Now) -> bool {
        self.set_mood(now, "hangs up", Mood::HangsUp)
    }

    fn set_mood(&mut self, now: Now, what: &str, mood: Mood) -> bool {
        let Some(id) = self.any_broker() else { return false };
        self.note(id, format!("!! {what} for a while"));
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.mood = mood;
        }
        self.set_timer(now, &STALE, Timer::Informed(id));
        true
    }

    pub(super) fn mood(&self, broker: i32) -> Mood {
        self.brokers.get(&broker).map(|broker| broker.mood).unwrap_or_default()
    }

    /// Whether a broker closes a connection on its first question.
    pub(super) fn hangs_up(&mut self, broker: i32) -> bool {
        self.mood(broker) == Mood::HangsUp && self.rng.chance(700)
    }

    /// A broker learns how things are, and says so.
    pub(super) fn inform(&mut self, id: i32) {
        if let Some(broker) = self.brokers.get_mut(&id) {
            broker.view = View::Current;
            broker.mood = Mood::default();
        }
    }

    /// A broker takes its time from now on.
    pub(super) fn slow_one_down(&mut self, now: Now) -> bool {
        let until = now.mono + self.rng.duration(&SLOW);
        let Some(broker) = self.any_broker() else { return false };
        self.note(broker, "!! gets slow".to_owned());
        if let Some(broker) = self.brokers.get_mut(&broker) {
            broker.slow_until = until;
        }
        true
    }

    /// A broker throttles from now on.
    pub(super) fn let_one_throttle(&mut self, now: Now) -> bool {
        let until = now.mono + self.rng.duration(&SLOW);
        let Some(broker) = self.any_broker() else { return false };
        self.note(broker, "!! begins to throttle".to_owned());
        if let Some(broker) = self.brokers.get_mut(&broker) {
            broker.throttles_until = until;
        }
        true
    }

    fn any_broker(&mut self) -> Option<i32> {
        let all: Vec<i32> = self.brokers.keys().copied().collect();
        self.rng.pick(&all).copied()
    }

    /// When an answer leaves that could leave now.
    pub(super) fn slowness(&mut self, now: Now, broker: i32) -> Option<Instant> {
        let is_slow = self.brokers.get(&broker).is_some_and(|broker| broker.slow_until > now.mono);
        is_slow.then(|| now.mono + self.rng.duration(&ANSWERING))
    }

    /// How long the client has to wait after this answer, in ms.
    pub(super) fn throttle_ms(&mut self, now: Now, broker: i32) -> i32 {
        let throttles = self.brokers.get(&broker).is_some_and(|broker| broker.throttles_until > now.mono);
        if throttles && self.rng.chance(300) { self.rng.within(&THROTTLE_MS) as i32 } else { 0 }
    }

    /// Every broker knows what there is, and does at once what it can.
    pub(super) fn heal(&mut self) {
        for broker in self.brokers.values_mut() {
            broker.view = View::Current;
            broker.mood = Mood::default();
            broker.slow_until = Instant::START;
            broker.throttles_until = Instant::START;
        }
    }

    pub(super) fn alive(&self) -> BTreeSet<i32> {
        self.brokers.iter().filter(|(_, broker)| broker.running).map(|(id, _)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use samsa_core::HostPort;
    use samsa_proto::ErrorCode;

    use super::super::tests::{Bench, batch};
    use super::super::{Input, Release};
    use crate::faults::Fault;
    use crate::rng::Rng;

    use super::*;

    const AGES: Duration = Duration::from_secs(20);

    /// Three brokers, and a topic with a record that all replicas have.
    fn bench() -> Bench {
        let mut bench = Bench::of(Release::V3_9, 3, 3).with_topic("events");
        bench.produce(9, "events", -1, &batch(&["a"]));
        bench
    }

    fn upset(bench: &mut Bench, kind: Fault) -> bool {
        bench.cluster.upset(bench.now, kind)
    }

    #[test]
    fn a_leader_moves_to_another_in_sync_and_nothing_acknowledged_is_lost() {
        let mut bench = bench();
        let epochs = |bench: &Bench| -> i32 {
            bench.cluster.state.topics["events"].partitions.iter().map(|partition| partition.epoch).sum()
        };
        let before = epochs(&bench);
        assert!(upset(&mut bench, Fault::LeaderMove));
        assert_eq!(epochs(&bench), before + 1);
        assert_eq!(bench.cluster.log("events", 0).len(), 1);
        assert_eq!(bench.cluster.losses("events"), []);
    }

    #[test]
    fn what_only_a_leader_had_is_kept_or_goes_with_it_and_is_told_of_then() {
        let mut dropped = 0;
        for seed in 0..20 {
            let mut bench = bench();
            bench.produce(9, "events", 1, &batch(&["b"]));
            assert_eq!(bench.cluster.record_at("events", 0, 1, false), None, "no other has it yet");
            assert!(bench.cluster.record_at("events", 0, 1, true).is_some());
            let logs = [bench.cluster.log("events", 0), bench.cluster.leaders_log("events", 0)];
            assert_eq!(logs.map(|log| log.len()), [1, 2]);
            bench.cluster.state.rng = Rng::new(seed);
            while bench.cluster.state.topics["events"].partitions[0].epoch < 1 {
                assert!(upset(&mut bench, Fault::LeaderMove));
            }
            let is_there = bench.cluster.record_at("events", 0, 1, true).is_some();
            let gone: Vec<i64> =
                bench.cluster.dropped("events").iter().map(|(_, record)| record.offset).collect();
            assert_eq!(gone.is_empty(), is_there, "{gone:?}");
            dropped += u64::from(!is_there);
        }
        assert!(dropped > 0);
    }

    #[test]
    fn no_leader_moves_where_there_is_no_other_replica() {
        let mut alone = Bench::newest().with_topic("events");
        for kind in [Fault::LeaderMove, Fault::UncleanElection] {
            assert!(!upset(&mut alone, kind));
        }
    }

    #[test]
    fn an_unclean_leader_makes_its_own_log_the_truth_and_what_it_lacks_is_a_loss() {
        let mut bench = bench();
        let falls_behind =
            |bench: &Bench| bench.cluster.state.topics["events"].partitions[0].in_sync.len() < 3;
        while !falls_behind(&bench) {
            assert!(upset(&mut bench, Fault::UncleanElection));
        }
        bench.produce(9, "events", -1, &batch(&["b", "c"]));
        bench.pass(Duration::from_secs(5));

        let losses = bench.cluster.losses("events");
        let loss = losses.iter().find(|loss| !loss.records.is_empty()).expect("a loss");
        assert_eq!((loss.partition, loss.from, loss.records.len()), (0, 1, 2));
        assert_eq!(bench.cluster.log("events", 0).len(), 1);
        bench.pass(AGES);
        assert!(!falls_behind(&bench), "the others catch up with the new leader");
    }

    #[test]
    fn a_topic_made_anew_has_another_id_no_records_and_epochs_from_0() {
        let mut bench = bench();
        let id = bench.cluster.state.topics["events"].id;
        assert!(upset(&mut bench, Fault::TopicRemade));
        assert_eq!(bench.fetch(12, "events", 0).0, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        bench.pass(AGES);
        let topic = &bench.cluster.state.topics["events"];
        assert_ne!(topic.id, id);
        assert!(topic.partitions.iter().all(|partition| partition.epoch == 0));
        assert_eq!(bench.cluster.log("events", 0).len(), 0);
        assert_eq!(bench.cluster.losses("events")[0].records.len(), 1);
    }

    #[test]
    fn a_view_that_stands_tells_of_leaders_as_they_were_until_it_is_renewed() {
        let mut bench = bench();
        let epochs = |bench: &Bench, broker| -> Vec<i32> {
            let picture = bench.cluster.state.picture_of(broker);
            picture.topics["events"].partitions.iter().map(|partition| partition.epoch).collect()
        };
        while (1..=3).any(|id| !matches!(bench.cluster.state.brokers[&id].view, View::Past(_))) {
            upset(&mut bench, Fault::StaleMetadata);
        }
        let before = epochs(&bench, 1);
        assert!(upset(&mut bench, Fault::LeaderMove));
        assert_eq!(epochs(&bench, 1), before);
        bench.pass(AGES);
        assert_ne!(epochs(&bench, 1), before);
    }

    #[test]
    fn a_view_that_stands_tells_where_brokers_were_before_they_moved() {
        let mut bench = bench();
        let told = |bench: &Bench, by| bench.cluster.state.picture_of(by).brokers[&1].host.clone();
        while !matches!(bench.cluster.state.brokers[&2].view, View::Past(_)) {
            upset(&mut bench, Fault::StaleMetadata);
        }
        bench.cluster.state.inform(3);
        bench.cluster.handle(bench.now, Input::Stop(1));
        bench.cluster.set_address(1, HostPort { host: "elsewhere".to_owned(), port: 9092 });
        bench.cluster.handle(bench.now, Input::Start { broker: 1, blank: false });
        assert_eq!([2, 3].map(|by| told(&bench, by)), ["k1", "elsewhere"]);
    }

    #[test]
    fn a_blank_broker_knows_no_topic_and_takes_nothing_until_it_is_informed() {
        let mut bench = bench();
        bench.cluster.handle(bench.now, Input::Stop(1));
        bench.cluster.handle(bench.now, Input::Start { broker: 1, blank: true });
        bench.connect(1);
        assert!(bench.cluster.state.picture_of(1).topics.is_empty());
        assert!(bench.cluster.state.picture_of(1).brokers.keys().eq([&1]));
        assert_eq!(bench.fetch(12, "events", 0).0, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        bench.pass(AGES);
        assert!(bench.cluster.state.picture_of(1).topics.contains_key("events"));
    }
}
