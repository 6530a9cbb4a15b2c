//! A model of `ZooKeeper`: what an ensemble keeps, and how its clients reach it over a bad network.

mod ensemble;
mod group_nodes;
#[cfg(feature = "model")]
pub mod model;
mod port;
mod service;
mod session;
mod watches;

pub(crate) use ensemble::{Ensemble, session_name};
pub(crate) use group_nodes::wrong_with;
pub(crate) use port::{News, Port};
pub(crate) use service::ZooKeeperService;
