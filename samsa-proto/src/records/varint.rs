//! Zigzag varints: the signed numbers inside a record batch. (The protocol's own varints are unsigned.)

/// The most bytes a 64-bit varint takes.
const MAX_LEN: usize = 10;

pub(crate) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[inline]
pub(crate) const fn unzigzag64(value: u64) -> i64 {
    ((value >> 1) as i64) ^ -((value & 1) as i64)
}

#[inline]
pub(crate) const fn unzigzag32(value: u32) -> i32 {
    ((value >> 1) as i32) ^ -((value & 1) as i32)
}

/// Bytes that `value` takes as a zigzag varint. 32-bit numbers take the same as when widened.
#[inline]
pub(crate) const fn len(value: i64) -> usize {
    let bits = 64 - (zigzag(value) | 1).leading_zeros() as usize;
    (bits * 9 + 64) / 64
}

/// A few varints in a row, made on the stack so that they reach the buffer in one copy.
pub(crate) struct Run<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Run<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    #[inline]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    #[inline]
    pub(crate) fn varint(&mut self, value: i64) {
        debug_assert!(self.len + len(value) <= N && len(value) <= MAX_LEN);
        let mut rest = zigzag(value);
        while rest >= 0x80 {
            self.byte(rest as u8 | 0x80);
            rest >>= 7;
        }
        self.byte(rest as u8);
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGES: [i64; 14] = [
        0,
        -1,
        1,
        63,
        -64,
        64,
        -65,
        8191,
        8192,
        i32::MAX as i64,
        i32::MIN as i64,
        i64::MAX - 1,
        i64::MAX,
        i64::MIN,
    ];

    #[test]
    fn the_length_said_is_the_length_written() {
        for value in EDGES {
            let mut run = Run::<10>::new();
            run.varint(value);
            assert_eq!(run.as_slice().len(), len(value), "{value}");
        }
    }

    #[test]
    fn zigzag_is_undone_by_unzigzag() {
        for value in EDGES {
            assert_eq!(unzigzag64(zigzag(value)), value);
        }
    }

    #[test]
    fn small_numbers_of_either_sign_take_one_byte() {
        let mut run = Run::<2>::new();
        run.varint(-1);
        run.varint(1);
        assert_eq!(run.as_slice(), [1, 2]);
    }
}
