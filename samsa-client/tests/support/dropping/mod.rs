//! Every future of the handles is dropped at every moment, and nobody is disturbed.
//!
//! Runs wherever clients are: in the simulator, and on real runtimes and brokers. A new future is a line in `futures.rs`,
//! or in `memberships.rs`.

mod bystanders;
mod dropper;
mod futures;
mod memberships;
mod stage;

use std::time::Duration;

use futures_lite::future;

use self::bystanders::Bystanders;
use self::dropper::{Dropper, Moment};
use self::futures::{Case, FUTURES};
use self::memberships::MEMBERSHIPS;
use self::stage::Stage;

pub(crate) use self::stage::Place;

/// No future here has to be polled more often.
const MOST_POLLS: u32 = 40;

/// Drops each of the futures after none, one, two, ... polls, again when it is woken after so many, and at each of these
/// times after its first poll.
pub(crate) async fn drop_every_future(place: &dyn Place, times: &[Duration]) {
    let stage = Stage::set(place).await;
    let in_groups = if place.has_groups() { MEMBERSHIPS } else { &[] };
    for case in FUTURES.iter().chain(in_groups) {
        for make in [Moment::Polled, Moment::Woken] {
            let mut polls = 0;
            while !drop_one(&stage, case, make(polls)).await {
                polls += 1;
                assert!(polls < MOST_POLLS, "{}: it is not ready after {polls} polls", case.name);
            }
        }
        for after in times {
            drop_one(&stage, case, Moment::Later(*after)).await;
        }
    }
    stage.judge().await;
}

/// Whether there is no later moment.
async fn drop_one(stage: &Stage<'_>, case: &Case, moment: Moment) -> bool {
    let what = format!("{}, dropped at {moment:?}", case.name);
    let pause = |lasts| stage.pause(lasts);
    let dropper = Dropper::new(&what, moment, &pause);
    let bystanders = Bystanders::new(stage, &what);
    let mut bystanders = bystanders.await;
    future::zip((case.play)(stage, &dropper), bystanders.go_on()).await;
    bystanders.end().await;
    stage.settle(&what).await;
    dropper.is_over()
}
