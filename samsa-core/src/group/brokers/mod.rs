//! Members of groups that the brokers coordinate.
//!
//! One broker looks after a group: the [coordinator](super::coordinator). A member speaks with it in one of two protocols. In the
//! [classic] one all members join, one of them shares the partitions out, and each is told its part; whenever somebody comes or
//! goes all give up what they have and join again. By KIP-848 ([`consumer`]) the coordinator shares out itself, and tells each
//! member with its heartbeats what is to go and what has come.
//!
//! In both [`Member`] is what joins, holds partitions, commits and leaves. What is its own in one generation (an epoch, by KIP-848)
//! nobody else has, and commits say in which they were done: the coordinator refuses those of one that is over.

mod attendance;
mod choice;
mod classic;
mod consumer;
mod holdings;
mod leading;
mod leaving;
mod member;
mod settings;
#[cfg(test)]
mod tests;
mod world;

pub(crate) use member::Member;
pub(crate) use settings::{Settings, Speaks};
pub(crate) use world::{BrokerWorld, Seen};
