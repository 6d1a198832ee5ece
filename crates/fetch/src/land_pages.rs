//! One scope whose answer comes in pages: each is held, looked at for its successor, and appended.

use std::collections::BTreeMap;

use landing::ObjectKey;
use objects::{Upload, Uploaded};
use reqwest::header::CONTENT_ENCODING;

use crate::call::{Call, PageParameters};
use crate::client::Answer;
use crate::failure::Failure;
use crate::land::{Ground, nothing};
use crate::limit::Pace;
use crate::pages::{Page, Pager};
use crate::plan::Task;
use crate::retry::Attempts;

/// A page is held while its successor is looked for; an answer without pages never is.
const PAGE_BYTES_MAX: usize = 32 << 20;

impl Ground<'_> {
    /// Pages stand one after another, each followed by a newline. Each is tried by itself.
    pub(crate) async fn land_pages(
        &self,
        task: &Task<'_>,
        key: &ObjectKey,
        pace: &Pace,
    ) -> Result<Uploaded, (Failure, u32)> {
        let mut upload = self.upload(task, key);
        match self.pour_pages(task, &mut upload, pace).await {
            Ok(metadata) => {
                let uploaded = upload.finish(metadata).await;
                uploaded.map_err(|error| (error.into(), 1))
            }
            Err(failure) => {
                upload.abort().await;
                Err(failure)
            }
        }
    }

    async fn pour_pages(
        &self,
        task: &Task<'_>,
        upload: &mut Upload,
        pace: &Pace,
    ) -> Result<BTreeMap<String, String>, (Failure, u32)> {
        let once = |failure: Failure| (failure, 1);
        let endpoint = task.endpoint;
        let mut pager = Pager::new(&endpoint.pages, endpoint.records.as_deref());
        let mut parameters = pager.first();
        let mut pages = 0;
        let mut metadata = BTreeMap::new();
        loop {
            let mut attempts = Attempts::new(pace, task.source.limits.attempts, self.limit);
            let (call, answer, body, next) = loop {
                match self.page(task, &parameters, &mut pager).await {
                    Ok(page) => break page,
                    Err(failure) => self.wait(task, &mut attempts, failure).await?,
                }
            };
            pages += 1;
            if pages == 1 {
                metadata = self.metadata(task, &call, &answer, 1);
            }
            let pushed = upload.push(&body).await;
            pushed.map_err(|error| once(error.into()))?;
            let pushed = upload.push(b"\n").await;
            pushed.map_err(|error| once(error.into()))?;
            let Some(next) = next else { break };
            parameters = next;
            if !pace.slot(self.limit).await {
                let message =
                    format!("the time was up after {pages} pages; the scope is fetched anew");
                return Err(once(Failure::standing("out_of_time", message)));
            }
        }
        metadata.insert("pages".to_owned(), pages.to_string());
        Ok(metadata)
    }

    /// One page with what the next is asked for with.
    async fn page(
        &self,
        task: &Task<'_>,
        parameters: &PageParameters,
        pager: &mut Pager<'_>,
    ) -> Result<(Call, Answer, Vec<u8>, Option<PageParameters>), Failure> {
        let (call, mut answer) = self.ask(task, parameters).await?;
        if let Some(encoding) = answer.headers.get(CONTENT_ENCODING) {
            let message = format!(
                "a page came as {encoding:?} though `identity` was asked for, so its successor \
                 can't be read from it"
            );
            return Err(Failure::standing("content_encoding", message));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > PAGE_BYTES_MAX {
                let message =
                    format!("a page is longer than {PAGE_BYTES_MAX} bytes; ask for smaller ones");
                return Err(Failure::permanent("page_too_large", message));
            }
        }
        if body.is_empty() {
            return Err(nothing(answer.status));
        }
        let next =
            pager.after(&Page { url: &answer.url, headers: &answer.headers, body: &body })?;
        Ok((call, answer, body, next))
    }
}
