//! `samsa consume`.

mod bounds;
mod group;
mod looking;
mod message;
mod printing;

use std::collections::BTreeSet;
use std::time::Duration;

use clap::{Args, ValueEnum};
use futures_lite::future;
use samsa_client::{Dialect, GroupProtocol, Offset, PartitionOffset, ReadError, ReaderBuilder, Topic};

use self::bounds::Bounds;
use self::looking::{First, Looking};
pub(crate) use self::message::ReadMessage;
use self::printing::Printing;
use crate::failure::Failure;
use crate::format::Format;
use crate::output::count;
use crate::session::Session;
use crate::start::Start;
use crate::storage::StorageName;

/// When nothing has come for so long, it is looked whether the end has moved back.
const IDLE: Duration = Duration::from_secs(2);

/// Print messages as they come, of all partitions together
#[derive(Args, Debug)]
pub(crate) struct Consume {
    /// Where from
    #[arg(required_unless_present_any = ["matching", "not_matching"])]
    topic: Option<String>,
    /// Instead of TOPIC, in a group: every topic whose whole name this regular expression matches, also those that come
    /// later
    #[arg(long, value_name = "REGEX", requires = "group", conflicts_with_all = ["topic", "not_matching"])]
    matching: Option<String>,
    /// Instead of TOPIC, in a group: every topic but those, and Kafka's own
    #[arg(long, value_name = "REGEX", requires = "group", conflicts_with = "topic")]
    not_matching: Option<String>,
    /// Where to start: earliest, latest, an offset, or @ and a time, as @1767225600000 (milliseconds since 1970) or
    /// @2026-01-01T00:00:00Z
    #[arg(long, value_name = "START", default_value = "earliest")]
    from: Start,
    /// As a member of this consumer group, which shares the partitions and goes on at its committed offsets; --from is for
    /// partitions without one. With --zookeeper groups live there, with --bootstrap on the brokers, unless --protocol or
    /// --dialect says otherwise
    #[arg(long, value_name = "G", conflicts_with_all = ["partition", "until_end"])]
    group: Option<String>,
    /// A group on the brokers, whichever way they were found: brokers, as consumer where the brokers have that, else as classic,
    /// which is the default with --bootstrap; classic, where a member shares the partitions out (Kafka 0.9 and later); consumer,
    /// where the coordinator does (KIP-848, Kafka 4.0 and later). -X session.timeout.ms, heartbeat.interval.ms and
    /// max.poll.interval.ms are its times
    #[arg(long, requires = "group", value_name = "PROTOCOL", value_enum, conflicts_with_all = ["dialect", "python3_owners"])]
    protocol: Option<ProtocolName>,
    /// How the members of a group in ZooKeeper speak: scala, as the consumers of Kafka 0.8 to 1.1, which is the default; samsa, as
    /// pykafka's balanced consumer, with offsets on the brokers; scala07, as the consumers of Kafka 0.7, which is refused in any
    /// case: this client cannot read from their brokers yet
    #[arg(long, requires = "group", value_name = "DIALECT", value_enum)]
    dialect: Option<DialectName>,
    /// Where a group in ZooKeeper keeps its offsets: zookeeper, which is the default; brokers, as Scala's consumers with
    /// offsets.storage=kafka and dual.commit.enabled=false, and as the dialect samsa does in any case; both, as Scala's with
    /// offsets.storage=kafka alone
    #[arg(long, requires = "group", value_name = "PLACE", value_enum)]
    offsets: Option<StorageName>,
    /// In the dialect samsa: lock partitions where pykafka does it on Python 3, below owners/b'TOPIC'
    #[arg(long, requires = "group")]
    python3_owners: bool,
    /// With so many streams, as the consumers of Kafka 0.8 to 1.1 call it: a member's share of the partitions grows with them,
    /// and everything is printed here. Not in the dialect samsa
    #[arg(long, requires = "group", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    streams: u16,
    /// This partition alone
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
    /// End after so many messages
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// End when all was printed that was there at the beginning
    #[arg(long)]
    until_end: bool,
    /// How to print a message, as kcat's -f: %t topic, %p partition, %o offset, %k key, %s value, %T timestamp,
    /// %h headers, %K and %S length of key and value, %%, \t \n \r \0 \\
    #[arg(long, short = 'f', value_name = "F", default_value = r"%s\n", conflicts_with = "json")]
    format: Format,
}

/// The name of a protocol that members speak with brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ProtocolName {
    Brokers,
    Classic,
    Consumer,
}

impl ProtocolName {
    fn protocol(self) -> GroupProtocol {
        match self {
            Self::Brokers => GroupProtocol::Brokers,
            Self::Classic => GroupProtocol::Classic,
            Self::Consumer => GroupProtocol::Consumer,
        }
    }
}

/// The name of a dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DialectName {
    Scala,
    Samsa,
    Scala07,
}

impl DialectName {
    fn dialect(self) -> Dialect {
        match self {
            Self::Scala => Dialect::Scala,
            Self::Samsa => Dialect::Samsa,
            Self::Scala07 => Dialect::Scala07,
        }
    }
}

impl Consume {
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        session.connect().await?;
        if let Some(group) = &self.group {
            return self.consume_in(session, group).await;
        }
        let topic = session.cluster.topic(self.topic.as_deref().unwrap_or_default());
        let mut bounds = self.bounds(session, &topic).await?;
        if bounds.are_reached() {
            return Ok(());
        }
        let mut reader = session.ask(self.reader(&topic).open()).await?;
        let mut printing = Printing::new(session, (!session.json).then_some(&self.format));
        let (mut looking, mut failed) = (Looking::new(), 0);
        while !bounds.are_reached() {
            let next = printing.next(&mut reader, &mut bounds);
            let next = match looking.beside(next, self.idle(session)).await {
                First::Message(next) => next?,
                // A log that was cut back, or made anew, may never reach the end that it had.
                First::Quiet => {
                    looking.begin(self.offsets(session, &topic, bounds.unread(), Offset::Latest));
                    continue;
                }
                First::Found(ends) => {
                    if let Ok(ends) = ends {
                        bounds.look_at_ends(&ends);
                    }
                    continue;
                }
            };
            match next {
                Some(Ok(chunk)) => printing.print(&chunk, &mut bounds)?,
                Some(Err(error)) => {
                    bounds.give_up(partition_of(&error).ok_or_else(|| Failure::from(error.clone()))?);
                    tell!("{error}");
                    printing.flush()?;
                    failed += 1;
                    if self.partition.is_some() || failed == session.ask(topic.partitions()).await?.len() {
                        break;
                    }
                }
                None => break,
            }
        }
        printing.end()?;
        match failed {
            0 => Ok(()),
            failed => {
                let partitions = count(failed as u64, "partition");
                Err(Failure::NotDone(format!("{partitions} could not be read on")))
            }
        }
    }

    async fn bounds(&self, session: &Session, topic: &Topic) -> Result<Bounds, Failure> {
        let mut bounds = Bounds::new(self.count);
        if self.until_end {
            let wanted = || self.partition.map(|partition| BTreeSet::from([partition]));
            let ends = self.offsets(session, topic, wanted(), Offset::Latest).await?;
            let starts = self.offsets(session, topic, wanted(), self.from.0).await?;
            bounds.end_at(&starts, &ends);
        }
        Ok(bounds)
    }

    /// Where that is now, in what can be read.
    async fn offsets(
        &self,
        session: &Session,
        topic: &Topic,
        partitions: Option<BTreeSet<i32>>,
        at: Offset,
    ) -> Result<Vec<PartitionOffset>, Failure> {
        let isolation = session.properties.config().fetch.isolation;
        session
            .ask(match partitions {
                Some(partitions) => topic.offsets_of(partitions, at, isolation),
                None => topic.offsets_with_isolation(at, isolation),
            })
            .await
    }

    /// Done when nothing has come for a while, where the end is waited for.
    async fn idle(&self, session: &Session) {
        if !self.until_end {
            future::pending::<()>().await;
        }
        (session.timers.sleep)(IDLE).await;
    }

    fn reader(&self, topic: &Topic) -> ReaderBuilder {
        match self.partition {
            Some(partition) => topic.partition(partition).reader(self.from.0),
            None => topic.reader(self.from.0),
        }
    }
}

/// The one partition that an error is about; the others are read on.
fn partition_of(error: &ReadError) -> Option<i32> {
    match error {
        ReadError::UnknownPartition { partition, .. }
        | ReadError::OutOfRange { partition, .. }
        | ReadError::Truncated { partition, .. }
        | ReadError::Refused { partition, .. }
        | ReadError::Corrupt { partition, .. } => Some(*partition),
        _ => None,
    }
}
