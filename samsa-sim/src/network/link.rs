//! A connection: two pipes, who is at its ends, and what may happen to it.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::pipe::Pipe;
use super::weather::Weather;

/// Which end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Who dialled.
    Client,
    /// Who listened.
    Server,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Client, Self::Server];
}

/// A connection.
pub(crate) struct Link {
    pub(crate) number: u64,
    /// The name of the host that was dialled.
    pub(crate) to: String,
    /// By the side that writes.
    pipes: [RefCell<Pipe>; 2],
    pub(super) weather: Rc<Weather>,
}

impl Link {
    pub(super) fn new(number: u64, to: String, weather: Rc<Weather>) -> Self {
        let pipe = || RefCell::new(Pipe::new(weather.capacity()));
        let pipes = [pipe(), pipe()];
        Self { number, to, pipes, weather }
    }

    pub(super) const fn written_by(&self, side: Side) -> &RefCell<Pipe> {
        &self.pipes[side as usize]
    }

    pub(super) const fn read_by(&self, side: Side) -> &RefCell<Pipe> {
        &self.pipes[1 - side as usize]
    }

    pub(crate) fn is_over(&self) -> bool {
        self.pipes.iter().any(|pipe| pipe.borrow().is_over())
    }

    pub(super) fn is_deaf(&self) -> bool {
        self.pipes.iter().any(|pipe| pipe.borrow().is_deaf())
    }

    /// It breaks, in each direction after some of what is under way.
    pub(crate) fn cut(self: &Rc<Self>) {
        for side in Side::BOTH {
            let under_way = self.written_by(side).borrow().under_way() as u64;
            let keep = self.weather.below(under_way + 1) as usize;
            self.end(side, keep);
        }
    }

    /// It breaks before anything that is still under way from this side.
    pub(crate) fn cut_before(self: &Rc<Self>, side: Side) {
        for each in Side::BOTH {
            let keep = if each == side { 0 } else { usize::MAX };
            self.end(each, keep);
        }
    }

    fn end(self: &Rc<Self>, side: Side, keep: usize) {
        let arrives = self.weather.arrival();
        let seen = self.written_by(side).borrow_mut().cut(keep, arrives);
        self.wake_at(side, seen);
    }

    /// Nothing moves for a while.
    pub(crate) fn stall(self: &Rc<Self>, lasts: Duration) {
        let now = self.weather.now();
        for side in Side::BOTH {
            let until = self.written_by(side).borrow_mut().stall(now, lasts);
            self.wake_at(side, until);
        }
    }

    /// Nothing that is written from now on arrives, until the connection breaks after a while.
    pub(crate) fn half_open(self: &Rc<Self>, lasts: Duration) {
        for pipe in &self.pipes {
            pipe.borrow_mut().deafen();
        }
        let link = Rc::clone(self);
        self.weather.schedule.call_after(lasts, move || link.cut());
    }

    /// Whoever waits at the ends of the pipe that this side writes looks again then.
    pub(super) fn wake_at(self: &Rc<Self>, side: Side, at: samsa_core::Instant) {
        let link = Rc::clone(self);
        self.weather.schedule.call_after(at - self.weather.now(), move || {
            let mut pipe = link.written_by(side).borrow_mut();
            pipe.wake_reader();
            pipe.wake_writer();
        });
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("number", &self.number).field("to", &self.to).finish_non_exhaustive()
    }
}
