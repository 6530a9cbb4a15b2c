//! The task that zookeeper-client wants spawned, kept and polled here instead.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use spawns_core::{Spawn, Task};

use super::Boxed;
use crate::lock::lock;

/// The tasks of one session.
#[derive(Default)]
pub(crate) struct Hosted {
    tasks: Vec<Boxed<()>>,
    spawned: Arc<Spawned>,
}

/// Where they are put when they are spawned.
#[derive(Default)]
struct Spawned(Mutex<Vec<Boxed<()>>>);

impl Spawn for Spawned {
    fn spawn(&self, task: Task) {
        lock(&self.0).push(Box::into_pin(task.future));
    }
}

impl Hosted {
    /// Polls a future that may spawn tasks, which come here.
    pub(crate) fn poll_spawning<T>(&mut self, cx: &mut Context<'_>, future: &mut Boxed<T>) -> Poll<T> {
        let spawned = Arc::clone(&self.spawned);
        let scope = spawns_core::enter(&*spawned);
        let outcome = future.as_mut().poll(cx);
        drop(scope);
        self.tasks.append(&mut lock(&self.spawned.0));
        outcome
    }

    /// Lets the tasks go on. Ready when there is none.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.tasks.retain_mut(|task| Pin::new(task).poll(cx).is_pending());
        if self.tasks.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }
}
