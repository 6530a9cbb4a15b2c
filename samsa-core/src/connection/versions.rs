//! Which requests a broker takes, and in which versions.

use samsa_proto::Request;
use samsa_proto::api::fetch::FetchRequest;
use samsa_proto::api::find_coordinator::FindCoordinatorRequest;
use samsa_proto::api::heartbeat::HeartbeatRequest;
use samsa_proto::api::join_group::JoinGroupRequest;
use samsa_proto::api::leave_group::LeaveGroupRequest;
use samsa_proto::api::list_offsets::ListOffsetsRequest;
use samsa_proto::api::metadata::MetadataRequest;
use samsa_proto::api::offset_commit::OffsetCommitRequest;
use samsa_proto::api::offset_fetch::OffsetFetchRequest;
use samsa_proto::api::produce::ProduceRequest;
use samsa_proto::api::sync_group::SyncGroupRequest;

/// What a broker offered in its answer to `ApiVersions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Versions(Vec<Range>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Range {
    key: i16,
    min: i16,
    max: i16,
}

impl Versions {
    /// From `(key, min, max)`, in any order; of a key that comes twice, the first is believed.
    pub(crate) fn new(offered: impl IntoIterator<Item = (i16, i16, i16)>) -> Self {
        let mut ranges: Vec<_> = offered.into_iter().map(|(key, min, max)| Range { key, min, max }).collect();
        ranges.sort_by_key(|range| range.key);
        ranges.dedup_by_key(|range| range.key);
        Self(ranges)
    }

    /// What every broker before 0.10 takes: the first version of what a client needs. Of offsets, the version that keeps them
    /// on the brokers: those of before 0.8.2 hang up.
    pub(crate) fn before_0_10() -> Self {
        let keys = [
            ProduceRequest::KEY,
            FetchRequest::KEY,
            ListOffsetsRequest::KEY,
            MetadataRequest::KEY,
            FindCoordinatorRequest::KEY,
            JoinGroupRequest::KEY,
            HeartbeatRequest::KEY,
            LeaveGroupRequest::KEY,
            SyncGroupRequest::KEY,
        ];
        let first = keys.map(|key| (key, 0, 0));
        let offsets = [OffsetCommitRequest::KEY, OffsetFetchRequest::KEY].map(|key| (key, 0, 1));
        Self::new(first.into_iter().chain(offsets))
    }

    /// The newest version of this request that the broker and this library speak.
    pub(crate) fn newest<R: Request>(&self) -> Option<i16> {
        let at = self.0.binary_search_by_key(&R::KEY, |range| range.key).ok()?;
        let offered = self.0[at];
        let ours = R::VERSIONS;
        let newest = offered.max.min(*ours.end());
        (newest >= offered.min.max(*ours.start())).then_some(newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samsa_proto::Message;

    #[test]
    fn the_newest_version_that_both_speak_is_chosen() {
        let versions = Versions::new([(3, 0, 4), (0, 3, 1000)]);
        assert_eq!(versions.newest::<MetadataRequest<'_>>(), Some(4));
        assert_eq!(versions.newest::<ProduceRequest<'_>>(), Some(*ProduceRequest::VERSIONS.end()));
    }

    #[test]
    fn brokers_before_0_10_are_asked_what_members_ask_of_0_9() {
        let versions = Versions::before_0_10();
        assert_eq!(versions.newest::<JoinGroupRequest<'_>>(), Some(0));
        assert_eq!(versions.newest::<SyncGroupRequest<'_>>(), Some(0));
        assert_eq!(versions.newest::<HeartbeatRequest<'_>>(), Some(0));
        assert_eq!(versions.newest::<LeaveGroupRequest<'_>>(), Some(0));
    }

    #[test]
    fn what_is_not_offered_or_only_in_versions_to_come_is_not_spoken() {
        assert_eq!(Versions::new([]).newest::<MetadataRequest<'_>>(), None);
        assert_eq!(Versions::new([(3, 900, 1000)]).newest::<MetadataRequest<'_>>(), None);
        assert_eq!(Versions::new([(3, 5, 4)]).newest::<MetadataRequest<'_>>(), None);
    }
}
