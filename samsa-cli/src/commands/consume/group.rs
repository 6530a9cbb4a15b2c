//! `samsa consume --group`: what is printed is committed once it is written out.

use std::collections::BTreeMap;
use std::io;

use futures_lite::future;
use samsa_client::{
    Commit, ConsumeError, ConsumedMessage, Consumer, ConsumerBuilder, ConsumerEvent, ConsumerEvents,
    GroupProtocol, ReadError, TopicPartition,
};

use super::message::ReadMessage;
use super::printing::Printing;
use super::{Consume, ProtocolName, partition_of};
use crate::failure::Failure;
use crate::output::count;
use crate::session::Session;

/// So many messages are printed at most before they are written out.
const TOGETHER: usize = 1_000;

/// A member, and what it has printed and not written out yet.
struct Member<'a> {
    consumer: Consumer,
    events: ConsumerEvents,
    printing: Printing<'a>,
    /// The last message of each partition.
    printed: BTreeMap<TopicPartition, ConsumedMessage>,
    together: usize,
}

impl Consume {
    pub(super) async fn consume_in(&self, session: &Session, group: &str) -> Result<(), Failure> {
        let consumer =
            self.choose(session.cluster.consumer(group)).start_at(self.from.0).commit(Commit::Marked);
        let consumer = consumer.python3_owners(self.python3_owners).streams(self.streams);
        let in_zookeeper = self.dialect.map(|name| GroupProtocol::ZooKeeper(name.dialect()));
        let consumer = match self.protocol.map(ProtocolName::protocol).or(in_zookeeper) {
            Some(protocol) => consumer.protocol(protocol),
            None => consumer,
        };
        let consumer = match self.offsets {
            Some(name) => consumer.offsets(name.storage()),
            None => consumer,
        };
        let subscribing = consumer.subscribe();
        let consumer = session.stop.or(subscribing).await;
        let consumer = consumer.ok_or_else(|| Failure::interrupted("joining the group"))??;
        let printing = Printing::new(session, (!session.json).then_some(&self.format));
        let events = consumer.events();
        let mut member = Member { consumer, events, printing, printed: BTreeMap::new(), together: 0 };
        let outcome = member.consume(session, self.count).await;
        let written = member.write_out();
        let Member { consumer, mut events, .. } = member;
        let left = consumer.close().await;
        tell_what_failed_so_far(&mut events).await;
        let stopped = outcome?;
        written?;
        left?;
        match stopped {
            0 => Ok(()),
            stopped => {
                let partitions = count(stopped, "partition");
                Err(Failure::NotDone(format!("{partitions} could not be read on")))
            }
        }
    }
}

impl Consume {
    fn choose(&self, mut consumer: ConsumerBuilder) -> ConsumerBuilder {
        if let Some(pattern) = &self.matching {
            consumer = consumer.matching(pattern);
        }
        if let Some(pattern) = &self.not_matching {
            consumer = consumer.not_matching(pattern);
        }
        consumer.topics(&self.topic)
    }
}

impl Member<'_> {
    /// Says how many partitions could not be read on.
    async fn consume(&mut self, session: &Session, most: Option<u64>) -> Result<u64, Failure> {
        let (mut left, mut stopped) = (most, 0);
        while left != Some(0) {
            match self.next(session).await? {
                Some(Ok(message)) => {
                    self.print(message)?;
                    left = left.map(|left| left - 1);
                }
                Some(Err(ConsumeError::Read(error))) => {
                    stopped += u64::from(is_of_a_partition(error)?);
                }
                Some(Err(error)) => return Err(error.into()),
                None => break,
            }
        }
        Ok(stopped)
    }

    /// The next message. When there is none yet, all that were printed are written out first.
    async fn next(&mut self, session: &Session) -> io::Result<Option<Result<ConsumedMessage, ConsumeError>>> {
        if session.stop.is_asked() {
            return Ok(None);
        }
        if self.together < TOGETHER
            && let Some(next) = future::poll_once(self.consumer.next()).await
        {
            return Ok(next);
        }
        self.write_out()?;
        let Self { consumer, events, .. } = self;
        tell_what_failed_so_far(events).await;
        Ok(session.stop.or(beside(consumer.next(), events)).await.flatten())
    }

    fn print(&mut self, message: ConsumedMessage) -> io::Result<()> {
        self.printing.message(&ReadMessage {
            topic: message.topic(),
            partition: message.partition(),
            offset: message.offset(),
            timestamp: message.timestamp().map(|time| time.0),
            key: message.key(),
            value: message.value(),
            headers: message.headers().collect(),
        })?;
        self.together += 1;
        self.printed.insert(TopicPartition::new(message.topic(), message.partition()), message);
        Ok(())
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.printing.flush()?;
        self.together = 0;
        for (_, message) in std::mem::take(&mut self.printed) {
            self.consumer.mark(&message);
        }
        Ok(())
    }
}

/// A member that always has messages says it, too.
async fn tell_what_failed_so_far(events: &mut ConsumerEvents) {
    while let Some(Some(event)) = future::poll_once(events.next()).await {
        tell_what_failed(&event);
    }
}

/// Waits, and says meanwhile what fails.
async fn beside<T>(next: impl Future<Output = T>, events: &mut ConsumerEvents) -> T {
    let telling = async {
        while let Some(event) = events.next().await {
            tell_what_failed(&event);
        }
        future::pending().await
    };
    future::or(next, telling).await
}

fn tell_what_failed(event: &ConsumerEvent) {
    if let ConsumerEvent::CommitFailed { partition, reason } = event {
        tell!("{partition}: an offset was not committed: {reason}");
    }
}

/// Says on stderr what happened to a partition. What happened to all of them is a failure.
fn is_of_a_partition(error: ReadError) -> Result<bool, Failure> {
    if partition_of(&error).is_none() {
        return Err(error.into());
    }
    tell!("{error}");
    Ok(true)
}
