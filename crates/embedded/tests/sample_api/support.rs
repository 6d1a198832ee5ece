//! Asking the sample API, and adding up what it answers.

use embedded::sample_api::{Endpoint, SampleApi, SampleOptions};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

pub(crate) const DATE: &str = "2026-11-01";

pub(crate) async fn api() -> SampleApi {
    SampleApi::start(SampleOptions::default()).await.unwrap()
}

pub(crate) async fn send(api: &SampleApi, path: &str, body: String) -> Response {
    reqwest::Client::new()
        .post(format!("{}{path}", api.base_url()))
        .bearer_auth(api.token())
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap()
}

pub(crate) async fn ask(api: &SampleApi, endpoint: Endpoint, date: &str, store: &str) -> Response {
    let question = json!({ "busDt": date, "storeId": store }).to_string();
    send(api, endpoint.path(), question).await
}

pub(crate) async fn document(
    api: &SampleApi,
    endpoint: Endpoint,
    date: &str,
    store: &str,
) -> Value {
    let response = ask(api, endpoint, date, store).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

pub(crate) async fn records(
    api: &SampleApi,
    endpoint: Endpoint,
    date: &str,
    store: &str,
) -> Vec<Value> {
    let mut document = document(api, endpoint, date, store).await;
    let records = document.get_mut(endpoint.records()).unwrap().take();
    serde_json::from_value(records).unwrap()
}

pub(crate) async fn checks(api: &SampleApi, date: &str, store: &str) -> Vec<Value> {
    records(api, Endpoint::GuestChecks, date, store).await
}

/// Money as a whole number of its smallest part; null and absent count nothing.
pub(crate) fn units(value: &Value, places: u32) -> i64 {
    let text = match value {
        Value::Null => return 0,
        value => value.to_string(),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let padded = format!("{fraction:0<width$}", width = places as usize);
    assert!(padded.len() <= places as usize, "{text} has more than {places} places");
    format!("{whole}{padded}").parse().unwrap()
}

pub(crate) fn centavos(value: &Value) -> i64 {
    units(value, 2)
}

pub(crate) fn lines(check: &Value) -> &Vec<Value> {
    check["detailLines"].as_array().unwrap()
}

pub(crate) fn sum_of(check: &Value, variants: &[&str]) -> i64 {
    lines(check)
        .iter()
        .filter(|line| variants.iter().any(|variant| line.get(*variant).is_some()))
        .map(|line| centavos(&line["aggTtl"]))
        .sum()
}

pub(crate) fn id(record: &Value, name: &str) -> i64 {
    record[name].as_i64().unwrap()
}
