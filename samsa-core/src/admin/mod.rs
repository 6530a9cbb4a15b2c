//! Looking: topics, partitions, offsets.

pub(crate) mod list_offsets;
