//! What one round of reading has shown: who is in the group, which topics each wants, and which partitions these have.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use samsa_proto::zookeeper::{ConsumerRegistration, Dialect, Subscription, TopicFilter, TopicRegistration};

use super::assign::{Leaders, Members, Topics};
use super::dialect::{Refusal, preferred};
use super::pattern::{KnownPatterns, Pattern};
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
    /// The members that name their topics.
    named: Members,
    /// Those that choose them by a pattern, each with its streams.
    by_pattern: BTreeMap<Pattern, BTreeMap<String, u16>>,
    /// The patterns that an earlier view had, and those of this one.
    known: KnownPatterns,
    /// What each of them means, once that was worked out.
    meant: Option<BTreeMap<Pattern, BTreeSet<String>>>,
    /// All topics of the cluster, where they were asked for.
    pub(super) listed: Option<BTreeSet<String>>,
    pub(super) topics: Topics,
    pub(super) foreign: Vec<Foreign>,
    /// Who leads the partitions, or would if it could.
    pub(super) leaders: Leaders,
    /// Members of this group lock their partitions where this client does not look.
    pub(super) is_locked_elsewhere: bool,
    /// What there is that the group's dialect does not share.
    pub(super) refusal: Option<Refusal>,
    /// The transaction that made our own registration.
    pub(super) own_czxid: Option<i64>,
}

impl View {
    /// Nothing was read yet; these patterns need not be compiled.
    pub(super) fn knowing(known: KnownPatterns) -> Self {
        Self { known, ..Self::default() }
    }

    /// The patterns that somebody has.
    pub(super) fn known_patterns(&self) -> KnownPatterns {
        let mut known = self.known.clone();
        known.retain(|_, pattern| self.by_pattern.contains_key(pattern));
        known
    }

    /// A registration, as it stands in ZooKeeper.
    pub(super) fn member(&mut self, dialect: Dialect, id: &str, data: &[u8], stat: ZkStat) {
        let registration = ConsumerRegistration::from_bytes(data, dialect).map_err(|error| error.to_string());
        let counted = registration.and_then(|registration| match registration.subscription {
            Subscription::Topics(topics) => {
                self.named.insert(id.to_owned(), topics);
                Ok(())
            }
            Subscription::WhiteList(filter) => self.chooser(id, &filter, false),
            Subscription::BlackList(filter) => self.chooser(id, &filter, true),
        });
        if let Err(reason) = counted {
            self.foreign.push(Foreign { member: id.to_owned(), reason, czxid: stat.czxid });
        }
    }

    fn chooser(&mut self, id: &str, filter: &TopicFilter, excludes: bool) -> Result<(), String> {
        if let Some(meant) = filter.escaped_twice() {
            tracing::debug!(
                member = id,
                pattern = filter.regex,
                meant,
                "a consumer of Kafka 1.1 has escaped its pattern twice: the group, itself included, reads it as it stands"
            );
        }
        let pattern = Pattern::registered(filter, excludes, &mut self.known);
        let pattern = pattern.map_err(|error| error.to_string())?;
        self.by_pattern.entry(pattern).or_default().insert(id.to_owned(), filter.streams);
        Ok(())
    }

    /// Whether somebody chooses its topics by a pattern.
    pub(super) fn has_patterns(&self) -> bool {
        !self.by_pattern.is_empty()
    }

    /// The members, each with the topics that it wants; of patterns those that are listed, or, where no list was asked for,
    /// those that somebody names.
    pub(super) fn members(&self) -> Members {
        let mut members = self.named.clone();
        for (pattern, choosers) in &self.by_pattern {
            let topics = self.chosen_by(pattern);
            for (member, streams) in choosers {
                let wanted = topics.iter().map(|topic| (topic.clone(), *streams)).collect();
                members.insert(member.clone(), wanted);
            }
        }
        members
    }

    /// All members are known, and what their patterns choose from: what they mean is worked out, once, and what this one does.
    pub(super) fn work_out(&mut self, own: Option<&Pattern>) {
        if self.meant.is_none() {
            let patterns = self.by_pattern.keys().chain(own);
            self.meant = Some(patterns.map(|pattern| (pattern.clone(), self.meant_by(pattern))).collect());
        }
    }

    /// The topics that a pattern means.
    pub(super) fn chosen_by(&self, pattern: &Pattern) -> Cow<'_, BTreeSet<String>> {
        let known = self.meant.as_ref().and_then(|meant| meant.get(pattern));
        known.map_or_else(|| Cow::Owned(self.meant_by(pattern)), Cow::Borrowed)
    }

    fn meant_by(&self, pattern: &Pattern) -> BTreeSet<String> {
        let is_meant = |topic: &&String| pattern.means(topic);
        match &self.listed {
            Some(listed) => listed.iter().filter(is_meant).cloned().collect(),
            None => self.named.values().flat_map(BTreeMap::keys).filter(is_meant).cloned().collect(),
        }
    }

    /// Whether the list had this topic, which it has not any more when its node is gone.
    pub(super) fn is_listed(&self, topic: &str) -> bool {
        self.listed.as_ref().is_some_and(|listed| listed.contains(topic))
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

    fn by(pattern: &str, kind: &str, streams: u16) -> String {
        format!(
            r#"{{"version":1,"subscription":{{"{pattern}":{streams}}},"pattern":"{kind}","timestamp":"1"}}"#
        )
    }

    fn wanted(view: &View, member: &str) -> Vec<(String, u16)> {
        view.members()[member].clone().into_iter().collect()
    }

    #[test]
    fn a_member_reads_the_topics_that_it_names_and_of_those_that_are_listed_what_its_pattern_means() {
        let (white, black) = (by(r"a|b-\\d", "white_list", 3), by("a.*", "black_list", 1));
        let mut view = view(&[("one", &by("a", "static", 2), 1), ("two", &white, 2), ("three", &black, 3)]);
        view.listed = Some(["a", "b-1", "b-x", "__consumer_offsets"].map(str::to_owned).into());
        assert_eq!(wanted(&view, "one"), [("a".to_owned(), 2)]);
        assert_eq!(wanted(&view, "two"), [("a".to_owned(), 3), ("b-1".to_owned(), 3)]);
        assert_eq!(wanted(&view, "three"), [("b-1".to_owned(), 1), ("b-x".to_owned(), 1)]);
        assert!(view.foreign.is_empty());
    }

    #[test]
    fn a_pattern_that_is_known_is_not_compiled_again_while_somebody_has_it() {
        let (as_a, as_b) = (by("a.*", "white_list", 1), by("b.*", "white_list", 1));
        let known = view(&[("one", &as_a, 1), ("two", &as_b, 2)]).known_patterns();
        let (of_a, of_b) = (("a.*".to_owned(), false), ("b.*".to_owned(), false));
        assert!(known.contains_key(&of_a) && known.contains_key(&of_b));

        // What is compiled stands under another name, which shows that it is taken from there.
        let doctored = KnownPatterns::from([(of_a.clone(), known[&of_b].clone())]);
        let mut view = View::knowing(doctored);
        view.member(Dialect::Scala, "one", as_a.as_bytes(), ZkStat::default());
        view.listed = Some(["a", "b"].map(str::to_owned).into());
        assert_eq!(wanted(&view, "one"), [("b".to_owned(), 1)]);
        assert!(View::knowing(known).known_patterns().is_empty(), "nobody has one");
    }

    #[test]
    fn what_patterns_mean_is_worked_out_once() {
        let mut view = view(&[("one", &by("a.*", "white_list", 1), 1)]);
        view.listed = Some(BTreeSet::from(["a".to_owned()]));
        view.work_out(None);
        view.listed = None;
        view.work_out(None);
        assert_eq!(wanted(&view, "one"), [("a".to_owned(), 1)]);
    }

    #[test]
    fn where_no_list_was_asked_for_a_pattern_is_held_against_what_others_name() {
        let view = view(&[("one", &by("a", "static", 1), 1), ("two", &by("a|b", "white_list", 1), 2)]);
        assert_eq!(wanted(&view, "two"), [("a".to_owned(), 1)]);
    }

    #[test]
    fn who_was_there_before_us_and_speaks_otherwise_is_in_the_way_and_who_came_later_is_not() {
        let pattern = by("(?!b).*", "white_list", 1);
        let mut view = view(&[("samsa", "events", 5), ("pattern", &pattern, 6)]);
        assert_eq!(view.older_foreigner().map(|foreign| &*foreign.member), Some("samsa"));
        view.own_czxid = Some(5);
        assert_eq!(view.older_foreigner(), None);
        assert!(view.foreign[1].reason.contains("lookahead"), "{:?}", view.foreign);
        assert!(view.members().is_empty());
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
