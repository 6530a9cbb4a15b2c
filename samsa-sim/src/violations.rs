//! What must never happen, and did.

use std::cell::RefCell;
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
}

impl Violations {
    pub(crate) fn new(trace: Trace) -> Self {
        Self { trace, found: Rc::default() }
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

    pub(crate) fn take(&self) -> Vec<Violation> {
        self.found.take()
    }
}
