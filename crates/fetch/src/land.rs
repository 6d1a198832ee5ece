//! One scope: asked for, streamed into the lake as it comes, named by the run's time.

use std::collections::BTreeMap;
use std::time::Duration;

use configuration::{Pages, SecretReference};
use jiff::Timestamp;
use landing::{ObjectKey, ObjectTime};
use objects::{Lake, Put, Upload, UploadOptions, Uploaded};
use reqwest::header::CONTENT_ENCODING;
use tokio::time::Instant;

use crate::auth::Authoriser;
use crate::call::{Call, Given, PageParameters};
use crate::client::{self, Answer};
use crate::failure::{Failure, Retry};
use crate::limit::Pace;
use crate::plan::Task;
use crate::retry::Attempts;

/// What all scopes of a run share.
pub(crate) struct Ground<'r> {
    pub(crate) lake: &'r Lake,
    pub(crate) http: &'r reqwest::Client,
    pub(crate) authoriser: &'r Authoriser,
    pub(crate) bucket: &'r str,
    pub(crate) run_id: &'r str,
    pub(crate) time: ObjectTime,
    /// When a request may no longer start.
    pub(crate) limit: Option<Instant>,
}

/// What became of a scope that did not fail.
pub(crate) enum Landed {
    /// Its object was written.
    Written { bytes: u64 },
    /// It was there.
    AlreadyThere,
    /// There was no time to begin.
    Left,
}

impl Ground<'_> {
    /// Lands one scope. A failure comes with the number of attempts at the request that failed.
    pub(crate) async fn land(
        &self,
        task: &Task<'_>,
        key: &ObjectKey,
        pace: &Pace,
    ) -> Result<Landed, (Failure, u32)> {
        let untried = |failure: Failure| (failure, 0);
        let head = self.lake.head(self.bucket, key).await;
        if head.map_err(|error| untried(error.into()))?.is_some() {
            return Ok(Landed::AlreadyThere);
        }
        if !pace.slot(self.limit).await {
            return Ok(Landed::Left);
        }
        let uploaded = match task.endpoint.pages {
            Pages::None => self.land_whole(task, key, pace).await?,
            _ => self.land_pages(task, key, pace).await?,
        };
        Ok(match uploaded.put {
            Put::Written(_) => Landed::Written { bytes: uploaded.bytes },
            Put::AlreadyThere => Landed::AlreadyThere,
        })
    }

    /// The body goes through as it comes; an attempt that breaks off leaves nothing behind.
    async fn land_whole(
        &self,
        task: &Task<'_>,
        key: &ObjectKey,
        pace: &Pace,
    ) -> Result<Uploaded, (Failure, u32)> {
        let mut attempts = Attempts::new(pace, task.source.limits.attempts, self.limit);
        loop {
            let page = PageParameters::default();
            match self.stream(task, key, &page).await {
                Ok(uploaded) => return Ok(uploaded),
                Err(failure) => self.wait(task, &mut attempts, failure).await?,
            }
        }
    }

    async fn stream(
        &self,
        task: &Task<'_>,
        key: &ObjectKey,
        page: &PageParameters,
    ) -> Result<Uploaded, Failure> {
        let (call, mut answer) = self.ask(task, page).await?;
        let mut upload = self.upload(task, key);
        if let Err(failure) = pour(&mut answer, &mut upload).await {
            upload.abort().await;
            return Err(failure);
        }
        let metadata = self.metadata(task, &call, &answer, 1);
        Ok(upload.finish(metadata).await?)
    }

    /// Sends the request; the answer's head is in when this returns.
    pub(crate) async fn ask(
        &self,
        task: &Task<'_>,
        page: &PageParameters,
    ) -> Result<(Call, Answer), Failure> {
        let given = Given {
            secrets: self.authoriser.values(secrets_of(task)).await?,
            authorisation: self.authoriser.authorisation(self.http, task.source).await?,
        };
        let call = Call::build(task, &given, page)?;
        let answer = client::send(self.http, &call, task.source.limits.timeout).await?;
        Ok((call, answer))
    }

    pub(crate) async fn wait(
        &self,
        task: &Task<'_>,
        attempts: &mut Attempts<'_>,
        failure: Failure,
    ) -> Result<(), (Failure, u32)> {
        if failure.retry == Retry::WithFreshSecrets {
            self.authoriser.forget(task.source, secrets_of(task)).await;
        }
        let waited = attempts.next(failure).await;
        waited.map_err(|failure| (failure, attempts.made()))
    }

    pub(crate) fn upload(&self, task: &Task<'_>, key: &ObjectKey) -> Upload {
        let options = UploadOptions {
            run_id: self.run_id.to_owned(),
            compression: task.endpoint.compression,
            content_type: None,
        };
        self.lake.uploader(self.bucket, key, options)
    }

    pub(crate) fn metadata(
        &self,
        task: &Task<'_>,
        call: &Call,
        answer: &Answer,
        pages: u64,
    ) -> BTreeMap<String, String> {
        let encoding = answer.headers.get(CONTENT_ENCODING);
        let encoding = encoding.and_then(|value| value.to_str().ok());
        let fields = [
            ("method", call.method.as_str().to_owned()),
            ("address", call.shown.clone()),
            ("partitions", task.scope.to_string()),
            ("status", answer.status.to_string()),
            ("pages", pages.to_string()),
            ("fetched-at", Timestamp::now().to_string()),
            ("run-id", self.run_id.to_owned()),
            ("answer-encoding", encoding.unwrap_or_default().to_owned()),
        ];
        let filled = fields.into_iter().filter(|(_, value)| !value.is_empty());
        filled.map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Every byte that the API answers, as it comes.
async fn pour(answer: &mut Answer, upload: &mut Upload) -> Result<(), Failure> {
    while let Some(chunk) = answer.chunk().await? {
        upload.push(&chunk).await?;
    }
    if upload.bytes() == 0 {
        return Err(nothing(answer.status));
    }
    Ok(())
}

/// An answer without a byte leaves nothing to keep. Where the API says that this is so (204, 205)
/// it is not asked again.
pub(crate) fn nothing(status: u16) -> Failure {
    let message = format!("the answer ({status}) has no body, so there is nothing to land");
    let failure = Failure::permanent("empty_body", message);
    let retry =
        if matches!(status, 204 | 205) { Retry::Never } else { Retry::After(Duration::ZERO) };
    Failure { retry, status: Some(status), ..failure }
}

fn secrets_of<'t>(task: &'t Task<'_>) -> impl Iterator<Item = &'t SecretReference> {
    let of_source = task.source.headers.iter();
    let of_source = of_source.flat_map(|(_, template)| template.secrets());
    of_source.chain(task.endpoint.secrets())
}
