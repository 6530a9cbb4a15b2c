//! For how long what a group's member owns may be handed out, as the engine and the application's thread both read it.
//!
//! The engine renews a lease whenever ZooKeeper has answered, or the group's coordinator. The application's thread looks at both clocks before each
//! hand-out: past the lease's end, or when the wall clock has run ahead of the monotonic one, as it does while a machine
//! is suspended, nothing is handed out, even if the driver has not run yet.

use std::task::Waker;

use crate::planted::{PlantedBug, is_planted};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use crate::time::{Instant, Now};
use crate::wake::{Wakers, lock};

/// The right of a member to hand out what it owns.
#[derive(Debug, Default)]
pub struct Lease {
    /// In microseconds of the monotonic clock; 0 while there is none.
    until: AtomicU64,
    /// How many milliseconds the wall clock may be ahead of the monotonic one.
    ahead: AtomicI64,
    waiting: Mutex<Option<Waker>>,
}

/// By how many milliseconds the wall clock is ahead of the monotonic one.
pub(crate) fn ahead(now: Now) -> i64 {
    let mono = i64::try_from(now.mono.as_micros() / 1000).unwrap_or(i64::MAX);
    now.wall.0.saturating_sub(mono)
}

impl Lease {
    /// Whether something may be handed out now.
    pub fn holds(&self, now: Now) -> bool {
        if is_planted(PlantedBug::IgnoresLease) {
            return true;
        }
        now.mono.as_micros() < self.until.load(Ordering::Acquire)
            && ahead(now) <= self.ahead.load(Ordering::Relaxed)
    }

    /// The same; whoever may not is woken when the lease is renewed.
    pub fn poll_holds(&self, now: Now, waker: &Waker) -> bool {
        if self.holds(now) {
            return true;
        }
        *lock(&self.waiting) = Some(waker.clone());
        self.holds(now)
    }

    /// The engine's side: from now on until then, while the wall clock is no further ahead than so many milliseconds.
    pub(crate) fn renew(&self, until: Instant, ahead: i64, wakers: &mut Wakers) {
        self.ahead.store(ahead, Ordering::Relaxed);
        self.until.store(until.as_micros(), Ordering::Release);
        if let Some(waker) = lock(&self.waiting).take() {
            wakers.push(waker);
        }
    }

    /// The engine's side: nothing is handed out until it is renewed.
    pub(crate) fn end(&self) {
        self.until.store(0, Ordering::Release);
    }

    /// The engine's side: it is not renewed any more. Whoever waits looks why.
    pub(crate) fn close(&self, wakers: &mut Wakers) {
        self.end();
        if let Some(waker) = lock(&self.waiting).take() {
            wakers.push(waker);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixMillis;

    fn at(mono_ms: u64, wall: i64) -> Now {
        Now { mono: Instant::from_micros(mono_ms * 1000), wall: UnixMillis(wall) }
    }

    #[test]
    fn it_holds_until_its_end_and_while_the_clocks_agree() {
        let (lease, mut wakers) = (Lease::default(), Wakers::default());
        assert!(!lease.holds(at(1, 1_001)));
        lease.renew(Instant::from_micros(5_000), 1_100, &mut wakers);
        assert!(lease.holds(at(4, 1_004)) && lease.holds(at(4, 1_104)));
        assert!(!lease.holds(at(4, 1_105)), "the machine was suspended");
        assert!(!lease.holds(at(5, 1_005)));
        lease.end();
        assert!(!lease.holds(at(4, 1_004)));
    }

    #[test]
    fn who_waits_for_it_is_woken_when_it_is_renewed() {
        let (lease, mut wakers) = (Lease::default(), Wakers::default());
        assert!(!lease.poll_holds(at(1, 1), Waker::noop()));
        assert!(wakers.is_empty());
        lease.renew(Instant::from_micros(5_000), 0, &mut wakers);
        assert!(!wakers.is_empty() && lease.poll_holds(at(1, 1), Waker::noop()));
    }
}
