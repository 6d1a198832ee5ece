//! A lake, a database and a loader between them, all real, each test's own.

use std::sync::Arc;

use embedded::postgres::test_database;
use embedded::s3::{S3Options, S3Server};
use landing::{LandedObject, ObjectKey};
use load::{Deadline, Loader, Lookup, ObjectReport, Run, Unwatched};
use objects::{Lake, PutOptions};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const BUCKET: &str = "lake";

/// What a run of nobody's command looks like.
pub(crate) const RUN: Run<'static> =
    Run { deadline: Deadline::none(), force: false, progress: &Unwatched };

const SHOP: &str = r#"
[lake]
bucket = "${RIACHO_BUCKET}"

[sources.shop]
base_url = "http://127.0.0.1:9"

[sources.shop.partitions]
day = { kind = "list", values = ["2026-11-01", "2026-11-02"] }
"#;

pub(crate) struct Kit {
    pub(crate) lake: Lake,
    pub(crate) loader: Loader,
    pub(crate) database_url: String,
    _s3: S3Server,
    _dir: TempDir,
}

impl Kit {
    /// With no source configured.
    pub(crate) async fn new() -> Self {
        Self::configured(None).await
    }

    /// With the source `shop`, asked by day, and one section of the configuration for an endpoint.
    pub(crate) async fn with_endpoint(section: &str) -> Self {
        Self::configured(Some(&format!("{SHOP}{section}"))).await
    }

    /// With a configuration's text.
    pub(crate) async fn configured(text: Option<&str>) -> Self {
        let dir = TempDir::new().unwrap();
        let options = S3Options::new(dir.path().join("s3"), &[(BUCKET, true)]);
        let s3 = S3Server::start(options).await.unwrap();
        let lake = Lake::at_endpoint(&s3.endpoint(), "test", "test");
        let path = dir.path().join("riacho.toml");
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let config = text.map(|_| path.to_string_lossy().into_owned());
        let url = test_database().await.url;
        let database_url = url.clone();
        let lookup: Lookup = Arc::new(move |name| match name {
            "DATABASE_URL" => Some(url.clone()),
            "RIACHO_BUCKET" => Some(BUCKET.to_owned()),
            "RIACHO_CONFIG" => config.clone(),
            _ => None,
        });
        let loader = Loader::from_lookup(lake.clone(), lookup).await.unwrap();
        Self { lake, loader, database_url, _s3: s3, _dir: dir }
    }

    pub(crate) async fn put(&self, key: &str, body: impl AsRef<[u8]>) {
        let body = body.as_ref().to_vec().into();
        self.lake.put(BUCKET, &ObjectKey::new(key), body, PutOptions::default()).await.unwrap();
    }

    /// Puts an object and loads it.
    pub(crate) async fn land(&self, key: &str, body: impl AsRef<[u8]>) -> ObjectReport {
        self.put(key, body).await;
        self.load(key).await
    }

    pub(crate) async fn load(&self, key: &str) -> ObjectReport {
        let object = LandedObject::named(BUCKET, ObjectKey::new(key));
        self.loader.load(&object, RUN).await
    }

    pub(crate) async fn handle(&self, event: &Value) -> Value {
        self.loader.handle(event, RUN).await.unwrap()
    }

    /// The answer's cells, joined by blanks; NULL is `-`.
    pub(crate) async fn sql(&self, sql: &str) -> Vec<String> {
        let mut warehouse = self.loader.database().warehouse().await.unwrap();
        let answer = warehouse.ask(sql).await.unwrap();
        let cell = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
        let row = |row: &Vec<_>| row.iter().map(cell).collect::<Vec<_>>().join(" ");
        answer.rows.iter().map(row).collect()
    }

    /// A small object as JSON, or nothing where there is none.
    pub(crate) async fn json(&self, key: &str) -> Option<Value> {
        let text = self.text(key).await?;
        Some(serde_json::from_str(&text).unwrap())
    }

    pub(crate) async fn text(&self, key: &str) -> Option<String> {
        let key = ObjectKey::new(key);
        let found = self.lake.get_text(BUCKET, &key, 1 << 24).await.unwrap();
        found.map(|(text, _)| text)
    }
}
