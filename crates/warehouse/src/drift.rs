//! What differs between the catalog and the database, for a person: what somebody changed by hand,
//! what it means for loads, and the cure. Changes nothing.

mod around;

use normalise::Table;
use serde::Serialize;

use crate::catalog::{self, Catalog};
use crate::found::{self, Found, FoundTable};
use crate::ident::{Ident, Relation};
use crate::mend::{self, TECHNICAL};
use crate::{Dropped, EndpointFacts, Warehouse, WarehouseError, late_index};

/// Something that is not as the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its stable name, for programs.
    pub kind: &'static str,
    /// The table, schema and name.
    pub table: String,
    /// What it is, where.
    pub what: String,
    /// What it means for loads.
    pub meaning: String,
    /// What to do; empty where nothing needs to be done.
    pub cure: String,
    /// Whether it only stands beside what the catalog knows, and loads go by it.
    pub is_note: bool,
}

impl Warehouse {
    /// What differs of one endpoint's tables.
    pub async fn drift(
        &mut self,
        endpoint: &EndpointFacts,
    ) -> Result<Vec<Difference>, WarehouseError> {
        let work = self.work().await?;
        let catalog = catalog::read(&work, endpoint).await?;
        let found = found::read(&work, &catalog).await?;
        let around = around::read(&work, &catalog).await?;
        work.rollback().await?;
        let comparison = Comparison { endpoint, catalog: &catalog, found: &found };
        let mut differences = Vec::new();
        for table in &catalog.schema.tables {
            differences.extend(comparison.of_table(table));
            let own = around.iter().filter(|thing| thing.table == table.name);
            differences.extend(own.filter_map(|thing| thing.difference(&catalog, table)));
        }
        differences.extend(comparison.of_indexes());
        Ok(differences)
    }
}

/// The catalog beside what stands.
struct Comparison<'a> {
    endpoint: &'a EndpointFacts,
    catalog: &'a Catalog,
    found: &'a Found,
}

/// The parts of a difference in which the texts below differ.
struct Texts<'a> {
    kind: &'static str,
    what: String,
    meaning: &'a str,
    cure: String,
}

impl Comparison<'_> {
    fn of_table(&self, table: &Table) -> Vec<Difference> {
        let Some(standing) = self.found.get(&table.name) else {
            return vec![self.difference(
                table,
                Texts {
                    kind: "table_missing",
                    what: "the table is gone".to_owned(),
                    meaning: self.meaning_of_gone(),
                    cure: self.cure_of_gone(),
                },
            )];
        };
        if !standing.is_table {
            return vec![self.difference(
                table,
                Texts {
                    kind: "not_a_table",
                    what: "what stands under its name is no table".to_owned(),
                    meaning: "loads fail",
                    cure: "rename what stands there, or put the table back".to_owned(),
                },
            )];
        }
        [self.missing(table, standing), self.retyped(table, standing), self.added(table, standing)]
            .concat()
    }

    fn missing(&self, table: &Table, standing: &FoundTable) -> Vec<Difference> {
        let technical = TECHNICAL.iter().take(table.technical_columns());
        let technical = technical.filter(|name| !standing.columns.contains_key(**name));
        let technical = technical.map(|name| Texts {
            kind: "column_missing",
            what: format!("column `{name}` is gone, by which rows are known"),
            meaning: "loads fail",
            cure: "drop the table, then load the endpoint's objects again with --force".to_owned(),
        });
        let columns = table.columns.iter();
        let columns = columns.filter(|column| !standing.columns.contains_key(&column.name));
        let columns = columns.map(|column| Texts {
            kind: "column_missing",
            what: format!("column `{}` is gone", column.name),
            meaning: self.meaning_of_gone(),
            cure: self.cure_of_gone(),
        });
        technical.chain(columns).map(|texts| self.difference(table, texts)).collect()
    }

    fn retyped(&self, table: &Table, standing: &FoundTable) -> Vec<Difference> {
        let misread = mend::retyped(table, standing);
        let misread = misread.into_iter().map(|(name, is, of)| (name, is, of, true));
        let cut = table.columns.iter().filter_map(|column| {
            let is = standing.columns.get(&column.name)?;
            let is_cut = is.starts_with("character varying") && found::holds(is, column.of);
            is_cut.then_some((column.name.as_str(), is.as_str(), column.of.name(), false))
        });
        let texts = misread.chain(cut).map(|(name, is, of, is_misread)| Texts {
            kind: "type_changed",
            what: format!("column `{name}` is {is} and was made as {of}"),
            meaning: if is_misread {
                "loads fail, as values would be misread or cut"
            } else {
                "loads fail where a text is too long"
            },
            cure: self.cure_of_type(table, name, of),
        });
        texts.map(|texts| self.difference(table, texts)).collect()
    }

    /// What another type has rounded or cut comes back only from the lake.
    fn cure_of_type(&self, table: &Table, name: &str, of: &str) -> String {
        let relation = self.catalog.relation(table);
        let again = self.load_again();
        format!("ALTER TABLE {relation} ALTER COLUMN {} TYPE {of}, then {again}", Ident(name))
    }

    fn added(&self, table: &Table, standing: &FoundTable) -> Vec<Difference> {
        let ours = |name: &&String| {
            TECHNICAL.contains(&name.as_str()) || table.column(name.as_str()).is_some()
        };
        let foreign = standing.columns.iter().filter(|(name, _)| !ours(name));
        let texts = foreign.map(|(name, of)| Texts {
            kind: "column_added",
            what: format!("column `{name}` ({of}) was added"),
            meaning: "loads leave it alone; a field of that name gets another column",
            cure: String::new(),
        });
        texts.map(|texts| self.difference(table, texts)).collect()
    }

    fn of_indexes(&self) -> Vec<Difference> {
        let mut differences = Vec::new();
        for table in &self.catalog.schema.tables {
            let standing = self.found.get(&table.name).filter(|standing| standing.is_table);
            let Some(standing) = standing else { continue };
            if !standing.has_index(&["_object_id", "_row"], true) {
                let relation = self.catalog.relation(table);
                let texts = Texts {
                    kind: "primary_key_missing",
                    what: "the primary key is gone".to_owned(),
                    meaning: "loads are slow, and Postgres does not guard rows against doubles",
                    cure: format!("ALTER TABLE {relation} ADD PRIMARY KEY (_object_id, _row)"),
                };
                differences.push(self.difference(table, texts));
            }
            differences.extend(self.unique_indexes(table, standing));
        }
        for missing in late_index::missing(self.endpoint, self.catalog, self.found) {
            let texts = Texts {
                kind: "index_missing",
                what: format!("there is no index on ({})", missing.named()),
                meaning: if missing.is_key {
                    "two loads at once may bring one key twice"
                } else {
                    "records that give way to newer ones are found slowly"
                },
                cure: "riacho schema index".to_owned(),
            };
            let table = self.catalog.schema.tables.iter();
            let table = table.into_iter().find(|table| table.name == missing.table.name);
            differences.extend(table.map(|table| self.difference(table, texts)));
        }
        differences
    }

    /// Indexes that refuse rows, and are neither ours nor the configured key's.
    fn unique_indexes(&self, table: &Table, standing: &FoundTable) -> Vec<Difference> {
        let key = self.catalog.key_columns(self.endpoint).unwrap_or_default();
        let mut key = key.iter().map(|column| column.name.as_str()).collect::<Vec<_>>();
        key.sort_unstable();
        let is_root = table.parent.is_none();
        let expected = |columns: &[String]| {
            let mut columns = columns.iter().map(String::as_str).collect::<Vec<_>>();
            columns.sort_unstable();
            columns == ["_object_id", "_row"] || is_root && columns == key
        };
        let others = standing.indexes.iter().filter(|i| i.is_unique && !expected(&i.columns));
        // Asked with another configuration than loads have, the key's own index looks foreign.
        let may_be_key = is_root && self.endpoint.key.is_empty();
        let doubt = if may_be_key { "if no load has these as its `key`: " } else { "" };
        let texts = others.map(|index| Texts {
            kind: "unique_index_added",
            what: format!("unique index `{}` on ({})", index.name, index.columns.join(", ")),
            meaning: "loads fail where two rows have the same values there",
            cure: format!(
                "{doubt}DROP INDEX {}",
                Relation { schema: &self.catalog.namespace, name: &index.name }
            ),
        });
        texts.map(|texts| self.difference(table, texts)).collect()
    }

    fn meaning_of_gone(&self) -> &'static str {
        match self.endpoint.dropped {
            Dropped::Restore => "the next load brings it back, empty",
            Dropped::Refuse => "loads fail, as `dropped` is \"refuse\"",
        }
    }

    fn cure_of_gone(&self) -> String {
        let again = self.load_again();
        match self.endpoint.dropped {
            Dropped::Restore => format!("{again} brings back what stood there"),
            Dropped::Refuse => format!("put it back (`riacho schema sql`), then {again}"),
        }
    }

    fn load_again(&self) -> String {
        let EndpointFacts { source, endpoint, .. } = self.endpoint;
        format!("riacho load --prefix raw/source={source}/endpoint={endpoint}/ --force")
    }

    fn difference(&self, table: &Table, texts: Texts<'_>) -> Difference {
        Difference {
            kind: texts.kind,
            table: format!("{}.{}", self.catalog.namespace, table.name),
            what: texts.what,
            meaning: texts.meaning.to_owned(),
            cure: texts.cure,
            is_note: false,
        }
    }
}
