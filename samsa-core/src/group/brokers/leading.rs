//! What the leader of a classic group does for all: it shares the partitions out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use samsa_proto::api::consumer_protocol::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, TopicPartition as OfTopic,
};

use super::member::{Member, Phase, Protocol};
use super::world::BrokerWorld;
use crate::group::assign::{Counts, Readers};
use crate::time::{Instant, Now};

/// The version in which members tell each other what they want and get: all clients read it.
pub(super) const PLAIN: i16 = 0;

/// How long the metadata of topics is waited for that others read. What is not known then is shared out once it is.
const METADATA: Duration = Duration::from_secs(5);

/// Who is to get something.
#[derive(Clone, Debug)]
pub(super) struct Leading {
    readers: Readers,
}

impl Member {
    /// All have joined, and this member is to share out.
    pub(super) fn lead(
        &mut self,
        now: Now,
        members: &BTreeMap<String, Vec<u8>>,
        world: &mut impl BrokerWorld,
    ) {
        let wanted = |(member, wish): (&String, &Vec<u8>)| (member.clone(), self.read_wish(member, wish));
        let readers: Readers = members.iter().map(wanted).collect();
        for topic in readers.values().flatten() {
            world.follow(&Arc::from(topic.as_str()));
        }
        if let Protocol::Classic(classic) = &mut self.protocol {
            classic.leading = Some(Leading { readers });
        }
        let until = now.mono + METADATA.min(self.settings.times.session_timeout / 3);
        self.phase = Phase::Sharing(until);
        self.share_out(now, until, world);
    }

    /// Whoever cannot be understood gets nothing.
    fn read_wish(&self, member: &str, wish: &[u8]) -> BTreeSet<String> {
        match ConsumerProtocolSubscription::read(wish) {
            Ok((_, wish)) => wish.topics.into_iter().map(str::to_owned).collect(),
            Err(error) => {
                tracing::warn!(group = %self.settings.group, member, %error, "what a member wants cannot be read");
                BTreeSet::new()
            }
        }
    }

    /// Shares out, if it is known how much there is.
    pub(super) fn share_out(&mut self, now: Now, until: Instant, world: &mut impl BrokerWorld) {
        let Protocol::Classic(classic) = &mut self.protocol else { return };
        let Some(Leading { readers }) = &classic.leading else { return };
        let topics: BTreeSet<&String> = readers.values().flatten().collect();
        let counted = topics.into_iter().map(|topic| (topic, world.seen(topic).count()));
        let counted: Vec<_> = counted.collect();
        if counted.iter().any(|(_, count)| count.is_none()) && now.mono < until {
            return;
        }
        let of = |(topic, count): (&String, Option<i32>)| (topic.clone(), count.unwrap_or(0));
        let counts: Counts = counted.into_iter().map(of).collect();
        let shares = self.settings.assignor.share_out(readers, &counts);
        let written = shares.iter().map(|(member, share)| (member.clone(), written(share)));
        let written = written.collect();
        (classic.leading, classic.shared) = (None, Some(counts));
        self.sync(now, written, world);
    }

    /// Whether there are partitions that were not there when this member shared out, or some are gone.
    pub(super) fn partitions_have_come(&self, world: &impl BrokerWorld) -> bool {
        let Protocol::Classic(classic) = &self.protocol else { return false };
        let mut shared = classic.shared.iter().flatten();
        shared.any(|(topic, before)| world.seen(topic).count().is_some_and(|count| count != *before))
    }
}

fn written<'a>(share: &'a BTreeMap<String, Vec<i32>>) -> Vec<u8> {
    let of_topic =
        |(topic, partitions): (&'a String, &Vec<i32>)| OfTopic { topic, partitions: partitions.clone() };
    let assigned_partitions = share.iter().map(of_topic).collect();
    // What is told beside that, some of Java's brokers and librdkafka choke on when a group moves to the other protocol.
    let assignment = ConsumerProtocolAssignment { assigned_partitions, user_data: None };
    assignment.write(PLAIN).unwrap_or_default()
}
