//! Tables that somebody dropped by hand come back empty, as the catalog knows them; the ledger then
//! says of the objects whose rows are gone that they must be replayed.

use std::sync::Arc;

use crate::catalog::{self, Catalog};
use crate::ledger::Line;
use crate::views::TakenDown;
use crate::work::Work;
use crate::{Dropped, EndpointFacts, WarehouseError, mend, schema_change, views};

/// Makes the endpoint's tables anew, and lets its objects' lines say that their rows are gone.
pub(crate) async fn repair(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    line: &mut Line,
) -> Result<(), WarehouseError> {
    const GONE: &str = "
        UPDATE riacho.objects SET stands = false, status = 'failed', error = jsonb_build_object(
            'kind', 'tables_dropped', 'bucket', bucket, 'key', key,
            'message', 'the tables that held its rows were dropped; replay it')
        WHERE source = $1 AND endpoint = $2
            AND status IN ('loaded', 'unchanged', 'superseded')";
    const SHADOWS: &str = "DELETE FROM riacho.shadows WHERE source = $1 AND endpoint = $2";
    let of: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
        [&endpoint.source, &endpoint.endpoint];
    let catalog = catalog::read(work, endpoint).await?;
    if endpoint.dropped == Dropped::Refuse {
        let root = catalog.schema.tables.first();
        let name = root.map_or_else(String::new, |root| catalog.relation(root).to_string());
        return Err(mend::dropped(&format!("the table {name} was")));
    }
    schema_change::lock(work, endpoint, &catalog, endpoint.lock_schema_first).await?;
    drop_remnants(work, &catalog).await?;
    let none = Catalog { schema: Arc::default(), ..catalog.clone() };
    let steps = schema_change::steps(&none.schema, &catalog.schema);
    schema_change::alter(work, endpoint, &none, &catalog.schema, &steps, line.id).await?;
    let gone = work.execute("let the ledger say whose rows are gone", GONE, &of).await?;
    work.execute("forget the shadows", SHADOWS, &of).await?;
    tracing::warn!(
        endpoint.source = endpoint.source,
        endpoint.name = endpoint.endpoint,
        objects_without_rows = gone,
        "the endpoint's tables were dropped; made them anew, empty"
    );
    line.stands = false;
    line.status = "failed".to_owned();
    line.failure = None;
    Ok(())
}

/// Child tables whose root is gone hold rows of no record.
async fn drop_remnants(work: &Work<'_>, catalog: &Catalog) -> Result<(), WarehouseError> {
    for table in &catalog.schema.tables {
        views::take_down(work, catalog.relation(table), &mut TakenDown::default()).await?;
    }
    for sql in catalog.for_each_table(|table| format!("DROP TABLE IF EXISTS {table}")) {
        work.run("drop what is left of the endpoint's tables", &sql).await?;
    }
    Ok(())
}
