//! Drops a future when its moment has come.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// When a future is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Right after so many polls; each but the first because it was woken.
    Polled(u32),
    /// When it is woken after so many polls, and not polled again.
    Woken(u32),
    /// After so long.
    Later(Duration),
}

/// Nothing has woken the future for so long: nothing will. Each of them is ready in the end, so that this is a failure.
const STUCK: Duration = Duration::from_secs(60);

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// Polls one future, and drops it.
pub(crate) struct Dropper<'a> {
    /// What it is told as when it is stuck.
    what: &'a str,
    moment: Moment,
    pause: &'a dyn Fn(Duration) -> Boxed<()>,
    polls: Cell<u32>,
    is_over: Cell<bool>,
}

impl<'a> Dropper<'a> {
    pub(crate) fn new(what: &'a str, moment: Moment, pause: &'a dyn Fn(Duration) -> Boxed<()>) -> Self {
        Self { what, moment, pause, polls: Cell::new(0), is_over: Cell::new(false) }
    }

    /// Drops the future when the moment has come: `None`, unless it was ready before.
    pub(crate) async fn drops<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let mut limit = (self.pause)(self.limit());
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        poll_fn(|cx| {
            bell.set(cx.waker());
            loop {
                if self.has_come(bell.is_ringing()) {
                    return Poll::Ready(None);
                }
                if !bell.take() {
                    return limit.as_mut().poll(cx).map(|()| self.is_late());
                }
                self.polls.set(self.polls.get() + 1);
                if self.is_counted() {
                    limit = (self.pause)(STUCK);
                }
                if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    self.is_over.set(true);
                    return Poll::Ready(Some(value));
                }
            }
        })
        .await
    }

    /// Whether it was polled at all.
    pub(crate) fn has_polled(&self) -> bool {
        self.polls.get() > 0
    }

    /// Whether the future was ready, so that there is no later moment to drop it.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Before it is polled.
    fn limit(&self) -> Duration {
        if let Moment::Later(after) = self.moment { after } else { STUCK }
    }

    /// A future that is dropped after so many polls is woken until then, or ready.
    fn is_late<T>(&self) -> Option<T> {
        assert!(!self.is_counted(), "{}: nothing woke it for {STUCK:?}", self.what);
        None
    }

    fn is_counted(&self) -> bool {
        !matches!(self.moment, Moment::Later(_))
    }

    fn has_come(&self, is_woken: bool) -> bool {
        match self.moment {
            Moment::Polled(polls) => self.polls.get() >= polls,
            Moment::Woken(polls) => self.polls.get() >= polls && is_woken,
            Moment::Later(_) => false,
        }
    }
}

/// Whether the future is to be polled; at first it is.
struct Bell {
    rings: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Default for Bell {
    fn default() -> Self {
        Self { rings: AtomicBool::new(true), task: Mutex::default() }
    }
}

impl Bell {
    fn set(&self, waker: &Waker) {
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker.clone());
    }

    fn is_ringing(&self) -> bool {
        self.rings.load(Ordering::Acquire)
    }

    fn take(&self) -> bool {
        self.rings.swap(false, Ordering::AcqRel)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rings.store(true, Ordering::Release);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        task.into_iter().for_each(Waker::wake);
    }
}
