//! Memory for large frames, used again and again: fresh large buffers cost more in page faults than the reading itself.
//!
//! A frame is handed to application threads in slices, and comes back from whichever thread drops the last one; that
//! is why there is a lock here. It is taken once for each large frame.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::limits;
use crate::sync::Mutex;
use crate::wake::lock;

/// Sizes are rounded up to this, so that frames of like size fit into each other's memory.
const GRAIN: usize = 64 << 10;

#[derive(Clone, Debug, Default)]
pub(crate) struct FramePool(Arc<Mutex<Vec<BytesMut>>>);

impl FramePool {
    /// Memory of at least `length` bytes, all of it initialised.
    pub(crate) fn take(&self, length: usize) -> BytesMut {
        let mut kept = lock(&self.0);
        let most = 2 * length.next_multiple_of(GRAIN);
        let fits = |buffer: &BytesMut| (length..=most).contains(&buffer.len());
        if let Some(index) = kept.iter().position(fits) {
            return kept.swap_remove(index);
        }
        drop(kept);
        BytesMut::zeroed(length.next_multiple_of(GRAIN))
    }

    /// The first `length` bytes as shared slices; the memory comes back when the last slice is dropped.
    pub(crate) fn share(&self, buffer: BytesMut, length: usize) -> Bytes {
        Bytes::from_owner(PooledFrame { buffer, length, pool: self.clone() })
    }

    fn give_back(&self, buffer: BytesMut) {
        if buffer.len() > limits::POOLED_FRAME_BYTES {
            return;
        }
        let mut kept = lock(&self.0);
        if kept.len() == limits::POOLED_FRAMES {
            kept.remove(0);
        }
        kept.push(buffer);
    }
}

struct PooledFrame {
    buffer: BytesMut,
    length: usize,
    pool: FramePool,
}

impl AsRef<[u8]> for PooledFrame {
    fn as_ref(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

impl Drop for PooledFrame {
    fn drop(&mut self) {
        self.pool.give_back(std::mem::take(&mut self.buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_when_the_last_slice_is_dropped() {
        let pool = FramePool::default();
        let buffer = pool.take(100_000);
        let at = buffer.as_ptr();
        let frame = pool.share(buffer, 100_000);
        let slice = frame.slice(10..20);

        drop(frame);
        assert!(lock(&pool.0).is_empty());
        drop(slice);
        assert_eq!(pool.take(70_000).as_ptr(), at);
    }

    #[test]
    fn a_small_frame_does_not_pin_a_large_buffer() {
        let pool = FramePool::default();
        drop(pool.share(pool.take(8 << 20), 1));
        assert!(pool.take(1000).len() <= GRAIN);
    }

    #[test]
    fn a_huge_buffer_is_not_kept() {
        let pool = FramePool::default();
        drop(pool.share(pool.take(limits::POOLED_FRAME_BYTES + 1), 1));
        assert!(lock(&pool.0).is_empty());
    }

    #[test]
    fn the_pool_keeps_no_more_than_its_bound() {
        let pool = FramePool::default();
        let frames: Vec<_> = (0..limits::POOLED_FRAMES + 3).map(|_| pool.share(pool.take(1), 1)).collect();
        drop(frames);
        assert_eq!(lock(&pool.0).len(), limits::POOLED_FRAMES);
    }
}
