//! Samsa against real Kafka brokers and foreign clients.
//!
//! The library starts what the tests need: [`RealKafka`] is a broker of a given [`Release`], or several, with ZooKeeper where it has
//! one, on loopback; [`java`] and [`console`] run Apache's own clients, [`java_member`] their members of groups, [`scala`] the consumers of old, [`pykafka`] those of Python, [`apache`] asks Apache's own classes, [`exchange()`] asks a broker, [`cli`] runs the `samsa` command,
//! [`slow`] members of a group that take their time, and [`run_example`] an example of a crate.
//! Apache's part comes from Maven Central, once, into a directory outside the repository (see [`cache`]); no container engine is
//! needed, only a JDK (17 or later) and Maven.
//!
//! A test begins with
//!
//! ```no_run
//! use samsa_tests::{Release, shared};
//!
//! let Some(kafka) = shared(Release::V4_4_0) else { return };
//! println!("brokers at {}", kafka.bootstrap());
//! ```
//!
//! and so is skipped, with a word that says what to install, on a machine without Java. Where `CI` or `SAMSA_REQUIRE_BROKERS`
//! is set it fails there instead.

pub mod apache;
mod built;
pub mod cache;
pub mod cli;
pub mod console;
mod error;
mod exchange;
pub mod hex;
mod jars;
pub mod java;
pub mod java_member;
mod jvm;
mod kafka;
pub mod member;
mod node;
mod ports;
mod probe;
mod process;
pub mod pykafka;
mod release;
pub mod scala;
mod scratch;
mod shared;
pub mod slow;
mod tls;
mod zookeeper;

pub use built::run_example;
pub use error::Error;
pub use exchange::{connect, exchange};
pub use jars::{Artifact, fetch};
pub use kafka::{RealKafka, Shape};
pub use release::{Mode, Release};
pub use shared::{needs, own, shared, shared_with};
