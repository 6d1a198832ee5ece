//! The same bytes for the same question, and sums that add up.

use std::collections::{BTreeMap, BTreeSet};

use embedded::sample_api::{Endpoint, STORES, SampleApi, SampleOptions};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    DATE, api, ask, centavos, checks, document, id, lines, records, send, sum_of, units,
};

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
