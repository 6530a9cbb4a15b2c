//! When each place in the sender wants to be looked at again.

use std::collections::{BTreeMap, BTreeSet};

use super::Place;
use crate::time::Instant;

/// At most one time for each place.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeSet<(Instant, Place)>,
    of: BTreeMap<Place, Instant>,
}

impl Timers {
    /// Sets the time of a place, or none.
    pub(super) fn set(&mut self, place: Place, at: Option<Instant>) {
        let before = match at {
            Some(at) => self.of.insert(place, at),
            None => self.of.remove(&place),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.due.remove(&(before, place));
        }
        if let Some(at) = at {
            self.due.insert((at, place));
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first().map(|(at, _)| *at)
    }

    /// A place whose time has come; its time is gone then.
    pub(super) fn pop(&mut self, now: Instant) -> Option<Place> {
        let (at, place) = *self.due.first()?;
        if at > now {
            return None;
        }
        self.set(place, None);
        Some(place)
    }
}
