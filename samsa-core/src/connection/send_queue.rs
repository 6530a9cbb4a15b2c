//! Bytes on their way out: whole requests, as a list of shared segments that are never copied here.

use std::collections::VecDeque;

use bytes::{Buf, Bytes};

use crate::limits;

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
}

impl SendQueue {
    /// Queues a request and tells where it starts.
    pub(crate) fn push(&mut self, request: Vec<Bytes>) -> u64 {
        let start = self.end;
        self.end += request.iter().map(|segment| segment.len() as u64).sum::<u64>();
        self.segments.extend(request.into_iter().filter(|segment| !segment.is_empty()));
        start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Gives the driver what one vectored write takes.
    pub(crate) fn transmit(&mut self, into: &mut Vec<Bytes>) {
        let handed: u64 = self
            .segments
            .iter()
            .take(limits::GATHER_SEGMENTS)
            .map(|segment| {
                into.push(segment.clone());
                segment.len() as u64
            })
            .sum();
        self.handed = self.handed.max(self.written + handed);
    }

    /// Forgets what was written; more than was handed out is taken for all of that.
    pub(crate) fn transmitted(&mut self, written: usize) {
        let mut left = (written as u64).min(self.handed - self.written);
        self.written += left;
        while let Some(front) = self.segments.front_mut() {
            let length = front.len() as u64;
            if length > left {
                front.advance(left as usize);
                return;
            }
            left -= length;
            self.segments.pop_front();
        }
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
        while !queue.is_empty() {
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
    fn a_driver_that_claims_too_much_loses_nothing_that_it_was_not_given() {
        let mut queue = SendQueue::default();
        queue.push(vec![Bytes::from_static(b"abc")]);
        queue.transmit(&mut Vec::new());
        queue.push(vec![Bytes::from_static(b"de")]);

        queue.transmitted(100);
        assert_eq!(written(&mut queue, 100), b"de");
    }
}
