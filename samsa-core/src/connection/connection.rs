//! One TCP stream to a broker.
//!
//! | stage       | input              | then        | emits                                     |
//! |-------------|--------------------|-------------|-------------------------------------------|
//! | Dialling    | connected          | Opening     | the first question, see [`Opening`]       |
//! | Dialling    | connected, old     | Ready       | [`Heard::Ready`]                          |
//! | Opening     | versions           | Ready       | [`Heard::Ready`]                          |
//! | Opening     | `Metadata` 0       | Opening     | [`Heard::Metadata`]: it has done its work |
//! | Ready       | request            | Ready       | bytes, an entry in the table              |
//! | Ready       | frame              | Ready       | [`Heard::Response`] of the oldest request |
//! | Ready       | that throttles     | Ready       | as before; no request is begun for a while |
//! | any         | nonsense, deadline | gone        | each request in flight fails              |
//!
//! Brokers answer in the order of asking, so the table of requests in flight is a queue, and a response with another
//! correlation id than the oldest request's costs the connection.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use samsa_proto::api::metadata::MetadataRequest;
use samsa_proto::wire::EncodeError;
use samsa_proto::{Request, decode_response, encode_request};

use super::age::Opening;
use super::frame_pool::FramePool;
use super::handshake::{Handshake, Step};
use super::pace::Pace;
use super::read_buffer::{ReadBuffer, RecvBuf};
use super::receiver::{Received, Receiver};
use super::send_queue::SendQueue;
use super::throttle::Place;
use super::versions::Versions;
use super::{Call, Failure, Owner};
use crate::limits;
use crate::planted::{PlantedBug, is_planted};
use crate::time::{Deadline, Instant};

#[derive(Debug)]
pub(crate) struct Connection {
    stage: Stage,
    opening: Opening,
    answered: Answered,
    client_id: String,
    next_correlation_id: i32,
    send: SendQueue,
    receiver: Receiver,
    in_flight: VecDeque<InFlight>,
    /// When the stage began in which it is, or when the broker's quota was told.
    waits_since: Instant,
    /// Nothing is sent before this.
    throttled_until: Option<Instant>,
    pace: Pace,
}

#[derive(Debug)]
enum Stage {
    /// Once connected, the first answer has to come within `patience`.
    Dialling {
        until: Instant,
        patience: Duration,
    },
    Opening {
        question: FirstQuestion,
        until: Instant,
    },
    Ready(Versions),
}

/// What came from the broker so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    Nothing,
    /// Something, which tells nothing of its age.
    Something,
    /// An answer to `ApiVersions`, whatever it said.
    Versions,
}

#[derive(Debug)]
enum FirstQuestion {
    Versions(Handshake),
    Metadata,
}

#[derive(Debug)]
struct InFlight {
    correlation_id: i32,
    version: i16,
    /// `None` for the opening's own question.
    owner: Option<Owner>,
    start: u64,
    since: Instant,
    until: Instant,
    response_bytes: usize,
    throttle: Place,
}

/// A request that is about to be tracked.
struct Tracked {
    bytes: Vec<Bytes>,
    version: i16,
    owner: Option<Owner>,
    since: Instant,
    until: Instant,
    response_bytes: usize,
    throttle: Place,
}

/// What a connection has to say.
#[derive(Debug)]
pub(crate) enum Heard {
    Ready,
    /// The broker answered `Metadata` 0, the question that tells old brokers from silent ones.
    Metadata,
    Response {
        owner: Owner,
        version: i16,
        frame: Bytes,
        /// Since the request was made.
        took: Duration,
        /// The broker wants nothing more for so long.
        throttle: Duration,
        /// How much longer than before nothing is sent for that.
        rests: Duration,
    },
    Oversized {
        owner: Owner,
        bytes: usize,
    },
}

impl Connection {
    /// A connection that is being dialled since now and has to be connected by `until`.
    pub(crate) fn new(
        client_id: String,
        pool: FramePool,
        opening: Opening,
        (now, until): (Instant, Instant),
        patience: Duration,
    ) -> Self {
        Self {
            stage: Stage::Dialling { until, patience },
            waits_since: now,
            opening,
            answered: Answered::Nothing,
            client_id,
            next_correlation_id: 0,
            send: SendQueue::default(),
            receiver: Receiver::new(pool),
            in_flight: VecDeque::new(),
            throttled_until: None,
            pace: Pace::default(),
        }
    }

    pub(crate) fn connected(&mut self, now: Instant) -> Result<Option<Heard>, String> {
        let Stage::Dialling { until, patience } = self.stage else { return Ok(None) };
        let question = match self.opening {
            Opening::AskVersions | Opening::Confirm(_) => FirstQuestion::Versions(Handshake::new()),
            Opening::AskMetadata => FirstQuestion::Metadata,
            Opening::Nothing => {
                self.stage = Stage::Ready(Versions::before_0_10());
                return Ok(Some(Heard::Ready));
            }
        };
        self.stage = Stage::Opening { question, until: until.min(now + patience) };
        self.waits_since = now;
        self.ask(now).map(|()| None)
    }

    /// What it began with, if its end tells anything about the broker's age: it was connected and heard nothing, or it
    /// was ready because the broker is old.
    pub(crate) fn opening(&self) -> Option<Opening> {
        match (&self.stage, self.opening) {
            (Stage::Opening { .. }, opening) if self.answered == Answered::Nothing => Some(opening),
            (Stage::Ready(_), Opening::Nothing) => Some(Opening::Nothing),
            (Stage::Dialling { .. } | Stage::Opening { .. } | Stage::Ready(_), _) => None,
        }
    }

    pub(crate) fn answered(&self) -> Answered {
        self.answered
    }

    pub(crate) fn versions(&self) -> Option<&Versions> {
        match &self.stage {
            Stage::Ready(versions) => Some(versions),
            Stage::Dialling { .. } | Stage::Opening { .. } => None,
        }
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Requests without response that somebody made: all but the opening's own.
    pub(crate) fn owed(&self) -> usize {
        self.in_flight.iter().filter(|request| request.owner.is_some()).count()
    }

    /// Whether its end is a loss to nobody.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.stage, Stage::Ready(_)) && self.in_flight.is_empty()
    }

    pub(crate) fn has_output(&self) -> bool {
        !self.send.is_idle()
    }

    /// Whether something waits to be written, now or after a pause.
    pub(crate) fn has_unsent(&self) -> bool {
        !self.send.is_empty()
    }

    /// Until when nothing is sent.
    pub(crate) fn held_until(&self) -> Option<Instant> {
        self.throttled_until
    }

    /// The time may be over for which nothing was to be sent. Says whether it is, since the last call.
    pub(crate) fn go_on(&mut self, now: Instant) -> bool {
        let is_over = self.throttled_until.take_if(|until| *until <= now).is_some();
        if is_over {
            self.send.hold(false);
        }
        is_over
    }

    /// Queues a request.
    pub(crate) fn request<R: Request>(
        &mut self,
        now: Instant,
        call: &Call<'_, R>,
    ) -> Result<(), EncodeError> {
        let id = self.next_correlation_id;
        let bytes = encode_request(id, Some(&self.client_id), call.version, call.request)?;
        let begins = self.throttled_until.map_or(now, |until| until.max(now));
        self.track(Tracked {
            bytes,
            version: call.version,
            owner: Some(call.owner),
            since: now,
            until: begins + call.timeout,
            response_bytes: call.response_bytes,
            throttle: Place::of::<R>(call.version),
        });
        Ok(())
    }

    pub(crate) fn transmit(&mut self, into: &mut Vec<Bytes>) {
        self.send.transmit(into);
    }

    pub(crate) fn transmitted(&mut self, now: Instant, written: usize) {
        let end = self.in_flight.get(1).map_or(u64::MAX, |next| next.start);
        if written > 0 && !self.send.is_written(end) {
            self.pace.moved(now);
        }
        self.send.transmitted(written);
    }

    /// From when on the answer to the oldest request is late. Nothing is owed while that was not handed to the driver.
    pub(crate) fn late_from(&self) -> Option<Instant> {
        let oldest = self.in_flight.front()?;
        self.send.is_handed(oldest.start).then(|| self.pace.late_from(oldest.since))
    }

    /// From when on the broker seems to hold the oldest request back.
    pub(crate) fn held_from(&self) -> Option<Instant> {
        let oldest = self.in_flight.front()?;
        self.send.is_handed(oldest.start).then(|| self.pace.held_from(oldest.since))
    }

    pub(crate) fn recv_buf(&mut self) -> RecvBuf {
        self.receiver.recv_buf()
    }

    pub(crate) fn give_back(&mut self, buffer: ReadBuffer) {
        self.receiver.give_back(buffer);
    }

    /// The time that a response waited unread does not count: neither its own, nor that of the responses behind it.
    pub(crate) fn allow(&mut self, now: Instant) {
        self.receiver.allow();
        for request in &mut self.in_flight {
            request.until = now + (request.until - request.since);
        }
    }

    pub(crate) fn is_dialling(&self) -> bool {
        matches!(self.stage, Stage::Dialling { .. })
    }

    /// What the bytes that were read have to say; an error costs the connection.
    pub(crate) fn hear(&mut self, now: Instant) -> Result<Option<Heard>, String> {
        loop {
            let allowed =
                self.in_flight.front().map_or(limits::RESPONSE_BYTES, |oldest| oldest.response_bytes);
            let received = self.receiver.next(allowed);
            if self.answered == Answered::Nothing && !matches!(received, Ok(Received::More)) {
                self.answered = Answered::Something;
            }
            match received? {
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
            Stage::Dialling { until, .. } => Some(Deadline::new(*until, "connection attempt")),
            Stage::Opening { until, .. } => Some(Deadline::new(*until, "handshake")),
            Stage::Ready(_) => {
                let throttled =
                    self.throttled_until.map(|until| Deadline::new(until, "throttled connection"));
                Deadline::earlier(self.response_deadline(), throttled)
            }
        }
    }

    fn response_deadline(&self) -> Option<Deadline> {
        if self.receiver.is_waiting() {
            return None;
        }
        let soonest = self.in_flight.iter().map(|request| request.until).min()?;
        Some(Deadline::new(soonest, "response"))
    }

    /// Why the deadline costs the connection, in words.
    pub(crate) fn overdue(&self, now: Instant) -> Option<String> {
        let deadline = match &self.stage {
            Stage::Ready(_) => self.response_deadline(),
            Stage::Dialling { .. } | Stage::Opening { .. } => self.deadline(),
        };
        deadline.filter(|deadline| deadline.at <= now)?;
        Some(match &self.stage {
            Stage::Dialling { .. } => "no connection in time".to_owned(),
            Stage::Opening { .. } => "connected, but the broker did not tell its versions in time".to_owned(),
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
    pub(crate) fn waits_for(&self) -> Option<(&'static str, Instant, Instant)> {
        let since = self.waits_since;
        match &self.stage {
            Stage::Dialling { until, .. } => Some(("to be connected", since, *until)),
            Stage::Opening { until, .. } => Some(("the broker to tell its versions", since, *until)),
            Stage::Ready(_) if self.receiver.is_waiting() => None,
            Stage::Ready(_) if self.throttled_until.is_some() => {
                self.throttled_until.map(|until| ("the broker's quota, which throttles it", since, until))
            }
            Stage::Ready(_) => {
                self.in_flight.front().map(|oldest| ("a response", oldest.since, oldest.until))
            }
        }
    }

    fn ask(&mut self, now: Instant) -> Result<(), String> {
        let Stage::Opening { question, until } = &self.stage else { return Ok(()) };
        let (until, id) = (*until, self.next_correlation_id);
        let bytes = match question {
            FirstQuestion::Versions(handshake) => handshake.question(id, &self.client_id),
            FirstQuestion::Metadata => {
                encode_request(id, Some(&self.client_id), 0, &MetadataRequest::default())
            }
        };
        self.track(Tracked {
            bytes: bytes.map_err(|error| error.to_string())?,
            version: 0,
            owner: None,
            since: now,
            until,
            response_bytes: limits::RESPONSE_BYTES,
            throttle: Place::Nowhere,
        });
        Ok(())
    }

    fn track(&mut self, request: Tracked) {
        let Tracked { bytes, version, owner, since, until, response_bytes, throttle } = request;
        let start = self.send.push(bytes);
        let correlation_id = self.next_correlation_id;
        self.next_correlation_id = correlation_id.wrapping_add(1);
        self.in_flight.push_back(InFlight {
            correlation_id,
            version,
            owner,
            start,
            since,
            until,
            response_bytes,
            throttle,
        });
    }

    /// Nothing more is begun for so long, and what waits for its response waits longer: the broker reads nothing.
    /// Gives how much longer than before that is.
    fn throttle(&mut self, now: Instant, lasts: Duration) -> Duration {
        if lasts.is_zero() || is_planted(PlantedBug::IgnoresThrottle) {
            return Duration::ZERO;
        }
        self.send.hold(true);
        if self.throttled_until.is_none() {
            self.waits_since = now;
        }
        let before = self.throttled_until.map_or(now, |until| until.max(now));
        let until = before.max(now + lasts);
        self.throttled_until = Some(until);
        self.pace.moved(until);
        for request in &mut self.in_flight {
            request.until = request.until + (until - before);
        }
        until - before
    }

    fn oversized(&self, bytes: usize) -> Option<Heard> {
        let owner = self.in_flight.front()?.owner?;
        Some(Heard::Oversized { owner, bytes })
    }

    fn frame(&mut self, now: Instant, frame: Bytes) -> Result<Option<Heard>, String> {
        let id = samsa_proto::correlation_id(&frame).map_err(|error| error.to_string())?;
        let expected = self.in_flight.front().map(|oldest| oldest.correlation_id);
        let is_checked = !is_planted(PlantedBug::TrustsCorrelation);
        if is_checked && expected.is_some_and(|expected| expected != id) {
            return Err(format!("the response to request {expected:?} came as {id}"));
        }
        let oldest = self.in_flight.pop_front().ok_or("a response came that nobody asked for")?;
        match oldest.owner {
            Some(owner) => {
                self.pace.answered(now, oldest.since);
                let throttle = oldest.throttle.read(oldest.version, &frame);
                let rests = self.throttle(now, throttle);
                let took = now - oldest.since;
                Ok(Some(Heard::Response { owner, version: oldest.version, frame, took, throttle, rests }))
            }
            None => self.open(now, &frame),
        }
    }

    fn open(&mut self, now: Instant, frame: &[u8]) -> Result<Option<Heard>, String> {
        let Stage::Opening { question, .. } = &mut self.stage else { return Ok(None) };
        let step = match question {
            FirstQuestion::Versions(handshake) => {
                self.answered = Answered::Versions;
                handshake.answer(frame)
            }
            FirstQuestion::Metadata => {
                let answer = decode_response::<MetadataRequest<'_>>(0, frame);
                return answer.map(|_| Some(Heard::Metadata)).map_err(|error| error.to_string());
            }
        };
        match step {
            Step::Ask => self.ask(now).map(|()| None),
            Step::Refused(reason) => Err(reason),
            Step::Known(versions) => {
                self.stage = Stage::Ready(versions);
                Ok(Some(Heard::Ready))
            }
        }
    }
}
