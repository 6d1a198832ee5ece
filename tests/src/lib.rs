//! What the end-to-end tests share: Lambda as its documents describe it, around the real binaries.

mod asking;
mod binaries;
mod destination;
mod direct;
mod function;
mod ground;
mod pipe;
mod process_memory;
mod queue;
mod runtime_api;
mod sample_events;
mod sandbox;

pub use asking::{ask, connect};
pub use binaries::{BinaryNotBuilt, workspace_binary};
pub use direct::Direct;
pub use function::{AsyncOutcome, Function, FunctionOptions};
pub use pipe::{BUCKET, Pipe};
pub use queue::Queue;
pub use runtime_api::FunctionError;
pub use sample_events::{SAMPLE_EVENTS, assert_success, sample_event};
