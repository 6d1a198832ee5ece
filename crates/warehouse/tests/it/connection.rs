//! Reaching the database, and trusting it.

use landing::{Classify, FailureKind};
use warehouse::{DatabaseSettings, Timeouts, Warehouse, WarehouseError, Write};

use crate::support::{World, settings};

async fn connect(settings: DatabaseSettings) -> Result<Warehouse, WarehouseError> {
    Warehouse::connect(settings, Timeouts::default()).await
}

/// The address without its query, and the query's root certificate.
fn parts(url: &str) -> (String, String) {
    let (head, query) = url.split_once('?').unwrap();
    let root = query.split('&').find_map(|pair| pair.strip_prefix("sslrootcert=")).unwrap();
    (head.to_owned(), root.to_owned())
}

#[tokio::test]
async fn verify_full_connects_with_the_right_authority_and_name() {
    let world = World::new(Write::Append, &[], None).await;
    let (head, root) = parts(&world.database.url);
    connect(settings(&format!("{head}?sslmode=verify-full&sslrootcert={root}"))).await.unwrap();
    connect(settings(&format!("{head}?sslmode=require"))).await.unwrap();
    connect(settings(&format!("{head}?sslmode=prefer"))).await.unwrap();
}

#[tokio::test]
async fn verify_full_refuses_an_unknown_authority() {
    let world = World::new(Write::Append, &[], None).await;
    let (head, _) = parts(&world.database.url);
    for mode in ["verify-full", "verify-ca"] {
        let error = connect(settings(&format!("{head}?sslmode={mode}&sslrootcert=system")))
            .await
            .unwrap_err();
        assert_eq!(error.name(), "connection_failed", "{error}");
        assert_eq!(error.kind(), FailureKind::Transient);
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

#[tokio::test]
async fn only_verify_full_minds_the_hosts_name() {
    let world = World::new(Write::Append, &[], None).await;
    let (head, root) = parts(&world.database.url);
    // Loopback by another name than those in the certificate.
    let head = head.replace("@localhost", "@127.0.0.2");
    let full = format!("{head}?sslmode=verify-full&sslrootcert={root}");
    assert!(connect(settings(&full)).await.is_err());
    let ca = format!("{head}?sslmode=verify-ca&sslrootcert={root}");
    match connect(settings(&ca)).await {
        Ok(_) => {}
        // The server may listen on 127.0.0.1 alone; then there is no handshake to judge.
        Err(error) => assert!(!error.to_string().contains("certificate"), "{error}"),
    }
}

#[tokio::test]
async fn without_tls_the_server_refuses() {
    let world = World::new(Write::Append, &[], None).await;
    let (head, _) = parts(&world.database.url);
    let error = connect(settings(&format!("{head}?sslmode=disable"))).await.unwrap_err();
    assert!(error.is_authentication(), "{error}");
}

#[tokio::test]
async fn a_wrong_password_is_transient_and_not_shown() {
    let world = World::new(Write::Append, &[], None).await;
    let settings = settings(&world.database.url).with_password("geheim");
    let error = connect(settings).await.unwrap_err();
    assert!(error.is_authentication(), "{error}");
    assert_eq!(error.kind(), FailureKind::Transient);
    assert!(!error.to_string().contains("geheim"));
}

#[tokio::test]
async fn a_missing_certificate_file_is_named() {
    let world = World::new(Write::Append, &[], None).await;
    let (head, _) = parts(&world.database.url);
    let url = format!("{head}?sslmode=verify-full&sslrootcert=/nowhere/roots.pem");
    let error = connect(settings(&url)).await.unwrap_err();
    assert!(error.to_string().contains("/nowhere/roots.pem"), "{error}");
}

#[tokio::test]
async fn a_lost_connection_is_made_anew() {
    let world = World::new(Write::Append, &[], None).await;
    let mut warehouse = world.warehouse().await;
    let key = world.put("1", 6, r#"[{"n":1}]"#);
    world.load(&mut warehouse, &key).await;
    world
        .ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    let key = world.put("1", 7, r#"[{"n":2}]"#);
    let mut outcome = world.try_load(&mut warehouse, world.facts(&key)).await;
    if let Err(error) = &outcome {
        assert_eq!(error.kind(), FailureKind::Transient, "{error}");
        outcome = world.try_load(&mut warehouse, world.facts(&key)).await;
    }
    assert_eq!(outcome.unwrap().name(), "loaded");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_first_connections_set_up_the_schema_once() {
    let world = World::new(Write::Append, &[], None).await;
    let connections = (0..8).map(|_| world.warehouse());
    futures::future::join_all(connections).await;
    assert_eq!(world.ask("SELECT min(version) FROM riacho.migrations").await, ["1"]);
}
