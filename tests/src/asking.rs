//! Asking the database as anybody might: an ordinary client, TLS verified.
#![allow(clippy::unwrap_used, clippy::panic)]

use tokio_postgres::{Client, SimpleQueryMessage};

/// A connection to a test's database.
///
/// # Panics
/// Where there is none: a test without its database has nothing to say.
pub async fn connect(url: &str) -> Client {
    let (address, options) = url.split_once('?').unwrap();
    let certificate = options.split('&').find_map(|option| option.strip_prefix("sslrootcert="));
    let path = landing::ObjectKey::from_percent_encoded(certificate.unwrap()).unwrap();
    let pem = std::fs::read(path.as_str()).unwrap();
    let tls = native_tls::TlsConnector::builder()
        .add_root_certificate(native_tls::Certificate::from_pem(&pem).unwrap())
        .build()
        .unwrap();
    let tls = postgres_native_tls::MakeTlsConnector::new(tls);
    let address = format!("{address}?sslmode=require");
    let (client, connection) = tokio_postgres::connect(&address, tls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The rows of an answer, every column as text.
///
/// # Panics
/// Where the database refuses the question.
pub async fn ask(client: &Client, query: &str) -> Vec<Vec<Option<String>>> {
    let messages = client.simple_query(query).await;
    let messages = messages.unwrap_or_else(|error| panic!("{query}: {error:?}"));
    let rows = messages.iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    rows.map(|row| (0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()).collect()
}
