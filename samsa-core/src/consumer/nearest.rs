//! Which replica a partition is read from, where its leader knows a nearer one (KIP-392).
//!
//! A reader with a rack tells it with each fetch. The leader may then name another replica, and brings no records of that
//! partition itself. Offsets, and whether the log holds what was read, are asked of the leader all the same: a follower
//! knows them late.
//!
//! | read from | input                                       | then                                               |
//! |-----------|---------------------------------------------|----------------------------------------------------|
//! | leader    | it names a replica                          | that replica                                       |
//! | replica   | records, or nothing new                     | the same                                           |
//! | replica   | any error, out of range, divergence, no     | leader, which is not told the rack for a while and |
//! |           | answer; it is not known, not reached, or   | so reads itself                                    |
//! |           | not in sync                                 |                                                    |
//! | replica   | another leader, or it fell out of sync      | leader                                             |
//! | replica   | for as long as metadata may be old          | leader, to hear whether another one is nearer now  |
//!
//! What a follower says is out of range proves nothing: it may lag, or have deleted more. The leader decides.

use super::fetcher::{Fetcher, Question};
use super::partition::Partition;
use super::scope::Scope;
use crate::backoff::Backoff;
use crate::explanation::Waiting;
use crate::id::BrokerId;
use crate::limits;
use crate::time::Instant;
use crate::topology::PartitionInfo;

/// How long a replica that was of no use is not asked again.
const AVOIDED: Backoff = Backoff { first: limits::REPLICA_AVOIDED_FIRST, most: limits::REPLICA_AVOIDED_MOST };

/// Where a partition is read from, and why.
#[derive(Debug, Default)]
pub(crate) struct Nearest {
    named: Option<Named>,
    avoided: Option<Avoided>,
    /// As the metadata has it; none where the leader was named in its place.
    in_sync: Vec<BrokerId>,
    /// How often in a row a replica was of no use.
    failures: u32,
}

/// The replica that the leader has named.
#[derive(Clone, Copy, Debug)]
struct Named {
    broker: BrokerId,
    since: Instant,
    until: Instant,
}

/// One that was of no use.
#[derive(Debug)]
struct Avoided {
    broker: BrokerId,
    why: String,
    since: Instant,
    until: Instant,
}

impl Nearest {
    /// The replica that takes the leader's place.
    pub(crate) fn broker(&self) -> Option<BrokerId> {
        self.named.map(|named| named.broker)
    }

    /// A replica that was of no use, if the leader is to read itself until later.
    fn avoided(&self, now: Instant) -> Option<&Avoided> {
        self.avoided.as_ref().filter(|avoided| avoided.until > now)
    }

    /// It has stood long enough for the leader to be asked again.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.named.take_if(|named| named.until <= now);
    }

    /// What the metadata says now. A new leader names its own; one that fell out of sync may lag for ever.
    pub(crate) fn follow(&mut self, info: &PartitionInfo, has_new_leader: bool) {
        self.in_sync.clone_from(&info.in_sync);
        self.named.take_if(|named| has_new_leader || !info.in_sync.contains(&named.broker));
    }

    /// Leaders before 3.3 name such a replica all the same (KAFKA-13943), which may lag for ever.
    fn is_out_of_sync(&self, broker: BrokerId) -> bool {
        !self.in_sync.is_empty() && !self.in_sync.contains(&broker)
    }

    fn succeed(&mut self) {
        self.failures = 0;
    }

    fn explain(
        &self,
        leader: Option<BrokerId>,
        rack: &str,
        now: Instant,
    ) -> Option<(String, Instant, Instant)> {
        let leader =
            leader.map_or_else(|| "its leader".to_owned(), |leader| format!("its leader, broker {leader}"));
        if let Some(Named { broker, since, until }) = self.named {
            let what = format!(
                "records from broker {broker}: {leader}, named it the nearest replica for rack {rack:?}"
            );
            return Some((what, since, until));
        }
        let Avoided { broker, why, since, until } = self.avoided(now)?;
        let what = format!("records from {leader}: broker {broker}, which is nearer, is avoided ({why})");
        Some((what, *since, *until))
    }
}

impl Partition {
    /// Who is asked this about it.
    pub(crate) fn asked_of(&self, question: Question) -> Option<BrokerId> {
        let nearest = self.nearest.broker().filter(|_| question == Question::Records);
        nearest.or(self.leader)
    }

    /// The replica, not the leader, that has the request in flight, or had the last one.
    pub(crate) fn asked_replica(&self) -> Option<BrokerId> {
        self.asked.filter(|(_, as_leader)| !as_leader).map(|(broker, _)| broker)
    }

    /// A fetch was answered, and a replica named or none. Only its leader is listened to.
    pub(crate) fn take_nearest(&mut self, scope: &mut Scope<'_>, named: i32, brought_records: bool) {
        let broker = BrokerId(named);
        let is_of_leader = self.leader.is_some_and(|leader| self.asked == Some((leader, true)));
        if !is_of_leader {
            return self.nearest.succeed();
        }
        if named < 0 || self.leader == Some(broker) {
            return;
        }
        match self.nearest.avoided(scope.now) {
            None => {
                let (since, until) = (scope.now, scope.now + scope.config.metadata_max_age);
                self.nearest.named = Some(Named { broker, since, until });
                if self.nearest.is_out_of_sync(broker) {
                    self.avoid(scope, broker, "it is not in sync".to_owned());
                }
            }
            Some(_) if brought_records => {}
            Some(avoided) => {
                let trouble =
                    format!("its leader insists on broker {}, which is avoided: {}", avoided.broker, avoided.why);
                self.fail(scope, trouble);
            }
        }
    }

    /// A replica was of no use: back to the leader, at once. Says whether it was read from.
    pub(crate) fn avoid(&mut self, scope: &mut Scope<'_>, broker: BrokerId, why: String) -> bool {
        if self.nearest.broker() != Some(broker) {
            return false;
        }
        let nearest = &mut self.nearest;
        nearest.failures = nearest.failures.saturating_add(1);
        let until = scope.now + AVOIDED.wait(nearest.failures, scope.rng);
        tracing::info!(topic = %self.source.topic(), partition = self.source.partition(), %broker, %why, "back to the leader");
        nearest.named = None;
        nearest.avoided = Some(Avoided { broker, why, since: scope.now, until });
        scope.refresh = true;
        true
    }

    /// What was asked is of no use: a replica is left, a leader is asked again later.
    pub(crate) fn miss(&mut self, scope: &mut Scope<'_>, asked_replica: Option<BrokerId>, trouble: String) {
        match asked_replica {
            Some(replica) => drop(self.avoid(scope, replica, trouble)),
            None => self.fail(scope, trouble),
        }
    }
}

impl Fetcher {
    /// Whether this broker is told where the application stands. Not if it is to read itself what others could not.
    pub(crate) fn tells_rack(&self, now: Instant, broker: BrokerId, partitions: &[i32]) -> bool {
        let stays =
            |partition: &Partition| partition.leader == Some(broker) && partition.nearest.avoided(now).is_some();
        !partitions.iter().filter_map(|number| self.partitions.get(number)).any(stays)
    }

    /// A replica cannot be asked. Says whether anything was read from it.
    pub(crate) fn avoid(&mut self, scope: &mut Scope<'_>, broker: BrokerId, why: &str) -> bool {
        let running = self.partitions.values_mut().filter(|partition| !partition.is_stopped());
        running.fold(false, |any, partition| partition.avoid(scope, broker, why.to_owned()) | any)
    }

    /// Nothing can be asked of a broker.
    pub(crate) fn unreachable(&mut self, scope: &mut Scope<'_>, broker: BrokerId, reason: &str) {
        for partition in self.partitions.values_mut().filter(|partition| !partition.is_stopped()) {
            if partition.leader == Some(broker) {
                partition.trouble = Some(reason.to_owned());
                scope.refresh = true;
            }
        }
        self.avoid(scope, broker, reason);
    }

    pub(super) fn explain_sources(&self, now: Instant, who: &str, lines: &mut Vec<Waiting>) {
        let rack = self.spec.fetch.rack.as_deref().unwrap_or_default();
        for (number, partition) in &self.partitions {
            if let Some((what, since, until)) = partition.nearest.explain(partition.leader, rack, now) {
                let who = format!("{who}, partition {number}");
                lines.push(Waiting { who, what, since: Some(since), until: Some(until) });
            }
        }
    }
}
