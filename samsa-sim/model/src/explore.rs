//! All that can be reached, each state once, the nearest first: what goes wrong is found by the shortest way.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

use crate::bound::Bound;
use crate::quiet::Quiet;
use crate::state::State;

/// What was found within a bound.
#[derive(Debug)]
pub struct Report {
    /// How many states were reached.
    pub states: usize,
    /// How many steps there are from the first one to the farthest.
    pub depth: usize,
    /// How many states more the quiet runs went through.
    pub quiet: usize,
    /// What went wrong first.
    pub fault: Option<Fault>,
    /// Whether everything within the bound was seen.
    pub is_complete: bool,
}

/// Something that went wrong, and the way to it.
#[derive(Debug)]
pub struct Fault {
    /// What.
    pub what: String,
    /// Of the steps that were possible each time, the number of the one that was taken.
    pub choices: Vec<usize>,
    /// The way, step by step, for people.
    pub trace: Vec<String>,
}

/// How a state was reached: from which one, by which choice.
struct Reached {
    from: u32,
    choice: u16,
}

/// Goes everywhere within the bound, until something is wrong or the time is over.
pub fn explore(bound: &Bound, within: Option<Duration>) -> Report {
    let begun = Instant::now();
    let mut quiet = Quiet::default();
    let first = State::first(bound);
    let mut seen = Seen::default();
    seen.is_new(&first);
    let mut reached = vec![Reached { from: 0, choice: 0 }];
    let mut pending = VecDeque::from([(first, 0_u32, 0_usize)]);
    let mut report = Report { states: 1, depth: 0, quiet: 0, fault: None, is_complete: false };
    while let Some((state, index, depth)) = pending.pop_front() {
        (report.depth, report.states, report.quiet) = (depth, reached.len(), quiet.states());
        if let Some(what) = state.wrong().or_else(|| quiet.ends_badly(&state)) {
            let choices = way_to(&reached, index);
            let trace = replay(bound, &choices);
            report.fault = Some(Fault { what, choices, trace });
            return report;
        }
        if within.is_some_and(|within| begun.elapsed() > within) {
            return report;
        }
        for (choice, action) in state.actions().iter().enumerate() {
            let mut next = state.clone();
            next.act(action);
            if seen.is_new(&next) {
                let number = u32::try_from(reached.len()).expect("fewer states than fit into memory");
                reached.push(Reached { from: index, choice: choice as u16 });
                pending.push_back((next, number, depth + 1));
            }
        }
    }
    report.is_complete = true;
    report
}

/// What was reached already, with what was left to happen.
#[derive(Default)]
struct Seen(HashMap<u64, Vec<[u8; 6]>>);

impl Seen {
    /// Whether a state is new. It is not when it was reached with as much left, or more: then all that can follow was seen.
    fn is_new(&mut self, state: &State) -> bool {
        let left = state.left.left();
        let known = self.0.entry(state.fingerprint()).or_default();
        let covers = |other: &[u8; 6]| other.iter().zip(left).all(|(other, left)| *other >= left);
        if known.iter().any(covers) {
            return false;
        }
        known.push(left);
        true
    }
}

fn way_to(reached: &[Reached], mut index: u32) -> Vec<usize> {
    let mut choices = Vec::new();
    while index > 0 {
        let Reached { from, choice } = reached[index as usize];
        choices.push(usize::from(choice));
        index = from;
    }
    choices.reverse();
    choices
}

/// Goes one way, and on quietly from its end. Says what happens, line by line.
pub fn replay(bound: &Bound, choices: &[usize]) -> Vec<String> {
    let mut state = State::first(bound);
    let mut trace = Vec::new();
    for choice in choices {
        let actions = state.actions();
        let Some(action) = actions.get(*choice) else {
            trace.push(format!("{choice}: there are only {} ways to go on", actions.len()));
            return trace;
        };
        trace.push(format!("{choice:>3}  {}", state.tells(action)));
        state.act(action);
    }
    match state.wrong() {
        Some(what) => trace.push(format!("     {what}")),
        None => trace.extend(Quiet::tells(&state)),
    }
    trace
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { states, depth, quiet, .. } = self;
        let whole = if self.is_complete { "all of them" } else { "not all" };
        write!(f, "{states} states ({whole}), up to {depth} steps away, and {quiet} of quiet runs")?;
        let Some(fault) = &self.fault else { return Ok(()) };
        write!(f, "\n\n{}\n", fault.what)?;
        for line in &fault.trace {
            writeln!(f, "{line}")?;
        }
        let choices: Vec<String> = fault.choices.iter().map(ToString::to_string).collect();
        write!(f, "replay it with --replay {}", choices.join(","))
    }
}
