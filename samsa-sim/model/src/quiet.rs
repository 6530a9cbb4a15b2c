//! What happens when nothing goes wrong any more: everything arrives at once, everybody is in time, and nobody does
//! anything new.

use std::collections::HashSet;
use std::time::Duration;

use samsa_core::{Instant, SessionId};

use crate::action::Action;
use crate::line::{Line, Link};
use crate::state::State;

/// How long it may take until all is settled: what is left of several sessions, one after the other.
const PATIENCE: Duration = Duration::from_secs(60);

/// What does not take part.
#[derive(Clone, Copy, Default)]
pub(crate) struct Absent {
    /// Nothing of it arrives, nothing is heard of it.
    pub(crate) session: Option<SessionId>,
    /// It does nothing.
    pub(crate) member: Option<usize>,
}

/// What was seen to end well.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    good: HashSet<u64>,
}

impl Quiet {
    pub(crate) fn states(&self) -> usize {
        self.good.len()
    }

    /// Goes on quietly from here. Says what is wrong with where that leads.
    pub(crate) fn ends_badly(&mut self, from: &State) -> Option<String> {
        if self.good.contains(&from.fingerprint()) {
            return None;
        }
        let mut state = from.clone();
        let mut way = Vec::new();
        let until = state.now + PATIENCE;
        loop {
            let fingerprint = state.fingerprint();
            if self.good.contains(&fingerprint) {
                break;
            }
            way.push(fingerprint);
            if state.is_settled() {
                break;
            }
            if state.now > until {
                return Some("settles: after a minute in which nothing went wrong, it has not".to_owned());
            }
            go_on(&mut state, until + PATIENCE, Absent::default());
            if state.wrong.is_some() {
                return state.wrong().map(|what| format!("{what} (in a quiet run)"));
            }
        }
        self.good.extend(way);
        None
    }

    /// What happens in a quiet run from here, line by line.
    pub(crate) fn tells(from: &State) -> Vec<String> {
        let mut state = from.clone();
        let until = state.now + PATIENCE;
        let mut trace = vec!["     from here on nothing goes wrong".to_owned()];
        while !state.is_settled() && state.now <= until && state.wrong.is_none() {
            let next = next(&state, Absent::default());
            trace.extend(next.map(|action| format!("     {}", state.tells(&action))));
            go_on(&mut state, until + PATIENCE, Absent::default());
        }
        trace.extend(state.wrong().map(|what| format!("     {what}")));
        trace
    }
}

/// Goes on until all is settled.
pub(crate) fn settle(state: &mut State) {
    let until = state.now + PATIENCE;
    while !state.is_settled() && state.now < until {
        go_on(state, until, Absent::default());
    }
}

/// Goes on until then.
pub(crate) fn pass(state: &mut State, until: Instant, absent: Absent) {
    while (next(state, absent).is_some() || state.now < until) && state.wrong.is_none() {
        go_on(state, until, absent);
    }
}

/// One step, or the time that passes until there is one, or until then.
fn go_on(state: &mut State, until: Instant, absent: Absent) {
    if let Some(action) = next(state, absent) {
        return state.act(&action);
    }
    state.now = state.next_deadline(absent).map_or(until, |at| at.min(until));
    state.look();
}

fn next(state: &State, absent: Absent) -> Option<Action> {
    let present = |line: &&Line| absent.session != Some(line.name) && absent.member != Some(line.member);
    let of_a_line = state.lines.iter().filter(present).find_map(|line| next_of(state, line));
    let mut members = state.members().filter(|(number, _)| absent.member != Some(*number));
    let late = members.find(|(_, member)| state.is_late(member));
    of_a_line.or_else(|| late.map(|(number, _)| Action::Ticks(number)))
}

fn next_of(state: &State, line: &Line) -> Option<Action> {
    let session = line.name;
    let steps = [
        (!line.inbox.is_empty(), Action::Hears(session)),
        (!line.watches.is_empty() && line.link == Link::Up, Action::HearsWatch(session)),
        (!line.ghosts.is_empty(), Action::IsDoneLate(session)),
        (line.arrives(), Action::Arrives(session)),
        (line.link == Link::Down && line.is_heard, Action::Returns(session)),
        (state.is_due(line), Action::Ends(session)),
    ];
    steps.into_iter().find(|(when, _)| *when).map(|(_, action)| action)
}
