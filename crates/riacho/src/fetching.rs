//! One run of fetch, watched: what became of the scopes of each endpoint.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use fetch::{FailedScope, FetchReport, FetchRequest, Fetcher, Progress, Task};
use landing::{ObjectKey, RawLocation};
use secrets::Secrets;

use crate::environment::Environment;
use crate::output::{Align, Meter, Sheet, bytes, count};

/// What became of the scopes of one endpoint.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Landings {
    pub(crate) written: u64,
    pub(crate) bytes: u64,
    pub(crate) there_already: u64,
    pub(crate) failed: u64,
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) report: FetchReport,
    pub(crate) endpoints: BTreeMap<String, Landings>,
}

/// Runs, and lets the meter follow.
pub(crate) async fn fetch(
    environment: &Environment,
    request: FetchRequest,
    meter: &Meter,
) -> anyhow::Result<Fetched> {
    let configuration = (*environment.configuration).clone();
    let fetcher = Fetcher::new(configuration, environment.lake.clone(), Secrets::from_env())?;
    let watcher = Watcher { meter, endpoints: Mutex::default() };
    let report = fetcher.run(request, None, &watcher).await?;
    let endpoints = watcher.endpoints.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Fetched { report, endpoints })
}

impl Fetched {
    /// What landed, an endpoint a row. Columns in which nothing stands are left out.
    pub(crate) fn sheet(&self) -> Sheet {
        let all = self.endpoints.values();
        let there_already = all.clone().any(|landings| landings.there_already > 0);
        let failed = all.clone().any(|landings| landings.failed > 0);
        let mut headings = vec![("endpoint", Align::Left), ("objects", Align::Right)];
        headings.push(("bytes", Align::Right));
        if there_already {
            headings.push(("there already", Align::Right));
        }
        if failed {
            headings.push(("failed", Align::Right));
        }
        let row = |name: &str, landings: &Landings| {
            let mut cells = vec![name.to_owned(), count(landings.written), bytes(landings.bytes)];
            cells.extend(there_already.then(|| count(landings.there_already)));
            cells.extend(failed.then(|| count(landings.failed)));
            cells
        };
        let mut sheet = Sheet::new(&headings);
        let mut total = Landings::default();
        for (endpoint, landings) in &self.endpoints {
            sheet.row(row(endpoint, landings));
            total.add(landings);
        }
        sheet.total(row("", &total));
        sheet
    }
}

impl Landings {
    fn add(&mut self, other: &Self) {
        self.written += other.written;
        self.bytes += other.bytes;
        self.there_already += other.there_already;
        self.failed += other.failed;
    }
}

struct Watcher<'a> {
    meter: &'a Meter,
    endpoints: Mutex<BTreeMap<String, Landings>>,
}

impl Watcher<'_> {
    fn count(&self, endpoint: String, landings: &Landings) {
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        endpoints.entry(endpoint).or_default().add(landings);
        self.meter.step();
    }
}

impl Progress for Watcher<'_> {
    fn planned(&self, scopes: u64) {
        self.meter.total(scopes);
    }

    fn landed(&self, key: &ObjectKey, bytes: u64) {
        let landed = Landings { written: 1, bytes, ..Landings::default() };
        self.count(endpoint_of(key), &landed);
    }

    fn skipped(&self, key: &ObjectKey) {
        self.count(endpoint_of(key), &Landings { there_already: 1, ..Landings::default() });
    }

    fn failed(&self, failed: &FailedScope) {
        let endpoint = failed.endpoint.clone();
        self.count(endpoint, &Landings { failed: 1, ..Landings::default() });
    }

    fn left(&self, _task: &Task<'_>) {
        self.meter.step();
    }
}

/// The key is fetch's own, so it parses.
fn endpoint_of(key: &ObjectKey) -> String {
    RawLocation::parse(key).map(|location| location.endpoint).unwrap_or_default()
}
