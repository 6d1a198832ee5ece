//! A rebuild: an endpoint's objects are loaded once more beside the tables that stand, into a schema
//! and under a ledger of their own (`side`), compared with these, and what differs is put in place in
//! one transaction.
//!
//! The rebuild's ledger begins with the live one's lines, as of objects whose tables are gone: so each
//! object keeps its number, and what a person decided of it. It says itself what is done: a rebuild
//! that was killed goes on where it was.
//!
//! Statements that speak of both ledgers run on a connection of the live one: `riacho.` is that, and
//! the other is named.

use std::fmt;

use tokio_postgres::types::ToSql;

use crate::catalog::Catalog;
use crate::ident::{Ident, Literal, Relation};
use crate::work::{Work, field};
use crate::{
    EndpointFacts, Ledger, Warehouse, WarehouseError, catalog, ddl, gate, migrations, schema_change,
};

mod along;
mod catch_up;
mod compare;
mod exchange;
mod hold;
mod lines;
mod pairs;

pub use catch_up::Left;
pub use compare::{Comparison, Snapshot, TableDifference};
pub use hold::{Held, Swapped};

/// Why a rebuild can't go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RebuildRefused {
    /// What was rebuilt so far was rebuilt by other rules.
    #[error(
        "the rebuild of `{0}` that stands was begun with another configuration, or by another version of Riacho; begin it anew with --restart"
    )]
    OtherRules(String),
    /// The live tables changed in a way that the rebuilt ones can't follow.
    #[error(
        "{what} changed while `{endpoint}` was rebuilt, so that the rebuilt tables do not fit any more; begin it anew with --restart"
    )]
    Moved {
        /// The endpoint.
        endpoint: String,
        /// What changed.
        what: String,
    },
    /// Rows that stand would be lost.
    #[error(
        "the rows of {0} objects stand that can't be loaded again, and would be lost; put the objects back, or say --lose"
    )]
    Lost(u64),
    /// Its ledger is gone, or never was: another run put it in place or dropped it.
    #[error(
        "another run put this rebuild in place, or dropped it; run the same command again to see what stands"
    )]
    Ended,
    /// Not every object was loaded.
    #[error("{0} objects are still to be loaded; run the same command again")]
    Unfinished(u64),
}

/// An endpoint that is rebuilt.
#[derive(Debug, Clone)]
pub struct Rebuilt {
    /// What the warehouse acts on.
    pub facts: EndpointFacts,
    /// Stands for all its rules: a rebuild that goes on must go on by the same.
    pub rules: String,
}

/// A rebuild of endpoints of one source.
#[derive(Debug, Clone)]
pub struct Rebuild {
    pub(crate) source: String,
    pub(crate) endpoints: Vec<Rebuilt>,
    pub(crate) ledger: Ledger,
}

impl Rebuild {
    /// A rebuild of these endpoints.
    pub fn new(source: &str, mut endpoints: Vec<Rebuilt>) -> Self {
        endpoints.sort_by(|one, other| one.facts.endpoint.cmp(&other.facts.endpoint));
        for endpoint in &mut endpoints {
            endpoint.facts.lock_schema_first = true;
            // Whoever rebuilds has decided what becomes of dropped tables.
            endpoint.facts.dropped = crate::Dropped::Restore;
        }
        Self { source: source.to_owned(), endpoints, ledger: Ledger::of_rebuild(source) }
    }

    /// The ledger that the objects are loaded under. It can be connected to once it is set up.
    pub fn ledger(&self) -> Ledger {
        self.ledger.clone()
    }

    /// The Postgres schema of the rebuilt tables.
    pub fn schema(&self) -> String {
        self.ledger.namespace(&self.source)
    }

    /// Sets up the rebuild's ledger, and makes empty tables as the live catalog has them, for the
    /// endpoints that are not begun; says whether one of them was. All in one transaction, and nowhere
    /// else: a load that comes when the rebuild has ended must find nothing to write to.
    pub async fn set_up(&self, live: &mut Warehouse) -> Result<bool, WarehouseError> {
        const BEGUN: &str = "SELECT rules FROM {side}.rebuilds WHERE source = $1 AND endpoint = $2";
        let work = live.work().await?;
        self.lock(&work).await?;
        migrations::apply(&work, &self.ledger).await?;
        let sql = self.sql(
            "CREATE SCHEMA IF NOT EXISTS {tables};
             CREATE TABLE IF NOT EXISTS {side}.rebuilds (
                 source text NOT NULL,
                 endpoint text NOT NULL,
                 rules text NOT NULL,
                 catalog_version bigint NOT NULL,
                 started_at timestamptz NOT NULL DEFAULT now(),
                 PRIMARY KEY (source, endpoint)
             );
             CREATE TABLE IF NOT EXISTS {side}.seeds (
                 object_id bigint PRIMARY KEY,
                 attempts integer NOT NULL
             )",
        );
        work.run("set up the rebuild", &sql).await?;
        let mut goes_on = false;
        for endpoint in &self.endpoints {
            let of: [&(dyn ToSql + Sync); 2] = [&self.source, &endpoint.facts.endpoint];
            let row = work.query_opt("look for the rebuild", &self.sql(BEGUN), &of).await?;
            match row.map(|row| field::<String>(&row, "rules")).transpose()? {
                Some(rules) if rules == endpoint.rules => goes_on = true,
                Some(_) => {
                    return Err(RebuildRefused::OtherRules(endpoint.facts.endpoint.clone()).into());
                }
                None => self.begin(&work, endpoint).await?,
            }
        }
        work.commit().await?;
        Ok(goes_on)
    }

    /// Drops what was rebuilt so far. Of a ledger that knows of no rebuild nothing can be told apart:
    /// all of it goes.
    pub async fn discard(&self, live: &mut Warehouse) -> Result<(), WarehouseError> {
        let work = live.work().await?;
        self.lock(&work).await?;
        gate::close_now(&work, &self.ledger, &self.facts()).await?;
        if self.has(&work, "rebuilds").await? {
            self.forget(&work).await?;
        } else if self.has(&work, "migrations").await? {
            self.drop_schemas(&work).await?;
        }
        work.commit().await
    }

    /// Whether the rebuild's ledger has this table.
    async fn has(&self, work: &Work<'_>, table: &str) -> Result<bool, WarehouseError> {
        const THERE: &str = "SELECT to_regclass($1) IS NOT NULL AS is_there";
        let table = Relation { schema: self.ledger.schema(), name: table }.to_string();
        let row = work.query_one("look for the rebuild", THERE, &[&table]).await?;
        field(&row, "is_there")
    }

    async fn drop_schemas(&self, work: &Work<'_>) -> Result<(), WarehouseError> {
        let sql = "DROP SCHEMA IF EXISTS {tables} CASCADE; DROP SCHEMA IF EXISTS {side} CASCADE";
        work.run("drop the rebuild's schemas", &self.sql(sql)).await
    }

    /// Two that begin, or one that begins and one that ends, would else meet.
    async fn lock(&self, work: &Work<'_>) -> Result<(), WarehouseError> {
        work.lock("wait for another rebuild", &format!("rebuild {}", self.source)).await
    }

    async fn begin(&self, work: &Work<'_>, endpoint: &Rebuilt) -> Result<(), WarehouseError> {
        const COPY: [&str; 4] = [
            "INSERT INTO {side}.endpoints (source, endpoint, schema_name, version)
             SELECT source, endpoint, {schema}, version FROM riacho.endpoints",
            "INSERT INTO {side}.tables (source, endpoint, position, schema_name, table_name, path,
                parent, object_id, added_at)
             SELECT source, endpoint, position, {schema}, table_name, path, parent, object_id,
                added_at
             FROM riacho.tables",
            "INSERT INTO {side}.columns (source, endpoint, table_position, position, schema_name,
                table_name, column_name, path, type, origin, object_id, added_at)
             SELECT source, endpoint, table_position, position, {schema}, table_name, column_name,
                path, type, origin, object_id, added_at
             FROM riacho.columns",
            "INSERT INTO {side}.renames (source, endpoint, new_path, old_path, accepted_at, score,
                evidence)
             SELECT source, endpoint, new_path, old_path, accepted_at, score, evidence
             FROM riacho.renames",
        ];
        const BEGIN: &str = "
            INSERT INTO {side}.rebuilds (source, endpoint, rules, catalog_version)
            VALUES ($1, $2, $3, $4)";
        let (facts, of) = (&endpoint.facts, endpoint.names());
        schema_change::wait_for_lock(work, facts).await?;
        for sql in COPY {
            let sql = format!("{} WHERE source = $1 AND endpoint = $2", self.sql(sql));
            work.execute("copy the catalog", &sql, &of).await?;
        }
        let catalog = catalog::read(work, facts).await?;
        let none = Catalog { namespace: self.schema(), ..Catalog::default() };
        let steps = schema_change::steps(&none.schema, &catalog.schema);
        for statement in ddl::statements(facts, &none, &catalog.schema, &steps) {
            work.run("make the tables of the rebuild", &statement.sql).await?;
        }
        let [source, name] = of;
        let of: [&(dyn ToSql + Sync); 4] = [source, name, &endpoint.rules, &catalog.version];
        work.execute("begin the rebuild", &self.sql(BEGIN), &of).await?;
        Ok(())
    }

    /// Drops the rebuilt tables and all that is known of them; the schemas too, once no other
    /// endpoint of the source is being rebuilt.
    pub(crate) async fn forget(&self, work: &Work<'_>) -> Result<(), WarehouseError> {
        const TABLES: &str = "
            SELECT table_name AS name FROM {side}.tables WHERE source = $1 AND endpoint = $2";
        const LINES: [&str; 3] = [
            "DELETE FROM {side}.rejects r USING {side}.objects o
             WHERE o.id = r.object_id AND o.source = $1 AND o.endpoint = $2",
            "DELETE FROM {side}.seeds s USING riacho.objects o
             WHERE o.id = s.object_id AND o.source = $1 AND o.endpoint = $2",
            "DELETE FROM {side}.shadows WHERE source = $1 AND endpoint = $2",
        ];
        const LEFT: &str = "SELECT EXISTS (SELECT FROM {side}.rebuilds) AS are_left";
        for endpoint in &self.endpoints {
            let of = endpoint.names();
            let mut tables = Vec::new();
            for row in work.query("list the rebuilt tables", &self.sql(TABLES), &of).await? {
                let name = field::<String>(&row, "name")?;
                tables.push(Relation { schema: &self.schema(), name: &name }.to_string());
            }
            if !tables.is_empty() {
                let sql = format!("DROP TABLE IF EXISTS {} CASCADE", tables.join(", "));
                work.run("drop the rebuilt tables", &sql).await?;
            }
            let all =
                ["columns", "tables", "endpoints", "renames", "changes", "objects", "rebuilds"];
            let all = all.map(|table| {
                format!("DELETE FROM {{side}}.{table} WHERE source = $1 AND endpoint = $2")
            });
            for sql in LINES.into_iter().chain(all.iter().map(String::as_str)) {
                work.execute("forget the rebuild", &self.sql(sql), &of).await?;
            }
        }
        let row = work.query_one("look for other rebuilds", &self.sql(LEFT), &[]).await?;
        if !field::<bool>(&row, "are_left")? {
            self.drop_schemas(work).await?;
        }
        Ok(())
    }

    /// A statement that names the rebuild's ledger `{side}`, its schema `{tables}`, as a text
    /// `{schema}`.
    pub(crate) fn sql(&self, sql: &str) -> String {
        let tables = self.schema();
        sql.replace("{side}", &Ident(self.ledger.schema()).to_string())
            .replace("{tables}", &Ident(&tables).to_string())
            .replace("{schema}", &Literal(&tables).to_string())
    }

    pub(crate) fn facts(&self) -> Vec<EndpointFacts> {
        self.endpoints.iter().map(|endpoint| endpoint.facts.clone()).collect()
    }

    /// The source.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The endpoints' names.
    pub fn names(&self) -> Vec<&str> {
        self.endpoints.iter().map(|endpoint| endpoint.facts.endpoint.as_str()).collect()
    }
}

/// Of a statement that speaks of the rebuild's ledger.
pub(crate) fn or_ended(error: WarehouseError) -> WarehouseError {
    if error.is_something_gone() { RebuildRefused::Ended.into() } else { error }
}

impl Rebuilt {
    /// Source and endpoint, as parameters.
    pub(crate) fn names(&self) -> [&(dyn ToSql + Sync); 2] {
        [&self.facts.source, &self.facts.endpoint]
    }
}

impl fmt::Display for Rebuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.source, self.names().join(", "))
    }
}
