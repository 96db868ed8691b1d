//! Tables of text for a terminal.
//!
//! Owns the width of the columns. Runs on main.

use std::fmt;

/// The alignment of a column: left for names, right for numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Padded on the right.
    Left,
    /// Padded on the left.
    Right,
}

/// A heading and its rows.
#[derive(Clone, Debug)]
pub struct Table {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

/// The blanks between two columns.
const GAP: &str = "  ";

impl Table {
    /// An empty table with these headings.
    pub fn new<const N: usize>(headings: [(&str, Align); N]) -> Self {
        Table {
            aligns: headings.iter().map(|(_, align)| *align).collect(),
            rows: vec![
                headings
                    .iter()
                    .map(|(name, _)| (*name).to_owned())
                    .collect(),
            ],
        }
    }

    /// Adds a row with one cell for each heading.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        assert_eq!(N, self.aligns.len(), "a cell for each heading");
        self.rows.push(cells.into());
    }

    fn width(&self, column: usize) -> usize {
        let widths = self.rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    }
}

/// One line for each row, without trailing blanks.
impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.aligns.len()).map(|at| self.width(at)).collect();
        for row in &self.rows {
            let cells = row.iter().zip(&self.aligns).zip(&widths);
            let cells = cells.map(|((cell, align), &width)| match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            });
            let line = cells.collect::<Vec<_>>().join(GAP);
            writeln!(out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new([
            ("NAME", Align::Left),
            ("N", Align::Right),
            ("MORE", Align::Left),
        ]);
        table.row(["ä".to_owned(), "100".to_owned(), String::new()]);
        table.row(["longer".to_owned(), "7".to_owned(), "x".to_owned()]);
        let expected = "NAME      N  MORE\nä       100\nlonger    7  x\n";
        assert_eq!(table.to_string(), expected);
    }
}
