//! Sees what load does with each event, across the tasks that handle them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use load::{ObjectReport, Progress, Summary, Verdict};

use crate::output::Meter;

/// Reports since they were taken last, and the meter that follows them.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    reports: Vec<ObjectReport>,
    meter: Option<Meter>,
}

/// What load did with a number of events.
#[derive(Debug, Default)]
pub(super) struct Handled {
    pub(super) summary: Summary,
    /// The time that each loaded object took, the shortest first.
    times: Vec<Duration>,
}

impl Watch {
    /// Lets a meter follow, that takes up what was seen already.
    pub(super) fn follow(&self, meter: Meter) {
        self.with(|seen| {
            let done = seen.reports.iter().filter(|report| is_first(report)).count();
            (0..done).for_each(|_| meter.step());
            seen.meter = Some(meter);
        });
    }

    /// Takes what was seen, and the meter away.
    pub(super) fn take(&self) -> Handled {
        let seen = self.with(std::mem::take);
        let mut handled = Handled::default();
        let mut failed = BTreeSet::new();
        for mut report in seen.reports {
            // An event that came twice fails twice; it is one object all the same.
            if report.outcome == Verdict::Failed && !failed.insert(report.key.clone()) {
                report.outcome = Verdict::AlreadyLoaded;
            }
            if report.outcome == Verdict::Loaded {
                let timings = report.timings;
                handled.times.push(timings.read + timings.shred + timings.write + timings.commit);
            }
            handled.summary.add(report);
        }
        handled.times.sort();
        handled
    }

    fn with<T>(&self, act: impl FnOnce(&mut Seen) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// An event that came twice is no progress.
fn is_first(report: &ObjectReport) -> bool {
    report.outcome != Verdict::AlreadyLoaded
}

impl Progress for Watch {
    fn finished(&self, report: &ObjectReport) {
        self.with(|seen| {
            if let Some(meter) = seen.meter.as_ref().filter(|_| is_first(report)) {
                meter.step();
            }
            seen.reports.push(report.clone());
        });
    }
}

impl Handled {
    /// The time that half of the objects took less than.
    pub(super) fn median(&self) -> Duration {
        self.times.get(self.times.len() / 2).copied().unwrap_or_default()
    }

    /// The time that the slowest took.
    pub(super) fn slowest(&self) -> Duration {
        self.times.last().copied().unwrap_or_default()
    }

    /// Events, those that came twice included.
    pub(super) fn events(&self) -> u64 {
        let Summary { loaded, unchanged, superseded, already_loaded, failed, retry, .. } =
            &self.summary;
        loaded + unchanged + superseded + already_loaded + failed + retry
    }
}
