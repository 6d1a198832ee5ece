//! A point-of-sale API with five endpoints and believable, seeded data: the same question always
//! gets the same bytes. On command it misbehaves, as real ones do without.
//!
//! For the demo, `riacho dev` and tests. It invents a restaurant chain; it is nobody's product.

mod aftermath;
mod amount;
mod calendar;
mod cash_document;
mod check;
mod check_document;
mod day;
mod dice;
mod documents;
mod drift;
mod endpoint;
mod fiscal_document;
mod json;
mod menu;
mod misbehaviour;
mod ordering;
mod payment;
mod payment_document;
mod server;
mod stores;
mod till;
mod wire;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use day::World;
pub use dice::Dice;
pub use endpoint::Endpoint;
pub use misbehaviour::{Command, Fault, Misbehaviour, When};
use server::Shared;
pub use stores::{STORES, Store};

/// A configuration of Riacho that fits this API: it takes `POS_API_URL` and `POS_API_TOKEN` from
/// the environment, and `RIACHO_BUCKET`.
pub const SAMPLE_CONFIGURATION: &str = include_str!("sample_api/riacho.toml");

/// How long a stop waits for answers that are under way.
const PATIENCE: Duration = Duration::from_secs(1);

/// What world the API tells of, and to whom.
#[derive(Debug, Clone)]
pub struct SampleOptions {
    /// Decides every number.
    pub seed: u64,
    /// About so many checks a store and day.
    pub checks_per_day: u32,
    /// The bearer token that requests must bring.
    pub token: String,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
}

impl Default for SampleOptions {
    fn default() -> Self {
        Self { seed: 1, checks_per_day: 25, token: "sample-token".to_owned(), port: 0 }
    }
}

/// Why the API can't be had.
#[derive(Debug, thiserror::Error)]
pub enum SampleApiError {
    /// The port is taken, or forbidden.
    #[error(
        "could not listen on 127.0.0.1:{port} for the sample API: choose another port, or 0 for a free one"
    )]
    Listen {
        /// The port asked for.
        port: u16,
        /// Why not.
        source: io::Error,
    },
}

/// The running API. It ends when this value is dropped.
#[derive(Debug)]
pub struct SampleApi {
    base_url: String,
    shared: Arc<Shared>,
    server: JoinHandle<io::Result<()>>,
    _until_dropped: DropGuard,
}

impl SampleApi {
    /// Starts to listen.
    pub async fn start(options: SampleOptions) -> Result<Self, SampleApiError> {
        let fail = |source| SampleApiError::Listen { port: options.port, source };
        let listener = TcpListener::bind(("127.0.0.1", options.port)).await.map_err(fail)?;
        let address = listener.local_addr().map_err(fail)?;
        let shared = Arc::new(Shared {
            world: World { seed: options.seed, checks_per_day: options.checks_per_day },
            token: options.token.clone(),
            misbehaviour: Misbehaviour::default(),
            served: AtomicU64::new(0),
        });
        let stop = CancellationToken::new();
        let router = server::router(Arc::clone(&shared));
        let stopped = stop.clone().cancelled_owned();
        let serve = axum::serve(listener, router).with_graceful_shutdown(stopped);
        let server = tokio::spawn(serve.into_future());
        Ok(Self {
            base_url: format!("http://{address}"),
            shared,
            server,
            _until_dropped: stop.drop_guard(),
        })
    }

    /// The address, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The bearer token.
    pub fn token(&self) -> &str {
        &self.shared.token
    }

    /// Goes wrong from now on, towards the requests concerned.
    pub fn misbehave(&self, fault: Fault, when: When) {
        self.shared.misbehaviour.add(fault, when);
    }

    /// Behaves again.
    pub fn mend(&self) {
        self.shared.misbehaviour.mend();
    }

    /// The commands in force.
    pub fn misbehaviour(&self) -> &Misbehaviour {
        &self.shared.misbehaviour
    }

    /// How many requests came to the five endpoints, refused ones included.
    pub fn requests_served(&self) -> u64 {
        self.shared.served.load(Ordering::Relaxed)
    }

    /// Stops listening, and waits a moment for answers under way.
    pub async fn stop(self) {
        let Self { mut server, _until_dropped: until_dropped, .. } = self;
        drop(until_dropped);
        if tokio::time::timeout(PATIENCE, &mut server).await.is_err() {
            server.abort();
        }
    }
}
