//! The Lambda function `fetch`: wires the runtime to the library.

use std::time::SystemTime;

use fetch::{FetchError, Fetcher};
use jiff::Timestamp;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use tokio::sync::OnceCell;

fn main() -> Result<(), Error> {
    // Before the runtime has threads.
    allocator::keep_little();
    serve()
}

#[tokio::main]
async fn serve() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let fetcher = &OnceCell::new();
    // At the cold start, so that the first event finds it built; what is wrong now is told to each
    // event, with its cure, instead of as a crash.
    let _ = fetcher.get_or_try_init(Fetcher::from_env).await;
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let deadline = fetch::deadline(event.context.deadline, SystemTime::now());
        let fetcher = fetcher.get_or_try_init(Fetcher::from_env).await;
        let fetcher = fetcher.map_err(diagnostic)?;
        let answer = fetcher.handle(&event.payload, Timestamp::now(), deadline);
        answer.await.map_err(diagnostic)
    }))
    .await
}

fn diagnostic(error: FetchError) -> Diagnostic {
    Diagnostic { error_type: error.name().to_owned(), error_message: error.to_string() }
}
