//! The clocks of a simulated world: they stand still until the executor moves them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use samsa_core::{Clock, Instant, Now, UnixMillis};

/// Where the wall clock stands when a simulation begins: 2026-01-01T00:00:00Z.
pub(crate) const WALL_START: UnixMillis = UnixMillis(1_767_225_600_000);

/// Virtual time. Application threads read it as they read any clock.
#[derive(Debug)]
pub(crate) struct VirtualClock {
    micros: AtomicU64,
    /// By how many milliseconds the wall clock is wrong.
    wrong: AtomicI64,
}

impl VirtualClock {
    pub(crate) const fn new() -> Self {
        Self { micros: AtomicU64::new(0), wrong: AtomicI64::new(0) }
    }

    pub(crate) fn instant(&self) -> Instant {
        Instant::from_micros(self.micros.load(Ordering::Relaxed))
    }

    /// Moves on; never back.
    pub(crate) fn advance_to(&self, instant: Instant) {
        self.micros.fetch_max(instant.as_micros(), Ordering::Relaxed);
    }

    /// Sets the wall clock wrong, or right with 0.
    pub(crate) fn set_wall_wrong_by(&self, millis: i64) {
        self.wrong.store(millis, Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Now {
        let micros = self.micros.load(Ordering::Relaxed);
        let passed = i64::try_from(micros / 1000).unwrap_or(i64::MAX);
        let wall = WALL_START.0.saturating_add(passed).saturating_add(self.wrong.load(Ordering::Relaxed));
        Now { mono: Instant::from_micros(micros), wall: UnixMillis(wall) }
    }
}

/// The clock of a machine that may be suspended: its monotonic clock stands still meanwhile, its wall clock does not.
#[derive(Debug)]
pub(crate) struct MachineClock {
    world: Arc<VirtualClock>,
    /// Microseconds that it was suspended for, up to the last time.
    slept: AtomicU64,
    /// Since when it is suspended, in microseconds; [`AWAKE`] when it is not.
    since: AtomicU64,
}

const AWAKE: u64 = u64::MAX;

impl MachineClock {
    pub(crate) const fn new(world: Arc<VirtualClock>) -> Self {
        Self { world, slept: AtomicU64::new(0), since: AtomicU64::new(AWAKE) }
    }

    pub(crate) fn is_suspended(&self) -> bool {
        self.since.load(Ordering::Relaxed) != AWAKE
    }

    pub(crate) fn suspend(&self) {
        if !self.is_suspended() {
            self.since.store(self.world.instant().as_micros(), Ordering::Relaxed);
        }
    }

    pub(crate) fn resume(&self) {
        let since = self.since.swap(AWAKE, Ordering::Relaxed);
        if since != AWAKE {
            self.slept.fetch_add(self.world.instant().as_micros() - since, Ordering::Relaxed);
        }
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Now {
        let now = self.world.now();
        let awake_until = now.mono.as_micros().min(self.since.load(Ordering::Relaxed));
        let mono = Instant::from_micros(awake_until - self.slept.load(Ordering::Relaxed));
        Now { mono, wall: now.wall }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_move_together_and_never_back() {
        let clock = VirtualClock::new();
        clock.advance_to(Instant::from_micros(2_500));
        clock.advance_to(Instant::from_micros(1_000));

        let now = clock.now();
        assert_eq!(now.mono, Instant::from_micros(2_500));
        assert_eq!(now.wall, UnixMillis(WALL_START.0 + 2));
    }

    #[test]
    fn a_suspended_machine_s_monotonic_clock_stands_still_and_its_wall_clock_does_not() {
        let world = Arc::new(VirtualClock::new());
        let machine = MachineClock::new(Arc::clone(&world));
        world.advance_to(Instant::from_micros(5_000));
        machine.suspend();
        world.advance_to(Instant::from_micros(9_000));
        assert_eq!(machine.now().mono, Instant::from_micros(5_000));
        assert_eq!(machine.now().wall, UnixMillis(WALL_START.0 + 9));

        machine.resume();
        world.advance_to(Instant::from_micros(10_000));
        assert_eq!(machine.now().mono, Instant::from_micros(6_000));
    }
}
