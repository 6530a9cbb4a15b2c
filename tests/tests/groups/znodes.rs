//! What is in ZooKeeper about a group, read without a word of the code under test.

use std::collections::BTreeMap;

use futures_lite::future::block_on;
use zookeeper_client::{Acls, CreateMode, Error};

pub(crate) use crate::partitions::{Partitions, ends, until, until_committed};
pub(crate) use crate::topics::Znodes;

impl Znodes {
    /// Asks for a topic to be deleted, as the tools did before there was a request for it.
    pub(crate) fn delete_topic(&self, topic: &str) {
        let mode = CreateMode::Persistent.with_acls(Acls::anyone_all());
        block_on(self.client.create(&format!("/admin/delete_topics/{topic}"), &[], &mode))
            .expect("a request");
    }

    /// Something of a group, in a node of this path below it.
    pub(crate) fn leave(&self, group: &str, path: &str, data: &str) {
        let mode = CreateMode::Persistent.with_acls(Acls::anyone_all());
        let path = format!("/consumers/{group}/{path}");
        let parent = path.rsplit_once('/').expect("a parent").0;
        block_on(self.client.mkdir(parent, &mode)).expect("its parents");
        block_on(self.client.create(&path, data.as_bytes(), &mode)).expect("a node");
    }

    /// The members of a group, whatever they registered.
    pub(crate) fn ids(&self, group: &str) -> Vec<String> {
        self.children(&format!("/consumers/{group}/ids"))
    }

    /// The session that a member of a group lives in.
    pub(crate) fn session_of(&self, group: &str, member: &str) -> i64 {
        let path = format!("/consumers/{group}/ids/{member}");
        let stat = block_on(self.client.check_stat(&path)).expect("its state").expect("a member");
        stat.ephemeral_owner
    }

    /// The members of a group, each with its streams for the topic.
    pub(crate) fn members(&self, group: &str, topic: &str) -> BTreeMap<String, u64> {
        let path = format!("/consumers/{group}/ids");
        let streams = |id: String| {
            let data = self.data(&format!("{path}/{id}"))?;
            let registration: serde_json::Value = serde_json::from_slice(&data).expect("JSON");
            let streams = registration["subscription"][topic].as_u64().expect("streams");
            Some((id, streams))
        };
        self.children(&path).into_iter().filter_map(streams).collect()
    }

    /// The members of a group that registered the bare name of the topic, in the order of their names.
    pub(crate) fn readers(&self, group: &str, topic: &str) -> Vec<String> {
        let path = format!("/consumers/{group}/ids");
        let reads =
            |id: &String| self.data(&format!("{path}/{id}")).is_some_and(|data| data == topic.as_bytes());
        let mut readers: Vec<String> = self.children(&path).into_iter().filter(reads).collect();
        readers.sort();
        readers
    }

    /// The owner nodes in a folder, by their names.
    pub(crate) fn locks(&self, group: &str, folder: &str) -> BTreeMap<String, String> {
        let path = format!("/consumers/{group}/owners/{folder}");
        let read = |name: String| {
            let data = self.data(&format!("{path}/{name}"))?;
            Some((name, String::from_utf8(data).expect("text")))
        };
        self.children(&path).into_iter().filter_map(read).collect()
    }

    /// Who leads the partitions of a topic that have a leader.
    pub(crate) fn leaders(&self, topic: &str) -> Partitions<i32> {
        let path = format!("/brokers/topics/{topic}/partitions");
        let leader = |name: String| {
            let data = self.data(&format!("{path}/{name}/state"))?;
            let state: serde_json::Value = serde_json::from_slice(&data).expect("JSON");
            let leader = state["leader"].as_i64().filter(|leader| *leader >= 0)?;
            Some((name.parse().expect("a partition"), leader as i32))
        };
        self.children(&path).into_iter().filter_map(leader).collect()
    }

    /// Who has which partition.
    pub(crate) fn owners(&self, group: &str, topic: &str) -> Partitions<String> {
        self.partitions(&format!("/consumers/{group}/owners/{topic}"))
    }

    /// What is committed.
    pub(crate) fn committed(&self, group: &str, topic: &str) -> Partitions<i64> {
        let offsets = self.partitions(&format!("/consumers/{group}/offsets/{topic}"));
        offsets.into_iter().map(|(partition, text)| (partition, text.parse().expect("an offset"))).collect()
    }

    /// How often each offset was written.
    pub(crate) fn writes(&self, group: &str, topic: &str) -> Partitions<i32> {
        let path = format!("/consumers/{group}/offsets/{topic}");
        let version = |name: String| {
            let stat = block_on(self.client.check_stat(&format!("{path}/{name}"))).expect("its state")?;
            Some((name.parse().expect("a partition"), stat.version))
        };
        self.children(&path).into_iter().filter_map(version).collect()
    }

    /// Waits until all these are committed.
    pub(crate) fn until_committed(&self, group: &str, topic: &str, offsets: &Partitions<i64>) {
        until_committed(|| self.committed(group, topic), offsets);
    }

    /// Waits until so many members have the partitions that the range algorithm says; gives back who has what.
    pub(crate) fn until_shared(
        &self,
        group: &str,
        topic: &str,
        members: usize,
        partitions: usize,
    ) -> Partitions<String> {
        until(|| {
            let there = self.members(group, topic);
            let owners = self.owners(group, topic);
            let expected = by_range(&there, partitions);
            let is_so = there.len() == members && owners == expected;
            if is_so { Ok(owners) } else { Err(format!("{members} of {there:?}: {owners:?}")) }
        })
    }

    fn partitions(&self, path: &str) -> Partitions<String> {
        let children = self.children(path).into_iter();
        let read = |name: String| {
            let data = self.data(&format!("{path}/{name}"))?;
            Some((name.parse().expect("a partition"), String::from_utf8(data).expect("text")))
        };
        children.filter_map(read).collect()
    }

    fn children(&self, path: &str) -> Vec<String> {
        match block_on(self.client.list_children(path)) {
            Err(Error::NoNode) => Vec::new(),
            children => children.expect("its children"),
        }
    }

    fn data(&self, path: &str) -> Option<Vec<u8>> {
        match block_on(self.client.get_data(path)) {
            Err(Error::NoNode) => None,
            data => Some(data.expect("its data").0),
        }
    }
}

/// Threads in the order of their names; the first ones get one more where it does not come out even.
fn by_range(members: &BTreeMap<String, u64>, partitions: usize) -> Partitions<String> {
    let threads = |(member, streams): (&String, &u64)| {
        (0..*streams).map(|stream| format!("{member}-{stream}")).collect::<Vec<_>>()
    };
    let mut threads: Vec<String> = members.iter().flat_map(threads).collect();
    threads.sort();
    let (each, more) = (partitions / threads.len().max(1), partitions % threads.len().max(1));
    let shares = (0..)
        .zip(&threads)
        .flat_map(|(nth, thread)| std::iter::repeat_n(thread.clone(), each + usize::from(nth < more)));
    (0..).zip(shares).collect()
}
