//! What the tests share: a lake in memory, a loader that does what the `load` function does, and a
//! way to ask the database.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use embedded::postgres::{TestDatabase, test_database};
use jiff::Timestamp;
use landing::{LandedObject, ObjectKey, RawLocation};
use normalise::{Batch, Finder, FoundRecord, Reject, Rules, Shredder, Summary};
use postgres_native_tls::MakeTlsConnector;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, SimpleQueryMessage};
use warehouse::{
    Begun, DatabaseSettings, Dropped, EndpointFacts, Loading, ObjectFacts, Outcome, Timeouts,
    Warehouse, WarehouseError, Write,
};

/// Small, so that objects of a few records come in several batches.
const CHUNK: usize = 64;
/// Smaller still, so that records which come in several chunks come in several batches too.
const PART: usize = 16;

/// Objects by key: bytes and entity tag.
#[derive(Clone, Default)]
pub(crate) struct Lake(Arc<Mutex<BTreeMap<String, (String, String)>>>);

impl Lake {
    /// Puts an object; equal bytes have equal tags.
    pub(crate) fn put(&self, key: &str, body: &str) -> String {
        let tag =
            format!("{:x}", body.bytes().fold(7_u64, |sum, b| sum.wrapping_mul(31) + u64::from(b)));
        self.0.lock().unwrap().insert(key.to_owned(), (body.to_owned(), tag));
        key.to_owned()
    }

    fn get(&self, key: &str) -> (String, String) {
        self.0.lock().unwrap().get(key).unwrap().clone()
    }
}

/// A database, a lake, and the endpoint under test.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) database: TestDatabase,
    pub(crate) lake: Lake,
    pub(crate) endpoint: EndpointFacts,
    pub(crate) rules: Rules,
    /// Kept, as logging in takes long where nothing is optimised.
    client: Arc<OnceCell<Client>>,
}

impl World {
    /// An endpoint `e` of source `s` with the given key and version, both fields of the record.
    pub(crate) async fn new(write: Write, key: &[&str], version: Option<&str>) -> Self {
        let rules = Rules {
            root_table: "t".to_owned(),
            key: key.iter().map(|key| key.parse().unwrap()).collect(),
            version: version.map(|version| version.parse().unwrap()),
            ..Rules::default()
        };
        let endpoint = EndpointFacts {
            source: "s".to_owned(),
            endpoint: "e".to_owned(),
            root_table: "t".to_owned(),
            write,
            key: key.iter().map(|key| (*key).to_owned()).collect(),
            version: version.map(str::to_owned),
            renames: Vec::new(),
            vanish_limit: None,
            dropped: Dropped::Restore,
            lock_schema_first: false,
        };
        let database = test_database().await;
        Self { database, lake: Lake::default(), endpoint, rules, client: Arc::default() }
    }

    pub(crate) async fn warehouse(&self) -> Warehouse {
        self.warehouse_with(Timeouts::default()).await
    }

    pub(crate) async fn warehouse_with(&self, timeouts: Timeouts) -> Warehouse {
        Warehouse::connect(settings(&self.database.url), timeouts).await.unwrap()
    }

    /// A warehouse that acts as another role.
    pub(crate) async fn warehouse_as(&self, role: &str) -> Warehouse {
        let (url, options) = (&self.database.url, format!("-c role={role}"));
        let settings = DatabaseSettings::from_lookup(&|name| match name {
            "DATABASE_URL" => Some(url.clone()),
            "PGOPTIONS" => Some(options.clone()),
            _ => None,
        });
        Warehouse::connect(settings.unwrap(), Timeouts::default()).await.unwrap()
    }

    /// `raw/source=<source>/endpoint=e/day=<scope>/<time>.json`
    pub(crate) fn put(&self, scope: &str, hour: u32, body: &str) -> String {
        let source = &self.endpoint.source;
        let key =
            format!("raw/source={source}/endpoint=e/day={scope}/20261101T{hour:02}0000Z.json");
        self.lake.put(&key, body)
    }

    pub(crate) fn facts(&self, key: &str) -> ObjectFacts {
        let (body, tag) = self.lake.get(key);
        let key = ObjectKey::new(key);
        let location = RawLocation::parse(&key).unwrap();
        ObjectFacts {
            object: LandedObject {
                etag: Some(tag),
                bytes: Some(body.len() as u64),
                ..LandedObject::named("lake", key)
            },
            object_time: location.object_time().map_or(Timestamp::UNIX_EPOCH, |t| t.timestamp()),
            location,
            sha256: None,
            force: false,
        }
    }

    pub(crate) async fn load(&self, warehouse: &mut Warehouse, key: &str) -> Outcome {
        self.try_load(warehouse, self.facts(key)).await.unwrap()
    }

    pub(crate) async fn force(&self, warehouse: &mut Warehouse, key: &str) -> Outcome {
        let facts = ObjectFacts { force: true, ..self.facts(key) };
        self.try_load(warehouse, facts).await.unwrap()
    }

    /// Loads as the function does, beginning again as often as it is told to.
    pub(crate) async fn try_load(
        &self,
        warehouse: &mut Warehouse,
        facts: ObjectFacts,
    ) -> Result<Outcome, WarehouseError> {
        let mut endpoint = self.endpoint.clone();
        for _ in 0..10 {
            match self.load_once(warehouse, &facts, &endpoint).await {
                Err(error) if error.begin_again() => endpoint.lock_schema_first = true,
                outcome => return outcome,
            }
        }
        panic!("began again ten times");
    }

    async fn load_once(
        &self,
        warehouse: &mut Warehouse,
        facts: &ObjectFacts,
        endpoint: &EndpointFacts,
    ) -> Result<Outcome, WarehouseError> {
        let mut loading = match warehouse.begin(facts, endpoint).await? {
            Begun::AlreadyDone(outcome) => return Ok(outcome),
            Begun::Load(loading) => loading,
        };
        let (body, _) = self.lake.get(facts.object.key.as_str());
        let mut shredder = self.shredder(&loading, loading.object_id(), &facts.location);
        let mut unread = Vec::new();
        // Every other body comes in one batch, and may go the short way.
        let comes_whole = body.len() % 2 == 0;
        for chunk in body.as_bytes().chunks(CHUNK) {
            shredder.push(chunk).unwrap();
            while !comes_whole && shredder.is_under_way() {
                unread.extend(loading.write(shredder.take_batch()).await?);
                shredder.walk_on().unwrap();
            }
            if !comes_whole {
                unread.extend(loading.write(shredder.take_batch()).await?);
            }
        }
        shredder.finish().unwrap();
        let (last, summary) = (shredder.take_batch(), shredder.summary());
        if comes_whole && loading.is_whole(&last, &summary) {
            return loading.commit_whole(&last, &summary, Duration::from_millis(5)).await;
        }
        unread.extend(loading.write(last).await?);
        self.reinstate(&mut loading).await?;
        let rejects = unread.into_iter().map(|reject| read(&self.rules, reject, &body)).collect();
        loading.commit(shredder.summary(), rejects, Duration::from_millis(5)).await
    }

    async fn reinstate(&self, loading: &mut Loading<'_>) -> Result<(), WarehouseError> {
        let mut waiting = loading.reinstate().await?;
        while let Some(one) = waiting.pop() {
            let (body, tag) = self.lake.get(one.object.key.as_str());
            if one.object.etag != Some(tag) {
                // Overwritten meanwhile: its own event comes.
                waiting.extend(loading.renounce(&one).await?);
                continue;
            }
            let mut shredder =
                self.shredder(loading, one.object_id, &one.location).again_for(one.rows());
            for chunk in body.as_bytes().chunks(CHUNK) {
                shredder.push(chunk).unwrap();
                while shredder.is_under_way() {
                    loading.write_reinstated(&one, shredder.take_batch()).await?;
                    shredder.walk_on().unwrap();
                }
                loading.write_reinstated(&one, shredder.take_batch()).await?;
            }
            shredder.finish().unwrap();
            loading.write_reinstated(&one, shredder.take_batch()).await?;
        }
        Ok(())
    }

    fn shredder(&self, loading: &Loading<'_>, id: i64, location: &RawLocation) -> Shredder {
        let schema = normalise::Schema::clone(&loading.schema());
        Shredder::new(self.rules.clone(), schema, id, &location.scope.0).in_parts_of(PART)
    }

    /// The same database, lake and rules for another source: its tables are its own.
    pub(crate) fn another(&self, source: &str) -> Self {
        let endpoint = EndpointFacts { source: source.to_owned(), ..self.endpoint.clone() };
        Self { endpoint, ..self.clone() }
    }

    /// The same world, asked over a connection of its own.
    pub(crate) fn over_another_connection(&self) -> Self {
        Self { client: Arc::default(), ..self.clone() }
    }

    /// The rows of an answer, cells joined by spaces; NULL is `∅`.
    pub(crate) async fn ask(&self, sql: &str) -> Vec<String> {
        let client = self.client.get_or_init(|| client(&self.database.url)).await;
        let mut lines = Vec::new();
        for message in client.simple_query(sql).await.unwrap() {
            if let SimpleQueryMessage::Row(row) = message {
                let cells = (0..row.len()).map(|at| row.get(at).unwrap_or("∅"));
                lines.push(cells.collect::<Vec<_>>().join(" "));
            }
        }
        lines
    }
}

/// A connection of the test's own, which trusts anybody.
async fn client(url: &str) -> Client {
    let connector = native_tls::TlsConnector::builder()
        .danger_accept_invalid_certs(true)
        .disable_built_in_roots(true)
        .build()
        .map(MakeTlsConnector::new)
        .unwrap();
    let url = url.split_once('?').unwrap().0;
    let (client, connection) = tokio_postgres::connect(url, connector).await.unwrap();
    tokio::spawn(connection);
    client
}

/// All rows of one batch: what a test needs that holds a transaction open.
pub(crate) fn shred(world: &World, loading: &Loading<'_>, key: &str) -> (Batch, Summary) {
    let location = RawLocation::parse(&ObjectKey::new(key)).unwrap();
    let mut shredder = world.shredder(loading, loading.object_id(), &location);
    shredder.push(world.lake.get(key).0.as_bytes()).unwrap();
    shredder.finish().unwrap();
    let batch = shredder.take_batch();
    (batch, shredder.summary())
}

fn read(rules: &Rules, reject: Reject, body: &str) -> Reject {
    let mut read = reject.clone();
    let mut finder = Finder::new(rules, [reject.row].into());
    let mut find = |found: FoundRecord<'_>| {
        let end = found.offset + found.json.len() as u64;
        read.json = Some(String::from_utf8(found.json.to_vec()).unwrap());
        read.bytes = Some(found.offset..end);
    };
    finder.push(body.as_bytes(), &mut find).unwrap();
    finder.finish(&mut find).unwrap();
    assert!(reject.bytes.is_none_or(|bytes| Some(bytes) == read.bytes));
    read
}

pub(crate) fn settings(url: &str) -> DatabaseSettings {
    let url = url.to_owned();
    DatabaseSettings::from_lookup(&|name| (name == "DATABASE_URL").then(|| url.clone())).unwrap()
}
