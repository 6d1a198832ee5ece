//! The same lake and database as `pipe`'s, with load as a library: for tests that need many objects,
//! or many loads at once, and nothing of Lambda.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;
use std::sync::Arc;

use embedded::postgres::TestDatabase;
use embedded::s3::S3Server;
use landing::{LandedObject, ObjectKey, Sequencer};
use load::{Deadline, Loader, Lookup, ObjectReport, Run, Unwatched, Verdict};
use objects::{Lake, PutOptions};
use tokio::sync::OnceCell;

use crate::BUCKET;
use crate::asking::{ask, connect};
use crate::ground::{ground, write_configuration};

const RUN: Run<'static> = Run { deadline: Deadline::none(), force: false, progress: &Unwatched };

/// A lake and a database of a test's own, and loaders between them.
pub struct Direct {
    /// A loader; `another` gives more, each with a connection of its own.
    pub loader: Loader,
    /// Where rows go.
    pub database: TestDatabase,
    lake: Lake,
    connection: OnceCell<tokio_postgres::Client>,
    directory: tempfile::TempDir,
    _server: S3Server,
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Direct").field("database", &self.database).finish_non_exhaustive()
    }
}

impl Direct {
    /// Begins without configured sources.
    pub async fn start() -> Self {
        Self::build(None).await
    }

    /// Begins with a configuration.
    pub async fn configured(configuration: &str) -> Self {
        Self::build(Some(configuration)).await
    }

    async fn build(configuration: Option<&str>) -> Self {
        let (directory, server, database) = ground().await;
        let lake = Lake::at_endpoint(&server.endpoint(), "test", "test");
        Self {
            loader: loader(&lake, &database.url, directory.path(), configuration).await,
            database,
            lake,
            connection: OnceCell::new(),
            directory,
            _server: server,
        }
    }

    /// A fresh loader with another configuration, as a deployment brings it.
    pub async fn reconfigure(&mut self, configuration: &str) {
        let directory = self.directory.path();
        self.loader = loader(&self.lake, &self.database.url, directory, Some(configuration)).await;
    }

    /// A loader that reaches the database by another address.
    pub async fn loader_at(&self, database_url: &str, configuration: &str) -> Loader {
        loader(&self.lake, database_url, self.directory.path(), Some(configuration)).await
    }

    /// Puts an object, as anybody might.
    pub async fn put(&self, key: &str, body: impl Into<Vec<u8>>) {
        let (key, body) = (ObjectKey::new(key), body.into().into());
        self.lake.put(BUCKET, &key, body, PutOptions::default()).await.unwrap();
    }

    /// Loads an object over the connection of `loader`.
    pub async fn load(&self, loader: &Loader, key: &str) -> ObjectReport {
        loader.load(&LandedObject::named(BUCKET, ObjectKey::new(key)), RUN).await
    }

    /// What an event says of the bytes that stand at `key` now.
    pub async fn event(&self, key: &str, sequencer: &str) -> LandedObject {
        let named = LandedObject::named(BUCKET, ObjectKey::new(key));
        let head = self.lake.read(&named).await.unwrap().head;
        let sequencer = Some(Sequencer(sequencer.to_owned()));
        LandedObject { etag: Some(head.etag), bytes: Some(head.bytes), sequencer, ..named }
    }

    /// Loads an object as an event tells of it.
    pub async fn load_event(&self, object: &LandedObject) -> ObjectReport {
        self.loader.load(object, RUN).await
    }

    /// Puts an object and loads it, which must go well.
    pub async fn land(&self, key: &str, body: impl Into<Vec<u8>>) {
        self.put(key, body).await;
        let report = self.load(&self.loader, key).await;
        assert_eq!(report.outcome, Verdict::Loaded, "{report:?}");
    }

    /// An object's text, if it is there.
    pub async fn text(&self, key: &str) -> Option<String> {
        let found = self.lake.get_text(BUCKET, &ObjectKey::new(key), 1 << 24).await.unwrap();
        found.map(|(text, _)| text)
    }

    /// The keys under a prefix.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let (mut listing, mut keys) = (self.lake.list(BUCKET, prefix), Vec::new());
        while let Some(listed) = listing.next().await.unwrap() {
            keys.push(listed.key.as_str().to_owned());
        }
        keys
    }

    /// The test's own connection.
    pub async fn client(&self) -> &tokio_postgres::Client {
        self.connection.get_or_init(|| connect(&self.database.url)).await
    }

    /// Asks the database; every column as text.
    pub async fn sql(&self, query: &str) -> Vec<Vec<Option<String>>> {
        ask(self.client().await, query).await
    }

    /// Asks the database for one value; NULL is empty.
    pub async fn one(&self, query: &str) -> String {
        self.sql(query).await.into_iter().flatten().flatten().next().unwrap_or_default()
    }
}

async fn loader(
    lake: &Lake,
    database_url: &str,
    directory: &Path,
    configuration: Option<&str>,
) -> Loader {
    let path = configuration.map(|text| write_configuration(directory, text));
    let url = database_url.to_owned();
    let lookup: Lookup = Arc::new(move |name| match name {
        "DATABASE_URL" => Some(url.clone()),
        "RIACHO_BUCKET" => Some(BUCKET.to_owned()),
        "RIACHO_CONFIG" => path.clone(),
        _ => None,
    });
    Loader::from_lookup(lake.clone(), lookup).await.unwrap()
}
