//! What consumers of a classic group tell each other, inside the bytes of `JoinGroup` and `SyncGroup`.
//!
//! Each of the two messages has its version in front, as an int16. A later version only adds fields at the end, so
//! what is newer than this crate is read as the newest that it knows.

use crate::wire::{
    Decode, DecodeError, DecodeFault, Encode, EncodeError, Sink, Version, decode_field, fault_of,
};
use crate::{Message, message};

/// What a member would like: its topics, and what it owned until now. Versions 0 to 3.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-3")]
pub struct ConsumerProtocolSubscription<'a> {
    pub topics: Vec<&'a str>,
    /// What the assignor wants to tell the leader.
    pub user_data: Option<&'a [u8]>,
    /// For the assignors that leave partitions where they are (KIP-429).
    #[field(versions = "1+", ignorable)]
    pub owned_partitions: Vec<TopicPartition<'a>>,
    /// The generation in which they were owned; -1 where it is not known (KIP-792).
    #[field(versions = "2+", default = -1, ignorable)]
    pub generation_id: i32,
    #[field(versions = "3+", ignorable)]
    pub rack_id: Option<&'a str>,
}

/// What a member is given by the leader. Versions 0 to 3, which are all the same.
#[derive(Debug, Clone, PartialEq, Message)]
#[message(versions = "0-3")]
pub struct ConsumerProtocolAssignment<'a> {
    pub assigned_partitions: Vec<TopicPartition<'a>>,
    /// What the leader's assignor wants to tell the member's.
    pub user_data: Option<&'a [u8]>,
}

/// Partitions of one topic.
#[derive(Debug, Clone, PartialEq, Message)]
pub struct TopicPartition<'a> {
    pub topic: &'a str,
    pub partitions: Vec<i32>,
}

impl<'a> ConsumerProtocolSubscription<'a> {
    /// Reads the `metadata` of a member, and the version that it was written in.
    ///
    /// # Errors
    /// When the bytes do not follow the grammar; offsets count from the version.
    pub fn read(metadata: &'a [u8]) -> Result<(i16, Self), DecodeError> {
        read(metadata)
    }

    /// Writes the `metadata` for [`JoinGroup`](super::join_group).
    ///
    /// # Errors
    /// When there is no such version.
    pub fn write(&self, version: i16) -> Result<Vec<u8>, EncodeError> {
        write(self, version)
    }
}

impl<'a> ConsumerProtocolAssignment<'a> {
    /// Reads the `assignment` of a member, and the version that it was written in. No bytes at all, which stand for
    /// no assignment, are an error here.
    ///
    /// # Errors
    /// When the bytes do not follow the grammar; offsets count from the version.
    pub fn read(assignment: &'a [u8]) -> Result<(i16, Self), DecodeError> {
        read(assignment)
    }

    /// Writes the `assignment` for [`SyncGroup`](super::sync_group).
    ///
    /// # Errors
    /// When there is no such version.
    pub fn write(&self, version: i16) -> Result<Vec<u8>, EncodeError> {
        write(self, version)
    }
}

fn read<'a, M: Message + Decode<'a>>(bytes: &'a [u8]) -> Result<(i16, M), DecodeError> {
    let plain = Version { number: 0, flexible: false };
    let mut version = *M::VERSIONS.start();
    let mut read = || {
        let (body, written) = decode_field::<i16>("version", bytes, plain).map_err(fault_of)?;
        if written < *M::VERSIONS.start() {
            return Err(DecodeFault::at(bytes, format!("a version from 0 on, found {written}")));
        }
        version = written;
        let known = written.min(*M::VERSIONS.end());
        M::decode(body, M::at(known)).map(|(_, message)| message).map_err(fault_of)
    };
    match read() {
        Ok(message) => Ok((version, message)),
        Err(fault) => Err(fault.of(M::NAME, version, bytes.len())),
    }
}

fn write<M: Message + Encode>(message: &M, version: i16) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    bytes.put(&version.to_be_bytes());
    message::write(version, message, &mut bytes).map_err(|fault| fault.of(M::NAME, version))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription() -> ConsumerProtocolSubscription<'static> {
        ConsumerProtocolSubscription {
            topics: vec!["t"],
            user_data: Some(b"u"),
            owned_partitions: vec![TopicPartition { topic: "t", partitions: vec![1] }],
            generation_id: 7,
            rack_id: Some("r"),
        }
    }

    #[test]
    fn a_subscription_has_its_version_in_front_and_plain_lengths() {
        let bytes = subscription().write(3).expect("a subscription");
        let expected = [
            &[0, 3][..],
            &[0, 0, 0, 1, 0, 1, b't'],
            &[0, 0, 0, 1, b'u'],
            &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 1],
            &[0, 0, 0, 7],
            &[0, 1, b'r'],
        ];
        assert_eq!(bytes, expected.concat());
        assert_eq!(ConsumerProtocolSubscription::read(&bytes), Ok((3, subscription())));
    }

    #[test]
    fn an_older_version_leaves_out_what_it_does_not_have() {
        let bytes = subscription().write(0).expect("a subscription");
        let (version, read) = ConsumerProtocolSubscription::read(&bytes).expect("a subscription");
        assert_eq!((version, read.generation_id, read.owned_partitions.len()), (0, -1, 0));
        assert_eq!(read.topics, subscription().topics);
    }

    #[test]
    fn a_version_of_the_future_is_read_as_the_newest_one() {
        let mut bytes = subscription().write(3).expect("a subscription");
        bytes[1] = 9;
        bytes.extend(b"more");
        assert_eq!(ConsumerProtocolSubscription::read(&bytes), Ok((9, subscription())));
    }

    #[test]
    fn an_assignment_reads_as_it_was_written() {
        let assignment = ConsumerProtocolAssignment {
            assigned_partitions: vec![TopicPartition { topic: "t", partitions: vec![0, 2] }],
            user_data: None,
        };
        let bytes = assignment.write(1).expect("an assignment");
        assert_eq!(ConsumerProtocolAssignment::read(&bytes), Ok((1, assignment)));
        assert!(ConsumerProtocolAssignment::read(&[]).is_err());
        assert!(ConsumerProtocolAssignment::read(&[0xff, 0xff]).is_err());
    }
}
