//! What must hold of every operation on the group's nodes, looked at before it is performed.

use super::Stage;
use crate::zookeeper::wrong_with;

pub(super) fn begin(stage: &Stage) {
    let violations = stage.world.violations().clone();
    stage.world.zookeeper_service().audit(move |ensemble, session, op| {
        if let Some((invariant, what)) = wrong_with(ensemble, session, op) {
            violations.add(invariant, what);
        }
    });
}
