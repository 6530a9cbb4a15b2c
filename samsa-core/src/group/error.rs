//! Why a membership does not begin, or ends, and why offsets are not committed.

use std::sync::Arc;
use std::time::Duration;

use samsa_proto::ErrorCode;
use samsa_proto::zookeeper::{InexpressibleError, PathError};

use super::Assignor;
use super::pattern::PatternError;
use crate::broker_partition::UnnumberedPartition;
use crate::error::remedy;

/// Why there is no membership of a group, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// No topic was named, and no pattern given.
    #[error(
        "a consumer needs topics: name them with topics([..]), or choose them with matching(..) or not_matching(..)"
    )]
    NoTopic,
    /// Topics were named and a pattern given, or several patterns.
    #[error(
        "a consumer chooses its topics in one way: with topics([..]), or matching(..), or not_matching(..), a pattern once; `a|b` matches what either does"
    )]
    SeveralChoices,
    /// The pattern is not accepted.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// It was not said where to start.
    #[error(
        "say with start_at(..) where to start in partitions without a committed offset: there is no default that is right for everybody"
    )]
    NoStart,
    /// The cluster was not found through ZooKeeper, where groups of this kind live.
    #[error(
        "this group is to live in ZooKeeper, and this client knows no ensemble: connect with zookeeper(..) (--zookeeper), or leave the \
         protocol unsaid for a group on the brokers"
    )]
    NoZooKeeper,
    /// A name cannot stand in ZooKeeper.
    #[error(transparent)]
    Name(#[from] PathError),
    /// What the consumer wants cannot be registered in the dialect of the group.
    #[error(transparent)]
    Inexpressible(#[from] InexpressibleError),
    /// The dialect is that of the Scala consumers of 0.7, which share partitions of brokers of 0.7 alone. The members' part of it
    /// is there, but nothing could be handed out: this client has no connections to such brokers. So it is refused before
    /// anything is asked of ZooKeeper, whatever the cluster is.
    #[error(
        "groups of the Scala 0.7 dialect are for clusters of Kafka 0.7, whose brokers this client does not speak with yet: \
         leave the dialect at Scala, or take Samsa for a group with pykafka"
    )]
    Scala07,
    /// A broker has not registered itself as those of Kafka 0.7 do, which are what groups of the Scala 0.7 dialect share the
    /// partitions of. It left the group, or did not join it.
    #[error(
        "groups of the Scala 0.7 dialect are for clusters of Kafka 0.7, and broker {broker} of this one has registered {found}: \
         take the dialect Scala, as the consumers of 0.8 to 1.1 (--dialect scala), or Samsa for a group with pykafka (--dialect samsa)"
    )]
    NotKafka07 {
        /// Its id.
        broker: String,
        /// What it has registered, shortened.
        found: String,
    },
    /// A broker of Kafka 0.7 has partitions for which this client has no number. It left the group, or did not join it.
    #[error(transparent)]
    Unnumbered(#[from] UnnumberedPartition),
    /// Another assignor than `Range` was asked for in the dialect of the Scala consumers of 0.7, which have no other.
    #[error("consumers of Kafka 0.7 share partitions by range alone: leave the assignor at Range")]
    RangeAlone,
    /// Offsets of a group of the Scala 0.7 dialect were to be on the brokers.
    #[error(
        "groups of the Scala 0.7 dialect keep their offsets in ZooKeeper, since brokers of 0.7 keep none: leave `offsets` (--offsets) \
         unsaid, or say `OffsetStorage::ZooKeeper` (zookeeper)"
    )]
    OffsetsInZooKeeper,
    /// Offsets of a group of the Samsa dialect were to be in ZooKeeper.
    #[error(
        "pykafka keeps the offsets of a group on the brokers: leave `offsets` (--offsets) unsaid, or say `OffsetStorage::Brokers` (brokers)"
    )]
    OffsetsElsewhere,
    /// A member without a stream would never get a partition.
    #[error("a member takes part with one stream at least: leave `streams` (--streams) at 1, or say more")]
    NoStream,
    /// Every member of the group sorts the streams of all of them, in each round.
    #[error("streams({streams}) (--streams) is more than the {most} with which a member takes part at most")]
    TooManyStreams {
        /// How many were asked for.
        streams: u16,
        /// How many may be.
        most: u16,
    },
    /// Streams were asked for in the Samsa dialect, or on the brokers, where members have one share each.
    #[error(
        "streams({streams}) (--streams) is for the dialects of Scala's consumers: members that speak Samsa (--dialect samsa), and those \
         of groups on the brokers, have equal shares"
    )]
    StreamsUnknown {
        /// How many were asked for.
        streams: u16,
    },
    /// Locks where pykafka has them on Python 3 were asked for in another dialect than Samsa, in which there are none.
    #[error(
        "python3_owners (--python3-owners) is for the dialect Samsa (--dialect samsa): members of others lock their partitions in one place"
    )]
    Python3Owners,
    /// Members of the group lock their partitions in another folder than this one would: both would read the same partitions.
    #[error(
        "members of group {group:?} lock their partitions below {folder:?}, where pykafka {python} does: set \
         `python3_owners` to {is_python3}, or have all members leave first"
    )]
    OwnersElsewhere {
        /// The group.
        group: Arc<str>,
        /// The folder below `owners/` in which they are.
        folder: String,
        /// Which pykafka locks there.
        python: &'static str,
        /// What the setting has to be to share with them.
        is_python3: bool,
    },
    /// A member that was there before registered itself in a way that this client cannot share partitions with. It left the
    /// group, or did not join it.
    #[error(
        "group {group:?} has a member that was there first, and that this client cannot share with, {member}: {reason}; have it leave first, or choose another name"
    )]
    ForeignMember {
        /// The group.
        group: String,
        /// The member's id.
        member: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The member had not joined when its time was over.
    #[error(
        "group {group:?} was not joined within {within:?} ({last}); are the brokers up, and ZooKeeper if it lives there?"
    )]
    TimedOut {
        /// The group.
        group: Arc<str>,
        /// The bound.
        within: Duration,
        /// The last thing that went wrong.
        last: String,
    },
    /// Not everything that is done was committed when it left: the last commit of a partition failed, the time to leave was over,
    /// or the session lost. What is not committed will be handed out again, to whoever gets the partitions.
    #[error(
        "left with {partitions} partitions whose last offsets may not be committed ({reason}); they are handed out again from the last commit on"
    )]
    NotCommitted {
        /// How many.
        partitions: usize,
        /// What went wrong first.
        reason: String,
    },
    /// The group has no offsets in ZooKeeper, and the brokers know a group of this name. It was not said which of them is meant.
    #[error(
        "group {group:?} has no offsets in ZooKeeper, but on the brokers {offsets} offsets of these topics and {members} members: say offsets(Brokers) (--offsets brokers) to go on there, or offsets(ZooKeeper) (--offsets zookeeper) to begin in ZooKeeper, or choose another name"
    )]
    OnBrokersToo {
        /// The group.
        group: Arc<str>,
        /// Partitions of the wanted topics for which the brokers have an offset.
        offsets: usize,
        /// Consumers that the brokers coordinate under this name.
        members: usize,
    },
    /// The brokers do not tell where the group is, or would take no commit of it. It left the group, or did not join it.
    #[error("group {group:?} cannot keep its offsets on the brokers: {error}")]
    Offsets {
        /// The group.
        group: Arc<str>,
        /// Why not.
        error: OffsetsError,
    },
    /// Offsets of a group on the brokers were to be in ZooKeeper.
    #[error(
        "a group on the brokers keeps its offsets there: leave `offsets` (--offsets) unsaid, or say `OffsetStorage::Brokers` (brokers)"
    )]
    OffsetsOnBrokers,
    /// Heartbeats would come too late, or never.
    #[error(
        "a heartbeat every {heartbeat_interval:?} (heartbeat.interval.ms) does not keep a member in a group that may take it out after \
         {least:?} (session.timeout.ms, or max.poll.interval.ms if that is shorter): let it be a third of that, and more than nothing"
    )]
    Times {
        /// What was asked for.
        heartbeat_interval: Duration,
        /// The session timeout, or the rebalance timeout if that is shorter.
        least: Duration,
    },
    /// Members of groups on the brokers do not share in this way.
    #[error(
        "groups on the brokers are not shared out by {assignor:?}: take Range or RoundRobin, or leave it unsaid"
    )]
    AssignorUnknown {
        /// What was asked for.
        assignor: Assignor,
    },
    /// The group has no coordinator for this member: nobody may be asked, or nobody can be. It left the group, or did not join it.
    #[error("group {group:?} has no coordinator for this member: {error}")]
    Coordinator {
        /// The group.
        group: Arc<str>,
        /// Why not.
        error: OffsetsError,
    },
    /// The brokers are older than 0.9.
    #[error(
        "group {group:?} cannot be on the brokers: these are older than Kafka 0.9, with which that began; keep it in ZooKeeper (`GroupProtocol::ZooKeeper`, with zookeeper(..))"
    )]
    NotCoordinated {
        /// The group.
        group: Arc<str>,
    },
    /// The coordinator does not speak the protocol of KIP-848.
    #[error(
        "group {group:?} cannot have members of the protocol of KIP-848: that takes brokers of Kafka 4.0 or later, with the feature group.version switched on; say `GroupProtocol::Brokers` to go on without it where it is not to be had"
    )]
    NoConsumerProtocol {
        /// The group.
        group: Arc<str>,
    },
    /// The group has members of the classic protocol, and the broker does not take others beside them.
    #[error(
        "group {group:?} has members of the classic protocol that the coordinator does not move to that of KIP-848: say `GroupProtocol::Classic` or `GroupProtocol::Brokers` to join them, or see to the brokers' group.consumer.migration.policy"
    )]
    ClassicMembers {
        /// The group.
        group: Arc<str>,
    },
    /// Its members share in another way than this one would, or speak another protocol.
    #[error(
        "the members of group {group:?} share partitions in another way than this one: have all say the same assignor, and the same protocol where the group has members of KIP-848"
    )]
    OtherAssignor {
        /// The group.
        group: Arc<str>,
    },
    /// The coordinator does not allow this session timeout.
    #[error(
        "the coordinator of group {group:?} does not allow this session timeout (session.timeout.ms): see the brokers' group.min.session.timeout.ms and group.max.session.timeout.ms"
    )]
    SessionTimeout {
        /// The group.
        group: Arc<str>,
    },
    /// The coordinator refuses the member for another reason.
    #[error("the coordinator of group {group:?} refuses this member: {code}{}; {}", said(message.as_deref()), remedy(*code))]
    Refused {
        /// The group.
        group: Arc<str>,
        /// What the broker said.
        code: ErrorCode,
        /// What it has said beside that.
        message: Option<String>,
    },
    /// The name of a rack is longer than brokers can be told.
    #[error("a rack's name of {bytes} bytes: brokers take {limit} at most; give a shorter one, or none")]
    RackTooLong {
        /// How long it is.
        bytes: usize,
        /// How long it may be.
        limit: usize,
    },
    /// Too many commands or readers.
    #[error("{open} readers or commands are open already; close some of them")]
    Busy {
        /// How many.
        open: usize,
    },
    /// The client was closed.
    #[error("the client is closed; connect anew")]
    Closed,
}

fn said(message: Option<&str>) -> String {
    message.map(|message| format!(" ({message})")).unwrap_or_default()
}

impl GroupError {
    /// What the refusal of a coordinator means.
    pub(crate) fn refused(group: Arc<str>, code: ErrorCode, message: Option<String>) -> Self {
        match code {
            ErrorCode::INCONSISTENT_GROUP_PROTOCOL | ErrorCode::UNSUPPORTED_ASSIGNOR => {
                Self::OtherAssignor { group }
            }
            ErrorCode::INVALID_SESSION_TIMEOUT => Self::SessionTimeout { group },
            ErrorCode::INVALID_GROUP_ID => Self::Coordinator { group, error: OffsetsError::InvalidGroup },
            ErrorCode::GROUP_AUTHORIZATION_FAILED | ErrorCode::TOPIC_AUTHORIZATION_FAILED => {
                Self::Coordinator { group, error: OffsetsError::NotAuthorized { code } }
            }
            code => Self::Refused { group, code, message },
        }
    }

    /// Whether to join again may succeed, with nothing changed on this side: ZooKeeper was late, too much was open, members were
    /// there that may leave, or the brokers' refusal is one that passes.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Offsets { error, .. } | Self::Coordinator { error, .. } => error.is_retriable(),
            Self::Refused { code, .. } => *code == ErrorCode::GROUP_MAX_SIZE_REACHED || code.is_retriable(),
            Self::TimedOut { .. }
            | Self::Busy { .. }
            | Self::ForeignMember { .. }
            | Self::OwnersElsewhere { .. } => true,
            _ => false,
        }
    }
}

/// Why the brokers do not tell, or keep, the offsets of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum OffsetsError {
    /// Who asks has no permission.
    #[error("{code}; grant this client Read on the group and on its topics")]
    NotAuthorized {
        /// What the broker said.
        code: ErrorCode,
    },
    /// Brokers do not take this name for a group.
    #[error(
        "brokers take no group of this name (INVALID_GROUP_ID); choose another one, or keep it, or its offsets, in ZooKeeper"
    )]
    InvalidGroup,
    /// The brokers are older than 0.8.2.
    #[error("the brokers keep no offsets: that began with Kafka 0.8.2; keep them in ZooKeeper")]
    NotOffered,
    /// A group of this name has members that the brokers coordinate: only they may commit.
    #[error(
        "a group of this name has members that the brokers coordinate, and only they may commit; stop them, or choose another name"
    )]
    HasMembers,
    /// The broker refuses it for another reason.
    #[error("the coordinator refuses it: {code}; {}", remedy(*code))]
    Refused {
        /// What the broker said.
        code: ErrorCode,
    },
    /// The coordinator was not found, or not ready, in time.
    #[error(
        "the group's coordinator could not be asked within {within:?} ({last}); are the brokers up that hold __consumer_offsets?"
    )]
    Unavailable {
        /// For how long it was tried.
        within: Duration,
        /// The last thing that went wrong.
        last: String,
    },
    /// It was asked, and gave no answer: what was to be committed may be.
    #[error("the group's coordinator did not answer: {reason}; try again")]
    Unanswered {
        /// What happened.
        reason: String,
    },
}

impl OffsetsError {
    /// Whether to ask again may help, with nothing changed.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Refused { code } => code.is_retriable(),
            Self::Unavailable { .. } | Self::Unanswered { .. } => true,
            Self::NotAuthorized { .. } | Self::InvalidGroup | Self::NotOffered | Self::HasMembers => false,
        }
    }

    /// Whether it says that on the brokers there can be nothing of the group.
    pub(crate) fn says_no_group(&self) -> bool {
        matches!(self, Self::InvalidGroup | Self::NotOffered)
    }
}

/// Why offsets were not committed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Some partition's offset could not be written, or is not this member's any more: whoever has it goes on at the last
    /// commit.
    #[error("not everything was committed: {reason}; what this member still has goes with the next commit")]
    Failed {
        /// What went wrong first.
        reason: String,
    },
    /// The time was over; it may still be committed.
    #[error("not committed within {within:?} ({last}); it is tried again with the next")]
    TimedOut {
        /// The bound.
        within: Duration,
        /// The last thing that went wrong.
        last: String,
    },
    /// Another commit of this member is under way.
    #[error("a commit of this consumer is under way already; wait for it")]
    Busy,
    /// The consumer has ended, or the client was closed.
    #[error("the consumer has ended; subscribe again")]
    Closed,
}

impl CommitError {
    /// Whether the next commit may succeed.
    pub fn is_retriable(&self) -> bool {
        !matches!(self, Self::Closed)
    }
}
