//! What `samsa perf publish` writes: text that does not repeat within reach of a compressor, made once.

/// Bytes before the text repeats: more than LZ4 looks back.
const TEXT: usize = 128 << 10;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Values of one size, cut from one text.
#[derive(Debug)]
pub(super) struct Values {
    text: Vec<u8>,
    size: usize,
}

impl Values {
    pub(super) fn new(size: usize) -> Self {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let letter = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            ALPHABET[(state >> 58) as usize]
        };
        Self { text: std::iter::repeat_with(letter).take(TEXT + size).collect(), size }
    }

    /// One value after the other, without end.
    pub(super) fn cycle(&self) -> Cycle<'_> {
        Cycle { values: self, at: 0 }
    }
}

pub(super) struct Cycle<'a> {
    values: &'a Values,
    at: usize,
}

impl<'a> Cycle<'a> {
    #[inline]
    pub(super) fn next(&mut self) -> &'a [u8] {
        let Values { text, size } = self.values;
        let value = &text[self.at..self.at + size];
        self.at += size;
        if self.at >= TEXT {
            self.at = 0;
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_size_and_differ_from_their_neighbours() {
        for size in [8, 100, TEXT - 1] {
            let values = Values::new(size);
            let mut cycle = values.cycle();
            let mut before = cycle.next();
            for _ in 0..5000 {
                let value = cycle.next();
                assert!(value.len() == size && value != before, "{size}");
                before = value;
            }
        }
    }

    #[test]
    fn a_value_may_be_empty_or_longer_than_the_text() {
        for size in [0, TEXT, 3 * TEXT] {
            let values = Values::new(size);
            let mut cycle = values.cycle();
            assert_eq!((cycle.next().len(), cycle.next().len()), (size, size));
        }
    }
}
