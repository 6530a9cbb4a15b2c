//! What one round of reading has shown: who is in the group, and which partitions its topics have.

use std::collections::{BTreeMap, BTreeSet};

use samsa_proto::zookeeper::{ConsumerRegistration, Dialect, Subscription, TopicRegistration};

use super::assign::{Leaders, Members, Topics};
use super::dialect::preferred;
use crate::zookeeper::ZkStat;

/// A registration that is none of our dialect, or asks for what this client cannot compute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Foreign {
    pub(super) member: String,
    pub(super) reason: String,
    /// The transaction that made it: the lower one was there first.
    pub(super) czxid: i64,
}

/// What was read so far.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct View {
    pub(super) members: Members,
    pub(super) topics: Topics,
    pub(super) foreign: Vec<Foreign>,
    /// Who leads the partitions, or would if it could.
    pub(super) leaders: Leaders,
    /// Members of this group lock their partitions where this client does not look.
    pub(super) is_locked_elsewhere: bool,
    /// The transaction that made our own registration.
    pub(super) own_czxid: Option<i64>,
}

impl View {
    /// A registration, as it stands in ZooKeeper.
    pub(super) fn member(&mut self, dialect: Dialect, id: &str, data: &[u8], stat: ZkStat) {
        let wanted = ConsumerRegistration::from_bytes(data, dialect)
            .map_err(|error| error.to_string())
            .and_then(|registration| topics_of(registration.subscription));
        match wanted {
            Ok(topics) => {
                self.members.insert(id.to_owned(), topics);
            }
            Err(reason) => {
                self.foreign.push(Foreign { member: id.to_owned(), reason, czxid: stat.czxid });
            }
        }
    }

    /// A topic's node. What cannot be read has no partitions.
    pub(super) fn topic(&mut self, topic: &str, data: &[u8]) {
        let partitions = match TopicRegistration::from_bytes(data) {
            Ok(registration) => {
                self.leaders.extend(preferred(topic, &registration));
                registration.partitions.into_keys().collect()
            }
            Err(error) => {
                tracing::warn!(topic, %error, "the topic's node cannot be read");
                BTreeSet::new()
            }
        };
        self.topics.insert(topic.to_owned(), partitions);
    }

    /// The first foreign member that was there before us: with it we cannot share.
    pub(super) fn older_foreigner(&self) -> Option<&Foreign> {
        let is_older = |foreign: &&Foreign| self.own_czxid.is_none_or(|own| foreign.czxid < own);
        self.foreign.iter().find(is_older)
    }
}

/// The topics that a member reads, with its streams. A white list of plain names is as good as these names.
fn topics_of(subscription: Subscription) -> Result<BTreeMap<String, u16>, String> {
    match subscription {
        Subscription::Topics(topics) => Ok(topics),
        Subscription::WhiteList(filter) if is_plain(&filter.regex) => {
            Ok(filter.regex.split('|').map(|topic| (topic.to_owned(), filter.streams)).collect())
        }
        Subscription::WhiteList(filter) | Subscription::BlackList(filter) => Err(format!(
            "it chooses its topics by the pattern {:?}, which this client does not evaluate; let it name its topics",
            filter.regex
        )),
    }
}

/// Names with `|` between them. A dot would stand for any character, so a name with a dot is a pattern.
fn is_plain(regex: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    regex.split('|').all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(registrations: &[(&str, &str, i64)]) -> View {
        let mut view = View::default();
        for (id, data, czxid) in registrations {
            view.member(Dialect::Scala, id, data.as_bytes(), ZkStat { czxid: *czxid, ..ZkStat::default() });
        }
        view
    }

    #[test]
    fn a_member_reads_the_topics_that_it_names_in_either_form() {
        let static_one = r#"{"version":1,"subscription":{"a":2},"pattern":"static","timestamp":"1"}"#;
        let console = r#"{"version":1,"subscription":{"a|b-1":1},"pattern":"white_list","timestamp":"1"}"#;
        let view = view(&[("one", static_one, 1), ("two", console, 2)]);
        let expected = [("one", vec![("a", 2)]), ("two", vec![("a", 1), ("b-1", 1)])];
        for (member, topics) in expected {
            let topics: BTreeMap<String, u16> =
                topics.into_iter().map(|(topic, streams)| (topic.to_owned(), streams)).collect();
            assert_eq!(view.members[member], topics);
        }
        assert!(view.foreign.is_empty());
    }

    #[test]
    fn who_was_there_before_us_and_speaks_otherwise_is_in_the_way_and_who_came_later_is_not() {
        let pattern = r#"{"version":1,"subscription":{"a.*":1},"pattern":"white_list","timestamp":"1"}"#;
        let mut view = view(&[("samsa", "events", 5), ("pattern", pattern, 6)]);
        assert_eq!(view.older_foreigner().map(|foreign| &*foreign.member), Some("samsa"));
        view.own_czxid = Some(5);
        assert_eq!(view.older_foreigner(), None);
        assert_eq!(view.foreign.len(), 2);
        assert!(view.members.is_empty());
    }

    #[test]
    fn a_topic_that_cannot_be_read_has_no_partitions() {
        let mut view = View::default();
        view.topic("a", br#"{"version":1,"partitions":{"0":[1],"1":[2]}}"#);
        view.topic("b", b"x");
        assert_eq!(view.topics["a"], BTreeSet::from([0, 1]));
        assert!(view.topics["b"].is_empty());
    }
}
