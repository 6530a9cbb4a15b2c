//! The commands, a file each.

mod brokers;
mod consume;
mod explain;
mod groups;
mod perf;
mod publish;
mod sim;
mod topics;

pub(crate) use brokers::Brokers;
pub(crate) use consume::{Consume, ReadMessage};
pub(crate) use explain::Explain;
pub(crate) use groups::Groups;
pub(crate) use perf::Perf;
pub(crate) use publish::Publish;
pub(crate) use sim::Sim;
pub(crate) use topics::Topics;
