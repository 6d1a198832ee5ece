//! From objects in the landing zone to rows in Postgres.
//!
//! An event is decoded into the objects it names (`event`), each is streamed through the core into
//! the warehouse (`load_object`), one that fails for good is written down (`condemn`, `error_log`),
//! and the event is answered in the form that it asks for (`answer`).

mod answer;
mod condemn;
mod database;
mod deadline;
mod error;
pub mod error_log;
pub mod event;
mod load_object;
mod loader;
mod metrics;
mod patience;
mod pour;
mod prepared;
mod progress;
mod rehearsal;
mod reinstating;
mod rejects;
mod report;
mod rules;
mod settings;
mod side_by_side;
mod skim;
mod table_scripts;
mod telling;

pub use database::{Database, DatabaseError, Lookup};
pub use deadline::Deadline;
pub use error::{LoadError, LoadFailure};
pub use loader::{Loader, Run};
pub use metrics::Metrics;
pub use progress::{Progress, Unwatched};
pub use report::{LikelyRename, ObjectReport, Summary, Timings, Trouble, Verdict};
pub use rules::EndpointRules;
pub use settings::{ConfigurationError, read_configuration};
pub use table_scripts::{Proposed, SampleBody};
