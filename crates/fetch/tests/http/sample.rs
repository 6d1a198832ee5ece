//! The sample point-of-sale API with the configuration that comes with it.

use configuration::Configuration;
use embedded::sample_api::{Fault, SAMPLE_CONFIGURATION, SampleApi, SampleOptions, When};
use fetch::Fetcher;
use secrets::Secrets;

use crate::ground::{Ground, everything, run};

async fn start(ground: &Ground) -> (SampleApi, Fetcher) {
    let api = SampleApi::start(SampleOptions::default()).await.unwrap();
    let environment = |name: &str| match name {
        "RIACHO_BUCKET" => Some("lake".to_owned()),
        "POS_API_URL" => Some(api.base_url().to_owned()),
        "POS_API_TOKEN" => Some(api.token().to_owned()),
        _ => None,
    };
    let configuration = Configuration::parse(SAMPLE_CONFIGURATION, "riacho.toml", &environment);
    let configuration = configuration.unwrap_or_else(|error| panic!("{error}"));
    let fetcher = Fetcher::new(configuration, ground.lake.clone(), Secrets::from_env());
    (api, fetcher.unwrap())
}

#[tokio::test]
async fn every_scope_of_the_chain_lands_though_the_api_misbehaves() {
    let ground = Ground::start().await;
    let (api, fetcher) = start(&ground).await;
    let scopes = fetcher.plan(&everything()).await.unwrap().scopes();
    api.misbehave(Fault::TooManyRequests { retry_after_s: 1, as_date: true }, When::times(2));
    api.misbehave(Fault::ServerError { status: 500 }, When::times(3));
    api.misbehave(Fault::CutOff, When::times(2));
    api.misbehave(Fault::Slow { first_byte_ms: 50, dribble_ms: 5 }, When::times(5));
    let report = run(&fetcher, everything()).await;
    assert_eq!(report.failed, [], "everything that passes is tried again");
    assert_eq!(report.written_count, scopes);
    for key in report.written.iter().take(20) {
        let text = ground.text(key.as_str()).await.unwrap();
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{key}");
    }
    let again = run(&fetcher, everything()).await;
    assert_eq!((again.written_count, again.skipped), (0, scopes));
}

#[tokio::test]
async fn what_the_api_answers_lands_however_wrong_it_is() {
    let ground = Ground::start().await;
    let (api, fetcher) = start(&ground).await;
    api.misbehave(Fault::HtmlPage, When::times(1));
    api.misbehave(Fault::TruncatedJson, When::times(1));
    api.misbehave(Fault::WrongEncoding, When::times(1));
    let report = run(&fetcher, everything()).await;
    assert_eq!(report.failed, []);
}
