//! Futures that the driver has out: dials, questions to the name service, jobs.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use super::bell::{Bell, Task};

/// Futures under the names by which their outcome is told. Only those that woke are polled.
#[derive(Debug)]
pub(crate) struct Errands<K, F> {
    task: Arc<Task>,
    out: Vec<(K, F, Bell)>,
}

impl<K: Copy + PartialEq, F: Future + Unpin> Errands<K, F> {
    pub(crate) fn new(task: &Arc<Task>) -> Self {
        Self { task: Arc::clone(task), out: Vec::new() }
    }

    pub(crate) fn send(&mut self, name: K, errand: F) {
        self.out.push((name, errand, Bell::new(&self.task)));
    }

    pub(crate) fn call_back(&mut self, name: K) {
        self.out.retain(|(other, ..)| *other != name);
    }

    /// One that is done.
    pub(crate) fn next_done(&mut self) -> Option<(K, F::Output)> {
        for i in 0..self.out.len() {
            let (name, errand, bell) = &mut self.out[i];
            if bell.is_ringing()
                && let Poll::Ready(outcome) = Pin::new(errand).poll(&mut bell.answer())
            {
                let name = *name;
                self.out.remove(i);
                return Some((name, outcome));
            }
        }
        None
    }
}
