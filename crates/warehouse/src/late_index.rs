//! Indexes that an endpoint's key asks for and that do not stand, as the key was configured or
//! changed after the tables were made, or somebody dropped them. The first load that notices makes
//! them where the tables are small; for others the change log says it, and a person lets them be
//! made beside running loads.
//!
//! Source: PostgreSQL documentation, CREATE INDEX, "Building Indexes Concurrently".

use landing::{Classify, FailureKind};
use normalise::Table;
use serde_json::json;

use crate::catalog::{Catalog, REWRITABLE_BYTES, moved};
use crate::found::{Found, FoundTable};
use crate::ident::{Ident, Relation};
use crate::work::{Work, field};
use crate::{EndpointFacts, Warehouse, WarehouseError, catalog, change_log, found};

/// Clashing keys that the change log names.
const CLASHES_SHOWN: usize = 5;

/// An index that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MissingIndex<'a> {
    pub(crate) table: Relation<'a>,
    /// The number of its table in `pg_class`, for a name that is nobody else's.
    pub(crate) oid: i64,
    pub(crate) columns: Vec<&'a str>,
    /// The key's own; else that by which children are found.
    pub(crate) is_key: bool,
    is_small: bool,
}

impl MissingIndex<'_> {
    /// The names of its columns, for people.
    pub(crate) fn named(&self) -> String {
        self.columns.join(", ")
    }

    fn columns(&self) -> String {
        let names = self.columns.iter().map(|name| Ident(name).to_string());
        names.collect::<Vec<_>>().join(", ")
    }

    /// Makes it within a transaction.
    fn create(&self) -> String {
        let unique = if self.is_key { "UNIQUE " } else { "" };
        format!("CREATE {unique}INDEX ON {} ({})", self.table, self.columns())
    }

    /// Its name where it is made beside running loads.
    fn name(&self) -> String {
        format!("riacho_{}_{}", if self.is_key { "key" } else { "parent" }, self.oid)
    }

    /// Makes it beside running loads.
    fn create_concurrently(&self) -> String {
        let unique = if self.is_key { "UNIQUE " } else { "" };
        let (name, columns) = (self.name(), self.columns());
        format!("CREATE {unique}INDEX CONCURRENTLY {} ON {} ({columns})", Ident(&name), self.table)
    }

    /// Removes what a failed attempt to make it has left.
    fn drop_remnant(&self) -> String {
        let name = self.name();
        let index = Relation { schema: self.table.schema, name: &name };
        format!("DROP INDEX CONCURRENTLY IF EXISTS {index}")
    }
}

/// What became of an index that was missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateIndex {
    /// Its table, quoted.
    pub table: String,
    /// Its columns.
    pub columns: String,
    /// Some of the keys that stand more than once, so that it could not be made.
    pub clashing_keys: Vec<String>,
}

impl Warehouse {
    /// Makes the indexes that the endpoint's key asks for and that do not stand, beside running
    /// loads, however large the tables are.
    pub async fn make_indexes(
        &mut self,
        endpoint: &EndpointFacts,
    ) -> Result<Vec<LateIndex>, WarehouseError> {
        let work = self.work().await?;
        let catalog = catalog::read(&work, endpoint).await?;
        let standing = found::read(&work, &catalog).await?;
        work.rollback().await?;
        let mut made = Vec::new();
        for index in missing(endpoint, &catalog, &standing) {
            let (table, columns) = (index.table.to_string(), index.named());
            let doing = format!("make the index on ({columns}) of {table}");
            self.run_alone(&doing, &index.drop_remnant()).await?;
            let mut clashing_keys = Vec::new();
            if let Err(error) = self.run_alone(&doing, &index.create_concurrently()).await {
                self.run_alone(&doing, &index.drop_remnant()).await?;
                if error.name() != "conflict" {
                    return Err(error);
                }
                let work = self.work().await?;
                clashing_keys = clashes(&work, &index).await?;
                work.rollback().await?;
            } else {
                let work = self.work().await?;
                let line = (change_log::INDEX_MADE, &index.table, index.named());
                change_log::remark(&work, endpoint, line, &json!({})).await?;
                work.commit().await?;
            }
            made.push(LateIndex { table, columns, clashing_keys });
        }
        Ok(made)
    }
}

/// The indexes that the endpoint's key asks for and that do not stand.
pub(crate) fn missing<'a>(
    endpoint: &EndpointFacts,
    catalog: &'a Catalog,
    found: &Found,
) -> Vec<MissingIndex<'a>> {
    if endpoint.key.is_empty() {
        return Vec::new();
    }
    let lacking = |table: &'a Table, columns: Vec<&'a str>, is_key: bool| {
        let standing = found.get(&table.name)?;
        (!standing.has_index(&columns, is_key)).then(|| MissingIndex {
            table: catalog.relation(table),
            oid: standing.oid,
            columns,
            is_key,
            is_small: is_small(standing),
        })
    };
    let key = catalog.key_columns(endpoint).zip(catalog.schema.tables.first());
    let key = key.and_then(|(columns, root)| {
        lacking(root, columns.iter().map(|column| column.name.as_str()).collect(), true)
    });
    let children = catalog.schema.tables.iter().filter(|table| table.parent.is_some());
    let parents =
        children.filter_map(|table| lacking(table, vec!["_object_id", "_parent_row"], false));
    key.into_iter().chain(parents).collect()
}

fn is_small(table: &FoundTable) -> bool {
    table.bytes < REWRITABLE_BYTES
}

/// Makes the missing indexes of small tables, and writes down once what can't be made here.
pub(crate) async fn make(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    missing: &[MissingIndex<'_>],
) -> Result<(), WarehouseError> {
    for index in missing {
        let path = index.named();
        if change_log::says_missing(work, endpoint, &index.table, &path).await? {
            continue;
        }
        if !index.is_small {
            let reason = "the table is large, and making it here would hold up loads";
            write_down(work, endpoint, index, reason, &[]).await?;
            continue;
        }
        // Two loads that notice it at once would else make two.
        if !endpoint.lock_schema_first {
            return Err(moved(endpoint));
        }
        make_small(work, endpoint, index).await?;
    }
    Ok(())
}

/// What fails here takes nothing else with it: the load goes on without the index, as before.
async fn make_small(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    index: &MissingIndex<'_>,
) -> Result<(), WarehouseError> {
    work.run("begin an index", "SAVEPOINT riacho_index").await?;
    let Err(error) = work.run("create an index that was missing", &index.create()).await else {
        tracing::info!(
            endpoint.source = endpoint.source,
            endpoint.name = endpoint.endpoint,
            "made the index on ({}) that {} lacked",
            index.named(),
            index.table
        );
        return work.run("keep the index", "RELEASE SAVEPOINT riacho_index").await;
    };
    work.run("go on without the index", "ROLLBACK TO SAVEPOINT riacho_index").await?;
    if error.name() == "conflict" {
        let clashes = clashes(work, index).await?;
        let reason = "rows that stand have the same key";
        return write_down(work, endpoint, index, reason, &clashes).await;
    }
    if error.kind() == FailureKind::Permanent || error.name() == "permission_denied" {
        return write_down(work, endpoint, index, &error.to_string(), &[]).await;
    }
    // Somebody holds the table: the next load that reads the catalog tries again.
    tracing::warn!(%error, "{} lacks its index on ({})", index.table, index.named());
    Ok(())
}

/// Some of the keys that stand more than once.
async fn clashes(work: &Work<'_>, index: &MissingIndex<'_>) -> Result<Vec<String>, WarehouseError> {
    let columns = index.columns();
    let texts = index.columns.iter().map(|name| format!("{}::text", Ident(name)));
    let sql = format!(
        "SELECT left(concat_ws(', ', {}), 200) AS key FROM {} GROUP BY {columns}
         HAVING count(*) > 1 ORDER BY count(*) DESC LIMIT {CLASHES_SHOWN}",
        texts.collect::<Vec<_>>().join(", "),
        index.table
    );
    let rows = work.query("find keys that stand twice", &sql, &[]).await?;
    rows.iter().map(|row| field(row, "key")).collect()
}

async fn write_down(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    index: &MissingIndex<'_>,
    reason: &str,
    clashes: &[String],
) -> Result<(), WarehouseError> {
    let cure = if clashes.is_empty() {
        "riacho schema index".to_owned()
    } else {
        format!(
            "drop {} and load the endpoint's objects again with --force: of each key the newest \
             version then stands alone",
            index.table
        )
    };
    tracing::warn!(
        endpoint.source = endpoint.source,
        endpoint.name = endpoint.endpoint,
        "{} lacks its index on ({}): {reason}; the cure: {cure}",
        index.table,
        index.named()
    );
    let details = json!({ "reason": reason, "clashing_keys": clashes, "cure": cure });
    let line = (change_log::INDEX_MISSING, &index.table, index.named());
    change_log::remark(work, endpoint, line, &details).await
}
