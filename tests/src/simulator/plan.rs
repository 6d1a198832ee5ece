//! What a run's seed decides before anything happens: the endpoint, the objects in the order in
//! which they are put, and how the functions run.

use std::collections::BTreeMap;

use async_compression::tokio::write::GzipEncoder;
use fastrand::Rng;
use tokio::io::AsyncWriteExt;

use super::document;
use super::endpoint::{Endpoint, Write};
use super::records::{Bodies, Drawn};

/// One write to the lake.
#[derive(Debug, Clone)]
pub(super) struct Put {
    pub(super) key: String,
    pub(super) body: Vec<u8>,
}

/// A run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) endpoint: Endpoint,
    pub(super) puts: Vec<Put>,
    /// Whether load is the real binary in processes of its own, or its handler in this one.
    pub(super) is_binary: bool,
    /// How many loads there are at once.
    pub(super) loads: usize,
    /// Whether the bucket keeps versions.
    pub(super) has_versions: bool,
    /// Whether Postgres as a whole may crash, and the backend of a load be killed.
    pub(super) may_crash: bool,
    /// Whether everything is replayed by force at the end, which must change nothing.
    pub(super) ends_in_replay: bool,
}

impl Plan {
    pub(super) async fn of(seed: u64) -> Self {
        let rng = &mut Rng::with_seed(seed);
        let endpoint = Endpoint::draw(rng);
        let is_binary = rng.u8(..8) == 0;
        let loads = rng.usize(1..=3);
        let has_versions = rng.bool();
        let may_crash = rng.u8(..25) == 0;
        let ends_in_replay = endpoint.has_two_versions || rng.u8(..8) == 0;
        let puts = puts(rng, endpoint).await;
        let (is_binary, loads) = if is_binary { (true, loads.min(2)) } else { (false, loads) };
        Self { seed, endpoint, puts, is_binary, loads, has_versions, may_crash, ends_in_replay }
    }

    /// How often a record is put into another scope than the one that it was in.
    pub(super) async fn moves(&self) -> u64 {
        let mut scopes = BTreeMap::<String, &str>::new();
        let mut moves = 0;
        for put in &self.puts {
            let scope = put.key.rsplit_once('/').map_or("", |(scope, _)| scope);
            let records = document::records(self.endpoint, &put.key, &put.body).await;
            for id in records.iter().flatten().filter_map(|record| record.fields.get("id")) {
                let before = scopes.insert(id.clone(), scope);
                moves += u64::from(before.is_some_and(|before| before != scope));
            }
        }
        moves
    }

    /// The run in a line.
    pub(super) fn title(&self) -> String {
        let Endpoint { write, has_key, has_version, has_records, keeps, has_two_versions, .. } =
            self.endpoint;
        let mut words = vec![write.name()];
        let mut say = |is: bool, word| words.extend(is.then_some(word));
        say(has_key, "key");
        say(has_version, "version");
        say(has_records, "records");
        say(keeps, "keep");
        say(has_two_versions, "two configurations");
        say(self.has_versions, "versioned bucket");
        say(self.is_binary, "binaries");
        say(self.may_crash, "crashes");
        say(self.ends_in_replay, "replay at the end");
        format!("{}; {} puts, {} loads", words.join(", "), self.puts.len(), self.loads)
    }
}

/// What stands under a key so far.
#[derive(Debug, Clone)]
struct Known {
    key: String,
    records: Vec<Drawn>,
    text: String,
    is_bad: bool,
}

async fn puts(rng: &mut Rng, endpoint: Endpoint) -> Vec<Put> {
    let scopes = rng.usize(1..=4);
    let hours = rng.u32(2..=4);
    let count = rng.usize(5..=14);
    let choices = &mut rng.fork();
    let mut bodies = Bodies::new(rng, endpoint);
    let mut puts = Vec::<Put>::new();
    let mut known = Vec::<Known>::new();
    while puts.len() < count {
        let key = draw_key(choices, scopes, hours);
        let before = known.iter().position(|known| known.key == key);
        let is_bad = before.is_none() && choices.u8(..9) == 0;
        let twin = choices.choice(&known).filter(|known| !known.is_bad).cloned();
        let is_twin = choices.u8(..5) == 0;
        let known_before = before.and_then(|at| known.get(at)).filter(|known| !known.is_bad);
        let may_lose = endpoint.write == Write::Replace || !endpoint.has_key;
        let (records, text) = match (known_before, twin) {
            // What is put again after objects have given way to it for good must not lose records.
            (Some(before), _) if !may_lose => bodies.corrected(&before.records),
            (_, Some(twin)) if is_twin => (twin.records, twin.text),
            _ if is_bad => (Vec::new(), bodies.damaged()),
            _ => bodies.whole(),
        };
        let body = match key.ends_with(".gz") {
            true => gzip(&text).await,
            false => text.clone().into_bytes(),
        };
        let is_bad = is_bad && records.is_empty();
        let now = Known { key: key.clone(), records, text, is_bad };
        match before {
            Some(at) => known[at] = now,
            None => known.push(now),
        }
        puts.push(Put { key, body });
    }
    puts
}

/// Two stores of up to two days, a few hours each, at times two objects of one time.
fn draw_key(rng: &mut Rng, scopes: usize, hours: u32) -> String {
    let scope = rng.usize(..scopes);
    let hour = rng.u32(..hours);
    let twin = if rng.u8(..8) == 0 { "-b" } else { "" };
    let gz = if rng.u8(..6) == 0 { ".gz" } else { "" };
    format!(
        "raw/source=pos/endpoint=getChecks/busDt=2026-11-{:02}/storeId={}/20261105T{hour:02}0000Z{twin}.json{gz}",
        scope / 2 + 1,
        scope % 2 + 1,
    )
}

async fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(text.as_bytes()).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}
