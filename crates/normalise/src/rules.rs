//! What a configuration (or its absence) says of one endpoint's records, as the core needs it.

use crate::{ColumnType, Pointer, plan};

/// How one endpoint's documents become rows.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The root table's name.
    pub root_table: String,
    /// Where the records are; empty: the document itself.
    pub records: Pointer,
    /// Values from around the records that each root row carries; pointers from the document.
    pub keep: Vec<Pointer>,
    /// What names a record; pointers from the record. Empty: nothing does.
    pub key: Vec<Pointer>,
    /// What a record must have, beside its key; pointers from the record, array indices left out.
    pub required: Vec<Pointer>,
    /// Which of two versions of a record is newer; pointer from the record.
    pub version: Option<Pointer>,
    /// New name → the name it had; pointers from the record, array indices left out.
    pub renames: Vec<(Pointer, Pointer)>,
    /// Objects that are maps whatever their members' names; pointers from the record, array indices
    /// and map keys left out.
    pub maps: Vec<Pointer>,
    /// Types where inference must not decide; the first that matches counts.
    pub types: Vec<DeclaredType>,
    /// What a change of shape may do.
    pub contract: Contract,
    /// The same for what a pattern names and all under it: the longest pointer counts, then the
    /// first pattern.
    pub contracts: Vec<DeclaredContract>,
    /// Bounds on what comes from outside.
    pub limits: Limits,
}

impl Rules {
    /// The same for a person to review what would change: nothing is frozen. What is named to be
    /// left out stays out.
    pub fn for_review(mut self) -> Self {
        self.contract = Contract::Evolve;
        for rule in self.contracts.iter_mut().filter(|rule| rule.of == Contract::Freeze) {
            rule.of = Contract::Evolve;
        }
        self
    }

    /// The declared type that counts for the field at a path from the document, if there is one.
    pub fn declaration(&self, path: &str) -> Option<&DeclaredType> {
        plan::declaration(self, path)
    }
}

/// A type declared for a path or a pattern of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredType {
    /// A pointer from the record (`/opnUTC`, `/taxes/taxRate`), or a pattern for the field's name
    /// where `*` stands for any text (`*UTC`).
    pub pattern: String,
    /// The type. Zone-less times under `timestamptz` are read as UTC.
    pub of: ColumnType,
}

/// What a change of shape may do to some fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredContract {
    /// A pointer from the record (`/taxes`), or a pattern for the name of a field (`*Amount`).
    pub pattern: String,
    /// What a change may do.
    pub of: Contract,
}

/// What a change of shape may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Contract {
    /// New columns and tables come by themselves.
    #[default]
    Evolve,
    /// A change is a permanent failure.
    Freeze,
    /// New fields are left out, with a notice.
    Discard,
}

impl Contract {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Evolve => "evolve",
            Self::Freeze => "freeze",
            Self::Discard => "discard",
        }
    }
}

/// Bounds, with what happens beyond each. Nothing beyond a bound is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one record; beyond it the object fails as `record_too_large`. Default 64 MiB.
    pub max_record_bytes: usize,
    /// Levels of nesting in one record; beyond it the object fails as `too_deep`. Default 512.
    pub max_depth: usize,
    /// Levels of nested objects that become columns; deeper ones are `jsonb`. Default 16.
    pub max_flatten_depth: usize,
    /// Members of one object that become columns; a wider object is `jsonb`. Default 500.
    pub max_object_keys: usize,
    /// Columns of one table; further fields land in `_overflow`. Default 1,000 (Postgres: 1,600).
    pub max_columns: usize,
    /// Tables of one endpoint; further arrays of objects are `jsonb`. Default 200.
    pub max_tables: usize,
    /// Bytes of a row that can't be moved out of line; further cells land in `_overflow`.
    /// Default 8,000 (Postgres: 8,160).
    pub max_row_bytes: usize,
    /// Bytes of one value as JSON text in a `jsonb` column; a longer one is `json`, verbatim.
    /// Default 32 MiB: `jsonb` ends at 256 MiB, and takes six bytes and more for one of `[1,1,…]`.
    pub max_jsonb_bytes: usize,
    /// Bytes of the ledger's `envelope`; further members are left out of it. Default 64 KiB.
    pub max_envelope_bytes: usize,
    /// Keys of one object that are remembered, so as to know a record that comes twice, before all of
    /// them are forgotten and the database is asked about them. Default 32,768, in half a megabyte.
    pub max_remembered_keys: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_record_bytes: 64 << 20,
            max_depth: 512,
            max_flatten_depth: 16,
            max_object_keys: 500,
            max_columns: 1_000,
            max_tables: 200,
            max_row_bytes: 8_000,
            max_jsonb_bytes: 32 << 20,
            max_envelope_bytes: 64 << 10,
            max_remembered_keys: 1 << 15,
        }
    }
}
