//! A time limit for a whole test, which holds for what blocks or spins as well.

use std::panic::resume_unwind;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Far beyond what any test takes that is limited so, on a machine under load too.
const LIMIT: Duration = Duration::from_secs(120);

/// Fails when the work is not done by then. Its thread is left behind.
pub(crate) fn within_limit(work: impl FnOnce() + Send + 'static) {
    let (sender, done) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        // Dropped at the end, and by a panic.
        let _sender = sender;
        work();
    });
    assert_eq!(done.recv_timeout(LIMIT), Err(RecvTimeoutError::Disconnected), "not done within {LIMIT:?}");
    if let Err(panic) = thread.join() {
        resume_unwind(panic);
    }
}
