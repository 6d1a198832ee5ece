//! The tables against the ledger: what stands of each object is counted.

use fetch::FetchRequest;
use load::{EndpointRules, Loader};
use serde_json::Value;
use warehouse::Write;

use super::is_asked_for;
use super::tally::Tally;
use crate::environment::Environment;
use crate::questions::{array, ask_json, identifier, literal, text_of};

/// Objects that differ and are listed, of one endpoint.
const LISTED_MAX: u32 = 10_000;

struct Endpoint {
    source: String,
    endpoint: String,
    root: String,
    tables: Vec<String>,
}

pub(super) async fn count(
    environment: &Environment,
    loader: &Loader,
    request: &FetchRequest,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    for of in endpoints(loader).await? {
        if !is_asked_for(request, &of.source, &of.endpoint) {
            continue;
        }
        // A table that was dropped or is locked is a finding, and no end of the audit.
        if let Err(error) = count_one(environment, loader, &of, tally).await {
            tally.uncounted((&of.source, &of.endpoint), format!("{error:#}"));
        }
    }
    Ok(())
}

async fn count_one(
    environment: &Environment,
    loader: &Loader,
    of: &Endpoint,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let each = of.tables.iter().map(|table| format!("(SELECT count(*) FROM {table})"));
    let sql = format!("SELECT {} AS rows", each.collect::<Vec<_>>().join(" + "));
    let rows = array(ask_json(loader, &sql).await?);
    let rows = rows.first().and_then(|row| row["rows"].as_u64()).unwrap_or_default();
    tally.rows.insert(format!("{} {}", of.source, of.endpoint), rows);
    let rules = EndpointRules::named(&environment.configuration, &of.source, &of.endpoint)?;
    let write = rules.facts.write;
    let otherwise = otherwise(loader, of, write).await?;
    if otherwise > 0 {
        tally.loaded_otherwise((&of.source, &of.endpoint), otherwise, write);
    }
    // Where objects never give way to each other, records that did are not remembered.
    let forgets = (write != Write::Replace || otherwise > 0) && !rules.facts.key.is_empty();
    let found = array(ask_json(loader, &miscounted(of, forgets)).await?);
    for row in &found {
        let number = |name: &str| row[name].as_i64().unwrap_or_default();
        let key = text_of(row, "key");
        tally.miscounted((&of.source, &of.endpoint), &key, number("says"), number("stand"));
    }
    let all = found.first().and_then(|row| row["found"].as_u64()).unwrap_or_default();
    tally.miscounted_too(all.saturating_sub(found.len() as u64));
    Ok(())
}

async fn endpoints(loader: &Loader) -> anyhow::Result<Vec<Endpoint>> {
    const TABLES: &str = "
        SELECT source, endpoint, json_agg(json_build_array(schema_name, table_name)
            ORDER BY position) AS tables
        FROM riacho.tables GROUP BY source, endpoint ORDER BY source, endpoint";
    let rows = array(ask_json(loader, TABLES).await?);
    let endpoint = |row: &Value| {
        let tables = array(row["tables"].clone());
        let name = |table: &Value| {
            let part = |at: usize| identifier(table[at].as_str().unwrap_or_default());
            format!("{}.{}", part(0), part(1))
        };
        let tables = tables.iter().map(name).collect::<Vec<_>>();
        Some(Endpoint {
            source: text_of(row, "source"),
            endpoint: text_of(row, "endpoint"),
            root: tables.first()?.clone(),
            tables,
        })
    };
    Ok(rows.iter().filter_map(endpoint).collect())
}

/// Objects that stand, or gave way, by another rule than the one that is configured now. Those that
/// were loaded before the ledger kept it stand by the rule of today.
async fn otherwise(loader: &Loader, of: &Endpoint, write: Write) -> anyhow::Result<u64> {
    let (source, endpoint) = (literal(&of.source), literal(&of.endpoint));
    let gave_way = match write {
        Write::Replace => "",
        Write::Merge | Write::Append => "OR o.status = 'superseded'",
    };
    let sql = format!(
        "SELECT count(*) AS otherwise FROM riacho.objects o
        WHERE o.source = {source} AND o.endpoint = {endpoint}
            AND ((o.stands AND o.write_mode <> {}) {gave_way})",
        literal(write.name())
    );
    let rows = array(ask_json(loader, &sql).await?);
    Ok(rows.first().and_then(|row| row["otherwise"].as_u64()).unwrap_or_default())
}

/// Objects of which other records stand than the ledger says: those it held, less the rejected ones
/// and those in whose place another object's newer version stands.
fn miscounted(of: &Endpoint, forgets: bool) -> String {
    let (source, endpoint) = (literal(&of.source), literal(&of.endpoint));
    let differs = if forgets { ">" } else { "<>" };
    let root = &of.root;
    format!(
        "WITH counted AS (SELECT _object_id AS id, count(*) AS stand FROM {root} GROUP BY 1),
        shadows AS (SELECT object_id AS id, count(*) AS gave_way FROM riacho.shadows
            WHERE source = {source} AND endpoint = {endpoint} GROUP BY 1),
        said AS (SELECT o.id, o.key, o.records - o.rejects - coalesce(s.gave_way, 0) AS says
            FROM riacho.objects o LEFT JOIN shadows s ON s.id = o.id
            WHERE o.source = {source} AND o.endpoint = {endpoint} AND o.stands)
        SELECT coalesce(said.key, o.key, 'object ' || counted.id) AS key,
            coalesce(said.says, 0) AS says, coalesce(counted.stand, 0) AS stand,
            count(*) OVER () AS found
        FROM said FULL JOIN counted ON counted.id = said.id
        LEFT JOIN riacho.objects o ON o.id = counted.id
        WHERE coalesce(counted.stand, 0) {differs} coalesce(said.says, 0)
        ORDER BY 1 LIMIT {LISTED_MAX}"
    )
}
