//! What must hold of every operation on the nodes of a group, before it is performed.

use samsa_core::{ZkOp, ZkStat};
use samsa_proto::zookeeper::read_offset;

use super::Ensemble;

/// What is wrong with an operation that will succeed.
pub(crate) fn wrong_with(ensemble: &Ensemble, session: i64, op: &ZkOp) -> Option<(&'static str, String)> {
    if !ensemble.is_alive(session) {
        return None;
    }
    match op {
        ZkOp::Set { path, data, version } if is_offset(path) => {
            let (before, stat) = ensemble.look(path)?;
            if !is_version(stat, *version) {
                return None;
            }
            let (before, after) = (read_offset(before).ok().flatten(), read_offset(data).ok().flatten());
            if after < before {
                return Some(("commits-go-forward", format!("{path}: {after:?} after {before:?}")));
            }
            commits_as_owner(ensemble, session, path)
        }
        ZkOp::Create { path, data, .. } if is_offset(path) && ensemble.look(path).is_none() => {
            if read_offset(data).ok().flatten().is_none() {
                return Some(("no-empty-offsets", path.clone()));
            }
            commits_as_owner(ensemble, session, path)
        }
        ZkOp::Delete { path, version } if path.contains("/owners/") => {
            let (_, stat) = ensemble.look(path)?;
            let is_foreign = is_version(stat, *version) && stat.ephemeral_owner != session;
            is_foreign.then(|| ("deletes-its-own", format!("{path} is of session {}", stat.ephemeral_owner)))
        }
        _ => None,
    }
}

fn commits_as_owner(ensemble: &Ensemble, session: i64, path: &str) -> Option<(&'static str, String)> {
    let owner = ensemble.look(&path.replace("/offsets/", "/owners/")).map(|(_, stat)| stat.ephemeral_owner);
    (owner != Some(session))
        .then(|| ("commits-by-owner", format!("{path} in session {session}, owner {owner:?}")))
}

/// Below the folder of a topic.
fn is_offset(path: &str) -> bool {
    path.split_once("/offsets/").is_some_and(|(_, node)| node.contains('/'))
}

fn is_version(stat: ZkStat, version: i32) -> bool {
    version == -1 || stat.version == version
}
