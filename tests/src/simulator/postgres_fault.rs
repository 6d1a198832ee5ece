//! What can happen between load and Postgres, and when.

use std::fmt;

/// When.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// A connection is made.
    Connect,
    /// The n-th exchange from now on, of any kind.
    Exchange(u32),
    /// Rows are on their way in a COPY.
    Copy,
    /// `COMMIT` was sent, and has not come to Postgres.
    BeforeCommit,
    /// `COMMIT` came to Postgres, which may or may not be through with it.
    CommitSent,
    /// Postgres has committed, and its answer has not come back: the outcome is unknown.
    Committed,
}

/// What.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// The connection breaks, without a word.
    Cut,
    /// The function is killed by `SIGKILL`.
    Kill,
    /// Postgres answers with an error of this code, and goes on.
    Refuse(&'static str),
    /// Postgres says `57P01` and hangs up: a restart, a failover.
    ShutDown,
    /// The backend is told to end by `pg_terminate_backend`.
    Terminate,
    /// The backend is killed, whereupon Postgres ends all sessions and recovers from its log.
    Crash,
    /// The answer takes so many milliseconds longer.
    Delay(u64),
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PostgresFault {
    pub(super) when: Moment,
    pub(super) what: Deed,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "at a connect",
            Self::Exchange(_) => "at a statement",
            Self::Copy => "mid-COPY",
            Self::BeforeCommit => "before COMMIT",
            Self::CommitSent => "with COMMIT on its way",
            Self::Committed => "after COMMIT, its answer lost",
        })
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("connection cut"),
            Self::Kill => f.write_str("load killed"),
            Self::Refuse(code) => write!(f, "{code} {}", meaning(code)),
            Self::ShutDown => f.write_str("57P01 shutdown"),
            Self::Terminate => f.write_str("backend terminated"),
            Self::Crash => f.write_str("server crash and recovery"),
            Self::Delay(_) => f.write_str("slow answer"),
        }
    }
}

impl fmt::Display for PostgresFault {
    /// The kind, as reports count it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Postgres: {} {}", self.what, self.when)
    }
}

/// Source: PostgreSQL documentation, Appendix A, "PostgreSQL Error Codes".
fn meaning(code: &str) -> &'static str {
    match code {
        "25006" => "read-only transaction",
        "40001" => "serialization failure",
        "40P01" => "deadlock",
        "53100" => "disk full",
        "53200" => "out of memory",
        "53300" => "too many clients",
        "55P03" => "lock time-out",
        "57014" => "query cancelled",
        "57P03" => "starting up",
        "58030" => "I/O error",
        _ => "other",
    }
}
