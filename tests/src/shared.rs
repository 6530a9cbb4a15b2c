//! One broker per release for all tests of a binary, and what happens on a machine that cannot run any.

use std::{
    borrow::Borrow,
    env,
    io::{self, Write},
    sync::{Mutex, OnceLock, PoisonError},
};

use crate::{Error, RealKafka, Release};

type Slot = OnceLock<Result<RealKafka, Error>>;

/// Lines for `server.properties`.
type Properties = &'static [(&'static str, &'static str)];

static SLOTS: Mutex<Vec<(Release, Properties, &'static Slot)>> = Mutex::new(Vec::new());

/// The broker of `release` that all tests of this binary share: started by the first that asks, gone when the process ends.
/// Each test names its own topics. `None`: skip the test, see [`needs`].
pub fn shared(release: Release) -> Option<&'static RealKafka> {
    shared_with(release, &[])
}

/// The same with further lines for `server.properties`: the one of all that ask with the same.
pub fn shared_with(
    release: Release,
    properties: &'static [(&'static str, &'static str)],
) -> Option<&'static RealKafka> {
    let slot = slot(release, properties);
    needs(slot.get_or_init(|| RealKafka::start_with(release, properties)).as_ref())
}

/// A broker of `release` for one test alone, which may kill it. `None`: skip the test, see [`needs`].
pub fn own(release: Release) -> Option<RealKafka> {
    needs(RealKafka::start(release))
}

/// What a test needs, or `None` when it has to be skipped since Java or Maven is not installed; the reason is printed.
///
/// # Panics
///
/// On any other error, and on this one too where `CI` or `SAMSA_REQUIRE_BROKERS` is set: there the test must run.
pub fn needs<T, E: Borrow<Error>>(outcome: Result<T, E>) -> Option<T> {
    let error = match outcome {
        Ok(it) => return Some(it),
        Err(error) => error,
    };
    let error = error.borrow();
    let required = ["CI", "SAMSA_REQUIRE_BROKERS"]
        .into_iter()
        .find(|name| env::var_os(name).is_some_and(|value| !value.is_empty()));
    match (error, required) {
        (Error::Missing { .. }, None) => {
            // Straight to stderr: what `eprintln!` writes in a passing test is not shown.
            let _ = io::stderr().write_all(format!("skipped: {error}\n").as_bytes());
            None
        }
        (Error::Missing { .. }, Some(name)) => panic!("{error} ({name} is set, so this test must run)"),
        _ => panic!("{error}"),
    }
}

fn slot(release: Release, properties: Properties) -> &'static Slot {
    let mut slots = SLOTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((.., slot)) = slots.iter().find(|(of, with, _)| (*of, *with) == (release, properties)) {
        return slot;
    }
    let slot: &'static Slot = Box::leak(Box::default());
    slots.push((release, properties, slot));
    slot
}
