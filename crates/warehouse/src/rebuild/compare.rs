//! What a rebuild would change, as of one moment. Postgres compares, in memory that it bounds itself.

use normalise::Schema;
use tokio_postgres::types::ToSql;

use super::pairs::Pair;
use super::{Rebuild, Rebuilt};
use crate::ident::Relation;
use crate::values::uncount;
use crate::work::{Work, field};
use crate::{Timeouts, Warehouse, WarehouseError, catalog, found, mend};

/// How one table would change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableDifference {
    /// The endpoint.
    pub endpoint: String,
    /// The table; `riacho.rejects` and `riacho.objects` for what these say of the endpoint, and
    /// `riacho.objects (lines)` for which of its objects are known and which failed.
    pub table: String,
    /// Rows that stand.
    pub live: u64,
    /// Rows of the rebuild.
    pub rebuilt: u64,
    /// Rows that would go. One that changes goes and comes.
    pub gone: u64,
    /// Rows that would come.
    pub come: u64,
    /// The first of those that would go: object and row.
    pub gone_rows: Vec<String>,
    /// The first of those that would come.
    pub come_rows: Vec<String>,
    /// Columns that would come with them. Where no row differs they are empty: of an object that gave
    /// way since.
    pub new_columns: Vec<String>,
}

impl TableDifference {
    /// Whether anything would change.
    pub fn is_any(&self) -> bool {
        self.gone > 0 || self.come > 0
    }
}

/// What a rebuild would change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Table by table.
    pub tables: Vec<TableDifference>,
    /// Objects whose rows stand and that can't be loaded again, and how many there are.
    pub lost: Vec<String>,
    /// How many those are.
    pub lost_count: u64,
}

impl Comparison {
    /// Whether anything would change.
    pub fn differs(&self) -> bool {
        self.lost_count > 0 || self.tables.iter().any(TableDifference::is_any)
    }
}

/// Both ledgers and all tables, as of one moment.
#[derive(Debug)]
pub struct Snapshot<'w> {
    work: Work<'w>,
}

impl Rebuild {
    /// Takes a snapshot: what is compared later is compared as of now.
    ///
    /// Source: PostgreSQL documentation, "Repeatable Read Isolation Level": the snapshot is that of
    /// the transaction's first statement.
    pub async fn snapshot<'w>(
        &self,
        live: &'w mut Warehouse,
    ) -> Result<Snapshot<'w>, WarehouseError> {
        let work = live.work_within(unhurried).await?;
        let read = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        work.run("begin a snapshot", read).await?;
        work.run("take a snapshot", "SELECT FROM pg_class LIMIT 1").await?;
        Ok(Snapshot { work })
    }

    /// Lets Postgres count what it plans with.
    pub async fn analyze(&self, live: &mut Warehouse) -> Result<(), WarehouseError> {
        const TABLES: &str = "
            SELECT table_name AS name FROM {side}.tables WHERE source = $1 AND endpoint = ANY($2)";
        let of: [&(dyn ToSql + Sync); 2] = [&self.source, &self.names()];
        let work = live.work().await?;
        let rows = work.query("list the rebuilt tables", &self.sql(TABLES), &of).await?;
        work.rollback().await?;
        for row in &rows {
            let (schema, name) = (self.schema(), field::<String>(row, "name")?);
            let table = Relation { schema: &schema, name: &name };
            live.run_alone("analyze a rebuilt table", &format!("ANALYZE {table}")).await?;
        }
        Ok(())
    }
}

/// Comparing takes the time that it takes.
pub(super) fn unhurried(timeouts: Timeouts) -> Timeouts {
    Timeouts { statement: None, ..timeouts }
}

impl Snapshot<'_> {
    /// Compares.
    pub async fn compare(
        self,
        rebuild: &Rebuild,
        side: &mut Warehouse,
    ) -> Result<Comparison, WarehouseError> {
        let mut comparison = Comparison::default();
        for endpoint in &rebuild.endpoints {
            let rebuilt = side.tables(&endpoint.facts).await?;
            let pairs = self.pairs(rebuild, endpoint, &rebuilt.catalog).await?;
            for (pair, new_columns) in pairs {
                let mut difference = self.difference(rebuild, &pair).await?;
                difference.endpoint.clone_from(&endpoint.facts.endpoint);
                difference.new_columns = new_columns;
                comparison.tables.push(difference);
            }
        }
        (comparison.lost_count, comparison.lost) = rebuild.lost(&self.work).await?;
        self.work.rollback().await?;
        Ok(comparison)
    }

    async fn pairs(
        &self,
        rebuild: &Rebuild,
        endpoint: &Rebuilt,
        rebuilt: &catalog::Catalog,
    ) -> Result<Vec<(Pair, Vec<String>)>, WarehouseError> {
        let facts = &endpoint.facts;
        let live = catalog::read(&self.work, facts).await?;
        let found = found::read(&self.work, &live).await?;
        mend::refuse_what_misleads(&live, &found)?;
        let mut pairs = Vec::new();
        for table in &rebuilt.schema.tables {
            let pair = Pair::of_table(&live.namespace, rebuilt, table, found.get(&table.name));
            pairs.push((pair, new_columns(&live.schema, table)));
        }
        let of_ledger = [Pair::of_rejects, Pair::of_standing, Pair::of_lines]
            .map(|pair| (pair(rebuild, &facts.source, &facts.endpoint), Vec::new()));
        pairs.extend(of_ledger);
        Ok(pairs)
    }

    async fn difference(
        &self,
        rebuild: &Rebuild,
        pair: &Pair,
    ) -> Result<TableDifference, WarehouseError> {
        let doing = format!("compare `{}`", pair.name);
        let row = self.work.query_one(&doing, &pair.comparison(rebuild), &[]).await?;
        Ok(TableDifference {
            table: pair.name.clone(),
            live: uncount(field(&row, "live")?),
            rebuilt: uncount(field(&row, "rebuilt")?),
            gone: uncount(field(&row, "gone")?),
            come: uncount(field(&row, "come")?),
            gone_rows: field(&row, "gone_rows")?,
            come_rows: field(&row, "come_rows")?,
            ..TableDifference::default()
        })
    }
}

/// The columns that the live table would get.
fn new_columns(live: &Schema, table: &normalise::Table) -> Vec<String> {
    let standing = live.tables.iter().find(|standing| standing.name == table.name);
    let is_new = |name: &str| standing.is_none_or(|standing| standing.column(name).is_none());
    let names = table.columns.iter().map(|column| column.name.clone());
    names.filter(|name| is_new(name)).collect()
}
