//! The one place that writes to the terminal.

use std::io::{IsTerminal, Write};

use clap::builder::styling::{AnsiColor, Style};
use console::Term;
use serde::Serialize;

use super::{Meter, Sheet};

/// Below it, tables would be columns of single letters.
const WIDTH_MIN: u16 = 60;
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();

/// Where a command writes to, and for whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    json: bool,
    styled: bool,
    watched: bool,
    width: Option<u16>,
}

impl Console {
    /// For people, or for programs where `json` is set.
    pub(crate) fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        let width = Term::stdout().size_checked().map(|(_, width)| width);
        Self {
            json,
            styled: !plain && !dumb && std::io::stdout().is_terminal(),
            watched: !dumb && std::io::stderr().is_terminal(),
            width: width.map(|width| width.max(WIDTH_MIN)),
        }
    }

    /// The same, with tables no wider than `width`, even where nobody's terminal says so.
    pub(crate) fn within(self, width: u16) -> Self {
        Self { width: Some(self.width.map_or(width, |own| own.min(width))), ..self }
    }

    /// Whether the answer is to be a JSON document.
    pub(crate) fn wants_json(&self) -> bool {
        self.json
    }

    /// A sentence for people, on a line of its own; nothing where a program reads.
    pub(crate) fn say(&self, line: &str) {
        if !self.json {
            write_out(line);
        }
    }

    /// An aside: said, but not loudly.
    pub(crate) fn aside(&self, line: &str) {
        self.say(&self.style(DIM, line));
    }

    /// A heading with an empty line before it.
    pub(crate) fn heading(&self, line: &str) {
        self.say(&format!("\n{}", self.style(BOLD, line)));
    }

    /// A table, indented.
    pub(crate) fn sheet(&self, sheet: &Sheet) {
        if !self.json {
            let table = sheet.render(self.width, |heading| self.style(DIM, heading));
            write_out(&table);
        }
    }

    /// The one document that a program gets.
    pub(crate) fn document(&self, document: &impl Serialize) -> anyhow::Result<()> {
        if self.json {
            write_out(&serde_json::to_string_pretty(document)?);
        }
        Ok(())
    }

    /// Something that goes on beside the answer; on stderr, so that pipes stay clean.
    pub(crate) fn note(&self, line: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }

    /// An error with its causes.
    pub(crate) fn complain(&self, error: &anyhow::Error) {
        let word = if self.watched { format!("{RED}error{RED:#}") } else { "error".to_owned() };
        self.note(&format!("{word}: {}", with_causes(error)));
    }

    /// Progress of a piece of work: a bar on a terminal, a line now and then elsewhere.
    pub(crate) fn meter(&self, what: &'static str, total: Option<u64>) -> Meter {
        Meter::new(what, total, self.watched)
    }

    fn style(&self, style: Style, text: &str) -> String {
        if self.styled { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// A reader that went away, such as `head`, has all that it wants.
fn write_out(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// The causes in one line; a cause that only repeats what was said is left out.
fn with_causes(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}
