//! Sets as objects in S3, each in a lake of its own: made once, then served from disk, so that the
//! later fetches of a scope come in when they are wanted and not before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use landing::ObjectKey;
use objects::{Lake, PutOptions, UploadOptions};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::progress::say;
use crate::serving::{ACCESS_KEY, BUCKET, SECRET_KEY, Server};
use crate::sets::{Counts, Document, Odd, Planned, Set};

/// Written when a lake is whole.
const INVENTORY: &str = "inventory.json";

/// A lake that is served.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) server: Server,
    pub(crate) inventory: Inventory,
}

/// What a lake holds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Inventory {
    /// Each object with the notification that S3 sent when it was put.
    pub(crate) objects: Vec<(ObjectKey, Value)>,
    pub(crate) counts: Counts,
}

impl Served {
    /// The lake of a set.
    pub(crate) async fn of(root: &Path, set: &Set) -> anyhow::Result<Self> {
        let dir = root.join(set.folder());
        Self::made(dir, set.name, async |lake| {
            let mut counts = Counts::default();
            for Planned { key, document } in set.objects() {
                let mut document = Document::new(document);
                let mut upload = lake.uploader(BUCKET, &key, options(&key));
                while let Some(piece) = document.piece() {
                    upload.push(piece.as_bytes()).await?;
                }
                upload.finish(BTreeMap::new()).await?;
                counts.add(document.counts());
            }
            Ok(counts)
        })
        .await
    }

    /// The lake of one odd object.
    pub(crate) async fn of_odd(root: &Path, odd: Odd) -> anyhow::Result<Self> {
        let dir = root.join(odd.folder());
        Self::made(dir, odd.name(), async |lake| {
            let key = odd.key();
            let mut upload = lake.uploader(BUCKET, &key, options(&key));
            for piece in odd.pieces() {
                upload.push(piece.as_bytes()).await?;
            }
            let bytes = upload.bytes();
            upload.finish(BTreeMap::new()).await?;
            Ok(Counts { bytes, ..Counts::default() })
        })
        .await
    }

    async fn made(
        dir: PathBuf,
        name: &str,
        fill: impl AsyncFnOnce(&Lake) -> anyhow::Result<Counts>,
    ) -> anyhow::Result<Self> {
        let inventory = dir.join(INVENTORY);
        if let Ok(text) = std::fs::read_to_string(&inventory) {
            let inventory = serde_json::from_str(&text)?;
            return Ok(Self { server: Server::start(&dir).await?, inventory });
        }
        say(&format!("making the objects of `{name}`…"));
        if dir.exists() {
            std::fs::remove_dir_all(&dir).context("half a lake can't be removed")?;
        }
        std::fs::create_dir_all(&dir)?;
        let mut server = Server::start(&dir).await?;
        let lake = Lake::at_endpoint(&server.endpoint, ACCESS_KEY, SECRET_KEY);
        let counts = fill(&lake).await?;
        let made = Inventory { objects: notified(&mut server, &lake).await?, counts };
        std::fs::write(&inventory, serde_json::to_vec(&made)?)?;
        Ok(Self { server, inventory: made })
    }
}

/// A lake that is filled while it goes.
#[derive(Debug)]
pub(crate) struct Filling {
    pub(crate) server: Server,
    lake: Lake,
}

impl Filling {
    /// Begins empty.
    pub(crate) async fn begin(dir: &Path) -> anyhow::Result<Self> {
        if dir.exists() {
            std::fs::remove_dir_all(dir).context("an earlier lake can't be removed")?;
        }
        std::fs::create_dir_all(dir)?;
        let server = Server::start(dir).await?;
        let lake = Lake::at_endpoint(&server.endpoint, ACCESS_KEY, SECRET_KEY);
        Ok(Self { server, lake })
    }

    /// Puts an object, and gives what S3 tells of it.
    pub(crate) async fn put(&mut self, planned: Planned) -> anyhow::Result<Value> {
        let mut document = Document::new(planned.document);
        let text: String = std::iter::from_fn(|| document.piece()).collect();
        let options = PutOptions::default();
        self.lake.put(BUCKET, &planned.key, text.into(), options).await?;
        self.server.notification().await
    }
}

/// The notification of every object under `raw/`, in the order of their keys.
async fn notified(server: &mut Server, lake: &Lake) -> anyhow::Result<Vec<(ObjectKey, Value)>> {
    let mut listing = lake.list(BUCKET, "raw/");
    let mut keys = Vec::new();
    while let Some(listed) = listing.next().await? {
        keys.push(listed.key);
    }
    let mut notifications = BTreeMap::new();
    while notifications.len() < keys.len() {
        let notification = server.notification().await?;
        let key = notification.pointer("/Records/0/s3/object/key").and_then(Value::as_str);
        let key = ObjectKey::from_notification(key.unwrap_or_default())?;
        if key.as_str().starts_with("raw/") {
            notifications.insert(key, notification);
        }
    }
    Ok(notifications.into_iter().collect())
}

fn options(key: &ObjectKey) -> UploadOptions {
    UploadOptions {
        run_id: "bench".to_owned(),
        compression: landing::Compression::of(key.as_str()),
        content_type: None,
    }
}
