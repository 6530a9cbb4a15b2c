//! The first exchange on a connection: which versions does this broker speak?
//!
//! | state    | input                        | then     | emits                          |
//! |----------|------------------------------|----------|--------------------------------|
//! | Asking v | answer                       | Known    | the versions                   |
//! | Asking v | "unsupported", offers w < v  | Asking w | ask again at w                 |
//! | Asking v | "unsupported", offers none   | Asking 0 | ask again at 0                 |
//! | Asking 0 | "unsupported"                | Refused  | the connection is of no use    |
//! | any      | another error, or nonsense   | Refused  | the connection is of no use    |
//!
//! Each question is asked at a lower version than the one before, so the exchange ends. A broker that closes or stays
//! silent proves nothing about its age; that is left to the deadline of the connection.

use bytes::Bytes;
use samsa_proto::api::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use samsa_proto::wire::EncodeError;
use samsa_proto::{ErrorCode, encode_request};

use super::versions::Versions;

/// What brokers log and show as the software of this connection (KIP-511).
const SOFTWARE_NAME: &str = "samsa";
const SOFTWARE_VERSION: &str = env!("CARGO_PKG_VERSION");
/// The version that is asked first. Version 5 would name the cluster that is meant (KIP-1242), which is not known here.
const FIRST_ASKED: i16 = 4;

#[derive(Debug)]
pub(crate) struct Handshake {
    asked: i16,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask again; [`Handshake::question`] has the new question.
    Ask,
    Known(Versions),
    Refused(String),
}

impl Handshake {
    pub(crate) fn new() -> Self {
        Self { asked: FIRST_ASKED }
    }

    pub(crate) fn question(&self, correlation_id: i32, client_id: &str) -> Result<Vec<Bytes>, EncodeError> {
        let request = ApiVersionsRequest {
            client_software_name: SOFTWARE_NAME,
            client_software_version: SOFTWARE_VERSION,
            ..Default::default()
        };
        encode_request(correlation_id, Some(client_id), self.asked, &request)
    }

    pub(crate) fn answer(&mut self, frame: &[u8]) -> Step {
        match samsa_proto::decode_response::<ApiVersionsRequest<'_>>(self.asked, frame) {
            Ok((_, response)) => self.hear(&response),
            Err(error) => Step::Refused(error.to_string()),
        }
    }

    fn hear(&mut self, response: &ApiVersionsResponse<'_>) -> Step {
        let offered = || response.api_keys.iter().map(|api| (api.api_key, api.min_version, api.max_version));
        match response.error_code {
            ErrorCode::NONE => Step::Known(Versions::new(offered())),
            ErrorCode::UNSUPPORTED_VERSION if self.asked > 0 => {
                let newest = Versions::new(offered()).newest::<ApiVersionsRequest<'_>>();
                self.asked = newest.filter(|version| *version < self.asked).unwrap_or(0);
                Step::Ask
            }
            code => Step::Refused(format!("the broker refused to tell its versions: {code}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use samsa_proto::api::api_versions::ApiVersion;

    fn response(error_code: ErrorCode, offered: &[(i16, i16, i16)]) -> ApiVersionsResponse<'static> {
        let api = |&(api_key, min_version, max_version): &_| ApiVersion {
            api_key,
            min_version,
            max_version,
            ..Default::default()
        };
        ApiVersionsResponse { error_code, api_keys: offered.iter().map(api).collect(), ..Default::default() }
    }

    #[test]
    fn a_broker_that_answers_is_known() {
        let mut handshake = Handshake::new();
        let step = handshake.hear(&response(ErrorCode::NONE, &[(3, 0, 8)]));
        assert_eq!(step, Step::Known(Versions::new([(3, 0, 8)])));
    }

    #[test]
    fn a_broker_that_offers_less_is_asked_again_at_what_it_offers() {
        let mut handshake = Handshake::new();
        assert_eq!(handshake.hear(&response(ErrorCode::UNSUPPORTED_VERSION, &[(18, 0, 2)])), Step::Ask);
        assert_eq!(handshake.asked, 2);
    }

    #[test]
    fn a_broker_that_offers_nothing_is_asked_again_at_0_and_then_no_more() {
        let mut handshake = Handshake::new();
        assert_eq!(handshake.hear(&response(ErrorCode::UNSUPPORTED_VERSION, &[])), Step::Ask);
        assert_eq!(handshake.asked, 0);
        let step = handshake.hear(&response(ErrorCode::UNSUPPORTED_VERSION, &[]));
        assert!(matches!(step, Step::Refused(_)), "{step:?}");
    }

    #[test]
    fn a_broker_that_offers_the_refused_version_again_and_again_is_not_asked_for_ever() {
        let mut handshake = Handshake::new();
        let liar = response(ErrorCode::UNSUPPORTED_VERSION, &[(18, 0, 1000)]);
        let questions = (0..10).take_while(|_| handshake.hear(&liar) == Step::Ask).count();
        assert_eq!(questions, 1);
    }
}
