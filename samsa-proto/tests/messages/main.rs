//! Every API, every version, both directions: messages written from their description alone, by code that shares
//! nothing with what the derive macro writes.

mod allocations;
mod scribe;

use samsa_proto::api::{Api, Half, TranscodeError};
use samsa_proto::wire::Version;
use scribe::Scribe;

/// Calls `check` with messages of each kind: so many per API, version and direction.
fn for_each_message(count: u64, mut check: impl FnMut(&Half, i16, Vec<u8>)) {
    for api in Api::ALL {
        for version in api.versions.clone() {
            let at = Version { number: version, flexible: version >= api.flexible };
            for half in [&api.request, &api.response] {
                for seed in 0..count {
                    check(half, version, Scribe::new(seed).message(half.kind, at));
                }
            }
        }
    }
}

#[test]
fn what_is_written_by_the_book_is_read_and_written_again_the_same() {
    for_each_message(20, |half, version, bytes| {
        assert_eq!(half.transcode(version, &bytes), Ok(bytes), "{} v{version}", half.name);
    });
}

#[test]
fn a_message_that_is_cut_short_is_an_error() {
    for_each_message(1, |half, version, bytes| {
        for end in (0..bytes.len()).step_by(1 + bytes.len() / 100) {
            let outcome = half.transcode(version, &bytes[..end]);
            assert!(matches!(outcome, Err(TranscodeError::Decode(_))), "{} v{version}: {end}", half.name);
        }
    });
}

#[test]
fn a_message_with_a_wrong_byte_is_an_error_or_reads_the_same_twice() {
    for_each_message(1, |half, version, mut bytes| {
        for (turn, index) in (0..bytes.len()).step_by(1 + bytes.len() / 100).enumerate() {
            let right = bytes[index];
            bytes[index] = [0, 0xff, right ^ 0x80, right.wrapping_add(1)][turn % 4];
            if let Ok(once) = half.transcode(version, &bytes) {
                assert_eq!(half.transcode(version, &once), Ok(once), "{} v{version}", half.name);
            }
            bytes[index] = right;
        }
    });
}

#[test]
fn the_list_of_apis_is_sorted_and_complete() {
    assert_eq!(Api::ALL.len(), 73);
    assert!(Api::ALL.windows(2).all(|pair| pair[0].key < pair[1].key));
    for api in Api::ALL {
        assert_eq!(Api::of_key(api.key).map(|found| found.name), Some(api.name));
        assert!(*api.versions.start() >= 0 && api.versions.start() <= api.versions.end());
    }
    assert!(Api::of_key(4).is_none());
}
