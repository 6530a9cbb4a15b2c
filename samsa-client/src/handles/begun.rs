//! The chunks that an application has begun, message by message.

use samsa_core::{Chunk, OwnedRecords};

/// What is left of them: of each partition one at most, and stale ones besides, from before a seek or of a partition that went.
#[derive(Debug, Default)]
pub(super) struct Begun {
    current: Option<OwnedRecords>,
    /// Those of partitions that were paused since.
    set_aside: Vec<OwnedRecords>,
    /// Those of partitions that were resumed: these come first.
    resumed: Vec<OwnedRecords>,
}

impl Begun {
    /// The one that messages are taken from.
    pub(super) fn current(&mut self) -> Option<&mut OwnedRecords> {
        self.current.as_mut()
    }

    /// Messages are taken from this one now.
    pub(super) fn begin(&mut self, chunk: Chunk) {
        self.current = Some(chunk.into_owned_records());
    }

    /// Messages are taken from another one now, of a partition that was resumed, if there is one.
    pub(super) fn go_on(&mut self) -> bool {
        self.current = self.resumed.pop();
        self.current.is_some()
    }

    /// Their messages come no more, but for those of partitions that are paused.
    pub(super) fn pass_over(&mut self) {
        self.current = None;
        self.resumed.clear();
    }

    /// Those that mean nothing any more hold no memory.
    pub(super) fn forget_stale(&mut self) {
        self.set_aside.retain(|left| left.chunk().is_current());
    }

    pub(super) fn pause(&mut self, topic: &str, partition: i32) {
        let is_of_it = |left: &mut OwnedRecords| is_of(left, topic, partition);
        self.set_aside.extend(self.current.take_if(is_of_it));
        self.set_aside.extend(self.resumed.extract_if(.., is_of_it));
    }

    pub(super) fn resume(&mut self, topic: &str, partition: i32) {
        self.resumed.extend(self.set_aside.extract_if(.., |left| is_of(left, topic, partition)));
    }

    /// Where a partition is read on that has one.
    pub(super) fn position(&self, topic: &str, partition: i32) -> Option<i64> {
        let all = self.current.iter().chain(&self.resumed).chain(&self.set_aside);
        let mut its_own = all.filter(|left| is_of(left, topic, partition) && left.chunk().is_current());
        its_own.next().map(OwnedRecords::position)
    }
}

fn is_of(left: &OwnedRecords, topic: &str, partition: i32) -> bool {
    let chunk = left.chunk();
    (&**chunk.topic(), chunk.partition()) == (topic, partition)
}
