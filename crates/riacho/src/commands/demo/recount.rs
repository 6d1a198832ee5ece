//! Counts the checks a second time, straight from the raw JSON, by code that shares nothing with
//! the pipe: the newest object of each scope, the newest version of each check.

use std::collections::{BTreeMap, HashMap};

use landing::{ObjectKey, RawLocation};
use serde::Serialize;
use serde_json::Value;

use super::stage::Stage;

const CHECKS: &str = "raw/source=pos/endpoint=getGuestChecks/";
const OBJECT_BYTES_MAX: u64 = 256 << 20;
const CENTS: f64 = 100.0;

/// Checks, and the sum of their totals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Recount {
    pub(super) checks: u64,
    cents: i64,
}

impl Recount {
    /// `12,345.67`.
    pub(super) fn money(&self) -> String {
        let cents = self.cents.unsigned_abs();
        let sign = if self.cents < 0 { "-" } else { "" };
        format!("{sign}{}.{:02}", crate::output::count(cents / 100), cents % 100)
    }
}

/// As the tables have them.
pub(super) async fn in_tables(stage: &Stage<'_>) -> anyhow::Result<Recount> {
    let sql = "SELECT count(*), trunc(coalesce(sum(chk_ttl), 0) * 100) FROM pos.guest_checks";
    let answer = stage.ask(sql).await?;
    let numbers: Vec<i64> =
        answer.rows.iter().flatten().flatten().filter_map(|text| text.parse().ok()).collect();
    match numbers.as_slice() {
        [checks, cents] => Ok(Recount { checks: u64::try_from(*checks)?, cents: *cents }),
        _ => anyhow::bail!("the warehouse gave no numbers for: {sql}"),
    }
}

/// As the lake has them.
pub(super) async fn in_lake(stage: &Stage<'_>) -> anyhow::Result<Recount> {
    let (lake, bucket) = (&stage.environment.lake, stage.environment.bucket()?);
    let mut newest = BTreeMap::<String, ObjectKey>::new();
    let mut listing = lake.list(bucket, CHECKS);
    while let Some(listed) = listing.next().await? {
        // Listed in the order of keys, and so of times within a scope.
        let scope = RawLocation::parse(&listed.key)?.scope.to_string();
        newest.insert(scope, listed.key);
    }
    let mut checks = HashMap::<u64, (String, i64)>::new();
    for key in newest.into_values() {
        let found = lake.get_text(bucket, &key, OBJECT_BYTES_MAX).await?;
        let document: Value = serde_json::from_str(&found.unwrap_or_default().0)?;
        for check in document.get("guestChecks").and_then(Value::as_array).into_iter().flatten() {
            count_in(&mut checks, check);
        }
    }
    let cents = checks.values().map(|(_, cents)| cents).sum();
    Ok(Recount { checks: u64::try_from(checks.len())?, cents })
}

fn count_in(checks: &mut HashMap<u64, (String, i64)>, check: &Value) {
    let id = check.get("guestCheckId").and_then(Value::as_u64).unwrap_or_default();
    let version = check.get("lastUpdatedUTC").and_then(Value::as_str).unwrap_or_default();
    let total = check.get("chkTtl").and_then(Value::as_f64).unwrap_or_default();
    // Exact: a total has two decimals and is far below 2^53 cents.
    let cents = (total * CENTS).round() as i64;
    let known = checks.entry(id).or_default();
    if *known.0 <= *version {
        *known = (version.to_owned(), cents);
    }
}
