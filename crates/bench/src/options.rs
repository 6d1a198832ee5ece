//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures load against the limit that Postgres's COPY sets, and against its peers.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) hidden: Option<Hidden>,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// What is to be measured, and how.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Only these rows
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WORK,…")]
    pub(crate) only: Vec<Work>,
    /// How often everything is measured; the median counts
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) rounds: u32,
    /// A tenth of the data: shows that all of it works, and no numbers to quote
    #[arg(long)]
    pub(crate) quick: bool,
    /// Peers too: installs them with pip into DIR/venv, which takes minutes
    #[arg(long)]
    pub(crate) peers: bool,
    /// Where lakes, the Postgres cluster and the results stand
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    pub(crate) dir: PathBuf,
    /// Where `riacho`, `load` and `fetch` are; default: beside this program
    #[arg(long, value_name = "DIR")]
    pub(crate) binaries: Option<PathBuf>,
    /// Locked while something is timed, for several people on one machine
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
}

impl Options {
    /// Whether this work is asked for.
    pub(crate) fn wants(&self, work: Work) -> bool {
        match work {
            Work::Peers => self.peers || self.only.contains(&work),
            // Its programs are built in a way of their own.
            Work::Flame => self.only.contains(&work),
            _ => self.only.is_empty() || self.only.contains(&work),
        }
    }
}

/// A group of rows of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// 100 objects of 1 MB: first, changed, unchanged
    M,
    /// The same by SQS batches
    Sqs,
    /// 2,000 objects of 22 KB, an invocation each
    Xs,
    /// One object of 500 MB, plain and compressed
    L,
    /// One record of 50 MB, a million of one field, 300 columns, depth 30
    Odd,
    /// Two loads at once
    Together,
    /// A millisecond each way to Postgres
    Delay,
    /// One more object where 20 million rows stand
    Standing,
    /// From the API to the tables, warm and cold
    Lag,
    /// Time and memory against size
    Growth,
    /// One object of 5 GB
    Huge,
    /// Others' ways of doing M
    Peers,
    /// Where M's CPU goes, as a picture; only when asked for
    Flame,
}

/// What the program does as a process of its own while it measures.
#[derive(Debug, Subcommand)]
pub(crate) enum Hidden {
    /// Serves a lake until standard input ends
    #[command(hide = true)]
    Serve { dir: PathBuf },
    /// Runs a command and writes down what it took
    #[command(hide = true)]
    Measure(MeasureArguments),
}

/// A command to be measured.
#[derive(Debug, Args)]
pub(crate) struct MeasureArguments {
    /// Where the result is written, as JSON
    #[arg(long)]
    pub(crate) report: PathBuf,
    /// A hard limit on its memory
    #[arg(long, value_name = "MB")]
    pub(crate) limit_mb: Option<u64>,
    #[arg(trailing_var_arg = true, required = true)]
    pub(crate) command: Vec<String>,
}
