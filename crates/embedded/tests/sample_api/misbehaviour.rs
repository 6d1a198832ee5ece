//! Every way to go wrong, on command.

use std::time::{Duration, Instant};

use configuration::{Configuration, ListValues, PartitionKind};
use embedded::sample_api::{Endpoint, Fault, SAMPLE_CONFIGURATION, STORES, SampleApi, When};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{DATE, api, ask, checks};

async fn with(fault: Fault) -> (SampleApi, Instant) {
    let api = api().await;
    api.misbehave(fault, When::times(1));
    (api, Instant::now())
}

#[tokio::test]
async fn throttling_says_when_to_come_back() {
    for as_date in [false, true] {
        let fault = Fault::TooManyRequests { retry_after_s: 7, as_date };
        let (api, _) = with(fault).await;
        let response = ask(&api, Endpoint::Transactions, DATE, "1").await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        let after = response.headers()["retry-after"].to_str().unwrap();
        if as_date {
            let at = jiff::fmt::rfc2822::parse(after).unwrap().timestamp();
            let ahead = at.duration_since(jiff::Timestamp::now()).as_secs();
            assert!((4..=7).contains(&ahead), "{after}");
        } else {
            assert_eq!(after, "7");
        }
        let again = ask(&api, Endpoint::Transactions, DATE, "1").await;
        assert_eq!(again.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_server_error_has_the_status_asked_for() {
    let (api, _) = with(Fault::ServerError { status: 503 }).await;
    let response = ask(&api, Endpoint::GuestChecks, DATE, "1").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_slow_answer_is_slow_and_whole() {
    let fault = Fault::Slow { first_byte_ms: 200, dribble_ms: 20 };
    let (api, asked) = with(fault).await;
    let slow = ask(&api, Endpoint::GuestChecks, DATE, "1").await;
    assert!(asked.elapsed() >= Duration::from_millis(200));
    let slow = slow.bytes().await.unwrap();
    assert!(asked.elapsed() >= Duration::from_millis(400));
    let quick = ask(&api, Endpoint::GuestChecks, DATE, "1").await.bytes().await.unwrap();
    assert_eq!(slow, quick);
}

#[tokio::test]
async fn a_cut_off_answer_breaks_before_the_length_it_promised() {
    let (api, _) = with(Fault::CutOff).await;
    let mut response = ask(&api, Endpoint::GuestChecks, DATE, "1").await;
    assert_eq!(response.status(), StatusCode::OK);
    let promised = response.content_length().unwrap();
    let mut came = 0;
    let error = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => came += chunk.len() as u64,
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(error.is_some());
    assert_eq!(came, promised / 2);
}

#[tokio::test]
async fn pages_halves_and_nothing_come_with_status_200() {
    for fault in [Fault::HtmlPage, Fault::TruncatedJson, Fault::EmptyBody] {
        let (api, _) = with(fault).await;
        let response = ask(&api, Endpoint::GuestChecks, DATE, "1").await;
        assert_eq!(response.status(), StatusCode::OK);
        let body = response.text().await.unwrap();
        assert!(serde_json::from_str::<Value>(&body).is_err(), "{body}");
    }
}

#[tokio::test]
async fn an_answer_in_another_encoding_is_no_utf8() {
    let (api, _) = with(Fault::WrongEncoding).await;
    let body = ask(&api, Endpoint::GuestChecks, DATE, "São José").await.bytes().await.unwrap();
    assert!(std::str::from_utf8(&body).is_err());
}

async fn drifted(fault: Fault) -> (Vec<Value>, Vec<Value>) {
    let (api, _) = with(fault).await;
    let drifted = checks(&api, DATE, "1").await;
    (drifted, checks(&api, DATE, "1").await)
}

#[tokio::test]
async fn a_renamed_field_holds_what_the_old_one_held() {
    let (drifted, usual) = drifted(Fault::RenamedTaxes).await;
    for (drifted, usual) in drifted.iter().zip(&usual) {
        assert_eq!(drifted.get("taxes"), None);
        assert_eq!(drifted["taxation"], usual["taxes"]);
    }
}

#[tokio::test]
async fn fields_come_and_go() {
    let (drifted, _) = self::drifted(Fault::UnknownField).await;
    assert!(drifted.iter().all(|check| check["customerFeedback"].is_string()));
    let (drifted, _) = self::drifted(Fault::MissingFields).await;
    assert!(drifted.iter().all(|check| check.get("chkNum").is_none()));
    let (drifted, usual) = self::drifted(Fault::ExplicitNull).await;
    assert!(drifted[1]["taxes"].is_null() && drifted[1].get("taxes").is_some());
    assert_eq!(drifted[0], usual[0]);
}

#[tokio::test]
async fn types_change() {
    let (drifted, usual) = self::drifted(Fault::NumericFlags).await;
    for (drifted, usual) in drifted.iter().zip(&usual) {
        assert_eq!(drifted["clsdFlag"], i64::from(usual["clsdFlag"].as_bool().unwrap()));
    }
    let (drifted, usual) = self::drifted(Fault::NotANumber).await;
    assert_eq!(drifted[0]["gstCnt"], "N/A");
    assert_eq!(drifted[1..], usual[1..]);
    let (drifted, usual) = self::drifted(Fault::ObjectForArray).await;
    assert!(drifted.iter().any(|check| check["taxes"].is_object()));
    assert!(drifted.iter().any(|check| check["taxes"].is_array()));
    for (drifted, usual) in drifted.iter().zip(&usual) {
        if drifted["taxes"].is_object() {
            assert_eq!(drifted["taxes"], usual["taxes"][0]);
        }
    }
}

#[tokio::test]
async fn commands_come_over_http_and_concern_whom_they_name() {
    let api = api().await;
    let client = reqwest::Client::new();
    let commands = format!("{}/_misbehave", api.base_url());
    let command = json!({
        "fault": "server_error", "status": 502,
        "endpoint": "getGuestChecks", "store": "1", "bus_dt": DATE, "times": 2
    });
    let response = client.post(&commands).body(command.to_string()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let listed = client.get(&commands).send().await.unwrap().text().await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&listed).unwrap(), json!([command]));

    let status = async |endpoint, date, store| ask(&api, endpoint, date, store).await.status();
    assert_eq!(status(Endpoint::GuestChecks, DATE, "2").await, StatusCode::OK);
    assert_eq!(status(Endpoint::GuestChecks, "2026-11-02", "1").await, StatusCode::OK);
    assert_eq!(status(Endpoint::Transactions, DATE, "1").await, StatusCode::OK);
    assert_eq!(status(Endpoint::GuestChecks, DATE, "1").await, StatusCode::BAD_GATEWAY);
    client.delete(&commands).send().await.unwrap();
    assert_eq!(status(Endpoint::GuestChecks, DATE, "1").await, StatusCode::OK);

    let unknown = client.post(&commands).body(r#"{"fault":"explode"}"#).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::BAD_REQUEST);
    assert!(unknown.text().await.unwrap().contains("explode"));
}

#[test]
fn the_sample_configuration_is_understood_and_names_every_endpoint_and_store() {
    let environment = |name: &str| Some(format!("https://{}.example", name.to_lowercase()));
    let read = Configuration::parse(SAMPLE_CONFIGURATION, "riacho.toml", &environment).unwrap();
    let source = read.source("pos").unwrap();
    for endpoint in Endpoint::ALL {
        let name = endpoint.path().rsplit('/').next().unwrap();
        let configured = read.endpoint("pos", name).unwrap();
        assert_eq!(configured.path.fill_shown(str::to_owned), endpoint.path());
        assert_eq!(configured.records, Some(format!("/{}", endpoint.records())));
    }
    let stores = STORES.map(|store| store.id.to_owned()).to_vec();
    let listed = PartitionKind::List(ListValues::Values { values: stores });
    assert_eq!(source.partitions[1].kind, listed);
}

#[tokio::test]
async fn a_stopped_api_answers_no_more() {
    let api = api().await;
    let url = format!("{}/stores.csv", api.base_url());
    reqwest::get(&url).await.unwrap();
    api.stop().await;
    assert!(reqwest::get(&url).await.is_err());
}
