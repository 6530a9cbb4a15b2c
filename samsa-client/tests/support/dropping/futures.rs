//! The futures of the handles: each is a line, or a few.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_lite::future::zip;
use futures_lite::{Stream, StreamExt};
use samsa_client::{
    AppendError, Chunk, CloseError, ConsumedMessage, Isolation, LookError, Message, MessageSet, Offset,
    Reader, Topic,
};

use super::dropper::Dropper;
use super::stage::Stage;

type Playing<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A future, what has to be there for it, and what must hold when it was dropped.
pub(crate) struct Case {
    /// Type and method.
    pub(crate) name: &'static str,
    pub(crate) play: for<'a> fn(&'a Stage<'a>, &'a Dropper<'a>) -> Playing<'a>,
}

macro_rules! cases {
    ($cases:ident: $($name:literal: |$stage:ident, $dropper:ident| $play:block)+) => {
        pub(crate) const $cases: &[Case] = &[
            $(Case { name: $name, play: |$stage, $dropper| Box::pin(async move { $play }) },)+
        ];
    };
}
pub(crate) use cases;

/// A little later than what is dropped began.
pub(crate) const SOON: Duration = Duration::from_millis(5);

cases! { FUTURES:
    // Looking.
    "Builder::connect": |stage, dropper| {
        if let Some(client) = dropper.drops(stage.connect()).await {
            client.expect("a cluster").close().await.expect("nothing is given up");
        }
    }
    "Cluster::connected": |stage, dropper| { answered(dropper.drops(stage.cluster.connected()).await); }
    "Cluster::topics": |stage, dropper| { answered(dropper.drops(stage.cluster.topics()).await); }
    "Cluster::explain": |stage, dropper| {
        let explained = dropper.drops(stage.cluster.explain()).await;
        assert!(explained.is_none_or(|explanation| !explanation.lines.is_empty()));
    }
    "Cluster::metrics": |stage, dropper| { answered(dropper.drops(stage.cluster.metrics()).await); }
    "Topic::partitions": |stage, dropper| { answered(dropper.drops(stage.topic.partitions()).await); }
    "Topic::offsets": |stage, dropper| { answered(dropper.drops(stage.topic.offsets(Offset::Latest)).await); }
    "Topic::offsets_with_isolation": |stage, dropper| {
        let offsets = stage.topic.offsets_with_isolation(Offset::Earliest, Isolation::default());
        answered(dropper.drops(offsets).await);
    }
    "Topic::offsets_of": |stage, dropper| {
        let offsets = stage.topic.offsets_of([0], Offset::Earliest, Isolation::default());
        answered(dropper.drops(offsets).await);
    }
    "Topic::create": |stage, dropper| {
        let topic = stage.new_topic();
        answered(dropper.drops(topic.create(2, 1)).await);
        // What was ordered is done, and nothing else.
        let count = if dropper.has_polled() { 2 } else { 0 };
        while topic.partitions().await.expect("partitions").len() != count {
            stage.pause(SOON).await;
        }
    }
    "Events::next": |stage, dropper| {
        let client = stage.connect().await.expect("a cluster");
        let mut events = client.events();
        // At its end there are no more.
        let closing = async {
            stage.pause(SOON).await;
            client.close().await.expect("nothing is given up");
        };
        zip(dropper.drops(events.next()), closing).await;
        while events.next().await.is_some() {}
    }

    // Publishing.
    "Topic::publish": |stage, dropper| {
        let text = stage.text();
        answered(dropper.drops(stage.topic.publish(text.as_str())).await);
        stage.enter(&text, dropper.has_polled());
    }
    "Topic::publish that waits for room": |stage, dropper| {
        let (text, room) = (stage.text(), stage.take_all_room().await);
        let (receipt, ()) = zip(dropper.drops(stage.topic.publish(text.as_str())), later(stage, room)).await;
        let is_accepted = receipt.is_some();
        answered(receipt);
        // Dropped after there was room, it may be one or the other.
        if is_accepted || !dropper.has_polled() {
            stage.enter(&text, is_accepted);
        }
    }
    "Topic::publish to a topic that nobody knows": |stage, dropper| {
        let (topic, text) = (stage.new_topic(), stage.text());
        answered(dropper.drops(topic.publish(text.as_str())).await);
        // What was accepted makes the topic, and is stored there.
        let count = i64::from(dropper.has_polled());
        while stored(&topic).await < count {
            stage.pause(SOON).await;
        }
        assert_eq!(stored(&topic).await, count);
    }
    "Topic::publish of a set": |stage, dropper| {
        let texts = [stage.text(), stage.text()];
        let set: MessageSet<'_> = texts.iter().map(String::as_str).collect();
        let set = set.key("together");
        answered(dropper.drops(stage.topic.publish(set)).await);
        for text in &texts {
            stage.enter(text, dropper.has_polled());
        }
    }
    "Topic::publish of a set that waits for room": |stage, dropper| {
        let (texts, room) = ([stage.text(), stage.text()], stage.take_all_room().await);
        let set: MessageSet<'_> = texts.iter().map(String::as_str).collect();
        let (receipt, ()) = zip(dropper.drops(stage.topic.publish(set)), later(stage, room)).await;
        let is_accepted = receipt.is_some();
        answered(receipt);
        if is_accepted || !dropper.has_polled() {
            for text in &texts {
                stage.enter(text, is_accepted);
            }
        }
    }
    "Cluster::publish": |stage, dropper| {
        let text = stage.text();
        let message = Message::new(text.as_str()).key("to one partition");
        answered(dropper.drops(stage.cluster.publish(&stage.topic, message)).await);
        stage.enter(&text, dropper.has_polled());
    }
    "Partition::publish": |stage, dropper| {
        let (text, partition) = (stage.text(), stage.topic.partition(0));
        answered(dropper.drops(partition.publish(text.as_str())).await);
        stage.enter(&text, dropper.has_polled());
    }
    "Partition::publish that waits for room": |stage, dropper| {
        let (text, room) = (stage.text(), stage.take_all_room().await);
        let partition = stage.topic.partition(0);
        let (receipt, ()) = zip(dropper.drops(partition.publish(text.as_str())), later(stage, room)).await;
        let is_accepted = receipt.is_some();
        answered(receipt);
        if is_accepted || !dropper.has_polled() {
            stage.enter(&text, is_accepted);
        }
    }
    "Partition::publish of a set": |stage, dropper| {
        let texts = [stage.text(), stage.text()];
        let set: MessageSet<'_> = texts.iter().map(String::as_str).collect();
        answered(dropper.drops(stage.topic.partition(0).publish(set)).await);
        for text in &texts {
            stage.enter(text, dropper.has_polled());
        }
    }
    "Topic::enqueue": |stage, dropper| {
        let text = stage.text();
        let delivery = dropper.drops(stage.topic.enqueue(text.as_str())).await;
        stage.enter(&text, delivery.is_some());
        answered(delivery);
    }
    "Topic::enqueue that waits for room": |stage, dropper| {
        let (text, room) = (stage.text(), stage.take_all_room().await);
        let (delivery, ()) = zip(dropper.drops(stage.topic.enqueue(text.as_str())), later(stage, room)).await;
        stage.enter(&text, delivery.is_some());
        answered(delivery);
    }
    "Partition::enqueue": |stage, dropper| {
        let (text, partition) = (stage.text(), stage.topic.partition(0));
        let delivery = dropper.drops(partition.enqueue(text.as_str())).await;
        stage.enter(&text, delivery.is_some());
        answered(delivery);
    }
    "Partition::enqueue that waits for room": |stage, dropper| {
        let (text, room) = (stage.text(), stage.take_all_room().await);
        let partition = stage.topic.partition(0);
        let (delivery, ()) = zip(dropper.drops(partition.enqueue(text.as_str())), later(stage, room)).await;
        stage.enter(&text, delivery.is_some());
        answered(delivery);
    }
    "Delivery": |stage, dropper| {
        let text = stage.text();
        let delivery = stage.topic.enqueue(text.as_str()).await.expect("room");
        answered(dropper.drops(delivery).await);
        stage.enter(&text, true);
    }
    "Cluster::flush": |stage, dropper| {
        let text = stage.text();
        let delivery = stage.topic.enqueue(text.as_str()).await.expect("room");
        answered(dropper.drops(stage.cluster.flush()).await);
        stage.enter(&text, true);
        delivery.await.expect("a receipt");
    }

    // Batches.
    "Batch::append": |stage, dropper| {
        let (before, text) = (stage.text(), stage.text());
        let mut batch = stage.cluster.batch();
        batch.append(&stage.topic, before.as_str()).await.expect("room");
        let appended = dropper.drops(batch.append(&stage.topic, text.as_str())).await;
        stage.enter(&before, true);
        stage.enter(&text, appended.is_some());
        assert_eq!(batch.len(), 1 + usize::from(appended.is_some()));
        answered(appended);
    }
    "Batch::append that waits for room": |stage, dropper| {
        let (before, text) = (stage.text(), stage.text());
        let mut batch = stage.cluster.batch();
        batch.append(&stage.topic, before.as_str()).await.expect("room");
        let room = stage.take_all_room().await;
        let message = text.clone() + &" ".repeat(2000);
        let appending = dropper.drops(batch.append(&stage.topic, message.as_str()));
        let (appended, ()) = zip(appending, later(stage, room)).await;
        stage.enter(&before, true);
        stage.enter(&message, appended.is_some());
        answered(appended);
        assert!(batch.flush().await.expect("a report").all().is_ok_and(|receipts| !receipts.is_empty()));
    }
    "Batch::flush": |stage, dropper| {
        let texts = [stage.text(), stage.text()];
        let mut batch = stage.cluster.batch();
        for text in &texts {
            batch.append(&stage.topic, text.as_str()).await.expect("room");
            stage.enter(text, true);
        }
        let report = dropper.drops(batch.flush()).await;
        let report = if let Some(report) = report { report } else { batch.flush().await };
        assert_eq!(report.expect("a report").all().expect("receipts").len(), 2);
    }
    "TopicBatch::append": |stage, dropper| {
        let text = stage.text();
        let mut batch = stage.topic.batch();
        let appended = dropper.drops(batch.append(text.as_str())).await;
        stage.enter(&text, appended.is_some());
        answered(appended);
    }
    "TopicBatch::flush": |stage, dropper| {
        let text = stage.text();
        let mut batch = stage.topic.batch();
        batch.append(text.as_str()).await.expect("room");
        stage.enter(&text, true);
        dropper.drops(batch.flush()).await;
        drop(batch);
    }
    "Cluster::with_batch": |stage, dropper| {
        let (texts, appended) = ([stage.text(), stage.text()], Cell::new(0));
        let filled = stage.cluster.with_batch(async |batch| {
            for text in &texts {
                batch.append(&stage.topic, text.as_str()).await?;
                appended.set(appended.get() + 1);
                stage.pause(SOON).await;
            }
            Ok::<_, AppendError>(())
        });
        if let Some(report) = dropper.drops(filled).await {
            assert_eq!(report.expect("no error").all().expect("receipts").len(), 2);
        }
        texts.iter().enumerate().for_each(|(place, text)| stage.enter(text, place < appended.get()));
    }
    "Cluster::with_batch that waits for room": |stage, dropper| {
        let (texts, appended) = ([stage.text(), stage.text()], Cell::new(0));
        let room = stage.take_all_room().await;
        let filled = stage.cluster.with_batch(async |batch| {
            for text in &texts {
                batch.append(&stage.topic, text.as_str()).await?;
                appended.set(appended.get() + 1);
            }
            Ok::<_, AppendError>(())
        });
        let (report, ()) = zip(dropper.drops(filled), later(stage, room)).await;
        if let Some(report) = report {
            assert_eq!(report.expect("no error").all().expect("receipts").len(), 2);
        }
        texts.iter().enumerate().for_each(|(place, text)| stage.enter(text, place < appended.get()));
    }

    // Reading.
    "ReaderBuilder::open": |stage, dropper| {
        let opened = dropper.drops(stage.digits.reader(Offset::Earliest).open()).await;
        assert!(opened.is_none_or(|reader| reader.is_ok()));
        digits(&mut open(stage).await, "0").await;
    }
    "Reader::next": |stage, dropper| {
        let mut reader = open(stage).await;
        digits(&mut reader, "012").await;
        let next = dropper.drops(reader.next()).await;
        let next = next.map(|message| message.expect("no end").expect("a message"));
        assert!(next.as_ref().is_none_or(|message| message.value() == Some(b"3")));
        digits(&mut reader, if next.is_some() { "456" } else { "3456" }).await;
    }
    "Reader::next that waits for a message": |stage, dropper| {
        let text = stage.text();
        stage.enter(&text, true);
        let mut reader = stage.topic.partition(0).reader(Offset::Latest).open().await.expect("a reader");
        let publishing = async {
            stage.pause(SOON).await;
            stage.topic.partition(0).publish(text.as_str()).await.expect("a receipt");
        };
        let (next, ()) = zip(dropper.drops(reader.next()), publishing).await;
        let next = if let Some(next) = next { next } else { reader.next().await };
        let message = next.expect("no end").expect("a message");
        assert_eq!(message.value(), Some(text.as_bytes()), "it is neither lost nor another");
    }
    "Reader::next_chunk": |stage, dropper| {
        let mut reader = open(stage).await;
        let mut places = Vec::new();
        if let Some(chunk) = dropper.drops(reader.next_chunk()).await {
            places.extend(offsets(&chunk.expect("no end").expect("a chunk")));
        }
        while places.len() < 10 {
            let chunk = reader.next_chunk().await.expect("no end").expect("a chunk");
            places.extend(offsets(&chunk));
        }
        assert_eq!(places, (0..10).collect::<Vec<i64>>(), "no batch is lost or comes twice");
    }
    "Reader as a stream": |stage, dropper| {
        let mut reader = open(stage).await;
        let is_read = dropper.drops(StreamExt::next(&mut reader)).await.is_some();
        digits(&mut reader, if is_read { "12" } else { "012" }).await;
    }
    "Reader::seek": |stage, dropper| {
        let mut reader = open(stage).await;
        digits(&mut reader, "01").await;
        answered(dropper.drops(reader.seek(0, Offset::Exact(7))).await);
        reader.seek(0, Offset::Exact(4)).await.expect("it seeks again");
        digits(&mut reader, "456").await;
    }

    // Ends.
    "Cluster::close": |stage, dropper| {
        let (client, text) = (stage.connect().await.expect("a cluster"), stage.text());
        let topic = client.topic(stage.topic.name());
        let delivery = topic.enqueue(text.as_str()).await.expect("room");
        stage.enter(&text, true);
        answered(dropper.drops(client.close()).await);
        delivery.await.expect("a receipt");
        if dropper.has_polled() {
            // What was ordered goes on to its end.
            client.close().await.expect("nothing is given up");
            assert!(client.topics().await.is_err());
        } else {
            client.topics().await.expect("it is not closed");
        }
    }
    "Cluster::close_within": |stage, dropper| {
        let client = stage.connect().await.expect("a cluster");
        let closed: Option<Result<(), CloseError>> =
            dropper.drops(client.close_within(Duration::from_secs(5))).await;
        answered(closed);
        assert_eq!(client.topics().await.is_err(), dropper.has_polled());
    }
}

/// What was ready is no error.
pub(crate) fn answered<T, E: std::fmt::Display>(answer: Option<Result<T, E>>) {
    if let Some(Err(error)) = answer {
        panic!("{error}");
    }
}

/// How many messages the topic has, which nobody may know yet.
async fn stored(topic: &Topic) -> i64 {
    match topic.offsets(Offset::Latest).await {
        Ok(ends) => ends.iter().map(|end| end.offset).sum(),
        Err(LookError::UnknownTopic { .. }) => 0,
        Err(error) => panic!("{error}"),
    }
}

async fn open(stage: &Stage<'_>) -> Reader {
    stage.digits.partition(0).reader(Offset::Earliest).open().await.expect("a reader")
}

/// Reads these digits, one after the other.
pub(crate) async fn digits<E: std::fmt::Debug>(
    reader: &mut (impl Stream<Item = Result<ConsumedMessage, E>> + Unpin),
    expected: &str,
) {
    for digit in expected.chars() {
        let message = reader.next().await.expect("no end").expect("a message");
        assert_eq!(message.value(), Some(digit.to_string().as_bytes()));
    }
}

pub(crate) fn offsets(chunk: &Chunk) -> impl Iterator<Item = i64> {
    chunk.into_iter().map(|record| record.offset())
}

async fn later<T>(stage: &Stage<'_>, thing: T) {
    stage.pause(SOON).await;
    drop(thing);
}
