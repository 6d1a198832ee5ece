//! The command line as a person and a script have it: the binary itself, its output, its exit codes.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod audit;
mod commands;
mod configuration;
mod demo;
mod ending;
mod explain;
mod infer;
mod renames;
mod scripts;
mod support;
