//! The system's clocks, for runtimes that live in real time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use samsa_core::{Clock, Instant, Now, UnixMillis};

/// The system's monotonic clock, which starts at zero here, and wall-clock time reckoned from it.
///
/// Handles read the time for each message: on Linux as of the kernel's last tick, which costs an eighth and is at most
/// 10 ms (usually 4 ms or 1 ms) old. The driver reads it exactly, and the wall clock besides, by [`renew`](Self::renew),
/// once a turn; a jump of the wall clock is seen by the handles from then on.
#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
    ticks: Ticks,
    /// Microseconds since 1970 at `start`.
    anchor: AtomicI64,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn start() -> Arc<Self> {
        let ticks = Ticks::start();
        let clock = Self { start: std::time::Instant::now(), ticks, anchor: AtomicI64::new(0) };
        clock.renew();
        Arc::new(clock)
    }

    /// Reads both clocks.
    pub fn renew(&self) -> Now {
        let mono = Instant::START + self.start.elapsed();
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
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        reckon(Instant::START + self.ticks.elapsed(), self.anchor.load(Ordering::Relaxed))
    }

    fn look(&self) -> Now {
        let mono = Instant::START + self.ticks.elapsed();
        let wall = i64::try_from(Ticks::wall().as_millis()).unwrap_or(i64::MAX);
        Now { mono, wall: UnixMillis(wall) }
    }
}

/// The monotonic clock as of the kernel's last tick.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Ticks {
    start: rustix::time::Timespec,
}

#[cfg(target_os = "linux")]
impl Ticks {
    fn start() -> Self {
        Self { start: rustix::time::clock_gettime(rustix::time::ClockId::Monotonic) }
    }

    fn elapsed(&self) -> Duration {
        let since = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse) - self.start;
        Duration::try_from(since).unwrap_or_default()
    }

    /// Since 1970, as of the kernel's last tick too.
    fn wall() -> Duration {
        let since = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        Duration::try_from(since).unwrap_or_default()
    }
}

/// The monotonic clock: there is no cheaper one here.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct Ticks {
    start: std::time::Instant,
}

#[cfg(not(target_os = "linux"))]
impl Ticks {
    fn start() -> Self {
        Self { start: std::time::Instant::now() }
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn wall() -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
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
        assert!(before.mono <= renewed.mono && before.mono <= after.mono);
        assert!(renewed.wall.0 > 1_600_000_000_000, "{renewed:?}");
    }

    #[test]
    fn both_clocks_read_anew_agree_with_the_last_reading() {
        let clock = SystemClock::start();
        let (renewed, looked) = (clock.renew(), clock.look());
        let ahead = |now: Now| now.wall.0 - (now.mono.as_micros() / 1000) as i64;
        assert!((ahead(renewed) - ahead(looked)).abs() < 60_000, "{renewed:?}, {looked:?}");
    }

    #[test]
    fn the_handles_clock_goes_on() {
        let clock = SystemClock::start();
        let renewed = clock.renew();
        let caught_up = || clock.now().mono >= renewed.mono && clock.now().wall >= renewed.wall;
        let given_up = std::time::Instant::now() + Duration::from_secs(30);
        while !caught_up() {
            assert!(std::time::Instant::now() < given_up, "it stands still");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_time_that_is_too_far_away_is_still_a_time() {
        let clock = SystemClock::start();
        let soon = clock.to_std(Instant::from_micros(5));
        assert_eq!(soon, clock.to_std(Instant::START) + Duration::from_micros(5));
        assert!(clock.to_std(Instant::from_micros(u64::MAX)) > soon);
    }
}
