//! The proof that nothing is lost: what should have landed, what landed, what the ledger says of it,
//! and what stands in the tables, one after the other. `comparison` decides, `tally` counts; neither
//! holds more than a page of keys.

mod comparison;
mod expected;
mod names;
mod rows;
mod tally;

use fetch::{FetchRequest, Fetcher};
use jiff::{SignedDuration, Timestamp};
use landing::{RAW_PREFIX, RawLocation, endpoint_prefix, source_prefix};
use load::Loader;
use objects::Listed;
use secrets::Secrets;
use warehouse::LedgerLine;

use self::comparison::{Paired, pair};
use self::expected::Expected;
pub(crate) use self::tally::{Counts, Tally};
use crate::environment::Environment;
use crate::output::Meter;

/// Which part of the lake is audited.
pub(crate) struct Scope {
    pub(crate) request: FetchRequest,
    /// Counted apart by the values of this partition.
    pub(crate) by: Option<String>,
    /// What landed within it may still be under way.
    pub(crate) grace: SignedDuration,
}

/// Goes through all of it.
pub(crate) async fn audit(
    environment: &Environment,
    scope: &Scope,
    meter: &Meter,
) -> anyhow::Result<Tally> {
    let loader = environment.loader().await?;
    let mut tally = Tally::new(scope.by.clone());
    let configuration = (*environment.configuration).clone();
    let fetcher = Fetcher::new(configuration, environment.lake.clone(), Secrets::from_env())?;
    // What the schedule asks for within the grace need not be there yet.
    let due = FetchRequest { time: Timestamp::now() - scope.grace, ..scope.request.clone() };
    let plan = match names::configured(&environment.configuration, due)? {
        Some(due) => Some(fetcher.plan(&due).await?),
        None => None,
    };
    let mut expected = Expected::of(plan.as_ref());
    compare(environment, &loader, scope, &mut expected, &mut tally, meter).await?;
    names::refuse_unknown(&environment.configuration, &scope.request, &tally)?;
    expected.report(&mut tally);
    meter.message("counting rows");
    rows::count(environment, &loader, &scope.request, &mut tally).await?;
    Ok(tally)
}

/// The prefix below which all that is asked for stands.
fn prefix(request: &FetchRequest) -> String {
    match (&request.source, request.endpoints.as_slice()) {
        (Some(source), [endpoint]) => endpoint_prefix(source, endpoint),
        (Some(source), _) => source_prefix(source),
        (None, _) => RAW_PREFIX.to_owned(),
    }
}

fn is_asked_for(request: &FetchRequest, source: &str, endpoint: &str) -> bool {
    let source_matches = request.source.as_ref().is_none_or(|asked| asked == source);
    let endpoints = &request.endpoints;
    source_matches && (endpoints.is_empty() || endpoints.iter().any(|asked| asked == endpoint))
}

/// The lake's listing against the ledger, both in the order of the keys' bytes.
async fn compare(
    environment: &Environment,
    loader: &Loader,
    scope: &Scope,
    expected: &mut Expected<'_>,
    tally: &mut Tally,
    meter: &Meter,
) -> anyhow::Result<()> {
    let (bucket, prefix) = (environment.bucket()?, prefix(&scope.request));
    let young = Timestamp::now() - scope.grace;
    let mut warehouse = loader.database().warehouse().await?;
    // The ledger as of now; what lands while it is read is young.
    let mut pages = warehouse.ledger_pages(bucket, &prefix).await?;
    let mut listing = environment.lake.list(bucket, &prefix);
    let mut lines = Vec::<LedgerLine>::new().into_iter();
    let mut listed = next_object(&mut listing).await?;
    let mut line = None;
    loop {
        if line.is_none() {
            line = match lines.next() {
                Some(line) => Some(line),
                None => {
                    lines = pages.next_page().await?.unwrap_or_default().into_iter();
                    lines.next()
                }
            };
        }
        let Some(paired) = pair(&mut listed, &mut line) else { break };
        meter.step();
        note(&paired, scope, young, expected, tally);
        if listed.is_none() && !matches!(paired, Paired::Ledger(_)) {
            listed = next_object(&mut listing).await?;
        }
    }
    pages.close().await;
    Ok(())
}

/// A "folder" that a console made is an empty object whose key ends in a slash.
async fn next_object(listing: &mut objects::Listing) -> anyhow::Result<Option<Listed>> {
    while let Some(listed) = listing.next().await? {
        if !listed.key.as_str().ends_with('/') {
            return Ok(Some(listed));
        }
    }
    Ok(None)
}

fn note(
    paired: &Paired,
    scope: &Scope,
    young: Timestamp,
    expected: &mut Expected<'_>,
    tally: &mut Tally,
) {
    let Ok(location) = RawLocation::parse(paired.key()) else {
        if let Paired::Lake(listed) | Paired::Both(listed, _) = paired {
            let asks_for_all = scope.request.source.is_none() && scope.request.endpoints.is_empty();
            if asks_for_all {
                tally.stray(&listed.key);
            }
        }
        return;
    };
    if !is_asked_for(&scope.request, &location.source, &location.endpoint) {
        return;
    }
    let found = comparison::judge(paired, young);
    if !matches!(paired, Paired::Ledger(_)) {
        expected.landed(&location);
    }
    tally.add(&location, paired.key(), found);
}
