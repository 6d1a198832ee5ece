//! Loaders at rest, like a function's warm instances: each takes one event at a time and keeps its
//! connection. A changed configuration is taken up with the next event, as a deployment would.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use load::{Deadline, Loader, Progress, Run};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::environment::Environment;

/// The loaders.
pub(super) struct Pool {
    environment: Environment,
    configuration: PathBuf,
    state: Mutex<State>,
}

struct State {
    first: Loader,
    at_rest: Vec<Loader>,
    /// Of the configuration that the loaders were made with.
    written_at: Option<SystemTime>,
}

impl Pool {
    pub(super) async fn new(
        environment: Environment,
        configuration: &Path,
    ) -> anyhow::Result<Self> {
        let written_at = written_at(configuration);
        let first = environment.loader().await?;
        let state = State { first, at_rest: Vec::new(), written_at };
        Ok(Self { environment, configuration: configuration.to_owned(), state: Mutex::new(state) })
    }

    /// Has a loader handle an event.
    pub(super) async fn handle(&self, event: &Value, watcher: &dyn Progress) -> Result<(), String> {
        let (loader, made_with) = self.take().await;
        let run = Run { deadline: Deadline::none(), force: false, progress: watcher };
        let answer = loader.handle(event, run).await;
        let mut state = self.state.lock().await;
        if state.written_at == made_with {
            state.at_rest.push(loader);
        }
        answer.map(drop).map_err(|failure| failure.to_string())
    }

    async fn take(&self) -> (Loader, Option<SystemTime>) {
        let mut state = self.state.lock().await;
        let written_at = written_at(&self.configuration);
        if state.written_at != written_at {
            state.written_at = written_at;
            match self.environment.loader().await {
                Ok(loader) => {
                    state.first = loader;
                    state.at_rest.clear();
                }
                Err(error) => tracing::error!("{error:#}; the one before goes on"),
            }
        }
        let loader = state.at_rest.pop().unwrap_or_else(|| state.first.another());
        (loader, state.written_at)
    }
}

fn written_at(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
