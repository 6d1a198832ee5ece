//! Answers that come in pages stand in one object, each page followed by a newline.

use axum::body::Body;
use axum::http::Response;

use crate::api::{Api, Asked, ok, status, with_header};
use crate::ground::{Ground, everything, run};

const KEY: &str = "raw/source=api/endpoint=e/20261104T060000Z.json";

/// Lands an endpoint with these lines, and gives what stands in its object and what was asked.
async fn landed(
    lines: &str,
    script: impl Fn(&Asked, usize) -> Response<Body> + Send + Sync + 'static,
) -> (Option<String>, Vec<Asked>) {
    let (ground, api) = (Ground::start().await, Api::start(script).await);
    let rest = format!("[sources.api.endpoints.e]\npath = \"/e\"\n{lines}\n");
    run(&ground.fetcher(&api.url(), &rest), everything()).await;
    (ground.text(KEY).await, api.asked())
}

fn queries(asked: &[Asked]) -> Vec<&str> {
    asked.iter().map(Asked::query).collect()
}

#[tokio::test]
async fn a_cursor_goes_back_in_the_query() {
    let lines = "query = { q = \"x\" }\npages = { kind = \"cursor\", from = \"/meta/next\", param = \"cursor\" }";
    let (text, asked) = landed(lines, |_, number| match number {
        0 => ok(r#"{"a":1,"meta":{"next":"c&2"}}"#),
        1 => ok(r#"{"a":2,"meta":{"next":7}}"#),
        _ => ok(r#"{"a":3,"meta":{"next":null}}"#),
    })
    .await;
    let text = text.unwrap();
    assert_eq!(text.lines().count(), 3);
    assert!(text.ends_with("}}\n"), "{text}");
    assert_eq!(queries(&asked), ["q=x", "q=x&cursor=c%262", "q=x&cursor=7"]);
}

#[tokio::test]
async fn a_cursor_goes_back_in_the_body() {
    let lines = "method = \"POST\"\nbody = { limit = 2 }\n\
        pages = { kind = \"cursor\", from = \"/cursor\", param = \"cursor\", into = \"body\" }";
    let (text, asked) = landed(lines, |_, number| match number {
        0 => ok(r#"{"cursor":"c2"}"#),
        _ => ok(r#"{}"#),
    })
    .await;
    assert_eq!(text.as_deref(), Some("{\"cursor\":\"c2\"}\n{}\n"));
    assert_eq!(asked[1].body, r#"{"limit":2,"cursor":"c2"}"#);
}

#[tokio::test]
async fn the_link_header_leads_on() {
    let lines = "query = { per_page = \"2\" }\npages = { kind = \"link_header\" }";
    let (text, asked) = landed(lines, |asked, number| match number {
        0 => {
            let host = asked.header("host").unwrap();
            let link = format!("<http://{host}/e?page=2>; rel=\"next\"");
            with_header("link", &link, ok("[1]"))
        }
        _ => with_header("link", "</e?page=1>; rel=\"prev\"", ok("[2]")),
    })
    .await;
    assert_eq!(text.as_deref(), Some("[1]\n[2]\n"));
    assert_eq!(queries(&asked), ["per_page=2", "page=2"]);
}

#[tokio::test]
async fn the_document_leads_on() {
    let lines = "pages = { kind = \"next_url\", from = \"/next\" }";
    let (text, asked) = landed(lines, |_, number| match number {
        0 => ok(r#"{"next":"/e?after=1"}"#),
        _ => ok(r#"{"next":""}"#),
    })
    .await;
    assert_eq!(text.unwrap().lines().count(), 2);
    assert_eq!(queries(&asked), ["", "after=1"]);
}

#[tokio::test]
async fn numbered_pages_end_with_a_short_one_or_an_empty_one() {
    let sized = "records = \"/r\"\npages = { kind = \"page\", param = \"p\", size = 2, size_param = \"n\" }";
    let (text, asked) = landed(sized, |_, number| match number {
        0 => ok(r#"{"r":[1,2]}"#),
        _ => ok(r#"{"r":[3]}"#),
    })
    .await;
    assert_eq!(text.unwrap().lines().count(), 2);
    assert_eq!(queries(&asked), ["p=1&n=2", "p=2&n=2"]);

    let unsized_pages = "pages = { kind = \"page\", param = \"p\", start = 0 }";
    let (text, asked) = landed(unsized_pages, |_, number| match number {
        0 | 1 => ok(format!("[{number}]")),
        _ => ok("[]"),
    })
    .await;
    assert_eq!(text.as_deref(), Some("[0]\n[1]\n[]\n"));
    assert_eq!(queries(&asked), ["p=0", "p=1", "p=2"]);
}

#[tokio::test]
async fn offsets_count_the_records_there_were() {
    let lines = "pages = { kind = \"offset\", param = \"skip\", size = 2, size_param = \"take\" }";
    let (text, asked) = landed(lines, |_, number| match number {
        0 => ok("[1,2]"),
        _ => ok("[3]"),
    })
    .await;
    assert_eq!(text.as_deref(), Some("[1,2]\n[3]\n"));
    assert_eq!(queries(&asked), ["skip=0&take=2", "skip=2&take=2"]);
}

#[tokio::test]
async fn a_page_that_fails_is_tried_by_itself() {
    let lines = "pages = { kind = \"cursor\", from = \"/next\", param = \"c\" }";
    let (text, asked) = landed(lines, |_, number| match number {
        0 => ok(r#"{"next":"2"}"#),
        1 => with_header("retry-after", "0", status(503, "")),
        2 => ok("<html>sorry</html>"),
        _ => ok("{}"),
    })
    .await;
    assert_eq!(text.as_deref(), Some("{\"next\":\"2\"}\n{}\n"));
    assert_eq!(asked.len(), 4);
}

#[tokio::test]
async fn a_page_that_is_tried_again_keeps_its_number() {
    let lines = "pages = { kind = \"page\", param = \"p\" }";
    let (text, asked) = landed(lines, |_, number| match number {
        0 => ok("[1]"),
        1 => ok("<html>sorry</html>"),
        2 => ok("[2]"),
        _ => ok("[]"),
    })
    .await;
    assert_eq!(text.as_deref(), Some("[1]\n[2]\n[]\n"));
    assert_eq!(queries(&asked), ["p=1", "p=2", "p=2", "p=3"]);
}

#[tokio::test]
async fn pages_without_an_end_are_a_failure_and_leave_nothing() {
    let script = |_: &Asked, _| ok(r#"{"next":"again"}"#);
    let lines = "pages = { kind = \"cursor\", from = \"/next\", param = \"c\" }";
    let (text, asked) = landed(lines, script).await;
    assert_eq!((text, asked.len()), (None, 2), "a page that leads to itself");

    let lines = "pages = { kind = \"cursor\", from = \"/next\", param = \"c\", max_pages = 3 }";
    let (text, asked) = landed(lines, |_, number| ok(format!("{{\"next\":{number}}}"))).await;
    assert_eq!((text, asked.len()), (None, 3), "more pages than allowed");
}
