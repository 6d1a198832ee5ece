//! An invocation: which runs its event asks for, and what AWS is answered.
//!
//! A scope that failed and can be helped by another run makes the invocation fail once everything
//! else is done: AWS then sends the event again, what is there is skipped, the rest is tried. A
//! failure that no run can help is in the answer alone, for an error would only repeat it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error::FetchError;
use crate::event::{self, Event, Message};
use crate::fetcher::Fetcher;
use crate::request::FetchRequest;

impl Fetcher {
    /// Handles one invocation.
    pub async fn handle(
        &self,
        event: &Value,
        now: Timestamp,
        deadline: Option<Instant>,
    ) -> Result<Value, FetchError> {
        match event::decode(event, now)? {
            Event::Run(request) => self.answer(request, deadline).await,
            Event::Messages(messages) => Ok(self.answer_messages(messages, deadline).await),
        }
    }

    async fn answer(
        &self,
        request: FetchRequest,
        deadline: Option<Instant>,
    ) -> Result<Value, FetchError> {
        let report = self.run(request, deadline, &()).await?;
        if report.can_be_helped() {
            return Err(FetchError::Incomplete(Box::new(report)));
        }
        Ok(serde_json::to_value(report).unwrap_or_default())
    }

    /// One after another; those that are to come again are named.
    ///
    /// Source: AWS Lambda Developer Guide, "Reporting batch item failures for Lambda functions with
    /// an Amazon SQS trigger".
    async fn answer_messages(&self, messages: Vec<Message>, deadline: Option<Instant>) -> Value {
        let mut again = Vec::new();
        for message in messages {
            if !self.is_done(&message, deadline).await {
                again.push(json!({ "itemIdentifier": message.id }));
            }
        }
        json!({ "batchItemFailures": again })
    }

    async fn is_done(&self, message: &Message, deadline: Option<Instant>) -> bool {
        let outcome = match message.request.clone() {
            Ok(request) => self.run(request, deadline, &()).await,
            Err(error) => Err(error.into()),
        };
        match outcome {
            Ok(report) => !report.can_be_helped() && report.left == 0,
            Err(error) => {
                tracing::error!(message.id = message.id, error = %error, "message failed");
                false
            }
        }
    }
}

/// The deadline that Lambda gives in milliseconds since 1970. One that has long passed is none:
/// emulators have been seen to give a duration in its place.
pub fn deadline(epoch_ms: u64, now: SystemTime) -> Option<Instant> {
    let at = UNIX_EPOCH + Duration::from_millis(epoch_ms);
    let remaining = at.duration_since(now).ok()?;
    Instant::now().checked_add(remaining)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_in_place_of_a_moment_is_no_deadline() {
        let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        assert_eq!(deadline(600_000, now), None);
        let soon = deadline(1_790_000_003_000, now).unwrap();
        let remaining = soon.saturating_duration_since(Instant::now());
        assert!(remaining > Duration::from_secs(2) && remaining <= Duration::from_secs(3));
    }
}
