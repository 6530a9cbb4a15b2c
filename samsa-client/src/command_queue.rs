//! Commands on their way to the driver, and their answers on the way back.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use samsa_core::{Command, OpId, Reply, limits};

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
    /// Commands that the driver has taken and nobody waits for any more.
    forgotten: Vec<OpId>,
    closed: bool,
    asked: u64,
}

/// A command on its way to the driver.
#[derive(Debug)]
pub(crate) struct WaitingCommand {
    /// By this name it is answered.
    pub(crate) op: OpId,
    pub(crate) command: Command,
    pub(crate) within: Duration,
    pub(crate) slot: Arc<Slot>,
}

impl CommandQueue {
    /// Queues a command, or answers it at once when there is no room or no driver. To close there is as much room again.
    pub(crate) fn put(&self, command: Command, within: Duration, slot: &Arc<Slot>) -> OpId {
        let room = if command == Command::Close { 2 * limits::COMMANDS } else { limits::COMMANDS };
        let mut queue = lock(&self.0);
        let op = queue.next_op();
        let refusal = match queue.waiting.len() {
            _ if queue.closed => Answer::Closed,
            waiting if waiting >= room => Answer::Busy(waiting),
            _ => {
                queue.waiting.push_back(WaitingCommand { op, command, within, slot: Arc::clone(slot) });
                return op;
            }
        };
        drop(queue);
        slot.fill(refusal);
        op
    }

    /// A name for a command that nobody waits for.
    pub(crate) fn next_op(&self) -> OpId {
        lock(&self.0).next_op()
    }

    /// Nobody waits for this command any more. True when the driver has to be told.
    pub(crate) fn forget(&self, op: OpId) -> bool {
        let mut queue = lock(&self.0);
        let waiting = queue.waiting.len();
        queue.waiting.retain(|waiting| waiting.op != op || !waiting.command.is_question());
        if queue.waiting.len() < waiting {
            return false;
        }
        if !queue.closed {
            queue.forgotten.push(op);
        }
        !queue.closed
    }

    /// What came since the last call: commands, and those of earlier calls that nobody waits for any more.
    pub(crate) fn take(&self) -> (VecDeque<WaitingCommand>, Vec<OpId>) {
        let mut queue = lock(&self.0);
        (std::mem::take(&mut queue.waiting), std::mem::take(&mut queue.forgotten))
    }

    /// There is no driver any more.
    pub(crate) fn close(&self) {
        let waiting = {
            let mut queue = lock(&self.0);
            queue.closed = true;
            queue.forgotten.clear();
            std::mem::take(&mut queue.waiting)
        };
        for command in waiting {
            command.slot.fill(Answer::Closed);
        }
    }
}

impl Queue {
    fn next_op(&mut self) -> OpId {
        self.asked += 1;
        OpId(self.asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(queue: &CommandQueue, command: Command) -> OpId {
        queue.put(command, Duration::from_secs(1), &Arc::default())
    }

    #[test]
    fn a_question_that_is_dropped_before_the_driver_has_taken_it_is_never_asked_and_an_order_is() {
        let queue = CommandQueue::default();
        let question = put(&queue, Command::Topics);
        let orders = [Command::Flush, Command::Close].map(|order| put(&queue, order));
        assert!(!queue.forget(question) && orders.iter().all(|order| queue.forget(*order)));
        let (taken, forgotten) = queue.take();
        assert_eq!(taken.iter().map(|command| command.op).collect::<Vec<_>>(), orders);
        assert_eq!(forgotten, orders, "nobody waits for their answers");
    }

    #[test]
    fn the_driver_is_told_of_a_command_that_is_dropped_after_it_has_taken_it() {
        let queue = CommandQueue::default();
        let op = put(&queue, Command::Topics);
        queue.take();
        assert!(queue.forget(op));
        assert_eq!(queue.take().1, [op]);
        queue.close();
        assert!(!queue.forget(op), "there is nobody to tell");
    }
}
