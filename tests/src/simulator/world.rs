//! What a run stands on: a lake and a database of its own, and the straight ways to both that no
//! fault lies on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use embedded::s3::{S3Options, S3Server};
use landing::ObjectKey;
use objects::{Lake, PutOptions};
use tempfile::TempDir;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Client;

use super::cluster::Cluster;
use super::endpoint::BUCKET;
use super::oracle::Standing;
use super::plan::Plan;
use super::postgres_proxy::PostgresProxy;
use super::s3_proxy::S3Proxy;
use super::tables::{self, Found};
use super::tally::Tally;

/// How long Postgres may take to answer again after a crash.
const ANSWER_MAX: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct World {
    pub(super) cluster: Arc<Cluster>,
    pub(super) database: String,
    pub(super) server: S3Server,
    pub(super) tally: Arc<Tally>,
    lake: Lake,
    connection: Mutex<Option<Client>>,
    directory: TempDir,
}

impl World {
    pub(super) async fn start(plan: &Plan) -> Self {
        let cluster = Cluster::get().await;
        let directory = tempfile::tempdir().unwrap();
        let options = S3Options::new(directory.path().join("s3"), &[(BUCKET, plan.has_versions)]);
        let server = S3Server::start(options).await.unwrap();
        for is_old in [false, true] {
            let path = configuration_path(&directory, is_old);
            std::fs::write(path, plan.endpoint.configuration(is_old)).unwrap();
        }
        Self {
            database: cluster.create_database().await,
            lake: Lake::at_endpoint(&server.endpoint(), "test", "test"),
            cluster,
            server,
            tally: Arc::new(Tally::default()),
            connection: Mutex::default(),
            directory,
        }
    }

    pub(super) async fn end(self) {
        self.cluster.drop_database(&self.database).await;
        self.server.stop().await;
    }

    /// What a function finds in its environment.
    pub(super) fn environment(
        &self,
        postgres: &PostgresProxy,
        s3: &S3Proxy,
        is_old: bool,
    ) -> BTreeMap<String, String> {
        let configuration = configuration_path(&self.directory, is_old);
        let variables = [
            ("AWS_ENDPOINT_URL_S3", s3.endpoint.clone()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("DATABASE_URL", self.cluster.url(&self.database, postgres.port)),
            ("RIACHO_BUCKET", BUCKET.to_owned()),
            ("RIACHO_CONFIG", configuration),
        ];
        variables.map(|(name, value)| (name.to_owned(), value)).into()
    }

    pub(super) async fn put(&self, key: &str, body: &[u8]) {
        let body = body.to_vec().into();
        self.lake.put(BUCKET, &ObjectKey::new(key), body, PutOptions::default()).await.unwrap();
    }

    /// The objects under a prefix as they stand.
    pub(super) async fn standing(&self, prefix: &str) -> Vec<Standing> {
        let (mut listing, mut all) = (self.lake.list(BUCKET, prefix), Vec::new());
        while let Some(listed) = listing.next().await.unwrap() {
            let read = self.lake.get_bytes(BUCKET, &listed.key, 1 << 24).await.unwrap();
            let (bytes, etag) = read.unwrap();
            all.push(Standing { key: listed.key.as_str().to_owned(), etag, bytes: bytes.to_vec() });
        }
        all
    }

    /// Asks the database, again where it is recovering. Logging in takes longer than asking, so that
    /// the connection is kept.
    pub(super) async fn ask(&self, sql: &str) -> Vec<Vec<String>> {
        let give_up = Instant::now() + ANSWER_MAX;
        let mut kept = self.connection.lock().await;
        loop {
            let client = match kept.take() {
                Some(client) => client,
                None => self.cluster.superuser(&self.database).await,
            };
            match tables::ask(&client, sql).await {
                Ok(answer) => {
                    *kept = Some(client);
                    return answer;
                }
                Err(error) if Instant::now() > give_up => panic!("{sql}: {error:?}"),
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// What stands in the warehouse.
    pub(super) async fn found(&self) -> Found {
        let client = self.cluster.superuser(&self.database).await;
        timeout(ANSWER_MAX, tables::read(&client)).await.unwrap().unwrap()
    }
}

fn configuration_path(directory: &TempDir, is_old: bool) -> String {
    let name = if is_old { "old.toml" } else { "new.toml" };
    directory.path().join(name).to_string_lossy().into_owned()
}
