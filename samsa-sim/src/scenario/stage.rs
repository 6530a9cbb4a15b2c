//! What scenarios share: a world, one topic in it, and the history of what an application did with it.

use std::cell::{Ref, RefCell, RefMut};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use samsa_client::{Acks, AppendError, Certainty, PublishError, Receipt, Retries};
use samsa_client::{Cluster, Message, MessageSet, Topic};

mod reading;
mod watch;

pub(super) use reading::{AT_ONCE, Habit};

use super::Options;
use super::plan::Plan;
use crate::check::{self, Accepted, History, Logs, Outcome};
use crate::cluster::{LoggedRecord, ModelCluster, Release};
use crate::faults::Fault;
use crate::report::Report;
use crate::rng::Rng;
use crate::simulation::Simulation;
use crate::world::World;

/// The topic of a scenario.
pub(super) const TOPIC: &str = "events";

const PUBLISHER: &str = "publisher";

/// In how much time after the healing all is well.
pub(super) const CONVERGENCE: Duration = Duration::from_secs(60);

/// A world and what happened in it.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) plan: Rc<Plan>,
    history: Rc<RefCell<History>>,
}

impl Stage {
    /// Runs a play in a world made for a plan, checks all that must hold, and reports.
    pub(super) fn play<F: Future<Output = ()> + 'static>(
        seed: u64,
        options: Options,
        plan: Plan,
        act: impl FnOnce(Self) -> F,
    ) -> Report {
        let promised = plan.acks;
        Self::play_promising(seed, options, plan, promised, act)
    }

    /// The same, with what these acknowledgements promise to be checked.
    pub(super) fn play_promising<F: Future<Output = ()> + 'static>(
        seed: u64,
        options: Options,
        plan: Plan,
        promised: Acks,
        act: impl FnOnce(Self) -> F,
    ) -> Report {
        let plan = Rc::new(plan);
        let mut simulation = Simulation::new(seed);
        if let Some(faults) = &plan.faults {
            simulation = simulation.faults(faults.clone());
        }
        let simulation = simulation
            .cluster(plan.cluster.clone())
            .faults_for(plan.faults_for)
            .within(plan.faults_for + CONVERGENCE * 5)
            .keep_trace(options.trace);
        let knows_producers = plan.cluster.oldest() >= Release::V0_11;
        let idempotent = plan.idempotence && plan.acks == Acks::All && knows_producers;
        let sent_once = plan.retries == Retries::OnlyNotSent;
        let by_leader = promised == Acks::Leader;
        let history = History { idempotent, sent_once, by_leader, ..History::default() };
        let history = Rc::new(RefCell::new(history));
        let kept = Rc::clone(&history);
        let mut report = simulation
            .run(|world| {
                let stage = Self { world, plan, history };
                stage.say();
                stage.world.host().expect_publishers();
                if idempotent || sent_once {
                    stage.world.host().expect_once(TOPIC);
                }
                let body = act(stage.clone());
                async move {
                    body.await;
                    stage.judge();
                }
            })
            .report;
        let history = kept.borrow();
        report.published = history.accepted.len() as u64;
        report.acknowledged = history.acknowledged() as u64;
        report.read = history.read_count() as u64;
        report
    }

    fn say(&self) {
        let faults: Vec<&str> = self.world.faults().kinds().into_iter().map(Fault::name).collect();
        let faults = if faults.is_empty() { "nothing".to_owned() } else { faults.join(", ") };
        let trace = self.world.trace();
        trace.line("scenario", format_args!("{}", self.plan));
        trace.line("scenario", format_args!("what may go wrong until {:?}: {faults}", self.plan.faults_for));
    }

    fn judge(&self) {
        let (losses, dropped) =
            self.world.host().look(|cluster| (cluster.losses(TOPIC), cluster.dropped(TOPIC)));
        let mut history = self.history_mut();
        (history.losses, history.dropped) = (losses, dropped);
        drop(history);
        let (violations, history) = (self.world.violations(), self.history());
        violations.checked(history.accepted.len() + history.read_count());
        for violation in check::all(&history, &self.logs()) {
            violations.push(violation);
        }
    }

    pub(super) fn history(&self) -> Ref<'_, History> {
        self.history.borrow()
    }

    pub(super) fn history_mut(&self) -> RefMut<'_, History> {
        self.history.borrow_mut()
    }

    pub(super) fn tell(&self, who: &str, what: std::fmt::Arguments<'_>) {
        self.world.trace().line(who, what);
    }

    /// A client, by trying again and again while things go wrong.
    pub(super) async fn connect(&self) -> Option<Cluster> {
        loop {
            let all_was_well = self.world.faults().are_over();
            match self.plan.client(&self.world).connect().await {
                Ok(cluster) => {
                    let client = self.world.last_client();
                    self.world.spawn_named("listener", self.clone().listen(client, cluster.events()));
                    return Some(cluster);
                }
                Err(error) if all_was_well => {
                    self.world.violation("converges", format!("cannot connect though all is well: {error}"));
                    return None;
                }
                Err(error) => self.tell("app", format_args!("is not connected: {error}")),
            }
        }
    }

    /// Closes a client, which must work when all is well.
    pub(super) async fn close(&self, client: Cluster) {
        if let Err(error) = client.close().await {
            self.world.violation("closes-cleanly", error.to_string());
        }
    }

    /// Publishes a record of random size, with one of a few keys or none.
    pub(super) async fn publish(&self, topic: &Topic, rng: &mut Rng) {
        if self.plan.sets && rng.chance(400) {
            return self.publish_set(topic, rng).await;
        }
        let key = rng.chance(600).then(|| format!("k{}", rng.below(5)));
        self.publish_with(topic, key, rng).await;
    }

    /// The cluster may create a topic from now on, if it is not there.
    pub(super) fn begins_to_publish(&self, topic: &Topic) {
        self.world.host().is_published_to(topic.name());
    }

    /// Publishes a record of random size without a key.
    pub(super) async fn publish_keyless(&self, topic: &Topic, rng: &mut Rng) {
        self.publish_with(topic, None, rng).await;
    }

    async fn publish_with(&self, topic: &Topic, key: Option<String>, rng: &mut Rng) {
        let is_too_large = self.plan.too_large > 0 && rng.chance(self.plan.too_large);
        let is_too_large = is_too_large && !self.world.faults().are_over();
        let padding = if is_too_large { self.plan.cluster.batch_bytes } else { rng.below(120) as usize };
        let padding = "x".repeat(padding);
        let value = format!("m{} {padding}", self.history().accepted.len());
        let mut message = Message::new(value.clone());
        if let Some(key) = &key {
            message = message.key(key.clone());
        }
        let header =
            (self.plan.headers > 0 && rng.chance(self.plan.headers)).then(|| format!("h{}", rng.below(9)));
        if let Some(header) = &header {
            message = message.header("h", header.clone());
        }
        self.begins_to_publish(topic);
        match topic.enqueue(message).await {
            Ok(delivery) => {
                let number = self.accept(key, value, header);
                let stage = self.clone();
                self.world.spawn_named("delivery", async move {
                    let outcome = delivery.await;
                    stage.settle(number, outcome);
                });
            }
            Err(AppendError::HeadersUnsupported { .. }) if self.has_old_brokers() => {
                self.tell(
                    PUBLISHER,
                    format_args!("m{} has a header, and cannot be stored", self.history().accepted.len()),
                );
            }
            Err(error) => self.world.violation("accepts-while-there-is-room", error.to_string()),
        }
    }

    /// Whether some brokers are not upgraded, or were not a moment ago.
    fn has_old_brokers(&self) -> bool {
        let is_on_its_way = !self.plan.cluster.releases.is_empty() && !self.world.faults().are_over();
        is_on_its_way || self.world.host().look(|cluster| !cluster.not_upgraded().is_empty())
    }

    /// Publishes a set of a few records of random size.
    async fn publish_set(&self, topic: &Topic, rng: &mut Rng) {
        let key = rng.chance(600).then(|| format!("k{}", rng.below(5)));
        let first = self.history().accepted.len();
        let count = 2 + rng.below(4) as usize;
        let values: Vec<String> = (first..first + count)
            .map(|number| format!("m{number} {}", "x".repeat(rng.below(100) as usize)))
            .collect();
        let mut set: MessageSet<'_> = values.iter().cloned().collect();
        if let Some(key) = &key {
            set = set.key(key.clone());
        }
        self.begins_to_publish(topic);
        let topic = topic.clone();
        let mut publishing = Box::pin(async move { topic.publish(set).await });
        // Its place is fixed when it is first polled; there is room.
        let early = poll_fn(|cx| Poll::Ready(publishing.as_mut().poll(cx))).await;
        for value in values {
            self.accept(key.clone(), value, None);
        }
        self.history.borrow_mut().sets.push(first..first + count);
        let stage = self.clone();
        self.world.spawn_named("delivery", async move {
            let outcome = match early {
                Poll::Ready(outcome) => outcome,
                Poll::Pending => publishing.await,
            };
            for number in first..first + count {
                let receipt = outcome.clone().map(|set| Receipt {
                    partition: set.partition,
                    offset: set.base_offset.map(|base| base + (number - first) as i64),
                    timestamp: None,
                });
                stage.settle(number, receipt);
            }
        });
    }

    fn accept(&self, key: Option<String>, value: String, header: Option<String>) -> usize {
        let with = key.as_ref().map_or_else(|| "no key".to_owned(), |key| format!("key {key}"));
        let and = if header.is_some() { " and a header" } else { "" };
        let record = Accepted {
            key: key.map(String::into_bytes),
            partition: None,
            value: value.into_bytes(),
            header: header.map(String::into_bytes),
        };
        let number = self.history.borrow_mut().accept(record);
        self.tell(PUBLISHER, format_args!("publishes m{number} with {with}{and}"));
        number
    }

    fn settle(&self, number: usize, outcome: Result<Receipt, PublishError>) {
        let outcome = match outcome {
            Ok(receipt) => {
                let at = receipt.offset.map(|offset| format!(" at {offset}")).unwrap_or_default();
                self.tell(
                    PUBLISHER,
                    format_args!("m{number} is acknowledged: partition {}{at}", receipt.partition),
                );
                self.check_receipt(number, &receipt);
                Outcome::Acknowledged { partition: receipt.partition, offset: receipt.offset }
            }
            Err(error) => {
                self.tell(PUBLISHER, format_args!("m{number} failed, {:?}: {error}", error.certainty()));
                self.is_not_given_up(number, &error);
                match error.certainty() {
                    Certainty::NotSent => Outcome::NotSent,
                    Certainty::PossiblySent => Outcome::PossiblySent,
                }
            }
        };
        self.history.borrow_mut().settle(number, outcome);
    }

    /// Fills the topic with records that somebody published long ago: the batches of each partition, drawn from chance of
    /// their own, which is given back.
    pub(super) fn fill(&self, log: impl Fn(&mut Rng, i32) -> Vec<Bytes>) -> Rng {
        let mut rng = self.world.draw(Rng::fork);
        let partitions: Vec<_> =
            (0..self.plan.cluster.partitions).map(|partition| log(&mut rng, partition)).collect();
        self.world.host().fill(TOPIC, &partitions);
        let mut history = self.history.borrow_mut();
        for (partition, log) in self.logs() {
            for LoggedRecord { offset, key, value, header } in log {
                let value = value.unwrap_or_default();
                let number = history.accept(Accepted { key, partition: None, value, header });
                history.settle(number, Outcome::Acknowledged { partition, offset: Some(offset) });
            }
        }
        rng
    }

    /// Up to where each partition of the topic is committed, transactions included.
    pub(super) fn ends(&self) -> impl Iterator<Item = (i32, i64)> {
        let ends = |cluster: &ModelCluster| -> Vec<i64> {
            (0..cluster.partition_count(TOPIC)).map(|number| cluster.stable_end(TOPIC, number)).collect()
        };
        (0..).zip(self.world.host().look(ends))
    }

    /// What the brokers have of the topic.
    pub(super) fn logs(&self) -> Logs {
        self.world.host().look(|cluster| {
            let partitions = 0..cluster.partition_count(TOPIC);
            partitions.map(|partition| (partition, cluster.log(TOPIC, partition))).collect()
        })
    }
}
