//! Deterministic simulation of Kafka clusters and of applications that use Samsa.

mod clock;
mod cluster;
mod executor;
mod faults;
mod network;
mod rng;
mod trace;
mod zookeeper;

pub use cluster::{ClusterConfig, Release};
pub use faults::{Fault, FaultMix};
pub use rng::Rng;
pub use trace::Trace;
