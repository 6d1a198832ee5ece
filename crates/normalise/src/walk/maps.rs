//! Maps keyed by ids: which objects are maps, and the column for the names of their members.
//!
//! Only the value itself and the configuration decide, never what came before: so any order of
//! arrival gives the same rows.

use super::{Deferred, Item, Record, Stop, Walk};
use crate::json::temporal::{self, Temporal};
use crate::json::{Kind, Token, unescape};
use crate::plan::{NoHome, NodeId};
use crate::summary::NoticeKind;

/// What becomes of an object with members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Its names name columns.
    Columns,
    /// It is a map: each member is a row of a child table.
    Rows,
    /// It is a map of scalars and arrays: one value, as an array of them is.
    Whole,
}

impl Walk {
    /// How the object at `index` is read.
    pub(super) fn reading(&mut self, record: Record<'_>, node: NodeId, index: usize) -> Reading {
        let is_declared = self.plan.node(node).is_some_and(|node| node.is_map);
        if is_declared {
            return if has_names_of_text(record, index) { Reading::Rows } else { Reading::Whole };
        }
        if !self.has_ids(record, index) {
            return Reading::Columns;
        }
        let has_object = record.tape.get(index).is_some_and(Token::has_object);
        if has_object { Reading::Rows } else { Reading::Whole }
    }

    pub(super) fn has_ids(&mut self, record: Record<'_>, index: usize) -> bool {
        has_ids(record, index, &mut self.scratch)
    }

    /// The column for the keys of what was set aside; none for an array, or where the contract
    /// leaves it out.
    pub(super) fn map_key(
        &mut self,
        record: Record<'_>,
        set_aside: Deferred,
    ) -> Result<Option<usize>, Stop> {
        let container = record.tape.get(set_aside.container);
        if container.is_none_or(|container| container.kind != Kind::Object) {
            return Ok(None);
        }
        let reason = match self.plan.map_key(set_aside.table) {
            Ok(column) => return Ok(Some(column)),
            Err(reason) => reason,
        };
        let table = self.plan.schema().tables.get(set_aside.table);
        let path = table.map_or_else(String::new, |table| table.path.clone());
        if reason == NoHome::Frozen {
            let raw = container.map_or(&[][..], |container| container.raw(record.json));
            let violation = self.plan.violation_at(&path, "map", raw);
            return Err(Stop::frozen(violation, record.range(set_aside.container)));
        }
        self.note(NoticeKind::Discarded, path);
        Ok(None)
    }

    /// Puts the member's name into the row at hand.
    pub(super) fn set_map_key(&mut self, record: Record<'_>, item: Item) {
        let (Some(name), Some(column)) = (item.name, item.key_column) else {
            return;
        };
        let inside = record.tape.get(name).map_or(&[][..], |name| name.inner(record.json));
        let key = unescape(inside, &mut self.scratch);
        self.draft.try_set(column, 0..0, |out| {
            out.extend_from_slice(key);
            true
        });
    }
}

/// Whether the object at `index` has members, and ids for all their names.
pub(crate) fn has_ids(record: Record<'_>, index: usize, scratch: &mut Vec<u8>) -> bool {
    let mut names = record.tape.members(index).peekable();
    names.peek().is_some()
        && names.all(|(name, _)| {
            let inside = record.tape.get(name).map_or(&[][..], |name| name.inner(record.json));
            is_id(unescape(inside, scratch))
        })
}

/// Whether `text` can hold all names of the object at `index`.
fn has_names_of_text(record: Record<'_>, index: usize) -> bool {
    let mut names = record.tape.members(index);
    names.all(|(name, _)| record.tape.get(name).is_some_and(|name| !name.is_unrepresentable()))
}

/// Whether a name is one that makes a map of its object, where all others are such too.
pub fn is_map_key(name: &str) -> bool {
    is_id(name.as_bytes())
}

/// Whether a name is an id: decimal digits, a UUID, or a date that the calendar knows.
fn is_id(name: &[u8]) -> bool {
    let is_number = !name.is_empty() && name.iter().all(u8::is_ascii_digit);
    is_number || is_uuid(name) || matches!(temporal::infer(name), Some(Temporal::Date(_)))
}

/// Source: RFC 9562, section 4: 8-4-4-4-12 hexadecimal digits.
fn is_uuid(name: &[u8]) -> bool {
    let is_hyphen = |place: usize| matches!(place, 8 | 13 | 18 | 23);
    name.len() == 36
        && name.iter().enumerate().all(|(place, byte)| match is_hyphen(place) {
            true => *byte == b'-',
            false => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn digits_uuids_and_dates_are_ids() {
        for (name, expected) in [
            ("0", true),
            ("007", true),
            ("123456789012345678901234567890", true),
            ("2026-11-01", true),
            ("01890a5d-ac96-774b-bcce-b302099a8057", true),
            ("01890A5D-AC96-774B-BCCE-B302099A8057", true),
            ("", false),
            ("-1", false),
            ("1.5", false),
            ("2026-02-29", false),
            ("2026-11-01T00:00:00", false),
            ("01890a5d-ac96-774b-bcce-b302099a805", false),
            ("01890a5d-ac96-774b-bcce-b302099a805g", false),
            ("01890a5dxac96-774b-bcce-b302099a8057", false),
            ("\u{0661}", false),
            ("id1", false),
        ] {
            assert_eq!(is_id(name.as_bytes()), expected, "{name}");
        }
    }
}
