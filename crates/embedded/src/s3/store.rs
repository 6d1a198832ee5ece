//! The store: decides under one lock whether a change may happen, writes it down, and tells of it.
//! That lock is what makes conditional writes hold under a race.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use s3s::{S3Result, s3_error};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::bodies::{Bodies, fresh_name};
use super::conditions::WriteCondition;
use super::error::S3Error;
use super::event::{EventName, ObjectEvent};
use super::journal::Journal;
use super::state::{
    Bucket, Change, Content, NULL_VERSION, Part, PendingUpload, State, Version, Versioning,
};

#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) bodies: Bodies,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: State,
    journal: Journal,
    last_sequence: u64,
    subscribers: Vec<UnboundedSender<ObjectEvent>>,
}

/// What a deletion did.
#[derive(Debug, Default)]
pub(crate) struct Deleted {
    /// The version removed, or the delete marker added.
    pub(crate) version_id: Option<String>,
    pub(crate) is_marker: bool,
}

impl Store {
    pub(crate) fn open(dir: &Path) -> Result<Self, S3Error> {
        let (journal, state) = Journal::open(dir)?;
        let bodies = Bodies::open(dir, &state.bodies())
            .map_err(|source| S3Error::Directory { path: dir.to_owned(), source })?;
        let inner =
            Inner { last_sequence: state.last_sequence(), state, journal, subscribers: Vec::new() };
        Ok(Self { bodies, inner: Mutex::new(inner) })
    }

    /// Events of every write from now on.
    pub(crate) fn subscribe(&self) -> UnboundedReceiver<ObjectEvent> {
        let (sender, receiver) = unbounded_channel();
        self.lock().subscribers.push(sender);
        receiver
    }

    /// Looks at a bucket.
    pub(crate) fn bucket<T>(
        &self,
        name: &str,
        look: impl FnOnce(&Bucket) -> S3Result<T>,
    ) -> S3Result<T> {
        look(self.lock().bucket(name)?)
    }

    pub(crate) fn buckets(&self) -> Vec<(String, Timestamp)> {
        let inner = self.lock();
        let buckets = inner.state.buckets.iter();
        buckets.map(|(name, bucket)| (name.clone(), bucket.created_at)).collect()
    }

    /// Returns whether the bucket is new.
    pub(crate) fn create_bucket(&self, name: &str) -> S3Result<bool> {
        let mut inner = self.lock();
        if inner.state.buckets.contains_key(name) {
            return Ok(false);
        }
        let created = Change::BucketCreated { bucket: name.to_owned(), at: Timestamp::now() };
        self.commit(&mut inner, vec![created]).map(|()| true)
    }

    pub(crate) fn delete_bucket(&self, name: &str) -> S3Result<()> {
        let mut inner = self.lock();
        if !inner.bucket(name)?.objects.is_empty() {
            return Err(s3_error!(BucketNotEmpty));
        }
        let bucket = name.to_owned();
        self.commit(&mut inner, vec![Change::BucketDeleted { bucket }])
    }

    pub(crate) fn set_versioning(&self, name: &str, versioning: Versioning) -> S3Result<()> {
        let mut inner = self.lock();
        inner.bucket(name)?;
        let bucket = name.to_owned();
        self.commit(&mut inner, vec![Change::VersioningSet { bucket, versioning }])
    }

    /// Makes the content the key's newest version, if the condition holds. `ending` is the upload
    /// that this completes.
    pub(crate) fn put(
        &self,
        (bucket, key): (&str, &str),
        condition: &WriteCondition,
        content: Content,
        name: EventName,
        ending: Option<String>,
    ) -> S3Result<Version> {
        let mut inner = self.lock();
        let held = inner.bucket(bucket)?;
        let current = held.current(key).map(|(_, content)| content);
        let version_id = version_id(held.versioning);
        let allowed = condition.check(current);
        if let Err(error) = allowed {
            self.bodies.remove(&content.body);
            return Err(error);
        }
        let version = inner.version(version_id, Some(content));
        let added = Change::VersionAdded {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version: version.clone(),
        };
        let ended = ending.map(|id| Change::UploadEnded { id });
        self.commit(&mut inner, std::iter::once(added).chain(ended).collect())?;
        inner.tell(&ObjectEvent::of(name, bucket, key, &version));
        Ok(version)
    }

    /// Deletes as S3 does: a version for good, else the key by a marker where versions are kept.
    pub(crate) fn delete(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> S3Result<Deleted> {
        let mut inner = self.lock();
        let held = inner.bucket(bucket)?;
        match (version_id, held.versioning) {
            (Some(id), _) => {
                let found = held.version(key, id).cloned();
                self.remove(&mut inner, (bucket, key), id, found)
            }
            (None, Versioning::Never) => {
                let found = held.version(key, NULL_VERSION).cloned();
                let deleted = self.remove(&mut inner, (bucket, key), NULL_VERSION, found)?;
                Ok(Deleted { version_id: None, ..deleted })
            }
            (None, versioning @ (Versioning::Enabled | Versioning::Suspended)) => {
                let marker = inner.version(self::version_id(versioning), None);
                let added = Change::VersionAdded {
                    bucket: bucket.to_owned(),
                    key: key.to_owned(),
                    version: marker.clone(),
                };
                self.commit(&mut inner, vec![added])?;
                let name = EventName::DeleteMarkerCreated;
                inner.tell(&ObjectEvent::of(name, bucket, key, &marker));
                Ok(Deleted { version_id: Some(marker.id), is_marker: true })
            }
        }
    }

    fn remove(
        &self,
        inner: &mut MutexGuard<'_, Inner>,
        (bucket, key): (&str, &str),
        id: &str,
        found: Option<Version>,
    ) -> S3Result<Deleted> {
        let version_id = Some(id.to_owned());
        let Some(mut version) = found else {
            return Ok(Deleted { version_id, is_marker: false });
        };
        let removed = Change::VersionRemoved {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            id: id.to_owned(),
        };
        self.commit(inner, vec![removed])?;
        version.sequence = inner.next_sequence();
        inner.tell(&ObjectEvent::of(EventName::Delete, bucket, key, &version));
        Ok(Deleted { version_id, is_marker: version.content.is_none() })
    }

    pub(crate) fn begin_upload(&self, upload: PendingUpload) -> S3Result<String> {
        let mut inner = self.lock();
        inner.bucket(&upload.bucket)?;
        let id = fresh_name();
        let begun = Change::UploadBegun { id: id.clone(), upload };
        self.commit(&mut inner, vec![begun]).map(|()| id)
    }

    /// An upload under way.
    pub(crate) fn upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<PendingUpload> {
        let inner = self.lock();
        inner.bucket(bucket)?;
        let upload = inner.state.uploads.get(id);
        upload
            .filter(|upload| upload.bucket == bucket && upload.key == key)
            .cloned()
            .ok_or_else(|| s3_error!(NoSuchUpload))
    }

    pub(crate) fn uploads(&self, bucket: &str) -> S3Result<Vec<(String, PendingUpload)>> {
        let inner = self.lock();
        inner.bucket(bucket)?;
        let uploads = inner.state.uploads.iter();
        Ok(uploads
            .filter(|(_, upload)| upload.bucket == bucket)
            .map(|(id, upload)| (id.clone(), upload.clone()))
            .collect())
    }

    pub(crate) fn add_part(&self, upload: &str, number: i32, part: Part) -> S3Result<()> {
        let mut inner = self.lock();
        if !inner.state.uploads.contains_key(upload) {
            self.bodies.remove(&part.body);
            return Err(s3_error!(NoSuchUpload));
        }
        let upload = upload.to_owned();
        let added = Change::PartAdded { upload, number, part };
        self.commit(&mut inner, vec![added])
    }

    pub(crate) fn abort_upload(&self, id: &str) -> S3Result<()> {
        let id = id.to_owned();
        self.commit(&mut self.lock(), vec![Change::UploadEnded { id }])
    }

    /// Writing the line waits for the disk with the lock held: that order is the point.
    fn commit(&self, inner: &mut MutexGuard<'_, Inner>, changes: Vec<Change>) -> S3Result<()> {
        inner.journal.append(&changes).map_err(s3s::S3Error::internal_error)?;
        for change in changes {
            for body in inner.state.apply(change) {
                self.bodies.remove(&body);
            }
        }
        Ok(())
    }

    /// No code panics with the lock held half-way through a change.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn bucket(&self, name: &str) -> S3Result<&Bucket> {
        let bucket = self.state.buckets.get(name);
        bucket.ok_or_else(|| s3_error!(NoSuchBucket, "The specified bucket does not exist"))
    }

    fn version(&mut self, id: String, content: Option<Content>) -> Version {
        Version { id, sequence: self.next_sequence(), at: Timestamp::now(), content }
    }

    /// Nanoseconds, pushed on where the clock stands still: so that it grows over restarts too.
    fn next_sequence(&mut self) -> u64 {
        let now = u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or_default();
        self.last_sequence = now.max(self.last_sequence + 1);
        self.last_sequence
    }

    fn tell(&mut self, event: &ObjectEvent) {
        self.subscribers.retain(|subscriber| subscriber.send(event.clone()).is_ok());
    }
}

fn version_id(versioning: Versioning) -> String {
    match versioning {
        Versioning::Enabled => fresh_name(),
        Versioning::Never | Versioning::Suspended => NULL_VERSION.to_owned(),
    }
}
