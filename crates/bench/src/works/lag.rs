//! From the API to the tables: fetch asks for one scope of about 1 MB, S3 tells of the object, load
//! loads it. Over TLS, as on AWS. Warm, and with a new process of load each time.

use std::time::Instant;

use anyhow::{Context, ensure};
use embedded::sample_api::{SAMPLE_CONFIGURATION, SampleApi, SampleOptions};
use emulated::Function;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::lakes::Filling;
use crate::numbers::{float, middle, quantile};
use crate::report::Target;

const WORK: &str = "fetch → S3 → load, one scope of 1 MB";
/// About 1 MB in an answer.
const CHECKS: u32 = 250;
const FIRST_DATE: Date = Date::constant(2024, 1, 1);
const WARM_UP: u32 = 3;
const SCOPES_A_ROUND: u32 = 4;

#[derive(Default)]
struct Times {
    fetch: Vec<f64>,
    load: Vec<f64>,
    whole: Vec<f64>,
    bytes: Vec<f64>,
}

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let token = "sample-token".to_owned();
    let options =
        SampleOptions { checks_per_day: CHECKS, token: token.clone(), ..Default::default() };
    let api = SampleApi::start(options).await?;
    let configuration = bench.dir.join("sample.toml");
    std::fs::write(&configuration, SAMPLE_CONFIGURATION)?;
    let mut lake = Filling::begin(&bench.lakes().join("lag")).await?;
    let database = bench.ground.fresh("bench_lag").await?;
    let mut environment = bench.ground.environment(&lake.server.endpoint, &database.tls_url);
    environment.insert("POS_API_URL".to_owned(), api.base_url().to_owned());
    environment.insert("POS_API_TOKEN".to_owned(), token);
    let path = configuration.to_string_lossy().into_owned();
    environment.insert("RIACHO_CONFIG".to_owned(), path);
    let fetch = bench.function_named("fetch", environment.clone())?;
    let mut load = bench.function(environment.clone())?;
    let (mut warm, mut cold) = (Times::default(), Times::default());
    let scopes = SCOPES_A_ROUND * bench.options.rounds;
    let quiet = bench.quiet()?;
    for day in 0..WARM_UP + scopes * 2 {
        let is_cold = day >= WARM_UP + scopes;
        if is_cold {
            load = bench.function(environment.clone())?;
        }
        let mut unused = Times::default();
        let times = match day {
            0..WARM_UP => &mut unused,
            _ if is_cold => &mut cold,
            _ => &mut warm,
        };
        one(&fetch, &load, &mut lake, day, times).await?;
    }
    drop(quiet);
    api.stop().await;
    judge(bench, &warm, &cold);
    Ok(())
}

async fn one(
    fetch: &Function,
    load: &Function,
    lake: &mut Filling,
    day: u32,
    times: &mut Times,
) -> anyhow::Result<()> {
    let date = FIRST_DATE.saturating_add(i64::from(day).days()).to_string();
    let task = json!({
        "source": "pos",
        "endpoints": ["getGuestChecks"],
        "partitions": { "busDt": { "from": date, "to": date }, "storeId": ["1"] },
        "time": format!("{date}T23:00:00Z"),
    });
    let started = Instant::now();
    let answer = fetch.invoke(&task).await?;
    let fetched = started.elapsed().as_secs_f64() * 1e3;
    ensure!(answer["failed_count"] == 0, "fetch failed: {answer}");
    let notification = lake.server.notification().await?;
    let asked = Instant::now();
    let answer = load.invoke(&notification).await?;
    times.load.push(asked.elapsed().as_secs_f64() * 1e3);
    ensure!(answer["loaded"] == 1, "load failed: {answer}");
    times.whole.push(started.elapsed().as_secs_f64() * 1e3);
    times.fetch.push(fetched);
    let bytes = notification.pointer("/Records/0/s3/object/size").and_then(Value::as_u64);
    times.bytes.push(float(bytes.context("the notification has no size")?));
    Ok(())
}

fn judge(bench: &mut Bench, warm: &Times, cold: &Times) {
    let of = |samples: &[f64], part| quantile(samples, part).unwrap_or(f64::NAN);
    let size = middle(&warm.bytes) / 1e6;
    bench.results.keep("lag, warm", "ms", &warm.whole);
    bench.results.keep("load, cold", "ms", &cold.load);
    let whole = of(&warm.whole, 0.5);
    bench.results.judge(
        (WORK, "lag, warm"),
        Target::at_most(150.0, 150.0).in_unit("ms"),
        whole,
        format!(
            "{size:.2} MB: fetch {:.0} ms, load {:.0} ms; 95 of 100 within {:.0} ms",
            of(&warm.fetch, 0.5),
            of(&warm.load, 0.5),
            of(&warm.whole, 0.95)
        ),
    );
    bench.results.judge(
        (WORK, "load, cold"),
        Target::at_most(300.0, 300.0).in_unit("ms"),
        of(&cold.load, 0.5),
        format!(
            "from the start of the process to its first answer, TLS to Postgres included; 95 of \
             100 within {:.0} ms",
            of(&cold.load, 0.95)
        ),
    );
}
