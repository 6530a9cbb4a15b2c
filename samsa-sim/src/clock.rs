//! The clocks of a simulated world: they stand still until the executor moves them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use samsa_core::{Clock, Instant, Now, UnixMillis};

use crate::rng::Rng;

/// Where the wall clock stands when a simulation begins: 2026-01-01T00:00:00Z.
pub(crate) const WALL_START: UnixMillis = UnixMillis(1_767_225_600_000);

/// Virtual time, which is the true time of a world: its servers read it. A client's machine has a [`MachineClock`].
#[derive(Debug, Default)]
pub(crate) struct VirtualClock {
    micros: AtomicU64,
}

impl VirtualClock {
    pub(crate) const fn new() -> Self {
        Self { micros: AtomicU64::new(0) }
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
        let mono = self.instant();
        Now { mono, wall: wall_after(mono.as_micros(), 0) }
    }
}

/// The wall clock so many microseconds after the start, when it is wrong by so many milliseconds.
fn wall_after(micros: u64, wrong: i64) -> UnixMillis {
    let passed = i64::try_from(micros / 1000).unwrap_or(i64::MAX);
    UnixMillis(WALL_START.0.saturating_add(passed).saturating_add(wrong))
}

/// How a machine's clocks differ from true time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drift {
    /// How much of its own time passes in a second, in milliseconds.
    per_mille: u64,
    /// By how many milliseconds its wall clock is wrong from the start.
    wall: i64,
}

/// A quartz is a hundred times better; a clock that is being set right may be slewed by much of this.
const PER_MILLE: Range<u64> = 990..1011;
/// How far a wall clock is wrong, each way, in ms. With what a [`WallJump`](crate::Fault::WallJump) adds it is less than
/// brokers stand.
const WRONG_MS: u64 = 20 * 60 * 1000;

impl Drift {
    /// It has true time.
    pub(crate) const NONE: Self = Self { per_mille: 1000, wall: 0 };

    fn draw(rng: &mut Rng) -> Self {
        let ends = [PER_MILLE.start, PER_MILLE.end - 1];
        let end = if rng.chance(400) { rng.pick(&ends).copied() } else { None };
        let per_mille = end.unwrap_or_else(|| rng.within(&PER_MILLE));
        let wall = if rng.chance(500) { rng.below(2 * WRONG_MS) as i64 - WRONG_MS as i64 } else { 0 };
        Self { per_mille, wall }
    }

    /// How much of its own time has passed at a true time. Reckoned from the start each time, so that no rounding adds up.
    fn own(self, true_time: Instant) -> u64 {
        let own = u128::from(true_time.as_micros()) * u128::from(self.per_mille) / 1000;
        u64::try_from(own).unwrap_or(u64::MAX)
    }

    /// The first true time at which so much of its own has passed.
    fn true_time(self, own: u64) -> Instant {
        let micros = (u128::from(own) * 1000).div_ceil(u128::from(self.per_mille));
        Instant::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ms pass on its clocks in a second, its wall clock is {} ms wrong",
            self.per_mille, self.wall
        )
    }
}

/// The chance by which machines have their clocks, which is nobody else's: in half of all worlds all clocks are true, and
/// in the others some are.
#[derive(Debug)]
pub(crate) struct Drifts {
    are_true: bool,
    rng: Rng,
}

impl Drifts {
    pub(crate) const fn of(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x636c_6f63_6b73);
        Self { are_true: rng.chance(500), rng }
    }

    pub(crate) fn next(&mut self) -> Drift {
        if self.are_true || self.rng.chance(250) { Drift::NONE } else { Drift::draw(&mut self.rng) }
    }
}

/// The clocks of a machine: both go at its own pace, and its wall clock may be wrong. The machine may be suspended: its
/// monotonic clock stands still meanwhile, its wall clock does not.
#[derive(Debug)]
pub(crate) struct MachineClock {
    world: Arc<VirtualClock>,
    drift: Drift,
    /// By how many milliseconds the wall clock was set wrong.
    wrong: AtomicI64,
    /// Microseconds of its own that it was suspended for, up to the last time.
    slept: AtomicU64,
    /// Since when it is suspended, in microseconds of its own; [`AWAKE`] when it is not.
    since: AtomicU64,
}

const AWAKE: u64 = u64::MAX;

impl MachineClock {
    pub(crate) const fn new(world: Arc<VirtualClock>, drift: Drift) -> Self {
        Self {
            world,
            drift,
            wrong: AtomicI64::new(0),
            slept: AtomicU64::new(0),
            since: AtomicU64::new(AWAKE),
        }
    }

    pub(crate) const fn drift(&self) -> Drift {
        self.drift
    }

    pub(crate) fn is_suspended(&self) -> bool {
        self.since.load(Ordering::Relaxed) != AWAKE
    }

    pub(crate) fn suspend(&self) {
        if !self.is_suspended() {
            self.since.store(self.passed(), Ordering::Relaxed);
        }
    }

    pub(crate) fn resume(&self) {
        self.slept.store(self.slept(), Ordering::Relaxed);
        self.since.store(AWAKE, Ordering::Relaxed);
    }

    /// Sets the wall clock wrong by so much more than it is by itself, or back with 0.
    pub(crate) fn set_wall_wrong_by(&self, millis: i64) {
        self.wrong.store(millis, Ordering::Relaxed);
    }

    /// The first true time at which its monotonic clock shows this, if it is awake from now on. It is later than now unless the
    /// clock shows it already.
    pub(crate) fn shows_at(&self, mono: Instant) -> Instant {
        self.drift.true_time(mono.as_micros().saturating_add(self.slept()))
    }

    /// Microseconds of its own since the start, awake or not.
    fn passed(&self) -> u64 {
        self.drift.own(self.world.instant())
    }

    /// Microseconds of its own that it was suspended for, up to now.
    fn slept(&self) -> u64 {
        let before = self.slept.load(Ordering::Relaxed);
        before + self.passed().saturating_sub(self.since.load(Ordering::Relaxed))
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Now {
        let passed = self.passed();
        let wrong = self.drift.wall.saturating_add(self.wrong.load(Ordering::Relaxed));
        Now { mono: Instant::from_micros(passed - self.slept()), wall: wall_after(passed, wrong) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(world: &VirtualClock, micros: u64) {
        world.advance_to(Instant::from_micros(micros));
    }

    #[test]
    fn both_clocks_move_together_and_never_back() {
        let clock = VirtualClock::new();
        at(&clock, 2_500);
        at(&clock, 1_000);

        let now = clock.now();
        assert_eq!(now.mono, Instant::from_micros(2_500));
        assert_eq!(now.wall, UnixMillis(WALL_START.0 + 2));
    }

    #[test]
    fn a_suspended_machine_s_monotonic_clock_stands_still_and_its_wall_clock_does_not() {
        let world = Arc::new(VirtualClock::new());
        let machine = MachineClock::new(Arc::clone(&world), Drift::NONE);
        at(&world, 5_000);
        machine.suspend();
        at(&world, 9_000);
        assert_eq!(machine.now().mono, Instant::from_micros(5_000));
        assert_eq!(machine.now().wall, UnixMillis(WALL_START.0 + 9));

        machine.resume();
        at(&world, 10_000);
        assert_eq!(machine.now().mono, Instant::from_micros(6_000));
    }

    #[test]
    fn a_slow_machine_s_clocks_are_behind_and_a_fast_one_s_ahead() {
        let world = Arc::new(VirtualClock::new());
        let clock = |per_mille, wall| MachineClock::new(Arc::clone(&world), Drift { per_mille, wall });
        let (slow, fast) = (clock(990, 0), clock(1010, -7));
        at(&world, 100_000_000);
        assert_eq!(slow.now().mono, Instant::from_micros(99_000_000));
        assert_eq!(slow.now().wall, UnixMillis(WALL_START.0 + 99_000));
        assert_eq!(fast.now().mono, Instant::from_micros(101_000_000));
        assert_eq!(fast.now().wall, UnixMillis(WALL_START.0 + 101_000 - 7));
        fast.set_wall_wrong_by(1_000);
        assert_eq!(fast.now().wall, UnixMillis(WALL_START.0 + 102_000 - 7));
    }

    #[test]
    fn a_time_is_shown_first_when_it_is_said_to_be() {
        for per_mille in PER_MILLE {
            let shows = |micros: u64, mono: Instant| {
                let world = Arc::new(VirtualClock::new());
                let machine = MachineClock::new(Arc::clone(&world), Drift { per_mille, wall: 0 });
                at(&world, 777);
                machine.suspend();
                at(&world, 1_000_003);
                machine.resume();
                at(&world, micros);
                (machine.now().mono >= mono, machine.shows_at(mono).as_micros())
            };
            for mono in (800..60_000_000).step_by(1_000_003).map(Instant::from_micros) {
                let (_, first) = shows(0, mono);
                assert_eq!(shows(first, mono), (true, first), "{per_mille}: never too early");
                assert_eq!(shows(first - 1, mono), (false, first), "{per_mille}: nor late");
            }
        }
    }

    #[test]
    fn while_a_machine_is_suspended_what_its_clock_does_not_show_lies_ahead() {
        let world = Arc::new(VirtualClock::new());
        let machine = MachineClock::new(Arc::clone(&world), Drift { per_mille: 1010, wall: 0 });
        machine.suspend();
        at(&world, 5_000);
        assert_eq!(machine.shows_at(Instant::from_micros(101)), Instant::from_micros(5_100));
    }

    #[test]
    fn a_time_that_never_comes_overflows_nothing() {
        let machine = MachineClock::new(Arc::default(), Drift { per_mille: 990, wall: 0 });
        assert_eq!(machine.shows_at(Instant::from_micros(u64::MAX)), Instant::from_micros(u64::MAX));
    }

    #[test]
    fn in_some_worlds_all_clocks_are_true_and_in_others_some_are_at_either_end() {
        let drifts = |seed| {
            let mut drifts = Drifts::of(seed);
            (0..20).map(|_| drifts.next()).collect::<Vec<_>>()
        };
        let is_true = |seed: &u64| drifts(*seed).iter().all(|drift| *drift == Drift::NONE);
        assert!((5..15).contains(&(0..20).filter(is_true).count()));
        let some = (0..20).find(|seed| !is_true(seed)).map(drifts).unwrap_or_default();
        for per_mille in [990, 1000, 1010] {
            assert!(some.iter().any(|drift| drift.per_mille == per_mille), "{per_mille}");
        }
        assert!(some.iter().any(|drift| drift.wall != 0));
    }
}
