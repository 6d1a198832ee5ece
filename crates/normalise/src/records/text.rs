//! The text of the record at hand.

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use crate::json::Place;

/// A record's bytes, where they begin, and the record's place in the array of records.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub(super) json: Bytes<'a>,
    pub(super) at: Place,
    pub(super) index: Option<u64>,
}

impl Text<'_> {
    /// The bytes, where rows may refer to them.
    pub(super) fn kept(&self) -> Option<Arc<Vec<u8>>> {
        match &self.json {
            Bytes::Lent(_) => None,
            Bytes::Kept(bytes) => Some(Arc::clone(bytes)),
        }
    }
}

/// Bytes that are only lent, or those of a large record, which rows may refer to.
#[derive(Debug)]
pub(super) enum Bytes<'a> {
    Lent(&'a [u8]),
    Kept(Arc<Vec<u8>>),
}

impl Deref for Bytes<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Lent(bytes) => bytes,
            Self::Kept(bytes) => bytes,
        }
    }
}

impl<'a> From<Cow<'a, [u8]>> for Bytes<'a> {
    fn from(bytes: Cow<'a, [u8]>) -> Self {
        match bytes {
            Cow::Borrowed(bytes) => Self::Lent(bytes),
            Cow::Owned(bytes) => Self::Kept(Arc::new(bytes)),
        }
    }
}
