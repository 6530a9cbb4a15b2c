//! What can happen next.

use samsa_core::SessionId;

use crate::line::{Line, Link};
use crate::quiet::Absent;
use crate::state::{Seat, State};

/// One step. A session is named as its member names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A member joins.
    Joins(usize),
    /// A member's time has come.
    Ticks(usize),
    /// The next request of a session, its opening or its end, arrives at the servers.
    Arrives(SessionId),
    /// A write of a broken connection is done.
    IsDoneLate(SessionId),
    /// A member hears the next answer.
    Hears(SessionId),
    /// A member hears that a watch has fired.
    HearsWatch(SessionId),
    /// A connection breaks; so many of the writes under way will be done.
    Breaks(SessionId, usize),
    /// A connection is there again, or the servers say that its session has ended.
    Returns(SessionId),
    /// Nothing of this session arrives, until the servers end it; meanwhile its member stands still, or does not.
    Expires { session: SessionId, is_frozen: bool },
    /// The servers end a session that nobody uses any more.
    Ends(SessionId),
    /// A member ends without a word; so many of its writes under way will be done.
    Crashes(usize, usize),
    /// An application takes messages and commits.
    Commits(usize),
    /// A member leaves.
    Leaves(usize),
    /// Time passes to the next deadline of a member, or of a session that nobody uses any more.
    Waits,
}

impl State {
    /// All that can happen next, always in the same order.
    pub(crate) fn actions(&self) -> Vec<Action> {
        if self.wrong.is_some() {
            return Vec::new();
        }
        let mut actions = Vec::new();
        self.add_for_lines(&mut actions);
        self.add_for_members(&mut actions);
        let may_wait = self.left.waits > 0 || !self.is_busy();
        if may_wait && !self.somebody_is_late() && self.next_deadline(Absent::default()).is_some() {
            actions.push(Action::Waits);
        }
        actions
    }

    fn add_for_lines(&self, actions: &mut Vec<Action>) {
        for line in &self.lines {
            let session = line.name;
            let mut add = |when: bool, action| actions.extend(when.then_some(action));
            add(!line.inbox.is_empty(), Action::Hears(session));
            add(!line.watches.is_empty() && line.link == Link::Up, Action::HearsWatch(session));
            add(!line.ghosts.is_empty(), Action::IsDoneLate(session));
            add(line.arrives(), Action::Arrives(session));
            add(line.link == Link::Down && line.is_heard, Action::Returns(session));
            add(self.is_due(line), Action::Ends(session));
            if line.is_used() {
                let most = (self.left.losses > 0).then(|| line.writes());
                actions.extend(
                    most.into_iter().flat_map(|most| 0..=most).map(|done| Action::Breaks(session, done)),
                );
                if self.left.expiries > 0 {
                    let expires = |is_frozen| Action::Expires { session, is_frozen };
                    actions.extend([true, false].map(expires));
                }
            }
        }
    }

    fn add_for_members(&self, actions: &mut Vec<Action>) {
        for (number, seat) in self.seats.iter().enumerate() {
            let mut add = |when: bool, action| actions.extend(when.then_some(action));
            match seat {
                Seat::Empty => add(true, Action::Joins(number)),
                Seat::Gone => {}
                Seat::Taken(member) => {
                    add(self.is_late(member), Action::Ticks(number));
                    let has_some = !member.assignment().is_empty();
                    add(self.left.commits > 0 && has_some, Action::Commits(number));
                    add(self.left.leaves > 0, Action::Leaves(number));
                    if self.left.crashes > 0 {
                        let line = self.lines.iter().find(|line| Some(line.name) == member.session());
                        let most = line.map_or(0, Line::writes);
                        actions.extend((0..=most).map(|done| Action::Crashes(number, done)));
                    }
                }
            }
        }
    }
}
