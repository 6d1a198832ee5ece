//! When the dust settles: what an operator's schedule does after a bad day, without faults. Lost
//! events are found by reconciling, what is open is replayed, and that is all.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::actor::{Actor, Answer, Role, run};
use super::faults::Faults;
use super::plan::Plan;
use super::world::World;

/// Replays that find one more thing to do after each other; more would never end.
const ROUNDS_MAX: u32 = 4;

/// Reconciles and replays until nothing changes any more; gives what went wrong.
pub(super) async fn settle(plan: &Plan, world: &World) -> Vec<String> {
    let mut manifest = Actor::start(world, Role::Manifest, false).await;
    let mut violations = Vec::new();
    for round in 1..=ROUNDS_MAX {
        // Later than the time that events may take.
        let later = Timestamp::now() + SignedDuration::from_hours(1);
        let reconciled = manifest.manifest().reconcile_at(None, run(None), later).await;
        let changed = match reconciled {
            Ok((changed, _)) => changed,
            Err(error) => {
                violations.push(format!("reconciling failed without a fault: {error}"));
                break;
            }
        };
        if round > 1 && changed.listed.is_empty() && changed.resolved.is_empty() {
            break;
        }
        violations.extend(replay(&mut manifest, &json!({ "replay": {} })).await);
    }
    if plan.endpoint.has_two_versions {
        violations.extend(replay_all(&mut manifest).await);
    }
    violations
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
