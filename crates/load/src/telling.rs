//! From what happened to an object to its report, and to the one line of the log.

use landing::{Classify, LandedObject};
use warehouse::Outcome;

use crate::load_object::Done;
use crate::{LikelyRename, LoadError, ObjectReport, Trouble, Verdict};

pub(crate) fn ignored(object: &LandedObject, why: &str) -> ObjectReport {
    tracing::info!(object.bucket = %object.bucket, object.key = %object.key, why, "ignored object");
    ObjectReport::bare(&object.bucket, &object.key, Verdict::Ignored)
}

pub(crate) fn loaded(object: &LandedObject, done: Done) -> ObjectReport {
    let mut report = ObjectReport {
        version_id: done.version_id,
        bytes: done.bytes,
        notices: done.notices,
        likely_renames: done.likely_renames.iter().map(told).collect(),
        timings: done.timings,
        ..ObjectReport::bare(&object.bucket, &object.key, Verdict::Loaded)
    };
    match done.outcome {
        Outcome::Loaded(counts) => {
            report.records = counts.records;
            report.rows = counts.rows;
            report.rejects = counts.rejects;
            report.changes = counts.changes;
            if let Some(vanished) = counts.vanished {
                let (before, after) = (vanished.before, vanished.after);
                report.vanished = before.saturating_sub(after);
                report.notices.push(format!("vanished: {before} records before, {after} now"));
            }
        }
        Outcome::Unchanged { owner, .. } => {
            report.outcome = Verdict::Unchanged;
            report.notices.push(format!("same bytes as `{owner}`"));
        }
        Outcome::Superseded { by } => {
            report.outcome = Verdict::Superseded;
            report.notices.push(format!("superseded by `{by}`"));
        }
        Outcome::AlreadyLoaded => report.outcome = Verdict::AlreadyLoaded,
    }
    report
}

fn told(likely: &warehouse::LikelyRename) -> LikelyRename {
    let warehouse::LikelyRename { id, rename, .. } = likely;
    let (new, old) = (rename.new.clone(), rename.old.clone());
    LikelyRename { id: *id, new, old, score: rename.score.unwrap_or_default() }
}

/// A line for each rename that seems likely, with its cure.
pub(crate) fn log_likely_rename(object: &LandedObject, likely: &warehouse::LikelyRename) {
    let warehouse::LikelyRename { id, source, endpoint, rename } = likely;
    tracing::warn!(
        object.key = %object.key, source, endpoint, rename.id = id, rename.new = %rename.new,
        rename.old = %rename.old, rename.score = rename.score.unwrap_or_default(),
        rename.evidence = likely.reason(),
        "a field seems to be renamed; `riacho schema accept {id}` makes the old column go on"
    );
}

pub(crate) fn failed(object: &LandedObject, error: &LoadError) -> ObjectReport {
    ObjectReport {
        version_id: object.version_id.clone(),
        error: Some(Trouble { kind: error.name().to_owned(), message: error.with_causes() }),
        ..ObjectReport::bare(&object.bucket, &object.key, error.kind().into())
    }
}

/// One line an object, at the level that its outcome deserves.
pub(crate) fn log(report: &ObjectReport) {
    let timings = &report.timings;
    if let Some(error) = &report.error {
        tracing::warn!(
            object.bucket = %report.bucket, object.key = %report.key, outcome = ?report.outcome,
            error.kind = %error.kind, error.message = %error.message, "object is not loaded"
        );
        return;
    }
    tracing::info!(
        object.bucket = %report.bucket, object.key = %report.key, outcome = ?report.outcome,
        object.bytes = report.bytes, records = report.records, rows = report.rows,
        rejects = report.rejects, changes = report.changes, notices = report.notices.join("; "),
        begin_ms = timings.begin.as_millis(), read_ms = timings.read.as_millis(),
        shred_ms = timings.shred.as_millis(),
        write_ms = timings.write.as_millis(), commit_ms = timings.commit.as_millis(),
        "object is done"
    );
}
