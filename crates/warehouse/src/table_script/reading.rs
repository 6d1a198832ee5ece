//! Reads a table script back: the lines for the catalog, and its statements apart from comments
//! and blanks, so that a reviewed script can be compared with what Riacho renders from its lines.
//!
//! Source: PostgreSQL documentation, "Lexical Structure".

use super::line::{Line, MARK};

/// Why a script can't be applied.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// A line for the catalog can't be read.
    #[error(
        "line {line} of the script can't be used: {message}; write the script anew with `riacho schema sql`"
    )]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is amiss.
        message: String,
    },
    /// It has no such lines.
    #[error(
        "it is no table script: no line begins with `-- riacho`; write one with `riacho schema sql`"
    )]
    NoScript,
    /// Its statements are not those that its lines lead to.
    #[error(
        "statement {number} of the script is {found}, where its lines for the catalog ask for {expected}; only comments, blanks and COMMENT ON may be added"
    )]
    Altered {
        /// Counted from 1, COMMENT ON left out.
        number: usize,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// The tables changed since it was written.
    #[error(
        "the script starts from version {written} of the catalog of `{source_name}` / `{endpoint}`, which is at {found}; write it anew with `riacho schema sql`"
    )]
    Moved {
        /// The source.
        source_name: String,
        /// The endpoint.
        endpoint: String,
        /// The version that it starts from.
        written: i64,
        /// The version now.
        found: i64,
    },
    /// The configured key changed since it was written.
    #[error(
        "the script is for `{source_name}` / `{endpoint}` with the key {written}, and {configured} is configured; write it anew with `riacho schema sql`"
    )]
    Key {
        /// The source.
        source_name: String,
        /// The endpoint.
        endpoint: String,
        /// The key that it was written for.
        written: String,
        /// The key now.
        configured: String,
    },
}

/// A script that was read.
#[derive(Debug, Clone)]
pub struct TableScript {
    pub(super) parts: Vec<ReadPart>,
    /// Its statements but COMMENT ON, each in one line.
    pub(super) statements: Vec<String>,
    /// COMMENT ON, as they stand.
    pub(super) comments: Vec<String>,
}

/// What a script says of one endpoint.
#[derive(Debug, Clone)]
pub(super) struct ReadPart {
    pub(super) source: String,
    pub(super) endpoint: String,
    pub(super) catalog_version: i64,
    pub(super) key: Vec<String>,
    /// Its changes, each with the number of its line.
    pub(super) lines: Vec<(usize, Line)>,
}

impl TableScript {
    /// Reads a script.
    pub fn parse(text: &str) -> Result<Self, ScriptError> {
        let mut script = Self { parts: Vec::new(), statements: Vec::new(), comments: Vec::new() };
        let mut statement = Statement::default();
        for piece in pieces(text) {
            match piece {
                Piece::LineComment { line, text } => {
                    if let Some(json) = text.strip_prefix(MARK) {
                        script.take_line(line, json)?;
                    }
                    statement.blank();
                }
                Piece::Blank => statement.blank(),
                Piece::Code(text) => statement.push(text),
                Piece::End => script.take_statement(std::mem::take(&mut statement)),
            }
        }
        script.take_statement(statement);
        if script.parts.is_empty() { Err(ScriptError::NoScript) } else { Ok(script) }
    }

    /// The endpoints that it is about: source and endpoint.
    pub fn endpoints(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.iter().map(|part| (part.source.as_str(), part.endpoint.as_str()))
    }

    fn take_line(&mut self, line: usize, json: &str) -> Result<(), ScriptError> {
        let wrong = |message: String| ScriptError::Line { line, message };
        let read = serde_json::from_str(json).map_err(|error| wrong(error.to_string()))?;
        if let Line::Endpoint { source, endpoint, catalog_version, key } = read {
            let lines = Vec::new();
            self.parts.push(ReadPart { source, endpoint, catalog_version, key, lines });
            return Ok(());
        }
        let part = self.parts.last_mut();
        let part = part.ok_or_else(|| wrong("no endpoint is named before it".to_owned()))?;
        part.lines.push((line, read));
        Ok(())
    }

    fn take_statement(&mut self, statement: Statement) {
        let text = statement.text.trim().to_owned();
        let begins =
            |words: &str| text.get(..words.len()).is_some_and(|t| t.eq_ignore_ascii_case(words));
        if begins("comment on ") {
            self.comments.push(text);
        } else if !text.is_empty() {
            self.statements.push(text);
        }
    }
}

/// The statements of a rendered text, in the form in which those of a script are compared.
pub(super) fn in_one_line(sql: &str) -> String {
    let mut statement = Statement::default();
    for piece in pieces(sql) {
        match piece {
            Piece::Code(text) => statement.push(text),
            Piece::LineComment { .. } | Piece::Blank | Piece::End => statement.blank(),
        }
    }
    statement.text.trim().to_owned()
}

/// A statement in which all blanks and comments between two tokens are one blank.
#[derive(Debug, Default)]
struct Statement {
    text: String,
}

impl Statement {
    fn push(&mut self, code: &str) {
        self.text.push_str(code);
    }

    fn blank(&mut self) {
        if !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }
}

/// What a script is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    /// `--` to the end of the line, without the dashes.
    LineComment { line: usize, text: &'a str },
    /// White space, or a comment of the other kind.
    Blank,
    /// A quoted text or name as a whole, or one character of what is not quoted.
    Code(&'a str),
    /// A semicolon.
    End,
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(first) = rest.chars().next() {
        let (piece, length) = if rest.starts_with("--") {
            let length = rest.find('\n').unwrap_or(rest.len());
            let comment = rest.get(2..length).unwrap_or_default().trim_end_matches('\r');
            (Piece::LineComment { line, text: comment }, length)
        } else if rest.starts_with("/*") {
            (Piece::Blank, block_comment(rest))
        } else if first == '\'' || first == '"' {
            let length = quoted(rest, first);
            (Piece::Code(rest.get(..length).unwrap_or(rest)), length)
        } else if first == ';' {
            (Piece::End, 1)
        } else if first.is_whitespace() {
            (Piece::Blank, first.len_utf8())
        } else {
            (Piece::Code(rest.get(..first.len_utf8()).unwrap_or(rest)), first.len_utf8())
        };
        let (taken, left) = rest.split_at_checked(length).unwrap_or((rest, ""));
        line += taken.matches('\n').count();
        pieces.push(piece);
        rest = left;
    }
    pieces
}

/// The length of what is quoted at the start; a doubled quote does not end it.
fn quoted(text: &str, quote: char) -> usize {
    let mut inside = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = inside.next() {
        if character != quote {
            continue;
        }
        if inside.peek().is_some_and(|(_, next)| *next == quote) {
            inside.next();
        } else {
            return at + 1;
        }
    }
    text.len()
}

/// The length of the comment at the start; they nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0_usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let step = if rest.starts_with("/*") {
            depth += 1;
            2
        } else if rest.starts_with("*/") {
            depth = depth.saturating_sub(1);
            2
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        at += step;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}
