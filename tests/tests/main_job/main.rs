//! The main job on real brokers: messages are published and read, by the library on both runtimes and by the command line,
//! and Apache's clients agree. Kafka 3.9.2 is found through ZooKeeper, 4.4.0 through its address.

mod asking;
mod commands;
mod dropped;
mod lines;
mod looking;
mod properties;
mod publishing;
mod reading;
mod runtimes;
mod threads;
mod transactions;

#[path = "../support/client.rs"]
mod client;
#[path = "../../../samsa-client/tests/support/dropping/mod.rs"]
mod dropping;

/// A test for each release of each claim about one.
macro_rules! on_each_release {
    ($($claim:ident),+ $(,)?) => {
        mod on_3_9_2 {
            $(#[test]
            fn $claim() {
                super::$claim(samsa_tests::Release::V3_9_2);
            })+
        }

        mod on_4_4_0 {
            $(#[test]
            fn $claim() {
                super::$claim(samsa_tests::Release::V4_4_0);
            })+
        }
    };
}

pub(crate) use on_each_release;
