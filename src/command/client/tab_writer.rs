//! Columns of text whose cells end with tabs, aligned as Go's `text/tabwriter` aligns them.
//!
//! Owns the widths: a column is a run of lines that have a cell there, and is as wide as its widest cell and
//! two blanks. Text behind the last tab of a line belongs to no column. Pure; runs on main.

/// The blanks between two columns.
const PADDING: usize = 2;

/// `text` with its tabs replaced by blanks.
pub fn align(text: &str) -> String {
    let lines: Vec<Vec<&str>> = text
        .split('\n')
        .map(|line| line.split('\t').collect())
        .collect();
    let mut aligned = Aligned {
        lines: &lines,
        widths: Vec::new(),
        out: String::with_capacity(text.len() * 2),
    };
    aligned.write(0, lines.len());
    aligned.out
}

struct Aligned<'t> {
    lines: &'t [Vec<&'t str>],
    /// The widths of the columns to the left of the one that is being measured.
    widths: Vec<usize>,
    out: String,
}

impl Aligned<'_> {
    /// Writes the lines from `first` to before `end`, whose columns so far have the known widths.
    fn write(&mut self, first: usize, end: usize) {
        let column = self.widths.len();
        let has_cell = |line: &Vec<&str>| column + 1 < line.len();
        let (mut unwritten, mut at) = (first, first);
        while at < end {
            if !has_cell(&self.lines[at]) {
                at += 1;
                continue;
            }
            self.write_plain(unwritten, at);
            let block = self.lines[at..end].iter().take_while(|line| has_cell(line));
            let widths = block.map(|line| line[column].chars().count() + PADDING);
            let (count, width) =
                widths.fold((0, 0), |(count, most), width| (count + 1, most.max(width)));
            self.widths.push(width);
            self.write(at, at + count);
            self.widths.pop();
            at += count;
            unwritten = at;
        }
        self.write_plain(unwritten, end);
    }

    /// Writes lines all of whose cells have known widths.
    fn write_plain(&mut self, first: usize, end: usize) {
        for at in first..end {
            for (column, cell) in self.lines[at].iter().enumerate() {
                self.out.push_str(cell);
                if let Some(width) = self.widths.get(column) {
                    let blanks = width.saturating_sub(cell.chars().count());
                    self.out.extend(std::iter::repeat_n(' ', blanks));
                }
            }
            if at + 1 < self.lines.len() {
                self.out.push('\n');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::align;

    #[test]
    fn a_column_is_as_wide_as_its_widest_cell_and_two_blanks() {
        let text = "Name\tNotes\tState\t\nä\t\tactive\t\nlonger\t\tx\t\n";
        let expected =
            "Name    Notes  State   \nä              active  \nlonger         x       \n";
        assert_eq!(align(text), expected);
    }

    #[test]
    fn text_behind_the_last_tab_belongs_to_no_column() {
        let text = "Status:\tready\nName:\tx\n\nAddress\tName\n127.0.0.1:9\ta\t\n";
        let expected = "Status:  ready\nName:    x\n\nAddress      Name\n127.0.0.1:9  a  \n";
        assert_eq!(align(text), expected);
    }

    #[test]
    fn a_tab_or_a_line_break_within_a_cell_makes_columns_of_its_own() {
        let text = "A\tB\t\nlong long\tx\ty\t\na\tb\t\n1\n2\t3\t\n";
        let expected = "A          B  \nlong long  x  y  \na          b  \n1\n2  3  \n";
        assert_eq!(align(text), expected);
    }
}
