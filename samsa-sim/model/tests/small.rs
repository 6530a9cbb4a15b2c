//! Everything within small bounds, and the faults that have to be found there.

use samsa_core::model::Dialect;
use samsa_core::{PlantedBug, with_planted};
use samsa_group_model::{Bound, Report, explore, replay};

const JOIN: Bound = Bound { commits: 1, ..Bound::CALM };
const CRASH: Bound = Bound { crashes: 1, ..Bound::CALM };
const LEAVE: Bound = Bound { leaves: 1, ..Bound::CALM };
const LOSS: Bound = Bound { losses: 1, ..Bound::CALM };
const LOSS_OF_ONE_PARTITION: Bound = Bound { partitions: 1, ..LOSS };
const ALONE: Bound = Bound { members: 1, partitions: 1, losses: 1, expiries: 1, commits: 1, ..Bound::CALM };
const THREE: Bound = Bound { members: 3, standing: 3, ..Bound::CALM };
const EXPIRY: Bound = Bound { expiries: 1, ..Bound::CALM };

/// The same on a cluster of Kafka 0.7.
const fn in_0_7(bound: Bound) -> Bound {
    Bound { dialect: Dialect::Scala07, ..bound }
}

fn explored(bound: &Bound) -> Report {
    explore(bound, None)
}

fn goes_well(bound: &Bound) {
    let report = explored(bound);
    assert!(report.fault.is_none() && report.is_complete, "{bound}\n{report}");
}

#[test]
fn a_member_joins_while_the_other_commits() {
    goes_well(&JOIN);
}

#[test]
fn either_member_crashes_or_leaves_at_any_moment() {
    goes_well(&CRASH);
    goes_well(&LEAVE);
}

#[test]
fn the_reply_to_anything_is_lost() {
    goes_well(&LOSS_OF_ONE_PARTITION);
}

#[test]
fn one_of_three_crashes_leaves_or_misses_a_reply() {
    goes_well(&Bound { crashes: 1, ..THREE });
    goes_well(&Bound { leaves: 1, ..THREE });
    goes_well(&Bound { partitions: 1, losses: 1, ..THREE });
}

#[test]
fn the_session_of_a_member_alone_ends_at_any_moment() {
    goes_well(&ALONE);
}

#[test]
fn in_0_7_a_member_joins_while_the_other_commits() {
    goes_well(&in_0_7(JOIN));
}

#[test]
fn in_0_7_either_member_crashes_or_leaves_at_any_moment() {
    goes_well(&in_0_7(Bound { partitions: 1, ..CRASH }));
    goes_well(&in_0_7(Bound { partitions: 1, ..LEAVE }));
}

#[test]
fn in_0_7_the_session_of_a_member_alone_ends_at_any_moment() {
    goes_well(&in_0_7(ALONE));
}

/// In each bound a fault is planted whose rule it breaks.
#[test]
fn planted_faults_are_found() {
    for (bug, bound, rule) in [
        (PlantedBug::TrustsOwnersName, EXPIRY, "owner-hands-out"),
        (PlantedBug::GivesUpOnConflict, JOIN, "settles"),
        (PlantedBug::TrustsLostClaim, LOSS, "hands-out"),
        (PlantedBug::ReleasesBeforeCommit, JOIN, "commits-by-owner"),
        (PlantedBug::HandsOutAfterRelease, JOIN, "hands-out"),
        (PlantedBug::IgnoresLease, EXPIRY, "owner-hands-out"),
        (PlantedBug::TrustsLostClaim, in_0_7(LOSS), "hands-out"),
        (PlantedBug::ReleasesBeforeCommit, in_0_7(JOIN), "commits-by-owner"),
    ] {
        let report = with_planted(bug, || explored(&bound));
        let fault = report.fault.expect("it is found");
        assert!(fault.what.contains(rule), "{}: {}", bug.name(), fault.what);
    }
}

#[test]
fn the_way_to_a_fault_can_be_gone_again() {
    with_planted(PlantedBug::TrustsOwnersName, || {
        let fault = explored(&EXPIRY).fault.expect("it is found");
        assert_eq!(replay(&EXPIRY, &fault.choices), fault.trace);
        assert!(fault.trace.last().is_some_and(|end| end.contains(&fault.what)), "{:?}", fault.trace);
    });
}
