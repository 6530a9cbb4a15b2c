//! Locking.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock that a panicking thread left is still good: no invariant spans two statements under it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
