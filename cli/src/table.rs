//! Plain tables: columns apart by two blanks, a mark before each row, no lines.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use crate::out::{Look, Mark};

/// A table under construction. Its first column holds the marks.
pub(crate) struct Rows {
    look: Look,
    table: Table,
    marks: Vec<Option<Mark>>,
}

impl Rows {
    /// A table with these headings.
    pub(crate) fn new(look: Look, headings: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(std::iter::once("").chain(headings.iter().copied()));
        Self { look, table, marks: vec![None] }
    }

    /// The same with numbers: its columns from this one on, counted from 0 without the marks, stand to the right.
    pub(crate) fn right_from(mut self, column: usize) -> Self {
        for column in self.table.column_iter_mut().skip(column + 1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        self
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, mark: Mark, cells: impl IntoIterator<Item = String>) {
        self.table.add_row(std::iter::once(self.look.symbol(mark).to_owned()).chain(cells));
        self.marks.push(Some(mark));
    }

    /// The table as text, without blanks at line ends.
    pub(crate) fn text(mut self) -> String {
        let first = self.table.column_mut(0);
        if let Some(first) = first {
            first.set_padding((0, 1));
        }
        for column in self.table.column_iter_mut().skip(1) {
            column.set_padding((0, 2));
        }
        let lines = self.table.lines().zip(&self.marks).map(|(line, mark)| {
            let line = line.trim_end().to_owned();
            match mark {
                // Painted only now: a colour inside a cell would count as width.
                Some(mark) => {
                    let symbol = self.look.symbol(*mark);
                    line.strip_prefix(symbol).map_or_else(|| line.clone(), |rest| format!("{}{rest}", self.look.paint(*mark, symbol)))
                }
                None => line,
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_moves_no_column() {
        let text = |color| {
            let mut rows = Rows::new(Look { unicode: true, color }, &["REGION", "ANSWERS"]);
            rows.row(Mark::Good, ["eu-west-1".to_owned(), "serving".to_owned()]);
            rows.row(Mark::Bad, ["us-east-1".to_owned(), "ejected".to_owned()]);
            rows.text()
        };
        insta::assert_snapshot!(text(false), @"
          REGION     ANSWERS
        ✓ eu-west-1  serving
        ✗ us-east-1  ejected
        ");
        assert_eq!(anstream::adapter::strip_str(&text(true)).to_string(), text(false));
        assert_ne!(text(true), text(false));
    }
}
