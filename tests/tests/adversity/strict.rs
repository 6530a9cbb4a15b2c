//! A broker that makes no topics by itself, and that may be killed by one test at a time. That of 4.4.0 has a listener with TLS, too.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use samsa_tests::{Error, RealKafka, Release, Shape, needs};

/// The broker of this release, to its caller alone until the guard is dropped.
pub(crate) struct Strict {
    pub(crate) kafka: &'static RealKafka,
    _alone: MutexGuard<'static, ()>,
}

type Slot = OnceLock<Result<RealKafka, Error>>;

/// `None`: skip the test, see [`needs`].
pub(crate) fn strict(release: Release) -> Option<Strict> {
    static ALONE: [Mutex<()>; 2] = [const { Mutex::new(()) }; 2];
    static BROKERS: [Slot; 2] = [const { OnceLock::new() }; 2];
    let place = usize::from(release == Release::V4_4_0);
    let alone = ALONE[place].lock().unwrap_or_else(PoisonError::into_inner);
    let properties = &[("auto.create.topics.enable", "false")];
    let shape = Shape { tls: release == Release::V4_4_0, properties, ..Shape::default() };
    let start = || RealKafka::start_as(release, shape);
    let kafka = needs(BROKERS[place].get_or_init(start).as_ref())?;
    if kafka.broker_process().is_none() {
        kafka.restart_broker().expect("it starts again");
    }
    Some(Strict { kafka, _alone: alone })
}
