//! A rebuild from its beginning to the swap: objects are replayed by workers as `load` does, beside
//! the tables that stand; what the functions load meanwhile is taken over until nothing is left.

mod finding;

use std::sync::Arc;
use std::time::Duration;

use landing::endpoint_prefix;
use load::{Loader, error_log};
use objects::Listed;
use warehouse::{Comparison, Held, Left, Rebuild, Swapped, Warehouse};

pub(crate) use self::finding::endpoints;
use crate::environment::Environment;
use crate::failures;
use crate::loading::{Observer, Tally, Wanted, load_all};
use crate::output::Meter;

/// Objects that are asked for at a time: a few MB of names.
const BATCH: i64 = 10_000;
/// So few objects are caught up with while loads wait.
const FEW: u64 = 32;
/// Rounds of catching up beside running loads, however many come.
const ROUNDS: usize = 8;
/// How long a load may keep a rebuild from its moment.
const PATIENCE: Duration = Duration::from_secs(600);

/// A rebuild under way, with a connection for each of its parts.
pub(crate) struct Rebuilding<'e> {
    environment: &'e Environment,
    pub(crate) rebuild: Rebuild,
    /// The live ledger.
    live: Loader,
    /// The live ledger once more, while loads are held back.
    holder: Loader,
    /// For objects that the ledger has an outcome for.
    replayer: Loader,
    /// For all others, guarded as ever.
    guarded: Loader,
    observer: Arc<Observer>,
}

/// How far a rebuild has come.
pub(crate) enum Reached {
    /// Objects are left that may load later.
    Unfinished(Left),
    /// It is compared.
    Compared(Comparison),
}

impl<'e> Rebuilding<'e> {
    /// A rebuild of these endpoints; nothing happens yet.
    pub(crate) async fn new(
        environment: &'e Environment,
        source: &str,
        endpoints: &[String],
        meter: Meter,
    ) -> anyhow::Result<Self> {
        let live = environment.loader().await?;
        let rebuild = live.rebuild(source, endpoints)?;
        Ok(Self {
            environment,
            holder: live.another(),
            replayer: live.for_rebuild(&rebuild, false),
            guarded: live.for_rebuild(&rebuild, true),
            live,
            rebuild,
            observer: Observer::new(meter),
        })
    }

    /// Drops what was rebuilt so far.
    pub(crate) async fn discard(&self) -> anyhow::Result<()> {
        Ok(self.rebuild.discard(&mut *self.live.database().warehouse().await?).await?)
    }

    /// Begins, or goes on with what was begun; says which.
    pub(crate) async fn begin(&self) -> anyhow::Result<bool> {
        let mut live = self.live.database().warehouse().await?;
        Ok(self.rebuild.set_up(&mut live).await?)
    }

    /// Loads all that is to be loaded, and compares.
    pub(crate) async fn compare(&self) -> anyhow::Result<Reached> {
        self.catch_up().await?;
        self.replay().await?;
        self.take_in().await?;
        let left = self.left().await?;
        if left.all() > 0 {
            return Ok(Reached::Unfinished(left));
        }
        self.rebuild.analyze(&mut *self.live.database().warehouse().await?).await?;
        let mut live = self.holder.database().warehouse().await?;
        let Some(held) = self.stand_still(&mut live).await? else {
            return Ok(Reached::Unfinished(self.left().await?));
        };
        let mut own = self.live.database().warehouse().await?;
        let snapshot = self.rebuild.snapshot(&mut own).await?;
        held.release().await;
        self.observer.message("comparing");
        let mut side = self.replayer.database().warehouse().await?;
        Ok(Reached::Compared(snapshot.compare(&self.rebuild, &mut side).await?))
    }

    /// Puts what was rebuilt in place; none where objects came meanwhile that may load later, or with
    /// new columns each time.
    pub(crate) async fn swap(&self, lose: bool) -> anyhow::Result<Option<Swapped>> {
        self.observer.message("swapping");
        for _ in 0..ROUNDS {
            self.bring_tables_along().await?;
            let mut live = self.holder.database().warehouse().await?;
            let Some(held) = self.stand_still(&mut live).await? else {
                return Ok(None);
            };
            let mut side = self.replayer.database().warehouse().await?;
            let swapped = held.swap(&mut side, lose).await?;
            drop((live, side));
            if let Some(swapped) = swapped {
                self.follow(&swapped).await?;
                return Ok(Some(swapped));
            }
        }
        Ok(None)
    }

    async fn bring_tables_along(&self) -> anyhow::Result<()> {
        let mut live = self.live.database().warehouse().await?;
        let mut side = self.replayer.database().warehouse().await?;
        Ok(self.rebuild.bring_tables_along(&mut live, &mut side).await?)
    }

    /// What became of the objects. Takes the meter away.
    pub(crate) fn finish(self) -> Tally {
        self.observer.finish()
    }

    /// The moment in which nothing is under way and all is caught up with; none where objects are
    /// left that may load later.
    async fn stand_still<'h>(
        &'h self,
        live: &'h mut Warehouse,
    ) -> anyhow::Result<Option<Held<'h>>> {
        for _ in 0..ROUNDS {
            let fresh = self.catch_up().await?;
            self.replay().await?;
            if fresh <= FEW {
                break;
            }
        }
        let held = self.rebuild.hold(live, PATIENCE).await?;
        let rest = async {
            if held.behind().await? > 0 {
                self.catch_up().await?;
                self.replay().await?;
            }
            self.left().await
        };
        let left = held.wait_for(Box::pin(rest)).await??;
        if held.behind().await? == 0 && left.all() == 0 {
            return Ok(Some(held));
        }
        held.release().await;
        Ok(None)
    }

    /// Takes over what is new; says how many objects that is.
    async fn catch_up(&self) -> anyhow::Result<u64> {
        let mut live = self.live.database().warehouse().await?;
        let mut side = self.replayer.database().warehouse().await?;
        Ok(self.rebuild.catch_up(&mut live, &mut side).await?)
    }

    /// How many objects are still to be loaded.
    pub(crate) async fn left(&self) -> anyhow::Result<Left> {
        Ok(self.rebuild.left(&mut *self.live.database().warehouse().await?).await?)
    }

    /// Loads what the ledger has an outcome for, then what failed: until nothing is left, or nothing
    /// of what is left loads now.
    async fn replay(&self) -> anyhow::Result<()> {
        loop {
            let left = self.left().await?;
            self.observer.expect(left.all());
            let mut live = self.live.database().warehouse().await?;
            let mut loader = &self.replayer;
            let mut objects = self.rebuild.to_replay(&mut live, BATCH).await?;
            if objects.is_empty() {
                loader = &self.guarded;
                objects = self.rebuild.to_try(&mut live, BATCH).await?;
            }
            drop(live);
            if objects.is_empty() {
                return Ok(());
            }
            load_all(loader, Wanted::Objects(objects), false, &self.observer).await?;
            if self.left().await?.all() >= left.all() {
                return Ok(());
            }
        }
    }

    /// Loads the objects of the lake that the ledger does not know.
    async fn take_in(&self) -> anyhow::Result<()> {
        let bucket = self.environment.bucket()?;
        for endpoint in &self.rebuild.names() {
            let prefix = endpoint_prefix(self.rebuild.source(), endpoint);
            let mut listing = self.environment.lake.list(bucket, &prefix);
            while let Some(mut page) = listing.next_page().await? {
                page.retain(|listed| !listed.key.as_str().ends_with('/'));
                let unknown = self.unknown(bucket, &page).await?;
                if !unknown.is_empty() {
                    let wanted = Wanted::Objects(unknown);
                    load_all(&self.guarded, wanted, false, &self.observer).await?;
                }
            }
        }
        Ok(())
    }

    async fn unknown(
        &self,
        bucket: &str,
        page: &[Listed],
    ) -> anyhow::Result<Vec<landing::LandedObject>> {
        let keys = page.iter().map(|listed| listed.key.as_str()).collect::<Vec<_>>();
        let mut live = self.live.database().warehouse().await?;
        let unknown = self.rebuild.unknown(&mut live, bucket, &keys).await?;
        let unknown = page.iter().filter(|listed| unknown.contains(&listed.key));
        Ok(unknown.map(|listed| listed.landed(bucket)).collect())
    }

    /// Lets error logs and manifest say what the ledger says since the swap. What a kill leaves undone
    /// here the manifest's next compaction finds.
    async fn follow(&self, swapped: &Swapped) -> anyhow::Result<()> {
        let lake = &self.environment.lake;
        for (bucket, key) in &swapped.resolved {
            error_log::resolve(lake, bucket, key).await?;
        }
        for log in &swapped.failed {
            error_log::write(lake, log).await?;
        }
        let failed = swapped.failed.iter().map(|log| (log.bucket.as_str(), &log.key));
        failures::follow(&self.live, failed).await?;
        let names = self.rebuild.names();
        let is_meant = |source: &str, endpoint: &str| {
            source == self.rebuild.source() && names.contains(&endpoint)
        };
        self.live.make_indexes(is_meant).await?;
        Ok(())
    }
}
