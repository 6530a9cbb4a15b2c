//! A part of a state that many states have in common, with its fingerprint, which is taken once.

use std::cell::Cell;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;

use samsa_core::Instant;

use crate::canonical::fingerprint;

#[derive(Clone, Debug)]
pub(crate) struct Kept<T> {
    value: Arc<T>,
    taken: Cell<Option<(Instant, u64)>>,
}

impl<T: Clone + Hash> Kept<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Arc::new(value), taken: Cell::new(None) }
    }

    pub(crate) fn change(&mut self) -> &mut T {
        self.taken.set(None);
        Arc::make_mut(&mut self.value)
    }

    pub(crate) fn fingerprint(&self, now: Instant) -> u64 {
        if let Some((_, known)) = self.taken.get().filter(|(at, _)| *at == now) {
            return known;
        }
        let taken = fingerprint(now, &self.value);
        self.taken.set(Some((now, taken)));
        taken
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
