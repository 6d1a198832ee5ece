//! `riacho dev`: the parts left running for whoever develops against them, with S3's puts
//! triggering load as they do on AWS.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use landing::RAW_PREFIX;
use load::{ObjectReport, Progress, Verdict};
use serde_json::json;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::output::{Console, Sheet, plural};
use crate::parts::{BUCKET, Parts, Places};
use crate::questions::{self, ask};
use crate::signals::asked_to_end;
use crate::wiring::{Rules, Wiring};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where everything is kept from one start to the next
    #[arg(long, value_name = "DIR", default_value = ".riacho/dev")]
    dir: PathBuf,
    /// The S3 server's port; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 9_100)]
    s3_port: u16,
    /// Postgres's port; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 9_132)]
    postgres_port: u16,
    /// The sample API's port; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 9_180)]
    api_port: u16,
    /// Free ports for all three
    #[arg(long, conflicts_with_all = ["s3_port", "postgres_port", "api_port"])]
    any_port: bool,
    /// Do not load what is put: for `cargo lambda`, or a load of your own
    #[arg(long)]
    no_load: bool,
    /// Forget what DIR holds and begin anew
    #[arg(long)]
    fresh: bool,
    /// Checks a store and day that the sample API tells of
    #[arg(long, value_name = "N", default_value_t = 25)]
    checks: u32,
}

impl Arguments {
    fn places(&self) -> Places {
        let port = |port| if self.any_port { 0 } else { port };
        Places {
            dir: self.dir.clone(),
            s3_port: port(self.s3_port),
            postgres_port: port(self.postgres_port),
            api_port: port(self.api_port),
            checks_per_day: self.checks,
            fresh: self.fresh,
        }
    }
}

pub(crate) async fn run(arguments: Arguments, console: &Console) -> anyhow::Result<Exit> {
    let asked = asked_to_end();
    tokio::pin!(asked);
    let places = arguments.places();
    let meter = console.meter("starting", None);
    let tell = |line: &str| meter.message(line);
    let parts = tokio::select! {
        parts = Parts::start(&places, &tell) => parts?,
        () = &mut asked => return Ok(Exit::Well),
    };
    drop(meter);
    let served = tokio::select! {
        served = serve(&parts, &arguments, console) => served.map(|never| match never {}),
        () = &mut asked => Ok(()),
    };
    console.note("stopping…");
    parts.stop().await;
    served.map(|()| Exit::Well)
}

/// Runs until it is dropped.
async fn serve(
    parts: &Parts,
    arguments: &Arguments,
    console: &Console,
) -> anyhow::Result<std::convert::Infallible> {
    let environment = parts.environment().await?;
    let variables = parts.variables();
    let file = write_exports(&arguments.dir, &variables)?;
    let wiring = match arguments.no_load {
        true => None,
        false => {
            let watcher = Arc::new(Reporter(*console));
            Some(Wiring::start(parts, &environment, watcher, Rules::default()).await?)
        }
    };
    if let Some(wiring) = &wiring {
        catch_up(&environment, wiring).await?;
    }
    introduce(parts, &variables, &file, console)?;
    std::future::pending().await
}

/// Has loaded what was put while nothing listened. On AWS events wait for the function.
async fn catch_up(environment: &Environment, wiring: &Wiring) -> anyhow::Result<()> {
    let loader = environment.loader().await?;
    let known = ask(&loader, questions::KEYS).await?.rows;
    let known: HashSet<_> = known.into_iter().flatten().flatten().collect();
    let mut listing = environment.lake.list(environment.bucket()?, RAW_PREFIX);
    while let Some(listed) = listing.next().await? {
        if !known.contains(listed.key.as_str()) {
            wiring.tell_load(json!({ "keys": [listed.key] }));
        }
    }
    wiring.reconcile();
    Ok(())
}

fn introduce(
    parts: &Parts,
    variables: &BTreeMap<String, String>,
    file: &Path,
    console: &Console,
) -> anyhow::Result<()> {
    let mut sheet = Sheet::without_headings(3);
    sheet.row(["S3 server", &parts.s3.endpoint(), &format!("bucket {BUCKET}")]);
    let postgres = format!("localhost:{}", parts.postgres.port());
    sheet.row(["Postgres", &postgres, parts.postgres.version()]);
    sheet.row(["sample API", parts.api.base_url(), "commands: POST /_misbehave"]);
    let configuration = parts.configuration().to_string_lossy();
    sheet.row(["configuration", &configuration, ""]);
    console.say("");
    console.sheet(&sheet);
    console.heading("For programs of yours");
    for line in exports(variables).lines() {
        console.say(&format!("  {line}"));
    }
    console.say("");
    console.say(&format!("or  source {}", file.display()));
    console.say("then, for instance,  riacho fetch  and  riacho status");
    console.say("Ctrl-C ends all of it; what it holds stays for the next start.");
    console.document(&json!({ "environment": variables, "file": file }))
}

/// Lines for a shell.
fn exports(variables: &BTreeMap<String, String>) -> String {
    let line = |(name, value): (&String, &String)| {
        format!("export {name}='{}'\n", value.replace('\'', r"'\''"))
    };
    variables.iter().map(line).collect()
}

fn write_exports(dir: &Path, variables: &BTreeMap<String, String>) -> anyhow::Result<PathBuf> {
    let path = std::path::absolute(dir.join("env"))?;
    std::fs::write(&path, exports(variables))
        .with_context(|| format!("{} can't be written", path.display()))?;
    Ok(path)
}

/// One line an object.
struct Reporter(Console);

impl Progress for Reporter {
    fn finished(&self, report: &ObjectReport) {
        let what = match (&report.error, report.outcome) {
            (Some(error), _) => format!("{}: {}", error.kind, error.message),
            (None, Verdict::Loaded) => {
                format!("{}, {}", plural(report.records, "records"), plural(report.rows, "rows"))
            }
            (None, _) => report.notices.join("; "),
        };
        let outcome = format!("{:?}", report.outcome).to_lowercase();
        self.0.note(&format!("{outcome:<12} {}  {what}", report.key));
    }
}
