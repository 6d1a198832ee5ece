//! The parts that stand in for the world: an S3 server, a Postgres, a point-of-sale API, all in one
//! directory that stays, and what the environment must say to reach them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use embedded::postgres::{Postgres, PostgresOptions};
use embedded::s3::{S3Options, S3Server};
use embedded::sample_api::{SAMPLE_CONFIGURATION, SampleApi, SampleOptions};
use objects::Lake;

use crate::environment::{Environment, overlay};

/// The bucket of the lake.
pub(crate) const BUCKET: &str = "riacho-lake";
const S3_DIR: &str = "s3";
const CONFIGURATION_FILE: &str = "riacho.toml";
const DATABASE: &str = "riacho";
const ACCESS_KEY: &str = "test";
const SECRET_KEY: &str = "test";
const TOKEN: &str = "sample-token";

/// Where the parts stand and listen.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// Holds all that stays.
    pub(crate) dir: PathBuf,
    /// 0 for any.
    pub(crate) s3_port: u16,
    /// 0 for any.
    pub(crate) postgres_port: u16,
    /// 0 for any.
    pub(crate) api_port: u16,
    /// Checks a day that the sample API tells of, for each store.
    pub(crate) checks_per_day: u32,
    /// Begin with an empty lake, an empty warehouse and the sample configuration.
    pub(crate) fresh: bool,
}

/// Running parts. Whatever ends this process ends them.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) s3: S3Server,
    pub(crate) postgres: Postgres,
    pub(crate) api: SampleApi,
    configuration: PathBuf,
}

impl Parts {
    /// Starts all of them; `progress` is told what takes time.
    pub(crate) async fn start(
        places: &Places,
        progress: &(dyn Fn(&str) + Sync),
    ) -> anyhow::Result<Self> {
        let dir = std::path::absolute(&places.dir)?;
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("directory {} can't be made", dir.display()))?;
        if places.fresh {
            forget(&dir)?;
        }
        let s3 = S3Options {
            dir: dir.join(S3_DIR),
            port: places.s3_port,
            access_key: ACCESS_KEY.to_owned(),
            secret_key: SECRET_KEY.to_owned(),
            buckets: vec![(BUCKET.to_owned(), true)],
        };
        let s3 = S3Server::start(s3).await?;
        let api = SampleOptions {
            checks_per_day: places.checks_per_day,
            token: TOKEN.to_owned(),
            port: places.api_port,
            ..SampleOptions::default()
        };
        let api = SampleApi::start(api).await?;
        let postgres = PostgresOptions {
            dir: dir.join("postgres"),
            port: places.postgres_port,
            durable: true,
        };
        let postgres = Postgres::start(postgres, progress).await?;
        if places.fresh {
            postgres.drop_database(DATABASE).await?;
        }
        postgres.create_database(DATABASE).await?;
        let configuration = write_configuration(&dir)?;
        Ok(Self { s3, postgres, api, configuration })
    }

    /// What the environment of a program must say to reach the parts.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let variables = [
            ("AWS_ENDPOINT_URL", self.s3.endpoint()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
            ("DATABASE_URL", self.postgres.url(DATABASE)),
            ("RIACHO_BUCKET", BUCKET.to_owned()),
            ("RIACHO_CONFIG", self.configuration.to_string_lossy().into_owned()),
            ("POS_API_URL", self.api.base_url().to_owned()),
            ("POS_API_TOKEN", TOKEN.to_owned()),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The configuration's file.
    pub(crate) fn configuration(&self) -> &Path {
        &self.configuration
    }

    /// The environment that reaches the parts, with the configuration as it stands now.
    pub(crate) async fn environment(&self) -> anyhow::Result<Environment> {
        let lake = Lake::at_endpoint(&self.s3.endpoint(), ACCESS_KEY, SECRET_KEY);
        Environment::with(overlay(self.variables()), lake).await
    }

    /// Stops all of them in order.
    pub(crate) async fn stop(self) {
        self.api.stop().await;
        self.s3.stop().await;
        self.postgres.stop().await;
    }
}

/// Removes what the S3 server holds, and the configuration. The cluster stays, for making one takes
/// seconds; its database is dropped.
fn forget(dir: &Path) -> anyhow::Result<()> {
    let s3 = dir.join(S3_DIR);
    if s3.exists() {
        std::fs::remove_dir_all(&s3)
            .with_context(|| format!("{} can't be removed", s3.display()))?;
    }
    let configuration = dir.join(CONFIGURATION_FILE);
    if configuration.exists() {
        std::fs::remove_file(&configuration)
            .with_context(|| format!("{} can't be removed", configuration.display()))?;
    }
    Ok(())
}

/// Writes the sample configuration where none stands: one that was edited stays.
fn write_configuration(dir: &Path) -> anyhow::Result<PathBuf> {
    let path = dir.join(CONFIGURATION_FILE);
    if !path.exists() {
        std::fs::write(&path, SAMPLE_CONFIGURATION)
            .with_context(|| format!("{} can't be written", path.display()))?;
    }
    Ok(path)
}
