//! The contract's "any order of replay gives equal tables": objects of chance, loaded in one order by
//! chance and replayed in others beside, hold the same.

use std::collections::BTreeMap;

use fastrand::Rng;
use landing::{LandedObject, ObjectKey};
use load::{Deadline, Loader, Run, Unwatched};
use tests::{BUCKET, Direct};
use warehouse::{Comparison, Rebuild};

const CONFIGURATION: &str = r#"
[lake]
bucket = "lake"

[sources.s]
base_url = "http://127.0.0.1:9"

[sources.s.partitions]
day = { kind = "list", values = ["1"] }

[sources.s.endpoints.keyed]
path = "/keyed/{day}"
key = ["/id"]
version = "/v"

[sources.s.endpoints.plain]
path = "/plain/{day}"

[sources.s.endpoints.merged]
path = "/merged/{day}"
key = ["/id"]
version = "/v"
write = "merge"
"#;

const ENDPOINTS: [&str; 4] = ["keyed", "plain", "merged", "unconfigured"];
const RUN: Run<'static> = Run { deadline: Deadline::none(), force: false, progress: &Unwatched };

/// Objects by chance that a failure can name by its seed.
struct Chance(Rng);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.u64(..bound)
    }

    fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    fn value(&mut self) -> String {
        match self.below(7) {
            0 => "null".to_owned(),
            1 => format!("\"t{}\"", self.below(3)),
            2 => format!("{}.50", self.below(9)),
            3 => "{\"x\":1}".to_owned(),
            // Lands as `json`, for which Postgres has no equality.
            4 => "\"\\u0000\"".to_owned(),
            _ => self.below(9).to_string(),
        }
    }

    fn record(&mut self) -> String {
        let mut fields = Vec::new();
        if !self.one_in(12) {
            fields.push(format!("\"id\":{}", self.below(6)));
        }
        fields.push(format!("\"v\":{}", self.below(3)));
        let value = self.value();
        fields.push(format!("\"f\":{value}"));
        let children = (0..self.below(3)).map(|_| format!("{{\"c\":{}}}", self.value()));
        fields.push(format!("\"children\":[{}]", children.collect::<Vec<_>>().join(",")));
        format!("{{{}}}", fields.join(","))
    }

    fn body(&mut self) -> String {
        if self.one_in(10) {
            return "[{\"id\":".to_owned();
        }
        let records = (0..self.below(5)).map(|_| self.record()).collect::<Vec<_>>();
        format!("[{}]", records.join(","))
    }

    /// Keys and bodies; some bodies come twice.
    fn lake(&mut self) -> BTreeMap<String, String> {
        let mut lake = BTreeMap::new();
        let mut last = self.body();
        for _ in 0..14 {
            let endpoint = ENDPOINTS[usize::try_from(self.below(4)).unwrap()];
            let (day, hour) = (self.below(3), self.below(5));
            let key =
                format!("raw/source=s/endpoint={endpoint}/day={day}/20261105T{hour:02}0000Z.json");
            if !self.one_in(4) {
                last = self.body();
            }
            lake.insert(key, last.clone());
        }
        lake
    }
}

async fn load(loader: &Loader, key: &str) {
    loader.load(&LandedObject::named(BUCKET, ObjectKey::new(key)), RUN).await;
}

/// Replays all beside, in the order given, and compares.
async fn rebuilt(world: &Direct, rebuild: &Rebuild, order: &[String]) -> Comparison {
    let side = world.loader.for_rebuild(rebuild, false);
    {
        let mut live = world.loader.database().warehouse().await.unwrap();
        rebuild.discard(&mut live).await.unwrap();
        rebuild.set_up(&mut live).await.unwrap();
        let mut own = side.database().warehouse().await.unwrap();
        rebuild.catch_up(&mut live, &mut own).await.unwrap();
    }
    for key in order {
        load(&side, key).await;
    }
    let mut live = world.loader.database().warehouse().await.unwrap();
    assert_eq!(rebuild.left(&mut live).await.unwrap().all(), 0);
    let snapshot = rebuild.snapshot(&mut live).await.unwrap();
    let mut own = side.database().warehouse().await.unwrap();
    snapshot.compare(rebuild, &mut own).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn any_order_of_replay_gives_equal_tables_with_the_same_catalog() {
    for seed in 1..=12_u64 {
        let mut chance = Chance(Rng::with_seed(seed));
        let world = Direct::configured(CONFIGURATION).await;
        let lake = chance.lake();
        for (key, body) in &lake {
            world.put(key, body.clone()).await;
        }
        let mut order = lake.keys().cloned().collect::<Vec<_>>();
        chance.0.shuffle(&mut order);
        for key in &order {
            load(&world.loader, key).await;
        }
        let endpoints = ENDPOINTS.map(str::to_owned);
        let rebuild = world.loader.rebuild("s", &endpoints).unwrap();
        for _ in 0..3 {
            let loaded = order.clone();
            chance.0.shuffle(&mut order);
            let comparison = rebuilt(&world, &rebuild, &order).await;
            assert!(
                !comparison.differs(),
                "seed {seed}\n{lake:#?}\nloaded {loaded:#?}\nreplayed {order:#?}\n{comparison:#?}"
            );
        }
        // And it would be seen.
        let gone = match world.one("SELECT to_regclass('s.keyed')").await.as_str() {
            "" => Vec::new(),
            _ => world.sql("DELETE FROM s.keyed RETURNING 1").await,
        };
        let comparison = rebuilt(&world, &rebuild, &order).await;
        assert_eq!(comparison.differs(), !gone.is_empty());
    }
}
