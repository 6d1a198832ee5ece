//! Tables for people: two spaces in, a rule under the headings, no boxes.

use comfy_table::{Cell, CellAlignment, ContentArrangement, LineStyle, Table, presets};
use console::measure_text_width;

const INDENT: &str = "  ";

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table being filled.
#[derive(Debug)]
pub(crate) struct Sheet {
    headings: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    total: Option<Vec<String>>,
}

impl Sheet {
    /// An empty table of these columns.
    pub(crate) fn new(headings: &[(&str, Align)]) -> Self {
        Self {
            headings: headings.iter().map(|(name, align)| ((*name).to_owned(), *align)).collect(),
            rows: Vec::new(),
            total: None,
        }
    }

    /// An empty table without headings.
    pub(crate) fn without_headings(columns: usize) -> Self {
        Self::new(&vec![("", Align::Left); columns])
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Sets the row under the second rule.
    pub(crate) fn total(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.total = Some(cells.into_iter().map(Into::into).collect());
    }

    /// Whether there is nothing to show.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Keeps the first rows only; gives how many went.
    pub(crate) fn truncate(&mut self, rows_max: usize) -> usize {
        let cut = self.rows.len().saturating_sub(rows_max);
        self.rows.truncate(rows_max);
        cut
    }

    /// The table as text; `heading` styles the headings' line.
    /// Without a width, rows are as long as they are.
    pub(crate) fn render(&self, width: Option<u16>, heading: impl Fn(&str) -> String) -> String {
        let text = self.table(width).to_string();
        let lines = text.lines().map(str::trim_end).collect::<Vec<_>>();
        let rule = lines.iter().map(|line| measure_text_width(line)).max().unwrap_or_default();
        let mut out = Vec::new();
        // The headings never wrap: the rule, which comfy-table draws, ends them.
        let body_from = lines.iter().position(|line| line.starts_with('─')).unwrap_or_default();
        let totals = usize::from(self.total.is_some());
        for (position, line) in lines.iter().enumerate() {
            if totals == 1 && position + 1 == lines.len() {
                out.push(format!("{INDENT}{}", "─".repeat(rule)));
            }
            let styled = if position < body_from { heading(line) } else { (*line).to_owned() };
            out.push(format!("{INDENT}{styled}"));
        }
        out.join("\n")
    }

    fn table(&self, width: Option<u16>) -> Table {
        let style = presets::NOTHING.header_separator(LineStyle::none().fill('─').junction('─'));
        let mut table = Table::new();
        table.load_style(style);
        if self.headings.iter().any(|(name, _)| !name.is_empty()) {
            table.set_header(self.headings.iter().map(|(name, align)| cell(name, *align)));
        }
        for row in self.rows.iter().chain(&self.total) {
            let aligns = self.headings.iter().map(|(_, align)| *align);
            table.add_row(row.iter().zip(aligns).map(|(text, align)| cell(text, align)));
        }
        match width {
            Some(width) => {
                let indent = u16::try_from(INDENT.len()).unwrap_or_default();
                table.set_width(width.saturating_sub(indent));
                table.set_content_arrangement(ContentArrangement::Dynamic);
            }
            None => {
                table.set_content_arrangement(ContentArrangement::Disabled);
            }
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 1));
        }
        table
    }
}

fn cell(text: &str, align: Align) -> Cell {
    Cell::new(text).set_alignment(match align {
        Align::Left => CellAlignment::Left,
        Align::Right => CellAlignment::Right,
    })
}
