//! What futures are dropped on: a client, its topics, and a ledger of what must be stored.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use futures_lite::future::poll_once;
use samsa_client::{Batch, Cluster, ConnectError, Offset, Topic};

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// Where clients run.
pub(crate) trait Place {
    /// Connects a new client, with a buffer of 128 KiB, batches of 8 KiB and messages of at most 16 KiB.
    fn connect(&self) -> Boxed<Result<Cluster, ConnectError>>;

    /// Whether there are groups: they live in ZooKeeper.
    fn has_groups(&self) -> bool;

    /// Lets time pass.
    fn pause(&self, lasts: Duration) -> Boxed<()>;

    /// Part of the names of topics, so that runs do not meet.
    fn name(&self) -> &str;
}

/// How long it may take until nothing is left of what was dropped.
const SETTLED: Duration = Duration::from_secs(20);

/// A line of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Once,
    Never,
}

pub(crate) struct Stage<'a> {
    place: &'a dyn Place,
    pub(crate) cluster: Cluster,
    /// What is published here goes in the ledger.
    pub(crate) topic: Topic,
    /// Has ten messages in its first partition, "0" to "9", and no others.
    pub(crate) digits: Topic,
    pub(crate) bystanders: Topic,
    filler: Topic,
    ledger: RefCell<BTreeMap<String, Sent>>,
    texts: Cell<u32>,
    /// Who waits when nothing does.
    idle: BTreeSet<String>,
}

impl<'a> Stage<'a> {
    pub(crate) async fn set(place: &'a dyn Place) -> Stage<'a> {
        let cluster = place.connect().await.expect("a cluster");
        let topic = |role: &str| cluster.topic(format!("{}-{role}", place.name()));
        let mut stage = Self {
            topic: topic("ledger"),
            digits: topic("digits"),
            bystanders: topic("bystanders"),
            filler: topic("filler"),
            ledger: RefCell::default(),
            texts: Cell::new(0),
            idle: BTreeSet::new(),
            place,
            cluster,
        };
        for topic in [&stage.topic, &stage.bystanders, &stage.filler] {
            topic.partition(0).publish("there it is").await.expect("a receipt");
        }
        for digit in 0..10 {
            stage.digits.partition(0).publish(digit.to_string()).await.expect("a receipt");
        }
        stage.idle = stage.who_waits().await;
        stage
    }

    pub(crate) fn pause(&self, lasts: Duration) -> Boxed<()> {
        self.place.pause(lasts)
    }

    /// Another client.
    pub(crate) fn connect(&self) -> Boxed<Result<Cluster, ConnectError>> {
        self.place.connect()
    }

    /// A topic that nobody knows yet.
    pub(crate) fn new_topic(&self) -> Topic {
        self.cluster.topic(format!("{}-{}", self.place.name(), self.text()))
    }

    /// A text that was not there before.
    pub(crate) fn text(&self) -> String {
        self.texts.set(self.texts.get() + 1);
        format!("text-{}", self.texts.get())
    }

    /// Whether this text was accepted: then it is stored once, and else never.
    pub(crate) fn enter(&self, text: &str, is_accepted: bool) {
        let sent = if is_accepted { Sent::Once } else { Sent::Never };
        assert_eq!(self.ledger.borrow_mut().insert(text.to_owned(), sent), None, "texts are told apart");
    }

    /// Takes all room of the buffer: whoever has it may drop it.
    pub(crate) async fn take_all_room(&self) -> Vec<Batch> {
        let mut taken = Vec::new();
        for size in [4000, 400, 40] {
            loop {
                let mut batch = self.cluster.batch();
                let appended = poll_once(batch.append(&self.filler, "x".repeat(size))).await;
                match appended {
                    Some(appended) => appended.expect("it is accepted"),
                    None => break,
                }
                taken.push(batch);
            }
        }
        taken
    }

    /// Nothing is left that waits, and the client works.
    pub(crate) async fn settle(&self, what: &str) {
        let mut waited = Duration::ZERO;
        loop {
            let left: Vec<String> = self.who_waits().await.difference(&self.idle).cloned().collect();
            let metrics = self.cluster.metrics().await.expect("metrics");
            let bytes = metrics.publishing.buffer_used_bytes;
            if left.is_empty() && bytes == 0 && metrics.reading.is_empty() {
                break;
            }
            assert!(waited < SETTLED, "{what}: something is left: {left:#?}, {bytes} bytes, {metrics:#?}");
            let pause = Duration::from_millis(2);
            self.pause(pause).await;
            waited += pause;
        }
        let topics = self.cluster.topics().await;
        assert!(topics.is_ok_and(|topics| !topics.is_empty()), "{what}: the next question has its answer");
    }

    async fn who_waits(&self) -> BTreeSet<String> {
        let lines = self.cluster.explain().await.lines;
        // Connections stay for those who come next.
        let lines = lines.into_iter().filter(|line| !line.who.contains(" to "));
        lines.map(|line| line.who).collect()
    }

    /// What was accepted is stored once, and nothing else is.
    pub(crate) async fn judge(self) {
        let mut stored: BTreeMap<String, usize> = BTreeMap::new();
        let ends = self.topic.offsets(Offset::Latest).await.expect("offsets");
        for end in ends {
            let mut reader =
                self.topic.partition(end.partition).reader(Offset::Earliest).open().await.expect("a reader");
            let mut position = 0;
            while position < end.offset {
                let message = reader.next().await.expect("no end").expect("a message");
                position = message.offset() + 1;
                let text = String::from_utf8_lossy(message.value().unwrap_or_default()).into_owned();
                *stored.entry(text).or_default() += 1;
            }
        }
        for (text, sent) in self.ledger.into_inner() {
            let count = stored.get(&text).copied().unwrap_or_default();
            let expected = usize::from(sent == Sent::Once);
            assert_eq!(count, expected, "{text} was to be stored {sent:?}");
        }
        self.cluster.close().await.expect("nothing is given up");
    }
}
