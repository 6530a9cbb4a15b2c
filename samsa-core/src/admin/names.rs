//! The names of all topics.

use samsa_proto::ErrorCode;
use samsa_proto::api::metadata::{MetadataRequest, MetadataResponse, MetadataResponseTopic};

use crate::topology::TopicName;

/// From this version on brokers say which topics are their own.
const SAYS_INTERNAL: i16 = 1;
/// The only one there was before.
const INTERNAL: &str = "__consumer_offsets";

/// Null asks for all topics; in version 0 an empty list does.
pub(crate) fn request(version: i16) -> MetadataRequest<'static> {
    MetadataRequest { topics: (version == 0).then(Vec::new), ..Default::default() }
}

/// In alphabetical order, whether or not they have leaders.
pub(crate) fn names(response: &MetadataResponse<'_>, version: i16) -> Vec<TopicName> {
    let is_there = |topic: &&MetadataResponseTopic<'_>| {
        topic.error_code.is_ok() || topic.error_code == ErrorCode::LEADER_NOT_AVAILABLE
    };
    let told = response.topics.iter().filter(is_there).filter_map(|topic| {
        let name = topic.name?;
        let internal = if version < SAYS_INTERNAL { name == INTERNAL } else { topic.is_internal };
        Some(TopicName { name: name.into(), internal })
    });
    let mut names: Vec<_> = told.collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_topics_are_asked_for_in_every_version() {
        use samsa_proto::Message;
        for version in MetadataRequest::VERSIONS {
            let request = request(version);
            assert_eq!(request.topics, (version == 0).then(Vec::new));
            samsa_proto::encode(version, &request).unwrap();
        }
    }

    #[test]
    fn names_are_sorted_and_those_of_the_cluster_itself_are_marked() {
        let topic = |name, is_internal, error_code| MetadataResponseTopic {
            name: Some(name),
            is_internal,
            error_code,
            ..Default::default()
        };
        let response = MetadataResponse {
            topics: vec![
                topic("b", false, ErrorCode::LEADER_NOT_AVAILABLE),
                topic("__consumer_offsets", true, ErrorCode::NONE),
                topic("c", false, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                topic("a", false, ErrorCode::NONE),
            ],
            ..Default::default()
        };
        let names = names(&response, 1);
        let told: Vec<_> = names.iter().map(|topic| (&*topic.name, topic.internal)).collect();
        assert_eq!(told, [("__consumer_offsets", true), ("a", false), ("b", false)]);
        assert!(super::names(&response, 0)[0].internal);
    }
}
