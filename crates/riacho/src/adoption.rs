//! Adopting a rename: it counts from now on, and what landed under the new name before is loaded
//! again, object by object, each in a transaction of its own. Broken off anywhere, the next run finds
//! the rest.

use std::time::Duration;

use load::{EndpointRules, Loader};
use warehouse::{Acceptance, Rename, Under};

use crate::loading::{Observer, Tally, Wanted, load_all};
use crate::output::Meter;

/// Objects that are listed at once.
const PAGE: u32 = 1_000;
/// How long loads that began before the rename counted are waited for.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

/// What adopting came to.
#[derive(Debug)]
pub(crate) struct Adopted {
    pub(crate) acceptance: Acceptance,
    /// What stood under the new name before.
    pub(crate) found: Under,
    /// What stands there still.
    pub(crate) left: Under,
    /// Whether no load goes on any more that began before the rename counted.
    pub(crate) is_settled: bool,
    pub(crate) tally: Tally,
}

/// Makes the rename count, and moves what landed under the new name.
pub(crate) async fn adopt(
    loader: &Loader,
    rules: &EndpointRules,
    rename: &Rename,
    meter: Meter,
) -> anyhow::Result<Adopted> {
    let endpoint = &rules.facts;
    let (acceptance, found) = {
        let mut warehouse = loader.database().warehouse().await?;
        let acceptance = warehouse.accept_rename(endpoint, rename).await?;
        (acceptance, warehouse.count_under(endpoint, rename).await?)
    };
    meter.total(found.objects);
    let is_settled = wait_for_earlier_loads(loader).await?;
    let observer = Observer::new(meter);
    let mut after = 0;
    loop {
        let mut warehouse = loader.database().warehouse().await?;
        let page = warehouse.bringers(endpoint, rename, after, PAGE).await?;
        drop(warehouse);
        let Some(last) = page.last() else { break };
        after = last.object_id;
        let objects = page.into_iter().map(|bringer| bringer.object).collect();
        load_all(loader, Wanted::Objects(objects), true, &observer).await?;
    }
    let left = loader.database().warehouse().await?.count_under(endpoint, rename).await?;
    Ok(Adopted { acceptance, found, left, is_settled, tally: observer.finish() })
}

/// A load that began before may still write under the new name; it locks nobody out, nor do we.
async fn wait_for_earlier_loads(loader: &Loader) -> anyhow::Result<bool> {
    let moment = loader.database().warehouse().await?.moment().await?;
    let waited = tokio::time::timeout(PATIENCE, async {
        while !loader.database().warehouse().await?.is_past(&moment).await? {
            tokio::time::sleep(PAUSE).await;
        }
        anyhow::Ok(())
    });
    waited.await.map_or(Ok(false), |settled| settled.map(|()| true))
}
