//! A model of `ZooKeeper`: what an ensemble keeps, and how its clients reach it over a bad network.

mod ensemble;
mod port;
mod service;
mod session;
mod watches;

pub(crate) use ensemble::{Ensemble, session_name};
pub(crate) use port::{News, Port};
pub(crate) use service::ZooKeeperService;
