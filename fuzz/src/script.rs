//! Bytes as a source of decisions.

/// Reads decisions off the front of an input. At its end everything is zero.
#[derive(Debug, Clone)]
pub(crate) struct Script<'a> {
    left: &'a [u8],
}

impl<'a> Script<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self { left: data }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.left.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.chunk::<1>()[0]
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(crate) fn number(&mut self) -> u16 {
        u16::from_be_bytes(self.chunk())
    }

    pub(crate) fn int64(&mut self) -> i64 {
        i64::from_be_bytes(self.chunk())
    }

    /// One of `count`; 0 when there is none.
    pub(crate) fn choice(&mut self, count: usize) -> usize {
        let byte = usize::from(self.byte());
        byte.checked_rem(count).unwrap_or(0)
    }

    /// As many bytes as the next one says, or as are left.
    pub(crate) fn bytes(&mut self) -> &'a [u8] {
        let count = usize::from(self.byte()).min(self.left.len());
        let (bytes, left) = self.left.split_at(count);
        self.left = left;
        bytes
    }

    /// Null, or bytes.
    pub(crate) fn nullable(&mut self) -> Option<&'a [u8]> {
        let is_there = self.flag();
        is_there.then(|| self.bytes())
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.left)
    }

    fn chunk<const N: usize>(&mut self) -> [u8; N] {
        let mut chunk = [0; N];
        let count = N.min(self.left.len());
        let (bytes, left) = self.left.split_at(count);
        chunk[..count].copy_from_slice(bytes);
        self.left = left;
        chunk
    }
}
