//! What the sample API promises: the same bytes for the same question, sums that add up, and every
//! way to go wrong, seen through an HTTP client.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use configuration::{Configuration, ListValues, PartitionKind};
use embedded::sample_api::{
    Endpoint, Fault, SAMPLE_CONFIGURATION, STORES, SampleApi, SampleOptions, When,
};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

const DATE: &str = "2026-11-01";

async fn api() -> SampleApi {
    SampleApi::start(SampleOptions::default()).await.unwrap()
}

async fn send(api: &SampleApi, path: &str, body: String) -> Response {
    reqwest::Client::new()
        .post(format!("{}{path}", api.base_url()))
        .bearer_auth(api.token())
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap()
}

async fn ask(api: &SampleApi, endpoint: Endpoint, date: &str, store: &str) -> Response {
    let question = json!({ "busDt": date, "storeId": store }).to_string();
    send(api, endpoint.path(), question).await
}

async fn document(api: &SampleApi, endpoint: Endpoint, date: &str, store: &str) -> Value {
    let response = ask(api, endpoint, date, store).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_str(&response.text().await.unwrap()).unwrap()
}

async fn records(api: &SampleApi, endpoint: Endpoint, date: &str, store: &str) -> Vec<Value> {
    let mut document = document(api, endpoint, date, store).await;
    let records = document.get_mut(endpoint.records()).unwrap().take();
    serde_json::from_value(records).unwrap()
}

async fn checks(api: &SampleApi, date: &str, store: &str) -> Vec<Value> {
    records(api, Endpoint::GuestChecks, date, store).await
}

/// Money as a whole number of its smallest part; null and absent count nothing.
fn units(value: &Value, places: u32) -> i64 {
    let text = match value {
        Value::Null => return 0,
        value => value.to_string(),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let padded = format!("{fraction:0<width$}", width = places as usize);
    assert!(padded.len() <= places as usize, "{text} has more than {places} places");
    format!("{whole}{padded}").parse().unwrap()
}

fn centavos(value: &Value) -> i64 {
    units(value, 2)
}

fn lines(check: &Value) -> &Vec<Value> {
    check["detailLines"].as_array().unwrap()
}

fn sum_of(check: &Value, variants: &[&str]) -> i64 {
    lines(check)
        .iter()
        .filter(|line| variants.iter().any(|variant| line.get(*variant).is_some()))
        .map(|line| centavos(&line["aggTtl"]))
        .sum()
}

fn id(record: &Value, name: &str) -> i64 {
    record[name].as_i64().unwrap()
}

#[tokio::test]
async fn the_same_question_gets_the_same_bytes_also_from_another_server() {
    let (one, other) = (api().await, api().await);
    for endpoint in Endpoint::ALL {
        let first = ask(&one, endpoint, DATE, "99 CB/CB").await.bytes().await.unwrap();
        let second = ask(&one, endpoint, DATE, "99 CB/CB").await.bytes().await.unwrap();
        let third = ask(&other, endpoint, DATE, "99 CB/CB").await.bytes().await.unwrap();
        assert_eq!(first, second);
        assert_eq!(first, third);
    }
}

#[tokio::test]
async fn another_seed_tells_of_another_world() {
    let other = SampleOptions { seed: 2, ..SampleOptions::default() };
    let (one, other) = (api().await, SampleApi::start(other).await.unwrap());
    let first = ask(&one, Endpoint::GuestChecks, DATE, "1").await.text().await.unwrap();
    let second = ask(&other, Endpoint::GuestChecks, DATE, "1").await.text().await.unwrap();
    assert_ne!(first, second);
}

#[tokio::test]
async fn every_check_adds_up() {
    let api = api().await;
    for store in STORES {
        for check in checks(&api, DATE, store.id).await {
            let items = sum_of(&check, &["menuItem", "errorCode"]);
            let discounts = sum_of(&check, &["discount"]);
            let service = sum_of(&check, &["serviceCharge"]);
            let paid = sum_of(&check, &["tenderMedia"]);
            assert_eq!(centavos(&check["subTtl"]), items + discounts, "{check}");
            assert_eq!(centavos(&check["dscTtl"]), discounts);
            assert_eq!(centavos(&check["chkTtl"]), items + discounts + service);
            assert_eq!(centavos(&check["payTtl"]), paid);
            let due = items + discounts + service - paid;
            assert_eq!(centavos(&check["balDueTtl"]), due);
            assert_eq!(check["clsdFlag"].as_bool().unwrap(), due == 0);
            let taxed = check["taxes"].as_array().unwrap().iter();
            let taxed = taxed.map(|tax| centavos(&tax["txblSlsTtl"])).sum::<i64>();
            assert_eq!(taxed, items);
        }
    }
}

#[tokio::test]
async fn taxes_follow_from_their_rates() {
    let api = api().await;
    for check in checks(&api, DATE, "1").await {
        for tax in check["taxes"].as_array().unwrap() {
            let (sales, rate) = (centavos(&tax["txblSlsTtl"]), centavos(&tax["taxRate"]));
            // The price includes the tax; half a centavo is the most that rounding changes.
            let off = sales * rate - centavos(&tax["taxCollTtl"]) * (10_000 + rate);
            assert!(off.abs() * 2 <= 10_000 + rate, "{tax}");
        }
        for line in lines(&check).iter().filter(|line| line.get("menuItem").is_some()) {
            assert!(
                units(&line["menuItem"]["inclTax"], 6).abs()
                    <= centavos(&line["dspTtl"]).abs() * 10_000
            );
        }
    }
}

#[tokio::test]
async fn payments_invoices_and_cash_agree_with_the_checks() {
    let api = api().await;
    for store in STORES {
        let checks = checks(&api, DATE, store.id).await;
        let payments = checks
            .iter()
            .flat_map(lines)
            .filter(|line| line.get("tenderMedia").is_some() && line["busDt"] == DATE);
        let paid = payments.clone().map(|line| centavos(&line["aggTtl"])).sum::<i64>();
        let transactions = records(&api, Endpoint::Transactions, DATE, store.id).await;
        let told = transactions.iter().map(|record| centavos(&record["amount"])).sum::<i64>();
        assert_eq!(told, paid);

        let closed = checks.iter().filter(|check| check.get("clsdBusDt") == Some(&json!(DATE)));
        let closed = closed.map(|check| centavos(&check["chkTtl"])).sum::<i64>();
        let invoices = records(&api, Endpoint::FiscalInvoice, DATE, store.id).await;
        assert_eq!(invoices.iter().map(|record| centavos(&record["amount"])).sum::<i64>(), closed);

        let cash = payments.filter(|line| line["tenderMedia"]["tmedNum"] == 1);
        let cash = cash.map(|line| centavos(&line["aggTtl"])).sum::<i64>();
        let boxes = records(&api, Endpoint::CashManagementDetails, DATE, store.id).await;
        let mut sales = 0;
        for cash_box in boxes {
            let movements = cash_box["movements"].as_array().unwrap();
            sales += centavos(&movements[0]["amount"]);
            let moved = movements.iter().map(|moved| centavos(&moved["amount"])).sum::<i64>();
            let counted =
                centavos(&cash_box["openingBalance"]) + moved + centavos(&cash_box["difference"]);
            assert_eq!(centavos(&cash_box["closingBalance"]), counted);
        }
        assert_eq!(sales, cash);
    }
}

#[tokio::test]
async fn a_day_has_every_kind_of_line_and_check() {
    let api = api().await;
    let checks = checks(&api, DATE, "0042").await;
    let all_lines = checks.iter().flat_map(lines).collect::<Vec<_>>();
    let variants = ["menuItem", "discount", "serviceCharge", "tenderMedia", "errorCode"];
    for line in &all_lines {
        let held = variants.iter().filter(|variant| line.get(**variant).is_some());
        assert_eq!(held.count(), 1, "{line}");
    }
    let codes = all_lines.iter().filter_map(|line| line.get("errorCode"));
    let codes = codes.collect::<Vec<_>>();
    assert!(codes.iter().any(|code| code.is_string()));
    assert!(codes.iter().any(|code| code.is_object()));
    assert!(all_lines.iter().any(|line| line["menuItem"]["modFlag"] == true));
    assert!(all_lines.iter().any(|line| line["aggTtl"].is_null()));
    assert!(all_lines.iter().any(|line| line["dspQty"].to_string().contains('.')));
    assert!(checks.iter().any(|check| check.get("clsdUTC").is_none()));
    assert!(checks.iter().any(|check| centavos(&check["chkTtl"]) < 0));
    assert!(checks.iter().any(|check| check["balDueTtl"].is_null()));
    assert!(checks.iter().any(|check| check["tblName"].as_str().unwrap().parse::<u8>().is_ok()));
    assert!(checks.iter().any(|check| check["opnLcl"].as_str().unwrap() > "2026-11-01T23:59:59"
        && check["opnBusDt"] == DATE));
}

#[tokio::test]
async fn ids_are_unique_and_too_large_for_a_double() {
    let api = api().await;
    let (mut check_ids, mut line_ids) = (BTreeSet::new(), BTreeSet::new());
    for store in STORES {
        for check in checks(&api, DATE, store.id).await {
            assert!(check_ids.insert(id(&check, "guestCheckId")));
            for line in lines(&check) {
                assert!(line_ids.insert(id(line, "guestCheckLineItemId")));
            }
        }
    }
    assert!(check_ids.iter().all(|id| *id >= 1 << 53));
    assert!(check_ids.iter().any(|id| id % 2 == 1));
}

#[tokio::test]
async fn the_day_after_knows_later_versions_of_some_checks() {
    let api = api().await;
    let by_id = |checks: Vec<Value>| {
        let named = checks.into_iter().map(|check| (id(&check, "guestCheckId"), check));
        named.collect::<BTreeMap<_, _>>()
    };
    let today = by_id(checks(&api, DATE, "1").await);
    let tomorrow = by_id(checks(&api, "2026-11-02", "1").await);
    let both = today.iter().filter_map(|(id, check)| Some((check, tomorrow.get(id)?)));
    let both = both.collect::<Vec<_>>();
    for (before, after) in &both {
        let version = |check: &Value| check["lastUpdatedUTC"].as_str().unwrap().to_owned();
        assert!(version(before) < version(after));
        assert_eq!(after["opnBusDt"], DATE);
        assert_eq!(after["clsdBusDt"], "2026-11-02");
        assert!(lines(before).iter().zip(lines(after)).all(|(before, after)| before == after));
    }
    assert!(both.iter().any(|(before, _)| before["clsdFlag"] == false), "one left open");
    assert!(both.iter().any(|(before, _)| before["clsdFlag"] == true), "one reopened");
}

#[tokio::test]
async fn local_time_is_three_hours_behind() {
    let api = api().await;
    let answer = document(&api, Endpoint::GuestChecks, DATE, "São José").await;
    assert_eq!(answer["locRef"], "São José \"Praia\"");
    for check in answer["guestChecks"].as_array().unwrap() {
        for name in ["opn", "clsd", "lastTrans", "lastUpdated"] {
            let Some(utc) = check.get(format!("{name}UTC")) else {
                continue;
            };
            let read = |value: &Value| value.as_str().unwrap().parse::<jiff::civil::DateTime>();
            let (utc, local) = (read(utc).unwrap(), read(&check[format!("{name}Lcl")]).unwrap());
            assert_eq!(utc.duration_since(local).as_hours(), 3);
        }
    }
}

#[tokio::test]
async fn a_store_that_rests_answers_with_empty_lists() {
    let api = api().await;
    for endpoint in Endpoint::ALL {
        let records = records(&api, endpoint, "2026-11-02", "São José").await;
        assert_eq!(records, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn charge_backs_are_rare_and_name_a_transaction() {
    let api = api().await;
    let mut found = Vec::new();
    for day in 1..=30 {
        let date = format!("2026-11-{day:02}");
        found.extend(records(&api, Endpoint::ChargeBack, &date, "1").await);
    }
    assert!((1..=10).contains(&found.len()), "{}", found.len());
    let (from, to) = ("2026-10-15", "2026-11-18");
    let mut known = BTreeSet::new();
    let mut date = from.parse::<jiff::civil::Date>().unwrap();
    while date.to_string() != to {
        let transactions = records(&api, Endpoint::Transactions, &date.to_string(), "1").await;
        known.extend(transactions.iter().map(|record| id(record, "transactionId")));
        date = date.tomorrow().unwrap();
    }
    assert!(found.iter().all(|record| known.contains(&id(record, "transactionId"))));
}

#[tokio::test]
async fn without_the_token_nothing_is_told() {
    let api = api().await;
    for token in [None, Some("wrong")] {
        let mut request =
            reqwest::Client::new().post(format!("{}/res/getGuestChecks", api.base_url()));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.body("{}").send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
    }
    assert_eq!(api.requests_served(), 2);
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_told_why() {
    let api = api().await;
    for (body, reason) in [
        ("", "not JSON"),
        ("[]", "busDt"),
        (r#"{"busDt":"2026-11-01"}"#, "storeId"),
        (r#"{"busDt":"2026-11-01","storeId":1}"#, "storeId"),
        (r#"{"busDt":"2026-02-30","storeId":"1"}"#, "2026-02-30"),
        (r#"{"busDt":"20261101","storeId":"1"}"#, "20261101"),
    ] {
        let response = send(&api, "/res/getGuestChecks", body.to_owned()).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let problem = serde_json::from_str::<Value>(&response.text().await.unwrap()).unwrap();
        assert!(problem["detail"].as_str().unwrap().contains(reason), "{problem}");
    }
    let response = send(&api, "/res/getNothing", String::new()).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_stores_are_listed() {
    let api = api().await;
    let csv = reqwest::get(format!("{}/stores.csv", api.base_url())).await.unwrap();
    let csv = csv.text().await.unwrap();
    assert!(csv.starts_with("storeId,locRef,city\r\n1,01 Meireles,Fortaleza\r\n"));
    assert!(csv.contains("São José,\"São José \"\"Praia\"\"\",Aracaju\r\n"));
    assert_eq!(csv.lines().count(), STORES.len() + 1);
}

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
