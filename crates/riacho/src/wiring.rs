//! What AWS does between the parts, done here: a put under `raw/` is an event for load, a change
//! under `errors/` one for the manifest, and what load gives up after its retries goes there too.
//! Events travel as JSON through the same decoding as in the functions.

mod pool;

use std::sync::Arc;
use std::time::Duration;

use embedded::s3::{Delivery, DeliveryOptions};
use landing::{ERRORS_PREFIX, RAW_PREFIX};
use load::{Deadline, Loader, Progress, Run, Unwatched};
use manifest::Manifest;
use serde_json::{Value, json};

use crate::environment::Environment;
use crate::parts::Parts;

use pool::Pool;

/// AWS waits one minute, then two; nobody at a terminal does.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];
const LOADERS: usize = 4;

/// Who watches each object.
pub(crate) type Watcher = Arc<dyn Progress>;

/// How events travel.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    /// Every so many events, one comes twice.
    pub(crate) duplicate_every: Option<u32>,
}

/// Events under way.
#[derive(Debug)]
pub(crate) struct Wiring {
    load: Delivery,
    manifest: Arc<Delivery>,
}

impl Wiring {
    /// Begins to deliver the events of the S3 server.
    pub(crate) async fn start(
        parts: &Parts,
        environment: &Environment,
        watcher: Watcher,
        rules: Rules,
    ) -> anyhow::Result<Self> {
        let manifest = Arc::new(deliver_to_manifest(parts, environment.loader().await?));
        let pool = Pool::new(environment.clone(), parts.configuration()).await?;
        let load = deliver_to_load(parts, pool, watcher, rules, Arc::clone(&manifest));
        Ok(Self { load, manifest })
    }

    /// Sends load an event of any form.
    pub(crate) fn tell_load(&self, event: Value) {
        self.load.invoke(event);
    }

    /// Has the manifest compare the lake with the ledger, as its schedule does.
    pub(crate) fn reconcile(&self) {
        self.manifest.invoke(json!({ "compact": true }));
    }

    /// Waits until nothing is under way; load first, for what it writes is news to the manifest.
    pub(crate) async fn idle(&self) {
        self.load.idle().await;
        self.manifest.idle().await;
    }

    /// Ends the deliveries.
    pub(crate) async fn stop(self) {
        self.load.stop().await;
        if let Some(manifest) = Arc::into_inner(self.manifest) {
            manifest.stop().await;
        }
    }
}

fn deliver_to_load(
    parts: &Parts,
    pool: Pool,
    watcher: Watcher,
    rules: Rules,
    manifest: Arc<Delivery>,
) -> Delivery {
    let options = DeliveryOptions {
        prefix: RAW_PREFIX.to_owned(),
        duplicate_every: rules.duplicate_every,
        concurrency: LOADERS,
        retry_delays: RETRY_DELAYS.to_vec(),
        function: "load".to_owned(),
        ..DeliveryOptions::default()
    };
    let pool = Arc::new(pool);
    let handle = move |event: Value| {
        let (pool, watcher) = (Arc::clone(&pool), Arc::clone(&watcher));
        async move { pool.handle(&event, &*watcher).await }
    };
    let give_up = move |record: Value| {
        manifest.invoke(record);
        std::future::ready(())
    };
    Delivery::start(parts.s3.events(), options, handle, give_up)
}

/// One at a time: the list of failures is one object.
fn deliver_to_manifest(parts: &Parts, loader: Loader) -> Delivery {
    let options = DeliveryOptions {
        prefix: ERRORS_PREFIX.to_owned(),
        removals: true,
        concurrency: 1,
        retry_delays: RETRY_DELAYS.to_vec(),
        function: "manifest".to_owned(),
        ..DeliveryOptions::default()
    };
    let manifest = Arc::new(Manifest::new(loader));
    let handle = move |event: Value| {
        let manifest = Arc::clone(&manifest);
        async move {
            let run = Run { deadline: Deadline::none(), force: false, progress: &Unwatched };
            let answer = manifest.handle(&event, run).await;
            answer.map(drop).map_err(|error| error.to_string())
        }
    };
    let give_up = |record: Value| {
        tracing::error!(%record, "the manifest could not take an event");
        std::future::ready(())
    };
    Delivery::start(parts.s3.events(), options, handle, give_up)
}
