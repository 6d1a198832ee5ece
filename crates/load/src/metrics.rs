//! What CloudWatch is to count, as lines of the function's log: no call, no permission, no wait.
//!
//! Source: Amazon CloudWatch User Guide, "Specification: Embedded metric format".

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use landing::RawLocation;
use serde_json::{Value, json};

use crate::{ObjectReport, Progress};

const NAMESPACE: &str = "Riacho";

/// Counts by source and endpoint what becomes of an invocation's objects.
#[derive(Debug, Default)]
pub struct Metrics {
    counts: Mutex<BTreeMap<(String, String), Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    shape_changes: u64,
    likely_renames: u64,
    records_vanished: u64,
}

impl Metrics {
    /// The lines to be printed, one for each endpoint that there is something to say of.
    pub fn lines(self, now: SystemTime) -> Vec<String> {
        let counts = self.counts.into_inner().unwrap_or_else(PoisonError::into_inner);
        let millis = now.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
        let told = counts.iter().map(|((source, endpoint), counts)| {
            counts.document(source, endpoint, millis).to_string()
        });
        told.collect()
    }
}

impl Progress for Metrics {
    fn finished(&self, report: &ObjectReport) {
        let likely = u64::try_from(report.likely_renames.len()).unwrap_or(u64::MAX);
        if report.changes == 0 && likely == 0 && report.vanished == 0 {
            return;
        }
        let Ok(location) = RawLocation::parse(&report.key) else { return };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let of = counts.entry((location.source, location.endpoint)).or_default();
        of.shape_changes += report.changes;
        of.likely_renames += likely;
        of.records_vanished += report.vanished;
    }
}

impl Counts {
    fn document(&self, source: &str, endpoint: &str, millis: u64) -> Value {
        let metric = |name: &str| json!({ "Name": name, "Unit": "Count" });
        json!({
            "_aws": {
                "Timestamp": millis,
                "CloudWatchMetrics": [{
                    "Namespace": NAMESPACE,
                    "Dimensions": [["source", "endpoint"]],
                    "Metrics": [
                        metric("ShapeChanges"), metric("LikelyRenames"), metric("RecordsVanished"),
                    ],
                }],
            },
            "source": source,
            "endpoint": endpoint,
            "ShapeChanges": self.shape_changes,
            "LikelyRenames": self.likely_renames,
            "RecordsVanished": self.records_vanished,
        })
    }
}

#[cfg(test)]
mod tests {
    use landing::ObjectKey;

    use super::*;
    use crate::Verdict;

    fn report(endpoint: &str, changes: u64, vanished: u64) -> ObjectReport {
        let key = format!("raw/source=pos/endpoint={endpoint}/busDt=1/20261101T060000Z.json");
        ObjectReport {
            changes,
            vanished,
            ..ObjectReport::bare("b", &ObjectKey::new(key), Verdict::Loaded)
        }
    }

    #[test]
    fn an_endpoint_with_something_to_say_has_one_line_in_the_embedded_metric_format() {
        let metrics = Metrics::default();
        for report in [report("a", 2, 0), report("a", 1, 7), report("quiet", 0, 0)] {
            metrics.finished(&report);
        }
        let lines = metrics.lines(UNIX_EPOCH + std::time::Duration::from_millis(1_500));
        let [line] = lines.as_slice() else { panic!("{lines:?}") };
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["_aws"]["Timestamp"], 1_500);
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], "Riacho");
        assert_eq!((&line["source"], &line["endpoint"]), (&json!("pos"), &json!("a")));
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_u64(), "{line}");
        }
        assert_eq!((&line["ShapeChanges"], &line["RecordsVanished"]), (&json!(3), &json!(7)));
    }
}
