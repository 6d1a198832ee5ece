//! Who is shown which credentials.

use crate::api::{Api, ok, status, with_header};
use crate::ground::{Ground, everything, run};

const ONE: &str = "[sources.api.endpoints.e]\npath = \"/e\"\n";

async fn header_sent(auth: &str, name: &str) -> Option<String> {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| ok("{}")).await);
    run(&ground.fetcher(&api.url(), &format!("auth = {auth}\n{ONE}")), everything()).await;
    api.asked()[0].header(name).map(str::to_owned)
}

#[tokio::test]
async fn each_kind_of_credentials_stands_where_it_belongs() {
    let bearer = header_sent(r#"{ kind = "bearer", token = "${TOKEN}" }"#, "authorization").await;
    assert_eq!(bearer.as_deref(), Some("Bearer hunter2"));
    let basic = r#"{ kind = "basic", username = "joe", password = "${TOKEN}" }"#;
    let basic = header_sent(basic, "authorization").await;
    assert_eq!(basic.as_deref(), Some("Basic am9lOmh1bnRlcjI="));
    let key = r#"{ kind = "api_key", header = "X-Api-Key", value = "${TOKEN}" }"#;
    assert_eq!(header_sent(key, "x-api-key").await.as_deref(), Some("hunter2"));
    assert_eq!(header_sent(r#"{ kind = "none" }"#, "authorization").await, None);
}

#[tokio::test]
async fn credentials_never_follow_a_redirect_to_another_host() {
    let other = Api::start(|_, _| ok("{\"moved\":1}")).await;
    let target = format!("{}/there", other.url());
    let (ground, api) = (
        Ground::start().await,
        Api::start(move |asked, _| match asked.uri.path() {
            "/e" => with_header("location", "/e2", status(302, "")),
            _ => with_header("location", &target, status(307, "")),
        })
        .await,
    );
    let rest = format!(
        "auth = {{ kind = \"bearer\", token = \"${{TOKEN}}\" }}\nheaders = {{ X-Key = \"k\" }}\n{ONE}"
    );
    let report = run(&ground.fetcher(&api.url(), &rest), everything()).await;
    assert_eq!(report.written_count, 1, "{report:?}");
    assert_eq!(api.asked()[1].header("authorization"), Some("Bearer hunter2"));
    let arrived = &other.asked()[0];
    assert_eq!(arrived.header("authorization"), None);
    assert_eq!(arrived.header("x-key"), None);
}

#[tokio::test]
async fn a_redirect_never_loses_a_body_nor_goes_round_for_ever() {
    let post =
        "[sources.api.endpoints.e]\nmethod = \"POST\"\npath = \"/e\"\nbody = { a = \"1\" }\n";
    for code in [302, 307] {
        let (ground, api) = (
            Ground::start().await,
            Api::start(move |asked, _| match asked.uri.path() {
                "/e" => with_header("location", "/e2", status(code, "")),
                _ => ok("{}"),
            })
            .await,
        );
        let report = run(&ground.fetcher(&api.url(), post), everything()).await;
        if code == 302 {
            assert_eq!(report.failed[0].reason, "redirect");
        } else {
            assert_eq!(report.written_count, 1);
            assert_eq!(api.asked()[1].body, "{\"a\":\"1\"}");
        }
    }
    let round = Api::start(|_, _| with_header("location", "/e", status(302, ""))).await;
    let ground = Ground::start().await;
    let report = run(&ground.fetcher(&round.url(), ONE), everything()).await;
    assert_eq!(report.failed[0].reason, "redirects");
    assert_eq!(round.asked().len(), 6);
}

#[tokio::test]
async fn a_token_is_got_once_for_all_scopes_and_anew_when_it_is_refused() {
    let (ground, api) = (
        Ground::start().await,
        Api::start(|asked, number| match asked.uri.path() {
            "/token" => ok(format!(
                "{{\"access_token\":\"t{number}\",\"token_type\":\"bearer\",\"expires_in\":3600}}"
            )),
            _ if asked.header("authorization") == Some("Bearer t0") && number > 3 => {
                status(401, "expired")
            }
            _ => ok("{}"),
        })
        .await,
    );
    let rest = format!(
        "auth = {{ kind = \"oauth2\", token_url = \"{}/token\", client_id = \"me:\", client_secret = \"${{TOKEN}}\", scope = \"read\" }}\n\
         [sources.api.partitions]\ns = {{ kind = \"list\", values = [\"1\", \"2\", \"3\"] }}\n\
         [sources.api.endpoints.e]\npath = \"/{{s}}\"\n",
        api.url()
    );
    let fetcher = ground.fetcher(&api.url(), &rest);
    assert_eq!(run(&fetcher, everything()).await.written_count, 3);
    let token = &api.asked()[0];
    assert_eq!(token.body, "grant_type=client_credentials&scope=read");
    assert_eq!(token.header("authorization"), Some("Basic bWUlM0E6aHVudGVyMg=="));
    let tokens = |api: &Api| api.asked().iter().filter(|a| a.uri.path() == "/token").count();
    assert_eq!(tokens(&api), 1);

    let mut later = everything();
    later.time = "2026-11-05T06:00:00Z".parse().unwrap();
    let report = run(&fetcher, later).await;
    assert_eq!(report.written_count, 3, "{report:?}");
    assert!(tokens(&api) >= 2);
}

#[tokio::test]
async fn refused_credentials_are_tried_once_more_and_then_are_ours_to_mend() {
    let (ground, api) = (Ground::start().await, Api::start(|_, _| status(401, "who?")).await);
    let rest = format!("auth = {{ kind = \"bearer\", token = \"${{TOKEN}}\" }}\n{ONE}");
    let report = run(&ground.fetcher(&api.url(), &rest), everything()).await;
    assert_eq!(report.failed[0].reason, "unauthorised");
    assert!(report.can_be_helped());
    assert_eq!(api.asked().len(), 2);
    assert!(!format!("{report:?}").contains("hunter2"));
}
