//! Seeks and pauses: after a seek nothing comes that was fetched before it, of a paused partition nothing comes at all, and
//! nothing is left out.

use super::plan::Plan;
use super::stage::Stage;
use super::wander::play;
use super::{Options, Scenario};
use crate::report::Report;

pub(super) const SCENARIO: Scenario = Scenario {
    name: "seek-and-pause",
    about: "readers pause, resume and seek, and get what is there from where they went, once and in order",
    finds: &["hands-out-after-seek"],
};

pub(super) fn run(seed: u64, options: Options) -> Report {
    Stage::play(seed, options, Plan::draw(seed, 1), play)
}
