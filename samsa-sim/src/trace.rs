//! The trace of a run: a line for each thing that happened, and a hash over all of them.
//!
//! Two runs of one seed have one hash. What is too fine for a reader (each read and write of a socket) goes into the hash
//! alone.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::rc::Rc;

use samsa_core::Instant;

use crate::executor::Schedule;

/// How many of the last lines are kept when not all are.
pub(crate) const TAIL: usize = 60;

/// A hash that is the same on every machine: eight bytes at a time, as `FxHash` mixes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hash(u64);

impl Hash {
    const START: Self = Self(0xcbf2_9ce4_8422_2325);

    fn mix(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix_word(u64::from_le_bytes(*word));
        }
        // How many there are tells those that end in zeros apart.
        let mut last = [0, 0, 0, 0, 0, 0, 0, rest.len() as u8];
        last[..rest.len()].copy_from_slice(rest);
        self.mix_word(u64::from_le_bytes(last));
    }

    const fn mix_word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

#[derive(Debug)]
struct Lines {
    hash: Hash,
    kept: VecDeque<String>,
    keep_all: bool,
    told: u64,
}

/// Where everybody writes what happens.
#[derive(Clone)]
pub struct Trace {
    schedule: Rc<Schedule>,
    lines: Rc<RefCell<Lines>>,
}

impl Trace {
    pub(crate) fn new(schedule: Rc<Schedule>, keep_all: bool) -> Self {
        let lines = Lines { hash: Hash::START, kept: VecDeque::new(), keep_all, told: 0 };
        Self { schedule, lines: Rc::new(RefCell::new(lines)) }
    }

    /// A line: who, and what happened to it.
    pub fn line(&self, who: &str, what: fmt::Arguments<'_>) {
        let mut lines = self.lines.borrow_mut();
        let text = line(self.schedule.now(), who, what);
        lines.hash.mix(text.as_bytes());
        if !lines.keep_all && lines.kept.len() == TAIL {
            lines.kept.pop_front();
        }
        lines.kept.push_back(text);
        lines.told += 1;
    }

    /// Something that two runs of one seed must have alike, but that nobody wants to read.
    pub(crate) fn fine(&self, what: u8, number: u64, bytes: &[u8]) {
        let mut lines = self.lines.borrow_mut();
        lines.hash.mix_word(self.schedule.now().as_micros());
        lines.hash.mix_word(u64::from(what));
        lines.hash.mix_word(number);
        lines.hash.mix(bytes);
    }

    /// Over everything so far.
    pub fn hash(&self) -> u64 {
        self.lines.borrow().hash.0
    }

    /// How many lines were written so far, kept or not.
    pub fn told(&self) -> u64 {
        self.lines.borrow().told
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.lines.borrow_mut().kept).into()
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("told", &self.told()).finish_non_exhaustive()
    }
}

fn line(now: Instant, who: &str, what: fmt::Arguments<'_>) -> String {
    let (seconds, micros) = (now.as_micros() / 1_000_000, now.as_micros() % 1_000_000);
    let mut text = String::with_capacity(80);
    let written = write!(text, "{seconds:>4}.{micros:06}  {who:<10}  {what}");
    debug_assert!(written.is_ok(), "a string takes all that is written to it");
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::VirtualClock;

    fn trace(keep_all: bool) -> Trace {
        Trace::new(Rc::new(Schedule::new(Arc::new(VirtualClock::new()))), keep_all)
    }

    #[test]
    fn what_happened_alike_has_one_hash_and_what_differs_has_another() {
        let hash = |what: &str, fine: &[u8]| {
            let trace = trace(false);
            trace.line("broker 1", format_args!("{what}"));
            trace.fine(1, 2, fine);
            trace.hash()
        };
        assert_eq!(hash("starts", b"x"), hash("starts", b"x"));
        assert_ne!(hash("starts", b"x"), hash("stops", b"x"));
        assert_ne!(hash("starts", b"x"), hash("starts", b"y"));
    }

    #[test]
    fn only_the_tail_is_kept_unless_all_is_wanted_and_the_hash_is_the_same() {
        let (short, long) = (trace(false), trace(true));
        for number in 0..2 * TAIL {
            short.line("client", format_args!("{number}"));
            long.line("client", format_args!("{number}"));
        }
        assert_eq!(short.hash(), long.hash());
        assert_eq!(long.told(), 2 * TAIL as u64);
        let (short, long) = (short.take(), long.take());
        assert_eq!((short.len(), long.len()), (TAIL, 2 * TAIL));
        assert_eq!(short.last(), long.last());
    }
}
