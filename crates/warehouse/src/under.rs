//! What landed under the new name of a rename before it counted: which objects brought it, and how
//! many rows it is. A replay of these objects leaves nothing there. Reads alone.

use landing::{LandedObject, ObjectKey, is_at_or_under};
use normalise::Table;

use crate::catalog::{self, Catalog};
use crate::ident::Ident;
use crate::work::field;
use crate::{EndpointFacts, Rename, Warehouse, WarehouseError};

/// What stands under the new name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Under {
    /// Objects that brought it.
    pub objects: u64,
    /// Rows that hold it.
    pub rows: u64,
}

/// An object that brought some of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bringer {
    /// Its number in the ledger: the next page begins after it.
    pub object_id: i64,
    /// The object.
    pub object: LandedObject,
}

/// A moment, told by the transactions that had begun by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment(String);

impl Warehouse {
    /// Counts what stands under the new name.
    pub async fn count_under(
        &mut self,
        endpoint: &EndpointFacts,
        rename: &Rename,
    ) -> Result<Under, WarehouseError> {
        let work = self.work().await?;
        let catalog = catalog::read(&work, endpoint).await?;
        let mut under = Under::default();
        let holds = holds(&catalog, &rename.new);
        if !holds.is_empty() {
            let each = holds.iter().map(|hold| format!("SELECT _object_id {hold}"));
            let sql = format!(
                "SELECT count(DISTINCT _object_id) AS objects, count(*) AS held FROM ({}) u",
                each.collect::<Vec<_>>().join(" UNION ALL ")
            );
            let row = work.query_one("count what is under the new name", &sql, &[]).await?;
            let count = |name| field::<i64>(&row, name).map(|count| count.unsigned_abs());
            under = Under { objects: count("objects")?, rows: count("held")? };
        }
        work.rollback().await?;
        Ok(under)
    }

    /// The objects that brought it, in the ledger's order, after the one numbered `after`.
    pub async fn bringers(
        &mut self,
        endpoint: &EndpointFacts,
        rename: &Rename,
        after: i64,
        at_most: u32,
    ) -> Result<Vec<Bringer>, WarehouseError> {
        let work = self.work().await?;
        let catalog = catalog::read(&work, endpoint).await?;
        // The primary key begins with the object, so that a page ends where it is full.
        let mut each = holds(&catalog, &rename.new)
            .iter()
            .map(|hold| {
                let found = format!("SELECT DISTINCT _object_id {hold} AND _object_id > $1");
                format!("({found} ORDER BY _object_id LIMIT {at_most})")
            })
            .collect::<Vec<_>>();
        each.extend(without_key(&catalog, endpoint, rename));
        let mut bringers = Vec::new();
        if !each.is_empty() {
            let sql = format!(
                "SELECT o.id, o.bucket, o.key FROM ({}) u
                JOIN riacho.objects o ON o.id = u._object_id
                WHERE o.source = $2 AND o.endpoint = $3
                ORDER BY o.id LIMIT {at_most}",
                each.join(" UNION ")
            );
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&after, &endpoint.source, &endpoint.endpoint];
            for row in work.query("list what is under the new name", &sql, &parameters).await? {
                let key = ObjectKey::new(field::<String>(&row, "key")?);
                bringers.push(Bringer {
                    object_id: field(&row, "id")?,
                    object: LandedObject::named(field::<String>(&row, "bucket")?, key),
                });
            }
        }
        work.rollback().await?;
        Ok(bringers)
    }

    /// This moment.
    pub async fn moment(&mut self) -> Result<Moment, WarehouseError> {
        const NOW: &str = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS moment";
        let work = self.work().await?;
        let row = work.query_one("note the moment", NOW, &[]).await?;
        let moment = field(&row, "moment")?;
        work.rollback().await?;
        Ok(Moment(moment))
    }

    /// Whether every transaction that had begun to write by then has ended: no load goes on any more
    /// that does not know of a rename accepted before that moment.
    ///
    /// Source: PostgreSQL documentation, "Transaction ID and Snapshot Information Functions".
    pub async fn is_past(&mut self, moment: &Moment) -> Result<bool, WarehouseError> {
        const PAST: &str = "
            SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8 AS is_past";
        let work = self.work().await?;
        let row = work.query_one("look for earlier loads", PAST, &[&moment.0]).await?;
        let is_past = field(&row, "is_past")?;
        work.rollback().await?;
        Ok(is_past)
    }
}

/// `FROM … WHERE …` for each table that holds something at or beneath the path.
fn holds(catalog: &Catalog, path: &str) -> Vec<String> {
    let tables = catalog.schema.tables.iter();
    tables
        .filter_map(|table| {
            let relation = catalog.relation(table);
            if is_at_or_under(&table.path, path) {
                return Some(format!("FROM {relation} WHERE true"));
            }
            let holding = columns_under(table, path);
            let is_set = |name: &&str| format!("{} IS NOT NULL", Ident(name));
            let sets = holding.iter().map(is_set).collect::<Vec<_>>();
            (!sets.is_empty()).then(|| format!("FROM {relation} WHERE ({})", sets.join(" OR ")))
        })
        .collect()
}

fn columns_under<'t>(table: &'t Table, path: &str) -> Vec<&'t str> {
    let fields = table.columns.iter().filter(|column| column.origin.is_field());
    fields.filter(|c| is_at_or_under(&c.path, path)).map(|c| c.name.as_str()).collect()
}

/// Where the key was renamed: records that were rejected because only the new name had it, of
/// objects that were loaded before it counted.
fn without_key(catalog: &Catalog, endpoint: &EndpointFacts, rename: &Rename) -> Option<String> {
    const REJECTED: &str = "
        (SELECT DISTINCT r.object_id AS _object_id FROM riacho.rejects r
        JOIN riacho.objects o ON o.id = r.object_id
        JOIN riacho.renames n ON n.source = o.source AND n.endpoint = o.endpoint
        WHERE o.source = $2 AND o.endpoint = $3 AND r.reason = 'key_missing'
            AND o.loaded_at <= n.accepted_at AND r.object_id > $1)";
    let renames = catalog.renames(endpoint);
    let old = renames.oldest(&rename.old);
    endpoint
        .key
        .iter()
        .any(|key| is_at_or_under(&renames.oldest(key), &old))
        .then(|| REJECTED.to_owned())
}
