//! Runs futures in virtual time: one thread, first come first served, and the clock moves only when nobody has
//! anything to do.

mod schedule;
mod sleep;
mod tasks;

pub(crate) use schedule::Schedule;
pub(crate) use sleep::Sleep;
pub(crate) use tasks::{Spawner, TaskName, Tasks};

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use samsa_core::Instant;

use crate::clock::VirtualClock;

/// How often tasks may run in one second of virtual time before that counts as a livelock.
const TURNS_PER_SECOND: u32 = 100_000;

/// Why a run came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The condition was met.
    Done,
    /// Nobody has anything to do, now or later.
    Idle,
    /// The time is over.
    TimeOver,
    /// Within a second tasks were run again and again; this one was the last.
    Livelock(TaskName),
}

/// The run queue, the timers and the clock.
pub(crate) struct Executor {
    clock: Arc<VirtualClock>,
    schedule: Rc<Schedule>,
    tasks: Tasks,
    turns: u64,
    /// Which second it is, and how often tasks were run in it.
    second: (u64, u32),
}

impl Executor {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(VirtualClock::new());
        let schedule = Rc::new(Schedule::new(Arc::clone(&clock)));
        Self { clock, schedule, tasks: Tasks::new(), turns: 0, second: (0, 0) }
    }

    pub(crate) fn clock(&self) -> &Arc<VirtualClock> {
        &self.clock
    }

    pub(crate) fn schedule(&self) -> &Rc<Schedule> {
        &self.schedule
    }

    pub(crate) fn spawner(&self) -> Spawner {
        self.tasks.spawner()
    }

    /// The name of the task that runs now, or ran last.
    pub(crate) fn current_task(&self) -> Rc<RefCell<TaskName>> {
        self.tasks.current()
    }

    /// How often a task was run so far.
    pub(crate) const fn turns(&self) -> u64 {
        self.turns
    }

    /// Runs until `done`, looked at whenever time is about to move, says so.
    pub(crate) fn run(&mut self, until: Instant, done: impl Fn() -> bool) -> End {
        loop {
            if let Some(end) = self.run_ready() {
                return end;
            }
            if done() {
                return End::Done;
            }
            match self.schedule.next_at() {
                None => return End::Idle,
                Some(at) if at > until => return End::TimeOver,
                Some(at) => self.clock.advance_to(at),
            }
            self.schedule.fire_next();
        }
    }

    fn run_ready(&mut self) -> Option<End> {
        let second = self.clock.instant().as_micros() / 1_000_000;
        if self.second.0 != second {
            self.second = (second, 0);
        }
        while let Some(task) = self.tasks.run_next() {
            self.turns += 1;
            self.second.1 += 1;
            if self.second.1 > TURNS_PER_SECOND {
                return Some(End::Livelock(task));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LATE: Instant = Instant::from_micros(u64::MAX);

    fn pause(schedule: &Rc<Schedule>, micros: u64) -> Sleep {
        Sleep::new(Rc::clone(schedule), schedule.now() + Duration::from_micros(micros))
    }

    #[test]
    fn sleepers_wake_in_the_order_of_their_time_and_then_of_their_asking() {
        let mut executor = Executor::new();
        let seen = Rc::new(RefCell::new(Vec::new()));
        for (name, micros) in [("late", 20), ("first", 10), ("second", 10)] {
            let (schedule, seen) = (Rc::clone(executor.schedule()), Rc::clone(&seen));
            executor.spawner().spawn(name, async move {
                pause(&schedule, micros).await;
                seen.borrow_mut().push((name, schedule.now().as_micros()));
            });
        }

        assert_eq!(executor.run(LATE, || false), End::Idle);
        assert_eq!(*seen.borrow(), [("first", 10), ("second", 10), ("late", 20)]);
    }

    #[test]
    fn time_does_not_pass_the_end_that_was_set() {
        let mut executor = Executor::new();
        let schedule = Rc::clone(executor.schedule());
        executor.spawner().spawn("sleeper", async move { pause(&schedule, 1_000).await });

        assert_eq!(executor.run(Instant::from_micros(999), || false), End::TimeOver);
        assert_eq!(executor.clock().instant(), Instant::START);
    }

    #[test]
    fn a_task_that_wakes_itself_for_ever_is_a_livelock() {
        let mut executor = Executor::new();
        executor.spawner().spawn(
            "spinner",
            std::future::poll_fn(|cx| {
                cx.waker().wake_by_ref();
                std::task::Poll::<()>::Pending
            }),
        );
        assert_eq!(executor.run(LATE, || false), End::Livelock("spinner".into()));
    }

    #[test]
    fn a_dropped_sleep_moves_no_clock() {
        let mut executor = Executor::new();
        let schedule = Rc::clone(executor.schedule());
        executor.spawner().spawn("impatient", async move {
            let mut sleep = Box::pin(pause(&schedule, 1_000));
            std::future::poll_fn(|cx| {
                assert!(sleep.as_mut().poll(cx).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
        });
        assert_eq!(executor.run(LATE, || false), End::Idle);
        assert_eq!(executor.clock().instant(), Instant::START);
    }
}
