//! What the end-to-end tests share: Lambda as its documents describe it, around the real binaries.

mod asking;
mod binaries;
mod direct;
mod ground;
mod messages;
mod pipe;
mod sample_events;
pub mod simulator;
mod way;

pub use asking::{ask, connect};
pub use binaries::{BinaryNotBuilt, workspace_binary};
pub use direct::Direct;
pub use emulated::{AsyncOutcome, Function, FunctionError, FunctionOptions, Queue};
pub use messages::{batch, failures};
pub use pipe::{BUCKET, Pipe};
pub use sample_events::{SAMPLE_EVENTS, assert_success, sample_event};
pub use way::Way;
