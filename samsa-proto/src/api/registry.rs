//! All APIs in one table, for those who meet a key at run time: headers, traces, tests, fuzzing.

use std::fmt::Debug;
use std::ops::RangeInclusive;

use crate::wire::{Decode, DecodeError, Describe, Encode, EncodeError, Kind};
use crate::{Message, Request, decode, encode};

use super::{
    add_offsets_to_txn, add_partitions_to_txn, add_raft_voter, alter_client_quotas, alter_configs,
    alter_partition_reassignments, alter_replica_log_dirs, alter_share_group_offsets,
    alter_user_scram_credentials, api_versions, consumer_group_describe, consumer_group_heartbeat,
    create_acls, create_delegation_token, create_partitions, create_topics, delete_acls, delete_groups,
    delete_records, delete_share_group_offsets, delete_topics, describe_acls, describe_client_quotas,
    describe_cluster, describe_configs, describe_delegation_token, describe_groups, describe_log_dirs,
    describe_producers, describe_quorum, describe_share_group_offsets, describe_topic_partitions,
    describe_transactions, describe_user_scram_credentials, elect_leaders, end_txn, expire_delegation_token,
    fetch, find_coordinator, get_telemetry_subscriptions, heartbeat, incremental_alter_configs,
    init_producer_id, join_group, leave_group, list_config_resources, list_groups, list_offsets,
    list_partition_reassignments, list_transactions, metadata, offset_commit, offset_delete, offset_fetch,
    offset_for_leader_epoch, produce, push_telemetry, remove_raft_voter, renew_delegation_token,
    sasl_authenticate, sasl_handshake, share_acknowledge, share_fetch, share_group_describe,
    share_group_heartbeat, streams_group_describe, streams_group_heartbeat,
    streams_group_topology_description_update, sync_group, txn_offset_commit, unregister_broker,
    unregister_controller, update_features,
};

/// An API: its number, its versions, and what its two messages can do without their types.
#[derive(Debug)]
pub struct Api {
    /// The number in the request header.
    pub key: i16,
    /// Such as `Heartbeat`.
    pub name: &'static str,
    /// See [`Message::VERSIONS`].
    pub versions: RangeInclusive<i16>,
    /// See [`Message::FLEXIBLE`].
    pub flexible: i16,
    /// From client to broker.
    pub request: Half,
    /// From broker to client.
    pub response: Half,
}

/// One of the two messages of an API.
#[derive(Debug)]
pub struct Half {
    /// See [`Message::NAME`].
    pub name: &'static str,
    /// Its fields.
    pub kind: Kind,
    transcode: fn(i16, &[u8]) -> Result<Vec<u8>, TranscodeError>,
    show: fn(i16, &[u8]) -> Result<String, DecodeError>,
}

/// Why a message was not read and written again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TranscodeError {
    /// It could not be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// What was read has no form to be written in.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl Half {
    /// Reads a message (without header) and writes it again. Of what follows the protocol to the letter, the result is
    /// the same bytes; what is merely tolerated (a true that is not 1, a default that was written out) comes out
    /// canonical.
    ///
    /// # Errors
    /// When the version is unknown or the bytes do not follow the grammar.
    pub fn transcode(&self, version: i16, body: &[u8]) -> Result<Vec<u8>, TranscodeError> {
        (self.transcode)(version, body)
    }

    /// Reads a message (without header) and says what is in it, as `{:?}` does.
    ///
    /// # Errors
    /// When the version is unknown or the bytes do not follow the grammar.
    pub fn show(&self, version: i16, body: &[u8]) -> Result<String, DecodeError> {
        (self.show)(version, body)
    }
}

fn show<'a, M: Message + Decode<'a> + Debug>(version: i16, body: &'a [u8]) -> Result<String, DecodeError> {
    decode::<M>(version, body).map(|message| format!("{message:?}"))
}

fn transcode<'a, M: Message + Decode<'a> + Encode>(
    version: i16,
    body: &'a [u8],
) -> Result<Vec<u8>, TranscodeError> {
    Ok(encode(version, &decode::<M>(version, body)?)?)
}

macro_rules! apis {
    ($($name:literal: $request:ty, $response:ty;)*) => {
        impl Api {
            /// All of them, by ascending key.
            pub const ALL: &[Self] = &[$(Self {
                key: <$request as Request>::KEY,
                name: $name,
                versions: <$request as Message>::VERSIONS,
                flexible: <$request as Message>::FLEXIBLE,
                request: Half {
                    name: <$request as Message>::NAME,
                    kind: <$request as Describe>::KIND,
                    transcode: |version, body| transcode::<$request>(version, body),
                    show: |version, body| show::<$request>(version, body),
                },
                response: Half {
                    name: <$response as Message>::NAME,
                    kind: <$response as Describe>::KIND,
                    transcode: |version, body| transcode::<$response>(version, body),
                    show: |version, body| show::<$response>(version, body),
                },
            },)*];
        }
    };
}

apis! {
    "Produce": produce::ProduceRequest<'_>, produce::ProduceResponse<'_>;
    "Fetch": fetch::FetchRequest<'_>, fetch::FetchResponse<'_>;
    "ListOffsets": list_offsets::ListOffsetsRequest<'_>, list_offsets::ListOffsetsResponse<'_>;
    "Metadata": metadata::MetadataRequest<'_>, metadata::MetadataResponse<'_>;
    "OffsetCommit": offset_commit::OffsetCommitRequest<'_>, offset_commit::OffsetCommitResponse<'_>;
    "OffsetFetch": offset_fetch::OffsetFetchRequest<'_>, offset_fetch::OffsetFetchResponse<'_>;
    "FindCoordinator": find_coordinator::FindCoordinatorRequest<'_>, find_coordinator::FindCoordinatorResponse<'_>;
    "JoinGroup": join_group::JoinGroupRequest<'_>, join_group::JoinGroupResponse<'_>;
    "Heartbeat": heartbeat::HeartbeatRequest<'_>, heartbeat::HeartbeatResponse;
    "LeaveGroup": leave_group::LeaveGroupRequest<'_>, leave_group::LeaveGroupResponse<'_>;
    "SyncGroup": sync_group::SyncGroupRequest<'_>, sync_group::SyncGroupResponse<'_>;
    "DescribeGroups": describe_groups::DescribeGroupsRequest<'_>, describe_groups::DescribeGroupsResponse<'_>;
    "ListGroups": list_groups::ListGroupsRequest<'_>, list_groups::ListGroupsResponse<'_>;
    "SaslHandshake": sasl_handshake::SaslHandshakeRequest<'_>, sasl_handshake::SaslHandshakeResponse<'_>;
    "ApiVersions": api_versions::ApiVersionsRequest<'_>, api_versions::ApiVersionsResponse<'_>;
    "CreateTopics": create_topics::CreateTopicsRequest<'_>, create_topics::CreateTopicsResponse<'_>;
    "DeleteTopics": delete_topics::DeleteTopicsRequest<'_>, delete_topics::DeleteTopicsResponse<'_>;
    "DeleteRecords": delete_records::DeleteRecordsRequest<'_>, delete_records::DeleteRecordsResponse<'_>;
    "InitProducerId": init_producer_id::InitProducerIdRequest<'_>, init_producer_id::InitProducerIdResponse;
    "OffsetForLeaderEpoch": offset_for_leader_epoch::OffsetForLeaderEpochRequest<'_>, offset_for_leader_epoch::OffsetForLeaderEpochResponse<'_>;
    "AddPartitionsToTxn": add_partitions_to_txn::AddPartitionsToTxnRequest<'_>, add_partitions_to_txn::AddPartitionsToTxnResponse<'_>;
    "AddOffsetsToTxn": add_offsets_to_txn::AddOffsetsToTxnRequest<'_>, add_offsets_to_txn::AddOffsetsToTxnResponse;
    "EndTxn": end_txn::EndTxnRequest<'_>, end_txn::EndTxnResponse;
    "TxnOffsetCommit": txn_offset_commit::TxnOffsetCommitRequest<'_>, txn_offset_commit::TxnOffsetCommitResponse<'_>;
    "DescribeAcls": describe_acls::DescribeAclsRequest<'_>, describe_acls::DescribeAclsResponse<'_>;
    "CreateAcls": create_acls::CreateAclsRequest<'_>, create_acls::CreateAclsResponse<'_>;
    "DeleteAcls": delete_acls::DeleteAclsRequest<'_>, delete_acls::DeleteAclsResponse<'_>;
    "DescribeConfigs": describe_configs::DescribeConfigsRequest<'_>, describe_configs::DescribeConfigsResponse<'_>;
    "AlterConfigs": alter_configs::AlterConfigsRequest<'_>, alter_configs::AlterConfigsResponse<'_>;
    "AlterReplicaLogDirs": alter_replica_log_dirs::AlterReplicaLogDirsRequest<'_>, alter_replica_log_dirs::AlterReplicaLogDirsResponse<'_>;
    "DescribeLogDirs": describe_log_dirs::DescribeLogDirsRequest<'_>, describe_log_dirs::DescribeLogDirsResponse<'_>;
    "SaslAuthenticate": sasl_authenticate::SaslAuthenticateRequest<'_>, sasl_authenticate::SaslAuthenticateResponse<'_>;
    "CreatePartitions": create_partitions::CreatePartitionsRequest<'_>, create_partitions::CreatePartitionsResponse<'_>;
    "CreateDelegationToken": create_delegation_token::CreateDelegationTokenRequest<'_>, create_delegation_token::CreateDelegationTokenResponse<'_>;
    "RenewDelegationToken": renew_delegation_token::RenewDelegationTokenRequest<'_>, renew_delegation_token::RenewDelegationTokenResponse;
    "ExpireDelegationToken": expire_delegation_token::ExpireDelegationTokenRequest<'_>, expire_delegation_token::ExpireDelegationTokenResponse;
    "DescribeDelegationToken": describe_delegation_token::DescribeDelegationTokenRequest<'_>, describe_delegation_token::DescribeDelegationTokenResponse<'_>;
    "DeleteGroups": delete_groups::DeleteGroupsRequest<'_>, delete_groups::DeleteGroupsResponse<'_>;
    "ElectLeaders": elect_leaders::ElectLeadersRequest<'_>, elect_leaders::ElectLeadersResponse<'_>;
    "IncrementalAlterConfigs": incremental_alter_configs::IncrementalAlterConfigsRequest<'_>, incremental_alter_configs::IncrementalAlterConfigsResponse<'_>;
    "AlterPartitionReassignments": alter_partition_reassignments::AlterPartitionReassignmentsRequest<'_>, alter_partition_reassignments::AlterPartitionReassignmentsResponse<'_>;
    "ListPartitionReassignments": list_partition_reassignments::ListPartitionReassignmentsRequest<'_>, list_partition_reassignments::ListPartitionReassignmentsResponse<'_>;
    "OffsetDelete": offset_delete::OffsetDeleteRequest<'_>, offset_delete::OffsetDeleteResponse<'_>;
    "DescribeClientQuotas": describe_client_quotas::DescribeClientQuotasRequest<'_>, describe_client_quotas::DescribeClientQuotasResponse<'_>;
    "AlterClientQuotas": alter_client_quotas::AlterClientQuotasRequest<'_>, alter_client_quotas::AlterClientQuotasResponse<'_>;
    "DescribeUserScramCredentials": describe_user_scram_credentials::DescribeUserScramCredentialsRequest<'_>, describe_user_scram_credentials::DescribeUserScramCredentialsResponse<'_>;
    "AlterUserScramCredentials": alter_user_scram_credentials::AlterUserScramCredentialsRequest<'_>, alter_user_scram_credentials::AlterUserScramCredentialsResponse<'_>;
    "DescribeQuorum": describe_quorum::DescribeQuorumRequest<'_>, describe_quorum::DescribeQuorumResponse<'_>;
    "UpdateFeatures": update_features::UpdateFeaturesRequest<'_>, update_features::UpdateFeaturesResponse<'_>;
    "DescribeCluster": describe_cluster::DescribeClusterRequest, describe_cluster::DescribeClusterResponse<'_>;
    "DescribeProducers": describe_producers::DescribeProducersRequest<'_>, describe_producers::DescribeProducersResponse<'_>;
    "UnregisterBroker": unregister_broker::UnregisterBrokerRequest, unregister_broker::UnregisterBrokerResponse<'_>;
    "DescribeTransactions": describe_transactions::DescribeTransactionsRequest<'_>, describe_transactions::DescribeTransactionsResponse<'_>;
    "ListTransactions": list_transactions::ListTransactionsRequest<'_>, list_transactions::ListTransactionsResponse<'_>;
    "ConsumerGroupHeartbeat": consumer_group_heartbeat::ConsumerGroupHeartbeatRequest<'_>, consumer_group_heartbeat::ConsumerGroupHeartbeatResponse<'_>;
    "ConsumerGroupDescribe": consumer_group_describe::ConsumerGroupDescribeRequest<'_>, consumer_group_describe::ConsumerGroupDescribeResponse<'_>;
    "GetTelemetrySubscriptions": get_telemetry_subscriptions::GetTelemetrySubscriptionsRequest, get_telemetry_subscriptions::GetTelemetrySubscriptionsResponse<'_>;
    "PushTelemetry": push_telemetry::PushTelemetryRequest<'_>, push_telemetry::PushTelemetryResponse;
    "ListConfigResources": list_config_resources::ListConfigResourcesRequest, list_config_resources::ListConfigResourcesResponse<'_>;
    "DescribeTopicPartitions": describe_topic_partitions::DescribeTopicPartitionsRequest<'_>, describe_topic_partitions::DescribeTopicPartitionsResponse<'_>;
    "ShareGroupHeartbeat": share_group_heartbeat::ShareGroupHeartbeatRequest<'_>, share_group_heartbeat::ShareGroupHeartbeatResponse<'_>;
    "ShareGroupDescribe": share_group_describe::ShareGroupDescribeRequest<'_>, share_group_describe::ShareGroupDescribeResponse<'_>;
    "ShareFetch": share_fetch::ShareFetchRequest<'_>, share_fetch::ShareFetchResponse<'_>;
    "ShareAcknowledge": share_acknowledge::ShareAcknowledgeRequest<'_>, share_acknowledge::ShareAcknowledgeResponse<'_>;
    "AddRaftVoter": add_raft_voter::AddRaftVoterRequest<'_>, add_raft_voter::AddRaftVoterResponse<'_>;
    "RemoveRaftVoter": remove_raft_voter::RemoveRaftVoterRequest<'_>, remove_raft_voter::RemoveRaftVoterResponse<'_>;
    "StreamsGroupHeartbeat": streams_group_heartbeat::StreamsGroupHeartbeatRequest<'_>, streams_group_heartbeat::StreamsGroupHeartbeatResponse<'_>;
    "StreamsGroupDescribe": streams_group_describe::StreamsGroupDescribeRequest<'_>, streams_group_describe::StreamsGroupDescribeResponse<'_>;
    "DescribeShareGroupOffsets": describe_share_group_offsets::DescribeShareGroupOffsetsRequest<'_>, describe_share_group_offsets::DescribeShareGroupOffsetsResponse<'_>;
    "AlterShareGroupOffsets": alter_share_group_offsets::AlterShareGroupOffsetsRequest<'_>, alter_share_group_offsets::AlterShareGroupOffsetsResponse<'_>;
    "DeleteShareGroupOffsets": delete_share_group_offsets::DeleteShareGroupOffsetsRequest<'_>, delete_share_group_offsets::DeleteShareGroupOffsetsResponse<'_>;
    "StreamsGroupTopologyDescriptionUpdate": streams_group_topology_description_update::StreamsGroupTopologyDescriptionUpdateRequest<'_>, streams_group_topology_description_update::StreamsGroupTopologyDescriptionUpdateResponse<'_>;
    "UnregisterController": unregister_controller::UnregisterControllerRequest, unregister_controller::UnregisterControllerResponse<'_>;
}

impl Api {
    /// The API of a key; none for what this crate does not know, such as what brokers say to each other.
    pub fn of_key(key: i16) -> Option<&'static Self> {
        let index = Self::ALL.binary_search_by_key(&key, |api| api.key).ok()?;
        Self::ALL.get(index)
    }
}
