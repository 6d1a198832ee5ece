//! placeholder
use clap::Args;
use crate::exit::Exit;
use crate::output::Console;
#[derive(Debug, Args)]
pub(crate) struct Arguments {}
pub(crate) async fn run(_arguments: Arguments, _console: &Console) -> anyhow::Result<Exit> { Ok(Exit::Well) }
