//! From a request's frame to its answer: which API, which version, who handles it.

use std::time::Duration;

use bytes::Bytes;
use samsa_core::{Instant, Now};
use samsa_proto::api::Api;
use samsa_proto::api::api_versions::ApiVersionsRequest;
use samsa_proto::api::consumer_group_describe::ConsumerGroupDescribeRequest;
use samsa_proto::api::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;
use samsa_proto::api::create_topics::CreateTopicsRequest;
use samsa_proto::api::describe_groups::DescribeGroupsRequest;
use samsa_proto::api::fetch::FetchRequest;
use samsa_proto::api::find_coordinator::FindCoordinatorRequest;
use samsa_proto::api::heartbeat::HeartbeatRequest;
use samsa_proto::api::init_producer_id::InitProducerIdRequest;
use samsa_proto::api::join_group::JoinGroupRequest;
use samsa_proto::api::leave_group::LeaveGroupRequest;
use samsa_proto::api::list_groups::ListGroupsRequest;
use samsa_proto::api::list_offsets::ListOffsetsRequest;
use samsa_proto::api::metadata::MetadataRequest;
use samsa_proto::api::offset_commit::OffsetCommitRequest;
use samsa_proto::api::offset_fetch::OffsetFetchRequest;
use samsa_proto::api::offset_for_leader_epoch::OffsetForLeaderEpochRequest;
use samsa_proto::api::produce::ProduceRequest;
use samsa_proto::api::sync_group::SyncGroupRequest;
use samsa_proto::wire::Decode;
use samsa_proto::{Message, Request, RequestHeader, decode, decode_request_header, encode_response};

use super::produce::Pending;
use super::release::Release;
use super::state::State;
use super::{
    ServerConn, api_versions, create_topics, fetch, groups, list_offsets, metadata, offset_for_leader_epoch,
    offsets, produce, producers,
};

/// A request that is being answered.
pub(super) struct Call<'a> {
    pub(super) now: Now,
    pub(super) conn: ServerConn,
    pub(super) broker: i32,
    pub(super) version: i16,
    pub(super) correlation_id: i32,
    pub(super) client: &'a str,
    pub(super) frame: &'a Bytes,
    /// How many milliseconds the client has to wait after the answer.
    pub(super) throttle_ms: i32,
}

/// What becomes of a request.
pub(super) enum Answer {
    /// It is answered with this frame.
    Frame(Vec<Bytes>),
    /// It is answered with this frame, which says that the client has to wait.
    Throttled { frame: Vec<Bytes>, lasts: Duration },
    /// It is done and has no answer.
    Silence,
    /// It cannot be answered yet.
    Wait(Waiting),
    /// The connection is closed.
    HangUp,
}

/// A request that cannot be answered yet.
#[derive(Debug)]
pub(super) enum Waiting {
    /// There is too little to read.
    Fetch(fetch::Pending),
    /// The followers do not have it yet.
    Produce(Pending),
    /// Its group has to come to an end first with what it is at.
    Group(groups::Pending),
    /// The broker takes its time.
    Late { frame: Vec<Bytes>, until: Instant },
}

impl Waiting {
    /// When it is answered in any case; `None` for what waits for others.
    pub(super) const fn until(&self) -> Option<Instant> {
        match self {
            Self::Fetch(pending) => Some(pending.until),
            Self::Late { until, .. } => Some(*until),
            Self::Produce(pending) => Some(pending.until),
            Self::Group(_) => None,
        }
    }
}

impl Call<'_> {
    /// The answer as a frame.
    pub(super) fn answer<R: Request>(&self, state: &mut State, response: &R::Response<'_>) -> Answer {
        frame::<R>(state, self.correlation_id, self.version, response).throttled(self.throttle_ms)
    }
}

impl Answer {
    /// The same, after which the client has to wait.
    pub(super) fn throttled(self, throttle_ms: i32) -> Self {
        let lasts = Duration::from_millis(u64::try_from(throttle_ms).unwrap_or(0));
        match self {
            Self::Frame(frame) if !lasts.is_zero() => Self::Throttled { frame, lasts },
            other => other,
        }
    }
}

/// The first version whose answer says how long to wait; `None` where the model never says it.
fn first_with_throttle(key: i16) -> Option<i16> {
    match key {
        ProduceRequest::KEY
        | FetchRequest::KEY
        | FindCoordinatorRequest::KEY
        | DescribeGroupsRequest::KEY
        | ListGroupsRequest::KEY
        | HeartbeatRequest::KEY
        | SyncGroupRequest::KEY
        | LeaveGroupRequest::KEY => Some(1),
        ListOffsetsRequest::KEY | CreateTopicsRequest::KEY | JoinGroupRequest::KEY => Some(2),
        MetadataRequest::KEY | OffsetCommitRequest::KEY | OffsetFetchRequest::KEY => Some(3),
        InitProducerIdRequest::KEY
        | ConsumerGroupHeartbeatRequest::KEY
        | ConsumerGroupDescribeRequest::KEY => Some(0),
        _ => None,
    }
}

/// An answer as a frame; one that has no form in this version is a fault of the model.
pub(super) fn frame<R: Request>(
    state: &mut State,
    correlation_id: i32,
    version: i16,
    response: &R::Response<'_>,
) -> Answer {
    match encode_response::<R>(correlation_id, version, response) {
        Ok(frame) => Answer::Frame(frame),
        Err(error) => {
            state.complain(format!("the model cannot say what it wants to: {error}"));
            Answer::HangUp
        }
    }
}

/// Answers a request.
pub(super) fn answer(
    state: &mut State,
    now: Now,
    (conn, broker): (ServerConn, i32),
    frame: &Bytes,
) -> Answer {
    let (header, body) = match decode_request_header(frame) {
        Ok(parts) => parts,
        Err(error) => {
            state.complain(format!("a request that no broker understands: {error}"));
            return Answer::HangUp;
        }
    };
    let RequestHeader { api_key, api_version, correlation_id, client_id, .. } = header;
    let client = client_id.unwrap_or_default();
    let may_throttle = first_with_throttle(api_key).is_some_and(|first| api_version >= first);
    let throttle_ms = if may_throttle { state.throttle_ms(now, broker) } else { 0 };
    let call = Call { now, conn, broker, version: api_version, correlation_id, client, frame, throttle_ms };
    if api_key == ApiVersionsRequest::KEY && state.hangs_up(broker) {
        state.note(broker, "!! hangs up".to_owned());
        return Answer::HangUp;
    }
    let is_of_old = [ProduceRequest::KEY, FetchRequest::KEY].contains(&api_key) && api_version == 0;
    if is_of_old && state.release_of(broker) >= Release::V0_11 {
        state.complain(format!("{} to a broker that is taken for one before 0.10", call.version));
    }
    if !state.release_of(broker).understands(api_key, api_version) {
        return not_understood(state, &call, api_key);
    }
    match api_key {
        ApiVersionsRequest::KEY => with(state, body, &call, api_versions::answer),
        MetadataRequest::KEY => with(state, body, &call, metadata::answer),
        ProduceRequest::KEY => with(state, body, &call, produce::answer),
        FetchRequest::KEY => with(state, body, &call, fetch::answer),
        ListOffsetsRequest::KEY => with(state, body, &call, list_offsets::answer),
        InitProducerIdRequest::KEY => with(state, body, &call, producers::answer),
        OffsetForLeaderEpochRequest::KEY => with(state, body, &call, offset_for_leader_epoch::answer),
        CreateTopicsRequest::KEY => with(state, body, &call, create_topics::answer),
        FindCoordinatorRequest::KEY => with(state, body, &call, groups::find),
        OffsetCommitRequest::KEY => with(state, body, &call, offsets::commit),
        OffsetFetchRequest::KEY => with(state, body, &call, offsets::fetch),
        DescribeGroupsRequest::KEY => with(state, body, &call, groups::describe),
        ListGroupsRequest::KEY => with(state, body, &call, groups::list),
        JoinGroupRequest::KEY => with(state, body, &call, groups::join),
        SyncGroupRequest::KEY => with(state, body, &call, groups::sync),
        HeartbeatRequest::KEY => with(state, body, &call, groups::heartbeat),
        LeaveGroupRequest::KEY => with(state, body, &call, groups::leave),
        ConsumerGroupHeartbeatRequest::KEY => with(state, body, &call, groups::consumer_heartbeat),
        ConsumerGroupDescribeRequest::KEY => with(state, body, &call, groups::consumer_describe),
        _ => Answer::HangUp,
    }
}

/// A broker closes the connection on a version that it did not offer, but for `ApiVersions`, where nothing has been
/// offered yet.
fn not_understood(state: &mut State, call: &Call<'_>, key: i16) -> Answer {
    if key == ApiVersionsRequest::KEY && state.release_of(call.broker) < Release::V0_10 {
        return Answer::HangUp;
    }
    if key == ApiVersionsRequest::KEY {
        return api_versions::answer_too_new(state, call);
    }
    let name = Api::of_key(key).map_or("an unknown API", |api| api.name);
    let release = state.release_of(call.broker);
    state.complain(format!("{name} {} to a broker of {release}, which does not offer it", call.version));
    Answer::HangUp
}

fn with<'a, R: Message + Decode<'a>>(
    state: &mut State,
    body: &'a [u8],
    call: &Call<'a>,
    handle: impl FnOnce(&mut State, &Call<'a>, &R) -> Answer,
) -> Answer {
    match decode::<R>(call.version, body) {
        Ok(request) => handle(state, call, &request),
        Err(error) => {
            state.complain(format!("a request that no broker understands: {error}"));
            Answer::HangUp
        }
    }
}
