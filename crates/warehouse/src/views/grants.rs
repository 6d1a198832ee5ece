//! Who may read a view: whoever may read its table when it is made; whoever could read it before
//! when it is made anew.

use crate::WarehouseError;
use crate::ident::Relation;
use crate::work::{Work, field};

/// A GRANT for each line of an access list `a`, on what `$2` stands for.
///
/// Source: PostgreSQL documentation, "Access Privilege Inquiry Functions": grantee 0 is PUBLIC.
fn grant(columns: &str, kind: &str) -> String {
    format!(
        "format('GRANT %s%s ON {kind} %s TO %s%s', a.privilege_type, {columns}, $2::text,
            CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
            CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS sql"
    )
}

/// The statements that give to a view anew what is granted on it now.
pub(crate) async fn held(work: &Work<'_>, view: &str) -> Result<Vec<String>, WarehouseError> {
    let on_all = grant("''", "TABLE");
    let on_columns = grant("format(' (%I)', c.attname)", "TABLE");
    let sql = format!(
        "SELECT {on_all} FROM pg_class v, aclexplode(v.relacl) a
        WHERE v.oid = to_regclass($1) AND a.grantee <> v.relowner
        UNION ALL
        SELECT {on_columns} FROM pg_class v JOIN pg_attribute c ON c.attrelid = v.oid,
            aclexplode(c.attacl) a
        WHERE v.oid = to_regclass($1) AND a.grantee <> v.relowner"
    );
    statements(work, &sql, view, view).await
}

/// The statements that let those read `view` who may read the whole of each of `tables`. Where
/// policies choose rows for each reader nobody may: a view reads with its owner's eyes.
///
/// Source: PostgreSQL documentation, "Row Security Policies" and CREATE VIEW, "security_invoker".
pub(crate) async fn of_tables(
    work: &Work<'_>,
    tables: &[Relation<'_>],
    view: &str,
) -> Result<Vec<String>, WarehouseError> {
    let Some((first, others)) = tables.split_first() else { return Ok(Vec::new()) };
    let mut grants = of_table(work, *first, view).await?;
    for other in others {
        let of_other = of_table(work, *other, view).await?;
        grants.retain(|grant| of_other.contains(grant));
    }
    Ok(grants)
}

async fn of_table(
    work: &Work<'_>,
    table: Relation<'_>,
    view: &str,
) -> Result<Vec<String>, WarehouseError> {
    let on_all = grant("''", "TABLE");
    let sql = format!(
        "SELECT {on_all} FROM pg_class t, aclexplode(t.relacl) a
        WHERE t.oid = to_regclass($1) AND a.grantee <> t.relowner
            AND a.privilege_type = 'SELECT' AND NOT t.relrowsecurity"
    );
    statements(work, &sql, &table.to_string(), view).await
}

/// The statements that let those into the schema `views` who may use the schema `tables`.
pub(crate) async fn of_schema(
    work: &Work<'_>,
    tables: &str,
    views: &str,
) -> Result<Vec<String>, WarehouseError> {
    let on_schema = grant("''", "SCHEMA");
    let sql = format!(
        "SELECT {on_schema} FROM pg_namespace n, aclexplode(n.nspacl) a
        WHERE n.nspname = $1 AND a.grantee <> n.nspowner AND a.privilege_type = 'USAGE'"
    );
    statements(work, &sql, tables, views).await
}

async fn statements(
    work: &Work<'_>,
    sql: &str,
    from: &str,
    to: &str,
) -> Result<Vec<String>, WarehouseError> {
    let rows = work.query("read who may see what", sql, &[&from, &to]).await?;
    rows.iter().map(|row| field(row, "sql")).collect()
}
