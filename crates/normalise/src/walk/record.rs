//! A record as the walk sees it, and why one stops its object.

use std::ops::Range;

use landing::Violation;

use crate::ErrorKind;
use crate::json::{Kind, Tape, has_twins, unescape};
use crate::value::Value;

/// A record as the walk sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) json: &'a [u8],
    pub(crate) tape: &'a Tape,
}

impl<'a> Record<'a> {
    pub(crate) fn value(&self, index: usize) -> Option<Value<'a>> {
        self.tape.get(index).map(|token| Value::new(self.json, token))
    }

    /// The value as one whole that becomes no columns: what `jsonb` would not keep exactly, or is
    /// longer than `max_jsonb_bytes`, is taken verbatim.
    pub(crate) fn whole(&self, index: usize, max_jsonb_bytes: usize) -> Option<Value<'a>> {
        let value = self.value(index)?;
        let is_container = matches!(value.kind, Kind::Object | Kind::Array);
        let is_verbatim = value.raw.len() > max_jsonb_bytes
            || is_container && has_twins(self.json, self.tape, index);
        Some(if is_verbatim { value.verbatim() } else { value })
    }

    /// The name at `index`, unescaped.
    pub(crate) fn name(&self, index: usize) -> String {
        let inside = self.tape.get(index).map_or(&[][..], |name| name.inner(self.json));
        String::from_utf8_lossy(unescape(inside, &mut Vec::new())).into_owned()
    }

    /// Whether nothing, or null, stands at `index`.
    pub(crate) fn is_null(&self, index: usize) -> bool {
        self.tape.get(index).is_none_or(|token| token.kind == Kind::Null)
    }

    pub(super) fn range(&self, index: usize) -> Range<usize> {
        self.tape.get(index).map_or(0..0, |token| token.start as usize..token.end as usize)
    }
}

/// Why a record stops the object.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(crate) kind: ErrorKind,
    /// What happened and what to do.
    pub(crate) message: String,
    /// Where in the record; empty where the value is from around it.
    pub(crate) at: Range<usize>,
    pub(crate) violation: Option<Box<Violation>>,
}
