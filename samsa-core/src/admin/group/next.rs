//! What there is to do next for a command about groups.

use crate::command::Reply;
use crate::group::CoordinatorAsk;
use crate::zookeeper::ZkOp;

/// What comes when all that was asked has its answer.
#[derive(Debug)]
pub(super) enum Next {
    Ask(Vec<ZkOp>),
    AskBrokers(Vec<CoordinatorAsk>),
    /// Every broker, which groups it coordinates.
    Survey,
    /// All begins anew, in another session.
    Again(String),
    Done(Reply),
}
