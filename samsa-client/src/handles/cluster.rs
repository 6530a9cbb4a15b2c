//! A cluster.

use std::sync::Arc;
use std::time::Duration;

use samsa_core::{
    BrokerInfo, Command, ConnectError, Explanation, GroupList, GroupLookError, LookError, Metrics, Now,
    Reply, TopicName, Waiting,
};

use super::batch::{Batch, BatchReport};
use super::consumer::ConsumerBuilder;
use super::group::Group;
use super::publish::{Publish, Publishing};
use super::topic::Topic;
use crate::call::{Asked, Call};
use crate::command_queue::Answer;
use crate::error::{CloseError, FlushError, MetricsError};
use crate::events::Events;
use crate::link::Link;

/// How long a close may take, unless said otherwise.
const CLOSING: Duration = Duration::from_secs(30);

/// A Kafka cluster. Cheap to clone and to share between threads; all clones are one client.
///
/// The client lives until [`close`](Self::close), or until the last handle of it (cluster, topic, reader) is dropped;
/// what was accepted then is still sent.
#[derive(Clone, Debug)]
pub struct Cluster {
    link: Arc<Link>,
}

impl Cluster {
    pub(crate) fn new(link: Link) -> Self {
        Self { link: Arc::new(link) }
    }

    /// Done when the cluster was seen for the first time. The builders' `connect` awaits it already.
    ///
    /// # Errors
    /// When no broker answered in time: the last thing that went wrong is in it. The client goes on trying.
    pub fn connected(&self) -> Call<Result<(), ConnectError>> {
        Call::new(&self.link, Command::Connect, |answer, _| match answer {
            Answer::Given(Reply::Connect(seen)) => seen,
            Answer::Given(_) | Answer::Busy(_) | Answer::Closed => Err(ConnectError::Closed),
        })
    }

    /// The brokers, as they were last seen; none before the cluster was seen.
    pub fn brokers(&self) -> Arc<[BrokerInfo]> {
        self.link.shared.brokers()
    }

    /// The names of all topics, the cluster's internal ones marked.
    ///
    /// # Errors
    /// When a broker refuses, nobody answers in time, more than 1,024 commands wait, or the client is closed.
    pub fn topics(&self) -> Call<Result<Vec<TopicName>, LookError>> {
        Call::new(&self.link, Command::Topics, |answer, _| match answer {
            Answer::Given(Reply::Topics(topics)) => topics,
            Answer::Busy(waiting) => Err(LookError::Busy { waiting }),
            Answer::Given(_) | Answer::Closed => Err(LookError::Closed),
        })
    }

    /// A topic by its name. No IO, and it need not exist.
    pub fn topic(&self, name: impl AsRef<str>) -> Topic {
        Topic::new(&self.link, name.as_ref())
    }

    /// Publishes a message, or a set of messages, to a topic: the same as [`Topic::publish`].
    pub fn publish<'a, 't, P: Publish<'a>>(
        &self,
        topic: &'t Topic,
        what: P,
    ) -> Publishing<'t, P::Publication> {
        topic.publish(what)
    }

    /// Consumes topics as a member of this group, which shares their partitions.
    ///
    /// ```no_run
    /// # async fn run(cluster: samsa_client::Cluster) -> Result<(), Box<dyn std::error::Error>> {
    /// use samsa_client::Offset;
    ///
    /// let consumer = cluster.consumer("billing").topics(["events", "audit"]).start_at(Offset::Earliest);
    /// let mut consumer = consumer.subscribe().await?;
    /// while let Some(message) = consumer.next().await {
    ///     let message = message?;
    ///     println!("{} {}@{}: {:?}", message.topic(), message.partition(), message.offset(), message.value());
    /// }
    /// consumer.close().await?;
    /// # Ok(()) }
    /// ```
    pub fn consumer(&self, group: impl AsRef<str>) -> ConsumerBuilder {
        ConsumerBuilder::new(&self.link, group.as_ref())
    }

    /// The groups of consumers that there are, in the order of their names, and where each lives. One that has no members may
    /// have offsets.
    ///
    /// A cluster that was found through ZooKeeper is asked for the groups in ZooKeeper and for those that the brokers coordinate;
    /// one that was found by bootstrap for those of the brokers. Each broker tells of those that it coordinates: one that does
    /// not, for ten seconds or nine tenths of the time that the question has, is told as such beside the groups of the others.
    /// Brokers before Kafka 0.10 are not asked. Groups of Connect and of schema registries are not told.
    ///
    /// # Errors
    /// When ZooKeeper refuses or does not answer in time, no broker answers or all are too old on a cluster that was found by
    /// bootstrap, more than 16 such questions wait, or the client is closed.
    ///
    /// ```no_run
    /// # async fn run(cluster: samsa_client::Cluster) -> Result<(), Box<dyn std::error::Error>> {
    /// use samsa_client::GroupHome;
    ///
    /// let list = cluster.groups().await?;
    /// for group in &list.groups {
    ///     match &group.home {
    ///         GroupHome::ZooKeeper { members } => println!("{}: {members} members in ZooKeeper", group.name),
    ///         home => println!("{}: {home:?}", group.name),
    ///     }
    /// }
    /// for missing in &list.untold {
    ///     println!("what broker {:?} coordinates is not known: {}", missing.broker, missing.reason);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn groups(&self) -> Call<Result<GroupList, GroupLookError>> {
        Call::new(&self.link, Command::Groups, |answer, _| match answer {
            Answer::Given(Reply::Groups(groups)) => groups,
            Answer::Busy(waiting) => Err(LookError::Busy { waiting }.into()),
            Answer::Given(_) | Answer::Closed => Err(LookError::Closed.into()),
        })
    }

    /// A group by its name, to look at. No IO, and it need not exist.
    pub fn group(&self, name: impl AsRef<str>) -> Group {
        Group::new(&self.link, name.as_ref())
    }

    /// A batch that gathers messages for any topics of this cluster, and sends them together.
    pub fn batch(&self) -> Batch {
        Batch::new(self.link.batch_bytes())
    }

    /// Has a batch filled, and flushes it: a report of all that was appended. If `fill` fails, its error is returned; what
    /// was appended until then is sent all the same, and so it is when this future is dropped.
    ///
    /// ```no_run
    /// # async fn run(cluster: samsa_client::Cluster) -> Result<(), Box<dyn std::error::Error>> {
    /// let events = cluster.topic("events");
    /// let report = cluster
    ///     .with_batch(async |batch| {
    ///         batch.append(&events, "a").await?;
    ///         batch.append(&events, "b").await
    ///     })
    ///     .await?;
    /// println!("{} messages", report.all()?.len());
    /// # Ok(()) }
    /// ```
    pub async fn with_batch<E>(
        &self,
        fill: impl AsyncFnOnce(&mut Batch) -> Result<(), E>,
    ) -> Result<BatchReport, E> {
        let mut batch = self.batch();
        fill(&mut batch).await?;
        Ok(batch.report().await)
    }

    /// Done when every message that was accepted before has its outcome, whatever that is; each delivery tells it.
    ///
    /// By default it may take a second more than the delivery timeout.
    ///
    /// # Errors
    /// When the time was over before: what is left goes on, and the error says how much that is.
    ///
    /// ```no_run
    /// # async fn run(cluster: samsa_client::Cluster) -> Result<(), Box<dyn std::error::Error>> {
    /// let topic = cluster.topic("events");
    /// for number in 0..1000 {
    ///     let _outcome = topic.enqueue(number.to_string()).await?; // each goes, whether its outcome is looked at or not
    /// }
    /// cluster.flush().await?;
    /// # Ok(()) }
    /// ```
    pub fn flush(&self) -> Call<Result<(), FlushError>> {
        let call = Call::new(&self.link, Command::Flush, |answer, asked| match answer {
            Answer::Given(Reply::Flush(0)) => Ok(()),
            Answer::Given(Reply::Flush(left)) => Err(FlushError::Unfinished { left, within: asked.within }),
            Answer::Busy(waiting) | Answer::Given(Reply::Busy { waiting }) => {
                Err(FlushError::Busy { waiting })
            }
            Answer::Given(_) | Answer::Closed => Err(FlushError::Closed),
        });
        call.within(self.link.shared.outcomes_within)
    }

    /// What each part of the client waits for, since when and until when: "why is nothing happening?" Times are on the
    /// scale of [`now`](Self::now). And which guarantees are in force for what is published: who has an acknowledged message,
    /// whether order is kept, whether a message may be stored twice. It is answered by a closed client as well, which says so.
    ///
    /// ```no_run
    /// # async fn run(cluster: samsa_client::Cluster) {
    /// let explanation = cluster.explain().await;
    /// for line in explanation.lines {
    ///     println!("{} waits for {}", line.who, line.what);
    /// }
    /// for guarantee in explanation.guarantees {
    ///     println!("{guarantee}"); // duplicates, every partition: none: idempotence is in force (producer 7, epoch 0), ...
    /// }
    /// # }
    /// ```
    pub fn explain(&self) -> Call<Explanation> {
        Call::new(&self.link, Command::Explain, explain)
    }

    /// What the client has done since it began, and what it holds now, for who has to keep it going. With the feature
    /// `metrics` there is `Exporter`, which hands it to the `metrics` crate.
    ///
    /// # Errors
    /// When more than 1,024 commands wait, or the client is closed.
    ///
    /// ```no_run
    /// # async fn run(cluster: samsa_client::Cluster) -> Result<(), samsa_client::MetricsError> {
    /// let metrics = cluster.metrics().await?;
    /// println!("{} records written, {} failed", metrics.publishing.written.records, metrics.publishing.failed_records);
    /// for partition in &metrics.reading {
    ///     println!("{}-{}: {:?} behind", partition.topic, partition.partition, partition.lag);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn metrics(&self) -> Call<Result<Metrics, MetricsError>> {
        Call::new(&self.link, Command::Metrics, |answer, _| match answer {
            Answer::Given(Reply::Metrics(metrics)) => Ok(*metrics),
            Answer::Busy(waiting) => Err(MetricsError::Busy { waiting }),
            Answer::Given(_) | Answer::Closed => Err(MetricsError::Closed),
        })
    }

    /// What happens to the cluster from now on.
    ///
    /// ```no_run
    /// # async fn run(cluster: samsa_client::Cluster) {
    /// use samsa_client::Event;
    ///
    /// let mut events = cluster.events();
    /// while let Some(event) = events.next().await {
    ///     match event {
    ///         Ok(Event::BrokerLost { broker, reason }) => println!("broker {broker}: {reason}"),
    ///         Ok(event) => println!("{event:?}"),
    ///         Err(missed) => println!("{missed}"),
    ///     }
    /// }
    /// # }
    /// ```
    pub fn events(&self) -> Events {
        self.link.shared.events.listen()
    }

    /// The client's clocks.
    pub fn now(&self) -> Now {
        self.link.clock.now()
    }

    /// Closes the client, for all its handles: nothing more is accepted, and what was accepted gets its outcome. By
    /// default that may take 30 s, and a second more for ZooKeeper. Closing what is closed is no error.
    ///
    /// It waits for orders that are under way, too: to leave a group, to create a topic, to set the offsets of a group. When its
    /// time is over they are given up, and answered so. Questions are not waited for: they are answered with
    /// `Closed`.
    ///
    /// At its end every message has had its outcome, the connections are closed, and the driver has ended.
    ///
    /// # Errors
    /// When the time was over, or the runtime ended, before every message had its outcome: the client is closed all the same,
    /// and the error says how many were given up. So it is bounded whatever the brokers and ZooKeeper do.
    pub fn close(&self) -> Call<Result<(), CloseError>> {
        let call = Call::new(&self.link, Command::Close, |answer, asked| match answer {
            Answer::Given(Reply::Close(given_up)) if given_up > 0 => {
                Err(CloseError::GaveUp { given_up, within: asked.within })
            }
            Answer::Busy(waiting) | Answer::Given(Reply::Busy { waiting }) => {
                Err(CloseError::Busy { waiting })
            }
            Answer::Given(_) | Answer::Closed => Ok(()),
        });
        call.within(CLOSING)
    }

    /// [`close`](Self::close) within a bound: what has no outcome then is given up.
    pub fn close_within(&self, within: Duration) -> Call<Result<(), CloseError>> {
        self.close().within(within)
    }
}

fn explain(answer: Answer, asked: &Asked<'_>) -> Explanation {
    let mut explanation = Explanation::default();
    let what = match answer {
        Answer::Given(Reply::Explain(given)) => {
            explanation = given;
            format!("it had run at {} when it was asked at {}", asked.driver_ran, asked.at)
        }
        Answer::Busy(waiting) => format!("{waiting} commands wait for it to run"),
        Answer::Given(_) | Answer::Closed => {
            "it is gone: the client was closed, or its runtime has ended".to_owned()
        }
    };
    let who = "the driver".to_owned();
    explanation.lines.push(Waiting { who, what, since: Some(asked.driver_ran), until: None });
    explanation
}
