//! One TCP stream to a broker.
//!
//! | stage       | input              | then        | emits                                     |
//! |-------------|--------------------|-------------|-------------------------------------------|
//! | Dialling    | connected          | Handshaking | the question for versions                 |
//! | Handshaking | versions           | Ready       | [`Heard::Ready`]                          |
//! | Ready       | request            | Ready       | bytes, an entry in the table              |
//! | Ready       | frame              | Ready       | [`Heard::Response`] of the oldest request |
//! | any         | nonsense, deadline | gone        | each request in flight fails              |
//!
//! Brokers answer in the order of asking, so the table of requests in flight is a queue, and a response with another
//! correlation id than the oldest request's costs the connection.

use std::collections::VecDeque;

use bytes::Bytes;
use samsa_proto::wire::EncodeError;
use samsa_proto::{Request, encode_request};

use super::frame_pool::FramePool;
use super::handshake::{Handshake, Step};
use super::read_buffer::{ReadBuffer, RecvBuf};
use super::receiver::{Received, Receiver};
use super::send_queue::SendQueue;
use super::versions::Versions;
use super::{Call, Failure, Owner};
use crate::limits;
use crate::time::{Deadline, Instant};

#[derive(Debug)]
pub(crate) struct Connection {
    stage: Stage,
    client_id: String,
    next_correlation_id: i32,
    send: SendQueue,
    receiver: Receiver,
    in_flight: VecDeque<InFlight>,
}

#[derive(Debug)]
enum Stage {
    Dialling { until: Instant },
    Handshaking { handshake: Handshake, until: Instant },
    Ready(Versions),
}

#[derive(Debug)]
struct InFlight {
    correlation_id: i32,
    version: i16,
    /// `None` for the handshake's own question.
    owner: Option<Owner>,
    start: u64,
    since: Instant,
    until: Instant,
    response_bytes: usize,
}

/// What a connection has to say.
#[derive(Debug)]
pub(crate) enum Heard {
    Ready,
    Response { owner: Owner, version: i16, frame: Bytes },
    Oversized { owner: Owner, bytes: usize },
}

impl Connection {
    /// A connection that is being dialled and has to be ready by then.
    pub(crate) fn new(client_id: String, pool: FramePool, until: Instant) -> Self {
        Self {
            stage: Stage::Dialling { until },
            client_id,
            next_correlation_id: 0,
            send: SendQueue::default(),
            receiver: Receiver::new(pool),
            in_flight: VecDeque::new(),
        }
    }

    pub(crate) fn connected(&mut self, now: Instant) -> Result<(), String> {
        if let Stage::Dialling { until } = self.stage {
            self.stage = Stage::Handshaking { handshake: Handshake::new(), until };
            self.ask(now, until)?;
        }
        Ok(())
    }

    pub(crate) fn versions(&self) -> Option<&Versions> {
        match &self.stage {
            Stage::Ready(versions) => Some(versions),
            Stage::Dialling { .. } | Stage::Handshaking { .. } => None,
        }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    pub(crate) fn has_output(&self) -> bool {
        !self.send.is_empty()
    }

    /// Queues a request.
    pub(crate) fn request<R: Request>(
        &mut self,
        now: Instant,
        call: &Call<'_, R>,
    ) -> Result<(), EncodeError> {
        let id = self.next_correlation_id;
        let bytes = encode_request(id, Some(&self.client_id), call.version, call.request)?;
        self.track(now, bytes, call.version, Some(call.owner), now + call.timeout, call.response_bytes);
        Ok(())
    }

    pub(crate) fn transmit(&mut self, into: &mut Vec<Bytes>) {
        self.send.transmit(into);
    }

    pub(crate) fn transmitted(&mut self, written: usize) {
        self.send.transmitted(written);
    }

    pub(crate) fn recv_buf(&mut self) -> RecvBuf {
        self.receiver.recv_buf()
    }

    pub(crate) fn give_back(&mut self, buffer: ReadBuffer) {
        self.receiver.give_back(buffer);
    }

    pub(crate) fn allow(&mut self) {
        self.receiver.allow();
    }

    /// What the bytes that were read have to say; an error costs the connection.
    pub(crate) fn hear(&mut self, now: Instant) -> Result<Option<Heard>, String> {
        loop {
            let allowed =
                self.in_flight.front().map_or(limits::RESPONSE_BYTES, |oldest| oldest.response_bytes);
            match self.receiver.next(allowed)? {
                Received::More => return Ok(None),
                Received::Oversized(bytes) => return Ok(self.oversized(bytes)),
                Received::Frame(frame) => {
                    if let Some(heard) = self.frame(now, frame)? {
                        return Ok(Some(heard));
                    }
                }
            }
        }
    }

    pub(crate) fn deadline(&self) -> Option<Deadline> {
        match &self.stage {
            Stage::Dialling { until } => Some(Deadline::new(*until, "connection attempt")),
            Stage::Handshaking { until, .. } => Some(Deadline::new(*until, "handshake")),
            Stage::Ready(_) if self.receiver.is_waiting() => None,
            Stage::Ready(_) => {
                let soonest = self.in_flight.iter().map(|request| request.until).min()?;
                Some(Deadline::new(soonest, "response"))
            }
        }
    }

    /// Why the deadline costs the connection, in words.
    pub(crate) fn overdue(&self, now: Instant) -> Option<String> {
        self.deadline().filter(|deadline| deadline.at <= now)?;
        Some(match &self.stage {
            Stage::Dialling { .. } => "no connection in time".to_owned(),
            Stage::Handshaking { .. } => {
                "connected, but the broker did not tell its versions in time".to_owned()
            }
            Stage::Ready(_) => "no response in time".to_owned(),
        })
    }

    /// The requests that get no response any more.
    pub(crate) fn fail(self, reason: &str) -> impl Iterator<Item = (Owner, Failure)> {
        let send = self.send;
        self.in_flight.into_iter().filter_map(move |request| {
            let failure =
                if send.is_handed(request.start) { Failure::PossiblySent } else { Failure::NotSent };
            Some((request.owner?, failure(reason.to_owned())))
        })
    }

    /// What it waits for, since when and until when.
    pub(crate) fn waits_for(&self) -> Option<(&'static str, Option<Instant>, Instant)> {
        match &self.stage {
            Stage::Dialling { until } => Some(("to be connected", None, *until)),
            Stage::Handshaking { until, .. } => Some(("the broker to tell its versions", None, *until)),
            Stage::Ready(_) if self.receiver.is_waiting() => None,
            Stage::Ready(_) => {
                self.in_flight.front().map(|oldest| ("a response", Some(oldest.since), oldest.until))
            }
        }
    }

    fn ask(&mut self, now: Instant, until: Instant) -> Result<(), String> {
        if let Stage::Handshaking { handshake, .. } = &self.stage {
            let question = handshake.question(self.next_correlation_id, &self.client_id);
            let question = question.map_err(|error| error.to_string())?;
            self.track(now, question, 0, None, until, limits::RESPONSE_BYTES);
        }
        Ok(())
    }

    fn track(
        &mut self,
        now: Instant,
        bytes: Vec<Bytes>,
        version: i16,
        owner: Option<Owner>,
        until: Instant,
        response_bytes: usize,
    ) {
        let start = self.send.push(bytes);
        let correlation_id = self.next_correlation_id;
        self.next_correlation_id = correlation_id.wrapping_add(1);
        self.in_flight.push_back(InFlight {
            correlation_id,
            version,
            owner,
            start,
            since: now,
            until,
            response_bytes,
        });
    }

    fn oversized(&self, bytes: usize) -> Option<Heard> {
        let owner = self.in_flight.front()?.owner?;
        Some(Heard::Oversized { owner, bytes })
    }

    fn frame(&mut self, now: Instant, frame: Bytes) -> Result<Option<Heard>, String> {
        let oldest = self.in_flight.pop_front().ok_or("a response came that nobody asked for")?;
        let id = samsa_proto::correlation_id(&frame).map_err(|error| error.to_string())?;
        if id != oldest.correlation_id {
            return Err(format!("the response to request {} came as {id}", oldest.correlation_id));
        }
        match oldest.owner {
            Some(owner) => Ok(Some(Heard::Response { owner, version: oldest.version, frame })),
            None => self.shake(now, &frame),
        }
    }

    fn shake(&mut self, now: Instant, frame: &[u8]) -> Result<Option<Heard>, String> {
        let Stage::Handshaking { handshake, until } = &mut self.stage else { return Ok(None) };
        let until = *until;
        match handshake.answer(frame) {
            Step::Ask => self.ask(now, until).map(|()| None),
            Step::Refused(reason) => Err(reason),
            Step::Known(versions) => {
                self.stage = Stage::Ready(versions);
                Ok(Some(Heard::Ready))
            }
        }
    }
}
