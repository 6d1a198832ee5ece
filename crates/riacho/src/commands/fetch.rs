//! `riacho fetch`: asks the configured APIs and lands their answers, as the function does on its
//! schedule.

use std::collections::BTreeMap;

use clap::Args;
use fetch::{FetchReport, FetchRequest, Selection};
use jiff::Timestamp;
use jiff::civil::Date;
use landing::FailureKind;

use crate::environment::Environment;
use crate::exit::{Exit, Usage};
use crate::fetching::fetch;
use crate::output::{Align, Console, Sheet, count, seconds};

/// Failures shown to people; `--json` has them all.
const SHOWN_MAX: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// This source only
    #[arg(long)]
    source: Option<String>,
    /// This endpoint only; may be given more than once
    #[arg(long = "endpoint", value_name = "ENDPOINT")]
    endpoints: Vec<String>,
    /// Partition values instead of the configured window: storeId=1, or busDt=2026-11-01..2026-11-03;
    /// may be given more than once
    #[arg(long = "partition", value_name = "NAME=VALUE")]
    partitions: Vec<String>,
    /// The run's time, which windows end at and objects are named by; a run with the same time
    /// writes the same keys
    #[arg(long, value_name = "TIME", default_value = "now")]
    time: String,
}

impl Arguments {
    fn request(&self, now: Timestamp) -> Result<FetchRequest, Usage> {
        Ok(FetchRequest {
            source: self.source.clone(),
            endpoints: self.endpoints.clone(),
            partitions: partitions(&self.partitions)?,
            time: time(&self.time, now)?,
        })
    }
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let request = arguments.request(Timestamp::now())?;
    let environment = Environment::read().await?;
    if environment.configuration.sources().is_empty() {
        let message = "no source is configured; name a configuration by RIACHO_CONFIG";
        return Err(Usage(message.to_owned()).into());
    }
    let meter = console.meter("scopes fetched", None);
    let fetched = fetch(&environment, request, &meter).await?;
    let elapsed = meter.elapsed();
    drop(meter);
    console.sheet(&fetched.sheet());
    show_failures(&fetched.report, console);
    console.aside(&format!("run {} in {}", fetched.report.run_id, seconds(elapsed)));
    console.document(&fetched.report)?;
    Ok(exit(&fetched.report))
}

fn show_failures(report: &FetchReport, console: &Console) {
    let mut sheet =
        Sheet::new(&[("failed", Align::Left), ("reason", Align::Left), ("what", Align::Left)]);
    for failed in &report.failed {
        let scope = format!("{} {}", failed.endpoint, failed.scope);
        sheet.row([scope.as_str(), failed.reason, &failed.message]);
    }
    if !sheet.is_empty() {
        sheet.truncate(SHOWN_MAX);
        console.say("");
        console.sheet(&sheet);
    }
    let unlisted = report.failed_count.saturating_sub(SHOWN_MAX as u64);
    if unlisted > 0 {
        console.aside(&format!("  and {} more", count(unlisted)));
    }
}

/// Where every failure may pass by itself, a script may try the same command again: what is there
/// is skipped.
fn exit(report: &FetchReport) -> Exit {
    let all_transient = report.failed.iter().all(|failed| failed.kind == FailureKind::Transient);
    match report.failed_count {
        0 if report.left == 0 => Exit::Well,
        _ if all_transient => Exit::Transient,
        _ => Exit::Failures,
    }
}

fn time(text: &str, now: Timestamp) -> Result<Timestamp, Usage> {
    if text == "now" {
        return Ok(now);
    }
    let explain =
        || Usage(format!("--time `{text}` is no time; write it like 2026-11-04T06:00:00Z"));
    text.parse().map_err(|_| explain())
}

/// Values of one name add up; a range stands alone.
pub(crate) fn partitions(texts: &[String]) -> Result<BTreeMap<String, Selection>, Usage> {
    let mut partitions = BTreeMap::new();
    for text in texts {
        let explain = |why: &str| Usage(format!("--partition `{text}`: {why}"));
        let (name, value) = text
            .split_once('=')
            .filter(|(name, value)| !name.is_empty() && !value.is_empty())
            .ok_or_else(|| explain("write NAME=VALUE, or NAME=FROM..TO for dates"))?;
        let selection = match (partitions.remove(name), range(value)) {
            (None, Some(range)) => range,
            (None, None) => Selection::Values(vec![value.to_owned()]),
            (Some(Selection::Values(mut values)), None) => {
                values.push(value.to_owned());
                Selection::Values(values)
            }
            (Some(_), _) => {
                return Err(explain("a range stands alone; give it once, without values"));
            }
        };
        partitions.insert(name.to_owned(), selection);
    }
    Ok(partitions)
}

/// Only two dates make a range, for other values may hold dots.
fn range(value: &str) -> Option<Selection> {
    let (from, to) = value.split_once("..")?;
    let dates = (from.parse::<Date>(), to.parse::<Date>());
    let is_range = matches!(dates, (Ok(_), Ok(_)));
    is_range.then(|| Selection::Range { from: from.to_owned(), to: to.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(texts: &[&str]) -> Result<BTreeMap<String, Selection>, String> {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        partitions(&texts).map_err(|error| error.to_string())
    }

    #[test]
    fn values_of_one_partition_add_up_and_two_dates_make_a_range() {
        let partitions =
            given(&["storeId=1", "storeId=99 CB/CB", "busDt=2026-11-01..2026-11-03"]).unwrap();
        let stores = Selection::Values(vec!["1".to_owned(), "99 CB/CB".to_owned()]);
        assert_eq!(partitions.get("storeId"), Some(&stores));
        let dates = Selection::Range { from: "2026-11-01".to_owned(), to: "2026-11-03".to_owned() };
        assert_eq!(partitions.get("busDt"), Some(&dates));
    }

    #[test]
    fn a_value_may_hold_dots_and_equals_signs() {
        let partitions = given(&["path=a..b=c"]).unwrap();
        assert_eq!(partitions.get("path"), Some(&Selection::Values(vec!["a..b=c".to_owned()])));
    }

    #[test]
    fn what_can_not_be_meant_is_refused() {
        for wrong in [&["storeId"][..], &["=1"], &["a="], &["d=2026-11-01..2026-11-03", "d=x"]] {
            assert!(given(wrong).is_err(), "{wrong:?}");
        }
    }
}
