//! The ledger, as far as it can be reached: it may be the very thing whose failure is written down.
//! What is asked of it here helps; what must be known is asked strictly.

use landing::{ErrorLog, LandedObject, ObjectKey};
use load::Loader;
use warehouse::Known;

use crate::ManifestError;

/// The ledger during one invocation. Once it did not answer it is not asked again, as each question
/// would wait for it.
#[derive(Debug)]
pub(crate) struct Ledger<'a> {
    loader: &'a Loader,
    is_reachable: bool,
}

impl<'a> Ledger<'a> {
    pub(crate) fn of(loader: &'a Loader) -> Self {
        Self { loader, is_reachable: loader.database().is_named() }
    }

    /// Whether a database is named, and has not failed to answer.
    pub(crate) fn is_reachable(&self) -> bool {
        self.is_reachable
    }

    /// The lines of those of `keys` that have one, or why they can't be had.
    pub(crate) async fn known(
        &self,
        bucket: &str,
        keys: &[ObjectKey],
    ) -> Result<Vec<Known>, ManifestError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut warehouse = self.loader.database().warehouse().await?;
        Ok(warehouse.known(bucket, keys).await?)
    }

    /// Whether these very bytes are dealt with. Where that can't be told, no.
    pub(crate) async fn is_done(&mut self, object: &LandedObject) -> bool {
        if !self.is_reachable {
            return false;
        }
        let keys = std::slice::from_ref(&object.key);
        match self.known(&object.bucket, keys).await {
            Ok(known) => known.iter().any(|line| line.is_done() && is_of(line, object)),
            Err(error) => {
                self.gave_no_answer(&error);
                false
            }
        }
    }

    /// Writes a failure down, if it can.
    pub(crate) async fn enter(&mut self, object: &LandedObject, log: &ErrorLog) {
        if !self.is_reachable {
            return;
        }
        if let Err(error) = self.loader.enter_failure(object, log).await {
            self.gave_no_answer(&error.into());
        }
    }

    fn gave_no_answer(&mut self, error: &ManifestError) {
        tracing::warn!(error = %error, "the ledger gave no answer; going on without it");
        self.is_reachable = false;
    }
}

fn is_of(line: &Known, object: &LandedObject) -> bool {
    let same = |ours: &Option<String>, theirs: &Option<String>| ours.is_some() && ours == theirs;
    same(&line.etag, &object.etag) || same(&line.version_id, &object.version_id)
}
