//! Buffers that are used again, so that large ones are not new memory each time.

use bytes::{Bytes, BytesMut};

use crate::sync::Mutex;
use crate::wake::lock;

/// The smallest buffer: what a partition with little to say takes.
pub(super) const LEAST: usize = 4 << 10;

/// Buffers that are larger than this are not kept.
const MOST: usize = 1 << 20;

const CLASSES: usize = (MOST / LEAST).ilog2() as usize + 1;

/// Idle buffers by size: class 0 holds those of at least [`LEAST`] bytes, and each next one twice as much.
#[derive(Debug)]
pub(super) struct Pool {
    idle: Mutex<Idle>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Idle {
    classes: [Vec<BytesMut>; CLASSES],
    bytes: usize,
}

impl Pool {
    /// Keeps up to `limit` bytes of idle buffers.
    pub(super) fn new(limit: usize) -> Self {
        Self { idle: Mutex::default(), limit }
    }

    /// The capacity of the smallest kept class that holds so many bytes; these bytes when there is none.
    pub(super) fn round_up(bytes: usize) -> usize {
        if bytes > MOST { bytes } else { bytes.next_power_of_two().max(LEAST) }
    }

    /// A buffer of this capacity, which [`round_up`](Self::round_up) gave, or a little more where that is afforded.
    pub(super) fn take(&self, capacity: usize, affords: impl FnOnce(usize) -> bool) -> BytesMut {
        let kept = class_of(capacity).filter(|_| capacity.is_power_of_two()).and_then(|class| {
            let mut idle = lock(&self.idle);
            let buffer = idle.classes[class].pop_if(|buffer| affords(buffer.capacity()))?;
            idle.bytes -= buffer.capacity();
            Some(buffer)
        });
        kept.unwrap_or_else(|| BytesMut::with_capacity(capacity))
    }

    /// Takes a batch's bytes back, if nobody else holds them.
    pub(super) fn recycle(&self, bytes: Bytes) {
        let Ok(mut buffer) = bytes.try_into_mut() else { return };
        buffer.clear();
        let Some(class) = class_of(buffer.capacity()) else { return };
        let mut idle = lock(&self.idle);
        if idle.bytes + buffer.capacity() <= self.limit {
            idle.bytes += buffer.capacity();
            idle.classes[class].push(buffer);
        }
    }
}

/// The class of buffers with this capacity, or none when it is too small or too large to keep.
fn class_of(capacity: usize) -> Option<usize> {
    (LEAST..2 * MOST).contains(&capacity).then(|| (capacity / LEAST).ilog2() as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(pool: &Pool, capacity: usize) -> Bytes {
        let mut buffer = pool.take(capacity, |_| true);
        buffer.extend_from_slice(b"record");
        buffer.freeze()
    }

    #[test]
    fn a_buffer_comes_back_with_all_its_capacity() {
        let pool = Pool::new(1 << 20);
        let bytes = filled(&pool, 64 << 10);
        let place = bytes.as_ptr();

        pool.recycle(bytes);

        let again = pool.take(64 << 10, |_| true);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
        assert!(again.capacity() >= 64 << 10);
    }

    #[test]
    fn bytes_that_somebody_holds_are_left_to_them() {
        let pool = Pool::new(1 << 20);
        let bytes = filled(&pool, LEAST);
        let held = bytes.clone();
        pool.recycle(bytes);
        assert_eq!(lock(&pool.idle).bytes, 0);
        assert_eq!(held, &b"record"[..]);
    }

    #[test]
    fn no_more_is_kept_than_the_limit() {
        let pool = Pool::new(2 * LEAST);
        let all: Vec<_> = (0..5).map(|_| filled(&pool, LEAST)).collect();
        for bytes in all {
            pool.recycle(bytes);
        }
        assert!(lock(&pool.idle).bytes <= 2 * LEAST);
    }

    #[test]
    fn sizes_are_rounded_up_to_a_class_as_long_as_there_is_one() {
        let sizes = [0, 1, LEAST, LEAST + 1, MOST, MOST + 1];
        assert_eq!(sizes.map(Pool::round_up), [LEAST, LEAST, LEAST, 2 * LEAST, MOST, MOST + 1]);
    }
}
