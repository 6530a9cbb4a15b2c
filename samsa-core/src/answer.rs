//! What a broker answered, or that it makes no sense.

use samsa_proto::Request;
use samsa_proto::wire::DecodeError;

/// Reads an answer. One that does not follow the grammar of its API is logged here, whoever asked.
pub(crate) fn read_answer<R: Request>(version: i16, frame: &[u8]) -> Result<R::Response<'_>, DecodeError> {
    samsa_proto::decode_response::<R>(version, frame)
        .map(|(_correlation_id, response)| response)
        .inspect_err(|error| tracing::warn!(%error, "a broker's answer cannot be read"))
}
