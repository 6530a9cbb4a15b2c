//! The clock of a simulated world: it stands still until the executor moves it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use samsa_core::{Clock, Instant, Now, UnixMillis};

/// Where the wall clock stands when a simulation begins: 2026-01-01T00:00:00Z.
pub(crate) const WALL_START: UnixMillis = UnixMillis(1_767_225_600_000);

/// Virtual time. Application threads read it as they read any clock.
#[derive(Debug)]
pub(crate) struct VirtualClock {
    micros: AtomicU64,
    wall_start: AtomicI64,
}

impl VirtualClock {
    pub(crate) const fn new() -> Self {
        Self { micros: AtomicU64::new(0), wall_start: AtomicI64::new(WALL_START.0) }
    }

    pub(crate) fn instant(&self) -> Instant {
        Instant::from_micros(self.micros.load(Ordering::Relaxed))
    }

    /// Moves on; never back.
    pub(crate) fn advance_to(&self, instant: Instant) {
        self.micros.fetch_max(instant.as_micros(), Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Now {
        let micros = self.micros.load(Ordering::Relaxed);
        let passed = i64::try_from(micros / 1000).unwrap_or(i64::MAX);
        let wall = self.wall_start.load(Ordering::Relaxed).saturating_add(passed);
        Now { mono: Instant::from_micros(micros), wall: UnixMillis(wall) }
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
}
