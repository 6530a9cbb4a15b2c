//! Where the partitions of a group's topics end.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, stream};
use samsa_client::{LookError, Offset, PartitionOffset};

use crate::failure::Failure;
use crate::output::count;
use crate::session::Session;

/// So many topics are asked about at once: fewer than a client has room for.
const TOGETHER: usize = 500;

/// Where they end, as far as that is known, and why the others are not.
#[derive(Debug, Default)]
pub(super) struct Ends {
    topics: BTreeMap<String, BTreeMap<i32, i64>>,
    /// Topics that are not there: what a group has committed outlives them.
    gone: Vec<String>,
    troubles: Vec<LookError>,
}

impl Ends {
    pub(super) async fn of(session: &Session, topics: BTreeSet<String>) -> Result<Self, Failure> {
        let asked = topics.into_iter().map(async |topic| {
            let offsets = session.cluster.topic(&topic).offsets(Offset::Latest);
            (topic, offsets.within(session.properties.api_timeout()).await)
        });
        let answers = stream::iter(asked).buffer_unordered(TOGETHER).collect::<Vec<_>>();
        let answers = session.stop.or(answers).await;
        let answers = answers.ok_or_else(|| Failure::interrupted("asking where partitions end"))?;
        let mut ends = Self::default();
        for (topic, answer) in answers {
            ends.learn(topic, answer);
        }
        Ok(ends)
    }

    pub(super) fn learn(&mut self, topic: String, answer: Result<Vec<PartitionOffset>, LookError>) {
        let found = match answer {
            Ok(found) => found,
            Err(LookError::UnknownTopic { .. }) => {
                self.gone.push(topic.clone());
                Vec::new()
            }
            Err(trouble) => {
                self.troubles.push(trouble);
                Vec::new()
            }
        };
        self.topics.insert(topic, found.iter().map(|end| (end.partition, end.offset)).collect());
    }

    /// Every topic that was asked about, with what is known of its partitions.
    pub(super) fn topics(&self) -> impl Iterator<Item = (&str, &BTreeMap<i32, i64>)> {
        self.topics.iter().map(|(topic, ends)| (topic.as_str(), ends))
    }

    /// What is to be said, a line each.
    pub(super) fn remarks(&self) -> impl Iterator<Item = String> {
        let gone =
            self.gone.iter().map(|topic| format!("there is no topic {topic:?}: its ends are not known"));
        gone.chain(self.troubles.iter().map(LookError::to_string))
    }

    /// That a topic is not there is an answer; that nobody could say is none.
    pub(super) fn outcome(&self) -> Result<(), Failure> {
        match self.troubles.len() {
            0 => Ok(()),
            topics => {
                let topics = count(topics as u64, "topic");
                Err(Failure::NotDone(format!("it is not known where {topics} ended")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_topic_that_is_not_there_is_told_of_and_is_no_failure() {
        let mut ends = Ends::default();
        ends.learn("events".to_owned(), Ok(vec![PartitionOffset { partition: 0, offset: 4 }]));
        ends.learn("old".to_owned(), Err(LookError::UnknownTopic { topic: "old".into() }));
        assert!(ends.outcome().is_ok());
        let remarks: Vec<_> = ends.remarks().collect();
        assert_eq!(remarks, ["there is no topic \"old\": its ends are not known"]);
        let known: Vec<_> = ends.topics().map(|(topic, ends)| (topic, ends.len())).collect();
        assert_eq!(known, [("events", 1), ("old", 0)]);
    }

    #[test]
    fn a_topic_about_which_nobody_answers_is_a_failure_and_each_says_why() {
        let mut ends = Ends::default();
        for topic in ["audit", "events"] {
            let (about, within, last) = (topic.to_owned(), Duration::from_secs(1), String::new());
            ends.learn(topic.to_owned(), Err(LookError::TimedOut { about, within, last }));
        }
        let outcome = ends.outcome();
        assert!(matches!(&outcome, Err(Failure::NotDone(why)) if why.contains("2 topics")), "{outcome:?}");
        let remarks: Vec<_> = ends.remarks().collect();
        assert!(remarks[0].contains("audit") && remarks[1].contains("events"), "{remarks:?}");
    }
}
