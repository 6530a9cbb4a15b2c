//! The locks and numbers that application threads and the driver share. In the crate that model-checks what they tell each
//! other (`samsa-core/model`) these are shuttle's, which try one order of events after another; everywhere else they are
//! the standard library's.

#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
