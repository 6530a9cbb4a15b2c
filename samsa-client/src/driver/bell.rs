//! Which of the many things that the driver waits for has happened.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

/// The task that polls the driver. It may change from poll to poll.
#[derive(Debug, Default)]
pub(crate) struct Task(Mutex<Option<Waker>>);

impl Task {
    /// The driver is polled with this waker now.
    pub(crate) fn set(&self, waker: &Waker) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !slot.as_ref().is_some_and(|old| old.will_wake(waker)) {
            *slot = Some(waker.clone());
        }
    }

    fn wake(&self) {
        let waker = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        waker.into_iter().for_each(Waker::wake);
    }
}

/// A waker of its own for one socket's direction, one dial, one job: it says *who* woke the driver, so that the others
/// need not be polled in vain. It wakes the driver once, until it is answered.
#[derive(Debug)]
pub(crate) struct Bell {
    button: Arc<Button>,
    waker: Waker,
}

#[derive(Debug)]
struct Button {
    rung: AtomicBool,
    task: Arc<Task>,
}

impl Bell {
    /// Rings from the start: what it belongs to was never polled.
    pub(crate) fn new(task: &Arc<Task>) -> Self {
        let button = Arc::new(Button { rung: AtomicBool::new(true), task: Arc::clone(task) });
        let waker = Waker::from(Arc::clone(&button));
        Self { button, waker }
    }

    /// Whether it has rung and was not answered.
    pub(crate) fn is_ringing(&self) -> bool {
        self.button.rung.load(Ordering::Acquire)
    }

    /// The driver itself wants to come back to it in the next turn.
    pub(crate) fn ring(&self) {
        self.button.rung.store(true, Ordering::Release);
    }

    /// Answers it, to poll what it belongs to: what rings from here on wakes the driver.
    pub(crate) fn answer(&self) -> Context<'_> {
        self.button.rung.swap(false, Ordering::AcqRel);
        Context::from_waker(&self.waker)
    }
}

impl Wake for Button {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_bell_wakes_the_driver_once_until_it_is_answered() {
        let count = Arc::new(Count::default());
        let task = Arc::new(Task::default());
        let (one, other) = (Bell::new(&task), Bell::new(&task));
        task.set(&Waker::from(Arc::clone(&count)));
        assert!(one.is_ringing() && other.is_ringing());

        let waker = one.answer().waker().clone();
        other.answer();
        waker.wake_by_ref();
        waker.wake_by_ref();
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(one.is_ringing() && !other.is_ringing());

        one.answer();
        waker.wake();
        assert_eq!(count.0.load(Ordering::Relaxed), 2);
    }
}
