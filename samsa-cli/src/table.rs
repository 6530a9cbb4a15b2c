//! Columns for people.

use std::io::{self, Write};

/// Rows under a heading, in columns as wide as their widest cell.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(heading: [&str; N]) -> Self {
        Self { rows: vec![heading.map(str::to_owned)] }
    }

    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let width =
            |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; N] = std::array::from_fn(width);
        for row in &self.rows {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
            writeln!(to, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_have_no_blank_end() {
        let mut table = Table::new(["id", "host", "rack"]);
        table.row(["1".into(), "kafka-1".into(), String::new()]);
        table.row(["1001".into(), "k2".into(), "b".into()]);
        let mut written = Vec::new();
        table.write(&mut written).unwrap();
        let written = String::from_utf8(written).unwrap();
        assert_eq!(written, "id    host     rack\n1     kafka-1\n1001  k2       b\n");
    }
}
