//! Compression as a job of its own: pure, and the owner of its buffers.

use samsa_proto::records::{Codec, Sealed};

/// A batch to compress, off the path that does IO.
#[derive(Debug)]
pub struct CompressionJob {
    batch: Sealed,
    codec: Codec,
}

/// What came of a [`CompressionJob`].
#[derive(Debug)]
pub struct CompressedBatch {
    pub(crate) batch: Sealed,
}

impl CompressionJob {
    pub(crate) fn new(batch: Sealed, codec: Codec) -> Self {
        Self { batch, codec }
    }

    /// Compresses. The batch stays as it is when that makes it no smaller.
    pub fn run(self) -> CompressedBatch {
        let compressed = self.batch.compress(self.codec, None);
        let smaller = compressed.ok().filter(|batch| batch.encoded_len() < self.batch.encoded_len());
        CompressedBatch { batch: smaller.unwrap_or(self.batch) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use samsa_proto::records::{Builder, Format};

    fn batch(value: &[u8]) -> Sealed {
        let mut builder = Builder::new(BytesMut::new(), Format::V2);
        builder.append(0, None, Some(value), []).unwrap();
        builder.seal()
    }

    #[test]
    fn what_repeats_gets_smaller() {
        let plain = batch(&[7; 4096]);
        let done = CompressionJob::new(plain.clone(), Codec::Lz4).run();
        assert_eq!(done.batch.codec(), Codec::Lz4);
        assert!(done.batch.encoded_len() < plain.encoded_len());
        assert_eq!(done.batch.count(), 1);
    }

    #[test]
    fn what_would_grow_stays_as_it_is() {
        let done = CompressionJob::new(batch(b"x"), Codec::Lz4).run();
        assert_eq!(done.batch.codec(), Codec::None);
    }
}
