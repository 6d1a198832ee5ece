//! Bytes of JSON become rows of related tables.
//!
//! The way of the data is the layout of the modules: `json` cuts chunks into records and records
//! into tokens; `plan` says which column each path goes to; `walk` turns tokens into cells; `rows`
//! holds them in Postgres's binary COPY form; `shredder` ties them together and hands out batches.
//!
//! Pure: the same bytes, rules and schema give the same rows. Memory depends on the text of the
//! widest record, its largest value and the batch size, not on the object's: of its keys the latest
//! are remembered, of the others a few bits.

mod batch;
mod cell;
mod column_type;
mod draft;
mod envelope;
mod error;
mod finder;
mod json;
mod kept;
mod keys;
mod naming;
mod plan;
mod pointer;
mod prepared;
mod records;
mod renames;
mod required;
mod rows;
mod rules;
mod schema;
mod shredder;
mod summary;
mod value;
mod version;
mod walk;
mod ways;

pub use batch::{BATCH_BYTES, Batch, LateKeep, Reject, RejectReason, RootKey};
pub use column_type::ColumnType;
pub use error::{ErrorKind, NormaliseError};
pub use finder::{Finder, FoundRecord};
pub use naming::{fnv1a, snake_case, table_name, unique as unique_name};
pub use pointer::{InvalidPointer, Pointer};
pub use prepared::Prepared;
pub use renames::Renames;
pub use rows::{Progress, TableRows};
pub use rules::{Contract, DeclaredContract, DeclaredType, Limits, Rules};
pub use schema::{Change, Column, Origin, Schema, Table};
pub use shredder::Shredder;
pub use summary::{Notice, NoticeKind, Summary};
pub use version::version_from_cell;
pub use walk::is_map_key;
