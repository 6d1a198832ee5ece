//! The server: a listener on the loopback address, and a task for each connection.

use std::path::PathBuf;
use std::sync::Arc;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::validation::{AwsNameValidation, NameValidation};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::error::S3Error;
use super::event::ObjectEvent;
use super::service::Service;
use super::state::Versioning;
use super::store::Store;

/// Where the server keeps objects, and who may ask for them.
#[derive(Debug, Clone)]
pub struct S3Options {
    /// Holds everything; made where it is missing.
    pub dir: PathBuf,
    /// 0 for any.
    pub port: u16,
    /// The access key that requests are signed with.
    pub access_key: String,
    /// The secret to it.
    pub secret_key: String,
    /// Buckets that shall exist, and whether each keeps versions.
    pub buckets: Vec<(String, bool)>,
}

impl S3Options {
    /// A server on any port, for `test` with secret `test`, with these buckets.
    pub fn new(dir: impl Into<PathBuf>, buckets: &[(&str, bool)]) -> Self {
        Self {
            dir: dir.into(),
            port: 0,
            access_key: "test".to_owned(),
            secret_key: "test".to_owned(),
            buckets: buckets
                .iter()
                .map(|(name, versioned)| ((*name).to_owned(), *versioned))
                .collect(),
        }
    }
}

/// A running server. Dropped, it stops.
#[derive(Debug)]
pub struct S3Server {
    endpoint: String,
    store: Arc<Store>,
    accepting: JoinHandle<()>,
    stop: DropGuard,
}

impl S3Server {
    /// Starts to answer.
    pub async fn start(options: S3Options) -> Result<Self, S3Error> {
        let store = Arc::new(Store::open(&options.dir)?);
        make_buckets(&store, &options)?;
        let listen = |source| S3Error::Listen { port: options.port, source };
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await.map_err(listen)?;
        let endpoint = format!("http://{}", listener.local_addr().map_err(listen)?);
        let mut builder = S3ServiceBuilder::new(Service { store: Arc::clone(&store) });
        builder.set_auth(SimpleAuth::from_single(options.access_key, options.secret_key));
        let stop = CancellationToken::new();
        let accepting = tokio::spawn(accept(listener, builder.build(), stop.clone()));
        tracing::debug!(s3.endpoint = endpoint, "S3 server listens");
        Ok(Self { endpoint, store, accepting, stop: stop.drop_guard() })
    }

    /// The address for `AWS_ENDPOINT_URL_S3`.
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// Events of every write from now on, in the order of the writes.
    pub fn events(&self) -> UnboundedReceiver<ObjectEvent> {
        self.store.subscribe()
    }

    /// Stops; requests under way are cut off.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.accepting.await {
            tracing::warn!(%error, "S3 server did not stop cleanly");
        }
    }
}

fn make_buckets(store: &Store, options: &S3Options) -> Result<(), S3Error> {
    for (name, versioned) in &options.buckets {
        if !AwsNameValidation::new().validate_bucket_name(name) {
            return Err(S3Error::BucketName(name.clone()));
        }
        let made = store.create_bucket(name).and_then(|_| {
            let current = store.bucket(name, |bucket| Ok(bucket.versioning))?;
            match (versioned, current) {
                (true, Versioning::Never | Versioning::Suspended) => {
                    store.set_versioning(name, Versioning::Enabled)
                }
                (true, Versioning::Enabled) | (false, _) => Ok(()),
            }
        });
        made.map_err(|error| S3Error::Directory {
            path: options.dir.clone(),
            source: std::io::Error::other(error),
        })?;
    }
    Ok(())
}

async fn accept(listener: TcpListener, service: S3Service, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                // Small answers must not wait for the acknowledgement of the last ones.
                let _ = stream.set_nodelay(true);
                let service = service.clone();
                connections.spawn(async move {
                    let builder = Builder::new(TokioExecutor::new());
                    let served = builder.serve_connection(TokioIo::new(stream), service);
                    if let Err(error) = served.await {
                        tracing::debug!(%error, "S3 connection broke");
                    }
                });
            }
            Err(error) => tracing::warn!(%error, "S3 server cannot accept a connection"),
        }
    }
    connections.shutdown().await;
}
