//! What every work has at hand: the parts, the programs, the results.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use emulated::{Function, FunctionOptions};
use serde_json::Value;
use tokio_postgres::Client;

use crate::ground::{Database, Ground, connect};
use crate::lakes::Served;
use crate::machine::Machine;
use crate::measuring::{Program, Taken};
use crate::options::Options;
use crate::report::Results;
use crate::sets::{Counts, Set};

/// All objects of a lake.
pub(crate) const ALL: &str = "raw/";
/// The tables of checks, taxes and lines, as load names them, and dlt.
pub(crate) const TABLES: [&str; 3] =
    ["guest_checks", "guest_checks__taxes", "guest_checks__detail_lines"];
/// Longer than anything takes here: Lambda's own limit.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(900);

/// The workshop.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) options: Options,
    pub(crate) dir: PathBuf,
    pub(crate) ground: Ground,
    pub(crate) results: Results,
    binaries: PathBuf,
}

/// A load as a process, and what it says it did.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) taken: Taken,
    pub(crate) summary: Value,
}

impl Bench {
    /// Starts the parts.
    pub(crate) async fn start(options: Options) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&options.dir)
            .with_context(|| format!("directory {} can't be made", options.dir.display()))?;
        let dir = std::path::absolute(&options.dir)?;
        let binaries = match &options.binaries {
            Some(dir) => std::path::absolute(dir)?,
            None => std::env::current_exe()?.parent().map(Path::to_owned).unwrap_or_default(),
        };
        let ground = Ground::start(&dir).await?;
        let machine = Machine::look(ground.version(), ground.settings().await?);
        let results = Results {
            machine,
            rounds: options.rounds,
            quick: options.quick,
            rows: Vec::new(),
            samples: Vec::new(),
            stages: Vec::new(),
            growth: Vec::new(),
            costs: Vec::new(),
            failures: Vec::new(),
        };
        Ok(Self { options, dir, ground, results, binaries })
    }

    /// Writes what there is so far: a run may end at any time.
    pub(crate) fn write(&self) -> anyhow::Result<()> {
        self.results.write(&self.dir)
    }

    /// A tenth of a number where it must only be shown that all works.
    pub(crate) fn scaled(&self, number: u32) -> u32 {
        if self.options.quick { (number / 10).max(1) } else { number }
    }

    /// A set, with fewer objects where it must only be shown that all works.
    pub(crate) fn sized(&self, set: Set) -> Set {
        let files = self.scaled(set.files);
        set.cut_to(files)
    }

    /// A set's lake.
    pub(crate) async fn lake(&self, set: &Set) -> anyhow::Result<Served> {
        Served::of(&self.lakes(), set).await
    }

    /// A set's lake, its objects put just now: load asks S3 for the error log of an object that is
    /// older than its event can be.
    pub(crate) async fn lake_anew(&self, set: &Set) -> anyhow::Result<Served> {
        let dir = self.lakes().join(set.folder());
        if dir.exists() {
            std::fs::remove_dir_all(&dir).context("an earlier lake can't be removed")?;
        }
        self.lake(set).await
    }

    /// Where lakes stand.
    pub(crate) fn lakes(&self) -> PathBuf {
        self.dir.join("lakes")
    }

    /// Waits until nobody else times anything on this machine, as long as all agree on the file.
    pub(crate) fn quiet(&self) -> anyhow::Result<Option<File>> {
        let Some(path) = &self.options.lock else { return Ok(None) };
        let file = File::create(path)
            .with_context(|| format!("the lock {} can't be opened", path.display()))?;
        file.lock()?;
        Ok(Some(file))
    }

    /// One of our programs.
    pub(crate) fn program(&self, name: &str) -> anyhow::Result<String> {
        let path = self.binaries.join(name);
        ensure!(
            path.is_file(),
            "{} is not built; run `cargo build --release -p riacho -p load -p fetch`",
            path.display()
        );
        Ok(path.to_string_lossy().into_owned())
    }

    /// The environment of a program between a lake and a database.
    pub(crate) fn between(&self, lake: &Served, url: &str) -> BTreeMap<String, String> {
        self.ground.environment(&lake.server.endpoint, url)
    }

    /// `riacho load --prefix`, from start to end; all must go well.
    pub(crate) async fn load(
        &self,
        lake: &Served,
        database: &Database,
        prefix: &str,
    ) -> anyhow::Result<Load> {
        let environment = self.between(lake, &database.url);
        self.load_within(&environment, prefix, None).await
    }

    /// The same in another environment, and with a limit on its memory.
    pub(crate) async fn load_within(
        &self,
        environment: &BTreeMap<String, String>,
        prefix: &str,
        limit_mb: Option<u64>,
    ) -> anyhow::Result<Load> {
        let command =
            [&self.program("riacho")?, "--json", "load", "--prefix", prefix].map(str::to_owned);
        let program = Program { command: command.to_vec(), environment, limit_mb };
        let taken = program.run(&self.dir).await?;
        let mut said: Value =
            serde_json::from_str(&taken.said).context("`riacho load` gave no JSON")?;
        let summary = said["summary"].take();
        ensure!(summary["failed"] == 0 && summary["retry"] == 0, "objects failed: {said}");
        Ok(Load { taken, summary })
    }

    /// The function `load` as Lambda runs it, with the memory of the smallest.
    pub(crate) fn function(
        &self,
        environment: BTreeMap<String, String>,
    ) -> anyhow::Result<Function> {
        self.function_named("load", environment)
    }

    /// A function as Lambda runs it, one copy of it.
    pub(crate) fn function_named(
        &self,
        name: &str,
        environment: BTreeMap<String, String>,
    ) -> anyhow::Result<Function> {
        let mut options = FunctionOptions::new(name, self.program(name)?.into());
        options.timeout = FUNCTION_TIMEOUT;
        options.concurrency = 1;
        options.environment = environment;
        Ok(Function::deploy(options))
    }
}

/// Counts the rows of all three tables that load wrote.
pub(crate) async fn ensure_rows(database: &Database, expected: Counts) -> anyhow::Result<()> {
    ensure_rows_of("pos", TABLES, database, expected).await
}

/// Counts the rows of the tables of checks, taxes and lines: a time is worth nothing without them.
pub(crate) async fn ensure_rows_of(
    schema: &str,
    tables: [&str; 3],
    database: &Database,
    expected: Counts,
) -> anyhow::Result<()> {
    let client = connect(database).await?;
    let wanted = [expected.checks, expected.taxes, expected.lines];
    for (table, wanted) in tables.into_iter().zip(wanted) {
        let sql = format!("SELECT count(*) FROM {schema}.{table}");
        let found: i64 = client.query_one(&sql, &[]).await?.get(0);
        ensure!(found == wanted, "{table} has {found} rows where {wanted} should stand");
    }
    Ok(())
}

/// Rows written into the source's tables since the server started to count, dead ones included.
pub(crate) async fn rows_written(client: &Client) -> anyhow::Result<i64> {
    let sql = "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint \
               FROM pg_stat_user_tables WHERE schemaname = 'pos'";
    // The numbers of the session that wrote come with a delay of a second at most.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    Ok(client.query_one(sql, &[]).await?.get(0))
}
