//! By what a member has its place in the group, whoever gives it that.

use super::offsets::Ask;
use super::world::World;
use crate::time::Now;
use crate::topology::TopicPartition;
use crate::zookeeper::ZkOp;

/// A session in ZooKeeper, or attendance at the brokers: what is asked about offsets is asked in its time, and ends with it.
pub(super) trait Standing {
    fn ask_offset(&mut self, world: &mut impl World, now: Now, partition: &TopicPartition, ask: Ask);
    /// Only what is asked behind it counts.
    fn sync(&mut self, world: &mut impl World, now: Now, op: ZkOp);
    /// Whether nothing may be committed for now.
    fn is_in_doubt(&self) -> bool;
}
