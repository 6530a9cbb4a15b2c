//! Questions and orders on their way to the engine, and their answers on the way back.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use samsa_core::{Command, Instant, Notices, Reply, limits};

use crate::link::{Link, lock};

/// How long a question may take, unless said otherwise.
pub(crate) const LOOKING: Duration = Duration::from_secs(30);

/// A question to the cluster, or an order: a future that asks when it is first polled.
///
/// It always ends, at the latest when its time is over ([`within`](Self::within)), or when the client is closed or its
/// driver gone. Dropping it drops the answer; what was ordered goes on.
#[must_use = "nothing is asked unless this is awaited"]
pub struct Call<T> {
    link: Arc<Link>,
    within: Duration,
    stage: Stage,
    answer: fn(Answer, &Asked<'_>) -> T,
}

enum Stage {
    New(Command),
    Waiting { slot: Arc<Slot>, at: Instant, driver_ran: Instant },
    Done,
}

/// What came back.
pub(crate) enum Answer {
    Given(Reply),
    /// So many wait already.
    Busy(usize),
    /// There is no driver any more.
    Closed,
}

/// What was asked.
pub(crate) struct Asked<'a> {
    pub(crate) link: &'a Arc<Link>,
    pub(crate) within: Duration,
    pub(crate) at: Instant,
    /// When the driver had last run before the question.
    pub(crate) driver_ran: Instant,
}

impl<T> Call<T> {
    pub(crate) fn new(link: &Arc<Link>, command: Command, answer: fn(Answer, &Asked<'_>) -> T) -> Self {
        Self { link: Arc::clone(link), within: LOOKING, stage: Stage::New(command), answer }
    }

    /// The longest it may take, from the first poll.
    pub fn within(mut self, within: Duration) -> Self {
        self.within = within;
        self
    }
}

impl<T> Future for Call<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.get_mut();
        let link = &this.link;
        let (slot, at, driver_ran) = match std::mem::replace(&mut this.stage, Stage::Done) {
            Stage::New(command) => {
                let slot = Arc::new(Slot::default());
                let driver_ran = link.shared.last_ran();
                link.shared.commands.put(command, this.within, &slot);
                link.shared.signal.notify(Notices::COMMANDS);
                (slot, link.clock.now().mono, driver_ran)
            }
            Stage::Waiting { slot, at, driver_ran } => (slot, at, driver_ran),
            Stage::Done => panic!("a call was polled after it had given its answer"),
        };
        let Some(answer) = slot.take(cx) else {
            this.stage = Stage::Waiting { slot, at, driver_ran };
            return Poll::Pending;
        };
        let asked = Asked { link, within: this.within, at, driver_ran };
        Poll::Ready((this.answer)(answer, &asked))
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("within", &self.within).finish_non_exhaustive()
    }
}

/// Where an answer is put and waited for.
#[derive(Default)]
pub(crate) struct Slot(Mutex<(Option<Answer>, Option<Waker>)>);

impl Slot {
    pub(crate) fn fill(&self, answer: Answer) {
        let waker = {
            let mut slot = lock(&self.0);
            slot.0 = Some(answer);
            slot.1.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    fn take(&self, cx: &Context<'_>) -> Option<Answer> {
        let mut slot = lock(&self.0);
        if slot.0.is_none() && !slot.1.as_ref().is_some_and(|old| old.will_wake(cx.waker())) {
            slot.1 = Some(cx.waker().clone());
        }
        slot.0.take()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

/// Commands that the driver has not taken yet.
#[derive(Debug, Default)]
pub(crate) struct CommandQueue(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<WaitingCommand>,
    closed: bool,
}

/// A command on its way to the driver.
#[derive(Debug)]
pub(crate) struct WaitingCommand {
    pub(crate) command: Command,
    pub(crate) within: Duration,
    pub(crate) slot: Arc<Slot>,
}

impl CommandQueue {
    /// Queues a command, or answers it at once when there is no room or no driver. To close there is as much room again.
    fn put(&self, command: Command, within: Duration, slot: &Arc<Slot>) {
        let room = if command == Command::Close { 2 * limits::COMMANDS } else { limits::COMMANDS };
        let mut queue = lock(&self.0);
        let refusal = match queue.waiting.len() {
            _ if queue.closed => Answer::Closed,
            waiting if waiting >= room => Answer::Busy(waiting),
            _ => {
                queue.waiting.push_back(WaitingCommand { command, within, slot: Arc::clone(slot) });
                return;
            }
        };
        drop(queue);
        slot.fill(refusal);
    }

    pub(crate) fn take(&self) -> VecDeque<WaitingCommand> {
        std::mem::take(&mut lock(&self.0).waiting)
    }

    /// There is no driver any more.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut queue = lock(&self.0);
            queue.closed = true;
            std::mem::take(&mut queue.waiting)
        };
        for command in waiting {
            command.slot.fill(Answer::Closed);
        }
    }
}
