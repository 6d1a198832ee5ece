//! What the store holds, as a value, and the changes that make it. Pure: keeping it on disk is
//! `journal`'s, deciding which change may happen is `store`'s.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The id of the one version that a bucket without versioning keeps.
pub(crate) const NULL_VERSION: &str = "null";

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) buckets: BTreeMap<String, Bucket>,
    pub(crate) uploads: BTreeMap<String, PendingUpload>,
}

/// Whether a bucket keeps versions. Once it did, it can pause but not forget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Versioning {
    Never,
    Enabled,
    Suspended,
}

#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) created_at: Timestamp,
    pub(crate) versioning: Versioning,
    /// The versions of each key, the newest last. No key has none.
    pub(crate) objects: BTreeMap<String, Vec<Version>>,
}

/// One version of an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) id: String,
    /// Greater is later, over all keys and restarts.
    pub(crate) sequence: u64,
    pub(crate) at: Timestamp,
    /// Nothing where the version is a delete marker.
    pub(crate) content: Option<Content>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) etag: String,
    pub(crate) bytes: u64,
    /// Names the file.
    pub(crate) body: String,
    pub(crate) headers: Headers,
}

/// What a writer says of an object and a reader gets back.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Headers {
    pub(crate) content_type: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PendingUpload {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) at: Timestamp,
    pub(crate) headers: Headers,
    pub(crate) parts: BTreeMap<i32, Part>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) etag: String,
    pub(crate) bytes: u64,
    pub(crate) body: String,
    pub(crate) at: Timestamp,
}

/// One step from one state to the next.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Change {
    BucketCreated { bucket: String, at: Timestamp },
    BucketDeleted { bucket: String },
    VersioningSet { bucket: String, versioning: Versioning },
    VersionAdded { bucket: String, key: String, version: Version },
    VersionRemoved { bucket: String, key: String, id: String },
    UploadBegun { id: String, upload: PendingUpload },
    PartAdded { upload: String, number: i32, part: Part },
    UploadEnded { id: String },
}

impl State {
    /// Takes the step; returns the bodies that nothing refers to any more.
    pub(crate) fn apply(&mut self, change: Change) -> Vec<String> {
        match change {
            Change::BucketCreated { bucket, at } => {
                self.buckets.entry(bucket).or_insert(Bucket {
                    created_at: at,
                    versioning: Versioning::Never,
                    objects: BTreeMap::new(),
                });
                Vec::new()
            }
            Change::BucketDeleted { bucket } => {
                self.buckets.remove(&bucket);
                Vec::new()
            }
            Change::VersioningSet { bucket, versioning } => {
                if let Some(bucket) = self.buckets.get_mut(&bucket) {
                    bucket.versioning = versioning;
                }
                Vec::new()
            }
            Change::VersionAdded { bucket, key, version } => match self.buckets.get_mut(&bucket) {
                Some(bucket) => bucket.add(key, version),
                None => Vec::new(),
            },
            Change::VersionRemoved { bucket, key, id } => match self.buckets.get_mut(&bucket) {
                Some(bucket) => bucket.remove(&key, &id),
                None => Vec::new(),
            },
            Change::UploadBegun { id, upload } => {
                self.uploads.insert(id, upload);
                Vec::new()
            }
            Change::PartAdded { upload, number, part } => {
                let pending = self.uploads.get_mut(&upload);
                let replaced = pending.and_then(|pending| pending.parts.insert(number, part));
                replaced.into_iter().map(|part| part.body).collect()
            }
            Change::UploadEnded { id } => {
                let parts = self.uploads.remove(&id).map(|upload| upload.parts);
                let parts = parts.into_iter().flat_map(BTreeMap::into_values);
                parts.map(|part| part.body).collect()
            }
        }
    }

    /// The fewest changes that lead here from nothing.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (name, bucket) in &self.buckets {
            changes.push(Change::BucketCreated { bucket: name.clone(), at: bucket.created_at });
            changes.push(Change::VersioningSet {
                bucket: name.clone(),
                versioning: bucket.versioning,
            });
            for (key, versions) in &bucket.objects {
                changes.extend(versions.iter().map(|version| Change::VersionAdded {
                    bucket: name.clone(),
                    key: key.clone(),
                    version: version.clone(),
                }));
            }
        }
        changes.extend(
            self.uploads
                .iter()
                .map(|(id, upload)| Change::UploadBegun { id: id.clone(), upload: upload.clone() }),
        );
        changes
    }

    /// The bodies that something refers to.
    pub(crate) fn bodies(&self) -> HashSet<String> {
        let versions = self
            .buckets
            .values()
            .flat_map(|bucket| bucket.objects.values().flatten())
            .filter_map(|version| version.content.as_ref())
            .map(|content| content.body.clone());
        let parts = self
            .uploads
            .values()
            .flat_map(|upload| upload.parts.values().map(|part| part.body.clone()));
        versions.chain(parts).collect()
    }

    /// The greatest sequence given out.
    pub(crate) fn last_sequence(&self) -> u64 {
        self.buckets
            .values()
            .flat_map(|bucket| bucket.objects.values().flatten())
            .map(|version| version.sequence)
            .max()
            .unwrap_or_default()
    }
}

impl Bucket {
    /// The object as a reader who names no version sees it.
    pub(crate) fn current(&self, key: &str) -> Option<(&Version, &Content)> {
        let version = self.objects.get(key)?.last()?;
        version.content.as_ref().map(|content| (version, content))
    }

    /// A version, delete markers included.
    pub(crate) fn version(&self, key: &str, id: &str) -> Option<&Version> {
        self.objects.get(key)?.iter().find(|version| version.id == id)
    }

    fn add(&mut self, key: String, version: Version) -> Vec<String> {
        let mut dropped = Vec::new();
        if version.id == NULL_VERSION {
            dropped = self.remove(&key, NULL_VERSION);
        }
        self.objects.entry(key).or_default().push(version);
        dropped
    }

    fn remove(&mut self, key: &str, id: &str) -> Vec<String> {
        let Some(versions) = self.objects.get_mut(key) else {
            return Vec::new();
        };
        let dropped = versions
            .extract_if(.., |version| version.id == id)
            .filter_map(|version| version.content)
            .map(|content| content.body)
            .collect();
        if versions.is_empty() {
            self.objects.remove(key);
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(id: &str, sequence: u64) -> Version {
        Version {
            id: id.to_owned(),
            sequence,
            at: Timestamp::UNIX_EPOCH,
            content: Some(Content {
                etag: "e".to_owned(),
                bytes: 1,
                body: format!("body-{sequence}"),
                headers: Headers::default(),
            }),
        }
    }

    fn added(id: &str, sequence: u64) -> Change {
        Change::VersionAdded {
            bucket: "b".to_owned(),
            key: "k".to_owned(),
            version: version(id, sequence),
        }
    }

    fn with_bucket() -> State {
        let mut state = State::default();
        state.apply(Change::BucketCreated { bucket: "b".to_owned(), at: Timestamp::UNIX_EPOCH });
        state
    }

    #[test]
    fn an_unversioned_write_drops_the_body_before_it() {
        let mut state = with_bucket();
        assert!(state.apply(added(NULL_VERSION, 1)).is_empty());
        assert_eq!(state.apply(added(NULL_VERSION, 2)), ["body-2".replace('2', "1")]);
        assert_eq!(state.bodies().len(), 1);
    }

    #[test]
    fn a_state_is_told_again_by_its_changes() {
        let mut state = with_bucket();
        state.apply(added("one", 1));
        state.apply(added("two", 2));
        let mut again = State::default();
        for change in state.changes() {
            again.apply(change);
        }
        assert_eq!(again.last_sequence(), 2);
        assert_eq!(again.bodies(), state.bodies());
        let current = again.buckets["b"].current("k").unwrap();
        assert_eq!(current.0.id, "two");
    }
}
