//! What a run does about sources that misbehave.

use std::time::{Duration, Instant};

use fetch::FetchError;
use landing::FailureKind;
use serde_json::json;

use crate::api::{Api, broken, ok, status, with_header};
use crate::ground::{Ground, TIME, everything, run};

const STORES: &str = r#"
[sources.api.partitions]
s = { kind = "list", values = ["1", "2", "3"] }
[sources.api.endpoints.e]
path = "/{s}"
"#;
const ONE: &str = "[sources.api.endpoints.e]\npath = \"/e\"\n";
const KEY: &str = "raw/source=api/endpoint=e/20261104T060000Z.json";

#[tokio::test]
async fn one_failing_scope_stops_no_other_and_is_reported() {
    let (ground, api) = (
        Ground::start().await,
        Api::start(|asked, _| match asked.uri.path() {
            "/2" => status(404, "no such\n  store"),
            _ => ok("{}"),
        })
        .await,
    );
    let report = run(&ground.fetcher(&api.url(), STORES), everything()).await;
    assert_eq!((report.written_count, report.failed_count), (2, 1));
    let failed = &report.failed[0];
    assert_eq!((failed.scope.as_str(), failed.reason), ("s=2", "refused"));
    assert_eq!(failed.status, Some(404));
    assert_eq!(failed.excerpt.as_deref(), Some("no such store"));
    assert_eq!((failed.kind, failed.attempts), (FailureKind::Permanent, 1));
}

#[tokio::test]
async fn a_source_that_wants_a_rest_gets_it() {
    let (ground, api) = (
        Ground::start().await,
        Api::start(|_, number| match number {
            0 => with_header("retry-after", "1", status(429, "slow down")),
            _ => ok("{}"),
        })
        .await,
    );
    let start = Instant::now();
    let report = run(&ground.fetcher(&api.url(), ONE), everything()).await;
    assert_eq!(report.written_count, 1, "{report:?}");
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(api.asked().len(), 2);
}

#[tokio::test]
async fn a_server_error_is_tried_so_often_and_no_more() {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| status(500, "oops")).await);
    let report = run(&ground.fetcher(&api.url(), ONE), everything()).await;
    assert_eq!(api.asked().len(), 3);
    let failed = &report.failed[0];
    assert_eq!((failed.reason, failed.attempts), ("server_error", 3));
    assert_eq!(failed.kind, FailureKind::Transient);
}

#[tokio::test]
async fn an_answer_that_breaks_off_leaves_nothing_and_is_asked_for_again() {
    let (ground, api) = (
        Ground::start().await,
        Api::start(|_, number| match number {
            0 => broken("{\"half\":"),
            _ => ok("{\"whole\":1}"),
        })
        .await,
    );
    let report = run(&ground.fetcher(&api.url(), ONE), everything()).await;
    assert_eq!(report.written_count, 1, "{report:?}");
    assert_eq!(ground.text(KEY).await.as_deref(), Some("{\"whole\":1}"));

    let always = Api::start(|_, _| broken("{\"half\":")).await;
    let ground = Ground::start().await;
    let report = run(&ground.fetcher(&always.url(), ONE), everything()).await;
    assert_eq!(report.failed[0].reason, "cut_off", "{report:?}");
    assert_eq!(ground.text(KEY).await, None);
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_landed_all_the_same() {
    let page = "<html><body>maintenance</body></html>";
    let (ground, api) = (Ground::start().await, Api::start(move |_, _| ok(page)).await);
    let report = run(&ground.fetcher(&api.url(), ONE), everything()).await;
    assert_eq!(report.written_count, 1);
    assert_eq!(ground.text(KEY).await.as_deref(), Some(page));
}

#[tokio::test]
async fn an_answer_without_a_byte_is_a_failure_with_a_name() {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| status(204, "")).await);
    let report = run(&ground.fetcher(&api.url(), ONE), everything()).await;
    assert_eq!(report.failed[0].reason, "empty_body");
    assert_eq!(api.asked().len(), 1, "204 says that there is nothing");
    assert_eq!(ground.text(KEY).await, None);
}

#[tokio::test]
async fn a_source_that_says_nothing_is_waited_for_so_long() {
    let slow = Duration::from_secs(60);
    let (ground, api) = (Ground::start().await, Api::start_slow(slow, |_, _| ok("{}")).await);
    let text = format!(
        "[lake]\nbucket = \"lake\"\n[sources.api]\nbase_url = \"{}\"\n\
         limits = {{ attempts = 1, timeout = \"200ms\" }}\n{ONE}",
        api.url()
    );
    let start = Instant::now();
    let report = run(&ground.fetcher_of(&text), everything()).await;
    assert_eq!(report.failed[0].reason, "timeout");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_source_that_is_not_there_is_a_failure_of_the_moment() {
    let ground = Ground::start().await;
    let report = run(&ground.fetcher("http://127.0.0.1:1", ONE), everything()).await;
    assert_eq!(report.failed[0].reason, "unreachable");
    assert_eq!(report.failed[0].kind, FailureKind::Transient);
}

#[tokio::test]
async fn time_that_runs_out_ends_a_scope_and_leaves_time_to_answer() {
    let slow = Duration::from_secs(60);
    let (ground, api) = (Ground::start().await, Api::start_slow(slow, |_, _| ok("{}")).await);
    let deadline = Instant::now() + Duration::from_secs(1);
    let fetcher = ground.fetcher(&api.url(), ONE);
    let report = fetcher.run(everything(), Some(deadline), &()).await.unwrap();
    assert!(Instant::now() < deadline);
    assert_eq!(report.failed[0].reason, "out_of_time", "{report:?}");
}

#[tokio::test]
async fn an_invocation_fails_only_where_another_can_help() {
    let (ground, api) = (
        Ground::start().await,
        Api::start(|asked, _| match asked.uri.path() {
            "/2" => status(404, "gone"),
            "/3" => status(503, "later"),
            _ => ok("{}"),
        })
        .await,
    );
    let fetcher = ground.fetcher(&api.url(), STORES);
    let now = TIME.parse().unwrap();
    let error = fetcher.handle(&json!({}), now, None).await.unwrap_err();
    assert_eq!(error.name(), "FetchIncomplete");
    let FetchError::Incomplete(report) = &error else { panic!("{error}") };
    assert_eq!((report.written_count, report.failed_count), (1, 2));
    assert!(error.to_string().contains("1 objects written"), "{error}");

    let only_gone = json!({"partitions": {"s": ["2"]}, "time": TIME});
    let answer = fetcher.handle(&only_gone, now, None).await.unwrap();
    assert_eq!(answer["failed"][0]["reason"], "refused");
    assert_eq!(answer["failed"][0]["kind"], "permanent");
}

#[tokio::test]
async fn of_a_batch_of_messages_those_that_failed_come_again() {
    let (ground, api) = (
        Ground::start().await,
        Api::start(|asked, _| match asked.uri.path() {
            "/3" => status(503, "later"),
            _ => ok("{}"),
        })
        .await,
    );
    let fetcher = ground.fetcher(&api.url(), STORES);
    let message = |id: &str, store: &str| {
        let body = json!({"partitions": {"s": [store]}, "time": TIME}).to_string();
        json!({"messageId": id, "body": body, "eventSource": "aws:sqs", "attributes": {}})
    };
    let bad = json!({"messageId": "c", "body": "?", "eventSource": "aws:sqs"});
    let event = json!({"Records": [message("a", "1"), message("b", "3"), bad]});
    let answer = fetcher.handle(&event, TIME.parse().unwrap(), None).await.unwrap();
    let again = json!({"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "c"}]});
    assert_eq!(answer, again);
}
