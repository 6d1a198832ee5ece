//! What a run came to, and many of them together.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

/// One run.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// Its name: the same seed draws the same run.
    pub seed: u64,
    /// What it was, in a line.
    pub title: String,
    /// What happened, in order.
    pub script: Vec<String>,
    /// Every way in which the end was not what the contract says; none is well.
    pub violations: Vec<String>,
    /// Faults that were met, by kind.
    pub faults: BTreeMap<String, u64>,
    /// What stood at the end: objects, rows.
    pub objects: u64,
    /// Records that stood at the end.
    pub records: u64,
    /// How long it took.
    pub took: Duration,
}

impl RunReport {
    /// All that helps to understand a failure.
    pub fn told(&self) -> String {
        format!(
            "seed {}: {}\n{}\nviolations:\n{}\n",
            self.seed,
            self.title,
            self.script.join("\n"),
            self.violations.join("\n")
        )
    }
}

/// Many runs.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// How many.
    pub runs: u64,
    /// Of which so many by the real binaries.
    pub binaries: u64,
    /// Seeds of runs with violations.
    pub failed: Vec<u64>,
    /// Faults that were met, by kind.
    pub faults: BTreeMap<String, u64>,
    /// Objects at the ends of the runs.
    pub objects: u64,
    /// Records at the ends of the runs.
    pub records: u64,
}

impl Report {
    /// Counts a run in.
    pub fn add(&mut self, run: &RunReport) {
        self.runs += 1;
        self.binaries += u64::from(run.title.contains("binaries"));
        self.failed.extend((!run.violations.is_empty()).then_some(run.seed));
        self.objects += run.objects;
        self.records += run.records;
        for (kind, count) in &run.faults {
            *self.faults.entry(kind.clone()).or_default() += count;
        }
    }

    /// The tables of docs/faults.md.
    pub fn page(&self) -> String {
        let faults = self.faults.values().sum::<u64>();
        let mut page = String::from("| | |\n|---|--:|\n");
        let lines = [
            ("runs", self.runs),
            ("of these through the real binaries, killed by `SIGKILL`", self.binaries),
            ("objects compared", self.objects),
            ("records compared", self.records),
            ("faults met", faults),
            ("runs with violations", self.failed.len() as u64),
        ];
        // Writing to a String does not fail.
        for (what, count) in lines {
            let _ = writeln!(page, "| {what} | {count} |");
        }
        page.push_str("\n| fault | met |\n|---|--:|\n");
        for (kind, count) in &self.faults {
            let _ = writeln!(page, "| {kind} | {count} |");
        }
        page
    }
}
