//! What is proposed from bodies as they come, and that the configuration's own reader takes it.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use configuration::{Configuration, Endpoint};
use embedded::sample_api::{Endpoint as Operation, SAMPLE_CONFIGURATION, SampleApi, SampleOptions};
use infer::{InferError, Names, Proposal, Sample, infer};

fn names(endpoint: &str) -> Names {
    let (source, endpoint) = ("pos".to_owned(), endpoint.to_owned());
    Names { source, endpoint, partitions: Vec::new(), whole: true }
}

fn propose(texts: &[&str]) -> Proposal {
    let samples = texts.iter().map(|text| Sample { name: "sample.json", json: text.as_bytes() });
    infer(&samples.collect::<Vec<_>>()).unwrap()
}

/// What a configuration understands of the proposal.
fn understood(proposal: &Proposal, names: &Names) -> Endpoint {
    let text = proposal.to_toml(names);
    let configuration = Configuration::parse(&text, "proposed.toml", &|_| None)
        .unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    configuration.endpoint(&names.source, &names.endpoint).unwrap().clone()
}

async fn bodies(api: &SampleApi, operation: Operation) -> Vec<String> {
    let mut bodies = Vec::new();
    for day in 1..=4 {
        for store in ["1", "2", "São José"] {
            let question = format!(r#"{{"busDt":"2026-11-{day:02}","storeId":"{store}"}}"#);
            let request = reqwest::Client::new()
                .post(format!("{}{}", api.base_url(), operation.path()))
                .bearer_auth(api.token())
                .header("content-type", "application/json")
                .body(question);
            bodies.push(request.send().await.unwrap().text().await.unwrap());
        }
    }
    bodies
}

#[tokio::test]
async fn the_sample_apis_five_endpoints_get_the_records_and_keys_that_people_gave_them() {
    let api = SampleApi::start(SampleOptions::default()).await.unwrap();
    let by_hand = |name: &str| match name {
        "POS_API_URL" => Some(api.base_url().to_owned()),
        _ => Some("x".to_owned()),
    };
    let wanted = Configuration::parse(SAMPLE_CONFIGURATION, "riacho.toml", &by_hand).unwrap();
    let endpoints = &wanted.source("pos").unwrap().endpoints;
    assert_eq!(endpoints.len(), 5);
    for wanted in endpoints {
        let operation = Operation::ALL.into_iter().find(|o| o.path().ends_with(&wanted.name));
        let bodies = bodies(&api, operation.unwrap()).await;
        let texts = bodies.iter().map(String::as_str).collect::<Vec<_>>();
        let proposal = propose(&texts);
        let found = understood(&proposal, &names(&wanted.name));
        assert_eq!(found.records, wanted.records, "{proposal:#?}");
        assert_eq!(found.key, wanted.key, "{} {proposal:#?}", wanted.name);
        assert!(found.keep.contains(&"/locRef".to_owned()), "{proposal:#?}");
        assert!(found.types.iter().any(|rule| rule.pattern == "*UTC"), "{proposal:#?}");
        if wanted.version.is_some() {
            assert_eq!(found.version, wanted.version, "{proposal:#?}");
        }
    }
}

#[test]
fn every_github_event_gets_a_proposal_that_is_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/npm/node_modules");
    let file = root.join("webhooks-examples-7/api.github.com/index.json");
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{error}; `make tools` fetches the payloads"));
    let events: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert!(events.len() > 50);
    for event in events {
        let name = event["name"].as_str().unwrap();
        let examples = event["examples"].as_array().unwrap().iter().map(ToString::to_string);
        let examples = examples.collect::<Vec<_>>();
        let texts = examples.iter().map(String::as_str).collect::<Vec<_>>();
        let proposal = propose(&texts);
        understood(&proposal, &names(name));
        assert_eq!(proposal.samples, examples.len() as u64);
    }
}

#[test]
fn json_lines_are_records_with_arrays_of_their_own() {
    let lines = "{\"orderId\":1,\"lines\":[{\"sku\":\"a\",\"text\":\"long long long text\"}]}\n\
                 {\"orderId\":2,\"lines\":[{\"sku\":\"a\",\"text\":\"long long long text\"}]}\n";
    let proposal = propose(&[lines]);
    let found = understood(&proposal, &names("orders"));
    assert_eq!((found.records, found.key), (None, vec!["/orderId".to_owned()]));
    assert!(proposal.arrays.iter().any(|array| array.why.starts_with("a child table: 2 rows")));
}

#[test]
fn an_array_at_the_top_holds_the_records() {
    let proposal = propose(&[r#"[{"id":1,"at":"31/12/2026"},{"id":2,"at":"01/12/2026"}]"#]);
    assert_eq!((proposal.records.as_deref(), proposal.records_seen), (None, 2));
    assert_eq!(proposal.key, ["/id"]);
    assert!(proposal.notes.iter().any(|note| note.why.contains("DD/MM/YYYY")), "{proposal:#?}");
}

#[test]
fn records_may_lie_deep_and_a_name_may_hold_anything() {
    let text = r#"{"da/ta":{"it~e\"ms ${X}":[{"id":"a\nb","é":1},{"id":"c"}]},"page":1}"#;
    let found = understood(&propose(&[text]), &names("we\"ird\n {x}"));
    assert_eq!(found.records.as_deref(), Some("/da~1ta/it~0e\"ms ${X}"));
    assert!(found.keep.is_empty());
}

#[test]
fn types_are_declared_where_values_alone_would_mislead() {
    let text = r#"{"rows":[
        {"id":1,"price":"12.50","qty":1,"isPaid":0,"open":true,"seenUTC":"2026-11-01T10:00:00"},
        {"id":2,"price":"3.00","qty":"2","isPaid":1,"open":0,"seenUTC":"2026-11-01T11:00:00"}]}"#;
    let found = understood(&propose(&[text]), &names("rows"));
    let types = found.types.iter().map(|rule| (rule.pattern.as_str(), rule.of.as_str()));
    assert_eq!(
        types.collect::<Vec<_>>(),
        [
            ("*UTC", "timestamptz"),
            ("/price", "numeric"),
            ("/qty", "bigint"),
            ("/isPaid", "boolean"),
            ("/open", "boolean"),
        ]
    );
}

#[test]
fn an_id_that_comes_twice_in_one_sample_is_no_key_and_two_fields_may_be() {
    let text = r#"[{"storeId":1,"lineNum":1},{"storeId":1,"lineNum":2},{"storeId":2,"lineNum":1}]"#;
    assert_eq!(propose(&[text]).key, ["/storeId", "/lineNum"]);
    let same = propose(&[r#"[{"id":1},{"id":1}]"#]);
    assert!(same.key.is_empty() && same.key_why.contains("no field"), "{same:#?}");
}

#[test]
fn documents_without_any_array_are_the_records() {
    let proposal = propose(&[r#"{"id":1,"name":"a"}"#, r#"{"id":2,"name":"b","new":true}"#]);
    understood(&proposal, &names("things"));
    assert_eq!((proposal.records, proposal.records_seen), (None, 2));
    assert_eq!(proposal.key, ["/id"]);
    let drift = |note: &&infer::Finding| note.pointer == "/new" && note.why.contains("1 of the 2");
    assert!(proposal.notes.iter().any(|note| drift(&note)), "{:#?}", proposal.notes);
}

#[test]
fn a_map_keyed_by_ids_is_named() {
    let proposal = propose(&[r#"{"orders":{"1001":{"a":1},"1002":{"a":2}}}"#]);
    assert!(
        proposal.notes.iter().any(|note| note.pointer == "/orders" && note.why.contains("map"))
    );
}

#[test]
fn a_map_that_load_would_not_know_by_its_names_is_declared() {
    let text = r#"[{"id":1,"known":{"1":{"a":1},"2":{"a":2}},
        "byHash":{"5f1d7a84c2":{"b":{"1":1,"x":2}},"64b0c9d1e3":{"b":{"2":1,"x":2}}},
        "lines":[{"more":{"64b0c9d1e3":1,"5f1d7a84c2":2}}],"plain":{"a":1,"b":2}}]"#;
    let found = understood(&propose(&[text]), &names("things"));
    assert_eq!(found.maps, ["/byHash", "/lines/more"]);
}

#[test]
fn a_sample_without_json_is_named() {
    let fail = |json: &'static [u8]| infer(&[Sample { name: "x.json", json }]).unwrap_err();
    assert!(matches!(fail(b" \n"), InferError::Empty { .. }));
    assert!(matches!(fail(b""), InferError::Empty { .. }));
    let html = fail(b"<html>").to_string();
    assert!(html.starts_with("x.json is no JSON: ") && html.contains("line 1"), "{html}");
    assert!(matches!(infer(&[]), Err(InferError::NoSamples)));
}
