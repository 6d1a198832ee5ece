//! The results: rows as they come in, and the table at the end, for people and programs.

use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::cost::Prices;
use crate::machine::Machine;
use crate::numbers::{median, range};
use crate::picture::Cost;

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) work: String,
    pub(crate) measure: String,
    pub(crate) value: f64,
    #[serde(flatten)]
    pub(crate) target: Target,
    pub(crate) verdict: &'static str,
    /// What the value was made of.
    pub(crate) note: String,
}

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sense {
    AtMost,
    AtLeast,
}

/// The aim of a row and what it must not miss.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Target {
    pub(crate) aim: f64,
    pub(crate) bound: f64,
    pub(crate) sense: Sense,
    pub(crate) unit: &'static str,
}

impl Target {
    /// A ratio that should be small.
    pub(crate) const fn at_most(aim: f64, bound: f64) -> Self {
        Self { aim, bound, sense: Sense::AtMost, unit: "×" }
    }

    /// A ratio that should be large.
    pub(crate) const fn at_least(aim: f64, bound: f64) -> Self {
        Self { aim, bound, sense: Sense::AtLeast, unit: "×" }
    }

    /// The same in another unit.
    pub(crate) const fn in_unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    fn verdict(&self, value: f64) -> &'static str {
        let holds = |target: f64| match self.sense {
            Sense::AtMost => value <= target,
            Sense::AtLeast => value >= target,
        };
        match (holds(self.aim), holds(self.bound)) {
            (true, _) => "aim",
            (false, true) => "bound",
            (false, false) => "missed",
        }
    }
}

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    pub(crate) rounds: u32,
    pub(crate) quick: bool,
    pub(crate) rows: Vec<Row>,
    pub(crate) samples: Vec<Samples>,
    /// Where the time of M's first load goes: sums over all its objects, which load side by side.
    pub(crate) stages: Vec<(String, f64)>,
    pub(crate) growth: Vec<Cost>,
    /// What a million rows cost on AWS, with the arithmetic.
    pub(crate) costs: Vec<String>,
    /// What could not be measured, and why.
    pub(crate) failures: Vec<String>,
}

/// One quantity, measured several times.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Samples {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) values: Vec<f64>,
}

impl Results {
    /// Judges a value.
    pub(crate) fn judge(
        &mut self,
        (work, measure): (&str, &str),
        target: Target,
        value: f64,
        note: impl Into<String>,
    ) {
        let row = Row {
            work: work.to_owned(),
            measure: measure.to_owned(),
            value,
            target,
            verdict: target.verdict(value),
            note: note.into(),
        };
        crate::progress::say(&format!("  → {}", line(&row)));
        self.rows.push(row);
    }

    /// Keeps what a value was made of.
    pub(crate) fn keep(&mut self, name: &str, unit: &'static str, values: &[f64]) {
        self.samples.push(Samples { name: name.to_owned(), unit, values: values.to_vec() });
    }

    /// Writes both files.
    pub(crate) fn write(&self, dir: &Path) -> anyhow::Result<()> {
        std::fs::write(dir.join("results.json"), serde_json::to_vec_pretty(self)?)?;
        std::fs::write(dir.join("results.md"), self.page())?;
        Ok(())
    }

    /// The results as Markdown.
    pub(crate) fn page(&self) -> String {
        let mut page = String::new();
        // A String takes all that is written to it.
        let _ = self.fill(&mut page);
        page
    }

    fn fill(&self, page: &mut String) -> std::fmt::Result {
        let machine = &self.machine;
        writeln!(page, "# Results of {}\n", machine.date)?;
        if self.quick {
            writeln!(page, "**`--quick`: a tenth of the data. Not to be quoted.**\n")?;
        }
        writeln!(
            page,
            "{} cores ({}), {:.0} GB, Linux {}; {}; {}; commit {}; median of {} rounds.\n",
            machine.cores,
            machine.processor,
            machine.memory_gb,
            machine.kernel,
            machine.postgres,
            machine.rustc,
            machine.commit,
            self.rounds
        )?;
        let settings = machine.settings.iter().map(|(name, value)| format!("{name} {value}"));
        writeln!(page, "Postgres: {}.\n", settings.collect::<Vec<_>>().join(", "))?;
        writeln!(page, "| work | measure | measured | aim | bound | reached | of what |")?;
        writeln!(page, "|---|---|--:|--:|--:|---|---|")?;
        for row in &self.rows {
            writeln!(
                page,
                "| {} | {} | **{}** | {} | {} | {} | {} |",
                row.work,
                row.measure,
                amount(row.value, row.target.unit),
                amount(row.target.aim, row.target.unit),
                amount(row.target.bound, row.target.unit),
                row.verdict,
                row.note
            )?;
        }
        for failure in &self.failures {
            writeln!(page, "\nNot measured: {failure}")?;
        }
        writeln!(page, "\n| sample | median | lowest | highest | n |\n|---|--:|--:|--:|--:|")?;
        for Samples { name, unit, values } in &self.samples {
            let (Some(middle), Some((low, high))) = (median(values), range(values)) else {
                continue;
            };
            let [middle, low, high] = [middle, low, high].map(|value| amount(value, unit));
            writeln!(page, "| {name} | {middle} | {low} | {high} | {} |", values.len())?;
        }
        self.fill_rest(page)
    }

    fn fill_rest(&self, page: &mut String) -> std::fmt::Result {
        if !self.stages.is_empty() {
            let stages = self.stages.iter().map(|(name, seconds)| format!("{name} {seconds:.2} s"));
            let stages = stages.collect::<Vec<_>>().join(", ");
            writeln!(page, "\nStages of M's first load, summed over its objects: {stages}.")?;
        }
        if !self.growth.is_empty() {
            writeln!(page, "\n| one object of | time | MB/s | resident |\n|--:|--:|--:|--:|")?;
            for cost in &self.growth {
                writeln!(
                    page,
                    "| {} | {} | {:.1} | {} |",
                    amount(cost.megabytes, "MB"),
                    amount(cost.seconds, "s"),
                    cost.megabytes / cost.seconds,
                    amount(cost.resident_mb, "MB")
                )?;
            }
        }
        if !self.costs.is_empty() {
            writeln!(page, "\nOn AWS, at the prices of {}:\n", Prices::default().as_of)?;
            for cost in &self.costs {
                writeln!(page, "- {cost}")?;
            }
        }
        Ok(())
    }
}

fn line(row: &Row) -> String {
    format!(
        "{}: {} = {} (aim {}, bound {}): {}",
        row.work,
        row.measure,
        amount(row.value, row.target.unit),
        amount(row.target.aim, row.target.unit),
        amount(row.target.bound, row.target.unit),
        row.verdict
    )
}

/// `1.30 ×`, `36 MB`, `4.2 ms`: three digits where they say something.
pub(crate) fn amount(value: f64, unit: &str) -> String {
    match value.abs() {
        0.0 => format!("0 {unit}"),
        size if size < 10.0 => format!("{value:.2} {unit}"),
        size if size < 100.0 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}
