//! What an invocation answers: counts, and for SQS the messages to be given again.

use std::collections::BTreeSet;

use aws_lambda_events::event::sqs::BatchItemFailure;
use landing::ObjectKey;
use serde::Serialize;
use serde_json::Value;

use crate::{Changed, ManifestError, Replayed};

/// The answer in the making.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Answer {
    pub(crate) listed: usize,
    pub(crate) resolved: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) replayed: Option<Replayed>,
    /// Failures that name no object; the log says them.
    pub(crate) unlisted: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) open: Option<usize>,
    /// Where to go on, as `{"compact":true,"after":…}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<ObjectKey>,
    #[serde(rename = "batchItemFailures", skip_serializing_if = "Option::is_none")]
    batch_item_failures: Option<Vec<BatchItemFailure>>,
    #[serde(skip)]
    failed: BTreeSet<String>,
}

impl Answer {
    pub(crate) fn new(is_batch: bool) -> Self {
        Self { batch_item_failures: is_batch.then(Vec::new), ..Self::default() }
    }

    pub(crate) fn count(&mut self, changed: &Changed) {
        self.listed += changed.listed.len();
        self.resolved += changed.resolved.len();
        self.open = Some(changed.open);
    }

    /// A piece of work failed: its message is to come again, and where there is none, the whole.
    pub(crate) fn failed(
        &mut self,
        error: ManifestError,
        message: Option<String>,
    ) -> Result<(), ManifestError> {
        self.failed_all(error, BTreeSet::from([message]))
    }

    pub(crate) fn failed_all(
        &mut self,
        error: ManifestError,
        messages: BTreeSet<Option<String>>,
    ) -> Result<(), ManifestError> {
        let messages: Option<BTreeSet<String>> = messages.into_iter().collect();
        match messages {
            Some(messages) if self.batch_item_failures.is_some() => {
                tracing::warn!(%error, messages = messages.len(), "messages are to come again");
                self.failed.extend(messages);
                Ok(())
            }
            Some(_) | None => Err(error),
        }
    }

    pub(crate) fn into_value(mut self) -> Value {
        if let Some(failures) = &mut self.batch_item_failures {
            failures.extend(self.failed.iter().map(|message_id| {
                let mut failure = BatchItemFailure::default();
                failure.item_identifier.clone_from(message_id);
                failure
            }));
        }
        // The answer holds nothing that JSON can't.
        serde_json::to_value(&self).unwrap_or(Value::Null)
    }
}
