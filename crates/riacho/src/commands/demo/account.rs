//! Stage 8: every object that was ever fetched, and what became of it; and the tables counted again
//! by other code.

use std::collections::BTreeMap;

use landing::{ObjectTime, RAW_PREFIX, RawLocation};
use serde::Serialize;

use super::recount::{self, Recount};
use super::stage::Stage;
use crate::failures;
use crate::output::{Align, Sheet, count};

/// What became of the objects of one run of fetch.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Line {
    fetched: u64,
    loaded: u64,
    unchanged: u64,
    superseded: u64,
    failed: u64,
}

/// The whole of it.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Account {
    runs: BTreeMap<String, Line>,
    open: u64,
    checks: Recount,
    checks_recounted: Recount,
}

impl Line {
    /// Objects of which nothing is known.
    fn missing(&self) -> u64 {
        let known = self.loaded + self.unchanged + self.superseded + self.failed;
        self.fetched.saturating_sub(known)
    }

    fn cells(&self, name: &str) -> [String; 7] {
        let numbers = [
            self.fetched,
            self.loaded,
            self.unchanged,
            self.superseded,
            self.failed,
            self.missing(),
        ];
        let [fetched, loaded, unchanged, superseded, failed, missing] = numbers.map(count);
        [name.to_owned(), fetched, loaded, unchanged, superseded, failed, missing]
    }

    fn add(&mut self, other: &Self) {
        self.fetched += other.fetched;
        self.loaded += other.loaded;
        self.unchanged += other.unchanged;
        self.superseded += other.superseded;
        self.failed += other.failed;
    }
}

impl Account {
    /// Whether everything is accounted for, and nothing counted twice.
    pub(super) fn is_whole(&self) -> bool {
        let failed: u64 = self.runs.values().map(|line| line.failed).sum();
        self.runs.values().all(|line| line.missing() == 0)
            && failed == self.open
            && self.checks == self.checks_recounted
    }
}

/// Draws it up from the lake's listing and the ledger, and shows it.
pub(super) async fn close(stage: &Stage<'_>, number: u8) -> anyhow::Result<Account> {
    let console = stage.console;
    console.heading(&format!("{number}  The account: every object, and what became of it"));
    let account = draw_up(stage).await?;
    let mut sheet = Sheet::new(&[
        ("run of fetch", Align::Left),
        ("in S3", Align::Right),
        ("loaded", Align::Right),
        ("unchanged", Align::Right),
        ("superseded", Align::Right),
        ("failed, listed", Align::Right),
        ("missing", Align::Right),
    ]);
    let mut total = Line::default();
    for (run, line) in &account.runs {
        sheet.row(line.cells(run));
        total.add(line);
    }
    sheet.total(total.cells(""));
    console.sheet(&sheet);
    let (checks, recounted) = (&account.checks, &account.checks_recounted);
    console.say(&format!(
        "The checks, counted in the raw JSON by other code: {} and {} in sales.",
        count(recounted.checks),
        recounted.money(),
    ));
    console.say(&format!(
        "The checks, counted in the tables:                 {} and {} in sales.",
        count(checks.checks),
        checks.money(),
    ));
    console.say(match account.is_whole() {
        true => "Nothing lost, nothing twice.",
        false => "THE ACCOUNT DOES NOT BALANCE. That is a bug; please report it with this output.",
    });
    Ok(account)
}

async fn draw_up(stage: &Stage<'_>) -> anyhow::Result<Account> {
    let mut account = Account {
        open: u64::try_from(failures::open(&stage.environment).await?.len())?,
        checks: recount::in_tables(stage).await?,
        checks_recounted: recount::in_lake(stage).await?,
        ..Account::default()
    };
    let bucket = stage.environment.bucket()?;
    let mut listing = stage.environment.lake.list(bucket, RAW_PREFIX);
    while let Some(listed) = listing.next().await? {
        let run = run_of(RawLocation::parse(&listed.key)?.object_time());
        account.runs.entry(run).or_default().fetched += 1;
    }
    for row in stage.ask(BY_STATUS).await?.rows {
        let [Some(time), Some(status), Some(number)] = row.as_slice() else {
            continue;
        };
        let line = account.runs.entry(run_of(time.parse().ok())).or_default();
        let number: u64 = number.parse()?;
        match status.as_str() {
            "loaded" => line.loaded += number,
            "unchanged" => line.unchanged += number,
            "superseded" => line.superseded += number,
            _ => line.failed += number,
        }
    }
    Ok(account)
}

const BY_STATUS: &str = "
    SELECT to_char(object_time AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"'), status, count(*)
    FROM riacho.objects GROUP BY 1, 2";

fn run_of(time: Option<ObjectTime>) -> String {
    let shown = time.map(|time| time.timestamp().strftime("%Y-%m-%d %H:%M UTC").to_string());
    shown.unwrap_or_else(|| "without a time".to_owned())
}
