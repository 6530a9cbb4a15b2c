//! The system's clocks, for runtimes that live in real time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use samsa_core::{Clock, Instant, Now, UnixMillis};

/// The system's monotonic clock, which starts at zero here, and wall-clock time reckoned from it.
///
/// Reading it reads the monotonic clock only. The wall clock is read by [`renew`](Self::renew), which the driver does
/// each turn; a jump of it is seen by the handles from then on.
#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
    /// Microseconds since 1970 at `start`.
    anchor: AtomicI64,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn start() -> Arc<Self> {
        let clock = Self { start: std::time::Instant::now(), anchor: AtomicI64::new(0) };
        clock.renew();
        Arc::new(clock)
    }

    /// Reads both clocks.
    pub fn renew(&self) -> Now {
        let mono = self.elapsed();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = i64::try_from(wall.as_micros()).unwrap_or(i64::MAX);
        let anchor = wall.saturating_sub_unsigned(mono.as_micros());
        self.anchor.store(anchor, Ordering::Relaxed);
        reckon(mono, anchor)
    }

    /// The same point in time, as the standard library has it. What is too far away for it is thirty years away.
    pub fn to_std(&self, at: Instant) -> std::time::Instant {
        let far = Duration::from_secs(30 * 365 * 24 * 3600);
        let since = at.since(Instant::START).min(far);
        self.start.checked_add(since).unwrap_or(self.start)
    }

    fn elapsed(&self) -> Instant {
        Instant::START + self.start.elapsed()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        reckon(self.elapsed(), self.anchor.load(Ordering::Relaxed))
    }
}

fn reckon(mono: Instant, anchor: i64) -> Now {
    let micros = anchor.saturating_add_unsigned(mono.as_micros());
    Now { mono, wall: UnixMillis(micros.div_euclid(1000)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readings_lie_on_one_scale() {
        let clock = SystemClock::start();
        let (before, renewed, after) = (clock.now(), clock.renew(), clock.now());
        assert!(before.mono <= renewed.mono && renewed.mono <= after.mono);
        assert!(renewed.wall.0 > 1_600_000_000_000, "{renewed:?}");
        assert!(renewed.wall <= after.wall);
    }

    #[test]
    fn a_time_that_is_too_far_away_is_still_a_time() {
        let clock = SystemClock::start();
        let soon = clock.to_std(Instant::from_micros(5));
        assert_eq!(soon, clock.to_std(Instant::START) + Duration::from_micros(5));
        assert!(clock.to_std(Instant::from_micros(u64::MAX)) > soon);
    }
}
