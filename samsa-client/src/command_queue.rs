//! Commands on their way to the driver, and their answers on the way back.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use samsa_core::{Command, Reply, limits};

use crate::lock::lock;

/// What came back.
pub(crate) enum Answer {
    Given(Reply),
    /// So many wait already.
    Busy(usize),
    /// There is no driver any more.
    Closed,
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

    pub(crate) fn take(&self, cx: &Context<'_>) -> Option<Answer> {
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
    pub(crate) fn put(&self, command: Command, within: Duration, slot: &Arc<Slot>) {
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
