//! Where something stands in the decompressed object, for people: byte, line, column.

use memchr::memchr_iter;

/// A place in the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes before it, a byte order mark included.
    pub(crate) offset: u64,
    /// From 1.
    pub(crate) line: u64,
    /// In bytes, from 1.
    pub(crate) column: u64,
}

impl Place {
    /// The object's first byte.
    pub(crate) const START: Self = Self { offset: 0, line: 1, column: 1 };

    /// The place behind `bytes`, which begin at this place.
    pub(crate) fn after(self, bytes: &[u8]) -> Self {
        let length = bytes.len() as u64;
        let mut line = self.line;
        let mut last = None;
        for newline in memchr_iter(b'\n', bytes) {
            line += 1;
            last = Some(newline as u64);
        }
        let column = last.map_or(self.column + length, |newline| length - newline);
        Self { offset: self.offset + length, line, column }
    }

    /// This place, which was counted from `base`, counted from where `base` is counted.
    pub(crate) fn from(self, base: &Self) -> Self {
        let column = if self.line == 1 { base.column + self.column - 1 } else { self.column };
        Self { offset: base.offset + self.offset, line: base.line + self.line - 1, column }
    }
}
