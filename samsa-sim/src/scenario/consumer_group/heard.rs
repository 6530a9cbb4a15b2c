//! What members were told of their partitions, and that they keep to it: once a partition is said to be revoked or lost, nothing
//! of it is handed out; once it is lost, no commit of it is sent. Both until it is another claim by which the member has it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use samsa_client::{Consumer, ConsumerEvent, ConsumerEvents, Dialect, TopicPartition};
use samsa_core::{Instant, ZkOp};
use samsa_proto::zookeeper::PartitionNode;

use super::group::Group;
use super::identity::{Identity, committed};
use crate::clock::MachineClock;
use crate::sent::Sent;

/// What the listener of a member was told of a partition last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Assigned,
    Revoking,
    Lost,
}

#[derive(Debug, Default)]
struct Place {
    told: Option<Told>,
    /// Since when it was lost, and when it was claimed anew.
    lost: Vec<(Instant, Option<Instant>)>,
    /// As whom it was lost, where the group is on the brokers.
    lost_as: Vec<Identity>,
}

/// What the members of a group were told. Who has no listener is not in here.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The names of clients, by their machines.
    clients: Vec<(Arc<MachineClock>, String)>,
    places: BTreeMap<(String, TopicPartition), Place>,
    /// As whom clients spoke last with their coordinators.
    identities: BTreeMap<String, Identity>,
}

impl Heard {
    /// A member lives on this machine, and listens.
    pub(super) fn begins(&mut self, machine: Arc<MachineClock>, client: &str) {
        self.clients.push((machine, client.to_owned()));
    }

    /// Its listener hears of it now.
    pub(super) fn hears(&mut self, now: Instant, client: &str, event: &ConsumerEvent) {
        let (told, partitions) = match event {
            ConsumerEvent::Assigned { partitions } => (Told::Assigned, partitions),
            ConsumerEvent::Revoking { partitions, .. } => (Told::Revoking, partitions),
            ConsumerEvent::Lost { partitions } => (Told::Lost, partitions),
            _ => return,
        };
        for partition in partitions {
            let place = self.places.entry((client.to_owned(), partition.clone())).or_default();
            place.told = Some(told);
            if told == Told::Lost {
                place.lost.push((now, None));
                place.lost_as.extend(self.identities.get(client).cloned());
            }
        }
    }

    /// What is wrong with a message that is handed out now, if its partition is not the member's.
    pub(super) fn wrong_to_hand_out(&self, client: &str, place: &TopicPartition) -> Option<String> {
        let told = self.places.get(&(client.to_owned(), place.clone()))?.told?;
        (told != Told::Assigned).then(|| format!("{client} was told last that it is {told:?}"))
    }

    /// What is wrong with something that is sent now, by a member of a group of this name.
    pub(super) fn wrong_to_send(
        &mut self,
        now: Instant,
        machine: &Arc<MachineClock>,
        sent: Sent<'_>,
        (group, dialect): (&str, Option<Dialect>),
    ) -> Option<String> {
        let client = self.clients.iter().find(|(own, _)| Arc::ptr_eq(own, machine))?.1.clone();
        let (begun, places) = match sent {
            Sent::ZooKeeper(op) => (None, vec![self.in_zookeeper(now, &client, op, (group, dialect))?]),
            Sent::Request { frame, .. } if dialect.is_none() => return self.wrong_to_ask(&client, frame),
            Sent::Request { begun, frame } => (Some(begun), committed(frame)?),
        };
        let wrong = places.into_iter().find(|place| self.is_lost(&client, place, begun))?;
        Some(format!("{client} commits of {wrong}, which it has lost"))
    }

    /// The same of a member of a group on the brokers: what it lost as somebody whom it is no more it does not commit as that one.
    fn wrong_to_ask(&mut self, client: &str, frame: &[u8]) -> Option<String> {
        let identity = Identity::of(frame)?;
        self.identities.insert(client.to_owned(), identity.clone());
        let is_lost = |place: &TopicPartition| {
            let place = self.places.get(&(client.to_owned(), place.clone()));
            place.is_some_and(|place| place.lost_as.contains(&identity))
        };
        let wrong = committed(frame)?.into_iter().find(is_lost)?;
        Some(format!("{client} commits of {wrong} as {identity:?}, as whom it has lost that"))
    }

    /// The partition of which an offset is written there. A claim is noted.
    fn in_zookeeper(
        &mut self,
        now: Instant,
        client: &str,
        op: &ZkOp,
        (group, dialect): (&str, Option<Dialect>),
    ) -> Option<TopicPartition> {
        let (ZkOp::Create { path, .. } | ZkOp::Set { path, .. }) = op else { return None };
        let below = path.strip_prefix("/consumers/")?.strip_prefix(group)?;
        let (folder, node) = below.strip_prefix('/')?.split_once('/')?;
        let (topic, name) = node.split_once('/')?;
        if folder == "offsets" {
            return Some(TopicPartition::new(topic, name.parse().ok()?));
        }
        let is_claim = folder.starts_with("owners") && matches!(op, ZkOp::Create { ephemeral: true, .. });
        let node = PartitionNode::from_name(name, dialect?).ok().filter(|_| is_claim)?;
        let place = self.places.get_mut(&(client.to_owned(), TopicPartition::new(topic, node.partition)))?;
        if let Some((_, until @ None)) = place.lost.last_mut() {
            *until = Some(now);
        }
        None
    }

    /// Whether it was lost then, or is now.
    fn is_lost(&self, client: &str, place: &TopicPartition, then: Option<Instant>) -> bool {
        let Some(place) = self.places.get(&(client.to_owned(), place.clone())) else { return false };
        let was = |(since, until): &(Instant, Option<Instant>)| match then {
            // What was sent in the same moment was sent before the listener had heard of it.
            Some(then) => *since < then && until.is_none_or(|until| then < until),
            None => until.is_none(),
        };
        place.lost.iter().any(was)
    }
}

/// The listener of the checks: it holds nothing that is revoked.
#[derive(Clone)]
pub(super) struct Ear(Rc<Inner>);

struct Inner {
    group: Group,
    client: String,
    events: RefCell<ConsumerEvents>,
    task: RefCell<Option<Waker>>,
}

impl Ear {
    pub(super) fn new(group: &Group, client: &str, consumer: &Consumer) -> Self {
        Self(Rc::new(Inner {
            group: group.clone(),
            client: client.to_owned(),
            events: RefCell::new(consumer.events()),
            task: RefCell::default(),
        }))
    }

    /// Hears all that is told, to the end of the membership.
    pub(super) async fn listens(self) {
        std::future::poll_fn(|cx| {
            *self.0.task.borrow_mut() = Some(cx.waker().clone());
            self.poll(cx)
        })
        .await;
    }

    /// Hears what was told up to now.
    pub(super) fn hears(&self) {
        let task = self.0.task.borrow().clone();
        // At the end there is nothing more to hear.
        let _is_over = self.poll(&mut Context::from_waker(task.as_ref().unwrap_or(Waker::noop())));
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut events = self.0.events.borrow_mut();
        loop {
            let next = pin!(events.next()).poll(cx);
            let Poll::Ready(event) = next else { return Poll::Pending };
            let Some(event) = event else { return Poll::Ready(()) };
            let now = self.0.group.stage.world.instant();
            self.0.group.heard.borrow_mut().hears(now, &self.0.client, &event);
        }
    }
}

#[cfg(test)]
mod tests;
