//! How long bytes take, and how many go at once: the small chances of a network.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use samsa_core::Instant;

use crate::executor::Schedule;
use crate::faults::{Fault, Faults};
use crate::rng::Rng;
use crate::trace::Trace;

const USUAL_LATENCY: std::ops::Range<Duration> = Duration::from_micros(100)..Duration::from_micros(900);
const BAD_LATENCY: std::ops::Range<Duration> = Duration::from_millis(5)..Duration::from_millis(500);

/// Bytes that a direction holds before its writer has to wait.
const CAPACITY: usize = 64 << 10;
const SMALL_CAPACITY: std::ops::Range<u64> = 200..4_000;

/// The chances of one network.
pub(crate) struct Weather {
    pub(crate) schedule: Rc<Schedule>,
    pub(crate) trace: Trace,
    faults: Faults,
    rng: RefCell<Rng>,
}

impl Weather {
    pub(crate) const fn new(schedule: Rc<Schedule>, trace: Trace, faults: Faults, rng: Rng) -> Self {
        Self { schedule, trace, faults, rng: RefCell::new(rng) }
    }

    pub(crate) fn now(&self) -> Instant {
        self.schedule.now()
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.rng.borrow_mut().below(bound)
    }

    pub(crate) fn duration(&self, range: &std::ops::Range<Duration>) -> Duration {
        self.rng.borrow_mut().duration(range)
    }

    pub(crate) fn strikes(&self, fault: Fault, per_mille: u64) -> bool {
        self.faults.strikes(fault, &mut self.rng.borrow_mut(), per_mille)
    }

    /// Something of this name came of a fault.
    pub(crate) fn note(&self, what: &'static str) {
        self.faults.note(what);
    }

    /// How long something takes from one host to another.
    pub(crate) fn latency(&self) -> Duration {
        let range = if self.strikes(Fault::Latency, 15) { BAD_LATENCY } else { USUAL_LATENCY };
        self.rng.borrow_mut().duration(&range)
    }

    /// When something arrives that leaves now.
    pub(crate) fn arrival(&self) -> Instant {
        self.now() + self.latency()
    }

    /// How many of so many bytes a read or a write takes.
    pub(crate) fn part_of(&self, most: usize) -> usize {
        if most > 1 && self.strikes(Fault::Split, 200) {
            1 + self.below(most as u64 - 1) as usize
        } else {
            most
        }
    }

    pub(crate) fn capacity(&self) -> usize {
        if self.strikes(Fault::Split, 300) {
            self.rng.borrow_mut().within(&SMALL_CAPACITY) as usize
        } else {
            CAPACITY
        }
    }
}
