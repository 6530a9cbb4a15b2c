//! The state that the sender keeps of topics, partitions and brokers.

use std::collections::VecDeque;
use std::sync::Arc;

use samsa_proto::ErrorCode;
use samsa_proto::records::{Codec, Format};

use super::batch::Batch;
use super::identity::Sequence;
use super::request::{format_of, knows_codec};
use crate::error::{AppendError, PublishFailure};
use crate::id::{BrokerId, JobId};
use crate::limits;
use crate::metrics::Volume;
use crate::planted::{PlantedBug, is_planted};
use crate::producer::buffer::{Form, Lane, LaneId, LaneKind, TopicBatches};
use crate::time::Instant;

/// Where records wait for the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) topic: u32,
    pub(super) spot: Spot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    /// The topic is not known.
    Unsettled,
    /// Keyless records, which have no partition yet.
    Free,
    Partition(u32),
}

impl From<LaneId> for Place {
    fn from(id: LaneId) -> Self {
        let spot = match id.kind {
            LaneKind::Bound(partition) => Spot::Partition(partition),
            LaneKind::Free(_) => Spot::Free,
            LaneKind::Unsettled => Spot::Unsettled,
        };
        Self { topic: id.topic, spot }
    }
}

#[derive(Debug)]
pub(super) struct Topic {
    pub(super) batches: Arc<TopicBatches>,
    pub(super) id: Option<[u8; 16]>,
    pub(super) partitions: Vec<Partition>,
    /// Keyless batches that were taken, refused, and may go elsewhere.
    pub(super) returned: VecDeque<Batch>,
    /// The most that any partition was given of keyless batches, in bytes.
    pub(super) most_given: u64,
    pub(super) is_wanted: bool,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and any of them go together")]
pub(super) struct Partition {
    pub(super) leader: Option<BrokerId>,
    /// Who leads it, or did last.
    pub(super) last_leader: Option<BrokerId>,
    /// When it came to that one from another.
    pub(super) moved_at: Option<Instant>,
    /// The newest Produce version of its leader, if that is known and connected.
    pub(super) newest: Option<i16>,
    /// Until when its leader is believed to keep messages of old, whatever it speaks (`message.format.version`).
    pub(super) keeps_old_until: Option<Instant>,
    /// What is written for it, and what its lane was told to write.
    pub(super) form: Option<Form>,
    pub(super) told: Option<Form>,
    /// Batches that were taken, in order; those in flight are among the first.
    pub(super) queue: VecDeque<Batch>,
    pub(super) stage: Stage,
    /// Failures in a row.
    pub(super) failures: u32,
    /// Its leader was lost or said that it does not lead, and neither has it answered otherwise since, nor is another one known.
    pub(super) is_doubted: bool,
    /// After a failure: not before this.
    pub(super) not_before: Instant,
    /// Bytes of keyless batches that it was given.
    pub(super) given: u64,
    /// Its last batch was a keyless one: if both kinds wait, they take turns.
    pub(super) free_had_turn: bool,
    /// Who writes to it, and which sequence number comes next. Outlives the topic's presence in the metadata.
    pub(super) sequence: Option<Sequence>,
    /// Why nothing more can be sent in this sequence.
    pub(super) spent: Option<ErrorCode>,
    /// Nothing was written since it last lost an identity.
    pub(super) lost_identity: bool,
    /// A batch with an identity may be in its log: from then on there are none without, whatever its leader is.
    pub(super) was_numbered: bool,
    /// The leader's epoch, as far as the metadata has one.
    pub(super) leader_epoch: Option<i32>,
    /// The same, as the metadata has it.
    pub(super) told_leader: (Option<BrokerId>, Option<i32>),
    /// A leader of a later epoch, from a broker that does not lead any more (KIP-951).
    pub(super) hint: Option<LeaderHint>,
    /// Hints that were taken since something was written.
    pub(super) hints_followed: u32,
    /// What was acknowledged.
    pub(super) written: Volume,
}

/// Who leads a partition according to a broker that was taken for its leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LeaderHint {
    pub(super) leader: BrokerId,
    pub(super) epoch: i32,
}

/// How far the next batch of a partition is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing is to be done, or something has to be waited for.
    #[default]
    Resting,
    /// In the ready list of this broker.
    Ready(BrokerId),
    Compressing(JobId),
}

/// One broker, as the sender sees it.
#[derive(Debug, Default)]
pub(super) struct Broker {
    pub(super) link: Link,
    /// Partitions that could be sent; those whose stage says something else are stale.
    pub(super) ready: VecDeque<Place>,
    /// Requests without response.
    pub(super) in_flight: usize,
    /// Those on the connection that was left behind.
    pub(super) left: usize,
    /// When the last of the partitions that are sent there came to it from another broker.
    pub(super) moved_at: Option<Instant>,
    /// Why it was not reached.
    pub(super) trouble: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Link {
    /// No connection, and none was asked for.
    #[default]
    None,
    /// News will come.
    Asked,
    Ready,
}

impl Topic {
    pub(super) fn new(batches: Arc<TopicBatches>) -> Self {
        Self {
            batches,
            id: None,
            partitions: Vec::new(),
            returned: VecDeque::new(),
            most_given: 0,
            is_wanted: false,
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        self.batches.name()
    }

    /// Why what has headers fails.
    pub(super) fn lacks_headers(&self) -> PublishFailure {
        PublishFailure::Unacceptable(AppendError::HeadersUnsupported { topic: Arc::clone(self.name()) })
    }

    /// The lanes of a place.
    pub(super) fn lanes(&self, spot: Spot) -> &[Lane] {
        match spot {
            Spot::Unsettled => &[],
            Spot::Free => self.batches.free(),
            Spot::Partition(partition) => {
                self.batches.bound(partition).map(std::slice::from_ref).unwrap_or_default()
            }
        }
    }

    /// The batches of a place that were taken out of its lanes.
    pub(super) fn taken(&self, spot: Spot) -> Option<&VecDeque<Batch>> {
        match spot {
            Spot::Unsettled => None,
            Spot::Free => Some(&self.returned),
            Spot::Partition(number) => self.partitions.get(number as usize).map(|partition| &partition.queue),
        }
    }

    pub(super) fn partition(&mut self, partition: u32) -> &mut Partition {
        let needed = partition as usize + 1;
        if self.partitions.len() < needed {
            self.partitions.resize_with(needed, Partition::default);
        }
        &mut self.partitions[partition as usize]
    }

    /// Lets a partition's lane, if it has one, write in the leader's format.
    pub(super) fn tell_form(&mut self, number: u32) {
        let Some(partition) = self.partitions.get_mut(number as usize) else { return };
        if partition.form != partition.told
            && let (Some(form), Some(lane)) = (partition.form, self.batches.bound(number))
        {
            lane.set_form(form);
            partition.told = partition.form;
        }
    }

    /// What a partition counts as given, when the one that is given least comes next. One that could not be written
    /// for a long time, or is new, does not get everything until it is even.
    pub(super) fn weight(&self, partition: &Partition) -> u64 {
        const CATCH_UP: u64 = 1 << 20;
        partition.given.max(self.most_given.saturating_sub(CATCH_UP))
    }
}

impl Partition {
    /// The metadata lacks it. Who it says it is stays.
    pub(super) fn lose_leader(&mut self) {
        self.told_leader = (None, None);
        self.leader = None;
        self.leader_epoch = None;
        self.newest = None;
        if is_planted(PlantedBug::ForgetsWithMetadata)
            && self.queue.iter().all(|batch| batch.flight.is_none())
        {
            self.sequence = None;
        }
    }

    /// Takes over what the metadata says now of its leader, unless a later leader is known already.
    pub(super) fn follow(&mut self, now: Instant, leader: Option<BrokerId>, epoch: Option<i32>) {
        let before = std::mem::replace(&mut self.told_leader, (leader, epoch));
        if leader.is_some() && before != self.told_leader {
            // What was refused by the one before is not held against it.
            self.keeps_old_until = None;
            self.not_before = Instant::START;
            self.failures = 0;
            self.is_doubted = false;
        }
        self.hint = self.hint.filter(|hint| epoch.is_some_and(|epoch| hint.epoch > epoch));
        self.leader = self.hint.map_or(leader, |hint| Some(hint.leader));
        self.leader_epoch = self.hint.map(|hint| hint.epoch).or(epoch);
        self.note_leader(now);
    }

    /// That it has no leader for a while, or that another answer says the same, moves nothing.
    fn note_leader(&mut self, now: Instant) {
        if let Some(leader) = self.leader
            && self.last_leader != Some(leader)
        {
            self.moved_at = self.last_leader.replace(leader).map(|_| now);
        }
    }

    /// A broker does not lead it, and may have named who does: is that one to be asked at once? A hint that led there is
    /// not believed any more.
    pub(super) fn is_sent_on(&mut self, now: Instant, hint: Option<LeaderHint>) -> bool {
        let is_later = hint.is_some_and(|hint| self.take_hint(now, hint));
        if is_later {
            self.hints_followed = self.hints_followed.saturating_add(1);
        } else {
            self.drop_hint();
        }
        is_later && self.hints_followed <= limits::HINTS_AT_ONCE
    }

    /// Goes by the metadata again.
    pub(super) fn drop_hint(&mut self) {
        if self.hint.take().is_some() {
            (self.leader, self.leader_epoch) = self.told_leader;
        }
    }

    /// Takes a hint if it is of a later epoch than what is known.
    fn take_hint(&mut self, now: Instant, hint: LeaderHint) -> bool {
        let is_later = self.leader_epoch.is_some_and(|epoch| hint.epoch > epoch);
        if is_later {
            self.hint = Some(hint);
            self.leader = Some(hint.leader);
            self.leader_epoch = Some(hint.epoch);
            self.note_leader(now);
        }
        is_later
    }

    pub(super) fn is_led_by_other_than(&self, broker: BrokerId) -> bool {
        self.leader.is_some_and(|leader| leader != broker)
    }

    /// Its leader is there, and keeps none but messages of old: it takes neither headers nor batches with an identity.
    pub(super) fn is_led_by_old(&self, now: Instant) -> bool {
        self.newest.is_some_and(|newest| self.format_at(newest, now) != Format::V2)
    }

    /// What its leader takes, whose newest Produce version this is.
    pub(super) fn format_at(&self, newest: i16, now: Instant) -> Format {
        let speaks = format_of(newest);
        let keeps_old = self.keeps_old_until.is_some_and(|until| until > now);
        if keeps_old { speaks.min(Format::V1) } else { speaks }
    }

    /// Nothing goes to it without an identity any more.
    pub(super) fn is_numbered(&self) -> bool {
        self.was_numbered && !is_planted(PlantedBug::ForgetsNumbering)
    }

    /// Its leader is there, and takes nothing of this publisher: it is too old for a partition that has batches with an
    /// identity, or does not know the codec.
    pub(super) fn takes_nothing(&self, codec: Codec, now: Instant) -> bool {
        self.newest.is_some_and(|newest| {
            let takes = self.format_at(newest, now);
            (self.is_numbered() && takes != Format::V2) || !knows_codec(codec, newest, takes)
        })
    }

    /// Nobody could be sent anything.
    pub(super) fn is_leaderless(&self) -> bool {
        self.leader.is_none()
    }

    /// Whether a keyless batch could go to it now, as far as the partition is concerned.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.rests() && self.queue.is_empty() && self.not_before <= now
    }

    /// Whether it is in no ready list that counts, and nothing of it is being compressed. It may be ready for a broker that
    /// led it before.
    pub(super) fn rests(&self) -> bool {
        match self.stage {
            Stage::Resting => true,
            Stage::Ready(broker) => self.leader != Some(broker),
            Stage::Compressing(_) => false,
        }
    }

    /// The batch that is in this request.
    pub(super) fn find(&self, token: u64) -> Option<usize> {
        let is_in = |batch: &Batch| batch.flight.is_some_and(|flight| flight.token == token);
        self.queue.iter().position(is_in)
    }
}
