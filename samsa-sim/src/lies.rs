//! Frames that make no sense, made of one that did.

use bytes::{Bytes, BytesMut};

use crate::rng::Rng;

/// The length in front of a frame, and the number of the request that it answers.
const LENGTH: usize = 4;
const HEAD: usize = 8;

/// What a broker sends that lies, instead of this frame: nothing that a client could take for an answer.
pub(crate) fn lie(frame: &[Bytes], rng: &mut Rng) -> Vec<Bytes> {
    let whole = Bytes::from(frame.concat());
    let mut bytes = BytesMut::from(&whole[..]);
    match rng.below(7) {
        0 => return vec![whole.clone(), whole],
        1 => change(&mut bytes, LENGTH, |number| number.wrapping_add(1 + rng.below(1_000_000) as i32)),
        2 => change(&mut bytes, 0, |_| -1 - rng.below(1_000_000) as i32),
        3 => change(&mut bytes, 0, |_| i32::MAX - rng.below(1_000_000) as i32),
        4 => {
            let keep = rng.within(&(HEAD as u64..whole.len() as u64)) as usize;
            bytes.truncate(keep);
            change(&mut bytes, 0, |_| (keep - LENGTH) as i32);
        }
        5 => return vec![Bytes::from_static(&[0; LENGTH]), whole],
        _ => bytes[HEAD..].fill(0xff),
    }
    vec![bytes.freeze()]
}

fn change(bytes: &mut BytesMut, at: usize, change: impl FnOnce(i32) -> i32) {
    if let Some(place) = bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<4>()) {
        *place = change(i32::from_be_bytes(*place)).to_be_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lie_is_never_the_truth() {
        let frame = [Bytes::from_static(&[0, 0, 0, 8]), Bytes::from_static(&[0, 0, 0, 7, 1, 2, 3, 4])];
        for seed in 0..200 {
            assert_ne!(lie(&frame, &mut Rng::new(seed)).concat(), frame.concat());
        }
    }
}
