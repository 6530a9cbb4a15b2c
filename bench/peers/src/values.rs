//! What is published: as `samsa perf` has it, so that compressors find the same in it.

/// Bytes before the text repeats: more than LZ4 looks back.
const TEXT: usize = 128 << 10;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Values of one size, cut from one text that does not repeat within reach of a compressor.
#[derive(Debug)]
pub struct Values {
    text: Vec<u8>,
    size: usize,
    at: usize,
}

impl Values {
    /// Values of this size.
    pub fn new(size: usize) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let letter = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            ALPHABET[(state >> 58) as usize]
        };
        Self { text: std::iter::repeat_with(letter).take(TEXT + size).collect(), size, at: 0 }
    }

    /// The next one; there is no end.
    #[inline]
    pub fn next_value(&mut self) -> &[u8] {
        let value = &self.text[self.at..self.at + self.size];
        self.at += self.size;
        if self.at >= TEXT {
            self.at = 0;
        }
        value
    }
}
