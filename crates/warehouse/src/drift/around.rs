//! What stands on and around the tables that Riacho never makes: constraints, triggers, views,
//! other owners, rights that are lacking.

use normalise::Table;

use super::Difference;
use crate::WarehouseError;
use crate::catalog::Catalog;
use crate::ident::{Ident, Relation};
use crate::work::{Work, field};

/// One such thing.
#[derive(Debug)]
pub(super) struct Thing {
    /// The table's name.
    pub(super) table: String,
    kind: String,
    name: String,
    detail: String,
}

/// Reads them of all tables of the catalog.
pub(super) async fn read(work: &Work<'_>, catalog: &Catalog) -> Result<Vec<Thing>, WarehouseError> {
    // What Riacho makes itself, such as its views, is left out.
    const AROUND: &str = "
        WITH t AS (SELECT c.* FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relname = ANY($2) AND c.relkind IN ('r', 'p'))
        SELECT t.relname::text AS table_name, 'not_null' AS kind, a.attname::text AS name,
            (a.atthasdef OR a.attidentity <> '')::text AS detail
        FROM t JOIN pg_attribute a ON a.attrelid = t.oid
        WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped
            AND a.attname NOT IN ('_object_id', '_row', '_parent_row')
        UNION ALL SELECT t.relname, 'constraint', k.conname, pg_get_constraintdef(k.oid)
        FROM t JOIN pg_constraint k ON k.conrelid = t.oid WHERE k.contype IN ('c', 'f', 'x')
        UNION ALL SELECT t.relname, 'trigger', g.tgname, pg_get_triggerdef(g.oid)
        FROM t JOIN pg_trigger g ON g.tgrelid = t.oid WHERE NOT g.tgisinternal
        UNION ALL SELECT t.relname, 'odd_index', x.relname, pg_get_indexdef(x.oid)
        FROM t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indisunique AND (i.indpred IS NOT NULL OR i.indexprs IS NOT NULL)
        UNION ALL SELECT t.relname, 'invalid_index', x.relname, pg_get_indexdef(x.oid)
        FROM t JOIN pg_index i ON i.indrelid = t.oid JOIN pg_class x ON x.oid = i.indexrelid
        WHERE NOT i.indisvalid
        UNION ALL SELECT DISTINCT t.relname, 'view', n.nspname || '.' || v.relname, ''
        FROM t JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid
        JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
        JOIN pg_class v ON v.oid = w.ev_class JOIN pg_namespace n ON n.oid = v.relnamespace
        WHERE v.oid <> t.oid 
            AND coalesce(obj_description(v.oid, 'pg_class') NOT LIKE 'Riacho: %', true)
        UNION ALL SELECT t.relname, 'owner', pg_get_userbyid(t.relowner), current_user
        FROM t WHERE NOT pg_has_role(t.relowner, 'USAGE')
        UNION ALL SELECT t.relname, 'right', p.name, current_user
        FROM t, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p (name)
        WHERE NOT has_table_privilege(t.oid, p.name)
        UNION ALL SELECT t.relname, 'row_security', current_user, ''
        FROM t WHERE row_security_active(t.oid)
        ORDER BY 1, 2, 3";
    let names = catalog.schema.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>();
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&catalog.namespace, &names];
    let rows = work.query("look at what stands around the tables", AROUND, &parameters).await?;
    let thing = |row| {
        Ok(Thing {
            table: field(row, "table_name")?,
            kind: field(row, "kind")?,
            name: field(row, "name")?,
            detail: field(row, "detail")?,
        })
    };
    rows.iter().map(thing).collect()
}

impl Thing {
    /// What it means; none where it is harmless.
    pub(super) fn difference(&self, catalog: &Catalog, table: &Table) -> Option<Difference> {
        let relation = catalog.relation(table).to_string();
        let (name, detail) = (&self.name, &self.detail);
        let schema = &catalog.namespace;
        let (kind, what, meaning, cure) = match self.kind.as_str() {
            "not_null" => {
                let is_ours = table.column(name).is_some();
                if !is_ours && detail == "true" {
                    return None;
                }
                let meaning = if is_ours { "loads fail where it is NULL" } else { "loads fail" };
                let cure =
                    format!("ALTER TABLE {relation} ALTER COLUMN {} DROP NOT NULL", Ident(name));
                ("not_null_added", format!("column `{name}` is NOT NULL"), meaning, cure)
            }
            "constraint" => (
                "constraint_added",
                format!("constraint `{name}`: {detail}"),
                "loads fail where a row breaks it",
                format!("ALTER TABLE {relation} DROP CONSTRAINT {}", Ident(name)),
            ),
            "trigger" => (
                "trigger_added",
                format!("trigger `{name}`"),
                "it runs with loads, and may change or refuse rows",
                format!("DROP TRIGGER {} ON {relation}, unless it is wanted", Ident(name)),
            ),
            "odd_index" => (
                "unique_index_added",
                format!("unique index `{name}`: {detail}"),
                "loads fail where two rows have the same values there",
                format!("DROP INDEX {}", Relation { schema, name }),
            ),
            "invalid_index" => (
                "index_invalid",
                format!("index `{name}` is invalid"),
                "it costs time and finds nothing",
                format!("DROP INDEX {}", Relation { schema, name }),
            ),
            "view" => (
                "view_on_top",
                format!("view {name} reads it"),
                "columns that it names are not changed in place; a wider number gets a variant",
                String::new(),
            ),
            "owner" => (
                "owner_changed",
                format!("it belongs to {name}, which {detail} is no member of"),
                "loads fail that bring columns",
                format!("ALTER TABLE {relation} OWNER TO {}", Ident(detail)),
            ),
            "right" => (
                "right_lacking",
                format!("{detail} lacks {name}"),
                "loads fail",
                format!("GRANT {name} ON {relation} TO {}", Ident(detail)),
            ),
            _ => (
                "row_security",
                format!("row security counts for {name}"),
                "loads fail, as COPY does not work with it",
                format!("ALTER TABLE {relation} DISABLE ROW LEVEL SECURITY"),
            ),
        };
        Some(Difference {
            kind,
            table: format!("{schema}.{}", table.name),
            what,
            meaning: meaning.to_owned(),
            cure,
            is_note: kind == "view_on_top",
        })
    }
}
