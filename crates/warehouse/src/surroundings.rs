//! What else a load has to know of its endpoint and its scope, by one question behind the locks.

use std::sync::LazyLock;

use tokio_postgres::types::ToSql;

use crate::catalog::{self, Catalog, MARK};
use crate::work::{Work, field};
use crate::{EndpointFacts, ObjectFacts, WarehouseError, Write, shadows};

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// Whether records of the endpoint gave way to others of the same key.
    pub(crate) has_shadows: bool,
    /// Whether the ledger is known to have no other object of the scope.
    pub(crate) is_alone: bool,
    /// The mark of the remembered tables, which are locked; none where none were remembered.
    pub(crate) mark: Option<(i64, String)>,
}

/// The question where tables are remembered.
pub(crate) static ASK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT e.version, {MARK},
            EXISTS (SELECT FROM riacho.shadows s
                WHERE s.source = e.source AND s.endpoint = e.endpoint) AS has_shadows,
            NOT EXISTS (SELECT FROM riacho.objects o
                WHERE o.source = e.source AND o.endpoint = e.endpoint AND o.scope = $3
                    AND (o.bucket, o.key) <> ($4, $5)) AS is_alone
        FROM riacho.endpoints e WHERE e.source = $1 AND e.endpoint = $2"
    )
});

/// Looks, after whatever was sent before, in one journey to the server and back. Objects give way to
/// each other, and shadows are left, in `replace` alone.
pub(crate) async fn look(
    work: &Work<'_>,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
    remembered: Option<&Catalog>,
) -> Result<Surroundings, WarehouseError> {
    let replaces = endpoint.write == Write::Replace;
    let Some(remembered) = remembered else {
        let has_shadows = replaces && shadows::any(work, endpoint).await?;
        return Ok(Surroundings { has_shadows, ..Surroundings::default() });
    };
    let (landed, scope) = (&object.object, object.location.scope.to_string());
    let of: [&(dyn ToSql + Sync); 5] =
        [&endpoint.source, &endpoint.endpoint, &scope, &landed.bucket, &landed.key.as_str()];
    let (held, row) = futures::join!(
        catalog::hold_tables(work, remembered),
        work.query_opt("look around", &ASK, &of),
    );
    held?;
    let Some(row) = row? else {
        let mark = Some((0, String::new()));
        return Ok(Surroundings { has_shadows: replaces, is_alone: false, mark });
    };
    Ok(Surroundings {
        has_shadows: replaces && field(&row, "has_shadows")?,
        is_alone: replaces && field(&row, "is_alone")?,
        mark: Some((field(&row, "version")?, field(&row, "mark")?)),
    })
}
