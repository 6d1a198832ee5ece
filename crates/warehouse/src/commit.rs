//! The end of a load: what vanished, what could not be kept, what people should know, the ledger's
//! line; then all of it at once, or nothing.

use std::time::Duration;

use normalise::{Reject, Summary};

use crate::ledger::{self, Closing};
use crate::pipeline::{self, Step};
use crate::{
    Loading, News, Outcome, Vanished, WarehouseError, Write, change_log, scope, survey, views,
};

pub(crate) async fn commit(
    mut loading: Loading<'_>,
    summary: Summary,
    unread: Vec<Reject>,
    duration: Duration,
) -> Result<Outcome, WarehouseError> {
    if let Some(wanted) = loading.survey.take() {
        return Err(survey::settle(loading, wanted).await);
    }
    loading.counts.records = summary.records;
    loading.write_rejects(unread).await?;
    loading.counts.reinstated = loading.wanted.close()?;
    loading.counts.vanished = guard(&loading, &summary)?;
    loading.counts.news = news(&mut loading).await?;
    let (work, endpoint, id) = (&loading.work, &loading.endpoint, loading.object_id);
    change_log::notice(work, endpoint, id, &summary.notices).await?;
    if let Some(vanished) = loading.counts.vanished {
        change_log::vanished(work, endpoint, id, vanished).await?;
    }
    let has_seen = loading.memory.has_seen_views(endpoint, loading.catalog.version);
    let views_seen = has_seen
        || views::look_after(work, endpoint, id, &loading.catalog, loading.schema_locked).await?;
    let steps = last_steps(&loading, &summary, duration, Others::Perhaps);
    let answers = pipeline::commit(work, &steps).await?;
    let settled = scope::settled(endpoint, &answers)?;
    drop(steps);
    loading.counts.settled = settled;
    let Loading { memory, catalog, endpoint, counts, met, .. } = loading;
    if views_seen {
        memory.see_views(&endpoint, catalog.version);
    }
    memory.expect_meetings(&endpoint, met);
    memory.keep(&endpoint, catalog);
    Ok(Outcome::Loaded(counts))
}

/// Whether there are other objects of the scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Others {
    /// The ledger had none when the scope was locked. None but a failure can have come since, which is
    /// then as one that comes later.
    None,
    Perhaps,
}

/// What is left to do of an object that is loaded: others of its scope count as superseded, unless
/// they do already; its line is written; older failures are settled, last.
pub(crate) fn last_steps<'l>(
    loading: &'l Loading<'_>,
    summary: &'l Summary,
    duration: Duration,
    others: Others,
) -> Vec<Step<'l>> {
    let Loading { object, endpoint, object_id: id, room, .. } = loading;
    let closing = Closing {
        status: "loaded",
        stands: true,
        standing: Some(loading.own.clone()),
        records: Some(summary.records),
        rows: Some(loading.counts.rows),
        rejects: Some(loading.counts.rejects),
        envelope: summary.envelope.as_deref(),
        seconds: duration.as_secs_f64(),
        write: Some(endpoint.write),
    };
    let close = ledger::close(*id, object, closing);
    if others == Others::None {
        return vec![close];
    }
    let replaces = endpoint.write == Write::Replace && !room.superseded;
    let superseded = replaces.then(|| scope::supersede_others(object, endpoint, *id));
    let settled = scope::settle_failures(object, endpoint, *id);
    superseded.into_iter().chain([close]).chain(settled).collect()
}

/// What is needed to find out whether fields that came are old ones under new names.
async fn news(loading: &mut Loading<'_>) -> Result<Option<News>, WarehouseError> {
    if !loading.brought {
        return Ok(None);
    }
    let before = match loading.before.take() {
        Some(before) => before,
        None => loading.read_before().await?,
    };
    Ok(Some(News { object_id: loading.object_id, before }))
}

/// Says when more than half of a scope's records vanished; refuses where the limit is lower still
/// and nobody overruled it.
pub(crate) fn guard(
    loading: &Loading<'_>,
    summary: &Summary,
) -> Result<Option<Vanished>, WarehouseError> {
    let Some(before) = loading.room.records_before.filter(|before| *before > 0) else {
        return Ok(None);
    };
    let after = summary.records.saturating_sub(loading.counts.rejects);
    let vanished = Vanished { before, after };
    let gone = before.saturating_sub(after);
    // Both numbers are far below 2^52.
    let share = gone as f64 / before as f64;
    if !loading.object.force && loading.endpoint.vanish_limit.is_some_and(|limit| share > limit) {
        return Err(WarehouseError::Vanished(vanished));
    }
    Ok((gone * 2 > before).then_some(vanished))
}
