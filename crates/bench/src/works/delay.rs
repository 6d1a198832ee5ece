//! A database that is not on loopback: a millisecond more each way, as from a Lambda to RDS.

use std::time::{Duration, Instant};

use anyhow::ensure;

use crate::bench::{ALL, Bench};
use crate::lakes::Served;
use crate::numbers::{median, middle};
use crate::progress::say;
use crate::proxy::Proxy;
use crate::report::Target;
use crate::sets::Set;

const WORK: &str = "1 ms of delay each way to Postgres";
/// None first: what the proxy itself costs must not count as delay.
const DELAYS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(1)];
/// Objects of XS that are asked for: enough for a median.
const XS_OBJECTS: usize = 300;
const WARM_UP: usize = 20;

pub(crate) async fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let m = bench.lake(&bench.sized(Set::m())).await?;
    let xs = bench.lake(&bench.sized(Set::xs())).await?;
    let mut m_times = DELAYS.map(|_| Vec::new());
    let mut xs_times = DELAYS.map(|_| Vec::new());
    let mut round_trips = DELAYS.map(|_| Vec::new());
    let mut direct = Vec::new();
    for round in 0..bench.options.rounds {
        direct.push(whole(bench, &m, None).await?);
        for (index, delay) in DELAYS.into_iter().enumerate() {
            let proxy = Proxy::start(bench.ground.address(), delay)?;
            let time = whole(bench, &m, Some(&proxy)).await?;
            let each = invocations(bench, &xs, &proxy).await?;
            let trip = round_trip(bench, &proxy).await?;
            say(&format!(
                "delay {delay:?} (round trip {trip:.2} ms), round {}: M {time:.2} s, XS {:.2} ms",
                round + 1,
                median(&each).unwrap_or_default()
            ));
            if let Some(times) = m_times.get_mut(index) {
                times.push(time);
            }
            if let Some(times) = xs_times.get_mut(index) {
                times.push(each.iter().sum::<f64>() / 1e3);
            }
            if let Some(trips) = round_trips.get_mut(index) {
                trips.push(trip);
            }
        }
    }
    let [near, far] = m_times.map(|times| middle(&times));
    let [near_xs, far_xs] = xs_times.map(|times| middle(&times));
    let [near_trip, far_trip] = round_trips.map(|trips| middle(&trips));
    let trips = format!("round trip {far_trip:.2} ms, without delay {near_trip:.2} ms");
    bench.results.judge(
        (WORK, "M: time ÷ without"),
        Target::at_most(1.1, 1.3),
        far / near,
        format!(
            "{far:.2} s ÷ {near:.2} s, both through the proxy (without it {:.2} s); {trips}",
            middle(&direct)
        ),
    );
    bench.results.judge(
        (WORK, "XS: time ÷ without"),
        Target::at_most(2.0, 3.0),
        far_xs / near_xs,
        format!("{XS_OBJECTS} objects: {far_xs:.2} s ÷ {near_xs:.2} s; {trips}"),
    );
    Ok(())
}

async fn whole(bench: &Bench, lake: &Served, proxy: Option<&Proxy>) -> anyhow::Result<f64> {
    let database = bench.ground.fresh("bench_delay").await?;
    let url = database.url_by(proxy);
    let _quiet = bench.quiet()?;
    let taken = bench.load_within(&bench.between(lake, &url), ALL, None).await?.taken;
    Ok(taken.seconds())
}

/// Milliseconds of each invocation after the warm-up.
async fn invocations(bench: &Bench, lake: &Served, proxy: &Proxy) -> anyhow::Result<Vec<f64>> {
    let database = bench.ground.fresh("bench_delay").await?;
    let url = database.url_by(Some(proxy));
    let _quiet = bench.quiet()?;
    let function = bench.function(bench.between(lake, &url))?;
    let mut times = Vec::new();
    for (key, notification) in lake.inventory.objects.iter().take(XS_OBJECTS + WARM_UP) {
        let started = Instant::now();
        let answer = function.invoke(notification).await?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
        ensure!(answer["loaded"] == 1, "{key} was not loaded: {answer}");
    }
    Ok(times.split_off(WARM_UP))
}

/// Milliseconds of the shortest question and answer.
async fn round_trip(bench: &Bench, proxy: &Proxy) -> anyhow::Result<f64> {
    let database = bench.ground.fresh("bench_delay").await?;
    let url = database.url_by(Some(proxy));
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let mut times = Vec::new();
    for _ in 0..50 {
        let started = Instant::now();
        client.batch_execute("").await?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(middle(&times))
}
