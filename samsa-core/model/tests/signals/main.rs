//! What application threads and the driver tell each other, in hundreds of orders of events: the real buffers, the real
//! engine, and a broker that answers at once. Every wait must end; one that does not leaves all threads waiting, which
//! shuttle tells of as a deadlock.

extern crate samsa_core_model as samsa_core;

mod bed;
mod driver;
mod publishing;
mod reading;
#[path = "../../../tests/support/mod.rs"]
mod support;

use shuttle::Runner;
use shuttle::scheduler::{PctScheduler, RandomScheduler};

/// Of each play, by each way to choose the next step.
const RUNS: usize = 150;

/// Tries a play in many orders: some by pure chance, some with few changes of turn at places of chance. The same ones each
/// time.
fn try_orders(play: impl Fn() + Clone + Send + Sync + 'static) {
    let random = RandomScheduler::new_from_seed(1, RUNS);
    Runner::new(random, shuttle::Config::default()).run(play.clone());
    let few_changes = PctScheduler::new_from_seed(1, 3, RUNS);
    Runner::new(few_changes, shuttle::Config::default()).run(play);
}
