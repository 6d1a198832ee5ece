//! Begins an object: claims its line, decides between it and what its scope stands on, and makes
//! room for its rows.

use crate::catalog::{self, Catalog};
use crate::keyed::Keyed;
use crate::ledger::{self, Closing, Line, Standing};
use crate::memory::Memory;
use crate::scope::{self, Holder};
use crate::shadows::{self, KeyText};
use crate::work::Work;
use crate::{
    Begun, EndpointFacts, Loading, ObjectFacts, Outcome, WarehouseError, Write, before, hand_over,
    repair, rows, schema_change,
};

/// The failure that a person has to overrule.
pub(crate) const VANISHED: &str = "vanished";

/// What an object finds when its rows come.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// Records that the scope held before, rejected ones left out; none where there was no object.
    pub(crate) records_before: Option<u64>,
    /// Keys that the rows which made room had in common with other objects.
    pub(crate) contested: Vec<KeyText>,
    /// Whether the rows that made room are kept in view: see `before`.
    pub(crate) in_view: bool,
}

/// What a load starts from.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) object: ObjectFacts,
    pub(crate) endpoint: EndpointFacts,
    pub(crate) object_id: i64,
    /// What its rows count with against others.
    pub(crate) own: Standing,
    pub(crate) room: Room,
    /// Whether its changes of the tables were made ahead of it.
    pub(crate) brought: bool,
}

/// What is to be done with a claimed object.
enum Decision {
    /// Its line is closed; commit.
    Closed(Outcome),
    /// Nothing is to be written at all.
    Nothing(Outcome),
    /// It is to be loaded; these objects' rows make room.
    Load(Vec<Holder>),
}

/// Begins an object in a transaction that has just begun.
pub(crate) async fn begin<'a>(
    work: Work<'a>,
    memory: &'a mut Memory,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
) -> Result<Begun<'a>, WarehouseError> {
    if endpoint.lock_schema_first {
        schema_change::wait_for_lock(&work, endpoint).await?;
    }
    if endpoint.write == Write::Replace {
        scope::lock_scope(&work, object).await?;
    }
    let promised = memory.redeem(&object.object);
    let mut line = ledger::claim(&work, object, endpoint, promised).await?;
    if line.root_gone {
        repair::repair(&work, endpoint, &mut line).await?;
    }
    if endpoint.write == Write::Replace {
        hand_over::hand_over(&work, object, endpoint, &mut line).await?;
    }
    match decide(&work, object, endpoint, &line).await? {
        Decision::Nothing(outcome) => {
            work.rollback().await?;
            Ok(Begun::AlreadyDone(outcome))
        }
        Decision::Closed(outcome) => {
            if line.stands {
                clear(&work, endpoint, line.id).await?;
            }
            work.commit().await?;
            Ok(Begun::AlreadyDone(outcome))
        }
        Decision::Load(holders) => {
            let catalog = catalog::open(&work, endpoint, memory.take(endpoint)).await?;
            let room = make_room(&work, &catalog, object, endpoint, &line, &holders).await?;
            let start = Start {
                object: object.clone(),
                endpoint: endpoint.clone(),
                object_id: line.id,
                own: line.counts_with(object),
                room,
                brought: promised.is_some(),
            };
            Ok(Begun::Load(Box::new(Loading::new(work, memory, catalog, start))))
        }
    }
}

async fn decide(
    work: &Work<'_>,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
    line: &Line,
) -> Result<Decision, WarehouseError> {
    if let Some(outcome) = known(object, line)? {
        return Ok(Decision::Nothing(outcome));
    }
    if endpoint.write != Write::Replace {
        return Ok(Decision::Load(Vec::new()));
    }
    let holders = scope::holders(work, object, endpoint, line.id).await?;
    let own = line.counts_with(object);
    let Some(newest) = holders.first() else {
        return Ok(Decision::Load(holders));
    };
    if newest.standing > own {
        let closing = Closing { status: "superseded", ..Closing::default() };
        ledger::close(work, line.id, object, closing).await?;
        return Ok(Decision::Closed(Outcome::Superseded { by: newest.key.clone() }));
    }
    if is_unchanged(work, object, line, &holders).await? {
        scope::let_count_as(work, newest.id, &own).await?;
        let closing = Closing {
            status: "unchanged",
            records: Some(newest.records),
            rows: Some(0),
            rejects: Some(newest.rejects),
            ..Closing::default()
        };
        ledger::close(work, line.id, object, closing).await?;
        let settled = scope::settle_failures(work, object, endpoint, line.id).await?;
        return Ok(Decision::Closed(Outcome::Unchanged { owner: newest.key.clone(), settled }));
    }
    Ok(Decision::Load(holders))
}

/// What the object's own line says already.
fn known(object: &ObjectFacts, line: &Line) -> Result<Option<Outcome>, WarehouseError> {
    if object.force {
        return Ok(None);
    }
    if let (Some(recorded), Some(now)) = (&line.sequencer, &object.object.sequencer)
        && recorded > now
    {
        return Ok(Some(Outcome::Superseded { by: object.object.key.clone() }));
    }
    if !line.has_bytes_of(&object.object) {
        return Ok(None);
    }
    if line.status == "failed" && line.failure.as_deref() == Some(VANISHED) {
        return Err(WarehouseError::VerdictStands(line.message.clone().unwrap_or_default()));
    }
    let is_done = matches!(line.status.as_str(), "loaded" | "unchanged" | "superseded");
    // The same bytes put again later are newer than what came between, where S3 gives the time.
    let is_older = Standing::of(object).time <= line.object_time;
    Ok((is_done && is_older).then_some(Outcome::AlreadyLoaded))
}

/// Lets an object's own rows go: an endpoint that was `append` and is `replace` now may have
/// several objects of one scope standing.
async fn clear(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    object_id: i64,
) -> Result<(), WarehouseError> {
    let catalog = catalog::open(work, endpoint, None).await?;
    shadows::forget_objects(work, &[object_id]).await?;
    forget_rejects(work, &[object_id]).await?;
    rows::delete_object(work, &catalog, object_id).await
}

/// Whether the scope stands on the object's bytes, and nothing but the time would change.
async fn is_unchanged(
    work: &Work<'_>,
    object: &ObjectFacts,
    line: &Line,
    holders: &[Holder],
) -> Result<bool, WarehouseError> {
    let [owner] = holders else { return Ok(false) };
    let same = owner.status == "loaded"
        && owner.etag.is_some()
        && owner.etag == object.object.etag
        && owner.bytes == object.object.bytes;
    if !same || object.force || line.stands {
        return Ok(false);
    }
    // A record that gave way to an equal version in a newer object may not give way to this one.
    Ok(!shadows::any_of(work, owner.id).await?)
}

/// Lets what the scope stood on go, and what the object itself stood on with other bytes.
async fn make_room(
    work: &Work<'_>,
    catalog: &Catalog,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
    line: &Line,
    holders: &[Holder],
) -> Result<Room, WarehouseError> {
    let mut ids = holders.iter().map(|holder| holder.id).collect::<Vec<_>>();
    if line.stands {
        ids.push(line.id);
    }
    if endpoint.write == Write::Replace {
        scope::supersede_others(work, object, endpoint, line.id).await?;
    }
    let mut room = Room { records_before: records_before(line, holders), ..Room::default() };
    if ids.is_empty() {
        return Ok(room);
    }
    if endpoint.write == Write::Replace
        && let Some(keyed) = Keyed::of(catalog, endpoint)
        && shadows::any(work, endpoint).await?
    {
        room.contested = shadows::contested(work, endpoint, &keyed, &ids).await?;
    }
    // Its cursor is on its way together with what follows.
    let (in_view, forgotten) =
        futures::join!(before::declare(work, catalog, &ids), shadows::forget_objects(work, &ids));
    room.in_view = in_view?;
    forgotten?;
    forget_rejects(work, &ids).await?;
    for id in ids {
        rows::delete_object(work, catalog, id).await?;
    }
    Ok(room)
}

fn records_before(line: &Line, holders: &[Holder]) -> Option<u64> {
    let before = holders.first().map(|holder| holder.records.saturating_sub(holder.rejects));
    before.or_else(|| line.stands.then(|| line.records.saturating_sub(line.rejects)))
}

async fn forget_rejects(work: &Work<'_>, ids: &[i64]) -> Result<(), WarehouseError> {
    const FORGET: &str = "DELETE FROM riacho.rejects WHERE object_id = ANY($1)";
    work.execute("forget an earlier object's rejects", FORGET, &[&ids]).await?;
    Ok(())
}
