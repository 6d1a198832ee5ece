//! Which views stand, whose they are, and what stands on them.

use std::collections::{BTreeMap, BTreeSet};

use crate::WarehouseError;
use crate::ident::Relation;
use crate::work::{Work, field};

/// Whether the relation `v` is a view that we made and may change: its comment begins with our
/// name. Whoever takes that away takes the view over.
pub(crate) const IS_OURS: &str = "(v.relkind = 'v' AND pg_has_role(v.relowner, 'USAGE')
    AND coalesce(obj_description(v.oid, 'pg_class') LIKE 'Riacho: %', false))";

/// What stands on the view `v`, or on its row type, as a relation `l` of lines of `pg_depend`.
///
/// The view's own query hangs on it too, and goes with it. Source: PostgreSQL documentation,
/// `pg_depend` and "Rules on SELECT".
pub(crate) const LEANERS: &str = "(SELECT d.* FROM pg_depend d
    WHERE d.deptype <> 'i'
        AND (d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid
            OR d.refclassid = 'pg_type'::regclass AND d.refobjid IN (v.reltype,
                (SELECT typarray FROM pg_type WHERE oid = v.reltype)))
        AND NOT EXISTS (SELECT FROM pg_rewrite own WHERE own.ev_class = v.oid
            AND d.classid = 'pg_rewrite'::regclass AND own.oid = d.objid))";

/// What stands under a view's name, if anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Somebody else's relation.
    Foreign,
    /// Our view.
    Ours(OurView),
}

/// A view that we made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OurView {
    pub(crate) comment: String,
    /// What would have to go if it went.
    pub(crate) dependents: Vec<String>,
    /// Its columns of type `bigint`.
    pub(crate) bigints: BTreeSet<String>,
}

/// What stands under each of `names` in the Postgres schema.
pub(crate) async fn look(
    work: &Work<'_>,
    schema: &str,
    names: &[&str],
) -> Result<BTreeMap<String, Standing>, WarehouseError> {
    let sql = format!(
        "SELECT v.relname::text AS name, {IS_OURS} AS is_ours,
            obj_description(v.oid, 'pg_class') AS comment,
            ARRAY(SELECT DISTINCT coalesce(w.ev_class::regclass::text,
                    pg_describe_object(l.classid, l.objid, l.objsubid))
                FROM {LEANERS} l LEFT JOIN pg_rewrite w
                    ON l.classid = 'pg_rewrite'::regclass AND w.oid = l.objid
                ORDER BY 1) AS dependents,
            ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = v.oid
                AND a.attnum > 0 AND a.atttypid = 'bigint'::regtype) AS bigints
        FROM pg_class v JOIN pg_namespace n ON n.oid = v.relnamespace
        WHERE n.nspname = $1 AND v.relname = ANY($2)"
    );
    let mut standing = BTreeMap::new();
    for row in &work.query("look for views", &sql, &[&schema, &names]).await? {
        let what = if field::<bool>(row, "is_ours")? {
            Standing::Ours(OurView {
                comment: field(row, "comment")?,
                dependents: field(row, "dependents")?,
                bigints: field::<Vec<String>>(row, "bigints")?.into_iter().collect(),
            })
        } else {
            Standing::Foreign
        };
        standing.insert(field(row, "name")?, what);
    }
    Ok(standing)
}

/// Our views that read the table, quoted.
pub(crate) async fn views_of(
    work: &Work<'_>,
    table: Relation<'_>,
) -> Result<Vec<String>, WarehouseError> {
    let sql = format!(
        "SELECT DISTINCT n.nspname::text AS schema, v.relname::text AS name
        FROM pg_depend d
        JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
        JOIN pg_class v ON v.oid = w.ev_class
        JOIN pg_namespace n ON n.oid = v.relnamespace
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($1) AND {IS_OURS}
        ORDER BY 1, 2"
    );
    let rows = work.query("look for the table's views", &sql, &[&table.to_string()]).await?;
    let name = |row| {
        let (schema, name) = (field::<String>(row, "schema")?, field::<String>(row, "name")?);
        Ok(Relation { schema: &schema, name: &name }.to_string())
    };
    rows.iter().map(name).collect()
}
