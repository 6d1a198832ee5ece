//! The Lambda function `manifest`: wiring only.

// A replay is a load, and that a deep nest of futures.
#![recursion_limit = "256"]

use std::time::SystemTime;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use load::{ConfigurationError, Deadline, Loader, Run, Unwatched};
use manifest::Manifest;
use serde_json::Value;
use tokio::sync::OnceCell;

fn main() -> Result<(), Error> {
    // Before the runtime has threads.
    allocator::keep_little();
    serve()
}

#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let manifest = &OnceCell::new();
    // At the cold start, so that the first event finds it built; what is wrong now is told to each
    // event, with its cure, instead of as a crash.
    let _ = manifest.get_or_try_init(from_env).await;
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        let run = Run {
            deadline: Deadline::at(event.context.deadline(), SystemTime::now()),
            force: false,
            progress: &Unwatched,
        };
        let manifest = manifest.get_or_try_init(from_env).await;
        let manifest = manifest.map_err(|error| Diagnostic {
            error_type: "ConfigurationError".to_owned(),
            error_message: error.to_string(),
        })?;
        manifest.handle(&event.payload, run).await.map_err(Diagnostic::from)
    }))
    .await
}

async fn from_env() -> Result<Manifest, ConfigurationError> {
    Loader::from_env().await.map(Manifest::new)
}
