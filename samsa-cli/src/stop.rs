//! Ctrl-C and SIGTERM: a word to the running command, which then closes cleanly.

use std::process;

use async_channel::{Receiver, Sender};
use futures_lite::future;

use crate::failure::Failure;

/// Whether the command was asked to stop. Cheap to look at and to clone.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// Closed when it was asked.
    asked: Receiver<()>,
}

impl Stop {
    /// Listens to Ctrl-C, SIGTERM and SIGHUP. The second one ends the process at once, with status 1.
    pub(crate) fn on_signal() -> Result<Self, Failure> {
        let (stop, ask) = Self::new();
        ctrlc::set_handler(move || {
            if !ask.close() {
                process::exit(1);
            }
        })
        .map_err(|error| Failure::NotDone(format!("cannot listen to signals: {error}")))?;
        Ok(stop)
    }

    fn new() -> (Self, Sender<()>) {
        let (ask, asked) = async_channel::bounded(1);
        (Self { asked }, ask)
    }

    /// Whether it was asked.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.is_closed()
    }

    /// Done when it was asked.
    pub(crate) async fn asked(&self) {
        // Nothing is ever sent: an answer is the end of the channel.
        let _ = self.asked.recv().await;
    }

    /// Waits for a future, or until it was asked: `None` then.
    pub(crate) async fn or<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        future::or(async { Some(future.await) }, async {
            self.asked().await;
            None
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_asked_nothing_that_waits_is_waited_for() {
        let (stop, ask) = Stop::new();
        assert!(!stop.is_asked());
        assert!(ask.close());
        assert!(stop.is_asked());
        assert_eq!(future::block_on(stop.or(future::pending::<()>())), None);
    }

    #[test]
    fn what_is_ready_is_taken_even_then() {
        let (stop, ask) = Stop::new();
        ask.close();
        assert_eq!(future::block_on(stop.or(async { 7 })), Some(7));
    }
}
