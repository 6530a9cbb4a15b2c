//! Questions and orders to the engine, as futures.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use samsa_core::{Command, Instant, Notices, OpId};

use crate::command_queue::{Answer, Slot};
use crate::link::Link;

/// A question to the cluster, or an order: a future that asks when it is first polled.
///
/// It always ends, at the latest when its time is over ([`within`](Self::within)), or when the client is closed or its
/// driver gone. Dropped, a question is forgotten, so that it takes nobody's place; what was ordered goes on.
#[must_use = "nothing is asked unless this is awaited"]
pub struct Call<T> {
    link: Arc<Link>,
    within: Duration,
    stage: Stage,
    answer: fn(Answer, &Asked<'_>) -> T,
}

enum Stage {
    New(Command),
    Waiting { op: OpId, slot: Arc<Slot>, at: Instant, driver_ran: Instant },
    Done,
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
        Self { link: Arc::clone(link), within: link.api_timeout, stage: Stage::New(command), answer }
    }

    /// The longest it may take, from the first poll. Default: what the builder's `api_timeout` says, 30 s if nothing.
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
        let (op, slot, at, driver_ran) = match std::mem::replace(&mut this.stage, Stage::Done) {
            Stage::New(command) => {
                let slot = Arc::new(Slot::default());
                let driver_ran = link.shared.last_ran();
                let op = link.shared.commands.put(command, this.within, &slot);
                link.shared.signal.notify(Notices::COMMANDS);
                (op, slot, link.clock.now().mono, driver_ran)
            }
            Stage::Waiting { op, slot, at, driver_ran } => (op, slot, at, driver_ran),
            Stage::Done => panic!("a call was polled after it had given its answer"),
        };
        let Some(answer) = slot.take(cx) else {
            this.stage = Stage::Waiting { op, slot, at, driver_ran };
            return Poll::Pending;
        };
        let asked = Asked { link, within: this.within, at, driver_ran };
        Poll::Ready((this.answer)(answer, &asked))
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        if let Stage::Waiting { op, .. } = self.stage
            && self.link.shared.commands.forget(op)
        {
            self.link.shared.signal.notify(Notices::COMMANDS);
        }
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("within", &self.within).finish_non_exhaustive()
    }
}
