//! Apache's own clients (`kafka-clients` of the broker's release, 0.11 or later), each run as one Java process.
//!
//! Keys and values travel between us and Java as base64, so any bytes do; a missing one is `-`.

use std::{fmt::Write, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{Error, RealKafka, jvm::Jvm, process::converse, scratch::Scratch};

/// For everything that Java does besides the waiting that the caller asked for.
const LIMIT: Duration = Duration::from_secs(120);

/// The headers of a record, in their order: a name and a value, which may be missing.
pub type Headers = Vec<(String, Option<Vec<u8>>)>;

/// A record that Java's consumer read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Consumed {
    /// Where.
    pub partition: i32,
    /// Where in it.
    pub offset: i64,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// `None` for a record without key.
    pub key: Option<Vec<u8>>,
    /// `None` for a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Headers,
}

/// A record for Java's producer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Produced {
    /// `None`: Java's partitioner chooses.
    pub partition: Option<i32>,
    /// `None` for a record without key.
    pub key: Option<Vec<u8>>,
    /// `None` for a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers.
    pub headers: Headers,
}

/// Where the broker put a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}

/// Java's consumer reads every partition of `topic` from its start, until it has `records` or `limit` is over; what it has by
/// then is given back, so the caller checks the number. `settings` are properties of the consumer.
pub fn consume(
    kafka: &RealKafka,
    topic: &str,
    records: usize,
    limit: Duration,
    settings: &[(&str, &str)],
) -> Result<Vec<Consumed>, Error> {
    let wanted = [topic, &records.to_string(), &limit.as_millis().to_string()];
    let output = run(kafka, "Consume", &wanted, settings, b"", LIMIT + limit)?;
    output.lines().map(|line| consumed(line).ok_or_else(|| misread("Consume", line, "a record"))).collect()
}

/// Java's producer writes `records` to `topic` in their order and waits for every acknowledgement. `settings` are
/// properties of the producer, as `compression.type`.
pub fn produce(
    kafka: &RealKafka,
    topic: &str,
    records: &[Produced],
    settings: &[(&str, &str)],
) -> Result<Vec<Acknowledged>, Error> {
    let mut input = String::new();
    for Produced { partition, key, value, headers } in records {
        let (key, value) = (in_base64(key.as_deref()), in_base64(value.as_deref()));
        let _ = writeln!(input, "{} {key} {value} {}", partition.unwrap_or(-1), joined(headers));
    }
    let output = run(kafka, "Produce", &[topic], settings, input.as_bytes(), LIMIT)?;
    output.lines().map(|line| acknowledged(line).ok_or_else(|| misread("Produce", line, "a place"))).collect()
}

/// Records that Java's producer writes together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The values of its records, all for partition 0.
    pub values: Vec<Vec<u8>>,
    /// Whether it is committed in the end, or aborted.
    pub committed: bool,
}

/// Java's producer writes one transaction after the other, each flushed before it ends. `id` is its transactional id.
pub fn transact(kafka: &RealKafka, topic: &str, id: &str, transactions: &[Transaction]) -> Result<(), Error> {
    let mut input = String::new();
    for Transaction { values, committed } in transactions {
        let _ = write!(input, "{}", if *committed { "commit" } else { "abort" });
        for value in values {
            let _ = write!(input, " {}", STANDARD.encode(value));
        }
        input.push('\n');
    }
    run(kafka, "Transact", &[topic], &[("transactional.id", id)], input.as_bytes(), LIMIT).map(drop)
}

/// Java's admin client makes a topic with one replica, and waits until its leaders are known.
pub fn create_topic(kafka: &RealKafka, topic: &str, partitions: u32) -> Result<(), Error> {
    run(kafka, "CreateTopic", &[topic, &partitions.to_string()], &[], b"", LIMIT).map(drop)
}

fn run(
    kafka: &RealKafka,
    main: &str,
    arguments: &[&str],
    settings: &[(&str, &str)],
    input: &[u8],
    limit: Duration,
) -> Result<String, Error> {
    let scratch = Scratch::new()?;
    let jvm = Jvm::of(kafka.release(), "peers")?;
    let mut command = jvm.command(&["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"], main);
    command.arg(kafka.bootstrap()).args(arguments);
    command.args(settings.iter().map(|(name, value)| format!("{name}={value}")));
    let name = format!("Java's {main} of {}", kafka.release());
    let output = converse(&name, &mut command, input, scratch.path(), limit)?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

fn consumed(line: &str) -> Option<Consumed> {
    let mut fields = line.split(' ');
    let consumed = Consumed {
        partition: fields.next()?.parse().ok()?,
        offset: fields.next()?.parse().ok()?,
        timestamp: fields.next()?.parse().ok()?,
        key: from_base64(fields.next()?)?,
        value: from_base64(fields.next()?)?,
        headers: split(fields.next()?)?,
    };
    fields.next().is_none().then_some(consumed)
}

fn acknowledged(line: &str) -> Option<Acknowledged> {
    let (partition, offset) = line.split_once(' ')?;
    Some(Acknowledged { partition: partition.parse().ok()?, offset: offset.parse().ok()? })
}

fn joined(headers: &Headers) -> String {
    let pair = |(name, value): &(String, Option<Vec<u8>>)| {
        format!("{}:{}", in_base64(Some(name.as_bytes())), in_base64(value.as_deref()))
    };
    headers.iter().map(pair).collect::<Vec<_>>().join(",")
}

fn split(headers: &str) -> Option<Headers> {
    let pairs = headers.split(',').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once(':')?;
            Some((String::from_utf8(from_base64(name)??).ok()?, from_base64(value)?))
        })
        .collect()
}

pub(crate) fn in_base64(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(|| "-".into(), |bytes| STANDARD.encode(bytes))
}

/// The outer `None` is a fault, the inner one a missing key or value.
#[expect(clippy::option_option, reason = "the two have different meanings, and this does not leave the file")]
fn from_base64(field: &str) -> Option<Option<Vec<u8>>> {
    if field == "-" { Some(None) } else { STANDARD.decode(field).ok().map(Some) }
}

fn misread(program: &str, line: &str, expected: &'static str) -> Error {
    Error::Output { program: program.into(), line: line.into(), expected }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_is_not_a_missing_one() {
        let record = |value| Consumed {
            partition: 1,
            offset: 7,
            timestamp: 5,
            key: Some(b"k".to_vec()),
            value,
            headers: Headers::new(),
        };
        assert_eq!(consumed("1 7 5 aw== - "), Some(record(None)));
        assert_eq!(consumed("1 7 5 aw==  "), Some(record(Some(Vec::new()))));
        assert_eq!(consumed("1 7 5 aw== -"), None);
        assert_eq!(in_base64(None), "-");
        assert_eq!(in_base64(Some(b"")), "");
    }

    #[test]
    fn headers_keep_their_order_and_their_missing_values() {
        let headers = vec![
            ("a".to_owned(), Some(b"1".to_vec())),
            ("b".to_owned(), None),
            ("a".to_owned(), Some(Vec::new())),
        ];
        assert_eq!(split(&joined(&headers)), Some(headers));
        assert_eq!(split(""), Some(Headers::new()));
        assert_eq!(split("YQ=="), None);
    }
}
