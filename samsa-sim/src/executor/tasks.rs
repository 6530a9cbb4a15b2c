//! Tasks and the queue of those that want to run.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

/// What a task is called in reports.
pub(crate) type TaskName = Cow<'static, str>;

type Body = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    name: TaskName,
    body: Body,
    waker: Waker,
}

/// Tasks that want to run, first come first served. Wakers may come from anywhere, so this one part is shared by a lock.
#[derive(Debug, Default)]
struct RunQueue(Mutex<VecDeque<u64>>);

impl RunQueue {
    fn push(&self, id: u64) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !queue.contains(&id) {
            queue.push_back(id);
        }
    }

    fn pop(&self) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

struct TaskWaker {
    id: u64,
    queue: Arc<RunQueue>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.queue.push(self.id);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.queue.push(self.id);
    }
}

/// All tasks of a world.
pub(crate) struct Tasks {
    live: BTreeMap<u64, Task>,
    queue: Arc<RunQueue>,
    spawned: Rc<RefCell<Vec<(TaskName, Body)>>>,
    current: Rc<RefCell<TaskName>>,
    next: u64,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        let current = Rc::new(RefCell::new(TaskName::Borrowed("")));
        Self { live: BTreeMap::new(), queue: Arc::default(), spawned: Rc::default(), current, next: 0 }
    }

    pub(crate) fn spawner(&self) -> Spawner {
        Spawner { spawned: Rc::clone(&self.spawned) }
    }

    /// The name of the task that runs now, or ran last.
    pub(crate) fn current(&self) -> Rc<RefCell<TaskName>> {
        Rc::clone(&self.current)
    }

    /// Runs the task whose turn it is, once; says which.
    pub(crate) fn run_next(&mut self) -> Option<TaskName> {
        self.adopt();
        let (id, mut task) = loop {
            let id = self.queue.pop()?;
            if let Some(task) = self.live.remove(&id) {
                break (id, task);
            }
        };
        let name = task.name.clone();
        self.current.borrow_mut().clone_from(&name);
        let pending = task.body.as_mut().poll(&mut Context::from_waker(&task.waker)).is_pending();
        if pending {
            self.live.insert(id, task);
        }
        self.adopt();
        Some(name)
    }

    fn adopt(&mut self) {
        for (name, body) in self.spawned.take() {
            let id = self.next;
            self.next += 1;
            let waker = Waker::from(Arc::new(TaskWaker { id, queue: Arc::clone(&self.queue) }));
            self.live.insert(id, Task { name, body, waker });
            self.queue.push(id);
        }
    }
}

/// Starts tasks, from inside of tasks too.
#[derive(Clone)]
pub(crate) struct Spawner {
    spawned: Rc<RefCell<Vec<(TaskName, Body)>>>,
}

impl Spawner {
    pub(crate) fn spawn(&self, name: impl Into<TaskName>, body: impl Future<Output = ()> + 'static) {
        self.spawned.borrow_mut().push((name.into(), Box::pin(body)));
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawner").finish_non_exhaustive()
    }
}
