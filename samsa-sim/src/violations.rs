//! What must never happen, and did.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::trace::Trace;

/// An invariant that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant, by its name.
    pub invariant: &'static str,
    /// How it was broken.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

/// How many are kept: the first ones say most.
const KEPT: usize = 20;

/// Where everybody tells what must not happen.
#[derive(Clone, Debug)]
pub(crate) struct Violations {
    trace: Trace,
    found: Rc<RefCell<Vec<Violation>>>,
    checks: Rc<Cell<u64>>,
}

impl Violations {
    pub(crate) fn new(trace: Trace) -> Self {
        Self { trace, found: Rc::default(), checks: Rc::default() }
    }

    pub(crate) fn add(&self, invariant: &'static str, what: impl Into<String>) {
        self.push(Violation { invariant, what: what.into() });
    }

    pub(crate) fn push(&self, violation: Violation) {
        self.trace.line("checker", format_args!("VIOLATION {violation}"));
        let mut found = self.found.borrow_mut();
        if found.len() < KEPT {
            found.push(violation);
        }
    }

    /// So many checks were made, whatever came of them.
    pub(crate) fn checked(&self, count: usize) {
        self.checks.set(self.checks.get() + count as u64);
    }

    pub(crate) fn checks(&self) -> u64 {
        self.checks.get()
    }

    pub(crate) fn take(&self) -> Vec<Violation> {
        self.found.take()
    }
}
