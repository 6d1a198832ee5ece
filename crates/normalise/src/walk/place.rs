//! Putting one value into the row at hand: its column, a new one, or the overflow.

use std::ops::Range;

use super::{Record, Stop, Walk};
use crate::ColumnType;
use crate::draft::Draft;
use crate::plan::{Home, NoHome, NodeId};
use crate::pointer::Pointer;
use crate::summary::NoticeKind;
use crate::value::{Reading, Value};

impl Walk {
    /// Places a value in the first of its field's columns that holds it exactly, or in a new one.
    pub(super) fn place(
        &mut self,
        node: NodeId,
        value: Value<'_>,
        raw: Range<usize>,
    ) -> Result<(), Stop> {
        let declared = self.plan.declared(node);
        let reading = Reading::Field { declared };
        for home in self.plan.homes(node) {
            if set(&mut self.draft, self.passage_above, *home, value, raw.clone(), reading) {
                return Ok(());
            }
        }
        let Some(natural) = value.natural_type() else {
            return Ok(());
        };
        let mut of = natural;
        // A declared type is the main column's even where the first value is not of it: else the
        // order of arrival would decide.
        if let Some(declared) = declared.filter(|_| self.plan.homes(node).is_empty()) {
            if fits(value, declared) {
                of = declared;
            } else if let Err(reason) = self.plan.add_home(node, declared) {
                return self.homeless(node, value, raw, reason);
            }
        }
        self.place_anew(node, value, raw, of, reading)
    }

    /// Places a record or item that is no object (or too wide an object) as JSON in `value`.
    pub(super) fn place_document(
        &mut self,
        node: NodeId,
        value: Value<'_>,
        raw: Range<usize>,
    ) -> Result<(), Stop> {
        for home in self.plan.homes(node) {
            let reading = Reading::Document;
            if set(&mut self.draft, self.passage_above, *home, value, raw.clone(), reading) {
                return Ok(());
            }
        }
        let of = value.document_type();
        self.place_anew(node, value, raw, of, Reading::Document)
    }

    fn place_anew(
        &mut self,
        node: NodeId,
        value: Value<'_>,
        raw: Range<usize>,
        of: ColumnType,
        reading: Reading,
    ) -> Result<(), Stop> {
        match self.plan.add_home(node, of) {
            Ok(placed) => {
                let table = self.plan.node(node).map_or(0, |node| node.table);
                if placed.widened {
                    self.widen_rows(table, placed.home.column);
                }
                let of = self.column_type(table, placed.home.column).unwrap_or(of);
                let home = Home { of, ..placed.home };
                set(&mut self.draft, self.passage_above, home, value, raw, reading);
                Ok(())
            }
            Err(reason) => self.homeless(node, value, raw, reason),
        }
    }

    /// A value that can have no column: the contract or a bound says what becomes of it.
    pub(super) fn homeless(
        &mut self,
        node: NodeId,
        value: Value<'_>,
        raw: Range<usize>,
        reason: NoHome,
    ) -> Result<(), Stop> {
        match reason {
            NoHome::Frozen if value.is_empty_container() && self.plan.has_parts(node) => {
                self.notice(NoticeKind::Discarded, node);
            }
            NoHome::Frozen => return Err(Stop::frozen(self.plan.violation(node, value), raw)),
            NoHome::Discarded => self.notice(NoticeKind::Discarded, node),
            NoHome::ColumnLimit | NoHome::TableLimit | NoHome::Nowhere => {
                self.notice(NoticeKind::ColumnLimit, node);
                self.overflow(node, value.raw);
            }
        }
        Ok(())
    }

    pub(super) fn overflow(&mut self, node: NodeId, raw: &[u8]) {
        let path = self.plan.node(node).map_or_else(String::new, |node| node.path.to_string());
        self.draft.overflow.push((path, raw.to_vec()));
    }

    /// A member whose name can't name a column: its path is written with the name as it stands.
    pub(super) fn overflow_unplanned(
        &mut self,
        record: Record<'_>,
        node: NodeId,
        name: usize,
        value: usize,
    ) -> Result<(), Stop> {
        self.notice(NoticeKind::ColumnLimit, node);
        let name = record.value(name).map_or(&[][..], |name| name.raw);
        let name = name.get(1..name.len().saturating_sub(1)).unwrap_or_default();
        let mut path = self.plan.node(node).map_or_else(String::new, |node| node.path.to_string());
        Pointer::push_token(&mut path, "");
        let mut path = escape(&path);
        // The name's own escapes stay, as no text could hold what they mean; but `/` and `~` are a
        // pointer's own.
        let name = String::from_utf8_lossy(name);
        path.push_str(&unescape_slashes(&name).replace('~', "~0").replace('/', "~1"));
        let raw = record.value(value).map_or(&[][..], |value| value.raw);
        self.draft.overflow.push((format!("\"{path}\""), raw.to_vec()));
        Ok(())
    }

    /// Moves cells of too wide a row to the overflow.
    pub(super) fn narrow(&mut self, record: Record<'_>, table: usize) {
        let columns = self.plan.schema().tables.get(table).map_or(&[][..], |table| &table.columns);
        let of = |column: usize| columns.get(column).map(|column| column.of);
        let moved = self.draft.narrow(self.plan.limits().max_row_bytes, of);
        for (column, raw) in moved {
            let schema = self.plan.schema();
            let column = schema.tables.get(table).and_then(|table| table.columns.get(column));
            let Some(path) = column.map(|column| column.path.clone()) else {
                continue;
            };
            let raw = record.json.get(raw).unwrap_or_default().to_vec();
            self.note(NoticeKind::WideRow, path.clone());
            self.draft.overflow.push((path, raw));
        }
    }

    /// Writes what has no column of its own into `_overflow`: `{"<pointer>": [values…]}`.
    pub(super) fn place_overflow(&mut self, table: usize) -> Result<(), Stop> {
        if self.plan.standing_overflow(table).is_none() {
            self.allow_overflow()?;
        }
        if self.draft.overflow.is_empty() {
            return Ok(());
        }
        let mut overflow = std::mem::take(&mut self.draft.overflow);
        // Values of one path stay in the order in which they stood.
        overflow.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut json = Vec::new();
        let mut current: Option<&str> = None;
        for (path, raw) in &overflow {
            if current == Some(path.as_str()) {
                json.push(b',');
            } else {
                json.extend_from_slice(if current.is_some() { b"]," } else { b"{" });
                let quoted = if path.starts_with('"') { path.clone() } else { quote(path) };
                json.extend_from_slice(quoted.as_bytes());
                json.extend_from_slice(b":[");
            }
            json.extend_from_slice(raw);
            current = Some(path);
        }
        json.extend_from_slice(b"]}");
        if let Ok(column) = self.plan.overflow(table) {
            self.draft.try_set(column, 0..0, |out| {
                out.extend_from_slice(&json);
                true
            });
        }
        Ok(())
    }

    /// A column for the overflow is a change like any other: asked of each field that needs it.
    fn allow_overflow(&mut self) -> Result<(), Stop> {
        for (path, raw) in std::mem::take(&mut self.draft.overflow) {
            // A name that can't name a column is already written as JSON.
            match self.plan.may_change(path.trim_matches('"')) {
                Err(NoHome::Frozen) => {
                    return Err(Stop::frozen(
                        self.plan.violation_at(&path, "value that only `_overflow` can hold", &raw),
                        0..0,
                    ));
                }
                Err(NoHome::Discarded) => self.note(NoticeKind::Discarded, path),
                _ => self.draft.overflow.push((path, raw)),
            }
        }
        Ok(())
    }
}

/// Lets the row at hand have a value in a column, if the column's type holds it. One that is longer
/// than `passage_above` and stands there as it is written is not copied.
fn set(
    draft: &mut Draft,
    passage_above: usize,
    home: Home,
    value: Value<'_>,
    raw: Range<usize>,
    reading: Reading,
) -> bool {
    if raw.len() > passage_above
        && let Some(head) = value.head_of_raw(home.of, reading)
    {
        draft.set_passage(home.column, raw, head);
        return true;
    }
    draft.try_set(home.column, raw, |out| value.encode_by(reading, home.of, out))
}

fn fits(value: Value<'_>, of: ColumnType) -> bool {
    let reading = Reading::Field { declared: Some(of) };
    value.head_of_raw(of, reading).is_some() || value.encode_declared(of, &mut Vec::new())
}

/// The inside of a JSON string with `/` and `~` plain, as a pointer escapes them in its own way, and
/// all other escapes as they stand.
fn unescape_slashes(inside: &str) -> String {
    let mut plain = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next()) {
            ('\\', Some('/')) => {}
            ('\\', Some('u')) if let Some(syntax) = pointer_syntax(characters.as_str()) => {
                plain.push(syntax);
                characters.nth(4);
            }
            ('\\', Some(escaped)) => {
                plain.extend([character, escaped]);
                characters.next();
            }
            _ => plain.push(character),
        }
    }
    plain
}

/// The `/` or `~` that a text starting with `uXXXX` stands for.
fn pointer_syntax(escape: &str) -> Option<char> {
    match escape.get(1..5)?.to_ascii_lowercase().as_str() {
        "002f" => Some('/'),
        "007e" => Some('~'),
        _ => None,
    }
}

/// `text` as a JSON string.
pub(crate) fn quote(text: &str) -> String {
    format!("\"{}\"", escape(text))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 2);
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            control if control < ' ' => escaped.push_str(&format!("\\u{:04x}", control as u32)),
            other => escaped.push(other),
        }
    }
    escaped
}
