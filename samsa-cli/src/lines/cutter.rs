//! From blocks, as they are read, to whole lines.

use super::Piece;

#[derive(Debug)]
pub(super) struct Cutter {
    longest: usize,
    /// The beginning of a line.
    held: Vec<u8>,
    /// Within a line that is too long.
    skipping: bool,
}

impl Cutter {
    pub(super) fn new(longest: usize) -> Self {
        Self { longest, held: Vec::new(), skipping: false }
    }

    /// The beginning of a line is held, of which nothing was said yet.
    pub(super) fn is_within_a_line(&self) -> bool {
        !self.held.is_empty()
    }

    /// Takes what was read, and gives the whole lines that there are now.
    pub(super) fn cut(&mut self, mut block: &[u8]) -> Option<Piece> {
        if self.skipping {
            let end = block.iter().position(|byte| *byte == b'\n');
            block = end.map_or(&[], |end| &block[end + 1..]);
            self.skipping = end.is_none();
        }
        let Some(end) = block.iter().rposition(|byte| *byte == b'\n') else {
            self.held.extend(block);
            return self.give_up_on_what_is_too_long();
        };
        let (whole, rest) = block.split_at(end + 1);
        let mut lines = std::mem::take(&mut self.held);
        lines.extend(whole);
        self.held.extend(rest);
        Some(Piece::Lines(lines))
    }

    fn give_up_on_what_is_too_long(&mut self) -> Option<Piece> {
        self.skipping = self.skipping || self.held.len() > self.longest;
        (self.held.len() > self.longest).then(|| {
            self.held = Vec::new();
            Piece::TooLong
        })
    }

    /// The input has ended: what it has of a line is the last one.
    pub(super) fn end(&mut self) -> Option<Piece> {
        let last = std::mem::take(&mut self.held);
        (!last.is_empty()).then_some(Piece::Lines(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(blocks: &[&[u8]], longest: usize) -> Vec<Piece> {
        let mut cutter = Cutter::new(longest);
        let mut pieces: Vec<_> = blocks.iter().filter_map(|block| cutter.cut(block)).collect();
        pieces.extend(cutter.end());
        pieces
    }

    fn lines(text: &[u8]) -> Piece {
        Piece::Lines(text.to_vec())
    }

    #[test]
    fn lines_come_whole_however_the_input_is_cut() {
        let pieces = pieces(&[b"a\nb", b"b", b"b\nc\n", b"d"], 100);
        assert_eq!(pieces, [lines(b"a\n"), lines(b"bbb\nc\n"), lines(b"d")]);
    }

    #[test]
    fn a_line_that_is_too_long_is_told_in_its_place_and_not_kept() {
        let pieces = pieces(&[b"a\nbbbb", b"bbbbb", b"bbbb", b"b\nc\nd", b"\n"], 8);
        assert_eq!(pieces, [lines(b"a\n"), Piece::TooLong, lines(b"c\n"), lines(b"d\n")]);
    }

    #[test]
    fn a_line_that_is_too_long_may_be_the_last() {
        assert_eq!(pieces(&[b"bbbb", b"bbbbb", b"b"], 8), [Piece::TooLong]);
        assert_eq!(pieces(&[b"bbbb", b"bbbbb", b"b\n"], 8), [Piece::TooLong]);
    }

    #[test]
    fn an_empty_input_has_no_lines() {
        assert_eq!(pieces(&[], 8), []);
    }

    #[test]
    fn it_is_within_a_line_whose_beginning_it_holds_and_has_not_told() {
        let mut cutter = Cutter::new(8);
        cutter.cut(b"a\nb");
        assert!(cutter.is_within_a_line());
        cutter.cut(b"\n");
        assert!(!cutter.is_within_a_line());
        cutter.cut(b"more than eight");
        assert!(!cutter.is_within_a_line(), "it was told as too long");
    }
}
