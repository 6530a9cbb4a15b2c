//! What there is of each partition, and waiting for it.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

/// Beyond the sessions of members that were killed, and the rebalances after.
const LIMIT: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(50);

/// Partitions, by number.
pub(crate) type Partitions<T> = BTreeMap<i32, T>;

/// Waits until all these are committed, wherever that is.
pub(crate) fn until_committed(committed: impl Fn() -> Partitions<i64>, offsets: &Partitions<i64>) {
    until(|| match committed() {
        committed if committed == *offsets => Ok(()),
        committed => Err(format!("{committed:?}, not {offsets:?}")),
    });
}

/// What is committed when so many messages, evenly over so many partitions, are done with.
pub(crate) fn ends(count: usize, partitions: usize) -> Partitions<i64> {
    (0..partitions as i32).map(|partition| (partition, (count / partitions) as i64)).collect()
}

/// Asks again until there is an answer.
pub(crate) fn until<T>(answer: impl Fn() -> Result<T, String>) -> T {
    let since = Instant::now();
    loop {
        match answer() {
            Ok(answer) => return answer,
            Err(instead) => assert!(since.elapsed() < LIMIT, "after {LIMIT:?}: {instead}"),
        }
        thread::sleep(POLL);
    }
}
