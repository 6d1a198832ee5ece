//! What is proposed, and why.

use serde::Serialize;

/// A place and what was seen there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// JSON Pointer from the record, or from the document where it stands around the records.
    pub pointer: String,
    /// The evidence.
    pub why: String,
}

/// A type to declare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeFinding {
    /// A pointer from the record, or a pattern of names.
    pub pattern: String,
    /// The column type.
    pub of: String,
    /// The evidence.
    pub why: String,
}

/// A configuration of one endpoint with its evidence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// How many samples were read.
    pub samples: u64,
    /// JSON texts in them.
    pub documents: u64,
    /// Records in those.
    pub records_seen: u64,
    /// JSON Pointer to the records; none: the document.
    pub records: Option<String>,
    /// Why there.
    pub records_why: String,
    /// Values around the records that each row should carry.
    pub keep: Vec<Finding>,
    /// What names a record.
    pub key: Vec<String>,
    /// Why it does, or why nothing was found.
    pub key_why: String,
    /// What else names each record.
    pub other_keys: Vec<Finding>,
    /// What says which of two is newer.
    pub version: Option<Finding>,
    /// Types that inference would not find.
    pub types: Vec<TypeFinding>,
    /// Maps that load would not know by the names of their members.
    pub maps: Vec<Finding>,
    /// What becomes of arrays.
    pub arrays: Vec<Finding>,
    /// What whoever adopts the proposal should look at.
    pub notes: Vec<Finding>,
}
