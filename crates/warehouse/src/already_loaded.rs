//! Which of many objects need no load, in one question: what `begin` would say of each, without a
//! transaction for each.

use std::collections::BTreeSet;

use jiff::Timestamp;
use landing::{LandedObject, ObjectKey};
use tokio_postgres::types::ToSql;

use crate::values::Instant;
use crate::work::field;
use crate::{Warehouse, WarehouseError};

impl Warehouse {
    /// The keys of those objects, all of `bucket`, that are loaded with these very bytes, or gave way
    /// to others; each with its time. Objects whose tables were dropped are not among them.
    pub async fn already_loaded(
        &mut self,
        bucket: &str,
        objects: &[(LandedObject, Timestamp)],
    ) -> Result<BTreeSet<ObjectKey>, WarehouseError> {
        const ASK: &str = "
            SELECT o.key FROM unnest($2::text[], $3::text[], $4::timestamptz[]) a (key, etag, time)
            JOIN riacho.objects o ON o.bucket = $1 AND o.key = a.key
            WHERE o.etag = a.etag AND a.time <= o.object_time
                AND o.status IN ('loaded', 'unchanged', 'superseded')
                AND NOT EXISTS (SELECT FROM riacho.tables t
                    WHERE t.source = o.source AND t.endpoint = o.endpoint AND t.position = 0
                        AND to_regclass(format('%I.%I', t.schema_name, t.table_name)) IS NULL)";
        let keys = objects.iter().map(|(object, _)| object.key.as_str()).collect::<Vec<_>>();
        let etags = objects.iter().map(|(object, _)| object.etag.as_deref()).collect::<Vec<_>>();
        let times = objects.iter().map(|(_, time)| Instant(*time)).collect::<Vec<_>>();
        let of: [&(dyn ToSql + Sync); 4] = [&bucket, &keys, &etags, &times];
        let work = self.work().await?;
        let rows = work.query("ask which objects are loaded already", ASK, &of).await?;
        work.rollback().await?;
        rows.iter().map(|row| Ok(ObjectKey::new(field::<String>(row, "key")?))).collect()
    }
}
