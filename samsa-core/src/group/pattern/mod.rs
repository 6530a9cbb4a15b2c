//! Which topics a pattern means.
//!
//! The pattern stands in the member's registration, and each member of the group works out for itself what every other one
//! reads. So a pattern is taken as the Scala consumers take it (`kafka.consumer.TopicFilter`, 0.8 to 1.1): tidied by
//! [`TopicFilter::new`], matched against the whole name, and never for topics of Kafka's own. What Java's regular expressions
//! have and ours do not, or mean otherwise, is refused ([`syntax`]).
//!
//! Up to 0.11 a pattern is escaped once in the registration, by 1.1 twice. Whoever reads the latter, its own writer included,
//! sees `a\\d` where its user wrote `a\d`, and gives that member the topics of `a\\d`, which are none. To count it as its user
//! meant it would leave partitions to a member that never claims them; so it is taken as it stands, by all alike, and that
//! is told where it is read ([`TopicFilter::escaped_twice`]). A pattern without a backslash reads the same either way.

mod syntax;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use regex_lite::{Regex, RegexBuilder};
use samsa_proto::zookeeper::{Subscription, TopicFilter};

/// Bytes of the program that a pattern may become: the names of about a thousand topics. To hold a name against it takes time
/// in proportion.
const PROGRAM_BYTES: usize = 1 << 20;

/// As much of a pattern as an error shows.
const SHOWN: usize = 200;

/// Topics of Kafka's own: no pattern of a Scala consumer matches them unless it is told to (`exclude.internal.topics`).
const INTERNAL: [&str; 2] = ["__consumer_offsets", "__transaction_state"];

/// The topics of a group's member, where they are not named: those that a regular expression matches, or all others. Topics
/// of Kafka's own are in neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicPattern {
    /// Those whose whole name it matches: a white list, as the Scala consumers call it.
    Matching(Arc<str>),
    /// Those whose whole name it does not match: a black list.
    NotMatching(Arc<str>),
}

/// Why a pattern of topics is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// Nothing is left of it but spaces and quotes.
    #[error("an empty pattern matches no topic; `.*` matches every one")]
    Empty,
    /// Java's regular expressions have it, and this client's do not, or mean something else by it; or the other way round.
    #[error(
        "the pattern {pattern:?} has {what}, which not every member of the group would read alike: say it otherwise, or name the topics"
    )]
    Unsupported {
        /// The pattern, shortened.
        pattern: String,
        /// What it has.
        what: String,
    },
    /// It is no regular expression.
    #[error(
        "the pattern {pattern:?} is no regular expression: {reason}. (A comma means `|`, and spaces go, as with Scala's consumers.)"
    )]
    Invalid {
        /// The pattern, shortened.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The patterns that were compiled, by how they are written, and whether they exclude.
pub(super) type KnownPatterns = BTreeMap<(String, bool), Pattern>;

/// A pattern, ready to be asked. Two of them are the same if they are written the same.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    written: String,
    excludes: bool,
    whole_name: Regex,
}

impl Pattern {
    pub(crate) fn new(pattern: &TopicPattern) -> Result<Self, PatternError> {
        let (TopicPattern::Matching(written) | TopicPattern::NotMatching(written)) = pattern;
        let written = TopicFilter::new(written, 1).regex;
        if written.is_empty() {
            return Err(PatternError::Empty);
        }
        Self::compile(written, matches!(pattern, TopicPattern::NotMatching(_)))
    }

    /// That of a registration, which is compiled only if it is not known already.
    pub(super) fn registered(
        filter: &TopicFilter,
        excludes: bool,
        known: &mut KnownPatterns,
    ) -> Result<Self, PatternError> {
        let written = TopicFilter::new(&filter.regex, filter.streams).regex;
        match known.entry((written, excludes)) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(new) => {
                let pattern = Self::compile(new.key().0.clone(), excludes)?;
                Ok(new.insert(pattern).clone())
            }
        }
    }

    fn compile(written: String, excludes: bool) -> Result<Self, PatternError> {
        let pattern = || written.chars().take(SHOWN).collect();
        if let Some(what) = syntax::unsupported(&written) {
            return Err(PatternError::Unsupported { pattern: pattern(), what });
        }
        let invalid = |error: regex_lite::Error| PatternError::Invalid {
            pattern: pattern(),
            reason: error.to_string(),
        };
        // By itself first: what is put around it must not close a group that it has not opened.
        build(&written).map_err(invalid)?;
        let whole_name = build(&format!(r"\A(?:{written})\z")).map_err(invalid)?;
        Ok(Self { written, excludes, whole_name })
    }

    /// Whether it means a topic of this name.
    pub(crate) fn means(&self, topic: &str) -> bool {
        !INTERNAL.contains(&topic) && self.whole_name.is_match(topic) != self.excludes
    }

    /// How it is registered.
    pub(super) fn subscription(&self, streams: u16) -> Subscription {
        let filter = TopicFilter { regex: self.written.clone(), streams };
        if self.excludes { Subscription::BlackList(filter) } else { Subscription::WhiteList(filter) }
    }

    fn key(&self) -> (&str, bool) {
        (&self.written, self.excludes)
    }
}

fn build(regex: &str) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(regex).size_limit(PROGRAM_BYTES).build()
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Pattern {}

impl PartialOrd for Pattern {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pattern {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(written: &str) -> Result<Pattern, PatternError> {
        Pattern::new(&TopicPattern::Matching(written.into()))
    }

    fn means(written: &str, topic: &str) -> bool {
        matching(written).expect(written).means(topic)
    }

    #[test]
    fn the_whole_name_has_to_match() {
        assert!(means("events-.*", "events-eu") && means("a|ab", "ab"));
        assert!(!means("events", "events-eu") && !means("events", "old-events") && !means("a|b", "xb"));
    }

    #[test]
    fn a_pattern_is_tidied_as_scala_does() {
        for topic in ["audit", "events-1"] {
            assert!(means(r#" "audit, events-\d" "#, topic), "{topic}");
        }
        assert_eq!(matching(r#" "' "#), Err(PatternError::Empty));
    }

    #[test]
    fn a_pattern_may_be_a_long_list_of_names() {
        let names: Vec<String> =
            (0..750).map(|number| format!("service.events.{number:05}-region-eu")).collect();
        let pattern = matching(&names.join(",")).expect("it is not too long");
        assert!(
            pattern.means("service.events.00700-region-eu")
                && !pattern.means("service.events.00750-region-eu")
        );
    }

    #[test]
    fn classes_have_no_more_than_in_java() {
        assert!(means(r"\w+\.\d", "a_b.1") && means("(?i)EVENTS", "events"));
        assert!(!means(r"\d", "٣") && !means(r"\w", "é"));
    }

    #[test]
    fn topics_of_kafkas_own_are_meant_by_nobody() {
        let all_but_events = Pattern::new(&TopicPattern::NotMatching("events".into())).unwrap();
        assert!(all_but_events.means("audit") && !all_but_events.means("events"));
        for topic in INTERNAL {
            assert!(!means(".*", topic) && !all_but_events.means(topic), "{topic}");
        }
    }

    #[test]
    fn what_is_no_expression_says_what_is_wrong_with_it() {
        for written in
            ["a)(b", "(a", "*", "a**", "[a", "[z-a]", "a{1,2}", r"a\", "((((a{999}){999}){999}){999})"]
        {
            let error = matching(written).expect_err(written).to_string();
            assert!(error.contains("regular expression") || error.contains("alike"), "{error}");
        }
        let deep = "(".repeat(100_000);
        let error = matching(&deep).expect_err("too deep").to_string();
        assert!(error.len() < 1_000, "{}", error.len());
    }

    #[test]
    fn a_pattern_that_is_escaped_twice_means_nothing_in_a_registration() {
        let registered = |regex: &str| {
            let filter = TopicFilter { regex: regex.to_owned(), streams: 1 };
            Pattern::registered(&filter, false, &mut KnownPatterns::new()).expect(regex).means("wl1")
        };
        assert!(registered(r"wl\d"));
        assert!(!registered(r"wl\\d"));
    }
}
