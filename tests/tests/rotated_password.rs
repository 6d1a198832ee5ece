//! A database password that Secrets Manager rotates while load is warm: the next object loads all
//! the same, over a new connection with the new password.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::post;
use serde_json::{Value, json};
use tests::{Function, FunctionOptions, Pipe, workspace_binary};

type Password = Arc<Mutex<String>>;

/// The parts of `postgres://user:password@host:port/name?…&sslrootcert=…`.
struct Address {
    user: String,
    password: String,
    port: String,
    name: String,
    certificate: String,
}

fn address(url: &str) -> Address {
    let decoded =
        |text: &str| landing::ObjectKey::from_percent_encoded(text).unwrap().as_str().to_owned();
    let (address, options) = url.split_once('?').unwrap();
    let (credentials, place) =
        address.strip_prefix("postgres://").unwrap().split_once('@').unwrap();
    let (user, password) = credentials.split_once(':').unwrap();
    let (host, name) = place.split_once('/').unwrap();
    let certificate = options.split('&').find_map(|option| option.strip_prefix("sslrootcert="));
    Address {
        user: decoded(user),
        password: decoded(password),
        port: host.rsplit_once(':').unwrap().1.to_owned(),
        name: decoded(name),
        certificate: decoded(certificate.unwrap()),
    }
}

/// Answers `GetSecretValue` as Secrets Manager does, with the password of the hour.
async fn secrets_manager(address: &Address) -> (String, Password) {
    let password = Arc::new(Mutex::new(address.password.clone()));
    let secret = json!({ "engine": "postgres", "host": "localhost", "port": address.port,
        "username": address.user, "dbname": address.name });
    let answer = move |State(password): State<Password>| async move {
        let mut secret = secret.clone();
        secret["password"] = json!(*password.lock().unwrap());
        axum::Json(json!({ "Name": "db", "SecretString": secret.to_string(),
            "ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-a1b2c3",
            "VersionId": "7e2b1c1e-95df-4a4a-8c1e-0e1c3d5f7a01" }))
    };
    let router = Router::new().route("/", post(answer)).with_state(Arc::clone(&password));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (endpoint, password)
}

fn load(pipe: &Pipe, address: &Address, endpoint: &str) -> Function {
    let mut options = FunctionOptions::new("load", workspace_binary("load").unwrap());
    options.environment.clone_from(pipe.environment());
    options.environment.remove("DATABASE_URL");
    Function::deploy(
        options
            .with("RIACHO_DB_SECRET", "db")
            .with("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint)
            .with("PGSSLMODE", "verify-full")
            .with("PGSSLROOTCERT", &address.certificate),
    )
}

async fn loaded(load: &Function, key: &str) -> Value {
    load.invoke(&json!({ "keys": [key] })).await.unwrap()["loaded"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_password_is_fetched_anew_once_the_old_one_is_refused() {
    let pipe = Pipe::start().await;
    let address = address(&pipe.database.url);
    let (endpoint, password) = secrets_manager(&address).await;
    let load = load(&pipe, &address, &endpoint);
    let (first, second) =
        ("raw/source=shop/endpoint=orders/1.json", "raw/source=shop/endpoint=orders/2.json");
    pipe.put(first, "{\"id\":1}").await;
    pipe.put(second, "{\"id\":2}").await;
    assert_eq!(loaded(&load, first).await, 1);

    let rotated = "another 'password'";
    let quoted = rotated.replace('\'', "''");
    pipe.sql(&format!("alter role current_user password '{quoted}'")).await;
    rotated.clone_into(&mut password.lock().unwrap());
    pipe.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .await;

    assert_eq!(loaded(&load, second).await, 1);
    assert_eq!(pipe.one("select count(*) from shop.orders").await, "2");
}
