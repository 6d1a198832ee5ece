//! Where a splitter stands between two bytes.

/// Where in the grammar the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Before or inside the byte order mark, of which so many bytes have come.
    Mark(u8),
    BetweenDocuments,
    /// Behind `{`, behind a comma between members, behind a name, and behind a member.
    FirstName,
    Name,
    Colon,
    AfterMember,
    /// A value on the way, or one beside it.
    OnTheWay,
    Beside,
    /// Behind `[` of the records, behind a comma between records, and behind a record.
    FirstItem,
    Item,
    AfterItem,
    Inside(Capture),
}

/// What becomes of the value under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Capture {
    /// A record: an array's item, or the value itself.
    Item,
    Value,
    /// The value of a member beside the way.
    Around,
    /// A member's name.
    Name,
    /// A document that can't have records: checked if it is a scalar, else skipped.
    Recordless,
}
