//! The command line: wiring only. What each command does stands under `commands`.

mod adoption;
mod auditing;
mod cli;
mod commands;
mod environment;
mod exit;
mod failures;
mod fetching;
mod loading;
mod output;
mod parts;
mod questions;
mod rebuilding;
mod signals;
mod wiring;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::output::Console;

fn main() -> ExitCode {
    // Before the runtime has threads.
    allocator::keep_little();
    run()
}

#[tokio::main]
async fn run() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(log_filter())
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let console = Console::new(cli.json);
    let exit = match cli.command.run(&console).await {
        Ok(exit) => exit,
        Err(error) => {
            console.complain(&error);
            Exit::of(&error)
        }
    };
    exit.into()
}

/// What an operator asks for by `RUST_LOG`; without it errors only, and those of fetch not twice,
/// for a command says itself what it found.
fn log_filter() -> EnvFilter {
    EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("error,fetch=off"))
}
