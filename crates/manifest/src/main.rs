//! The Lambda function `manifest`: wiring only.

use std::time::SystemTime;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use load::{Deadline, Loader, Run, Unwatched};
use manifest::Manifest;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    let manifest = &Manifest::new(Loader::from_env().await?);
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        let run = Run {
            deadline: Deadline::at(event.context.deadline(), SystemTime::now()),
            force: false,
            progress: &Unwatched,
        };
        manifest.handle(&event.payload, run).await
    }))
    .await
}
