//! Lambda and SQS as their documents describe them, around real binaries: for tests, which look from
//! outside, and for the benchmark, which must not be compiled anew with every change of load.

mod destination;
mod function;
mod process_memory;
mod queue;
mod runtime_api;
mod sandbox;

pub use function::{AsyncOutcome, Function, FunctionOptions};
pub use queue::Queue;
pub use runtime_api::FunctionError;
