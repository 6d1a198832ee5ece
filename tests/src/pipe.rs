//! The whole pipe around one bucket and one database: the real binaries of load and manifest under
//! Lambda's Runtime API, an S3 server, a Postgres, and the events that go between them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use embedded::postgres::TestDatabase;
use embedded::s3::{ObjectEvent, S3Server};
use serde_json::Value;
use tokio::process::Command;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Mutex, OnceCell};

use crate::asking::{ask, connect};
use crate::ground::{ground, write_configuration};
use crate::{Function, FunctionError, FunctionOptions, workspace_binary};

/// The bucket of every pipe.
pub const BUCKET: &str = "riacho-lake";

/// A pipe of a test's own.
pub struct Pipe {
    /// An ordinary S3 client.
    pub client: aws_sdk_s3::Client,
    /// The function `load`.
    pub load: Function,
    /// The function `manifest`.
    pub manifest: Function,
    /// Where rows go.
    pub database: TestDatabase,
    environment: BTreeMap<String, String>,
    connection: OnceCell<tokio_postgres::Client>,
    events: Mutex<UnboundedReceiver<ObjectEvent>>,
    directory: tempfile::TempDir,
    _server: S3Server,
}

impl std::fmt::Debug for Pipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipe").field("database", &self.database).finish_non_exhaustive()
    }
}

impl Pipe {
    /// Starts a pipe without configured sources.
    pub async fn start() -> Self {
        Self::build(None).await
    }

    /// Starts a pipe with a configuration.
    pub async fn configured(configuration: &str) -> Self {
        Self::build(Some(configuration)).await
    }

    async fn build(configuration: Option<&str>) -> Self {
        let (directory, server, database) = ground().await;
        let mut environment = BTreeMap::from([
            ("AWS_ENDPOINT_URL_S3".to_owned(), server.endpoint()),
            ("AWS_ACCESS_KEY_ID".to_owned(), "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), "test".to_owned()),
            ("AWS_REGION".to_owned(), "us-east-1".to_owned()),
            ("DATABASE_URL".to_owned(), database.url.clone()),
            ("RIACHO_BUCKET".to_owned(), BUCKET.to_owned()),
        ]);
        if let Some(text) = configuration {
            let path = write_configuration(directory.path(), text);
            environment.insert("RIACHO_CONFIG".to_owned(), path);
        }
        Self {
            client: client(&server.endpoint()),
            load: deploy("load", &environment),
            manifest: deploy("manifest", &environment),
            database,
            connection: OnceCell::new(),
            events: Mutex::new(server.events()),
            environment,
            directory,
            _server: server,
        }
    }

    /// Another function of the same surroundings.
    pub fn deploy(&self, name: &str) -> Function {
        deploy(name, &self.environment)
    }

    /// The command line in the same surroundings, with its answer as one document.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(workspace_binary("riacho").unwrap());
        command.arg("--json").args(arguments).envs(&self.environment).kill_on_drop(true);
        command
    }

    /// Runs a command; gives its exit code and its document.
    pub async fn riacho(&self, arguments: &[&str]) -> (i32, Value) {
        let ran = self.command(arguments).output().await.unwrap();
        let said = serde_json::from_slice(&ran.stdout);
        let said = said.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&ran.stderr)));
        (ran.status.code().unwrap(), said)
    }

    /// What the functions find in their environment.
    pub fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Writes the configuration anew and starts fresh processes with it.
    pub fn reconfigure(&mut self, configuration: &str) {
        write_configuration(self.directory.path(), configuration);
        self.load = deploy("load", &self.environment);
        self.manifest = deploy("manifest", &self.environment);
    }

    /// Puts an object, as anybody might.
    pub async fn put(&self, key: &str, body: impl Into<Vec<u8>>) {
        let body = ByteStream::from(body.into());
        self.client.put_object().bucket(BUCKET).key(key).body(body).send().await.unwrap();
    }

    /// An object's text, if it is there.
    pub async fn text(&self, key: &str) -> Option<String> {
        let object = self.client.get_object().bucket(BUCKET).key(key).send().await.ok()?;
        let bytes = object.body.collect().await.unwrap().into_bytes();
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    /// The keys under a prefix.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let listed = self.client.list_objects_v2().bucket(BUCKET).prefix(prefix).send().await;
        let listed = listed.unwrap();
        listed.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect()
    }

    /// Delivers the events of all writes so far, and of those that follow from them: `raw/` to
    /// load, `errors/` to manifest. Gives load's answers.
    pub async fn deliver(&self) -> Vec<Result<Value, FunctionError>> {
        let mut answers = Vec::new();
        while let Some(event) = self.next_event().await {
            let notification = event.notification();
            if event.key.as_str().starts_with("raw/") {
                answers.push(self.load.invoke(&notification).await);
            } else if event.key.as_str().starts_with("errors/") {
                self.manifest.invoke(&notification).await.unwrap();
            }
        }
        answers
    }

    /// The next event that nobody has taken, if there is one.
    pub async fn next_event(&self) -> Option<ObjectEvent> {
        self.events.lock().await.try_recv().ok()
    }

    /// The failing keys that the manifest lists.
    pub async fn open(&self) -> Vec<Value> {
        let lines = self.text("manifests/open.jsonl").await.unwrap_or_default();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Asks the database; every column as text.
    pub async fn sql(&self, query: &str) -> Vec<Vec<Option<String>>> {
        let connection = self.connection.get_or_init(|| connect(&self.database.url)).await;
        ask(connection, query).await
    }

    /// Asks the database for one value; NULL is empty.
    pub async fn one(&self, query: &str) -> String {
        self.sql(query).await.into_iter().flatten().flatten().next().unwrap_or_default()
    }
}

fn deploy(name: &str, environment: &BTreeMap<String, String>) -> Function {
    let mut options = FunctionOptions::new(name, workspace_binary(name).unwrap());
    options.environment.clone_from(environment);
    Function::deploy(options)
}

fn client(endpoint: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}
