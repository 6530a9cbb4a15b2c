//! Scripts over a whole engine: a reader, brokers that answer as the script says.

mod fetching;
mod memory;
mod metrics;
pub(crate) mod model;
mod more;
mod nearest;
mod opening;
pub(super) mod script;
mod seeking;
mod sessions;
mod transactions;
mod trouble;
mod validation;

use std::task::{Context as TaskContext, Poll, Waker};

use samsa_proto::ErrorCode;
use samsa_proto::api::fetch::{FetchRequest, FetchResponse, FetchableTopicResponse, PartitionData};
use samsa_proto::api::list_offsets::{
    ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use samsa_proto::wire::Records;

use self::model::{Asked, Model, TOPIC_ID};
use self::script::batch;
use crate::command::{Command, ReaderSpec, Reply};
use crate::config::FetchConfig;
use crate::error::ReadError;
use crate::event::Event;
use crate::offset::Offset;
use crate::time::UnixMillis;
use crate::{Chunk, Reader};

fn spec(start: Offset) -> ReaderSpec {
    ReaderSpec { topic: "events".into(), partition: None, start, fetch: FetchConfig::default() }
}

fn opened(model: &mut Model, spec: ReaderSpec) -> Reader {
    model.command(Command::OpenReader(spec));
    match model.reply() {
        Reply::OpenReader(Ok(reader)) => reader,
        other => panic!("{other:?}"),
    }
}

fn refused(model: &mut Model) -> ReadError {
    match model.reply() {
        Reply::OpenReader(Err(error)) => error,
        other => panic!("{other:?}"),
    }
}

fn polls(reader: &mut Reader) -> Poll<Option<Result<Chunk, ReadError>>> {
    reader.poll_next_chunk(&mut TaskContext::from_waker(Waker::noop()))
}

/// Where the next chunk begins and ends.
fn span(reader: &mut Reader) -> (i32, i64, i64) {
    match polls(reader) {
        Poll::Ready(Some(Ok(chunk))) => (chunk.partition(), chunk.base_offset(), chunk.next_offset()),
        other => panic!("{other:?}"),
    }
}

fn error(reader: &mut Reader) -> ReadError {
    match polls(reader) {
        Poll::Ready(Some(Err(error))) => error,
        other => panic!("{other:?}"),
    }
}

/// The partitions and offsets that a fetch asks for, in its order.
fn wants(asked: &Asked) -> Vec<(i32, i64)> {
    let request: FetchRequest<'_> = asked.read();
    request.topics[0].partitions.iter().map(|wanted| (wanted.partition, wanted.fetch_offset)).collect()
}

/// The partitions and times of a question for offsets.
fn seeks(asked: &Asked) -> Vec<(i32, i64)> {
    let request: ListOffsetsRequest<'_> = asked.read();
    request.topics[0].partitions.iter().map(|wanted| (wanted.partition_index, wanted.timestamp)).collect()
}

fn data(partition_index: i32, records: &[u8]) -> PartitionData<'_> {
    let records = Some(Records::Slice(records));
    PartitionData { partition_index, records, high_watermark: 1_000_000, ..Default::default() }
}

fn failing(partition_index: i32, error_code: ErrorCode) -> PartitionData<'static> {
    PartitionData { partition_index, error_code, ..Default::default() }
}

fn fetched(partitions: Vec<PartitionData<'_>>) -> FetchResponse<'_> {
    let topic =
        FetchableTopicResponse { topic: "events", topic_id: TOPIC_ID, partitions, ..Default::default() };
    FetchResponse { responses: vec![topic], ..Default::default() }
}

fn brings(model: &mut Model, asked: &Asked, partitions: Vec<PartitionData<'_>>) {
    model.answers::<FetchRequest<'_>>(asked, &fetched(partitions));
}

fn lists(model: &mut Model, asked: &Asked, offsets: &[(i32, i64)]) {
    let partitions = offsets.iter().map(|(partition_index, offset)| ListOffsetsPartitionResponse {
        partition_index: *partition_index,
        offset: *offset,
        ..Default::default()
    });
    lists_all(model, asked, partitions.collect());
}

fn lists_all(model: &mut Model, asked: &Asked, partitions: Vec<ListOffsetsPartitionResponse>) {
    let topic = ListOffsetsTopicResponse { name: "events", partitions, ..Default::default() };
    let response = ListOffsetsResponse { topics: vec![topic], ..Default::default() };
    model.answers::<ListOffsetsRequest<'_>>(asked, &response);
}
