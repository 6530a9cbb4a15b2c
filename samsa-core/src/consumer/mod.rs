//! Fetching: positions, requests, and the buffer that is shared with the application's threads.

mod buffer;
mod chunk;
mod memory;
mod reader;

pub use chunk::{Chunk, ChunkRecords, OwnedRecord, OwnedRecords};
pub use reader::Reader;
