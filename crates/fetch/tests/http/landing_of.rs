//! What stands in the lake after a run.

use std::time::{Duration, Instant};

use bytes::Bytes;
use fetch::FetchRequest;
use landing::{ObjectKey, RawLocation};
use objects::PutOptions;
use serde_json::json;

use crate::api::{Api, ok};
use crate::ground::{Ground, TIME, dates, everything, run};

const POS: &str = r#"
[sources.api.partitions]
busDt = { kind = "date", last = 2 }
storeId = { kind = "list", values = ["1", "São João/+ 2"] }
[sources.api.endpoints.checks]
method = "POST"
path = "/res/getGuestChecks"
body = { busDt = "{busDt}", filter = { stores = ["{storeId}"], open = true, limit = 5 } }
"#;

#[tokio::test]
async fn an_answer_stands_byte_for_byte_under_the_contracts_key() {
    const BODY: &str = "{ \"guestChecks\" : [ 1.10,\n\t\"\\u00e9\" ] }\r\n";
    let (ground, api) = (Ground::start().await, Api::start(|_, _| ok(BODY)).await);
    let fetcher = ground.fetcher(&api.url(), POS);
    let report = run(&fetcher, dates("2026-11-01", "2026-11-01")).await;

    assert_eq!(report.written_count, 2, "{report:?}");
    let key = "raw/source=api/endpoint=checks/busDt=2026-11-01/storeId=1/20261104T060000Z.json";
    assert_eq!(ground.text(key).await.as_deref(), Some(BODY));
    let odd = report.written.iter().find(|key| key.as_str().contains("Jo")).unwrap();
    let location = RawLocation::parse(odd).unwrap();
    assert_eq!(location.scope.0[1].1, "São João/+ 2");
    assert_eq!(ground.text(odd.as_str()).await.as_deref(), Some(BODY));
    assert_eq!(report.bytes, 2 * BODY.len() as u64);
}

#[tokio::test]
async fn the_request_is_filled_in_from_the_scope() {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| ok("{}")).await);
    let fetcher = ground.fetcher(&format!("{}/base/", api.url()), POS);
    run(&fetcher, dates("2026-11-01", "2026-11-01")).await;
    let asked = api.asked();
    let odd = asked.iter().find(|asked| asked.body.contains("Jo")).unwrap();
    assert_eq!(odd.method, "POST");
    assert_eq!(odd.uri.path(), "/base/res/getGuestChecks");
    assert_eq!(odd.header("content-type"), Some("application/json"));
    assert_eq!(odd.header("accept-encoding"), Some("identity"));
    let body = serde_json::from_str::<serde_json::Value>(&odd.body).unwrap();
    let stores = json!({"stores": ["São João/+ 2"], "open": true, "limit": 5});
    assert_eq!(body, json!({"busDt": "2026-11-01", "filter": stores}));
}

#[tokio::test]
async fn a_value_in_path_and_query_never_changes_the_addresss_structure() {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| ok("{}")).await);
    let rest = r#"
        [sources.api.partitions]
        s = { kind = "list", values = ["a/b?c&d=e+f g%"] }
        [sources.api.endpoints.e]
        path = "/stores/{s}/x"
        query = { store = "{s}", fixed = "1" }
    "#;
    run(&ground.fetcher(&api.url(), rest), everything()).await;
    let asked = &api.asked()[0];
    assert_eq!(asked.uri.path(), "/stores/a%2Fb%3Fc%26d%3De%2Bf%20g%25/x");
    assert_eq!(asked.query(), "store=a%2Fb%3Fc%26d%3De%2Bf%20g%25&fixed=1");
}

#[tokio::test]
async fn metadata_says_how_an_object_came_about_and_nothing_secret() {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| ok("{}")).await);
    let rest = r#"
        auth = { kind = "api_key", query = "key", value = "${TOKEN}" }
        [sources.api.partitions]
        d = { kind = "list", values = ["1"] }
        [sources.api.endpoints.e]
        path = "/e"
        query = { day = "{d}", other = "${TOKEN}" }
    "#;
    let report = run(&ground.fetcher(&api.url(), rest), everything()).await;
    assert_eq!(api.asked()[0].query(), "day=1&other=hunter2&key=hunter2");
    let metadata = ground.head(report.written[0].as_str()).await.metadata;
    let field = |name: &str| metadata.get(name).map(String::as_str).unwrap_or("");
    assert_eq!(field("method"), "GET");
    let shown = format!("{}/e?day=1&other=***&key=***", api.url());
    assert_eq!(field("address"), shown);
    assert_eq!(field("partitions"), "d=1");
    assert_eq!((field("status"), field("pages")), ("200", "1"));
    assert_eq!(field("run-id"), report.run_id);
    assert_eq!(field("sha256"), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    assert!(field("fetched-at").ends_with('Z'));
    assert!(!format!("{metadata:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_run_repeated_with_its_time_asks_for_nothing_that_is_there() {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| ok("{}")).await);
    let fetcher = ground.fetcher(&api.url(), POS);
    let first = run(&fetcher, everything()).await;
    assert_eq!((first.written_count, first.skipped), (4, 0));
    let second = run(&fetcher, everything()).await;
    assert_eq!((second.written_count, second.skipped), (0, 4));
    assert_eq!(api.asked().len(), 4, "a HEAD of the object is enough");
    assert_ne!(first.run_id, second.run_id);
}

#[tokio::test]
async fn default_windows_end_at_the_runs_time() {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| ok("{}")).await);
    let fetcher = ground.fetcher(&api.url(), POS);
    let report = run(&fetcher, everything()).await;
    let mut days = report.written.iter().map(|key| {
        let location = RawLocation::parse(key).unwrap();
        location.scope.0[0].1.clone()
    });
    assert!(days.all(|day| day == "2026-11-02" || day == "2026-11-03"));
}

#[tokio::test]
async fn a_compressed_object_says_so_in_its_name() {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| ok("{\"a\":1}")).await);
    let rest = "[sources.api.endpoints.e]\npath = \"/e\"\ncompression = \"zstd\"\n";
    let report = run(&ground.fetcher(&api.url(), rest), everything()).await;
    let key = "raw/source=api/endpoint=e/20261104T060000Z.json.zst";
    assert_eq!(report.written[0].as_str(), key);
    let object = landing::LandedObject::named("lake", ObjectKey::new(key));
    let mut body = ground.lake.read(&object).await.unwrap().decoded();
    assert_eq!(&body.chunk().await.unwrap().unwrap()[..], b"{\"a\":1}");
}

#[tokio::test]
async fn a_large_answer_passes_through() {
    let body = vec![b'7'; 20 << 20];
    let (ground, api) = (Ground::start().await, Api::start(move |_, _| ok(body.clone())).await);
    let rest = "[sources.api.endpoints.e]\npath = \"/e\"\n";
    let report = run(&ground.fetcher(&api.url(), rest), everything()).await;
    assert_eq!(report.bytes, 20 << 20, "{report:?}");
    assert_eq!(ground.head(report.written[0].as_str()).await.bytes, 20 << 20);
}

#[tokio::test]
async fn stores_come_from_a_list_in_the_lake() {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| ok("{}")).await);
    let csv = Bytes::from_static(b"name,storeId\n\"x, y\",0042\nz,7\n");
    let key = ObjectKey::new("config/stores.csv");
    ground.lake.put("lake", &key, csv, PutOptions::default()).await.unwrap();
    let rest = r#"
        [sources.api.partitions]
        store = { kind = "list", from = "s3://lake/config/stores.csv", column = "storeId" }
        [sources.api.endpoints.e]
        path = "/{store}"
    "#;
    let report = run(&ground.fetcher(&api.url(), rest), everything()).await;
    assert_eq!(report.written_count, 2);
    let mut paths = api.asked().iter().map(|asked| asked.uri.path().to_owned()).collect::<Vec<_>>();
    paths.sort();
    assert_eq!(paths, ["/0042", "/7"]);
}

#[tokio::test]
async fn a_source_is_asked_no_harder_than_its_limits_say() {
    let pause = Duration::from_millis(30);
    let (ground, api) = (Ground::start().await, Api::start_slow(pause, |_, _| ok("{}")).await);
    let text = format!(
        r#"
        [lake]
        bucket = "lake"
        [sources.api]
        base_url = "{}"
        limits = {{ requests_per_second = 20, concurrency = 2 }}
        [sources.api.partitions]
        s = {{ kind = "list", values = ["1", "2", "3", "4", "5", "6", "7"] }}
        [sources.api.endpoints.e]
        path = "/{{s}}"
        "#,
        api.url()
    );
    let fetcher = ground.fetcher_of(&text);
    let start = Instant::now();
    let report = run(&fetcher, everything()).await;
    assert_eq!(report.written_count, 7);
    assert!(start.elapsed() >= Duration::from_millis(300), "seven slots of 50 ms");
    assert!(api.most_at_once() <= 2);
}

#[tokio::test]
async fn what_there_is_no_time_for_is_counted_and_comes_with_the_next_run() {
    let pause = Duration::from_millis(150);
    let (ground, api) = (Ground::start().await, Api::start_slow(pause, |_, _| ok("{}")).await);
    let stores = (0..100).map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(",");
    let rest = format!(
        "[sources.api.partitions]\ns = {{ kind = \"list\", values = [{stores}] }}\n\
         [sources.api.endpoints.e]\npath = \"/{{s}}\"\n"
    );
    let fetcher = ground.fetcher(&api.url(), &rest);
    let deadline = Instant::now() + Duration::from_secs(2);
    let report = fetcher.run(everything(), Some(deadline), &()).await.unwrap();
    assert!(Instant::now() < deadline);
    assert!(report.left > 0 && report.written_count > 0, "{report:?}");
    assert_eq!(report.left + report.written_count, 100);
    assert_eq!(report.failed_count, 0, "{report:?}");
    let next = run(&fetcher, everything()).await;
    assert_eq!(next.skipped, report.written_count);
    assert_eq!(next.written_count, report.left);
}

#[tokio::test]
async fn a_request_for_what_is_not_configured_names_what_is() {
    let ground = Ground::start().await;
    let fetcher = ground.fetcher("http://127.0.0.1:1", POS);
    let ask = |request: FetchRequest| async {
        let error = fetcher.run(request, None, &()).await.unwrap_err();
        error.to_string()
    };
    let of = |source: Option<&str>, endpoints: &[&str]| FetchRequest {
        source: source.map(str::to_owned),
        endpoints: endpoints.iter().map(|name| (*name).to_owned()).collect(),
        ..everything()
    };
    assert!(ask(of(Some("apo"), &[])).await.contains("there are `api`"));
    assert!(ask(of(None, &["chekcs"])).await.contains("there are `checks`"));
    let mut request = dates("2026-11-02", "2026-11-01");
    assert!(ask(request.clone()).await.contains("lies before"));
    let range = request.partitions.remove("busDt").unwrap();
    request.partitions.insert("busDate".to_owned(), range);
    assert!(ask(request).await.contains("there are `busDt`, `storeId`"));
}

#[tokio::test]
async fn an_invocation_answers_what_it_did() {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| ok("{}")).await);
    let fetcher = ground.fetcher(&api.url(), POS);
    let event = json!({
        "source": "api", "endpoints": ["checks"], "time": TIME,
        "partitions": {"busDt": {"from": "2026-11-01", "to": "2026-11-03"}, "storeId": ["9"]}
    });
    let now = "2027-01-01T00:00:00Z".parse().unwrap();
    let answer = fetcher.handle(&event, now, None).await.unwrap();
    assert_eq!(answer["written_count"], 3);
    assert_eq!(answer["time"], TIME);
    assert_eq!(
        answer["written"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|key| key.as_str().unwrap().ends_with("storeId=9/20261104T060000Z.json"))
            .count(),
        3
    );
}

#[tokio::test]
async fn a_run_can_be_given_to_a_task_of_its_own() {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| ok("{}")).await);
    let fetcher = ground.fetcher(&api.url(), POS);
    let task = tokio::spawn(async move { fetcher.run(everything(), None, &()).await });
    assert_eq!(task.await.unwrap().unwrap().written_count, 4);
}

#[tokio::test]
async fn a_plan_names_the_objects_that_a_run_would_write() {
    let ground = Ground::start().await;
    let fetcher = ground.fetcher("http://127.0.0.1:1", POS);
    let plan = fetcher.plan(&dates("2026-11-01", "2026-11-01")).await.unwrap();
    let time = "20261104T060000Z".parse().unwrap();
    let keys = plan.tasks().map(|task| task.key(time)).collect::<Vec<_>>();
    assert_eq!(keys.len() as u64, plan.scopes());
    assert_eq!(
        keys[0].as_str(),
        "raw/source=api/endpoint=checks/busDt=2026-11-01/storeId=1/20261104T060000Z.json"
    );
}
