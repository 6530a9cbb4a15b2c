//! Tasks that wait for one thing.

use std::sync::Mutex;
use std::task::Waker;

use crate::wake::{Wakers, lock};

/// How many of the newest waiters are compared with the next one. A task that polls many futures in turn comes again
/// and again; it needs to be woken once.
const COMPARED: usize = 8;

/// Tasks that wait for one thing. They leave all at once, when it has come.
#[derive(Debug, Default)]
pub(crate) struct WaitingTasks(Mutex<Vec<Waker>>);

impl WaitingTasks {
    /// Adds a task, unless `come` says under the lock that the thing is there already.
    ///
    /// Who makes it true must do so before calling [`leave`](Self::leave): then either `come` sees it, or the task is
    /// in the list that `leave` empties.
    pub(crate) fn join_unless<T>(&self, waker: &Waker, come: impl FnOnce() -> Option<T>) -> Option<T> {
        let mut waiting = lock(&self.0);
        let thing = come();
        if thing.is_none() && !waiting.iter().rev().take(COMPARED).any(|old| old.will_wake(waker)) {
            waiting.push(waker.clone());
        }
        thing
    }

    /// Moves all of them to `wakers`.
    pub(crate) fn leave(&self, wakers: &mut Wakers) {
        for waker in std::mem::take(&mut *lock(&self.0)) {
            wakers.push(waker);
        }
    }
}
