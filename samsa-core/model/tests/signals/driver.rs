//! What application threads hold, and the driver that they call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Duration;

use samsa_core::{
    AppendError, Command, DriverSignal, Input, Notices, Now, OpId, OutgoingRecord, Reply, Ticket, TopicBuffer,
};
use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::bed::{Bed, wait};
use crate::support::{TOPIC, World};

/// Other commands have lower numbers.
const FIRST_FLUSH: u64 = 100;

/// What the application's threads hold.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) topic: TopicBuffer,
    signal: Arc<DriverSignal>,
    at_work: Arc<AtomicUsize>,
    closing: Arc<AtomicBool>,
    /// Who sleeps until a flush is answered that the driver has not heard of yet.
    flushing: Arc<Mutex<Vec<Arc<Bed>>>>,
}

impl Desk {
    /// For so many threads.
    pub(crate) fn new(world: &World, threads: usize) -> Self {
        Self {
            topic: world.engine.batch_buffer().topic(TOPIC),
            signal: world.engine.signal(),
            at_work: Arc::new(AtomicUsize::new(threads)),
            closing: Arc::new(AtomicBool::new(false)),
            flushing: Arc::default(),
        }
    }

    pub(crate) fn append(&self, record: &OutgoingRecord<'_>) -> Result<Ticket, AppendError> {
        wait(std::future::poll_fn(|cx| self.topic.poll_append(record, Now::default(), cx)))
    }

    pub(crate) fn flush(&self) {
        let bed = Arc::new(Bed::default());
        self.flushing.lock().expect("no panic").push(Arc::clone(&bed));
        self.signal.notify(Notices::COMMANDS);
        bed.sleep();
    }

    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.signal.notify(Notices::COMMANDS);
    }

    /// A thread is done.
    pub(crate) fn leave(&self) {
        self.at_work.fetch_sub(1, Ordering::SeqCst);
        self.signal.notify(Notices::COMMANDS);
    }
}

/// How a driver goes to sleep.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Order {
    RegisterFirst,
    /// Wrong: what is said in between is neither taken nor does it wake.
    TakeFirst,
}

/// Drives the engine until all threads are done.
pub(crate) fn drive(world: &mut World, desk: &Desk, order: Order) {
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
