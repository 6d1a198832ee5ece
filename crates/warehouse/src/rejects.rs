//! Records that can't be kept, with their JSON and the reason.

use normalise::Reject;

use crate::WarehouseError;
use crate::values::count;
use crate::work::Work;

/// Writes rejects of an object, each record once, and gives how many records that is.
pub(crate) async fn write(
    work: &Work<'_>,
    object_id: i64,
    rejects: Vec<Reject>,
) -> Result<u64, WarehouseError> {
    const INSERT: &str = "
        INSERT INTO riacho.rejects
            (object_id, \"row\", reason, pointer, byte_offset, byte_length, json)
        SELECT $1, r.* FROM unnest($2::integer[], $3::text[], $4::text[], $5::bigint[],
            $6::bigint[], $7::text[]) r
        ON CONFLICT DO NOTHING";
    if rejects.is_empty() {
        return Ok(0);
    }
    let rows = rejects.iter().map(|reject| reject.row).collect::<Vec<_>>();
    let reasons = rejects.iter().map(|reject| reject.reason.name()).collect::<Vec<_>>();
    let pointers = rejects.iter().map(|reject| reject.pointer.as_str()).collect::<Vec<_>>();
    let bytes = rejects.iter().map(|reject| reject.bytes.as_ref());
    let offsets = bytes.clone().map(|bytes| Some(count(bytes?.start))).collect::<Vec<_>>();
    let lengths = bytes.map(|bytes| bytes.map(|bytes| count(bytes.end - bytes.start)));
    let lengths = lengths.collect::<Vec<_>>();
    let texts = rejects.iter().map(|reject| reject.json.as_deref()).collect::<Vec<_>>();
    work.execute(
        "write rejects",
        INSERT,
        &[&object_id, &rows, &reasons, &pointers, &offsets, &lengths, &texts],
    )
    .await
}
