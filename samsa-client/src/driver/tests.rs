//! The driver on a toy runtime, polled by hand.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use samsa_core::{AppendError, Certainty, Config, Discovery, HostPort, LookError, PublishFailure};

#[path = "../../tests/support/broker.rs"]
mod broker;
mod toy;

use self::toy::{Toy, Wakes};
use super::Driver;
use crate::{Cluster, FlushError, Message};

/// A client with its driver in a toy world.
struct Stage {
    toy: Toy,
    wakes: Arc<Wakes>,
    driver: Option<Driver<Toy>>,
}

impl Stage {
    fn new(toy: Toy) -> (Cluster, Self) {
        Self::with(toy, |_| {})
    }

    fn with(toy: Toy, set: impl FnOnce(&mut Config)) -> (Cluster, Self) {
        let mut config = Config::new(Discovery::Bootstrap(HostPort::list("k1:9092").expect("an address")));
        set(&mut config);
        let (cluster, driver) = crate::client(config, toy.clone());
        (cluster, Self { toy, wakes: Arc::default(), driver: Some(driver) })
    }

    /// Polls the driver until it is not woken any more; counts the polls.
    fn run(&mut self) -> usize {
        for polls in 1..1000 {
            if self.poll() || self.wakes.take() == 0 {
                return polls;
            }
        }
        panic!("the driver wakes itself without end");
    }

    /// Whether it has ended.
    fn poll(&mut self) -> bool {
        let driver = self.driver.as_mut().expect("the driver was dropped");
        Pin::new(driver).poll(&mut Context::from_waker(&self.wakes.waker())).is_ready()
    }

    /// Lets a broker answer, until there is nothing more to say.
    fn converse(&mut self) {
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], 9092));
        while self.run() > 0 {
            let mut said = false;
            for pipe in 0..self.toy.connections() {
                while let Some(request) = self.toy.take_frame(pipe) {
                    let answer = broker::answer(&request, address).unwrap_or_default();
                    for byte in answer {
                        self.toy.send(pipe, &[byte]);
                    }
                    said = true;
                }
            }
            if !said {
                return;
            }
        }
    }

    /// Lets time pass, from deadline to deadline, until the driver has ended.
    fn run_to_the_end(&mut self) {
        for _ in 0..1000 {
            self.run();
            if self.poll() {
                return;
            }
            self.wakes.take();
            self.toy.ring_alarm();
        }
        panic!("the driver does not end");
    }
}

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn the_driver_resolves_dials_and_sends_the_first_request() {
    let (_cluster, mut stage) = Stage::new(Toy::with_room(1 << 20));
    stage.run();
    assert_eq!(stage.toy.asked_names(), ["k1"]);
    assert_eq!(stage.toy.connections(), 1);
    let request = stage.toy.written(0);
    let length = u32::from_be_bytes(request[..4].try_into().expect("four bytes"));
    assert_eq!(request.len(), 4 + length as usize);
    assert_eq!(request[4..6], [0, 18], "the first request asks for API versions");
}

#[test]
fn an_idle_driver_is_polled_only_when_something_happens() {
    let (cluster, mut stage) = Stage::new(Toy::with_room(1 << 20));
    stage.run();
    assert_eq!(stage.wakes.take(), 0);
    let polls = stage.toy.polls(0);

    let mut topics = cluster.topics();
    assert!(poll(&mut topics).is_pending());
    assert_eq!(stage.wakes.take(), 1, "a command wakes it");
    assert_eq!(stage.run(), 1);
    assert_eq!(stage.toy.polls(0), polls, "a socket that is not ready is not touched");

    stage.toy.send(0, &[0]);
    assert_eq!(stage.wakes.take(), 1, "bytes wake it");
    assert_eq!(stage.run(), 1);
    assert!(stage.toy.polls(0).0 > polls.0);

    stage.toy.ring_alarm();
    assert_eq!(stage.wakes.take(), 1, "a deadline wakes it");
}

#[test]
fn a_blocked_socket_goes_on_where_it_stopped_as_soon_as_there_is_room() {
    let (_other, mut free) = Stage::new(Toy::with_room(1 << 20));
    free.run();
    let whole = free.toy.written(0);

    let (_cluster, mut stage) = Stage::new(Toy::with_room(5));
    stage.run();
    assert_eq!(stage.toy.written(0), whole[..5]);
    while stage.toy.written(0).len() < whole.len() {
        stage.toy.make_room(0, 3);
        assert_eq!(stage.wakes.take(), 1);
        stage.run();
    }
    assert_eq!(stage.toy.written(0), whole);
}

#[test]
fn a_connection_that_the_broker_closes_is_given_up_and_dialled_again() {
    let (_cluster, mut stage) = Stage::new(Toy::with_room(1 << 20));
    stage.run();
    stage.toy.hang_up(0);
    stage.run();
    assert!(stage.toy.is_dropped(0));
    for _ in 0..10 {
        if stage.toy.connections() == 2 {
            return;
        }
        stage.toy.ring_alarm();
        stage.run();
    }
    panic!("nobody dialled again");
}

#[test]
fn a_command_ends_when_its_time_is_over() {
    let (cluster, mut stage) = Stage::new(Toy::refusing());
    let mut topics = cluster.topics().within(Duration::from_secs(2));
    assert!(poll(&mut topics).is_pending());
    stage.run();
    for _ in 0..1000 {
        if let Poll::Ready(answer) = poll(&mut topics) {
            assert!(matches!(answer, Err(LookError::TimedOut { .. })), "{answer:?}");
            assert!(cluster.now().mono.as_micros() >= 2_000_000);
            return;
        }
        stage.toy.ring_alarm();
        stage.run();
    }
    panic!("the command did not end");
}

#[test]
fn when_the_driver_is_dropped_every_waiting_call_is_answered() {
    let (cluster, mut stage) = Stage::new(Toy::with_room(1 << 20));
    let (mut topics, mut connected) = (cluster.topics(), cluster.connected());
    assert!(poll(&mut topics).is_pending() && poll(&mut connected).is_pending());
    stage.run();
    let mut late = cluster.topics();
    assert!(poll(&mut late).is_pending());

    stage.driver = None;
    assert_eq!(poll(&mut topics), Poll::Ready(Err(LookError::Closed)));
    assert_eq!(poll(&mut late), Poll::Ready(Err(LookError::Closed)));
    assert_eq!(poll(&mut connected), Poll::Ready(Err(samsa_core::ConnectError::Closed)));
    assert_eq!(poll(&mut cluster.topics()), Poll::Ready(Err(LookError::Closed)));
    assert_eq!(poll(&mut cluster.flush()), Poll::Ready(Err(FlushError::Closed)));
    assert_eq!(poll(&mut cluster.close()), Poll::Ready(Ok(())));
    assert!(stage.toy.is_dropped(0));

    let Poll::Ready(explanation) = poll(&mut cluster.explain()) else { panic!("no explanation") };
    assert!(explanation.lines[0].what.contains("gone"), "{explanation:?}");
}

#[test]
fn when_the_driver_is_dropped_every_accepted_message_has_its_outcome() {
    let (cluster, stage) = Stage::new(Toy::default());
    let topic = cluster.topic("events");
    let mut delivery = topic.try_enqueue("hello").expect("there is room");
    assert!(poll(&mut delivery).is_pending());
    drop(stage);
    let Poll::Ready(Err(error)) = poll(&mut delivery) else { panic!("no outcome") };
    assert_eq!(error.certainty(), Certainty::NotSent);
    assert_eq!(error.message().value.as_deref(), Some(&b"hello"[..]));

    let refused = topic.try_enqueue("too late").expect_err("the client is gone");
    assert_eq!(refused.reason(), &AppendError::Closed);
    assert_eq!(refused.into_message(), "too late".into());
    let Poll::Ready(Err(error)) =
        pin!(topic.publish("too late")).poll(&mut Context::from_waker(Waker::noop()))
    else {
        panic!("no outcome")
    };
    assert_eq!(error.failure(), &PublishFailure::Closed);
}

#[test]
fn where_there_is_room_a_message_costs_no_allocation() {
    let (cluster, mut stage) = Stage::new(Toy::with_room(1 << 20));
    let topic = cluster.topic("events");
    let value = [7; 100];
    let enqueue = |count| {
        for _ in 0..count {
            let mut enqueue = topic.enqueue(Message::new(&value));
            assert!(matches!(poll(&mut enqueue), Poll::Ready(Ok(_))));
        }
    };
    enqueue(1);
    stage.converse();
    // A batch that has grown to its full size, and is not full.
    enqueue(1500);

    let counted = allocation_counter::measure(|| enqueue(500));
    assert_eq!(counted.count_total, 0);
}

#[test]
fn a_message_whose_enqueue_is_dropped_while_it_waits_is_never_accepted() {
    let (cluster, stage) = Stage::with(Toy::default(), |config| config.publish.buffer_bytes = 64 << 10);
    let topic = cluster.topic("events");
    let mut deliveries = Vec::new();
    let full = loop {
        match topic.try_enqueue(&[7; 1000]) {
            Ok(delivery) => deliveries.push(delivery),
            Err(error) => break error,
        }
    };
    assert!(full.is_full());
    assert!(deliveries.len() > 10);

    let mut waiting = topic.enqueue(full.into_message());
    assert!(poll(&mut waiting).is_pending());
    drop(waiting);
    let accepted = deliveries.len();
    drop(stage);
    let ended = deliveries.iter_mut().filter_map(|delivery| match poll(delivery) {
        Poll::Ready(Err(error)) => Some(error.message().value),
        _ => None,
    });
    assert_eq!(ended.count(), accepted);
}

#[test]
fn a_client_without_handles_ends_by_itself() {
    let (cluster, mut stage) = Stage::new(Toy::with_room(1 << 20));
    let topic = cluster.topic("events");
    stage.run();
    drop(cluster);
    assert!(!stage.poll(), "a topic keeps the client going");
    stage.wakes.take();
    drop(topic);
    assert_eq!(stage.wakes.take(), 1, "the last handle wakes the driver");
    stage.run_to_the_end();
    assert!(stage.toy.is_dropped(0));
}

#[test]
fn a_message_that_outlives_its_handles_gets_its_outcome_before_the_driver_ends() {
    let (cluster, mut stage) = Stage::new(Toy::refusing());
    let mut delivery = cluster.topic("events").try_enqueue("hello").expect("there is room");
    drop(cluster);
    stage.run();
    assert!(poll(&mut delivery).is_pending());
    stage.run_to_the_end();
    let Poll::Ready(Err(error)) = poll(&mut delivery) else { panic!("no outcome") };
    assert!(matches!(error.failure(), PublishFailure::TimedOut { .. }), "{error}");
}

#[test]
fn close_is_answered_when_the_driver_has_ended_and_to_everyone_who_asked() {
    let (cluster, mut stage) = Stage::new(Toy::with_room(1 << 20));
    stage.run();
    let (mut first, mut second) = (cluster.close(), cluster.clone().close());
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
    stage.run_to_the_end();
    assert_eq!(poll(&mut first), Poll::Ready(Ok(())));
    assert_eq!(poll(&mut second), Poll::Ready(Ok(())));
    assert_eq!(poll(&mut cluster.close()), Poll::Ready(Ok(())));
}

#[test]
fn a_second_close_does_not_cut_the_first_one_short() {
    let (cluster, mut stage) = Stage::new(Toy::refusing());
    let mut delivery = cluster.topic("events").try_enqueue("hello").expect("there is room");
    let (mut first, mut second) = (cluster.close_within(Duration::from_secs(5)), cluster.close());
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
    stage.run();
    assert!(poll(&mut delivery).is_pending(), "it may still be delivered");
    stage.run_to_the_end();
    assert!(cluster.now().mono.as_micros() >= 5_000_000);
    assert!(matches!(poll(&mut delivery), Poll::Ready(Err(_))));
    assert!(matches!(poll(&mut first), Poll::Ready(Err(crate::CloseError::GaveUp { given_up: 1, .. }))));
}

#[test]
fn dropping_a_call_leaves_the_others_alone() {
    let (cluster, mut stage) = Stage::new(Toy::refusing());
    let mut dropped = cluster.topics().within(Duration::from_secs(1));
    let mut kept = cluster.topics().within(Duration::from_secs(1));
    assert!(poll(&mut dropped).is_pending() && poll(&mut kept).is_pending());
    stage.run();
    drop(dropped);
    for _ in 0..1000 {
        if poll(&mut kept).is_ready() {
            return;
        }
        stage.toy.ring_alarm();
        stage.run();
    }
    panic!("the other call was not answered");
}

#[test]
fn the_command_queue_has_a_bound() {
    let (cluster, _stage) = Stage::new(Toy::default());
    let mut calls: Vec<_> = (0..samsa_core::limits::COMMANDS).map(|_| cluster.topics()).collect();
    assert!(calls.iter_mut().all(|call| poll(call).is_pending()));
    assert!(matches!(poll(&mut cluster.topics()), Poll::Ready(Err(LookError::Busy { .. }))));
    assert!(poll(&mut cluster.close()).is_pending(), "to close there is room");
}

#[test]
fn handles_can_be_shared_between_threads_and_futures_can_be_spawned() {
    fn shared<T: Send + Sync + 'static>() {}
    fn spawned<T: Send>(_: T) {}
    shared::<Cluster>();
    shared::<crate::Topic>();
    shared::<crate::Partition>();
    shared::<crate::Delivery>();
    shared::<crate::Reader>();
    shared::<crate::ConsumedMessage>();
    shared::<crate::Events>();
    shared::<Message<'static>>();
    shared::<crate::ReaderBuilder>();
    let (cluster, stage) = Stage::new(Toy::default());
    let topic = cluster.topic("events");
    spawned(topic.publish("hello"));
    spawned(topic.enqueue("hello"));
    spawned(topic.reader(crate::Offset::Earliest).open());
    spawned(cluster.topics());
    spawned(stage.driver);
}
