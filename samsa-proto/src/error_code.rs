//! What brokers answer when something is wrong.

use std::fmt;

use crate::wire::{Decode, Describe, Encode, EncodeFault, Kind, Parsed, Sink, Version};

/// A code as it stands in responses. Codes that are newer than this crate keep their number.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrorCode(pub i16);

/// A line of the table below.
struct Entry {
    code: i16,
    name: &'static str,
    is_retriable: bool,
    meaning: &'static str,
}

macro_rules! retriable {
    (retriable) => {
        true
    };
    (final) => {
        false
    };
}

macro_rules! codes {
    ($($code:literal, $name:ident, $fate:ident, $meaning:literal;)*) => {
        impl ErrorCode {
            $(#[doc = concat!($code, ": ", $meaning, ".")]
            pub const $name: Self = Self($code);)*
        }

        /// In ascending order without gaps, from -1.
        const TABLE: &[Entry] = &[$(Entry {
            code: $code,
            name: stringify!($name),
            is_retriable: retriable!($fate),
            meaning: $meaning,
        },)*];
    };
}

impl ErrorCode {
    /// Whether there is no error.
    pub fn is_ok(self) -> bool {
        self == Self::NONE
    }

    /// `Ok` where there is no error, to be used with `?`.
    pub fn ok(self) -> Result<(), Self> {
        if self.is_ok() { Ok(()) } else { Err(self) }
    }

    /// As Apache names it, such as `NOT_LEADER_OR_FOLLOWER`; none for a code that this crate does not know.
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|entry| entry.name)
    }

    /// What is wrong, in a sentence.
    pub fn meaning(self) -> &'static str {
        self.entry().map_or("an error that this client does not know", |entry| entry.meaning)
    }

    /// Whether the same request may succeed later, perhaps after a look at fresh metadata. As Apache's client has it;
    /// false for a code that this crate does not know.
    pub fn is_retriable(self) -> bool {
        self.entry().is_some_and(|entry| entry.is_retriable)
    }

    /// All codes that this crate knows, ascending.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|entry| Self(entry.code))
    }

    fn entry(self) -> Option<&'static Entry> {
        TABLE.get(usize::try_from(self.0.checked_add(1)?).ok()?)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({}): {}", self.0, self.meaning()),
            None => write!(f, "error code {}: {}", self.0, self.meaning()),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "ErrorCode({})", self.0),
        }
    }
}

impl std::error::Error for ErrorCode {}

impl From<i16> for ErrorCode {
    fn from(code: i16) -> Self {
        Self(code)
    }
}

impl Decode<'_> for ErrorCode {
    fn decode(input: &[u8], at: Version) -> Parsed<'_, Self> {
        i16::decode(input, at).map(|(rest, code)| (rest, Self(code)))
    }

    fn least(at: Version) -> usize {
        i16::least(at)
    }
}

impl Encode for ErrorCode {
    fn encode(&self, at: Version, sink: &mut dyn Sink) -> Result<(), EncodeFault> {
        self.0.encode(at, sink)
    }
}

impl Describe for ErrorCode {
    const KIND: Kind = Kind::Int16;
}

codes! {
    -1, UNKNOWN_SERVER_ERROR, final, "the broker ran into an error that it has no code for";
    0, NONE, final, "no error";
    1, OFFSET_OUT_OF_RANGE, final, "the offset lies outside of what the partition's log still holds or has reached";
    2, CORRUPT_MESSAGE, retriable, "a record failed its CRC, has a size that cannot be, or lacks the key that a compacted topic asks for";
    3, UNKNOWN_TOPIC_OR_PARTITION, retriable, "this broker does not host the partition, or no such topic exists";
    4, INVALID_FETCH_SIZE, final, "the size to fetch is not a valid one";
    5, LEADER_NOT_AVAILABLE, retriable, "the partition has no leader while one is being elected";
    6, NOT_LEADER_OR_FOLLOWER, retriable, "this broker does not lead the partition, or holds no replica of it";
    7, REQUEST_TIMED_OUT, retriable, "the broker did not finish within the time that the request gave it";
    8, BROKER_NOT_AVAILABLE, final, "the broker asked for is not alive";
    9, REPLICA_NOT_AVAILABLE, retriable, "the replica asked for is not to be had on this broker";
    10, MESSAGE_TOO_LARGE, final, "a record or batch is larger than the broker takes";
    11, STALE_CONTROLLER_EPOCH, final, "the request comes from a controller that has been replaced";
    12, OFFSET_METADATA_TOO_LARGE, final, "the metadata stored with an offset is longer than the broker takes";
    13, NETWORK_EXCEPTION, retriable, "the connection was lost before the answer came";
    14, COORDINATOR_LOAD_IN_PROGRESS, retriable, "the coordinator is still loading what it has to know";
    15, COORDINATOR_NOT_AVAILABLE, retriable, "the coordinator is not up, or not chosen yet";
    16, NOT_COORDINATOR, retriable, "this broker is not the coordinator";
    17, INVALID_TOPIC_EXCEPTION, final, "the topic's name is not allowed, or the topic may not be written to";
    18, RECORD_LIST_TOO_LARGE, final, "the batch is larger than a segment of the log may be";
    19, NOT_ENOUGH_REPLICAS, retriable, "fewer replicas are in sync than the topic asks for, nothing was written";
    20, NOT_ENOUGH_REPLICAS_AFTER_APPEND, retriable, "the batch was written, but fewer replicas than asked for have it";
    21, INVALID_REQUIRED_ACKS, final, "the number of acknowledgements asked for is none of -1, 0 and 1";
    22, ILLEGAL_GENERATION, final, "the member is of another generation of its group";
    23, INCONSISTENT_GROUP_PROTOCOL, final, "the member supports no protocol that the others of its group support, or names none at all";
    24, INVALID_GROUP_ID, final, "the group id is not allowed";
    25, UNKNOWN_MEMBER_ID, final, "the coordinator does not know this member";
    26, INVALID_SESSION_TIMEOUT, final, "the session timeout is outside of what the broker allows";
    27, REBALANCE_IN_PROGRESS, final, "the group is rebalancing, its members have to join anew";
    28, INVALID_COMMIT_OFFSET_SIZE, final, "the offsets to commit are larger than the broker stores";
    29, TOPIC_AUTHORIZATION_FAILED, final, "not authorized for the topic";
    30, GROUP_AUTHORIZATION_FAILED, final, "not authorized for the group";
    31, CLUSTER_AUTHORIZATION_FAILED, final, "not authorized for the cluster";
    32, INVALID_TIMESTAMP, final, "a record's timestamp is too far from the broker's clock";
    33, UNSUPPORTED_SASL_MECHANISM, final, "the broker does not offer this SASL mechanism";
    34, ILLEGAL_SASL_STATE, final, "the request does not fit the state of the SASL exchange";
    35, UNSUPPORTED_VERSION, final, "the broker does not speak this version of the API";
    36, TOPIC_ALREADY_EXISTS, final, "a topic of this name exists";
    37, INVALID_PARTITIONS, final, "the number of partitions is not a valid one";
    38, INVALID_REPLICATION_FACTOR, final, "the replication factor is below 1, or above the number of brokers";
    39, INVALID_REPLICA_ASSIGNMENT, final, "the assignment of replicas is not a valid one";
    40, INVALID_CONFIG, final, "the configuration is not a valid one";
    41, NOT_CONTROLLER, retriable, "this broker is not the controller";
    42, INVALID_REQUEST, final, "the request contradicts itself or the protocol; the broker's log says more";
    43, UNSUPPORTED_FOR_MESSAGE_FORMAT, final, "the partition's log is in a format that is too old for the request";
    44, POLICY_VIOLATION, final, "a policy of the broker forbids the request";
    45, OUT_OF_ORDER_SEQUENCE_NUMBER, final, "a batch's sequence does not follow the last one of its producer: one before it is missing";
    46, DUPLICATE_SEQUENCE_NUMBER, final, "a batch of this sequence was written before";
    47, INVALID_PRODUCER_EPOCH, final, "the producer's epoch is not the current one";
    48, INVALID_TXN_STATE, final, "the transaction's state does not allow this";
    49, INVALID_PRODUCER_ID_MAPPING, final, "the producer id does not belong to the transactional id any more";
    50, INVALID_TRANSACTION_TIMEOUT, final, "the transaction timeout is above what the broker allows";
    51, CONCURRENT_TRANSACTIONS, retriable, "an earlier operation on the same transaction is not finished yet";
    52, TRANSACTION_COORDINATOR_FENCED, final, "the coordinator that sent a transaction marker has been replaced";
    53, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, final, "not authorized for the transactional id";
    54, SECURITY_DISABLED, final, "the broker has no authorizer or no such security feature set up";
    55, OPERATION_NOT_ATTEMPTED, final, "the broker did not try this part of the request, since another part failed";
    56, KAFKA_STORAGE_ERROR, retriable, "the broker could not read or write its disk";
    57, LOG_DIR_NOT_FOUND, final, "the broker has no such log directory";
    58, SASL_AUTHENTICATION_FAILED, final, "the credentials were refused";
    59, UNKNOWN_PRODUCER_ID, final, "the broker has no record of this producer id, or not any more";
    60, REASSIGNMENT_IN_PROGRESS, final, "the partition's replicas are being reassigned";
    61, DELEGATION_TOKEN_AUTH_DISABLED, final, "delegation tokens are switched off";
    62, DELEGATION_TOKEN_NOT_FOUND, final, "the broker knows no such delegation token";
    63, DELEGATION_TOKEN_OWNER_MISMATCH, final, "the principal neither owns the delegation token nor may renew it";
    64, DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, final, "delegation tokens are not given out on this kind of connection";
    65, DELEGATION_TOKEN_AUTHORIZATION_FAILED, final, "not authorized for the delegation token";
    66, DELEGATION_TOKEN_EXPIRED, final, "the delegation token has expired";
    67, INVALID_PRINCIPAL_TYPE, final, "the broker does not support this kind of principal";
    68, NON_EMPTY_GROUP, final, "the group has members";
    69, GROUP_ID_NOT_FOUND, final, "no such group exists";
    70, FETCH_SESSION_ID_NOT_FOUND, retriable, "the broker has forgotten this fetch session";
    71, INVALID_FETCH_SESSION_EPOCH, retriable, "the fetch session is at another epoch";
    72, LISTENER_NOT_FOUND, retriable, "the leader has no listener like the one that was asked";
    73, TOPIC_DELETION_DISABLED, final, "the broker does not let topics be deleted";
    74, FENCED_LEADER_EPOCH, retriable, "the leader epoch in the request is older than the broker's";
    75, UNKNOWN_LEADER_EPOCH, retriable, "the leader epoch in the request is newer than the broker's";
    76, UNSUPPORTED_COMPRESSION_TYPE, final, "the records are compressed in a way that this version of the request cannot be given";
    77, STALE_BROKER_EPOCH, final, "the broker has been registered anew since";
    78, OFFSET_NOT_AVAILABLE, retriable, "the new leader does not know yet up to where its log is committed";
    79, MEMBER_ID_REQUIRED, final, "the member has to join again with the id that comes with this answer";
    80, PREFERRED_LEADER_NOT_AVAILABLE, retriable, "the preferred leader is not available";
    81, GROUP_MAX_SIZE_REACHED, final, "the group has as many members as it may have";
    82, FENCED_INSTANCE_ID, final, "another member took over this group instance id";
    83, ELIGIBLE_LEADERS_NOT_AVAILABLE, retriable, "no replica that may lead is available";
    84, ELECTION_NOT_NEEDED, retriable, "the partition has the leader that an election would give it";
    85, NO_REASSIGNMENT_IN_PROGRESS, final, "no reassignment of the partition is under way";
    86, GROUP_SUBSCRIBED_TO_TOPIC, final, "the group subscribes to the topic, so its offsets stay";
    87, INVALID_RECORD, final, "the broker's checks refused a record";
    88, UNSTABLE_OFFSET_COMMIT, retriable, "the group's offsets wait for a transaction to end";
    89, THROTTLING_QUOTA_EXCEEDED, retriable, "the client is above its quota";
    90, PRODUCER_FENCED, final, "a newer producer uses this transactional id";
    91, RESOURCE_NOT_FOUND, final, "the request names something that does not exist";
    92, DUPLICATE_RESOURCE, final, "the request names the same thing twice";
    93, UNACCEPTABLE_CREDENTIAL, final, "the credential does not meet the broker's demands";
    94, INCONSISTENT_VOTER_SET, final, "sender or receiver is not among the voters";
    95, INVALID_UPDATE_VERSION, final, "the feature version to set is not a valid one";
    96, FEATURE_UPDATE_FAILED, final, "the controller failed to store the feature versions";
    97, PRINCIPAL_DESERIALIZATION_FAILURE, final, "a forwarded request names its principal in a form that cannot be read";
    98, SNAPSHOT_NOT_FOUND, final, "no such snapshot exists";
    99, POSITION_OUT_OF_RANGE, final, "the position lies outside of the snapshot";
    100, UNKNOWN_TOPIC_ID, retriable, "this broker does not host a topic of this id";
    101, DUPLICATE_BROKER_REGISTRATION, final, "another broker is registered under this id";
    102, BROKER_ID_NOT_REGISTERED, final, "no broker is registered under this id";
    103, INCONSISTENT_TOPIC_ID, retriable, "the log belongs to a topic of another id";
    104, INCONSISTENT_CLUSTER_ID, final, "this broker belongs to another cluster";
    105, TRANSACTIONAL_ID_NOT_FOUND, final, "no such transactional id exists";
    106, FETCH_SESSION_TOPIC_ID_ERROR, retriable, "the fetch session mixes topic names and topic ids, or an id changed";
    107, INELIGIBLE_REPLICA, final, "a replica that is to count as in sync may not";
    108, NEW_LEADER_ELECTED, final, "the partition was altered, and has another leader now";
    109, OFFSET_MOVED_TO_TIERED_STORAGE, final, "the offset has moved to tiered storage";
    110, FENCED_MEMBER_EPOCH, final, "the member's epoch is fenced: it has to give up its partitions and join anew";
    111, UNRELEASED_INSTANCE_ID, final, "another member still uses this instance id, it has to leave first";
    112, UNSUPPORTED_ASSIGNOR, final, "the group has no such assignor";
    113, STALE_MEMBER_EPOCH, final, "the member's epoch is not the current one; the next heartbeat tells it";
    114, MISMATCHED_ENDPOINT_TYPE, final, "the request is for brokers and went to a controller, or the other way round";
    115, UNSUPPORTED_ENDPOINT_TYPE, final, "this kind of endpoint is not supported yet";
    116, UNKNOWN_CONTROLLER_ID, final, "no controller has this id";
    117, UNKNOWN_SUBSCRIPTION_ID, final, "the telemetry subscription is not the current one";
    118, TELEMETRY_TOO_LARGE, final, "the telemetry is larger than the broker takes";
    119, INVALID_REGISTRATION, final, "the controller refuses the broker's registration";
    120, TRANSACTION_ABORTABLE, final, "the transaction has to be aborted; the producer may go on after that";
    121, INVALID_RECORD_STATE, final, "the record is not in a state in which it could be acknowledged";
    122, SHARE_SESSION_NOT_FOUND, retriable, "the broker has forgotten this share session";
    123, INVALID_SHARE_SESSION_EPOCH, retriable, "the share session is at another epoch";
    124, FENCED_STATE_EPOCH, final, "the state epoch is not the current one";
    125, INVALID_VOTER_KEY, final, "the voter's key is not that of the replica that was asked";
    126, DUPLICATE_VOTER, final, "the replica is a voter";
    127, VOTER_NOT_FOUND, final, "the replica is no voter";
    128, INVALID_REGULAR_EXPRESSION, final, "the regular expression is not a valid one";
    129, REBOOTSTRAP_REQUIRED, final, "the client's view of the cluster is out of date: it has to begin again from its bootstrap addresses";
    130, STREAMS_INVALID_TOPOLOGY, final, "the topology is not a valid one";
    131, STREAMS_INVALID_TOPOLOGY_EPOCH, final, "the topology's epoch is not a valid one";
    132, STREAMS_TOPOLOGY_FENCED, final, "the topology's epoch is out of date";
    133, SHARE_SESSION_LIMIT_REACHED, retriable, "the broker has as many share sessions as it may have";
    134, GROUP_DELETION_FAILED, final, "the group could not be deleted; the message that comes with it says why";
    135, STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED, final, "the topology description could not be stored; the message that comes with it says why";
    136, CONTROLLER_ID_NOT_REGISTERED, final, "no controller is registered under this id";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_under_its_own_number() {
        assert_eq!(ErrorCode::all().count(), 138);
        for (code, entry) in (-1..).zip(TABLE) {
            assert_eq!(entry.code, code);
            assert_eq!(ErrorCode(code).name(), Some(entry.name));
        }
    }

    #[test]
    fn a_code_from_the_future_keeps_its_number() {
        for number in [-2, 137, i16::MIN, i16::MAX] {
            let code = ErrorCode::from(number);
            assert_eq!((code.0, code.name(), code.is_retriable()), (number, None, false));
        }
        assert_eq!(ErrorCode(999).to_string(), "error code 999: an error that this client does not know");
    }

    #[test]
    fn a_code_says_its_name_and_whether_to_try_again() {
        assert!(ErrorCode::NOT_LEADER_OR_FOLLOWER.is_retriable());
        assert!(!ErrorCode::TOPIC_AUTHORIZATION_FAILED.is_retriable());
        assert!(ErrorCode::NONE.ok().is_ok());
        assert_eq!(
            ErrorCode(3).to_string(),
            "UNKNOWN_TOPIC_OR_PARTITION (3): this broker does not host the partition, or no such topic exists"
        );
    }
}
