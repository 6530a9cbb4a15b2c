//! Tasks that wait for one thing.

use std::task::Waker;

use crate::sync::Mutex;
use crate::wake::{Wakers, lock};

/// How many of the newest waiters are compared with the next one. A task that polls many futures in turn comes again
/// and again; it needs to be woken once.
const COMPARED: usize = 8;

/// Tasks that wait for one thing. They leave all at once, when it has come.
///
/// A task that comes again between many others may be here several times; they are thinned out before the list grows, so
/// that there are less than four times as many as there are tasks.
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
            if waiting.len() == waiting.capacity() {
                make_room(&mut waiting);
            }
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

/// Leaves each task once, where it came first; if more than half of the room is taken then, there is twice as much.
fn make_room(waiting: &mut Vec<Waker>) {
    let who = |waker: &Waker| (waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr());
    let mut order: Vec<usize> = (0..waiting.len()).collect();
    order.sort_by_key(|place| (who(&waiting[*place]), *place));
    let mut is_again = vec![false; waiting.len()];
    for pair in order.windows(2) {
        is_again[pair[1]] = who(&waiting[pair[0]]) == who(&waiting[pair[1]]);
    }
    let mut places = is_again.into_iter();
    waiting.retain(|_| places.next() == Some(false));
    if waiting.len() > waiting.capacity() / 2 {
        waiting.reserve(waiting.capacity());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wake::Count;
    use std::sync::Arc;

    #[test]
    fn however_often_tasks_come_again_the_list_stays_short_and_each_is_woken() {
        let tasks: Vec<Arc<Count>> = (0..100).map(|_| Arc::default()).collect();
        let waiting = WaitingTasks::default();
        for _ in 0..1000 {
            for task in &tasks {
                waiting.join_unless(&Waker::from(Arc::clone(task)), || None::<()>);
            }
            assert!(lock(&waiting.0).len() < 4 * tasks.len());
        }

        let mut wakers = Wakers::default();
        waiting.leave(&mut wakers);
        wakers.wake();
        let woken = |task: &Arc<Count>| (1..4).contains(&task.woken());
        assert!(tasks.iter().all(woken), "each is woken");
        assert!(lock(&waiting.0).is_empty());
    }

    #[test]
    fn what_has_come_already_is_not_waited_for() {
        let waiting = WaitingTasks::default();
        assert_eq!(waiting.join_unless(Waker::noop(), || Some(7)), Some(7));
        assert!(lock(&waiting.0).is_empty());
    }
}
