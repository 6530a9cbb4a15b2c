//! What application threads and the driver tell each other, in hundreds of orders of events: the real buffer, the real
//! engine, and a broker that answers at once. Every wait must end; one that does not leaves all threads waiting, which
//! shuttle tells of as a deadlock.

extern crate samsa_core_model as samsa_core;

#[path = "../../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use samsa_core::{
    AppendError, BatchBuffer, Command, Config, DriverSignal, Input, Notices, Now, OpId, OutgoingRecord,
    OutgoingSet, Reply, Ticket, TopicBuffer,
};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use shuttle::sync::{Condvar, Mutex};
use shuttle::{Runner, thread};
use support::{TOPIC, World};

/// Other commands have lower numbers.
const FIRST_FLUSH: u64 = 100;

/// Of each play, by each way to choose the next step.
const RUNS: usize = 150;

/// Where a thread sleeps until it is woken. (Not `park`, which may return for no reason, and so hides what is never said.)
#[derive(Default)]
struct Bed {
    woken: Mutex<bool>,
    bell: Condvar,
}

impl Bed {
    fn sleep(&self) {
        let mut woken = self.woken.lock().expect("no panic");
        while !std::mem::take(&mut *woken) {
            woken = self.bell.wait(woken).expect("no panic");
        }
    }
}

impl Wake for Bed {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().expect("no panic") = true;
        self.bell.notify_one();
    }
}

fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let bed = Arc::new(Bed::default());
    let waker = Waker::from(Arc::clone(&bed));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => bed.sleep(),
        }
    }
}

/// What the application's threads hold.
#[derive(Clone)]
struct Desk {
    topic: TopicBuffer,
    signal: Arc<DriverSignal>,
    at_work: Arc<AtomicUsize>,
    closing: Arc<AtomicBool>,
    /// Who sleeps until a flush is answered that the driver has not heard of yet.
    flushing: Arc<Mutex<Vec<Arc<Bed>>>>,
}

impl Desk {
    fn append(&self, record: &OutgoingRecord<'_>) -> Result<Ticket, AppendError> {
        wait(std::future::poll_fn(|cx| self.topic.poll_append(record, Now::default(), cx)))
    }

    fn flush(&self) {
        let bed = Arc::new(Bed::default());
        self.flushing.lock().expect("no panic").push(Arc::clone(&bed));
        self.signal.notify(Notices::COMMANDS);
        bed.sleep();
    }

    /// A thread is done.
    fn leave(&self) {
        self.at_work.fetch_sub(1, Ordering::SeqCst);
        self.signal.notify(Notices::COMMANDS);
    }
}

fn record(partition: Option<i32>) -> OutgoingRecord<'static> {
    OutgoingRecord { partition, value: Some(&[7; 900]), ..OutgoingRecord::default() }
}

/// How a driver goes to sleep.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    RegisterFirst,
    /// Wrong: what is said in between is neither taken nor does it wake.
    TakeFirst,
}

/// Drives the engine until all threads are done.
fn drive(world: &mut World, desk: &Desk, order: Order) {
    let bed = Arc::new(Bed::default());
    let waker = Waker::from(Arc::clone(&bed));
    let mut is_closing = false;
    let flushes = Flushes::default();
    flushes.listen(world);
    loop {
        if order == Order::RegisterFirst {
            desk.signal.register(&waker);
        }
        world.run();
        let flushing = std::mem::take(&mut *desk.flushing.lock().expect("no panic"));
        for bed in flushing {
            flushes.begin(world, bed);
        }
        if desk.closing.load(Ordering::SeqCst) && !is_closing {
            is_closing = true;
            let within = Duration::from_secs(5);
            world.input(Input::Command { op: OpId(2), command: Command::Close, within });
        }
        if desk.at_work.load(Ordering::SeqCst) == 0 {
            return;
        }
        if order == Order::TakeFirst {
            desk.signal.register(&waker);
        }
        bed.sleep();
    }
}

/// The flushes that are not answered yet. No other thread than the driver's locks them.
#[derive(Default)]
struct Flushes(Arc<std::sync::Mutex<BTreeMap<OpId, Arc<Bed>>>>);

impl Flushes {
    fn listen(&self, world: &mut World) {
        let waiting = Arc::clone(&self.0);
        world.replied = Box::new(move |op, reply| {
            let Some(bed) = waiting.lock().expect("no panic").remove(&op) else { return };
            assert!(matches!(reply, Reply::Flush(0)), "{reply:?}");
            bed.wake();
        });
    }

    fn begin(&self, world: &mut World, bed: Arc<Bed>) {
        let op = {
            let mut waiting = self.0.lock().expect("no panic");
            let op = OpId(waiting.last_key_value().map_or(FIRST_FLUSH, |(op, _)| op.0 + 1));
            waiting.insert(op, bed);
            op
        };
        let within = Duration::from_secs(5);
        world.input(Input::Command { op, command: Command::Flush, within });
    }
}

/// Lets threads work on a buffer while this one drives.
fn play(
    configure: impl FnOnce(&mut Config),
    order: Order,
    threads: impl IntoIterator<Item = fn(&Desk)>,
) -> BatchBuffer {
    let mut world = World::new(2, configure);
    let buffer = world.engine.batch_buffer();
    let desk = Desk {
        topic: buffer.topic(TOPIC),
        signal: world.engine.signal(),
        at_work: Arc::new(AtomicUsize::new(0)),
        closing: Arc::new(AtomicBool::new(false)),
        flushing: Arc::default(),
    };
    let threads: Vec<fn(&Desk)> = threads.into_iter().collect();
    desk.at_work.store(threads.len(), Ordering::SeqCst);
    let working: Vec<_> = threads
        .into_iter()
        .map(|work| {
            let desk = desk.clone();
            thread::spawn(move || {
                work(&desk);
                desk.leave();
            })
        })
        .collect();
    drive(&mut world, &desk, order);
    for thread in working {
        thread.join().expect("no panic");
    }
    buffer
}

/// Waits for each record before the next one.
fn one_by_one(desk: &Desk) {
    for partition in [Some(0), Some(1), None] {
        let ticket = desk.append(&record(partition)).expect("it is open");
        wait(ticket).expect("the broker takes everything");
    }
}

/// Waits for all records at the end.
fn all_at_once(desk: &Desk) {
    let tickets = [Some(0), Some(0), None].map(|partition| desk.append(&record(partition)));
    for ticket in tickets {
        wait(ticket.expect("it is open")).expect("the broker takes everything");
    }
}

/// Fills batches until memory is short.
fn much(desk: &Desk) {
    let tickets: Vec<Ticket> = (0..6).map(|_| desk.append(&record(Some(0))).expect("it is open")).collect();
    for ticket in tickets {
        wait(ticket).expect("the broker takes everything");
    }
}

fn sets(desk: &Desk) {
    let records = [record(None), record(None)];
    let set = OutgoingSet { partition: Some(0), key: None, records: &records };
    let ticket = wait(std::future::poll_fn(|cx| desk.topic.poll_append_set(&set, Now::default(), cx)));
    let receipt = wait(ticket.expect("it is open")).expect("the broker takes everything");
    assert_eq!(receipt.count, 2);
}

/// Publishes until the buffer is closed; whatever was accepted has its outcome.
fn until_it_is_closed(desk: &Desk) {
    let mut tickets = Vec::new();
    for partition in [Some(0), None, Some(1), Some(0)] {
        match desk.append(&record(partition)) {
            Ok(ticket) => tickets.push(ticket),
            Err(AppendError::Closed) => break,
            Err(error) => panic!("{error}"),
        }
    }
    for ticket in tickets {
        let _written_or_closed = wait(ticket);
    }
}

/// What was accepted before a flush has its outcome when that is answered.
fn appended_and_flushed(desk: &Desk) {
    let tickets = [Some(0), None, Some(1)].map(|partition| desk.append(&record(partition)));
    desk.flush();
    for ticket in tickets {
        let outcome = ticket.expect("it is open").try_outcome();
        outcome.expect("it is not left behind").expect("the broker takes everything");
    }
}

fn close(desk: &Desk) {
    desk.closing.store(true, Ordering::SeqCst);
    desk.signal.notify(Notices::COMMANDS);
}

fn as_usual(_: &mut Config) {}

/// Batches of a few records, and memory for three of them.
fn short(config: &mut Config) {
    config.publish.batch_bytes = 2_500;
    config.publish.message_bytes = 3_000;
    config.publish.buffer_bytes = 9_000;
}

fn lingers(config: &mut Config) {
    short(config);
    config.publish.linger = Duration::from_secs(60);
}

/// Tries a play in many orders: some by pure chance, some with few changes of turn at places of chance. The same ones each
/// time.
fn try_orders(play: impl Fn() + Clone + Send + Sync + 'static) {
    let random = RandomScheduler::new_from_seed(1, RUNS);
    Runner::new(random, shuttle::Config::default()).run(play.clone());
    let few_changes = PctScheduler::new_from_seed(1, 3, RUNS);
    Runner::new(few_changes, shuttle::Config::default()).run(play);
}

#[test]
fn no_record_is_left_behind_and_no_wake_up_is_lost() {
    try_orders(|| {
        let threads = [one_by_one as fn(&Desk), all_at_once, sets];
        assert_eq!(play(as_usual, Order::RegisterFirst, threads).used_bytes(), 0);
    });
}

#[test]
fn who_waits_for_room_gets_it() {
    try_orders(|| {
        assert_eq!(play(short, Order::RegisterFirst, [much as fn(&Desk), much]).used_bytes(), 0);
    });
}

#[test]
fn a_flush_leaves_no_record_behind_that_was_accepted_before_it() {
    for configure in [as_usual as fn(&mut Config), lingers] {
        try_orders(move || {
            let threads = [appended_and_flushed as fn(&Desk), appended_and_flushed];
            assert_eq!(play(configure, Order::RegisterFirst, threads).used_bytes(), 0);
        });
    }
}

#[test]
fn a_close_gives_everything_that_was_accepted_its_outcome() {
    for configure in [as_usual as fn(&mut Config), lingers] {
        try_orders(move || {
            let threads = [until_it_is_closed as fn(&Desk), until_it_is_closed, close];
            assert_eq!(play(configure, Order::RegisterFirst, threads).used_bytes(), 0);
        });
    }
}

/// That the fault is found shows that the others would be.
#[test]
#[should_panic(expected = "deadlock")]
fn a_driver_that_takes_before_it_registers_is_found_to_sleep_for_ever() {
    try_orders(|| {
        play(as_usual, Order::TakeFirst, [one_by_one as fn(&Desk)]);
    });
}
