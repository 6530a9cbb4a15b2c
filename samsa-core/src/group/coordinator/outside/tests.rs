//! What is asked in each version, and what is read from the answers.

use samsa_proto::api::consumer_group_describe::{Assignment, Member, TopicPartitions};
use samsa_proto::api::consumer_protocol::TopicPartition as Assigned;
use samsa_proto::api::describe_groups::DescribedGroupMember;
use samsa_proto::api::metadata::{MetadataResponsePartition, MetadataResponseTopic};
use samsa_proto::api::offset_fetch::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use samsa_proto::{Message, encode, encode_response};

use super::super::BY_NAME;
use super::super::response::Verdict;
use super::*;
use crate::group::OffsetsError;
use crate::group::offsets::CoordinatorAsk;

/// What a response means for who asked.
fn hears<R: Request>(ask: OutsideAsk, version: i16, response: &R::Response<'_>) -> Verdict {
    let frame = encode_response::<R>(0, version, response).unwrap().concat();
    told(ask, version, &frame[4..], "g").unwrap().of(&CoordinatorAsk::Outside(ask))
}

fn group(verdict: Verdict) -> CoordinatedGroup {
    match verdict {
        Verdict::Done(CoordinatorAnswer::Outside(OutsideAnswer::Group { group, .. })) => group,
        other => panic!("{other:?}"),
    }
}

fn describe(version: i16, described: describe_groups::DescribedGroup<'_>) -> Verdict {
    let response = DescribeGroupsResponse { groups: vec![described], ..Default::default() };
    hears::<DescribeGroupsRequest<'_>>(OutsideAsk::ClassicGroup, version, &response)
}

#[test]
fn every_version_has_a_form_for_the_questions() {
    for version in ConsumerGroupDescribeRequest::VERSIONS {
        encode(version, &consumer_group("g")).unwrap();
    }
    for version in ALL_TOPICS..=BY_NAME {
        let request = offsets("g", version);
        let all = request.topics.is_none() || request.groups.iter().all(|group| group.topics.is_none());
        assert!(all && !request.require_stable, "version {version}");
        encode(version, &request).unwrap();
    }
}

#[test]
fn a_classic_group_is_read_in_every_version_and_members_come_in_order() {
    let assigned = |topic, partitions: &[i32]| Assigned { topic, partitions: partitions.to_vec() };
    let assigned = vec![assigned("t", &[2, 0]), assigned("s", &[1])];
    let assignment = ConsumerProtocolAssignment { assigned_partitions: assigned, user_data: None };
    let assignment = assignment.write(0).unwrap();
    let member = |member_id, member_assignment| DescribedGroupMember {
        member_id,
        group_instance_id: Some("i"),
        client_id: "java",
        client_host: "/10.0.0.1",
        member_assignment,
        ..Default::default()
    };
    for version in DescribeGroupsRequest::VERSIONS {
        let described = describe_groups::DescribedGroup {
            group_id: "g",
            group_state: "Stable",
            protocol_type: "consumer",
            protocol_data: "range",
            members: vec![member("b", b"odd"), member("a", &assignment)],
            ..Default::default()
        };
        let group = group(describe(version, described));
        let [a, b] = &group.members[..] else { panic!("two members") };
        assert_eq!((&*a.id, &*a.client_id, &*a.host, &*b.id), ("a", "java", "10.0.0.1", "b"));
        assert_eq!(a.instance_id.is_some(), version >= 4);
        let partitions =
            [("s", 1), ("t", 0), ("t", 2)].map(|(topic, number)| TopicPartition::new(topic, number));
        assert_eq!(a.partitions, partitions);
        assert!(b.partitions.is_empty(), "what cannot be read is not there");
        assert_eq!(
            (group.kind, &*group.state, group.assignor.as_deref()),
            (GroupKind::Classic, "Stable", Some("range"))
        );
    }
}

#[test]
fn a_group_of_kip_848_is_read_with_what_its_members_have_now() {
    let of = |number| Assignment {
        topic_partitions: vec![TopicPartitions {
            topic_name: "t",
            partitions: vec![number],
            ..Default::default()
        }],
        ..Default::default()
    };
    let member = Member { member_id: "m", assignment: of(3), target_assignment: of(4), ..Default::default() };
    let described = consumer_group_describe::DescribedGroup {
        group_id: "g",
        group_state: "Reconciling",
        members: vec![member],
        ..Default::default()
    };
    let response = ConsumerGroupDescribeResponse { groups: vec![described], ..Default::default() };
    for version in ConsumerGroupDescribeRequest::VERSIONS {
        let ask = OutsideAsk::ConsumerGroup;
        let group = group(hears::<ConsumerGroupDescribeRequest<'_>>(ask, version, &response));
        assert_eq!(
            (group.kind, &*group.state, group.assignor.as_deref()),
            (GroupKind::Consumer, "Reconciling", None)
        );
        assert_eq!(group.members[0].partitions, [TopicPartition::new("t", 3)]);
    }
}

#[test]
fn an_error_of_the_group_is_no_group() {
    let error_code = ErrorCode::GROUP_ID_NOT_FOUND;
    let described = describe_groups::DescribedGroup { group_id: "g", error_code, ..Default::default() };
    assert_eq!(describe(6, described), Verdict::Refused(OffsetsError::Refused { code: error_code }));
    let error_code = ErrorCode::NOT_COORDINATOR;
    let described = describe_groups::DescribedGroup { group_id: "g", error_code, ..Default::default() };
    assert!(matches!(describe(6, described), Verdict::Later { is_another: true, .. }));
}

#[test]
fn a_coordinator_that_says_nothing_of_the_group_has_not_answered() {
    let other = describe_groups::DescribedGroup { group_id: "h", ..Default::default() };
    let response = DescribeGroupsResponse { groups: vec![other], ..Default::default() };
    let frame = encode_response::<DescribeGroupsRequest<'_>>(0, 2, &response).unwrap().concat();
    assert!(told(OutsideAsk::ClassicGroup, 2, &frame[4..], "g").is_err());
}

#[test]
fn all_offsets_are_read_in_every_version() {
    let at = [(0, 40), (1, -1), (2, -7)];
    let old = at.map(|(partition_index, committed_offset)| OffsetFetchResponsePartition {
        partition_index,
        committed_offset,
        ..Default::default()
    });
    let new = at.map(|(partition_index, committed_offset)| OffsetFetchResponsePartitions {
        partition_index,
        committed_offset,
        ..Default::default()
    });
    for version in ALL_TOPICS..=BY_NAME {
        let response = if version < SEVERAL_GROUPS {
            let topic =
                OffsetFetchResponseTopic { name: "t", partitions: old.to_vec(), ..Default::default() };
            OffsetFetchResponse { topics: vec![topic], ..Default::default() }
        } else {
            let topic =
                OffsetFetchResponseTopics { name: "t", partitions: new.to_vec(), ..Default::default() };
            let group = OffsetFetchResponseGroup { group_id: "g", topics: vec![topic], ..Default::default() };
            OffsetFetchResponse { groups: vec![group], ..Default::default() }
        };
        let verdict = hears::<OffsetFetchRequest<'_>>(OutsideAsk::Offsets, version, &response);
        let expected = OutsideAnswer::Offsets(BTreeMap::from([(TopicPartition::new("t", 0), 40)]));
        assert_eq!(verdict, Verdict::Done(CoordinatorAnswer::Outside(expected)), "version {version}");
    }
}

#[test]
fn the_partitions_that_there_are_are_read_in_every_version() {
    let partition = |partition_index| MetadataResponsePartition { partition_index, ..Default::default() };
    let topic = MetadataResponseTopic {
        name: Some("t"),
        partitions: vec![partition(0), partition(1)],
        ..Default::default()
    };
    for version in MetadataRequest::VERSIONS {
        let request = all_topics(version);
        assert_eq!(request.topics.is_none(), version > 0);
        encode(version, &request).unwrap();
        let response = MetadataResponse { topics: vec![topic.clone()], ..Default::default() };
        let verdict = hears::<MetadataRequest<'_>>(OutsideAsk::Partitions, version, &response);
        let all = [0, 1].map(|number| TopicPartition::new("t", number)).to_vec();
        assert_eq!(verdict, Verdict::Done(CoordinatorAnswer::Outside(OutsideAnswer::Partitions(all))));
    }
}

#[test]
fn what_is_wrong_with_the_offsets_is_no_empty_list() {
    let group = OffsetFetchResponseGroup {
        group_id: "g",
        error_code: ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
        ..Default::default()
    };
    let response = OffsetFetchResponse { groups: vec![group], ..Default::default() };
    let verdict = hears::<OffsetFetchRequest<'_>>(OutsideAsk::Offsets, 8, &response);
    assert!(matches!(verdict, Verdict::Later { is_another: false, .. }), "{verdict:?}");
}
