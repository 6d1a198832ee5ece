//! A function that does what its event says, the worst included. The tests of the Lambda emulation
//! need one that can be told to die; nothing else runs it.

use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    if std::env::var_os("DIES_AT_START").is_some() {
        return Err("it was to die".into());
    }
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (event, context) = event.into_parts();
    let number = |name: &str| event.get(name).and_then(Value::as_u64).unwrap_or_default();
    match event.get("do").and_then(Value::as_str).unwrap_or_default() {
        "sleep" => tokio::time::sleep(Duration::from_millis(number("ms"))).await,
        "fail" => return Err("it was to fail".into()),
        "exit" => std::process::exit(i32::try_from(number("code")).unwrap_or(1)),
        "hold" => hold(number("mb")).await,
        "grow" => return Ok(Value::String("x".repeat(1024 * 1024).repeat(8))),
        _ => {}
    }
    Ok(json!({
        "event": event,
        "request_id": context.request_id,
        "deadline_ms": context.deadline,
        "function_arn": context.invoked_function_arn,
        "process": std::process::id(),
        "variables": std::env::vars().map(|(name, _)| name).collect::<Vec<_>>(),
    }))
}

async fn hold(mb: u64) {
    let bytes = usize::try_from(mb * 1024 * 1024).unwrap_or_default();
    let memory = vec![1_u8; bytes];
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(memory);
}
