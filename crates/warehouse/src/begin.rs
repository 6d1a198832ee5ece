//! Begins an object: claims its line, decides between it and what its scope stands on, and makes
//! room for its rows.

use crate::catalog::{self, Catalog};
use crate::keyed::Keyed;
use crate::ledger::{self, Closing, Line, Standing};
use crate::look::Found;
use crate::memory::Memory;
use crate::scope::{self, Holder};
use crate::shadows::{self, KeyText};
use crate::work::Work;
use crate::{
    Begun, EndpointFacts, Loading, ObjectFacts, Outcome, WarehouseError, Write, before, hand_over,
    look, pipeline, repair, rows,
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
    /// Whether the ledger had no other object of the scope when that was locked.
    pub(crate) is_alone: bool,
    /// Whether the scope's other objects count as superseded already.
    pub(crate) superseded: bool,
}

/// What a load starts from.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) object: ObjectFacts,
    pub(crate) endpoint: EndpointFacts,
    pub(crate) object_id: i64,
    /// Whether the ledger has never heard of it.
    pub(crate) is_new: bool,
    /// What its rows count with against others.
    pub(crate) own: Standing,
    pub(crate) room: Room,
    /// Whether its changes of the tables were made ahead of it.
    pub(crate) brought: bool,
}

/// What is to be done with a claimed object.
enum Decision {
    /// Its line is closed, and that committed.
    Closed(Outcome),
    /// Nothing is to be written at all.
    Nothing(Outcome),
    /// It is to be loaded; the rows of the scope's holders make room.
    Load,
}

/// Begins an object in a transaction that is not open yet.
pub(crate) async fn begin<'a>(
    work: Work<'a>,
    memory: &'a mut Memory,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
) -> Result<Begun<'a>, WarehouseError> {
    let promised = memory.redeem(&object.object);
    let mut remembered = memory.take(endpoint);
    let mut found = look::look(&work, object, endpoint, promised, remembered.as_ref()).await?;
    if set_right(&work, object, endpoint, &mut found.line).await? {
        found.holders = look::holders(&work, object, endpoint).await?;
        found.surroundings.is_alone = false;
        remembered = None;
    }
    match decide(&work, object, endpoint, &found).await? {
        Decision::Nothing(outcome) => {
            work.rollback().await?;
            memory.keep_if_known(endpoint, remembered);
            Ok(Begun::AlreadyDone(outcome))
        }
        Decision::Closed(outcome) => {
            memory.keep_if_known(endpoint, remembered);
            Ok(Begun::AlreadyDone(outcome))
        }
        Decision::Load => {
            let catalog =
                catalog::confirm(&work, endpoint, remembered, found.surroundings.mark.take())
                    .await?;
            let room = make_room(&work, &catalog, object, endpoint, &found).await?;
            let start = Start {
                object: object.clone(),
                endpoint: endpoint.clone(),
                object_id: found.line.id,
                is_new: found.line.is_new,
                own: found.line.counts_with(object),
                room,
                brought: promised.is_some(),
            };
            Ok(Begun::Load(Box::new(Loading::new(work, memory, catalog, start))))
        }
    }
}

/// Mends what would make the rest untrue; says whether there was anything.
async fn set_right(
    work: &Work<'_>,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
    line: &mut Line,
) -> Result<bool, WarehouseError> {
    let root_gone = line.root_gone;
    if root_gone {
        repair::repair(work, endpoint, line).await?;
    }
    let handed_over = endpoint.write == Write::Replace
        && hand_over::hand_over(work, object, endpoint, line).await?;
    Ok(root_gone || handed_over)
}

async fn decide(
    work: &Work<'_>,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
    found: &Found,
) -> Result<Decision, WarehouseError> {
    let Found { line, holders, .. } = found;
    if let Some(outcome) = known(object, line)? {
        let Some(step) = ledger::learn_order(line, object) else {
            return Ok(Decision::Nothing(outcome));
        };
        pipeline::commit(work, &[step]).await?;
        return Ok(Decision::Closed(outcome));
    }
    let own = line.counts_with(object);
    let Some(newest) = holders.first() else {
        return Ok(Decision::Load);
    };
    if newest.standing > own {
        let closing = Closing { status: "superseded", ..Closing::default() };
        let steps = vec![ledger::close(line.id, object, closing)];
        clear(work, endpoint, line).await?;
        pipeline::commit(work, &steps).await?;
        return Ok(Decision::Closed(Outcome::Superseded { by: newest.key.clone() }));
    }
    if !is_unchanged(work, object, found).await? {
        return Ok(Decision::Load);
    }
    let closing = Closing {
        status: "unchanged",
        records: Some(newest.records),
        rows: Some(0),
        rejects: Some(newest.rejects),
        ..Closing::default()
    };
    let mut steps =
        vec![scope::let_count_as(newest.id, &own), ledger::close(line.id, object, closing)];
    steps.extend(scope::settle_failures(object, endpoint, line.id));
    let answers = pipeline::commit(work, &steps).await?;
    let settled = scope::settled(endpoint, &answers)?;
    Ok(Decision::Closed(Outcome::Unchanged { owner: newest.key.clone(), settled }))
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

/// Lets an object's own rows go, if it has any: an endpoint that was `append` and is `replace` now may
/// have several objects of one scope standing.
async fn clear(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    line: &Line,
) -> Result<(), WarehouseError> {
    if !line.stands {
        return Ok(());
    }
    let catalog = catalog::open(work, endpoint).await?;
    shadows::forget_objects(work, &[line.id]).await?;
    forget_rejects(work, &[line.id]).await?;
    rows::delete_objects(work, &catalog, &[line.id]).await
}

/// Whether the scope stands on the object's bytes, and nothing but the time would change.
async fn is_unchanged(
    work: &Work<'_>,
    object: &ObjectFacts,
    found: &Found,
) -> Result<bool, WarehouseError> {
    let Found { line, holders, surroundings } = found;
    let [owner] = holders.as_slice() else { return Ok(false) };
    let same = owner.status == "loaded"
        && owner.etag.is_some()
        && owner.etag == object.object.etag
        && owner.bytes == object.object.bytes;
    if !same || object.force || line.stands {
        return Ok(false);
    }
    // A record that gave way to an equal version in a newer object may not give way to this one.
    Ok(!(surroundings.has_shadows && shadows::any_of(work, owner.id).await?))
}

/// Lets what the scope stood on go, and what the object itself stood on with other bytes.
async fn make_room(
    work: &Work<'_>,
    catalog: &Catalog,
    object: &ObjectFacts,
    endpoint: &EndpointFacts,
    found: &Found,
) -> Result<Room, WarehouseError> {
    let Found { line, holders, surroundings } = found;
    let mut ids = holders.iter().map(|holder| holder.id).collect::<Vec<_>>();
    if line.stands {
        ids.push(line.id);
    }
    let records_before = records_before(line, holders);
    let mut room = Room { records_before, is_alone: surroundings.is_alone, ..Room::default() };
    if ids.is_empty() {
        return Ok(room);
    }
    if endpoint.write == Write::Replace {
        scope::supersede_others(object, endpoint, line.id).run(work).await?;
        room.superseded = true;
    }
    if surroundings.has_shadows
        && let Some(keyed) = Keyed::of(catalog, endpoint)
    {
        room.contested = shadows::contested(work, endpoint, &keyed, &ids).await?;
    }
    // One journey; the cursor stands before the rows go.
    let (in_view, shadows, rejects, rows) = futures::join!(
        before::declare(work, catalog, &ids),
        shadows::forget_objects(work, &ids),
        forget_rejects(work, &ids),
        rows::delete_objects(work, catalog, &ids),
    );
    room.in_view = in_view?;
    shadows?;
    rejects?;
    rows?;
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
