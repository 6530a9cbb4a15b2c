//! Topics that are created because somebody asks where they are: somebody has published to each, since who looks creates none.

use std::collections::BTreeSet;

use super::Output;
use super::state::State;

/// The topics that applications have begun to publish to.
#[derive(Debug, Default)]
pub(super) struct Published {
    /// Without it nobody is suspected.
    topics: Option<BTreeSet<String>>,
}

impl Published {
    /// What applications publish to is told from now on.
    pub(super) fn is_told(&mut self) {
        self.topics.get_or_insert_default();
    }

    /// An application is about to publish to a topic.
    pub(super) fn add(&mut self, topic: &str) {
        if let Some(topics) = &mut self.topics
            && !topics.contains(topic)
        {
            topics.insert(topic.to_owned());
        }
    }
}

impl State {
    /// A question for metadata of this version created a topic just now.
    pub(super) fn look_for_a_publisher(&mut self, topic: &str, version: i16) {
        if self.published.topics.as_ref().is_some_and(|topics| !topics.contains(topic)) {
            let text =
                format!("Metadata {version} has created topic {topic}, and nobody has published to it");
            self.out.push_back(Output::Looked(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use samsa_proto::api::metadata::{MetadataRequest, MetadataRequestTopic};

    use super::super::Release;
    use super::super::tests::Bench;

    /// What is told when a topic is asked about, perhaps by who publishes.
    fn told(release: Release, version: i16, allow: bool, publishes: bool) -> Vec<String> {
        let mut bench = Bench::of(release, 1, 1);
        bench.cluster.expect_publishers();
        if publishes {
            bench.cluster.is_published_to("events");
        }
        let topic = MetadataRequestTopic { name: Some("events"), ..Default::default() };
        let asked = MetadataRequest {
            topics: Some(vec![topic]),
            allow_auto_topic_creation: allow || version < 4,
            ..Default::default()
        };
        bench.send(version, &asked);
        bench.answer();
        bench.complaints
    }

    #[test]
    fn a_topic_that_is_created_for_who_does_not_publish_is_told_of_in_every_age() {
        for (release, version) in [(Release::V0_9, 0), (Release::V0_10, 1), (Release::V3_9, 12)] {
            let text = format!("Metadata {version} has created topic events, and nobody has published to it");
            assert_eq!(told(release, version, true, false), [text]);
            assert_eq!(told(release, version, true, true), Vec::<String>::new());
        }
        assert_eq!(told(Release::V3_9, 12, false, false), Vec::<String>::new());
    }
}
