//! Deterministic simulation of Kafka clusters and of applications that use Samsa.
//!
//! A [`Simulation`] builds a world from a seed: model brokers that read the real wire format, a model `ZooKeeper`, a bad
//! network and virtual time. The real engine, the real driver and the real handles of `samsa-client` run in it, and so
//! does an application's own code. The same seed gives the same run, to the last byte.
//!
//! - [`run`] runs an application of one's own, in a test; the example `application` is such a one, with its test.
//! - [`scenario`] has the named situations by which Samsa itself is checked.

mod chaos;
mod check;
mod clock;
mod cluster;
mod dials;
mod executor;
mod faults;
mod host;
mod lies;
mod logs;
mod moves;
mod network;
mod report;
mod rng;
mod runtime;
pub mod scenario;
mod sent;
mod simulation;
mod trace;
mod violations;
mod world;
mod zookeeper;

pub use cluster::{ClusterConfig, Release};
pub use faults::{Fault, FaultMix};
pub use report::Report;
pub use rng::Rng;
pub use runtime::{Alarm, Connection, Launcher, Runtime, Sessions};
pub use simulation::{Run, Simulation, run};
pub use trace::Trace;
pub use violations::Violation;
pub use world::World;
#[cfg(feature = "model")]
#[doc(hidden)]
pub use zookeeper::model;
