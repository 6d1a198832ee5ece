//! Compares what stands with what must stand, line by line, and the account with the lake.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::oracle::{Expected, Standing};
use super::tables::Found;

/// Differences that are told; the first ones say what is wrong.
const TOLD_MAX: usize = 6;

/// What the lake says of failures.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// Keys that have an error log.
    pub(super) logs: BTreeSet<String>,
    /// Keys that `manifests/open.jsonl` lists.
    pub(super) open: BTreeSet<String>,
}

impl Failures {
    pub(super) fn of(errors: &[Standing], manifests: &[Standing]) -> Self {
        let key = |json: &[u8]| -> String {
            let log = serde_json::from_slice::<Value>(json).unwrap();
            log["key"].as_str().unwrap().to_owned()
        };
        let open = manifests.iter().find(|object| object.key == "manifests/open.jsonl");
        let lines = open.into_iter().flat_map(|open| open.bytes.split(|byte| *byte == b'\n'));
        Self {
            logs: errors.iter().map(|object| key(&object.bytes)).collect(),
            open: lines.filter(|line| !line.is_empty()).map(key).collect(),
        }
    }
}

/// Every way in which the end differs from what it must be; none where all is well.
pub(super) fn judge(expected: &Expected, found: &Found, failures: &Failures) -> Vec<String> {
    let mut violations = judge_tables(expected, found);
    for (key, account) in &expected.account {
        match found.ledger.get(key) {
            None => violations.push(format!("ledger: no line of {key}")),
            Some((etag, status)) => {
                if *etag != account.etag {
                    violations.push(format!("ledger: {key} is {etag}, not {}", account.etag));
                }
                if !account.statuses.contains(status.as_str()) {
                    let allowed = &account.statuses;
                    violations.push(format!("ledger: {key} is {status}, not one of {allowed:?}"));
                }
            }
        }
    }
    let failed = |(_, status): &(String, String)| status == "failed";
    let failed = found.ledger.iter().filter(|(_, line)| failed(line));
    let failed = failed.map(|(key, _)| key.clone()).collect::<BTreeSet<_>>();
    for (what, keys) in [("error logs", &failures.logs), ("open.jsonl", &failures.open)] {
        let differ = keys.symmetric_difference(&failed);
        violations.extend(differ.map(|key| format!("{what} and ledger differ on {key}")));
    }
    let strangers = found.ledger.keys().filter(|key| !expected.account.contains_key(*key));
    violations.extend(strangers.map(|key| format!("ledger: {key} is not in the lake")));
    violations
}

/// The same of the tables alone.
pub(super) fn judge_tables(expected: &Expected, found: &Found) -> Vec<String> {
    let mut violations = found.strays.iter().map(|stray| format!("stray: {stray}")).collect();
    compare("row", &expected.rows, &found.rows, &mut violations);
    compare("reject", &expected.rejects, &found.rejects, &mut violations);
    compare("shadow", &expected.shadows, &found.shadows, &mut violations);
    violations
}

/// Tells lines that are missing, and lines that are too many.
fn compare(what: &str, expected: &[String], found: &[String], violations: &mut Vec<String>) {
    let mut counts = BTreeMap::<&str, i32>::new();
    expected.iter().for_each(|line| *counts.entry(line).or_default() += 1);
    found.iter().for_each(|line| *counts.entry(line).or_default() -= 1);
    let differ = counts.into_iter().filter(|(_, count)| *count != 0);
    violations.extend(differ.take(TOLD_MAX).map(|(line, count)| match count {
        1.. => format!("{what} missing: {line}"),
        _ => format!("{what} too many: {line}"),
    }));
}
