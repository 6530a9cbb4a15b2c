//! Consumer registrations: what one member of a group wants, `/consumers/G/ids/C`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};
use thiserror::Error;

use super::dialect::Dialect;
use super::error::{ZnodeError, ZnodeKind, shown};
use super::json::{Field, Object};
use super::path;

/// What one member of a group has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerRegistration {
    /// What it wants to read.
    pub subscription: Subscription,
    /// When it registered, in milliseconds since the epoch, by its own clock; 0 in dialects that do not say.
    pub timestamp: i64,
}

/// What a member wants to read, and with how many streams. Each stream takes part in the sharing as a thread of its own;
/// there is at least one, and never more than 65,535.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscription {
    /// The topics by name, each with its number of streams.
    Topics(BTreeMap<String, u16>),
    /// Every topic whose whole name the expression matches.
    WhiteList(TopicFilter),
    /// Every topic whose whole name the expression does not match.
    BlackList(TopicFilter),
}

/// Which topics, by a regular expression of Java.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicFilter {
    /// The expression, as the other members of the group see it.
    pub regex: String,
    /// How many streams share the topics.
    pub streams: u16,
}

/// Why a registration could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RegistrationError {
    /// The member speaks another dialect than the group.
    #[error(
        "a member of the group registered in the dialect {found}, this client uses {expected}: {data}; \
         set the dialect to {found}, or use a group of another name"
    )]
    Foreign {
        /// The dialect that was asked for.
        expected: Dialect,
        /// The dialect of the registration.
        found: Dialect,
        /// The registration, shortened.
        data: String,
    },
    /// It is no registration of any dialect, or one with a fault.
    #[error(transparent)]
    Unreadable(#[from] ZnodeError),
}

/// Why a registration cannot be written in a dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InexpressibleError {
    /// pykafka and samsa register the bare name of one topic.
    #[error(
        "a member of the Samsa dialect reads one topic by name, with one stream; make a consumer for each topic"
    )]
    OneTopicOnly,
    /// Kafka 0.7 writes topic names without escapes.
    #[error(
        "a topic with a quote, backslash or control character in its name cannot be registered in the Scala 0.7 dialect"
    )]
    Quote,
}

impl ConsumerRegistration {
    /// Reads the registration of a member of a group that speaks `dialect`.
    pub fn from_bytes(data: &[u8], dialect: Dialect) -> Result<Self, RegistrationError> {
        match detect(data) {
            Some(found) if found != dialect => {
                Err(RegistrationError::Foreign { expected: dialect, found, data: shown(data) })
            }
            _ => Ok(match dialect {
                Dialect::Scala => read_scala(data)?,
                Dialect::Samsa => read_samsa(data)?,
                Dialect::Scala07 => read_scala07(data)?,
            }),
        }
    }

    /// Writes the registration as a member of that dialect does. A regular expression is escaped once, as up to 0.11:
    /// every reader takes that.
    pub fn to_bytes(&self, dialect: Dialect) -> Result<Vec<u8>, InexpressibleError> {
        match dialect {
            Dialect::Scala => Ok(self.write_scala().into_bytes()),
            Dialect::Samsa => self.write_samsa(),
            Dialect::Scala07 => self.write_scala07(),
        }
    }

    fn write_scala(&self) -> String {
        let (pattern, wanted) = match &self.subscription {
            Subscription::Topics(topics) => {
                ("static", topics.iter().map(|(topic, streams)| (topic, *streams)).collect())
            }
            Subscription::WhiteList(filter) => ("white_list", vec![(&filter.regex, filter.streams)]),
            Subscription::BlackList(filter) => ("black_list", vec![(&filter.regex, filter.streams)]),
        };
        let wanted: Vec<String> =
            wanted.into_iter().map(|(name, streams)| format!(r#""{}":{streams}"#, escape(name))).collect();
        let (wanted, timestamp) = (wanted.join(","), self.timestamp);
        format!(
            r#"{{"version":1,"subscription":{{{wanted}}},"pattern":"{pattern}","timestamp":"{timestamp}"}}"#
        )
    }

    fn write_samsa(&self) -> Result<Vec<u8>, InexpressibleError> {
        let Subscription::Topics(topics) = &self.subscription else {
            return Err(InexpressibleError::OneTopicOnly);
        };
        match topics.iter().next() {
            Some((topic, 1)) if topics.len() == 1 => Ok(topic.clone().into_bytes()),
            _ => Err(InexpressibleError::OneTopicOnly),
        }
    }

    fn write_scala07(&self) -> Result<Vec<u8>, InexpressibleError> {
        let text = match &self.subscription {
            Subscription::WhiteList(TopicFilter { regex, streams }) => format!("*{streams}*{regex}"),
            Subscription::BlackList(TopicFilter { regex, streams }) => format!("!{streams}!{regex}"),
            Subscription::Topics(topics) if topics.keys().any(|topic| topic.contains(needs_escape)) => {
                return Err(InexpressibleError::Quote);
            }
            Subscription::Topics(topics) => {
                let wanted: Vec<String> =
                    topics.iter().map(|(topic, streams)| format!(r#""{topic}": {streams}"#)).collect();
                format!("{{ {} }}", wanted.join(","))
            }
        };
        Ok(text.into_bytes())
    }
}

impl TopicFilter {
    /// The filter that a Scala consumer makes of what its user wrote: commas mean "or", spaces and enclosing quotes go.
    pub fn new(written: &str, streams: u16) -> Self {
        let regex: String =
            written.trim().chars().filter(|c| *c != ' ').map(|c| if c == ',' { '|' } else { c }).collect();
        Self { regex: regex.trim_matches(['"', '\'']).to_owned(), streams }
    }

    /// What the user of a 1.1.1 consumer wrote, when this comes from one: its expression is escaped twice, so that the
    /// whole group, itself included, sees `\\d` where `\d` was meant, and it is given no topics.
    ///
    /// An expression that asks for a backslash looks the same, but no topic has one in its name.
    pub fn escaped_twice(&self) -> Option<String> {
        let meant: String = serde_json::from_str(&format!("\"{}\"", self.regex)).ok()?;
        let plain = meant == self.regex || meant.chars().any(char::is_control);
        (!plain && escape(&meant) == self.regex).then_some(meant)
    }
}

/// What JSON has only as an escape.
fn needs_escape(c: char) -> bool {
    matches!(c, '"' | '\\' | '\0'..='\u{1f}')
}

/// The escapes of Kafka's Scala code, which differ from most others in `/` and in the controls from U+007F on.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' | '/' => escaped.extend(['\\', c]),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {
                write!(escaped, "\\u{:04x}", u32::from(c)).expect("writing to a String does not fail");
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// See [`Dialect::of_registration`].
pub(super) fn detect(data: &[u8]) -> Option<Dialect> {
    let text = str::from_utf8(data).ok()?;
    if scala07_filter(text).is_some() {
        return Some(Dialect::Scala07);
    }
    if text.starts_with('{') {
        let fields: Map<String, Value> = serde_json::from_str(text).ok()?;
        let has = |name, is: fn(&Value) -> bool| fields.get(name).is_some_and(is);
        if has("subscription", Value::is_object) && has("pattern", Value::is_string) {
            return Some(Dialect::Scala);
        }
        return fields.values().all(Value::is_number).then_some(Dialect::Scala07);
    }
    let topic = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
    topic.then_some(Dialect::Samsa)
}

const KIND: ZnodeKind = ZnodeKind::ConsumerRegistration;

/// The version is not looked at, as Scala does not; a pattern that is no list means topics by name.
fn read_scala(data: &[u8]) -> Result<ConsumerRegistration, ZnodeError> {
    let object = Object::read(KIND, data)?;
    let pattern = object.required("pattern")?.text()?;
    let field = object.required("subscription")?;
    let wanted = wanted(&field)?;
    let filter = || match wanted.first_key_value() {
        Some((regex, streams)) if wanted.len() == 1 => {
            Ok(TopicFilter { regex: regex.clone(), streams: *streams })
        }
        _ => Err(field.unlike("exactly one regular expression with its number of streams")),
    };
    let subscription = match pattern {
        "white_list" => Subscription::WhiteList(filter()?),
        "black_list" => Subscription::BlackList(filter()?),
        _ => Subscription::Topics(wanted),
    };
    Ok(ConsumerRegistration { subscription, timestamp: object.optional_integer("timestamp")?.unwrap_or(0) })
}

fn wanted(field: &Field<'_>) -> Result<BTreeMap<String, u16>, ZnodeError> {
    field.entries()?.map(|(name, streams)| Ok((name.to_owned(), streams_of(&streams)?))).collect()
}

fn streams_of(field: &Field<'_>) -> Result<u16, ZnodeError> {
    let streams = field.integer::<i64>().ok().and_then(|streams| u16::try_from(streams).ok());
    streams.filter(|streams| *streams > 0).ok_or_else(|| field.unlike("a number of streams, 1 to 65535"))
}

fn read_samsa(data: &[u8]) -> Result<ConsumerRegistration, ZnodeError> {
    let topic = str::from_utf8(data).ok().filter(|topic| path::check(topic).is_ok());
    let topic = topic.ok_or_else(|| ZnodeError::data(KIND, "the name of a topic", data))?;
    let subscription = Subscription::Topics(BTreeMap::from([(topic.to_owned(), 1)]));
    Ok(ConsumerRegistration { subscription, timestamp: 0 })
}

fn read_scala07(data: &[u8]) -> Result<ConsumerRegistration, ZnodeError> {
    let expected = r#"`{ "topic": streams }`, `*streams*regex` or `!streams!regex`"#;
    let text = str::from_utf8(data).map_err(|_| ZnodeError::data(KIND, expected, data))?;
    let subscription = match scala07_filter(text) {
        Some(subscription) => subscription,
        None if text.starts_with('{') => Subscription::Topics(Object::read(KIND, data)?.map(streams_of)?),
        None => return Err(ZnodeError::data(KIND, expected, data)),
    };
    Ok(ConsumerRegistration { subscription, timestamp: 0 })
}

/// `*4*regex` or `!4!regex`.
fn scala07_filter(text: &str) -> Option<Subscription> {
    let marker = text.chars().next().filter(|c| "*!".contains(*c))?;
    let (streams, regex) = text[1..].split_once(marker)?;
    let streams =
        streams.parse().ok().filter(|n: &u16| *n > 0 && streams.bytes().all(|b| b.is_ascii_digit()))?;
    let filter = TopicFilter { regex: regex.to_owned(), streams };
    Some(if marker == '*' { Subscription::WhiteList(filter) } else { Subscription::BlackList(filter) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics<const N: usize>(topics: [(&str, u16); N]) -> Subscription {
        Subscription::Topics(topics.map(|(topic, streams)| (topic.to_owned(), streams)).into())
    }

    fn filter(regex: &str, streams: u16) -> TopicFilter {
        TopicFilter { regex: regex.to_owned(), streams }
    }

    fn read(data: &str, dialect: Dialect) -> ConsumerRegistration {
        ConsumerRegistration::from_bytes(data.as_bytes(), dialect).expect(data)
    }

    #[test]
    fn every_dialect_reads_and_writes_the_same_bytes() {
        use Dialect::{Samsa, Scala, Scala07};
        for (dialect, data, subscription) in [
            (
                Scala,
                r#"{"version":1,"subscription":{"T":2},"pattern":"static","timestamp":"1795417665644"}"#,
                topics([("T", 2)]),
            ),
            (
                Scala,
                r#"{"version":1,"subscription":{"wlN\\d":1},"pattern":"white_list","timestamp":"7"}"#,
                Subscription::WhiteList(filter(r"wlN\d", 1)),
            ),
            (
                Scala,
                r#"{"version":1,"subscription":{"a\/\u007f":3},"pattern":"black_list","timestamp":"7"}"#,
                Subscription::BlackList(filter("a/\u{7f}", 3)),
            ),
            (Samsa, "T", topics([("T", 1)])),
            (Scala07, r#"{ "st": 1 }"#, topics([("st", 1)])),
            (Scala07, r#"{ "t1": 1,"t2": 4 }"#, topics([("t1", 1), ("t2", 4)])),
            (Scala07, "*4*a|b.*", Subscription::WhiteList(filter("a|b.*", 4))),
            (Scala07, "!1!v.*", Subscription::BlackList(filter("v.*", 1))),
        ] {
            let registration = read(data, dialect);
            assert_eq!(registration.subscription, subscription);
            assert_eq!(registration.to_bytes(dialect).as_deref(), Ok(data.as_bytes()));
        }
    }

    #[test]
    fn a_filter_of_1_1_1_is_read_as_its_peers_read_it_and_tells_what_was_meant() {
        let data = r#"{"version":1,"subscription":{"wlN\\\\d":1},"pattern":"white_list","timestamp":"7"}"#;
        let Subscription::WhiteList(filter) = read(data, Dialect::Scala).subscription else {
            panic!("a white list")
        };
        assert_eq!(filter.regex, r"wlN\\d");
        assert_eq!(filter.escaped_twice().as_deref(), Some(r"wlN\d"));
    }

    #[test]
    fn an_expression_escaped_once_is_not_taken_for_one_escaped_twice() {
        for regex in ["a.*", r"wl\d", r"\bword\b", r"\u0041", r#"a"b"#, ""] {
            assert_eq!(filter(regex, 1).escaped_twice(), None, "{regex}");
        }
    }

    #[test]
    fn a_filter_is_tidied_as_scala_does() {
        assert_eq!(TopicFilter::new(r#" "a, b" "#, 2), filter("a|b", 2));
    }

    #[test]
    fn a_foreign_registration_names_both_dialects() {
        let error = ConsumerRegistration::from_bytes(b"st", Dialect::Scala).expect_err("a bare topic");
        assert_eq!(
            error,
            RegistrationError::Foreign {
                expected: Dialect::Scala,
                found: Dialect::Samsa,
                data: "\"st\"".to_owned()
            }
        );
        let scala = br#"{"version":1,"subscription":{"T":1},"pattern":"static","timestamp":"1"}"#;
        for dialect in [Dialect::Samsa, Dialect::Scala07] {
            let error = ConsumerRegistration::from_bytes(scala, dialect).expect_err("of 0.8");
            assert!(matches!(error, RegistrationError::Foreign { found: Dialect::Scala, .. }));
        }
    }

    #[test]
    fn what_is_no_registration_is_refused_by_name() {
        for (dialect, data, expected) in [
            (Dialect::Scala, "", "a JSON object"),
            (Dialect::Scala, r#"{"x":[]}"#, r#"a field "pattern""#),
            (
                Dialect::Scala,
                r#"{"pattern":"static","subscription":{"T":0}}"#,
                r#""subscription"."T" to be a number of streams, 1 to 65535"#,
            ),
            (
                Dialect::Scala,
                r#"{"pattern":"white_list","subscription":{}}"#,
                r#""subscription" to be exactly one regular expression with its number of streams"#,
            ),
            (Dialect::Samsa, "", "the name of a topic"),
            (Dialect::Samsa, "a/b", "the name of a topic"),
            (Dialect::Scala07, "", r#"`{ "topic": streams }`, `*streams*regex` or `!streams!regex`"#),
            (Dialect::Scala07, r#"{ "T": 70000 }"#, r#""T" to be a number of streams, 1 to 65535"#),
        ] {
            let error = ConsumerRegistration::from_bytes(data.as_bytes(), dialect).expect_err(data);
            let RegistrationError::Unreadable(error) = error else { panic!("{error}") };
            assert_eq!((error.kind, error.expected.as_str()), (KIND, expected));
        }
    }

    #[test]
    fn what_a_dialect_cannot_say_is_not_written() {
        let write = |subscription, dialect| {
            ConsumerRegistration { subscription, timestamp: 0 }.to_bytes(dialect).map(|_| ())
        };
        let one_topic_only = Err(InexpressibleError::OneTopicOnly);
        assert_eq!(write(topics([("a", 1), ("b", 1)]), Dialect::Samsa), one_topic_only);
        assert_eq!(write(topics([("a", 2)]), Dialect::Samsa), one_topic_only);
        assert_eq!(write(Subscription::WhiteList(filter("a", 1)), Dialect::Samsa), one_topic_only);
        for topic in ["a\"", "a\\", "a\t"] {
            assert_eq!(write(topics([(topic, 1)]), Dialect::Scala07), Err(InexpressibleError::Quote));
        }
    }
}
