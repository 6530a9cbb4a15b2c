//! Where things stand in ZooKeeper. All paths are relative to the chroot of the connect string.
//!
//! Names that become part of a path are checked as ZooKeeper itself checks them, so a group called `../other` is an
//! error here and not a surprise there. Whether Kafka takes a topic's name is for the brokers to say.

use std::fmt;

use thiserror::Error;

/// The registrations of the living brokers; a child for each.
pub const BROKER_IDS: &str = "/brokers/ids";
/// The topics; a child for each.
pub const TOPICS: &str = "/brokers/topics";
/// The [topic](super::TopicRegistration) in which brokers keep the offsets of groups, where they keep any.
pub const GROUP_OFFSETS: &str = "/brokers/topics/__consumer_offsets";
/// The consumer groups that live in ZooKeeper; a child for each.
pub const CONSUMERS: &str = "/consumers";
/// The [controller](super::Controller).
pub const CONTROLLER: &str = "/controller";
/// The [controller's epoch](super::ControllerEpoch).
pub const CONTROLLER_EPOCH: &str = "/controller_epoch";
/// The [cluster's id](super::ClusterId).
pub const CLUSTER_ID: &str = "/cluster/id";

/// A name that cannot be part of a ZooKeeper path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{part} {name:?} cannot stand in ZooKeeper: {fault}; choose another name")]
pub struct PathError {
    /// What the name names: `topic`, `group`, ...
    pub part: &'static str,
    /// The name as given.
    pub name: String,
    /// What is wrong with it.
    pub fault: NameFault,
}

/// What can be wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameFault {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is `.` or `..`.
    #[error("it is a relative path")]
    Relative,
    /// It holds a character that ZooKeeper refuses: `/`, a control character, or one beyond the basic plane.
    #[error("it holds {0:?}")]
    Character(char),
}

/// `/brokers/ids/N`: one broker's [registration](super::BrokerRegistration).
pub fn broker(id: i32) -> String {
    format!("{BROKER_IDS}/{id}")
}

/// `/brokers/topics/T`: one [topic](super::TopicRegistration). In Kafka 0.7 its children are the brokers that have it.
pub fn topic(topic: &str) -> Result<String, PathError> {
    Ok(format!("{TOPICS}/{}", checked("topic", topic)?))
}

/// `/brokers/topics/T/N`: how many partitions of the topic broker `N` has, in Kafka 0.7.
pub fn partition_count(topic: &str, broker: i32) -> Result<String, PathError> {
    Ok(format!("{}/{broker}", self::topic(topic)?))
}

/// `/brokers/topics/T/partitions`: a child for each partition that has a state.
pub fn partitions(topic: &str) -> Result<String, PathError> {
    Ok(format!("{}/partitions", self::topic(topic)?))
}

/// `/brokers/topics/T/partitions/P/state`: the [state](super::PartitionState) of one partition.
pub fn partition_state(topic: &str, partition: i32) -> Result<String, PathError> {
    Ok(format!("{}/{partition}/state", partitions(topic)?))
}

/// `/consumers/G`: one group.
pub fn group(group: &str) -> Result<String, PathError> {
    Ok(format!("{CONSUMERS}/{}", checked("group", group)?))
}

/// `/consumers/G/ids`: a child for each member.
pub fn consumer_ids(group: &str) -> Result<String, PathError> {
    Ok(format!("{}/ids", self::group(group)?))
}

/// `/consumers/G/ids/C`: one member's [registration](super::ConsumerRegistration).
pub fn consumer_id(group: &str, consumer: &str) -> Result<String, PathError> {
    Ok(format!("{}/{}", consumer_ids(group)?, checked("consumer", consumer)?))
}

/// `/consumers/G/owners`: a child for each topic.
pub fn owners(group: &str) -> Result<String, PathError> {
    Ok(format!("{}/owners", self::group(group)?))
}

/// `/consumers/G/owners/T`: a child for each partition that is owned. The folder is the topic's name, or
/// [another](python3_folder) in groups with pykafka on Python 3.
pub fn topic_owners(group: &str, folder: &str) -> Result<String, PathError> {
    Ok(format!("{}/{}", owners(group)?, checked("topic", folder)?))
}

/// `/consumers/G/owners/T/P`: the [owner](super::Owner) of one partition, usually a [`PartitionNode`](super::PartitionNode).
pub fn owner(group: &str, folder: &str, partition: impl fmt::Display) -> Result<String, PathError> {
    Ok(format!("{}/{partition}", topic_owners(group, folder)?))
}

/// `/consumers/G/offsets`: a child for each topic.
pub fn offsets(group: &str) -> Result<String, PathError> {
    Ok(format!("{}/offsets", self::group(group)?))
}

/// `/consumers/G/offsets/T`: a child for each partition with a committed offset.
pub fn topic_offsets(group: &str, topic: &str) -> Result<String, PathError> {
    Ok(format!("{}/{}", offsets(group)?, checked("topic", topic)?))
}

/// `/consumers/G/offsets/T/P`: the [offset](super::read_offset) of one partition, usually a
/// [`PartitionNode`](super::PartitionNode).
pub fn offset(group: &str, topic: &str, partition: impl fmt::Display) -> Result<String, PathError> {
    Ok(format!("{}/{partition}", topic_offsets(group, topic)?))
}

/// The folder of owner nodes that pykafka makes on Python 3, literally `b'T'`: its topic names are bytes. Members that
/// use this folder and members that use the topic's plain name do not see each other's locks.
pub fn python3_folder(topic: &str) -> String {
    format!("b'{topic}'")
}

/// A name that may stand in a path: not empty, not relative, without the characters that ZooKeeper refuses.
pub(crate) fn check(name: &str) -> Result<(), NameFault> {
    match name {
        "" => Err(NameFault::Empty),
        "." | ".." => Err(NameFault::Relative),
        _ => name.chars().find(|c| refused(*c)).map_or(Ok(()), |c| Err(NameFault::Character(c))),
    }
}

/// Java sees characters beyond the basic plane as surrogates, which ZooKeeper refuses.
fn refused(c: char) -> bool {
    matches!(c, '/' | '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..)
}

fn checked<'a>(part: &'static str, name: &'a str) -> Result<&'a str, PathError> {
    check(name).map_err(|fault| PathError { part, name: name.to_owned(), fault })?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_its_place() {
        assert_eq!(broker(3), "/brokers/ids/3");
        for (path, expected) in [
            (topic("T"), "/brokers/topics/T"),
            (partition_count("T", 3), "/brokers/topics/T/3"),
            (partitions("T"), "/brokers/topics/T/partitions"),
            (partition_state("T", 0), "/brokers/topics/T/partitions/0/state"),
            (consumer_ids("G"), "/consumers/G/ids"),
            (consumer_id("G", "C"), "/consumers/G/ids/C"),
            (topic_owners("G", "T"), "/consumers/G/owners/T"),
            (owner("G", "T", 0), "/consumers/G/owners/T/0"),
            (owner("G", &python3_folder("T"), "1-0"), "/consumers/G/owners/b'T'/1-0"),
            (topic_offsets("G", "T"), "/consumers/G/offsets/T"),
            (offset("G", "T", 0), "/consumers/G/offsets/T/0"),
        ] {
            assert_eq!(path.as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_name_that_zookeeper_refuses_is_refused_here() {
        for (name, fault) in [
            ("", NameFault::Empty),
            ("..", NameFault::Relative),
            ("a/b", NameFault::Character('/')),
            ("a\u{7f}", NameFault::Character('\u{7f}')),
            ("\u{1f600}", NameFault::Character('\u{1f600}')),
        ] {
            let expected = Err(PathError { part: "group", name: name.to_owned(), fault });
            assert_eq!(consumer_ids(name), expected);
        }
        assert_eq!(topic("тема-é ...").as_deref(), Ok("/brokers/topics/тема-é ..."));
    }

    #[test]
    fn the_error_says_what_to_do() {
        assert_eq!(
            topic("a/b").expect_err("a slash").to_string(),
            r#"topic "a/b" cannot stand in ZooKeeper: it holds '/'; choose another name"#
        );
    }
}
