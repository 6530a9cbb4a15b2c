//! What fetched bytes cost: one account per reader, from the response to the drop of its last slice.

use std::sync::Arc;

use bytes::Bytes;

use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::wake::{DriverSignal, Notices};

/// The memory of one reader, and the bell that tells the engine when it comes back.
///
/// The engine says that it waits *before* it looks at what is used; a slice gives back *before* it looks whether the
/// engine waits. So one of them sees the other.
#[derive(Debug)]
pub(crate) struct Memory {
    used: AtomicUsize,
    awaited: AtomicBool,
    attention: AtomicBool,
    signal: Arc<DriverSignal>,
}

impl Memory {
    pub(crate) fn new(signal: Arc<DriverSignal>) -> Self {
        Self {
            used: AtomicUsize::new(0),
            awaited: AtomicBool::new(false),
            attention: AtomicBool::new(false),
            signal,
        }
    }

    /// Bytes of responses of which somebody still holds a part.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::SeqCst)
    }

    /// From here on [`used`](Self::used) is never out of date without a bell.
    pub(crate) fn await_change(&self) {
        self.awaited.store(true, Ordering::SeqCst);
    }

    /// Whether the engine was called to this reader since it last looked.
    pub(crate) fn take_attention(&self) -> bool {
        self.attention.swap(false, Ordering::AcqRel)
    }

    /// Calls the engine to this reader.
    pub(crate) fn call(&self) {
        self.attention.store(true, Ordering::Release);
        self.signal.notify(Notices::CREDIT);
    }

    /// Calls the engine, if it waits for a change.
    pub(crate) fn changed(&self) {
        if self.awaited.load(Ordering::SeqCst) && self.awaited.swap(false, Ordering::SeqCst) {
            self.call();
        }
    }

    /// The same bytes, paid for until the last slice of them is dropped.
    pub(crate) fn charge(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        self.used.fetch_add(bytes.len(), Ordering::SeqCst);
        Bytes::from_owner(Charged { bytes, memory: Arc::clone(self) })
    }
}

struct Charged {
    bytes: Bytes,
    memory: Arc<Memory>,
}

impl AsRef<[u8]> for Charged {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Charged {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.bytes.len(), Ordering::SeqCst);
        self.memory.changed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory() -> (Arc<Memory>, Arc<DriverSignal>) {
        let signal = Arc::new(DriverSignal::default());
        (Arc::new(Memory::new(Arc::clone(&signal))), signal)
    }

    #[test]
    fn a_frame_is_paid_for_until_its_last_slice_is_dropped() {
        let (memory, _) = memory();
        let frame = memory.charge(Bytes::from_static(b"0123456789"));
        let slice = frame.slice(2..3);
        drop(frame);
        assert_eq!(memory.used(), 10);
        drop(slice);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn the_engine_is_called_once_and_only_when_it_waits() {
        let (memory, signal) = memory();
        drop(memory.charge(Bytes::from_static(b"a")));
        assert!(signal.take().is_empty());

        let (one, two) = (memory.charge(Bytes::from_static(b"b")), memory.charge(Bytes::from_static(b"c")));
        memory.await_change();
        drop(one);
        assert!(signal.take().contains(Notices::CREDIT));
        assert!(memory.take_attention());
        drop(two);
        assert!(signal.take().is_empty());
        assert!(!memory.take_attention());
    }
}
