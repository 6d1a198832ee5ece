//! A run's events, from the first put until nothing is on its way any more: what is delivered when
//! and how often, what goes wrong meanwhile, and what comes again.
//!
//! Everything is drawn from the seed and the number of the turn before the turn begins, so that no
//! choice depends on what took how long. Which of two loads at once is quicker is the machine's.

use std::collections::{BTreeMap, BTreeSet};

use embedded::s3::ObjectEvent;
use fastrand::Rng;
use futures::future::{join, join_all};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use super::actor::{Actor, Answer, Role};
use super::delivery::{self, Form};
use super::document;
use super::faults::Faults;
use super::interference::Interference;
use super::plan::{Plan, Put};
use super::world::World;

/// Lambda tries an asynchronous event three times.
const ATTEMPTS_MAX: u32 = 3;
/// Far more than any run needs.
const TURNS_MAX: u64 = 80;

/// An event on its way to load.
#[derive(Debug, Clone)]
struct Pending {
    event: ObjectEvent,
    attempts: u32,
}

/// One invocation of a turn.
#[derive(Debug)]
struct Delivery {
    form: Form,
    events: Vec<Pending>,
    faults: Faults,
}

/// A run under way.
#[derive(Debug)]
pub(super) struct Play<'w> {
    plan: &'w Plan,
    world: &'w World,
    loads: Vec<Actor>,
    manifest: Actor,
    told: UnboundedReceiver<ObjectEvent>,
    pending: Vec<Pending>,
    /// What is on its way to manifest.
    failures: Vec<Value>,
    /// The newest time delivered of each scope.
    delivered: BTreeMap<String, String>,
    put: BTreeSet<String>,
    /// Keys under which something stood that no load can take.
    bad: BTreeSet<String>,
    /// Keys of which not every event came to its end.
    lost: BTreeSet<String>,
    /// What happened, for people.
    pub(super) script: Vec<String>,
    pub(super) violations: Vec<String>,
}

impl<'w> Play<'w> {
    pub(super) async fn start(plan: &'w Plan, world: &'w World) -> Self {
        let mut loads = Vec::new();
        for number in 0..plan.loads {
            let role = if plan.is_binary { Role::LoadBinary } else { Role::Load };
            let is_old = plan.endpoint.has_two_versions && number == 0;
            loads.push(Actor::start(world, role, is_old).await);
        }
        Self {
            plan,
            world,
            loads,
            manifest: Actor::start(world, Role::Manifest, false).await,
            told: world.server.events(),
            pending: Vec::new(),
            failures: Vec::new(),
            delivered: BTreeMap::new(),
            put: BTreeSet::new(),
            bad: BTreeSet::new(),
            lost: BTreeSet::new(),
            script: Vec::new(),
            violations: Vec::new(),
        }
    }

    /// Plays until all is put and nothing is on its way.
    pub(super) async fn play(&mut self) {
        let mut puts = self.plan.puts.iter();
        for turn in 0..TURNS_MAX {
            let rng = &mut Rng::with_seed(self.plan.seed.wrapping_mul(1_000).wrapping_add(turn));
            for put in puts.by_ref().take(rng.usize(..=3)) {
                self.put(put).await;
            }
            self.take_events(rng);
            if puts.len() == 0 && self.pending.is_empty() && self.failures.is_empty() {
                break;
            }
            self.turn(rng).await;
        }
        let left = self.pending.iter().map(|pending| pending.event.key.as_str().to_owned());
        self.lost.extend(left.collect::<Vec<_>>());
        self.must_be_newest().await;
    }

    /// Whether the tables must be right already, before anybody reconciles: every event of an object
    /// came to its end, and no object was taken for gone.
    pub(super) fn is_complete(&self) -> bool {
        let may_be_gone = self.world.tally.counts().keys().any(|kind| kind.contains("404"));
        let lost = self.lost.iter().any(|key| key.starts_with("raw/"));
        !lost && !may_be_gone && !self.plan.endpoint.has_two_versions
    }

    /// The logs of the binaries.
    pub(super) fn logs(&self) -> String {
        self.loads.iter().map(Actor::log).collect()
    }

    async fn put(&mut self, put: &Put) {
        self.script.push(format!("put {} ({} bytes)", put.key, put.body.len()));
        if !self.put.insert(put.key.clone()) {
            self.world.tally.count("lake: key put again with other bytes");
        }
        if document::records(self.plan.endpoint, &put.key, &put.body).await.is_none() {
            self.bad.insert(put.key.clone());
        }
        self.world.put(&put.key, &put.body).await;
    }

    /// Takes what S3 says of writes since the last turn. Some of it never comes, some twice.
    fn take_events(&mut self, rng: &mut Rng) {
        while let Ok(event) = self.told.try_recv() {
            let is_raw = event.key.as_str().starts_with("raw/");
            let is_error_log = event.key.as_str().starts_with("errors/");
            if !is_raw && !is_error_log {
                continue;
            }
            let copies = match rng.u8(..12) {
                0 => 0,
                1..4 => 2,
                _ => 1,
            };
            match copies {
                0 => {
                    self.note("event: dropped", event.key.as_str());
                    self.lost.insert(event.key.as_str().to_owned());
                }
                2 => self.note("event: duplicated", event.key.as_str()),
                _ => {}
            }
            for _ in 0..copies {
                match is_raw {
                    true => self.pending.push(Pending { event: event.clone(), attempts: 0 }),
                    false => self.failures.push(event.notification()),
                }
            }
        }
    }

    fn note(&mut self, kind: &str, key: &str) {
        self.world.tally.count(kind);
        self.script.push(format!("{kind}: {key}"));
    }

    /// Delivers some of what is on its way, all at once.
    async fn turn(&mut self, rng: &mut Rng) {
        let interference = Interference::draw(rng);
        let deliveries = self.draw_deliveries(rng);
        let failure = (!self.failures.is_empty() && rng.bool())
            .then(|| self.failures.swap_remove(rng.usize(..self.failures.len())));
        let of_manifest = Faults::of_manifest(rng, self.plan);
        if let Some(failure) = &failure {
            self.script.push(format!("manifest: {} [{}]", told(failure), of_manifest.line()));
        }
        let (world, loads) = (self.world, &mut self.loads);
        let held = match interference {
            Some(interference) => {
                self.script.push(format!("interference: {interference:?}"));
                let client = interference.begin(world).await;
                if interference.is_at_connect() {
                    loads.iter().for_each(Actor::disconnect);
                }
                Some((interference, client))
            }
            None => None,
        };
        let invoking = loads.iter_mut().zip(&deliveries).map(|(actor, delivery)| {
            let events = delivery.events.iter().map(|pending| pending.event.clone());
            let payload = delivery.form.wrap(&events.collect::<Vec<_>>());
            async move { actor.invoke(&payload, &delivery.faults).await }
        });
        let manifest = &mut self.manifest;
        let following = async {
            match &failure {
                Some(failure) => Some(manifest.invoke(failure, &of_manifest).await),
                None => None,
            }
        };
        let ending = async {
            match held {
                Some((interference, client)) if !interference.is_at_connect() => {
                    interference.end(world, client).await;
                    None
                }
                held => held,
            }
        };
        let ((answers, followed), held) = join(join(join_all(invoking), following), ending).await;
        if let Some((interference, client)) = held {
            interference.end(world, client).await;
        }
        if let (Some(failure), Some(Answer::Failed(_) | Answer::Killed)) = (failure, followed) {
            // Its own retries; when they are used up, reconciling finds the rest.
            if rng.u8(..4) > 0 {
                self.failures.push(failure);
            }
        }
        for (delivery, answer) in deliveries.into_iter().zip(answers) {
            self.answered(rng, delivery, &answer).await;
        }
    }

    fn draw_deliveries(&mut self, rng: &mut Rng) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        for number in 0..self.loads.len() {
            if self.pending.is_empty() || (number > 0 && rng.u8(..3) == 0) {
                continue;
            }
            let count = if rng.u8(..3) == 0 { rng.usize(1..=4) } else { 1 };
            let mut events = Vec::<Pending>::new();
            for _ in 0..count.min(self.pending.len()) {
                // Reordered as chance has it.
                let taken = self.pending.swap_remove(rng.usize(..self.pending.len()));
                self.count_age(&taken.event);
                events.push(taken);
            }
            let form = Form::draw(rng, events.len());
            let faults = Faults::of_load(rng, self.plan);
            let keys = events.iter().map(|pending| name_of(pending.event.key.as_str()));
            let keys = keys.collect::<Vec<_>>().join(", ");
            let actor = self.loads[number].name();
            self.script.push(format!("{actor} {form:?}: {keys} [{}]", faults.line()));
            deliveries.push(Delivery { form, events, faults });
        }
        let keys = deliveries.iter().flat_map(|delivery| &delivery.events);
        let keys = keys.map(|pending| pending.event.key.as_str()).collect::<Vec<_>>();
        if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
            self.world.tally.count("event: the same one several times at once");
        }
        deliveries
    }

    fn count_age(&mut self, event: &ObjectEvent) {
        let Some((scope, name)) = event.key.as_str().rsplit_once('/') else { return };
        let newest = self.delivered.entry(scope.to_owned()).or_default();
        if name < newest.as_str() {
            self.world.tally.count("event: older object after a newer one of its scope");
        } else {
            name.clone_into(newest);
        }
    }

    async fn answered(&mut self, rng: &mut Rng, delivery: Delivery, answer: &Answer) {
        let again = delivery::to_come_again(delivery.form, answer, delivery.events.len());
        self.script.push(match answer {
            Answer::Given(_) => format!("  answered, {} to come again", again.len()),
            Answer::Failed(message) => format!("  failed: {message}"),
            Answer::Killed => "  killed".to_owned(),
        });
        for key in delivery::said(answer, &["loaded", "unchanged"]) {
            self.must_be_loaded(&key).await;
        }
        let may_be_gone = delivery.faults.says_gone();
        for key in delivery::said(answer, &["failed"]) {
            if !self.bad.contains(&key) && !may_be_gone {
                self.violations.push(format!("load condemned {key}, which is sound: {answer:?}"));
            }
        }
        for (place, mut pending) in delivery.events.into_iter().enumerate() {
            if !again.contains(&place) {
                self.must_be_known(pending.event.key.as_str()).await;
                continue;
            }
            pending.attempts += 1;
            if pending.attempts < ATTEMPTS_MAX {
                self.pending.push(pending);
                continue;
            }
            self.lost.insert(pending.event.key.as_str().to_owned());
            if rng.u8(..3) > 0 {
                self.note("event: given up, to its destination", pending.event.key.as_str());
                self.failures.push(delivery::given_up(&pending.event, "given up"));
            } else {
                self.note("event: given up without a word", pending.event.key.as_str());
            }
        }
    }

    /// An answer that says `loaded` must be as durable as the ledger.
    async fn must_be_loaded(&mut self, key: &str) {
        let sql =
            format!("SELECT 1 FROM riacho.objects WHERE key = '{key}' AND loaded_at IS NOT NULL");
        if self.world.ask(&sql).await.is_empty() {
            self.violations.push(format!("load answered that {key} stands; the ledger has it not"));
        }
    }

    /// Where every event of a key came to its end, the ledger speaks of the bytes that stand there, or
    /// says that it failed.
    async fn must_be_newest(&mut self) {
        for object in self.world.standing("raw/").await {
            if self.lost.contains(&object.key) {
                continue;
            }
            let sql = format!(
                "SELECT 1 FROM riacho.objects WHERE key = '{}'
                    AND (etag = '{}' OR status = 'failed')",
                object.key, object.etag
            );
            if self.world.ask(&sql).await.is_empty() {
                let line = format!(
                    "SELECT to_jsonb(o)::text FROM riacho.objects o WHERE key = '{}'",
                    object.key
                );
                let violation = format!(
                    "all events of {} came; not its newest bytes, of etag {}, but {:?}",
                    object.key,
                    object.etag,
                    self.world.ask(&line).await
                );
                self.violations.push(violation);
            }
        }
    }

    /// An event that was answered and does not come again must have left a line.
    async fn must_be_known(&mut self, key: &str) {
        let sql =
            format!("SELECT 1 FROM riacho.objects WHERE key = '{key}' AND status <> 'loading'");
        if self.world.ask(&sql).await.is_empty() {
            let violation =
                format!("load answered an event of {key}; the ledger has no line of it");
            self.violations.push(violation);
        }
    }
}

fn name_of(key: &str) -> &str {
    key.strip_prefix("raw/source=pos/endpoint=getChecks/").unwrap_or(key)
}

/// A failure in a few words.
fn told(failure: &Value) -> String {
    let key = &failure["Records"][0]["s3"]["object"]["key"];
    let given_up = &failure["requestPayload"]["Records"][0]["s3"]["object"]["key"];
    format!("{}", if key.is_null() { given_up } else { key })
}
