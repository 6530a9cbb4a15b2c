//! Which replica a partition is read from, where its leader knows a nearer one (KIP-392).
//!
//! A reader with a rack tells it with each fetch. The leader may then name another replica, and brings no records of that
//! partition itself. Offsets, and whether the log holds what was read, are asked of the leader all the same: a follower
//! knows them late.
//!
//! | read from | input                                       | then                                               |
//! |-----------|---------------------------------------------|----------------------------------------------------|
//! | leader    | it names a replica                          | leader, which is not told the rack, while that is  |
//! |           |                                             | dialled                                            |
//! | leader    | the replica that was named is reached       | that replica                                       |
//! | leader    | it is not known, not reached, or not in     | leader, which is not told the rack for a while and |
//! |           | sync                                        | so reads itself                                    |
//! | replica   | records, or nothing new                     | the same                                           |
//! | replica   | any error, out of range, divergence, no     | leader, which is not told the rack for a while and |
//! |           | answer; it is not known, not in sync, or    | so reads itself                                    |
//! |           | was lost                                    |                                                    |
//! | replica   | an idle connection to it ends               | leader, while it is dialled anew                   |
//! | replica   | another leader, or it fell out of sync      | leader                                             |
//! | either    | for as long as metadata may be old          | leader, to hear whether another one is nearer now; |
//! |           |                                             | later if that is not told the rack for another     |
//! |           |                                             | partition's sake                                   |
//!
//! Nothing waits for a replica: until it can be asked its leader is, who brings the same.
//!
//! What a follower says is out of range proves nothing: it may lag, or have deleted more. The leader decides.

use std::collections::BTreeSet;

use super::Consumer;
use super::fetcher::{Fetcher, Question};
use super::partition::Partition;
use super::scope::Scope;
use crate::backoff::Backoff;
use crate::cluster::Cluster;
use crate::connection::{Peer, Role};
use crate::explanation::Waiting;
use crate::id::{BrokerId, ReaderId};
use crate::limits;
use crate::out::Context;
use crate::planted::{PlantedBug, is_planted};
use crate::time::Instant;
use crate::topology::PartitionInfo;

const UNKNOWN: &str = "nobody says where it is";

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
    until: Instant,
    /// A fetch can be sent to it now.
    is_reached: bool,
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
        self.named.filter(|named| named.is_reached).map(|named| named.broker)
    }

    fn has_named(&self, broker: BrokerId) -> bool {
        self.named.is_some_and(|named| named.broker == broker)
    }

    /// Whether the leader is to read itself: a nearer replica is not reached yet, or was of no use.
    fn stays_with_leader(&self, now: Instant) -> bool {
        self.named.is_some_and(|named| !named.is_reached) || self.avoided(now).is_some()
    }

    /// A replica that was of no use, if the leader is to read itself until later.
    fn avoided(&self, now: Instant) -> Option<&Avoided> {
        self.avoided.as_ref().filter(|avoided| avoided.until > now)
    }

    /// It has stood long enough for the leader to be asked again. One that serves stands until the leader can be `told` the
    /// rack: it would name nobody.
    fn expire(&mut self, now: Instant, told: bool) {
        self.named.take_if(|named| named.until <= now && (told || !named.is_reached));
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

    /// Why it is read from its leader, though that has named another replica.
    fn explain(&self, leader: Option<BrokerId>, now: Instant) -> Option<(String, Instant, Instant)> {
        let leader =
            leader.map_or_else(|| "its leader".to_owned(), |leader| format!("its leader, broker {leader}"));
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
        self.asked.filter(|asked| !asked.as_leader).map(|asked| asked.broker)
    }

    /// A fetch was answered, and a replica named or none. Only its leader is listened to.
    pub(crate) fn take_nearest(&mut self, scope: &mut Scope<'_>, named: i32, brought_records: bool) {
        let broker = BrokerId(named);
        let is_of_leader =
            self.asked.is_some_and(|asked| asked.as_leader && self.leader == Some(asked.broker));
        if !is_of_leader {
            return self.nearest.succeed();
        }
        if named < 0 || self.leader == Some(broker) {
            return;
        }
        let trouble = match (self.nearest.named, self.nearest.avoided(scope.now)) {
            (None, None) => return self.name(scope, broker),
            _ if brought_records => return,
            (Some(Named { is_reached: true, .. }), _) => return,
            (Some(Named { broker, .. }), _) => {
                format!("its leader insists on broker {broker}, which is not reached yet")
            }
            (None, Some(Avoided { broker, why, .. })) => {
                format!("its leader insists on broker {broker}, which is avoided: {why}")
            }
        };
        self.fail(scope, trouble);
    }

    fn name(&mut self, scope: &mut Scope<'_>, broker: BrokerId) {
        let until = scope.now + scope.config.metadata_max_age;
        self.nearest.named = Some(Named { broker, until, is_reached: is_planted(PlantedBug::AwaitsReplica) });
        if self.nearest.is_out_of_sync(broker) {
            self.avoid(scope, broker, "it is not in sync".to_owned());
        }
    }

    /// A replica was of no use: back to the leader, at once. Says whether it was to be read from.
    pub(crate) fn avoid(&mut self, scope: &mut Scope<'_>, broker: BrokerId, why: String) -> bool {
        if !self.nearest.has_named(broker) {
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

    /// What was asked is of no use: a replica is avoided, a leader is asked again later. Says whether it was a replica.
    pub(crate) fn miss(
        &mut self,
        scope: &mut Scope<'_>,
        asked_replica: Option<BrokerId>,
        trouble: String,
    ) -> bool {
        if let Some(replica) = asked_replica {
            return self.avoid(scope, replica, trouble);
        }
        self.fail(scope, trouble);
        false
    }
}

impl Fetcher {
    /// Leaders are asked again whether another replica is nearer now.
    pub(super) fn expire_named(&mut self, now: Instant) {
        let stay = self.running().filter(|partition| partition.nearest.stays_with_leader(now));
        let untold: BTreeSet<BrokerId> = stay.filter_map(|partition| partition.leader).collect();
        for partition in self.partitions.values_mut() {
            let told = partition.leader.is_none_or(|leader| !untold.contains(&leader));
            partition.nearest.expire(now, told);
        }
    }

    /// Whether this broker is told where the application stands. Not if it is to read itself what others cannot.
    pub(crate) fn tells_rack(&self, now: Instant, broker: BrokerId, partitions: &[i32]) -> bool {
        let stays = |partition: &Partition| {
            partition.leader == Some(broker) && partition.nearest.stays_with_leader(now)
        };
        !partitions.iter().filter_map(|number| self.partitions.get(number)).any(stays)
    }

    /// A replica cannot be asked.
    fn avoid(&mut self, scope: &mut Scope<'_>, broker: BrokerId, why: &str) {
        for partition in self.running() {
            partition.avoid(scope, broker, why.to_owned());
        }
    }

    /// The connection to a broker that does this work could not be made, or broke. What others do for the reader goes on.
    pub(crate) fn unreachable(
        &mut self,
        scope: &mut Scope<'_>,
        broker: BrokerId,
        (role, is_loss): (Role, bool),
        reason: &str,
    ) {
        let fetches = matches!(role, Role::Fetch(_));
        for partition in self.running().filter(|partition| partition.leader == Some(broker)) {
            let question = partition.question();
            if partition.asked_of(question) == Some(broker) && (question == Question::Records) == fetches {
                partition.is_in_trouble(scope, reason.to_owned());
            }
        }
        if fetches && is_loss {
            self.avoid(scope, broker, reason);
        }
    }

    fn running(&mut self) -> impl Iterator<Item = &mut Partition> {
        self.partitions.values_mut().filter(|partition| !partition.is_stopped())
    }

    /// The replicas that leaders have named.
    fn named(&mut self) -> BTreeSet<BrokerId> {
        self.running().filter_map(|partition| Some(partition.nearest.named?.broker)).collect()
    }

    fn reach(&mut self, broker: BrokerId, is_reached: bool) {
        let named = self.running().filter_map(|partition| partition.nearest.named.as_mut());
        for named in named.filter(|named| named.broker == broker) {
            named.is_reached = is_reached || is_planted(PlantedBug::AwaitsReplica);
        }
    }

    pub(super) fn explain_sources(&self, now: Instant, who: &str, lines: &mut Vec<Waiting>) {
        for (number, partition) in &self.partitions {
            if let Some((what, since, until)) = partition.nearest.explain(partition.leader, now) {
                let who = format!("{who}, partition {number}");
                lines.push(Waiting { who, what, since: Some(since), until: Some(until) });
            }
        }
    }
}

impl Consumer {
    /// Finds out which of the replicas that leaders have named can be asked, and has the others dialled.
    pub(super) fn reach_replicas(&mut self, cx: &mut Context<'_>, cluster: &mut Cluster, reader: ReaderId) {
        let named = self.fetchers.get_mut(&reader).map(Fetcher::named).unwrap_or_default();
        for broker in named {
            let peer = Peer::Broker(broker);
            if !cx.net.knows(peer) {
                self.with(cx, cluster, reader, |fetcher, scope| fetcher.avoid(scope, broker, UNKNOWN));
                continue;
            }
            let is_reached = cx.net.connection(cx.now, peer, Role::Fetch(reader)).is_some();
            if let Some(fetcher) = self.fetchers.get_mut(&reader) {
                fetcher.reach(broker, is_reached);
            }
        }
    }
}
