//! What a broker says of itself.

use samsa_proto::api::api_versions::{ApiVersion, ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::{ErrorCode, Request};

use super::answer::{Answer, Call, frame};
use super::release::Release;
use super::state::State;

pub(super) fn answer(state: &mut State, call: &Call<'_>, _request: &ApiVersionsRequest<'_>) -> Answer {
    let (release, client) = (state.release_of(call.broker), call.client);
    let api_keys = offered(release, |_| true);
    state.note(call.broker, format!("ApiVersions {} from {client}: it is Kafka {release}", call.version));
    call.answer::<ApiVersionsRequest<'_>>(state, &ApiVersionsResponse { api_keys, ..Default::default() })
}

/// A version that the broker does not know is answered in the form of version 0.
pub(super) fn answer_too_new(state: &mut State, call: &Call<'_>) -> Answer {
    let release = state.release_of(call.broker);
    let api_keys = offered(release, |key| release.tells_its_own_range() && key == ApiVersionsRequest::KEY);
    state.note(call.broker, format!("ApiVersions {} is too new for Kafka {release}", call.version));
    let error_code = ErrorCode::UNSUPPORTED_VERSION;
    let response = ApiVersionsResponse { error_code, api_keys, ..Default::default() };
    frame::<ApiVersionsRequest<'_>>(state, call.correlation_id, 0, &response)
}

fn offered(release: Release, which: impl Fn(i16) -> bool) -> Vec<ApiVersion> {
    let all = release.all_versions().filter(|(key, _)| which(*key));
    all.map(|(api_key, versions)| ApiVersion {
        api_key,
        min_version: *versions.start(),
        max_version: *versions.end(),
        ..Default::default()
    })
    .collect()
}
