//! Everything that the members of a group can do to each other through ZooKeeper, within a bound: the real machine of
//! `samsa-core` and the simulator's model of ZooKeeper, in every order of events.
//!
//! A simulation follows one way, chosen by a seed. Here every way is followed, nearest first; states that go on alike are
//! one state. [`explore`] stops at the first thing that is wrong (`rules` has the table) and tells the shortest way to it,
//! which [`replay`] goes again. From each state a quiet run, in which nothing more goes wrong, has to end with each
//! partition owned by one member that lives.
//!
//! # What happens
//!
//! A request arrives at the servers; an answer is heard; a watch that fired is heard, before or after any answer; a member
//! is called when its time has come, be it after others did much; a member joins, leaves or crashes; a connection breaks,
//! and of the writes under way the first so many are done all the same, later, but before anything is synced; a session
//! ends because its member stood still or was cut off until then, and what was answered before is heard after it.
//! A [`Bound`] says how often each of these may happen, and in which dialect the group speaks: that of the Scala consumers of
//! 0.8 to 1.1, or of 0.7.
//!
//! # Time
//!
//! Time passes from deadline to deadline. It does so whenever nothing is under way; while something is, it does as often as
//! the bound says (`waits`). What makes two moments alike is how far their deadlines are away, never what time it is. A
//! session does not end before its timeout is over, counted from the last operation that the servers performed in it.
//!
//! # What is left out
//!
//! - The length of a wait after a failure is not by chance, and everybody's clock goes at the same speed; no machine is suspended.
//! - An application lets go of what is revoked at once, and is done with one message when it gets a partition.
//! - While a session is let expire, the others are served at once, in one order; what comes before and after is in every order.
//! - Members of several dialects, brokers that come and go, patterns, several topics, partitions that are added, outages of
//!   all servers, a crashed member that comes again. The simulator's scenarios `consumer-group` and `scala07-group` have most of
//!   them.
//! - Of two states with the same 64-bit fingerprint one is not looked at.
//!
//! The crate goes its own way through the states, in a page of code: faults are planted for one thread, and the checkers at
//! hand go on threads of their own, and cannot tell that every state leads to a good one.

mod action;
mod bound;
mod canonical;
mod cluster;
mod explore;
mod kept;
mod line;
mod quiet;
mod rules;
mod state;
mod step;
mod words;

pub use bound::Bound;
pub use explore::{Fault, Report, explore, replay};
