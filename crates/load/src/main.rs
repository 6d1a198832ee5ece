//! The Lambda function `load`: wiring only.

use std::io::Write;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use load::{Deadline, Loader, Metrics, Run};
use serde_json::Value;
use tokio::sync::OnceCell;

/// How long the cold start waits for a connection.
const CONNECT_AHEAD: Duration = Duration::from_secs(2);

fn main() -> Result<(), Error> {
    // Before the runtime has threads.
    allocator::keep_little();
    serve()
}

#[tokio::main(flavor = "current_thread")]
async fn serve() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let loader = &OnceCell::new();
    // At the cold start, where Lambda gives a whole core, so that the first event finds it built and
    // connected; what is wrong now is told to each event, with its cure, instead of as a crash.
    if let Ok(loader) = loader.get_or_try_init(Loader::from_env).await {
        let _ = tokio::time::timeout(CONNECT_AHEAD, loader.database().try_warehouse()).await;
    }
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        let metrics = Metrics::default();
        let run = Run {
            deadline: Deadline::at(event.context.deadline(), SystemTime::now()),
            force: false,
            progress: &metrics,
        };
        let loader = loader.get_or_try_init(Loader::from_env).await;
        let loader = loader.map_err(|error| Diagnostic {
            error_type: "ConfigurationError".to_owned(),
            error_message: error.to_string(),
        })?;
        let answer = loader.handle(&event.payload, run).await.map_err(Diagnostic::from);
        for line in metrics.lines(SystemTime::now()) {
            // What can't be counted is no reason to fail what was loaded.
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        }
        answer
    }))
    .await
}
