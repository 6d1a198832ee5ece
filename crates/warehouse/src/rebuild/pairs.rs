//! Rows of the live ledger and those of a rebuild, side by side: what SQL says of them. Rows are one
//! where object and number are the same and every column has the same bytes; that holds for types
//! without an equality too (`json`), and tells 1.0 from 1.00.
//!
//! Source: PostgreSQL documentation, "Row and Array Comparisons", "Composite Type Comparison".

use normalise::Table;

use super::Rebuild;
use crate::catalog::Catalog;
use crate::found::FoundTable;
use crate::ident::{Ident, Literal, Relation};
use crate::mend::TECHNICAL;

/// Two relations with the columns that are compared, as expressions over `t` (live) and `s`
/// (rebuilt).
#[derive(Debug, Clone)]
pub(super) struct Pair {
    /// What it is called.
    pub(super) name: String,
    /// The live relation, as it stands behind FROM.
    pub(super) live: String,
    /// The rebuilt one.
    pub(super) rebuilt: String,
    columns: Vec<(String, String)>,
}

impl Pair {
    /// A table, of which `found` stands in the live schema.
    pub(super) fn of_table(
        live: &str,
        catalog: &Catalog,
        table: &Table,
        found: Option<&FoundTable>,
    ) -> Self {
        let standing = Relation { schema: live, name: &table.name }.to_string();
        let technical = TECHNICAL.into_iter().take(table.technical_columns());
        let nothing = technical.clone().zip(["bigint", "integer", "integer"]);
        let nothing = nothing.map(|(name, of)| format!("NULL::{of} AS {name}"));
        let nothing = nothing.collect::<Vec<_>>().join(", ");
        let both = |name: &str| (format!("t.{name}"), format!("s.{name}"));
        let own = table.columns.iter().map(|column| {
            let (name, of) = (Ident(&column.name), column.of.name());
            let stands = found.is_some_and(|found| found.columns.contains_key(&column.name));
            let live = if stands { format!("t.{name}::{of}") } else { format!("NULL::{of}") };
            (live, format!("s.{name}::{of}"))
        });
        Self {
            name: format!("{live}.{}", table.name),
            live: if found.is_some() {
                standing
            } else {
                format!("(SELECT {nothing} WHERE false)")
            },
            rebuilt: catalog.relation(table).to_string(),
            columns: technical.skip(2).map(both).chain(own).collect(),
        }
    }

    /// The rejects of an endpoint.
    pub(super) fn of_rejects(rebuild: &Rebuild, source: &str, endpoint: &str) -> Self {
        let of = |ledger: String| {
            format!(
                "(SELECT j.object_id AS _object_id, j.\"row\" AS _row, j.reason, j.pointer,
                    j.byte_offset, j.byte_length, j.json
                FROM {ledger}.rejects j JOIN {ledger}.objects o ON o.id = j.object_id
                WHERE o.source = {} AND o.endpoint = {})",
                Literal(source),
                Literal(endpoint)
            )
        };
        let columns = ["reason", "pointer", "byte_offset", "byte_length", "json"];
        Self::of_ledger("riacho.rejects", rebuild, of, &columns)
    }

    /// What the ledger says of the objects whose rows stand.
    pub(super) fn of_standing(rebuild: &Rebuild, source: &str, endpoint: &str) -> Self {
        let of = |ledger: String| {
            format!(
                "(SELECT id AS _object_id, 0 AS _row, standing_time, records, rejects, envelope
                FROM {ledger}.objects
                WHERE stands AND source = {} AND endpoint = {})",
                Literal(source),
                Literal(endpoint)
            )
        };
        let columns = ["standing_time", "records", "rejects", "envelope"];
        Self::of_ledger("riacho.objects", rebuild, of, &columns)
    }

    /// Which objects the ledger knows, and which of them failed.
    pub(super) fn of_lines(rebuild: &Rebuild, source: &str, endpoint: &str) -> Self {
        let of = |ledger: String| {
            format!(
                "(SELECT id AS _object_id, 0 AS _row, key, status = 'failed' AS failed
                FROM {ledger}.objects
                WHERE status <> 'loading' AND source = {} AND endpoint = {})",
                Literal(source),
                Literal(endpoint)
            )
        };
        Self::of_ledger("riacho.objects (lines)", rebuild, of, &["key", "failed"])
    }

    fn of_ledger(
        name: &str,
        rebuild: &Rebuild,
        of: impl Fn(String) -> String,
        columns: &[&str],
    ) -> Self {
        Self {
            name: name.to_owned(),
            live: of("riacho".to_owned()),
            rebuilt: of(rebuild.sql("{side}")),
            columns: columns.iter().map(|c| (format!("t.{c}"), format!("s.{c}"))).collect(),
        }
    }

    /// Whether `t` and `s` are one row.
    pub(super) fn is_same(&self) -> String {
        let (live, rebuilt): (Vec<_>, Vec<_>) = self.columns.iter().cloned().unzip();
        let row = |columns: Vec<String>, first: &str| {
            format!("ROW({})", [vec![first.to_owned()], columns].concat().join(", "))
        };
        format!(
            "s._object_id = t._object_id AND s._row = t._row AND record_image_eq({}, {})",
            row(live, "t._row"),
            row(rebuilt, "s._row")
        )
    }

    /// Counts rows, and those that only one side has. An object's number is no matter there: a row
    /// belongs to the object that its object counts as, `standing_key`, whichever of several with the
    /// same bytes came first.
    pub(super) fn comparison(&self, rebuild: &Rebuild) -> String {
        let Self { live, rebuilt, .. } = self;
        let (lives, rebuilts): (Vec<_>, Vec<_>) = self.columns.iter().cloned().unzip();
        let print = |of: &str, columns: Vec<String>| {
            let owner = format!("coalesce(o.standing_key, o.key, {of}._object_id::text)");
            let row = [vec![owner, format!("{of}._row")], columns].concat().join(", ");
            format!("sha256(textsend(ROW({row})::text))")
        };
        let (print_live, print_rebuilt) = (print("t", lives), print("s", rebuilts));
        let same = self.is_same();
        let sql = format!(
            "WITH d AS (
                SELECT {print_live} AS print, 1 AS side, t._object_id AS object, t._row AS number
                FROM {live} t LEFT JOIN riacho.objects o ON o.id = t._object_id
                WHERE NOT EXISTS (SELECT FROM {rebuilt} s WHERE {same})
                UNION ALL
                SELECT {print_rebuilt}, -1, s._object_id, s._row
                FROM {rebuilt} s LEFT JOIN {{side}}.objects o ON o.id = s._object_id
                WHERE NOT EXISTS (SELECT FROM {live} t WHERE {same})
            ), g AS MATERIALIZED (
                SELECT sum(side) AS more, min(object) AS object, min(number) AS number
                FROM d GROUP BY print HAVING sum(side) <> 0
            )
            SELECT (SELECT count(*) FROM {live} t) AS live, (SELECT count(*) FROM {rebuilt} s) AS rebuilt,
                coalesce(sum(more) FILTER (WHERE more > 0), 0)::bigint AS gone,
                coalesce(-sum(more) FILTER (WHERE more < 0), 0)::bigint AS come,
                ARRAY(SELECT object || ' ' || number FROM g WHERE more > 0
                    ORDER BY object, number LIMIT 3) AS gone_rows,
                ARRAY(SELECT object || ' ' || number FROM g WHERE more < 0
                    ORDER BY object, number LIMIT 3) AS come_rows
            FROM g"
        );
        rebuild.sql(&sql)
    }
}
