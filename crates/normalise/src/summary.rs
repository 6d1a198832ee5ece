//! What the shredder says of an object beside its rows.

/// What one object held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// JSON documents (pages).
    pub documents: u64,
    /// Records, rejected ones included.
    pub records: u64,
    /// Rows handed out, by table number; records that lost to another are no longer among them.
    pub rows: Vec<u64>,
    /// Records that can't be kept.
    pub rejects: u64,
    /// What stood around the records: one JSON object, or an array of one for each page.
    pub envelope: Option<String>,
    /// What people should know.
    pub notices: Vec<Notice>,
}

/// Something that was done other than a reader might expect, once for each path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// JSON Pointer from the document, array indices left out.
    pub path: String,
}

/// What can be noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeKind {
    /// An array of objects beside the records that no endpoint takes.
    UntakenArray,
    /// An object with more members than `Limits::max_object_keys` landed as `jsonb`.
    WideObject,
    /// An object deeper than `Limits::max_flatten_depth` landed as `jsonb`.
    DeepObject,
    /// A table is at `Limits::max_columns`; the field lands in `_overflow`.
    ColumnLimit,
    /// The endpoint is at `Limits::max_tables`; the array landed as `jsonb`.
    TableLimit,
    /// A row was wider than `Limits::max_row_bytes`; cells of this column landed in `_overflow`.
    WideRow,
    /// A name stood twice in one object; the last counts, earlier values are in `_overflow`.
    DuplicateName,
    /// Two names of one field stood in one object; the newest counts, the others are in `_overflow`.
    RenameClash,
    /// A field left out under the contract `discard`.
    Discarded,
    /// The envelope is at `Limits::max_envelope_bytes`, or can't be `jsonb`; the member is left out.
    EnvelopeLimit,
}

impl NoticeKind {
    /// The stable name that the change log uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::UntakenArray => "untaken_array",
            Self::WideObject => "wide_object",
            Self::DeepObject => "deep_object",
            Self::ColumnLimit => "column_limit",
            Self::TableLimit => "table_limit",
            Self::WideRow => "wide_row",
            Self::DuplicateName => "duplicate_name",
            Self::RenameClash => "rename_clash",
            Self::Discarded => "discarded",
            Self::EnvelopeLimit => "envelope_limit",
        }
    }
}
