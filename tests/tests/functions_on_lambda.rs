//! The function binaries as AWS runs them: every form of event in `events/`, one after another, on
//! one lake and one warehouse.
#![allow(clippy::unwrap_used, clippy::panic)]

use embedded::sample_api::{SAMPLE_CONFIGURATION, SampleApi, SampleOptions};
use tests::{Function, Pipe, SAMPLE_EVENTS, assert_success, sample_event};

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_event_is_handled_by_its_function() {
    let api = SampleApi::start(SampleOptions::default()).await.unwrap();
    let configuration = SAMPLE_CONFIGURATION
        .replace("${POS_API_URL}", api.base_url())
        .replace("${POS_API_TOKEN}", api.token());
    let pipe = Pipe::configured(&configuration).await;
    let fetch = pipe.deploy("fetch");

    for (name, file) in SAMPLE_EVENTS {
        let function = match name {
            "fetch" => &fetch,
            "load" => &pipe.load,
            _ => &pipe.manifest,
        };
        let event = sample_event(name, file);
        let answer = function.invoke(&event).await;
        let answer = answer.unwrap_or_else(|error| {
            panic!("{name}/{file}: {error}\n{}", last_lines(function));
        });
        assert_success(name, file, &event, &answer);
        // What was put under `raw/` comes to load as S3 would bring it.
        for loaded in pipe.deliver().await {
            loaded.unwrap();
        }
    }

    assert!(pipe.open().await.is_empty(), "{:?}", pipe.open().await);
    let landed = pipe.keys("raw/").await.len();
    let loaded = pipe.one("select count(*) from riacho.objects where status <> 'failed'").await;
    assert_eq!(loaded, landed.to_string());
    let stores = "select string_agg(distinct store_id, ',' order by store_id) \
                  from pos.guest_checks where bus_dt = '2026-11-01'";
    assert_eq!(pipe.one(stores).await, "0042,1,2,99 CB/CB,São José,Vila+Rica");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_configuration_is_told_to_each_event_instead_of_a_crash() {
    let pipe = Pipe::configured("[lake]\nbuket = \"x\"\n").await;
    let event = sample_event("load", "keys.json");
    for function in [&pipe.load, &pipe.manifest] {
        for _ in 0..2 {
            let error = function.invoke(&event).await.unwrap_err().to_string();
            assert!(error.contains("2:1: lake: unknown key `buket`"), "{error}");
        }
    }
}

fn last_lines(function: &Function) -> String {
    let log = function.log();
    let lines = log.lines().rev().take(20).collect::<Vec<_>>();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
