//! The command line's grammar. One variant a command; each command's own words stand with it.

use clap::{Parser, Subcommand};

use crate::commands::{
    audit, config, demo, dev, explain, fetch, infer, load, rebuild, replay, schema, status,
};
use crate::exit::Exit;
use crate::output::Console;

const EXIT_CODES: &str = "\
Exit codes:
  0  all is well
  1  something failed, or failures are open
  2  the command line or the configuration can't be used
  3  something outside failed; the same command may succeed later

Environment:
  RIACHO_CONFIG     the configuration: a path, or s3://bucket/key
  RIACHO_BUCKET     the lake's bucket, where the configuration names none
  DATABASE_URL      the warehouse; or PG*, or RIACHO_DB_SECRET
  AWS_ENDPOINT_URL  what stands in for AWS, if anything does
  RUST_LOG          what is logged to stderr: error, warn, info, debug

`riacho demo` needs none of them and shows the whole of it in a minute.";

/// From JSON APIs through S3 into Postgres: nothing lost, nothing counted twice.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// Answer with one JSON document on stdout; progress stays on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// See the whole pipe run, with an S3 server, a Postgres and a sample API of its own
    Demo(demo::Arguments),
    /// Start an S3 server, a Postgres and a sample API, and leave them running
    Dev(dev::Arguments),
    /// Ask the configured APIs and land their answers in S3
    Fetch(fetch::Arguments),
    /// Load objects from S3 into Postgres
    Load(load::Arguments),
    /// Load again what failed, once its cause is mended
    Replay(replay::Arguments),
    /// Load a source's objects once more beside its tables, and put in place what differs
    Rebuild(rebuild::Arguments),
    /// Count what became of every object, and list the failures that are open
    Status(status::Arguments),
    /// Show tables, columns and the changes of shape that were noticed
    Schema(schema::Arguments),
    /// Prove that nothing is lost: what should have landed, what landed, what loaded, what stands
    Audit(audit::Arguments),
    /// Show where a row came from: its JSON, the request that fetched it, what stood there before
    Explain(explain::Arguments),
    /// Propose an endpoint's configuration from samples of its answers
    Infer(infer::Arguments),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::Command),
}

impl Command {
    pub(crate) async fn run(self, console: &Console) -> anyhow::Result<Exit> {
        // On the heap: the compiler lays a future out in one piece with all that it awaits.
        match self {
            Self::Demo(arguments) => Box::pin(demo::run(arguments, console)).await,
            Self::Dev(arguments) => Box::pin(dev::run(arguments, console)).await,
            Self::Fetch(arguments) => fetch::run(arguments, console).await,
            Self::Load(arguments) => load::run(arguments, console).await,
            Self::Replay(arguments) => replay::run(arguments, console).await,
            Self::Rebuild(arguments) => Box::pin(rebuild::run(arguments, console)).await,
            Self::Status(arguments) => status::run(arguments, console).await,
            Self::Schema(arguments) => schema::run(arguments, console).await,
            Self::Audit(arguments) => audit::run(arguments, console).await,
            Self::Explain(arguments) => explain::run(arguments, console).await,
            Self::Infer(arguments) => infer::run(arguments, console).await,
            Self::Config(command) => config::run(command, console).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_grammar_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }
}
