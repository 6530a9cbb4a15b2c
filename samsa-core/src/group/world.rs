//! What a member does to the rest of the client.

use super::GroupError;
use super::offsets::CoordinatorAsk;
use crate::consumer::{ConsumerEvent, Held};
use crate::id::{SessionId, ZkRequestId};
use crate::intent::Intent;
use crate::offset::Offset;
use crate::time::Instant;
use crate::topology::TopicPartition;

/// How far the application has come in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Done {
    /// It is done with everything before this offset.
    pub(crate) offset: i64,
    /// Grows when it went elsewhere by its own will, or was told that its position is lost: then the offset may be lower
    /// than before.
    pub(crate) turn: u64,
}

impl Done {
    pub(crate) fn is_before(self, other: Self) -> bool {
        (self.turn, self.offset) < (other.turn, other.offset)
    }
}

/// The rest of the client, as a member sees it.
pub(crate) trait World {
    fn intend(&mut self, intent: Intent);
    /// A name for a session that was never used.
    fn next_session(&mut self) -> SessionId;
    /// Asks the group's coordinator. It is answered once, as [`MemberInput::Brokers`](super::member::MemberInput::Brokers), unless
    /// it is dropped before.
    fn ask_brokers(&mut self, id: ZkRequestId, ask: CoordinatorAsk);
    /// Nothing that was asked of the coordinator is wanted any more: what was not sent is not.
    fn drop_asked(&mut self);
    /// The partition is read from there on. If it is withheld, nothing of it is handed out before it is read on; where it
    /// begins is found out all the same. Says in which turn.
    fn assign(&mut self, partition: &TopicPartition, start: Offset, is_withheld: bool) -> Option<u64>;
    /// The partition is not withheld any more.
    fn read_on(&mut self, partition: &TopicPartition);
    /// A partition that is withheld since this turn is read from there on, unless the application has gone elsewhere since.
    /// Says in which turn, if so.
    fn begin_at(&mut self, partition: &TopicPartition, offset: i64, since: u64) -> Option<u64>;
    /// From now on nothing of the partition is handed out. What was done of it is known until it is forgotten.
    fn withdraw(&mut self, partition: &TopicPartition);
    fn forget(&mut self, partition: &TopicPartition);
    fn done(&self, partition: &TopicPartition) -> Option<Done>;
    /// Where the partition began to be read, once that is known.
    fn start(&self, partition: &TopicPartition) -> Option<Done>;
    /// How far it was handed out, if it was: what is to be committed sooner or later.
    fn handed_out(&self, partition: &TopicPartition) -> Option<Done>;
    /// What of it is handed out may be handed out until then, while the wall clock is no further ahead.
    fn renew(&mut self, until: Instant, ahead: i64);
    /// Nothing is handed out until that is renewed.
    fn end_lease(&mut self);
    /// Tells that these are revoked; what is given back says whether the application still holds them.
    fn revoking(&mut self, partitions: Vec<TopicPartition>, until: Instant) -> Held;
    fn tell(&mut self, event: ConsumerEvent);
    fn show(&mut self, assignment: Vec<TopicPartition>);
    /// The membership stands: the first share is known.
    fn joined(&mut self);
    /// All that was to be committed is, or why not.
    fn committed(&mut self, result: Result<(), String>);
    /// The membership is over.
    fn over(&mut self, failure: Option<GroupError>);
}
