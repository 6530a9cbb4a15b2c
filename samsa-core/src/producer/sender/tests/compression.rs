//! Compression on the way.

use super::*;

#[test]
fn a_batch_is_compressed_before_it_goes_and_stays_so() {
    let mut play = Play::configured(&[1], |config| config.compression = Compression::Lz4);
    let ticket = play.publish_to(0, &"hello ".repeat(100));
    play.sends_nothing();
    play.computes();
    let first = play.sends();
    assert_eq!(first.batches[0].read().header().codec, Codec::Lz4);
    play.hears_failure(&first, possibly_sent());
    play.passes(BACKOFF);
    let again = play.sends();
    assert_eq!(again.batches, first.batches);
    play.hears_written(&again, 3);
    assert_eq!(receipt(&ticket).offset, Some(3));
    assert_eq!(play.buffer.used_bytes(), 0);
}

#[test]
fn a_batch_whose_time_is_over_while_it_is_compressed_is_given_up() {
    let mut play = Play::configured(&[1], |config| config.compression = Compression::Lz4);
    let ticket = play.publish_to(0, "1");
    play.passes(TIMEOUT);
    assert_eq!(error(&ticket).certainty(), Certainty::NotSent);
    play.computes();
    play.sends_nothing();
    let _next = play.publish_to(0, "2");
    play.computes();
    assert_eq!(play.sends().values(), ["2"]);
}

#[test]
fn zstandard_for_a_leader_that_does_not_know_it_is_not_sent() {
    let mut play = Play::new(|config| config.compression = Compression::Zstd);
    play.connects(1, 6);
    play.has_leaders(&[Some(1)]);
    let ticket = play.publish_to(0, &"hello ".repeat(100));
    let error = error(&ticket);
    assert_eq!(*error.failure(), PublishFailure::Refused(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE));
    assert_eq!(error.certainty(), Certainty::NotSent);
    play.sends_nothing();
}

#[test]
fn what_is_keyless_goes_with_zstandard_to_a_leader_that_knows_it() {
    let mut play = Play::new(|config| config.compression = Compression::Zstd);
    play.connects(1, 6);
    play.connects(2, 7);
    play.has_leaders(&[Some(1), Some(2)]);
    for round in 0..4 {
        let ticket = play.publish(&"hello ".repeat(100));
        play.computes();
        let sent = play.sends();
        assert_eq!((sent.broker, sent.batches[0].read().header().codec), (2, Codec::Zstd));
        play.hears_written(&sent, round);
        assert_eq!(receipt(&ticket).partition, 1);
    }
    assert_eq!(play.sender.topics[0].partitions[0].given, 0, "nothing was tried there");
}

#[test]
fn what_is_keyless_leaves_a_partition_whose_new_leader_does_not_know_zstandard() {
    let mut play = Play::new(|config| config.compression = Compression::Zstd);
    play.connects(1, 6);
    play.connects(2, 7);
    play.has_leaders(&[Some(2), None]);
    let ticket = play.publish(&"hello ".repeat(100));
    play.has_leaders(&[Some(1), Some(2)]);
    while play.has_job() {
        play.computes();
    }
    let sent = play.sends();
    assert_eq!((sent.broker, sent.partitions()), (2, vec![1]));
    play.hears_written(&sent, 7);
    assert_eq!(receipt(&ticket).partition, 1);
}
