//! When the dust settles: what an operator's schedule does after a bad day, without faults. Lost
//! events are found by reconciling, what is open is replayed, and that is all.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::actor::{Actor, Answer, Role, run};
use super::faults::Faults;
use super::plan::Plan;
use super::world::World;

/// Rounds that find one more thing to do after each other; more would never end.
const ROUNDS_MAX: u32 = 5;

/// Reconciles and replays until nothing changes any more; gives what went wrong. What a replay leaves
/// for another try, as on a machine without a connection to spare, it is given.
pub(super) async fn settle(plan: &Plan, world: &World) -> Vec<String> {
    let mut manifest = Actor::start(world, Role::Manifest, false).await;
    let mut left = Vec::new();
    for round in 1..=ROUNDS_MAX {
        // Later than the time that events may take.
        let later = Timestamp::now() + SignedDuration::from_hours(1);
        let reconciled = manifest.manifest().reconcile_at(None, run(None), later).await;
        let is_still = match reconciled {
            Ok((changed, _)) => changed.listed.is_empty() && changed.resolved.is_empty(),
            Err(error) => {
                left = vec![format!("reconciling failed without a fault: {error}")];
                continue;
            }
        };
        if round > 1 && is_still && left.is_empty() {
            break;
        }
        left = replay(&mut manifest, &json!({ "replay": {} })).await;
    }
    if plan.endpoint.has_two_versions {
        left.extend(replay_all(&mut manifest).await);
    }
    left
}

/// Loads everything again, whatever the ledger says: with one version of the configuration that
/// changes nothing, with two it ends in the newer one.
pub(super) async fn settle_again(world: &World) -> Vec<String> {
    let mut manifest = Actor::start(world, Role::Manifest, false).await;
    replay_all(&mut manifest).await
}

async fn replay_all(manifest: &mut Actor) -> Vec<String> {
    replay(manifest, &json!({ "replay": { "prefix": "raw/", "force": true } })).await
}

async fn replay(manifest: &mut Actor, event: &serde_json::Value) -> Vec<String> {
    match manifest.invoke(event, &Faults::default()).await {
        Answer::Given(answer) if answer["replayed"]["left"] == 0 => Vec::new(),
        answer => vec![format!("replay without a fault: {answer:?}")],
    }
}
