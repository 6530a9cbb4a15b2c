//! Bytes on their way out: whole requests, as a list of shared segments that are never copied here.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

use crate::limits;
use crate::planted::{PlantedBug, is_planted};

/// Positions count bytes since the connection began.
#[derive(Debug, Default)]
pub(crate) struct SendQueue {
    segments: VecDeque<Bytes>,
    /// Where the first segment starts.
    written: u64,
    /// Where the next request will start.
    end: u64,
    /// Up to where the driver has been given bytes.
    handed: u64,
    /// Where the requests start of which it has been given nothing yet.
    untouched: VecDeque<u64>,
    /// No other request is begun, only finished.
    held: bool,
}

impl SendQueue {
    /// Queues a request and tells where it starts.
    pub(crate) fn push(&mut self, request: Vec<Bytes>) -> u64 {
        let start = self.end;
        self.untouched.push_back(start);
        self.end += request.iter().map(|segment| segment.len() as u64).sum::<u64>();
        self.segments.extend(request.into_iter().filter(|segment| !segment.is_empty()));
        start
    }

    /// Whether there is nothing to write now.
    pub(crate) fn is_idle(&self) -> bool {
        self.segments.is_empty() || self.limit() <= self.written
    }

    /// Whether everything is written.
    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// From now on no other request is begun, or they all are again.
    pub(crate) fn hold(&mut self, hold: bool) {
        self.held = hold;
    }

    /// Gives the driver what one vectored write takes.
    pub(crate) fn transmit(&mut self, into: &mut Vec<Bytes>) {
        let (mut at, limit) = (self.written, self.limit());
        for segment in self.segments.iter().take(limits::GATHER_SEGMENTS) {
            if at >= limit {
                break;
            }
            into.push(segment.clone());
            at += segment.len() as u64;
        }
        self.handed = self.handed.max(at);
        while self.untouched.front().is_some_and(|start| *start < self.handed) {
            self.untouched.pop_front();
        }
    }

    /// Up to where bytes may be handed out: always the end of a request.
    fn limit(&self) -> u64 {
        let next = self.untouched.front().filter(|_| self.held);
        next.copied().unwrap_or(self.end)
    }

    /// Forgets what was written; more than was handed out is taken for all of that.
    pub(crate) fn transmitted(&mut self, written: usize) {
        let mut left = (written as u64).min(self.handed - self.written);
        self.written += left;
        while let Some(front) = self.segments.front_mut() {
            let length = front.len() as u64;
            if length > left {
                if is_planted(PlantedBug::SkipsHalfWritten) && left > 0 {
                    self.written += length - left;
                    self.segments.pop_front();
                    return;
                }
                front.advance(left as usize);
                return;
            }
            left -= length;
            self.segments.pop_front();
        }
    }

    /// Whether all was written that comes before this.
    pub(crate) fn is_written(&self, end: u64) -> bool {
        self.written >= end
    }

    /// Whether any byte of the request that starts here was handed to the driver.
    pub(crate) fn is_handed(&self, start: u64) -> bool {
        self.handed > start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(queue: &mut SendQueue, most: usize) -> Vec<u8> {
        let mut segments = Vec::new();
        queue.transmit(&mut segments);
        let mut bytes = segments.concat();
        bytes.truncate(most);
        queue.transmitted(bytes.len());
        bytes
    }

    #[test]
    fn bytes_leave_in_order_however_little_a_write_takes() {
        let mut queue = SendQueue::default();
        queue.push(vec![Bytes::from_static(b"abc"), Bytes::new(), Bytes::from_static(b"defg")]);
        queue.push(vec![Bytes::from_static(b"hi")]);

        let mut all = Vec::new();
        while !queue.is_idle() {
            all.extend(written(&mut queue, 2));
        }
        assert_eq!(all, b"abcdefghi");
    }

    #[test]
    fn a_request_counts_as_sent_once_its_first_byte_was_handed_out() {
        let mut queue = SendQueue::default();
        let first = queue.push(vec![Bytes::from_static(b"abc")]);
        assert!(!queue.is_handed(first));

        queue.transmit(&mut Vec::new());
        let second = queue.push(vec![Bytes::from_static(b"de")]);
        assert!(queue.is_handed(first));
        assert!(!queue.is_handed(second));

        queue.transmitted(3);
        assert!(!queue.is_handed(second));
        queue.transmit(&mut Vec::new());
        assert!(queue.is_handed(second));
    }

    #[test]
    fn a_queue_that_is_held_finishes_what_was_begun_and_begins_nothing() {
        let mut queue = SendQueue::default();
        queue.push(vec![Bytes::from_static(b"abc")]);
        assert_eq!(written(&mut queue, 1), b"a");
        queue.push(vec![Bytes::from_static(b"de")]);
        queue.hold(true);
        assert_eq!(written(&mut queue, 100), b"bc");
        assert!(queue.is_idle() && written(&mut queue, 100).is_empty());
        queue.push(vec![Bytes::from_static(b"f")]);
        queue.hold(false);
        assert_eq!(written(&mut queue, 100), b"def");
    }

    #[test]
    fn a_driver_that_claims_too_much_loses_nothing_that_it_was_not_given() {
        let mut queue = SendQueue::default();
        queue.push(vec![Bytes::from_static(b"abc")]);
        queue.transmit(&mut Vec::new());
        queue.push(vec![Bytes::from_static(b"de")]);

        queue.transmitted(100);
        assert_eq!(written(&mut queue, 100), b"de");
    }
}
