//! Against a server that speaks Secrets Manager's protocol (JSON 1.1) on loopback.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use axum::routing::post;
use axum::{Router, extract::State};
use configuration::SecretReference;
use secrets::{SecretError, Secrets};
use tokio::net::TcpListener;

async fn answer(State(calls): State<Arc<AtomicUsize>>, body: String) -> (StatusCode, String) {
    calls.fetch_add(1, Ordering::SeqCst);
    let value = serde_json::from_str::<serde_json::Value>(&body).unwrap();
    let secret = match value["SecretId"].as_str().unwrap() {
        "pos-api" => r#"{"token":"hunter2","id":7}"#,
        "plain" => "just text",
        "db" => r#"{"host":"h","port":5432,"username":"u","password":"p","dbname":"d"}"#,
        _ => {
            let error = r#"{"__type":"ResourceNotFoundException","Message":"not here"}"#;
            return (StatusCode::BAD_REQUEST, error.to_owned());
        }
    };
    let answer = serde_json::json!({ "Name": value["SecretId"], "SecretString": secret });
    (StatusCode::OK, answer.to_string())
}

async fn secrets(clock: secrets::Clock) -> (Secrets, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(answer)).with_state(calls.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let credentials = aws_credential_types::Credentials::new("a", "b", None, None, "test");
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region("us-east-1")
        .credentials_provider(credentials)
        .load()
        .await;
    (Secrets::with(Some(config), clock), calls)
}

fn reference(name: &str, field: Option<&str>) -> SecretReference {
    SecretReference { name: name.to_owned(), field: field.map(str::to_owned) }
}

#[tokio::test]
async fn a_field_of_json_and_a_plain_text_are_both_secrets() {
    let (secrets, _) = secrets(Instant::now).await;
    let value = |name, field| {
        let secrets = &secrets;
        async move { secrets.value(&reference(name, field)).await.unwrap() }
    };
    assert_eq!(value("pos-api", Some("token")).await.expose(), "hunter2");
    assert_eq!(value("pos-api", Some("id")).await.expose(), "7");
    assert_eq!(value("plain", None).await.expose(), "just text");
    let database = secrets.database_secret("db").await.unwrap();
    assert_eq!(database.dbname.as_deref(), Some("d"));
}

#[tokio::test]
async fn a_secret_is_asked_for_once_in_five_minutes_unless_it_is_forgotten() {
    let (secrets, calls) = secrets(Instant::now).await;
    for _ in 0..3 {
        secrets.value(&reference("plain", None)).await.unwrap();
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    secrets.forget("plain").await;
    secrets.value(&reference("plain", None)).await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_secret_older_than_five_minutes_is_read_anew() {
    fn leaping() -> Instant {
        static TICKS: AtomicUsize = AtomicUsize::new(0);
        let tick = TICKS.fetch_add(1, Ordering::SeqCst) as u64;
        Instant::now() + Duration::from_secs(301 * tick)
    }
    let (secrets, calls) = secrets(leaping).await;
    secrets.value(&reference("plain", None)).await.unwrap();
    secrets.value(&reference("plain", None)).await.unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_is_missing_is_named_and_nothing_is_shown() {
    let (secrets, _) = secrets(Instant::now).await;
    let error = secrets.value(&reference("nowhere", None)).await.unwrap_err();
    assert!(matches!(error, SecretError::NotFound { .. }), "{error}");
    let error = secrets.value(&reference("pos-api", Some("tokn"))).await.unwrap_err();
    assert_eq!(error.name(), "secret_field_missing");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let error = secrets.value(&reference("plain", Some("x"))).await.unwrap_err();
    assert!(matches!(error, SecretError::NotAnObject { .. }), "{error}");
}
