//! Connections, with the peer at the other end of each.

use std::collections::VecDeque;

use bytes::Bytes;
use samsa_core::{ConnId, ReadBuffer, RecvBuf, limits};
use samsa_proto::api::Api;
use samsa_proto::api::produce::ProduceRequest;
use samsa_proto::wire::Records;
use samsa_proto::{Request, decode, decode_request_header, records};

use super::peer::Asked;
use super::world::World;

/// A connection that was asked for.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Socket {
    pub(super) conn: ConnId,
    pub(super) connected: bool,
    /// It broke, or was closed.
    pub(super) gone: bool,
    /// The engine has no reason to speak of it any more.
    pub(super) forgotten: bool,
    /// The engine said that there is something to write.
    pub(super) writable: bool,
    /// What was written and is no whole frame yet.
    written: Vec<u8>,
    last_correlation_id: Option<i32>,
    pub(super) asked: VecDeque<Asked>,
    /// What the peer has sent.
    pub(super) incoming: VecDeque<u8>,
    pub(super) lent: Option<ReadBuffer>,
}

impl Socket {
    pub(super) fn new(conn: ConnId) -> Self {
        Self {
            conn,
            connected: false,
            gone: false,
            forgotten: false,
            writable: false,
            written: Vec::new(),
            last_correlation_id: None,
            asked: VecDeque::new(),
            incoming: VecDeque::new(),
            lent: None,
        }
    }

    /// What was written reaches the peer, which reads whole requests off it.
    fn take(&mut self, bytes: &[u8]) {
        self.written.extend(bytes);
        while let Some((length, rest)) = self.written.split_first_chunk() {
            let length = u32::from_be_bytes(*length) as usize;
            let Some(frame) = rest.get(..length) else { return };
            let asked = read_request(frame);
            assert!(self.last_correlation_id < Some(asked.correlation_id), "a correlation id is used once");
            self.last_correlation_id = Some(asked.correlation_id);
            self.asked.push_back(asked);
            self.written.drain(..4 + length);
        }
    }
}

impl World {
    /// Writes up to `most` bytes of what there is.
    pub(super) fn write(&mut self, index: usize, most: usize) {
        let Some(socket) = self.sockets.get_mut(index).filter(|socket| socket.writable && !socket.gone)
        else {
            return;
        };
        let mut segments: Vec<Bytes> = Vec::new();
        self.engine.transmit(socket.conn, &mut segments);
        assert!(segments.len() <= limits::GATHER_SEGMENTS);
        assert!(segments.iter().all(|segment| !segment.is_empty()));
        let bytes = segments.concat();
        socket.writable = !bytes.is_empty();
        let written = most.min(bytes.len());
        socket.take(&bytes[..written]);
        let conn = socket.conn;
        self.engine.transmitted(self.now, conn, written);
        self.perform(0);
    }

    /// The peer's bytes go in, as far as the engine takes them; at most `most` a read.
    pub(super) fn feed(&mut self, index: usize, most: usize) {
        for _ in 0..1000 {
            let Some(socket) = self.sockets.get_mut(index).filter(|socket| socket.connected) else { return };
            if socket.incoming.is_empty() || socket.lent.is_some() {
                return;
            }
            let mut buffer = match self.engine.recv_buf(socket.conn) {
                RecvBuf::Read(buffer) => buffer,
                RecvBuf::Paused => return assert!(!socket.gone),
                RecvBuf::Gone => {
                    self.lazy = 0;
                    self.perform(0);
                    let socket = &mut self.sockets[index];
                    assert!(socket.gone, "a connection that was not closed is gone");
                    return socket.incoming.clear();
                }
            };
            let room = buffer.unfilled();
            let read = room.len().min(most.max(1)).min(socket.incoming.len());
            room.iter_mut().zip(socket.incoming.drain(..read)).for_each(|(room, byte)| *room = byte);
            buffer.advance(read);
            let conn = socket.conn;
            self.engine.received(self.now, conn, buffer);
            self.perform(read);
        }
    }

    /// Borrows a buffer, to give it back later.
    pub(super) fn lend(&mut self, index: usize) {
        let Some(socket) = self.sockets.get_mut(index).filter(|socket| socket.connected) else { return };
        if let (None, RecvBuf::Read(buffer)) = (&socket.lent, self.engine.recv_buf(socket.conn)) {
            socket.lent = Some(buffer);
        }
    }

    pub(super) fn give_back(&mut self, index: usize) {
        let Some(socket) = self.sockets.get_mut(index) else { return };
        if let Some(buffer) = socket.lent.take() {
            self.engine.received(self.now, socket.conn, buffer);
            self.perform(0);
        }
    }
}

/// What the engine sends follows the protocol to the letter.
fn read_request(frame: &[u8]) -> Asked {
    let (header, body) = decode_request_header(frame).expect("a request has a header");
    let api = Api::of_key(header.api_key).expect("it is known");
    assert_eq!(api.request.transcode(header.api_version, body).as_deref(), Ok(body), "{}", api.name);
    if header.api_key == ProduceRequest::KEY {
        let request = decode::<ProduceRequest<'_>>(header.api_version, body).expect("it was just read");
        let partitions = request.topic_data.iter().flat_map(|topic| &topic.partition_data);
        for piece in partitions.flat_map(|partition| &partition.records).flat_map(Records::pieces) {
            let mut batches = records::batches(piece);
            assert!(
                batches.by_ref().all(|batch| batch.is_ok_and(|batch| batch.verify().is_ok())),
                "a broken batch"
            );
            assert!(batches.rest().is_empty(), "a batch is cut off");
        }
    }
    Asked {
        key: header.api_key,
        version: header.api_version,
        correlation_id: header.correlation_id,
        body: body.to_vec(),
    }
}
