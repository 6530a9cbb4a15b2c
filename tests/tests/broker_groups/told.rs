//! What members are told, heard in threads of their own: a revocation that nobody hears is held up.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use futures_lite::future::block_on;
use samsa_tokio::Consumer;

use crate::partitions::until;

/// What a member was told so far.
pub(crate) struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    /// From now on, until the member ends.
    pub(crate) fn of(member: &Consumer) -> Self {
        let told = Arc::<Mutex<Vec<String>>>::default();
        let (mut events, telling) = (member.events(), Arc::clone(&told));
        thread::spawn(move || {
            while let Some(event) = block_on(events.next()) {
                telling.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{event:?}"));
            }
        });
        Self(told)
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it was told something that begins so.
    pub(crate) fn until_told(&self, what: &str) {
        until(|| match self.all() {
            all if all.iter().any(|event| event.starts_with(what)) => Ok(()),
            all => Err(format!("no {what} in {all:?}")),
        });
    }
}
