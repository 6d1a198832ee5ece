//! Likely renames: looked for once a load that brought new fields is committed, written into the
//! change log, never acted upon. Which fields are compared is `units`', how likely they are one
//! `likeness`'s.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::before::Before;
use crate::catalog::{self, Catalog};
use crate::likeness::LIKELY;
use crate::renames::check;
use crate::sample::Sample;
use crate::suspects::{Suspicion, suspect};
use crate::units::{Brought, Question, questions};
use crate::work::{Work, field};
use crate::{Acceptance, EndpointFacts, Rename, Timeouts, Warehouse, WarehouseError};

/// Advice is worth no more waiting.
const STATEMENT: Duration = Duration::from_secs(2);
const LOCK: Duration = Duration::from_millis(500);
/// Tables that are looked into for one object.
const TABLES_MAX: usize = 10;
const COLUMNS_MAX: usize = 200;

/// That a load brought new fields: what is needed to find out whether these are old ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub(crate) object_id: i64,
    pub(crate) before: Before,
}

/// A likely rename that was noticed.
#[derive(Debug, Clone, PartialEq)]
pub struct LikelyRename {
    /// Its line in the change log.
    pub id: i64,
    /// The source.
    pub source: String,
    /// The endpoint.
    pub endpoint: String,
    /// The rename, with its score and evidence.
    pub rename: Rename,
}

impl LikelyRename {
    /// Why it seems likely.
    pub fn reason(&self) -> &str {
        let evidence = self.rename.evidence.as_ref();
        let words = evidence.and_then(|evidence| evidence.get("words")?.as_str());
        words.unwrap_or_default()
    }
}

impl Warehouse {
    /// The likely rename with that number, accepted or not.
    pub async fn likely_rename(&mut self, id: i64) -> Result<Option<LikelyRename>, WarehouseError> {
        const FIND: &str = "
            SELECT id, source, endpoint, path, details->>'old' AS old,
                (details->>'score')::real AS score, details->'evidence' AS evidence
            FROM riacho.changes WHERE kind = 'likely_rename' AND id = $1";
        let work = self.work().await?;
        let row = work.query_opt("find the likely rename", FIND, &[&id]).await?;
        work.rollback().await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(LikelyRename {
            id: field(&row, "id")?,
            source: field(&row, "source")?,
            endpoint: field(&row, "endpoint")?,
            rename: Rename {
                new: field(&row, "path")?,
                old: field(&row, "old")?,
                score: field(&row, "score")?,
                evidence: field(&row, "evidence")?,
            },
        }))
    }

    /// Looks whether fields that an object brought are likely to be old ones under new names, and
    /// writes those that are into the change log. Gives the ones that were not noticed before.
    pub async fn look_for_renames(
        &mut self,
        endpoint: &EndpointFacts,
        news: &News,
    ) -> Result<Vec<LikelyRename>, WarehouseError> {
        let brief = |timeouts| Timeouts { statement: Some(STATEMENT), lock: LOCK, ..timeouts };
        let work = self.work_within(brief).await?;
        let catalog = catalog::read(&work, endpoint).await?;
        let brought = brought(&work, endpoint, news.object_id).await?;
        let asked = questions(&catalog.schema, &brought);
        if asked.is_empty() {
            work.rollback().await?;
            return Ok(Vec::new());
        }
        let samples = samples(&work, &catalog, endpoint, &asked, news.object_id).await?;
        let suspicions = suspect(&catalog, endpoint, &asked, &samples, &news.before);
        let is_older = is_older(&work, news.object_id, &samples).await?;
        let mut noticed = Vec::new();
        for suspicion in suspicions.into_iter().filter(|s| s.score >= LIKELY) {
            let (new, old) = match is_older {
                // What came is the older object's name.
                true => (suspicion.old.clone(), suspicion.new.clone()),
                false => (suspicion.new.clone(), suspicion.old.clone()),
            };
            let rename = rename(new, old, &suspicion);
            let acceptance = check(&catalog.schema, &catalog.renames(endpoint), &rename);
            if acceptance == Ok(Acceptance::Accepted) {
                noticed.extend(write(&work, &catalog, endpoint, news, &suspicion, rename).await?);
            }
        }
        work.commit().await?;
        Ok(noticed)
    }
}

fn rename(new: String, old: String, suspicion: &Suspicion) -> Rename {
    let evidence = serde_json::json!({
        "words": suspicion.evidence.words(),
        "parts": suspicion.evidence,
    });
    // Two digits are all that it is worth.
    let score = (suspicion.score * 100.0).round() / 100.0;
    Rename { new, old, score: Some(score as f32), evidence: Some(evidence) }
}

/// The tables and columns that the catalog has because of the object.
async fn brought(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    object_id: i64,
) -> Result<Brought, WarehouseError> {
    const BROUGHT: &str = "
        SELECT position AS table_position, NULL::integer AS position FROM riacho.tables
        WHERE source = $1 AND endpoint = $2 AND object_id = $3
        UNION ALL
        SELECT table_position, position FROM riacho.columns
        WHERE source = $1 AND endpoint = $2 AND object_id = $3";
    let (source, name) = (&endpoint.source, &endpoint.endpoint);
    let mut brought = Brought::default();
    for row in work.query("find what came", BROUGHT, &[source, name, &object_id]).await? {
        let number = |name| field::<Option<i32>>(&row, name);
        let table = number("table_position")?.and_then(|number| usize::try_from(number).ok());
        let column = number("position")?.map(usize::try_from);
        match (table, column) {
            (Some(table), None) => {
                brought.tables.insert(table);
            }
            (Some(table), Some(Ok(column))) => {
                brought.columns.insert((table, column));
            }
            _ => {}
        }
    }
    Ok(brought)
}

/// Rows of each table that a question is about.
async fn samples(
    work: &Work<'_>,
    catalog: &Catalog,
    endpoint: &EndpointFacts,
    asked: &[Question],
    object_id: i64,
) -> Result<BTreeMap<usize, Sample>, WarehouseError> {
    let mut wanted = BTreeMap::<usize, BTreeSet<usize>>::new();
    for unit in asked.iter().flat_map(|question| question.olds.iter().chain([&question.new])) {
        wanted.entry(unit.table).or_default();
        for (table, column) in &unit.columns {
            wanted.entry(*table).or_default().insert(*column);
        }
        for table in &unit.tables {
            wanted.entry(*table).or_default();
        }
    }
    let root = catalog.schema.tables.first().map_or(&[][..], |root| &root.columns);
    if let Some(columns) = wanted.get_mut(&0) {
        let keys = catalog.key_columns(endpoint).unwrap_or_default();
        let is_key = |name: &str| keys.iter().any(|key| key.name == name);
        let places = root.iter().enumerate().filter(|(_, column)| is_key(&column.name));
        columns.extend(places.map(|(place, _)| place));
    }
    let mut samples = BTreeMap::new();
    for (number, columns) in wanted.into_iter().take(TABLES_MAX) {
        if let Some(table) = catalog.schema.tables.get(number) {
            let columns = columns.into_iter().take(COLUMNS_MAX).collect();
            let sample = Sample::read(work, catalog, table, object_id, columns).await?;
            samples.insert(number, sample);
        }
    }
    Ok(samples)
}

/// Whether the object is older than all that were sampled beside it: objects come in any order.
async fn is_older(
    work: &Work<'_>,
    object_id: i64,
    samples: &BTreeMap<usize, Sample>,
) -> Result<bool, WarehouseError> {
    const OLDER: &str = "
        SELECT coalesce(o.object_time < (SELECT min(other.object_time) FROM riacho.objects other
            WHERE other.id = ANY($2)), false) AS is_older
        FROM riacho.objects o WHERE o.id = $1";
    let others = samples.values().flat_map(|sample| sample.other_objects.clone());
    let others = others.collect::<Vec<_>>();
    let row = work.query_opt("compare the objects' times", OLDER, &[&object_id, &others]).await?;
    row.map_or(Ok(false), |row| field(&row, "is_older"))
}

/// Writes it down, once for each pair.
async fn write(
    work: &Work<'_>,
    catalog: &Catalog,
    endpoint: &EndpointFacts,
    news: &News,
    suspicion: &Suspicion,
    rename: Rename,
) -> Result<Option<LikelyRename>, WarehouseError> {
    const INSERT: &str = "
        INSERT INTO riacho.changes
            (source, endpoint, object_id, kind, table_name, path, details)
        SELECT $1, $2, $3, 'likely_rename', $4, $5, $6 WHERE NOT EXISTS (
            SELECT FROM riacho.changes c WHERE c.source = $1 AND c.endpoint = $2
                AND c.kind = 'likely_rename' AND c.path = $5 AND c.details->>'old' = $7)
        RETURNING id";
    let (source, name) = (endpoint.source.clone(), endpoint.endpoint.clone());
    let table = catalog.schema.tables.get(suspicion.table).map(|table| table.name.as_str());
    let details = serde_json::json!({
        "old": rename.old, "new": rename.new, "score": rename.score, "evidence": rename.evidence,
    });
    let row = work
        .query_opt(
            "write down a likely rename",
            INSERT,
            &[&source, &name, &news.object_id, &table, &rename.new, &details, &rename.old],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(LikelyRename { id: field(&row, "id")?, source, endpoint: name, rename }))
}
