//! Producer ids, and what a broker remembers of the producers of a partition: it knows the last batches of each again.
//!
//! What is remembered is read off the log, which is all that survives a change of leader; so nothing expires.

use samsa_proto::ErrorCode;
use samsa_proto::api::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use samsa_proto::records::{BatchHeader, Identity};

use super::answer::{Answer, Call};
use super::log::{Log, Sequenced};
use super::release::Release;
use super::state::State;

const FIRST_ID: i64 = 1000;

/// What becomes of a batch as far as its producer is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Append,
    /// It is there, from this offset to before that one.
    Duplicate {
        base: i64,
        end: i64,
    },
    Refuse(ErrorCode),
    /// Another batch has its numbers: no correct client does that.
    Forged,
}

pub(super) fn answer(state: &mut State, call: &Call<'_>, request: &InitProducerIdRequest<'_>) -> Answer {
    if request.transactional_id.is_some() {
        state.complain("a transactional id, which the model does not know".to_owned());
    }
    state.producers += 1;
    let producer_id = FIRST_ID + state.producers;
    state.note(call.broker, format!("InitProducerId {}: {producer_id}", call.version));
    let response = InitProducerIdResponse {
        producer_id,
        producer_epoch: 0,
        throttle_time_ms: call.throttle_ms,
        ..Default::default()
    };
    call.answer::<InitProducerIdRequest<'_>>(state, &response)
}

/// How many batches of a producer a release knows again.
fn remembered(release: Release) -> usize {
    if release == Release::V0_11 { 1 } else { 5 }
}

pub(super) fn judge(log: &Log, header: &BatchHeader, batch: &[u8], release: Release) -> Verdict {
    let Some(identity) = header.identity else { return Verdict::Append };
    let newest: Vec<Sequenced<'_>> =
        log.of_producer(identity.producer_id).take(remembered(release)).collect();
    let Some(last) = newest.first() else { return unknown(identity, release) };
    let epoch = last.identity.producer_epoch;
    if identity.producer_epoch != epoch {
        return other_epoch(identity, epoch);
    }
    let mut same_epoch = newest.iter().filter(|stored| stored.identity.producer_epoch == epoch);
    if let Some(stored) = same_epoch.clone().find(|stored| stored.identity == identity) {
        let is_same = stored.content() == content(batch);
        let (base, end) = (stored.base, stored.end);
        return if is_same { Verdict::Duplicate { base, end } } else { Verdict::Forged };
    }
    if identity.base_sequence == last.next_sequence() {
        return Verdict::Append;
    }
    let oldest = same_epoch.next_back().map_or(0, |stored| stored.identity.base_sequence);
    let is_old = identity.base_sequence < oldest;
    if is_old && (Release::V1_1..=Release::V2_1).contains(&release) {
        return Verdict::Refuse(ErrorCode::DUPLICATE_SEQUENCE_NUMBER);
    }
    Verdict::Refuse(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)
}

/// From 2.5 on any number is taken of a producer of whom nothing is known (KIP-360).
fn unknown(identity: Identity, release: Release) -> Verdict {
    match release {
        _ if identity.base_sequence == 0 => Verdict::Append,
        Release::V0_11 => Verdict::Refuse(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
        Release::V1_1 | Release::V2_1 => Verdict::Refuse(ErrorCode::UNKNOWN_PRODUCER_ID),
        _ => Verdict::Append,
    }
}

fn other_epoch(identity: Identity, epoch: i16) -> Verdict {
    match (identity.producer_epoch < epoch, identity.base_sequence) {
        (true, _) => Verdict::Refuse(ErrorCode::INVALID_PRODUCER_EPOCH),
        (false, 0) => Verdict::Append,
        (false, _) => Verdict::Refuse(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER),
    }
}

/// What a batch holds, from its checksum on.
pub(super) fn content(batch: &[u8]) -> &[u8] {
    batch.get(17..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use samsa_proto::records::{self, BatchBuilder, Flags};

    use super::*;

    fn batch(producer_epoch: i16, base_sequence: i32, values: &[&str]) -> Vec<u8> {
        let mut builder = BatchBuilder::new(BytesMut::new());
        for value in values {
            builder.append(1, None, Some(value.as_bytes()), []).unwrap();
        }
        let sealed = builder.seal();
        let identity = Identity { producer_id: 7, producer_epoch, base_sequence };
        [sealed.header(Some(identity), Flags::default()), sealed.body().clone()].concat()
    }

    fn offer(log: &mut Log, bytes: &[u8], release: Release) -> Verdict {
        let header = *records::batches(bytes).next().unwrap().unwrap().header();
        let verdict = judge(log, &header, bytes, release);
        if verdict == Verdict::Append {
            log.append(&header, bytes, 0);
        }
        verdict
    }

    fn refused(code: ErrorCode) -> Verdict {
        Verdict::Refuse(code)
    }

    #[test]
    fn the_last_five_batches_are_known_again_and_in_0_11_the_last() {
        for release in Release::ALL {
            let log = &mut Log::default();
            for number in 0..7 {
                assert_eq!(offer(log, &batch(0, number, &["x"]), release), Verdict::Append);
            }
            let known: Vec<bool> = (0..7)
                .map(|number| {
                    let duplicate = Verdict::Duplicate { base: number, end: number + 1 };
                    offer(log, &batch(0, number as i32, &["x"]), release) == duplicate
                })
                .collect();
            let from = 7 - remembered(release);
            assert_eq!(known, (0..7).map(|number| number >= from).collect::<Vec<_>>(), "{release}");
        }
    }

    #[test]
    fn a_batch_whose_predecessor_is_missing_is_out_of_order() {
        let log = &mut Log::default();
        offer(log, &batch(0, 0, &["a", "b"]), Release::V3_9);
        let verdict = offer(log, &batch(0, 3, &["d"]), Release::V3_9);
        assert_eq!(verdict, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
        assert_eq!(offer(log, &batch(0, 2, &["c"]), Release::V3_9), Verdict::Append);
    }

    #[test]
    fn other_bytes_under_the_same_numbers_are_a_forgery() {
        let log = &mut Log::default();
        offer(log, &batch(0, 0, &["a"]), Release::V3_9);
        assert_eq!(offer(log, &batch(0, 0, &["b"]), Release::V3_9), Verdict::Forged);
    }

    #[test]
    fn what_is_unknown_is_refused_until_2_1_and_taken_later() {
        for (release, verdict) in [
            (Release::V0_11, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER)),
            (Release::V1_1, refused(ErrorCode::UNKNOWN_PRODUCER_ID)),
            (Release::V2_8, Verdict::Append),
        ] {
            assert_eq!(offer(&mut Log::default(), &batch(0, 5, &["x"]), release), verdict);
        }
    }

    #[test]
    fn an_old_epoch_is_refused_and_a_new_one_starts_at_0() {
        let log = &mut Log::default();
        offer(log, &batch(1, 0, &["a"]), Release::V3_9);
        let verdict = offer(log, &batch(0, 1, &["b"]), Release::V3_9);
        assert_eq!(verdict, refused(ErrorCode::INVALID_PRODUCER_EPOCH));
        let verdict = offer(log, &batch(2, 1, &["b"]), Release::V3_9);
        assert_eq!(verdict, refused(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER));
        assert_eq!(offer(log, &batch(2, 0, &["b"]), Release::V3_9), Verdict::Append);
    }

    #[test]
    fn sequence_numbers_wrap_to_0() {
        let log = &mut Log::default();
        offer(log, &batch(0, i32::MAX - 1, &["a", "b", "c"]), Release::V3_9);
        assert_eq!(offer(log, &batch(0, 1, &["d"]), Release::V3_9), Verdict::Append);
    }
}
