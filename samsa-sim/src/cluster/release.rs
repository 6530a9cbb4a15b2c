//! Which versions of which APIs a release of Kafka offers, of those that the model knows.

use std::fmt;
use std::ops::RangeInclusive;

use samsa_proto::Request;
use samsa_proto::api::{
    Api, api_versions, consumer_group_describe, consumer_group_heartbeat, create_topics, describe_groups,
    fetch, find_coordinator, heartbeat, init_producer_id, join_group, leave_group, list_groups, list_offsets,
    metadata, offset_commit, offset_fetch, offset_for_leader_epoch, produce, sync_group,
};
use samsa_proto::records::Format;

/// A release of Kafka, as far as its clients can tell it from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Release {
    /// 0.9: knows no `ApiVersions`; message format 0.
    V0_9,
    /// 0.10.1: the first that tells its versions; message format 1.
    V0_10,
    /// 0.11: the first with record batches.
    V0_11,
    /// 1.1.
    V1_1,
    /// 2.1: leader epochs for clients, Zstandard.
    V2_1,
    /// 2.8: flexible versions, topic ids.
    V2_8,
    /// 3.9: the last with `ZooKeeper`.
    V3_9,
    /// 4.4: no `ZooKeeper`, nothing older than 2.1 is understood.
    V4_4,
}

/// The ranges of one release.
struct Offer {
    produce: RangeInclusive<i16>,
    fetch: RangeInclusive<i16>,
    list_offsets: RangeInclusive<i16>,
    metadata: RangeInclusive<i16>,
    api_versions: RangeInclusive<i16>,
    create_topics: RangeInclusive<i16>,
    init_producer_id: RangeInclusive<i16>,
    offset_for_leader_epoch: RangeInclusive<i16>,
}

#[expect(clippy::reversed_empty_ranges, reason = "what is not offered at all")]
const NONE: RangeInclusive<i16> = 1..=0;

impl Release {
    /// Those before record batches, oldest first.
    pub const OLD: [Self; 2] = [Self::V0_9, Self::V0_10];

    /// Those with record batches, oldest first.
    pub const ALL: [Self; 6] = [Self::V0_11, Self::V1_1, Self::V2_1, Self::V2_8, Self::V3_9, Self::V4_4];

    /// Whether its brokers register themselves in `ZooKeeper`.
    pub fn has_zookeeper(self) -> bool {
        self < Self::V4_4
    }

    /// The format of its logs.
    pub(super) fn format(self) -> Format {
        match self {
            Self::V0_9 => Format::V0,
            Self::V0_10 => Format::V1,
            _ => Format::V2,
        }
    }

    /// Whether its topics have ids.
    pub(super) fn has_topic_ids(self) -> bool {
        self >= Self::V2_8
    }

    /// Whether an answer to an `ApiVersions` request that is too new says what would not be.
    pub(super) fn tells_its_own_range(self) -> bool {
        self >= Self::V2_8
    }

    fn offer(self) -> Offer {
        let offer = |produce,
                     fetch,
                     list_offsets,
                     metadata,
                     api_versions,
                     create_topics,
                     init_producer_id,
                     epochs| Offer {
            produce,
            fetch,
            list_offsets,
            metadata,
            api_versions,
            create_topics,
            init_producer_id,
            offset_for_leader_epoch: epochs,
        };
        match self {
            Self::V0_9 => offer(0..=1, 0..=1, 0..=0, 0..=0, NONE, NONE, NONE, NONE),
            Self::V0_10 => offer(0..=2, 0..=3, 0..=1, 0..=2, 0..=0, 0..=1, NONE, NONE),
            Self::V0_11 => offer(0..=3, 0..=5, 0..=2, 0..=4, 0..=1, 0..=2, 0..=0, 0..=0),
            Self::V1_1 => offer(0..=5, 0..=7, 0..=2, 0..=5, 0..=1, 0..=2, 0..=0, 0..=0),
            Self::V2_1 => offer(0..=7, 0..=10, 0..=4, 0..=7, 0..=2, 0..=3, 0..=1, 0..=2),
            Self::V2_8 => offer(0..=9, 0..=12, 0..=6, 0..=11, 0..=3, 0..=7, 0..=4, 0..=4),
            Self::V3_9 => offer(0..=11, 0..=17, 0..=9, 0..=12, 0..=4, 0..=7, 0..=5, 0..=4),
            Self::V4_4 => offer(0..=13, 4..=18, 1..=11, 0..=13, 0..=4, 2..=7, 0..=5, 2..=4),
        }
    }

    /// Those of what is asked about groups: who keeps their offsets, to commit, to read, and who is in one.
    fn offer_for_groups(self) -> [RangeInclusive<i16>; 4] {
        match self {
            Self::V0_9 | Self::V0_10 => [0..=0, 0..=2, 0..=1, 0..=0],
            Self::V0_11 | Self::V1_1 => [0..=1, 0..=3, 0..=3, 0..=1],
            Self::V2_1 => [0..=2, 0..=6, 0..=5, 0..=2],
            Self::V2_8 => [0..=3, 0..=8, 0..=7, 0..=5],
            Self::V3_9 => [0..=6, 0..=9, 0..=9, 0..=5],
            Self::V4_4 => [0..=6, 2..=10, 1..=10, 0..=6],
        }
    }

    /// Those of what members of groups ask, to join, for their part, to stay and to leave; and which groups there are.
    fn offer_for_members(self) -> [RangeInclusive<i16>; 5] {
        match self {
            Self::V0_9 => [0..=0, 0..=0, 0..=0, 0..=0, 0..=0],
            Self::V0_10 => [0..=1, 0..=0, 0..=0, 0..=0, 0..=0],
            Self::V0_11 | Self::V1_1 => [0..=2, 0..=1, 0..=1, 0..=1, 0..=1],
            Self::V2_1 => [0..=3, 0..=2, 0..=2, 0..=2, 0..=2],
            Self::V2_8 => [0..=7, 0..=5, 0..=4, 0..=4, 0..=4],
            Self::V3_9 | Self::V4_4 => [0..=9, 0..=5, 0..=4, 0..=5, 0..=5],
        }
    }

    /// The versions of an API that it offers; `None` for an API that the model does not know.
    pub(super) fn versions(self, key: i16) -> Option<RangeInclusive<i16>> {
        let offer = self.offer();
        let [find_coordinator, offset_commit, offset_fetch, describe_groups] = self.offer_for_groups();
        let [join_group, sync_group, heartbeat, leave_group, list_groups] = self.offer_for_members();
        // Both of KIP-848.
        let next = if self >= Self::V4_4 { 0..=1 } else { NONE };
        let all = [
            (produce::ProduceRequest::KEY, offer.produce),
            (fetch::FetchRequest::KEY, offer.fetch),
            (list_offsets::ListOffsetsRequest::KEY, offer.list_offsets),
            (metadata::MetadataRequest::KEY, offer.metadata),
            (api_versions::ApiVersionsRequest::KEY, offer.api_versions),
            (create_topics::CreateTopicsRequest::KEY, offer.create_topics),
            (init_producer_id::InitProducerIdRequest::KEY, offer.init_producer_id),
            (offset_for_leader_epoch::OffsetForLeaderEpochRequest::KEY, offer.offset_for_leader_epoch),
            (find_coordinator::FindCoordinatorRequest::KEY, find_coordinator),
            (offset_commit::OffsetCommitRequest::KEY, offset_commit),
            (offset_fetch::OffsetFetchRequest::KEY, offset_fetch),
            (describe_groups::DescribeGroupsRequest::KEY, describe_groups),
            (join_group::JoinGroupRequest::KEY, join_group),
            (sync_group::SyncGroupRequest::KEY, sync_group),
            (heartbeat::HeartbeatRequest::KEY, heartbeat),
            (leave_group::LeaveGroupRequest::KEY, leave_group),
            (list_groups::ListGroupsRequest::KEY, list_groups),
            (consumer_group_heartbeat::ConsumerGroupHeartbeatRequest::KEY, next.clone()),
            (consumer_group_describe::ConsumerGroupDescribeRequest::KEY, next),
        ];
        let offered = all.into_iter().find(|(known, _)| *known == key).map(|(_, versions)| versions);
        offered.filter(|versions| !versions.is_empty())
    }

    /// What it answers to `ApiVersions`: keys with their ranges, ascending.
    pub(super) fn all_versions(self) -> impl Iterator<Item = (i16, RangeInclusive<i16>)> {
        Api::ALL.iter().filter_map(move |api| Some((api.key, self.versions(api.key)?)))
    }

    /// Whether a request that it offers is one that it also understands: 4.x lists old versions of Produce for the
    /// sake of old clients that look at the list only (KAFKA-18659).
    pub(super) fn understands(self, key: i16, version: i16) -> bool {
        let offered = self.versions(key).is_some_and(|versions| versions.contains(&version));
        let really = self < Self::V4_4 || key != produce::ProduceRequest::KEY || version >= 3;
        offered && really
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V0_9 => "0.9",
            Self::V0_10 => "0.10",
            Self::V0_11 => "0.11",
            Self::V1_1 => "1.1",
            Self::V2_1 => "2.1",
            Self::V2_8 => "2.8",
            Self::V3_9 => "3.9",
            Self::V4_4 => "4.4",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_offers_only_what_can_be_read_and_written() {
        for release in Release::ALL {
            for (key, versions) in release.all_versions() {
                let api = Api::ALL.iter().find(|api| api.key == key).unwrap();
                assert!(api.versions.contains(versions.start()), "{release}: {}", api.name);
                assert!(api.versions.contains(versions.end()), "{release}: {}", api.name);
            }
            let of_next = if release >= Release::V4_4 { 2 } else { 0 };
            assert_eq!(release.all_versions().count(), 17 + of_next);
        }
    }

    #[test]
    fn the_newest_lists_old_produce_versions_but_does_not_take_them() {
        let key = produce::ProduceRequest::KEY;
        assert!(Release::V4_4.versions(key).unwrap().contains(&0));
        assert!(!Release::V4_4.understands(key, 2));
        assert!(Release::V4_4.understands(key, 3));
        assert!(Release::V3_9.understands(key, 2));
    }
}
