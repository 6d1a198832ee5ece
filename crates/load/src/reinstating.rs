//! Reads other objects again, whose records must stand once more because of the one at hand.

use landing::{Classify, FailureKind};
use normalise::Batch;
use objects::LakeError;
use warehouse::{Loading, Reinstatement};

use crate::load_object::Job;
use crate::pour::{Writing, pour};
use crate::{LoadError, Timings};

/// Reads again the objects whose records must stand once more.
pub(crate) async fn reinstate_all(
    job: Job<'_>,
    loading: &mut Loading<'_>,
    timings: &mut Timings,
) -> Result<(), LoadError> {
    let mut waiting = loading.reinstate().await?;
    while let Some(reinstatement) = waiting.pop() {
        let why = match reinstate(job, &reinstatement, loading, timings).await {
            Ok(()) if loading.was_overwritten(&reinstatement) => "overwritten".to_owned(),
            Ok(()) => continue,
            Err(error) if is_gone(&error) => error.to_string(),
            Err(error) => return Err(error),
        };
        tracing::warn!(
            object.key = %reinstatement.object.key, records = reinstatement.records(), error = why,
            "records that should stand again can't be read from the lake any more"
        );
        waiting.extend(loading.renounce(&reinstatement).await?);
    }
    Ok(())
}

/// Whether the other object's bytes left the lake, or can't be loaded any more: no fault of the
/// object at hand, and no more a part of what the tables must hold. What it was overwritten with has
/// an event of its own; to wait for that could mean to wait for each other.
fn is_gone(error: &LoadError) -> bool {
    match error {
        LoadError::Lake(LakeError::Changed { .. }) => true,
        LoadError::Lake(_) | LoadError::Normalise(_) => error.kind() == FailureKind::Permanent,
        _ => false,
    }
}

/// Reads another object again, whose records must stand once more.
async fn reinstate(
    job: Job<'_>,
    reinstatement: &Reinstatement,
    loading: &mut Loading<'_>,
    timings: &mut Timings,
) -> Result<(), LoadError> {
    let opening = job.lake.read(&reinstatement.object);
    let reading = loading.wait_for(Box::pin(opening)).await??;
    let mut body = reading.decoded_within(job.limits);
    let location = &reinstatement.location;
    let prepared = job.prepared.of(job.endpoint, loading.schema());
    let shredder = prepared.shredder(reinstatement.object_id, &location.scope.0);
    let mut shredder = shredder.again_for(reinstatement.rows());
    let mut again = Again(reinstatement);
    if let Some(batch) = pour(&mut body, &mut shredder, loading, &mut again, timings).await? {
        again.write(batch, loading).await?;
    }
    Ok(())
}

/// Another object, whose records must stand again.
struct Again<'r>(&'r Reinstatement);

impl Writing for Again<'_> {
    async fn write(&mut self, batch: Batch, to: &mut Loading<'_>) -> Result<(), LoadError> {
        Ok(to.write_reinstated(self.0, batch).await?)
    }
}
