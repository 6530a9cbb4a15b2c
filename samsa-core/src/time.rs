//! Time as the core knows it: passed in, never read.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Add, Sub};
use std::time::Duration;

/// A point on the driver's monotonic clock, in microseconds since a start that the driver chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

impl Instant {
    /// The start of the driver's clock.
    pub const START: Self = Self(0);

    /// The instant that lies this many microseconds after the start.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the start.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

impl Sub<Instant> for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

/// Written as 128 bits, as nothing else is, so that a hasher can tell a point in time from other numbers and look at how far
/// away it is. `samsa-group-model` does.
impl Hash for Instant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(self.0.into());
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// Wall-clock time in milliseconds since 1970-01-01T00:00:00Z: what Kafka puts in records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub i64);

/// Both clocks, read together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Orders events and measures durations.
    pub mono: Instant,
    /// Stamps records; may jump.
    pub wall: UnixMillis,
}

/// Where application threads read the time. The engine itself is always told.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Both clocks, now; on the same monotonic scale as the driver's, and never ahead of it. It is read for each message,
    /// so cheap counts for more than exact: a few milliseconds late will do.
    fn now(&self) -> Now;

    /// The same, with the wall clock read anew, which [`now`](Self::now) may reckon from an earlier reading: for whoever has
    /// to notice that the machine was suspended, before its driver does.
    fn look(&self) -> Now {
        self.now()
    }
}

/// How long a command may take, from when it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeLimit {
    pub(crate) since: Instant,
    pub(crate) within: Duration,
}

impl TimeLimit {
    pub(crate) const fn new(since: Instant, within: Duration) -> Self {
        Self { since, within }
    }

    pub(crate) fn until(self) -> Instant {
        self.since + self.within
    }

    pub(crate) fn is_over(self, now: Instant) -> bool {
        self.until() <= now
    }
}

/// When the engine next wants [`Input::Tick`](crate::Input::Tick), and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    /// Not before this.
    pub at: Instant,
    /// What falls due, in words for traces.
    pub why: &'static str,
}

impl Deadline {
    pub(crate) const fn new(at: Instant, why: &'static str) -> Self {
        Self { at, why }
    }

    /// The earlier of two optional deadlines.
    pub(crate) fn earlier(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_never_wraps() {
        let end = Instant::from_micros(u64::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
    }

    #[test]
    fn a_later_start_is_zero_ago() {
        let early = Instant::from_micros(1);
        let late = Instant::from_micros(5);
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(late - early, Duration::from_micros(4));
    }

    #[test]
    fn the_earlier_deadline_wins() {
        let soon = Deadline::new(Instant::from_micros(1), "soon");
        let late = Deadline::new(Instant::from_micros(2), "late");
        assert_eq!(Deadline::earlier(Some(late), Some(soon)), Some(soon));
        assert_eq!(Deadline::earlier(None, Some(late)), Some(late));
        assert_eq!(Deadline::earlier(None, None), None);
    }
}
