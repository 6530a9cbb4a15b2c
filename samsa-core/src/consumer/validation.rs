//! After a change of leaders: does the new leader's log hold what was read (KIP-320)?
//!
//! A replica that lacks committed records may become leader where unclean elections are allowed. It is asked where the
//! leader epoch of the last record read ends in its log. Ends it before the position, or does it not know that epoch
//! between others, then what was read is gone. No answer, or one that knows nothing, proves nothing: only a definite
//! divergence costs the position. A response to a fetch may tell of one, too; that is no more than a reason to ask.
//!
//! The end of a log is listed with the epoch of its leader, who need not have written anything in it. Until something was
//! read behind that end, the new leader may well not know the epoch; only an end before the position counts then, as it
//! always does for the Java consumer (`SubscriptionState.maybeCompleteValidation`).

use bytes::Bytes;
use samsa_proto::ErrorCode;
use samsa_proto::api::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};

use super::fetcher::{Fetcher, Question, Request};
use super::partition::Partition;
use super::scope::Scope;
use super::verdict::{Verdict, verdict};
use crate::answer::read_answer;
use crate::error::ReadError;
use crate::id::BrokerId;
use crate::offset::Offset;
use crate::planted::{PlantedBug, is_planted};
use crate::time::Instant;

/// The first version that readers may ask without rights over the whole cluster.
pub(crate) const FOR_READERS: i16 = 3;

const DIVERGENCE: &str =
    "the broker says that its log parts from what was read: the leader is asked whether it does";

const NO_DIVERGENCE: &str =
    "the broker says that its log parts from what was read, and names a place where it does not";

/// As a consumer, not a broker.
const CONSUMER: i32 = -1;

pub(crate) fn request(
    topic: &str,
    partitions: Vec<OffsetForLeaderPartition>,
) -> OffsetForLeaderEpochRequest<'_> {
    let topics = vec![OffsetForLeaderTopic { topic, partitions, ..Default::default() }];
    OffsetForLeaderEpochRequest { replica_id: CONSUMER, topics, ..Default::default() }
}

impl Fetcher {
    /// What of this leader's partitions is in doubt.
    pub(crate) fn doubts(&self, now: Instant, broker: BrokerId) -> Vec<OffsetForLeaderPartition> {
        let question = |partition: &Partition| OffsetForLeaderPartition {
            partition: partition.source.partition(),
            current_leader_epoch: partition.leader_epoch.unwrap_or(-1),
            leader_epoch: partition.read_epoch.unwrap_or(-1),
            ..Default::default()
        };
        self.waiting(now, broker, Question::Epochs).into_iter().map(question).collect()
    }

    /// This leader cannot be asked: its positions are believed.
    pub(crate) fn believe(&mut self, broker: BrokerId) {
        for partition in self.partitions.values_mut().filter(|partition| partition.leader == Some(broker)) {
            partition.in_doubt = false;
        }
    }

    pub(crate) fn confirmed(
        &mut self,
        scope: &mut Scope<'_>,
        (token, asked): (u64, &Request),
        version: i16,
        frame: &Bytes,
    ) {
        let response = match read_answer::<OffsetForLeaderEpochRequest<'_>>(version, frame) {
            Ok(response) => response,
            Err(error) => return self.fail_rest(scope, token, &error.to_string()),
        };
        let topic = self.spec.topic.clone();
        let has_others = response.topics.iter().any(|answered| *answered.topic != *topic);
        let mine = response.topics.iter().filter(|answered| *answered.topic == *topic);
        let ends = mine.flat_map(|topic| &topic.partitions);
        self.tell_of_more(&asked.partitions, has_others, ends.clone().map(|end| end.partition));
        for end in ends {
            if self.was_asked(token, end.partition) {
                self.take_end(scope, end.partition, end.error_code, (end.leader_epoch, end.end_offset));
            }
        }
        self.fail_left_out(scope, token);
    }

    fn take_end(&mut self, scope: &mut Scope<'_>, number: i32, code: ErrorCode, end: (i32, i64)) {
        let Some(partition) = self.partitions.get_mut(&number) else { return };
        match verdict(code) {
            Verdict::Fine if partition.has_other_epoch() => {}
            Verdict::Fine => {
                partition.in_doubt = false;
                partition.succeed();
                self.compare(scope, number, end);
            }
            Verdict::Again | Verdict::OutOfRange if is_planted(PlantedBug::ResetsOnTrouble) => {
                partition.lead_to(Offset::Latest);
            }
            Verdict::Again | Verdict::OutOfRange => partition.fail(scope, code.to_string()),
            Verdict::Refused => {
                let error = partition.refused(code);
                self.stop(scope, number, error);
            }
        }
    }

    /// The leader's log ends there for what was read: if it parts from that, the rest is lost.
    fn compare(&mut self, scope: &mut Scope<'_>, number: i32, end: (i32, i64)) {
        let Some(partition) = self.partitions.get_mut(&number).filter(|partition| partition.parts(end))
        else {
            return;
        };
        let (epoch, offset) = (end.0, partition.offset());
        let from = end.1.min(offset);
        match self.buffer.withdraw(number) {
            // The application has had nothing of what is lost.
            Some(untaken) if untaken.from <= from => partition.go_back(&untaken),
            untaken => {
                let (topic, offset) =
                    (self.spec.topic.clone(), untaken.map_or(offset, |untaken| untaken.from));
                let error = ReadError::Truncated { topic, partition: number, offset, from };
                self.lose(scope, number, error, Some(epoch));
            }
        }
    }
}

impl Partition {
    /// Whether a log that has nothing of the epoch of the last record read, nor of those before, behind this end parts from
    /// what was read.
    fn parts(&self, (epoch, end): (i32, i64)) -> bool {
        let is_known = epoch >= 0 && end >= 0;
        let is_behind = end < self.offset() || self.epoch_of_record().is_some_and(|read| epoch < read);
        is_known && is_behind && !is_planted(PlantedBug::SkipsValidation)
    }

    /// Whoever was fetched from says that its log parts from what was read. A follower that lags says so, too, and may be
    /// where the leader is thought to be; the question that comes next is answered by leaders alone.
    pub(crate) fn told_to_part(&mut self, scope: &mut Scope<'_>, end: (i32, i64)) {
        if self.read_epoch.is_some() && self.parts(end) {
            self.in_doubt = true;
            self.fail(scope, DIVERGENCE.to_owned());
        } else {
            self.fail(scope, NO_DIVERGENCE.to_owned());
        }
    }
}
