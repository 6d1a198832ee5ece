//! What every stage of the demo works with: the parts, the wiring between them, the terminal.

use std::sync::Arc;

use fetch::FetchRequest;
use jiff::Timestamp;
use load::Loader;
use warehouse::Answer;

use super::watch::{Handled, Watch};
use crate::environment::Environment;
use crate::fetching::{self, Fetched};
use crate::output::{Console, Sheet};
use crate::parts::{BUCKET, Parts};
use crate::questions;
use crate::wiring::{Rules, Wiring};

/// S3 delivers at least once; here a few events come twice, so that it shows.
const DUPLICATE_EVERY: u32 = 10;

/// The days of the story. Fixed, so that a second run asks for the same.
pub(super) const FIRST: &str = "2026-11-04T09:00:00Z";
pub(super) const SECOND: &str = "2026-11-05T09:00:00Z";
pub(super) const THIRD: &str = "2026-11-06T09:00:00Z";
pub(super) const MENDED: &str = "2026-11-06T10:00:00Z";

/// The parts at work.
pub(super) struct Stage<'a> {
    pub(super) console: Console,
    pub(super) parts: &'a Parts,
    pub(super) environment: Environment,
    pub(super) loader: Loader,
    pub(super) wiring: Wiring,
    watch: Arc<Watch>,
}

impl<'a> Stage<'a> {
    /// Reads the configuration and begins to deliver events.
    pub(super) async fn open(parts: &'a Parts, console: Console) -> anyhow::Result<Self> {
        let environment = parts.environment().await?;
        let loader = environment.loader().await?;
        let watch = Arc::new(Watch::default());
        let rules = Rules { duplicate_every: Some(DUPLICATE_EVERY) };
        let wiring = Wiring::start(parts, &environment, watch.clone(), rules).await?;
        Ok(Self { console, parts, environment, loader, wiring, watch })
    }

    /// Ends the deliveries.
    pub(super) async fn close(self) {
        self.wiring.stop().await;
    }

    /// Replaces a line of the configuration. What loads takes it up by itself.
    pub(super) async fn reconfigure(&mut self, old: &str, new: &str) -> anyhow::Result<()> {
        let path = self.parts.configuration();
        let text = std::fs::read_to_string(path)?;
        if !text.contains(old) {
            anyhow::bail!("{} has no `{old}`; run with --fresh", path.display());
        }
        std::fs::write(path, text.replacen(old, new, 1))?;
        self.environment = self.parts.environment().await?;
        self.loader = self.environment.loader().await?;
        Ok(())
    }

    /// Says where the parts are.
    pub(super) fn introduce(&self) {
        let mut sheet = Sheet::without_headings(3);
        let parts = self.parts;
        sheet.row(["S3 server", &parts.s3.endpoint(), &format!("bucket {BUCKET}, keeps versions")]);
        let postgres = format!("localhost:{}", parts.postgres.port());
        let trust = format!("{}, TLS with the certificate verified", parts.postgres.version());
        sheet.row(["Postgres", &postgres, &trust]);
        sheet.row(["sample API", parts.api.base_url(), "a restaurant chain's point of sale"]);
        self.console.sheet(&sheet);
    }

    /// Runs fetch at a fixed time.
    pub(super) async fn fetch(&self, request: FetchRequest) -> anyhow::Result<Fetched> {
        let meter = self.console.meter("fetching", None);
        fetching::fetch(&self.environment, request, &meter).await
    }

    /// Waits until every event is handled, and says what load did with them.
    pub(super) async fn settle(&self, objects: u64) -> Handled {
        self.watch.follow(self.console.meter("loading", Some(objects)));
        self.wiring.idle().await;
        self.watch.take()
    }

    pub(super) async fn ask(&self, sql: &str) -> anyhow::Result<Answer> {
        questions::ask(&self.loader, sql).await
    }

    /// One number.
    pub(super) async fn ask_number(&self, sql: &str) -> anyhow::Result<u64> {
        let answer = self.ask(sql).await?;
        let text = answer.rows.into_iter().flatten().flatten().next().unwrap_or_default();
        Ok(text.parse().unwrap_or_default())
    }

    /// Shows a question and its answer.
    pub(super) async fn show(&self, sql: &str) -> anyhow::Result<()> {
        for line in sql.lines() {
            self.console.aside(&format!("  {line}"));
        }
        self.answer(sql).await
    }

    /// Shows the answer alone.
    pub(super) async fn answer(&self, sql: &str) -> anyhow::Result<()> {
        self.console.sheet(&questions::sheet(&self.ask(sql).await?));
        Ok(())
    }

    /// The rows of every table of the warehouse.
    pub(super) async fn row_counts(&self) -> anyhow::Result<Vec<(String, u64)>> {
        let tables = self.ask(TABLES).await?;
        let names = tables.rows.into_iter().filter_map(|row| row.into_iter().next().flatten());
        let mut counts = Vec::new();
        for name in names {
            let rows = self.ask_number(&format!("SELECT count(*) FROM {name}")).await?;
            counts.push((name, rows));
        }
        Ok(counts)
    }
}

const TABLES: &str = "
    SELECT format('%I.%I', schema_name, table_name) FROM riacho.tables
    ORDER BY source, endpoint, position";

/// Everything in its default windows, as of a time of the story.
pub(super) fn everything(time: &str) -> anyhow::Result<FetchRequest> {
    Ok(FetchRequest::everything(time.parse::<Timestamp>()?))
}
