//! The column for the names that the members of a map stand under.

use super::{NoHome, Plan};
use crate::{ColumnType, Origin};

/// Where a map's keys stand. A field of that name in the items gets another name, or was there
/// first and keeps it.
const KEY: &str = "_key";

impl Plan {
    /// The column for the keys of maps in `table`, added where it is missing.
    pub(crate) fn map_key(&mut self, table: usize) -> Result<usize, NoHome> {
        let held = self.schema.tables.get(table).ok_or(NoHome::Nowhere)?;
        if let Some(place) = held.columns.iter().position(|c| c.origin == Origin::MapKey) {
            return Ok(place);
        }
        let path = held.path.clone();
        let ruling = self.contracts.ruling(&path);
        self.add_column(table, KEY, path, ColumnType::Text, Origin::MapKey, ruling)
    }
}
