//! The name of a partition's lock, and how it gets another while the partition is read on.
//!
//! In the Samsa dialect the leader is part of the name. Whoever has not noticed yet that it has moved locks the partition under
//! the old name, and nothing in ZooKeeper keeps the two apart. So our members take every `L-P` of a partition for its lock:
//!
//! - Before one makes its owner node, and again when it has, it lists all that there are. Where another has the partition under
//!   any name, it takes its own back and waits for that one to go. Of two that claim at the same time, the later sees the other.
//! - Who has the partition makes the node of the new name first, and only then deletes that of the old one: at every moment
//!   one of them is there for the others to see.
//!
//! | state    | input                      | then     | asks                             |
//! |----------|----------------------------|----------|----------------------------------|
//! | Named    | another name               | Creating | Create under the new name        |
//! | Creating | created                    | Deleting | Delete under the old name        |
//! | Creating | it exists                  | Looking  | Exists under the new name        |
//! | Creating | unknown fate, no folder    | Resting  |                                  |
//! | Resting  | due                        | Looking  | Sync, Exists under the new name  |
//! | Looking  | ours                       | Deleting | Delete under the old name        |
//! | Looking  | not there                  | Named    | (and begins anew)                |
//! | Looking  | another's                  | Resting  | (told as taken after a few times)|
//! | Looking  | another's, and not wanted  | Named    |                                  |
//! | Deleting | deleted, not there         | Named    |                                  |
//! | Deleting | unknown fate               | Doubting |                                  |
//! | Doubting | due                        | Checking | Sync, Exists under the old name  |
//! | Checking | ours                       | Deleting | Delete under the old name        |
//! | Checking | not there, another's       | Named    |                                  |

use samsa_proto::zookeeper::{Dialect, PartitionNode};

use crate::zookeeper::{ZkAnswer, ZkError, ZkOp, ZkStat};

/// So often another is found under the new name before the partition is left to it. A member of ours that only looks whether it
/// is alone is gone by then.
const REFUSALS: u32 = 3;

#[derive(Clone, Debug, Hash)]
pub(super) struct Lock {
    path: String,
    /// What it is to be called by now.
    wanted: String,
    /// Where it may stand under other names. None where there is one name.
    siblings: Option<Siblings>,
    /// Under which other name somebody else has it.
    blocker: Option<String>,
    renaming: Renaming,
    /// How often another was found under the new name.
    refusals: u32,
}

#[derive(Clone, Debug, Hash)]
struct Siblings {
    folder: String,
    partition: i32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Renaming {
    Named,
    /// To this name.
    Creating(String),
    Looking(String),
    Resting(String),
    /// From this name.
    Deleting(String),
    Doubting(String),
    Checking(String),
}

/// What comes of an answer about another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Ask(ZkOp),
    /// It has no answer that counts: to be looked at after a wait.
    Rest,
    /// It has one name again.
    Named,
    /// Another has the partition under the new name, and keeps it. This member has it under the old one.
    Taken,
}

impl Lock {
    /// One that has this name for ever.
    pub(super) fn new(path: String) -> Self {
        let wanted = path.clone();
        Self { path, wanted, siblings: None, blocker: None, renaming: Renaming::Named, refusals: 0 }
    }

    /// One that may stand in this folder under others.
    pub(super) fn among(folder: &str, node: PartitionNode) -> Self {
        let siblings = Siblings { folder: folder.to_owned(), partition: node.partition };
        Self { siblings: Some(siblings), ..Self::new(format!("{folder}/{node}")) }
    }

    /// The node that this member makes, or has.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn create(&self, name: &[u8]) -> ZkOp {
        create(&self.path, name)
    }

    pub(super) fn delete(&self) -> ZkOp {
        delete(&self.path)
    }

    /// The node to look at: this member's own, or whichever is in its way.
    pub(super) fn looked_at(&self) -> &str {
        self.blocker.as_deref().unwrap_or(&self.path)
    }

    /// Under which other name somebody else has it, for people.
    pub(super) fn in_the_way(&self) -> Option<String> {
        self.blocker.as_ref().map(|path| format!("which is {path}"))
    }

    /// Nothing is known to be in the way.
    pub(super) fn is_clear(&mut self) {
        self.blocker = None;
    }

    /// Nothing of it is there, and it is about to be claimed.
    pub(super) fn begin(&mut self) {
        self.is_clear();
        self.path.clone_from(&self.wanted);
    }

    /// What is in the way is this member's own.
    pub(super) fn adopt(&mut self) {
        if let Some(own) = self.blocker.take() {
            self.path = own;
        }
    }

    /// Lists all names, where there are several.
    pub(super) fn survey(&self) -> Option<ZkOp> {
        let folder = &self.siblings.as_ref()?.folder;
        Some(ZkOp::Children { path: folder.clone(), watch: false })
    }

    /// Whether it stands there under another name: then that is in the way.
    pub(super) fn is_blocked(&mut self, names: &[String]) -> bool {
        let Some(Siblings { folder, partition }) = &self.siblings else { return false };
        let is_of_it = |name: &&String| {
            PartitionNode::from_name(name, Dialect::Samsa).is_ok_and(|node| node.partition == *partition)
        };
        let paths = names.iter().filter(is_of_it).map(|name| format!("{folder}/{name}"));
        self.blocker = paths.filter(|path| *path != self.path).min();
        self.blocker.is_some()
    }

    /// What it is to be called from now on.
    pub(super) fn is_called(&mut self, path: &str) {
        path.clone_into(&mut self.wanted);
    }

    /// Whether it has one name.
    pub(super) fn is_named(&self) -> bool {
        self.renaming == Renaming::Named
    }

    /// Begins to give it the name that it is to have, if it has another.
    pub(super) fn rename(&mut self, name: &[u8]) -> Option<ZkOp> {
        if !self.is_named() || self.path == self.wanted {
            return None;
        }
        self.renaming = Renaming::Creating(self.wanted.clone());
        Some(create(&self.wanted, name))
    }

    /// What was asked about its other name, in this session, has its answer. `is_kept` says whether the partition is read on.
    pub(super) fn answered(
        &mut self,
        result: &Result<ZkAnswer, ZkError>,
        session: Option<i64>,
        is_kept: bool,
    ) -> Step {
        let is_ours = |stat: &ZkStat| session == Some(stat.ephemeral_owner);
        match (std::mem::replace(&mut self.renaming, Renaming::Named), result) {
            (Renaming::Creating(to), Ok(_)) => self.is_made(to),
            (Renaming::Creating(to), Err(ZkError::NodeExists)) => {
                let op = exists(&to);
                self.then(Renaming::Looking(to), op)
            }
            (Renaming::Looking(to), Ok(ZkAnswer::Stat(Some(stat)))) if is_ours(stat) => self.is_made(to),
            (Renaming::Looking(to), Ok(ZkAnswer::Stat(Some(_)))) => self.is_refused(to, is_kept),
            (Renaming::Checking(old), Ok(ZkAnswer::Stat(Some(stat)))) if is_ours(stat) => self.goes(old),
            // Without the folder there is no name to be had, however often that is asked for.
            (Renaming::Creating(to), Err(_)) => self.rest(Renaming::Resting(to)),
            (Renaming::Looking(to), Err(error)) if *error != ZkError::NoNode => {
                self.rest(Renaming::Resting(to))
            }
            (Renaming::Deleting(old) | Renaming::Checking(old), Err(error)) if *error != ZkError::NoNode => {
                self.rest(Renaming::Doubting(old))
            }
            (waits @ (Renaming::Resting(_) | Renaming::Doubting(_)), _) => self.rest(waits),
            _ => Step::Named,
        }
    }

    /// The wait is over. What is to be asked has a `Sync` before it.
    pub(super) fn look_again(&mut self) -> Option<[ZkOp; 2]> {
        let (path, next) = match &self.renaming {
            Renaming::Resting(to) => (to.clone(), Renaming::Looking(to.clone())),
            Renaming::Doubting(old) => (old.clone(), Renaming::Checking(old.clone())),
            _ => return None,
        };
        self.renaming = next;
        Some([ZkOp::Sync { path: path.clone() }, exists(&path)])
    }

    fn then(&mut self, renaming: Renaming, op: ZkOp) -> Step {
        self.renaming = renaming;
        Step::Ask(op)
    }

    fn rest(&mut self, renaming: Renaming) -> Step {
        self.renaming = renaming;
        Step::Rest
    }

    /// It stands under both names.
    fn is_made(&mut self, to: String) -> Step {
        self.refusals = 0;
        let old = std::mem::replace(&mut self.path, to);
        self.goes(old)
    }

    fn goes(&mut self, old: String) -> Step {
        let op = delete(&old);
        self.then(Renaming::Deleting(old), op)
    }

    fn is_refused(&mut self, to: String, is_kept: bool) -> Step {
        if !is_kept || to != self.wanted {
            self.refusals = 0;
            return Step::Named;
        }
        self.refusals += 1;
        if self.refusals < REFUSALS {
            return self.rest(Renaming::Resting(to));
        }
        self.refusals = 0;
        Step::Taken
    }
}

fn create(path: &str, name: &[u8]) -> ZkOp {
    ZkOp::Create { path: path.to_owned(), data: name.to_vec(), ephemeral: true }
}

fn delete(path: &str) -> ZkOp {
    ZkOp::Delete { path: path.to_owned(), version: 0 }
}

fn exists(path: &str) -> ZkOp {
    ZkOp::Exists { path: path.to_owned(), watch: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: i64 = 7;
    const OTHERS: i64 = 9;

    type Answer = Result<ZkAnswer, ZkError>;

    /// The lock of partition 3, led by broker 1.
    fn lock() -> Lock {
        Lock::among("/o", PartitionNode { broker: Some(1), partition: 3 })
    }

    /// One that this member has, and whose leader is broker 2 by now.
    fn moved() -> Lock {
        let mut lock = lock();
        lock.is_called("/o/2-3");
        assert_eq!(lock.rename(b"me"), Some(create("/o/2-3", b"me")));
        lock
    }

    fn node(owner: i64) -> ZkAnswer {
        ZkAnswer::Stat(Some(ZkStat { ephemeral_owner: owner, ..ZkStat::default() }))
    }

    fn hears(lock: &mut Lock, answer: &Answer) -> Step {
        lock.answered(answer, Some(OURS), true)
    }

    #[test]
    fn whoever_has_the_partition_under_another_name_is_in_the_way() {
        for (names, blocker) in [
            (vec!["2-3"], Some("/o/2-3")),
            (vec!["10-3", "1-3"], Some("/o/10-3")),
            (vec!["1-3"], None),
            (vec!["1-2", "1-13", "3-1", "3", "x-3"], None),
        ] {
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            let mut lock = lock();
            assert_eq!(lock.is_blocked(&names), blocker.is_some(), "{names:?}");
            assert_eq!(lock.looked_at(), blocker.unwrap_or("/o/1-3"));
        }
        assert_eq!(Lock::new("/o/3".to_owned()).survey(), None, "there are no other names");
    }

    #[test]
    fn a_lock_has_its_new_name_before_it_loses_the_old_one() {
        let mut lock = moved();
        assert_eq!(lock.path(), "/o/1-3");
        assert_eq!(hears(&mut lock, &Ok(ZkAnswer::Created)), Step::Ask(delete("/o/1-3")));
        assert_eq!(lock.path(), "/o/2-3");
        assert_eq!(hears(&mut lock, &Ok(ZkAnswer::Deleted)), Step::Named);
        assert!(lock.is_named() && lock.rename(b"me").is_none());
    }

    #[test]
    fn a_new_name_of_unknown_fate_is_looked_at_before_the_old_one_goes() {
        for (found, step) in [(node(OURS), Step::Ask(delete("/o/1-3"))), (ZkAnswer::Stat(None), Step::Named)]
        {
            let mut lock = moved();
            assert_eq!(hears(&mut lock, &Err(ZkError::ConnectionLost)), Step::Rest);
            assert!(lock.rename(b"me").is_none(), "one thing at a time");
            let sync = ZkOp::Sync { path: "/o/2-3".to_owned() };
            assert_eq!(lock.look_again(), Some([sync, exists("/o/2-3")]));
            assert_eq!(hears(&mut lock, &Ok(found.clone())), step);
        }
    }

    #[test]
    fn a_new_name_whose_folder_is_gone_is_made_after_a_wait() {
        let mut lock = moved();
        assert_eq!(hears(&mut lock, &Err(ZkError::NoNode)), Step::Rest);
        assert!(lock.rename(b"me").is_none());
        lock.look_again().expect("it is looked at");
        assert_eq!(hears(&mut lock, &Ok(ZkAnswer::Stat(None))), Step::Named);
        assert_eq!(lock.rename(b"me"), Some(create("/o/2-3", b"me")));
    }

    #[test]
    fn an_old_name_is_deleted_again_only_while_it_is_ours() {
        for (found, step) in [
            (node(OURS), Step::Ask(delete("/o/1-3"))),
            (node(OTHERS), Step::Named),
            (ZkAnswer::Stat(None), Step::Named),
        ] {
            let mut lock = moved();
            hears(&mut lock, &Ok(ZkAnswer::Created));
            assert_eq!(hears(&mut lock, &Err(ZkError::ConnectionLost)), Step::Rest);
            lock.look_again().expect("it is looked at");
            assert_eq!(hears(&mut lock, &Ok(found.clone())), step, "{found:?}");
        }
    }

    #[test]
    fn a_partition_is_left_to_who_keeps_it_under_its_new_name() {
        let mut lock = moved();
        assert_eq!(hears(&mut lock, &Err(ZkError::NodeExists)), Step::Ask(exists("/o/2-3")));
        for _ in 1..REFUSALS {
            assert_eq!(hears(&mut lock, &Ok(node(OTHERS))), Step::Rest);
            lock.look_again().expect("it is looked at");
        }
        assert_eq!(hears(&mut lock, &Ok(node(OTHERS))), Step::Taken);
        assert_eq!(lock.path(), "/o/1-3");
    }

    #[test]
    fn what_stood_in_the_way_of_one_name_does_not_count_for_the_next() {
        let mut lock = moved();
        hears(&mut lock, &Err(ZkError::NodeExists));
        for _ in 1..REFUSALS {
            assert_eq!(hears(&mut lock, &Ok(node(OTHERS))), Step::Rest);
            lock.look_again().expect("it is looked at");
        }
        lock.is_called("/o/3-3");
        assert_eq!(hears(&mut lock, &Ok(node(OTHERS))), Step::Named);
        assert_eq!(lock.rename(b"me"), Some(create("/o/3-3", b"me")));
        hears(&mut lock, &Err(ZkError::NodeExists));
        assert_eq!(hears(&mut lock, &Ok(node(OTHERS))), Step::Rest);
    }

    #[test]
    fn who_does_not_read_on_or_has_heard_of_another_leader_needs_no_new_name() {
        let mut lock = moved();
        hears(&mut lock, &Err(ZkError::NodeExists));
        assert_eq!(lock.answered(&Ok(node(OTHERS)), Some(OURS), false), Step::Named);
        let mut lock = moved();
        hears(&mut lock, &Err(ZkError::NodeExists));
        lock.is_called("/o/1-3");
        assert_eq!(hears(&mut lock, &Ok(node(OTHERS))), Step::Named);
        assert!(lock.rename(b"me").is_none(), "it has it");
    }

    #[test]
    fn a_leader_that_moves_on_meanwhile_gives_a_third_name() {
        let mut lock = moved();
        lock.is_called("/o/3-3");
        assert_eq!(hears(&mut lock, &Ok(ZkAnswer::Created)), Step::Ask(delete("/o/1-3")));
        assert_eq!(hears(&mut lock, &Ok(ZkAnswer::Deleted)), Step::Named);
        assert_eq!(lock.rename(b"me"), Some(create("/o/3-3", b"me")));
    }
}
