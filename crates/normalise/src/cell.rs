//! One field of a binary COPY tuple: a 32-bit length and the value, or -1 for NULL.

/// Bytes of the length.
pub(crate) const LENGTH: usize = 4;
pub(crate) const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// Writes one field: `value` appends the bytes, the length is set afterwards.
#[inline]
pub(crate) fn write(out: &mut Vec<u8>, value: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; LENGTH]);
    value(out);
    let length = i32::try_from(out.len() - start - LENGTH).unwrap_or(i32::MAX);
    if let Some(place) = out.get_mut(start..start + LENGTH) {
        place.copy_from_slice(&length.to_be_bytes());
    }
}

/// The first field of `fields` with its length, as far as it is held there: one that ends in a passage
/// of a text is held as far as `passage`.
pub(crate) fn held(fields: &[u8], passage: Option<usize>) -> &[u8] {
    let length = fields.first_chunk::<LENGTH>().map_or(-1, |length| i32::from_be_bytes(*length));
    let end = LENGTH + usize::try_from(length).unwrap_or(0);
    // A field before it ends before it.
    let end = passage.map_or(end, |passage| end.min(passage));
    fields.get(..end).unwrap_or(fields)
}

/// The fields of a row, one after another.
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(row: &'a [u8]) -> Self {
        Self { rest: row }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            self.rest = rest;
            return Some(None);
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some(Some(value))
    }
}
