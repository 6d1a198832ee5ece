//! What an invocation answers, in the form that its event asks for.
//!
//! Sources: AWS Lambda Developer Guide, "Implementing partial batch responses"; Amazon S3 User
//! Guide, "Invoke AWS Lambda function" (responses to S3 Batch Operations).

use std::collections::{BTreeMap, BTreeSet};

use aws_lambda_events::event::s3::batch_job::{S3BatchJobResponse, S3BatchJobResult};
use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse};
use serde::Serialize;
use serde_json::Value;

use crate::event::Form;
use crate::{LoadFailure, ObjectReport, Summary, Verdict};

/// S3 Batch Operations writes result strings into its report; it takes 1,024 characters.
const RESULT_STRING_CHARS_MAX: usize = 1_024;

/// One object's report, and the message or task that it answers.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) reply_to: Option<String>,
    pub(crate) report: ObjectReport,
}

/// The answer, or the failure that has the platform try again.
pub(crate) fn answer(form: &Form, answered: Vec<Answered>) -> Result<Value, LoadFailure> {
    match form {
        Form::Sqs => Ok(to_value(&partial_batch(&answered))),
        Form::S3Batch { schema_version, invocation_id } => {
            Ok(to_value(&batch_results(schema_version, invocation_id, &answered)))
        }
        Form::Notification | Form::Sns | Form::EventBridge | Form::Keys | Form::Test => {
            summary(answered)
        }
    }
}

/// A message fails if any of its objects is to be tried again. The ones that are done are found
/// done by the ledger.
fn partial_batch(answered: &[Answered]) -> SqsBatchResponse {
    let failed: BTreeSet<&str> = answered
        .iter()
        .filter(|answered| answered.report.outcome == Verdict::Retry)
        .filter_map(|answered| answered.reply_to.as_deref())
        .collect();
    let failures = failed.into_iter().map(|message_id| {
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = message_id.to_owned();
        failure
    });
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures.collect();
    response
}

fn batch_results(
    schema_version: &str,
    invocation_id: &str,
    answered: &[Answered],
) -> S3BatchJobResponse {
    let mut results = BTreeMap::new();
    for answered in answered {
        let Some(task_id) = &answered.reply_to else {
            continue;
        };
        let mut result = S3BatchJobResult::default();
        result.task_id = Some(task_id.clone());
        result.result_code = Some(result_code(answered.report.outcome).to_owned());
        result.result_string = Some(result_string(&answered.report));
        results.insert(task_id.clone(), result);
    }
    let mut response = S3BatchJobResponse::default();
    response.invocation_schema_version = Some(schema_version.to_owned());
    // A task that is missing from the answer was not done: S3 is to send it again.
    response.treat_missing_keys_as = Some("TemporaryFailure".to_owned());
    response.invocation_id = Some(invocation_id.to_owned());
    response.results = results.into_values().collect();
    response
}

fn result_code(outcome: Verdict) -> &'static str {
    match outcome {
        Verdict::Loaded
        | Verdict::Unchanged
        | Verdict::Superseded
        | Verdict::AlreadyLoaded
        | Verdict::Ignored => "Succeeded",
        Verdict::Failed => "PermanentFailure",
        Verdict::Retry => "TemporaryFailure",
    }
}

fn result_string(report: &ObjectReport) -> String {
    let text = match &report.error {
        Some(error) => format!("{}: {}", error.kind, error.message),
        None => format!("{} records, {} rows", report.records, report.rows),
    };
    text.chars().take(RESULT_STRING_CHARS_MAX).collect()
}

fn summary(answered: Vec<Answered>) -> Result<Value, LoadFailure> {
    let mut summary = Summary::default();
    let mut first = None;
    let total = answered.len() as u64;
    for Answered { report, .. } in answered {
        if report.outcome == Verdict::Retry && first.is_none() {
            first = Some(report.clone());
        }
        summary.add(report);
    }
    match first {
        None => Ok(to_value(&summary)),
        Some(report) => Err(LoadFailure::Transient {
            count: summary.retry,
            total,
            key: report.key.to_string(),
            kind: report
                .error
                .as_ref()
                .map_or_else(|| "unknown".to_owned(), |error| error.kind.clone()),
            message: report.error.map(|error| error.message).unwrap_or_default(),
        }),
    }
}

/// These types hold nothing that JSON can't.
fn to_value(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use landing::ObjectKey;
    use serde_json::json;

    use super::*;
    use crate::Trouble;

    fn answered(reply_to: &str, outcome: Verdict) -> Answered {
        let mut report = ObjectReport::bare("b", &ObjectKey::new("raw/k"), outcome);
        if matches!(outcome, Verdict::Failed | Verdict::Retry) {
            report.error =
                Some(Trouble { kind: "not_json".to_owned(), message: "no JSON".to_owned() });
        }
        Answered { reply_to: Some(reply_to.to_owned()), report }
    }

    #[test]
    fn a_message_fails_once_and_only_where_a_retry_can_help() {
        let all = vec![
            answered("1", Verdict::Loaded),
            answered("2", Verdict::Retry),
            answered("2", Verdict::Retry),
            answered("3", Verdict::Failed),
        ];
        assert_eq!(
            answer(&Form::Sqs, all).unwrap(),
            json!({ "batchItemFailures": [{ "itemIdentifier": "2" }] })
        );
        assert_eq!(answer(&Form::Sqs, Vec::new()).unwrap(), json!({ "batchItemFailures": [] }));
    }

    #[test]
    fn a_batch_job_is_answered_task_by_task() {
        let form =
            Form::S3Batch { schema_version: "1.0".to_owned(), invocation_id: "i".to_owned() };
        let all = vec![
            answered("a", Verdict::Loaded),
            answered("b", Verdict::Failed),
            answered("c", Verdict::Retry),
        ];
        assert_eq!(
            answer(&form, all).unwrap(),
            json!({
                "invocationSchemaVersion": "1.0",
                "treatMissingKeysAs": "TemporaryFailure",
                "invocationId": "i",
                "results": [
                    { "taskId": "a", "resultCode": "Succeeded", "resultString": "0 records, 0 rows" },
                    { "taskId": "b", "resultCode": "PermanentFailure", "resultString": "not_json: no JSON" },
                    { "taskId": "c", "resultCode": "TemporaryFailure", "resultString": "not_json: no JSON" },
                ],
            })
        );
    }

    #[test]
    fn a_transient_failure_fails_the_invocation_after_all_others_were_done() {
        let all = vec![answered("1", Verdict::Loaded), answered("2", Verdict::Retry)];
        let failure = answer(&Form::Keys, all).unwrap_err();
        assert_eq!(failure.name(), "not_json");
        assert!(failure.to_string().starts_with("1 of 2 objects"), "{failure}");
    }

    #[test]
    fn a_permanent_failure_is_answered_as_handled() {
        let all = vec![answered("1", Verdict::Failed)];
        let summary = answer(&Form::Notification, all).unwrap();
        assert_eq!(summary["failed"], 1);
        assert_eq!(summary["objects"][0]["error"]["kind"], "not_json");
    }
}
