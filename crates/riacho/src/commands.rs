//! The commands, one file each: its arguments, what it does, what it shows.

pub(crate) mod audit;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod dev;
pub(crate) mod explain;
pub(crate) mod fetch;
pub(crate) mod infer;
pub(crate) mod load;
pub(crate) mod rebuild;
pub(crate) mod replay;
mod samples;
pub(crate) mod schema;
pub(crate) mod status;
