//! From HTTP APIs to immutable objects in the landing zone.
//!
//! [`event`](decode) says what is asked for, [`Plan`] which scopes that is, [`Fetcher`] asks the
//! APIs and streams each answer into the lake as it came. What the bytes mean is never looked at,
//! but for where the next page is.

mod auth;
mod call;
mod client;
mod error;
mod event;
mod failure;
mod fetcher;
mod handler;
mod land;
mod land_pages;
mod limit;
mod lists;
mod look;
mod pages;
mod plan;
mod progress;
mod report;
mod request;
mod retry;
mod start;
mod token;
mod window;

pub use error::FetchError;
pub use event::{Event, EventError, Message, decode};
pub use fetcher::Fetcher;
pub use handler::deadline;
pub use lists::ListError;
pub use plan::{Plan, PlanError, Task};
pub use progress::Progress;
pub use report::{FailedScope, FetchReport};
pub use request::{FetchRequest, Selection};
