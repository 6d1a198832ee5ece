//! What can go wrong in the warehouse, and whether a retry can help.

use landing::{Classify, FailureKind};

use crate::sqlstate;
use crate::{RebuildRefused, RenameRefused, ScriptError, SettingsError, Vanished};

/// Why the warehouse could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum WarehouseError {
    /// The settings name no usable database.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No connection came about.
    #[error("could not connect to Postgres at {address}: {reason}")]
    Connect {
        /// Host and port.
        address: String,
        /// What was answered, without secrets.
        reason: String,
        /// Postgres's code, where it answered.
        code: Option<String>,
    },
    /// Postgres refused, or the connection was lost.
    #[error("could not {doing}: {reason}")]
    Database {
        /// What was being done.
        doing: String,
        /// Postgres's message and code, without the values in question.
        reason: String,
        /// Postgres's code; none where the connection was lost.
        code: Option<String>,
    },
    /// Postgres would not begin a transaction as it is asked to: no object's fault.
    #[error("Postgres refused to begin a transaction: {reason}")]
    NotBegun {
        /// Postgres's message and code.
        reason: String,
    },
    /// Another loader changed the endpoint's tables since this one began.
    #[error("the tables of `{source_name}` / `{endpoint}` changed meanwhile; begin again")]
    CatalogMoved {
        /// The source.
        source_name: String,
        /// The endpoint.
        endpoint: String,
    },
    /// Another object with records of the same keys was loaded meanwhile.
    #[error(
        "object {object_id}, which holds records of the same keys, changed meanwhile; begin again"
    )]
    Overtaken {
        /// The other object's number in the ledger.
        object_id: i64,
    },
    /// The object, taken for one that meets nobody, has records in common with others.
    #[error("the object has records in common with others; begin again, step by step")]
    StepByStep,
    /// More records vanished than `vanish_limit` allows.
    #[error(
        "{} of the scope's {} records vanished, more than `vanish_limit` allows; replay the object with --force if that is true",
        .0.before.saturating_sub(.0.after), .0.before
    )]
    Vanished(Vanished),
    /// The ledger says of the same bytes that too many records vanished with them.
    #[error("{0}")]
    VerdictStands(String),
    /// An object that was read again has not all the records that must stand again.
    #[error(
        "object {object_id} was read again and lacks {missing} of the records that must stand again"
    )]
    NotReinstated {
        /// The object's number in the ledger.
        object_id: i64,
        /// How many are missing.
        missing: usize,
    },
    /// The database was set up by a newer Riacho.
    #[error(
        "schema `riacho` is at version {found} and this build knows {known}; deploy the newer build"
    )]
    TooNew {
        /// The version found.
        found: i32,
        /// The newest that this build knows.
        known: i32,
    },
    /// A rename can't be accepted.
    #[error(transparent)]
    Rename(#[from] RenameRefused),
    /// A rebuild can't go on.
    #[error(transparent)]
    Rebuild(#[from] RebuildRefused),
    /// Somebody changed the endpoint's tables so that rows would not go where they belong.
    #[error("{0}")]
    ChangedByHand(String),
    /// A table script can't be applied.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// Rows and schema do not fit together.
    #[error("rows and tables do not fit together: {0}")]
    Mismatch(String),
}

impl WarehouseError {
    /// Why `doing` failed, in words that hold no value of the data.
    pub(crate) fn database(doing: impl Into<String>, error: &tokio_postgres::Error) -> Self {
        let (reason, code) = explain(error);
        Self::Database { doing: doing.into(), reason, code }
    }

    /// The same of a transaction's beginning, where nothing was said of an object yet.
    pub(crate) fn not_begun(self) -> Self {
        match self {
            Self::Database { reason, .. } if self.kind() == FailureKind::Permanent => {
                Self::NotBegun { reason }
            }
            other => other,
        }
    }

    /// Why no connection to `address` came about.
    pub(crate) fn connect(address: String, error: &tokio_postgres::Error) -> Self {
        let (reason, code) = explain(error);
        Self::Connect { address, reason, code }
    }

    /// The stable name that error log, ledger and metrics use.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Settings(_) => "database_settings",
            Self::Connect { code: Some(code), .. } | Self::Database { code: Some(code), .. } => {
                sqlstate::meaning(code).0
            }
            Self::Connect { code: None, .. } => "connection_failed",
            Self::Database { code: None, .. } => "connection_lost",
            Self::NotBegun { .. } => "transaction_refused",
            Self::CatalogMoved { .. } => "catalog_moved",
            Self::Overtaken { .. } | Self::StepByStep => "conflict",
            Self::Vanished(_) | Self::VerdictStands(_) => "vanished",
            Self::NotReinstated { .. } => "not_reinstated",
            Self::TooNew { .. } => "warehouse_too_new",
            Self::Rename(_) => "rename_refused",
            Self::Rebuild(_) => "rebuild_refused",
            Self::ChangedByHand(_) => "changed_by_hand",
            Self::Script(_) => "table_script",
            Self::Mismatch(_) => "rows_do_not_fit",
        }
    }

    /// Whether to roll back and begin again at once, with `lock_schema_first`: another loader was
    /// quicker, and nothing else is amiss.
    pub fn begin_again(&self) -> bool {
        match self {
            Self::CatalogMoved { .. } | Self::Overtaken { .. } | Self::StepByStep => true,
            Self::Database { .. } => matches!(
                self.name(),
                "conflict"
                    | "deadlock"
                    | "serialisation_failure"
                    | "statement_outdated"
                    | "schema_gone"
                    | "table_gone"
                    | "column_gone"
            ),
            Self::Settings(_)
            | Self::Connect { .. }
            | Self::NotBegun { .. }
            | Self::Vanished(_)
            | Self::VerdictStands(_)
            | Self::NotReinstated { .. }
            | Self::TooNew { .. }
            | Self::Rename(_)
            | Self::Rebuild(_)
            | Self::ChangedByHand(_)
            | Self::Script(_)
            | Self::Mismatch(_) => false,
        }
    }

    /// Whether Postgres refused this only because something before it in the transaction had failed.
    pub(crate) fn is_aftermath(&self) -> bool {
        matches!(self, Self::Database { code: Some(code), .. } if code == sqlstate::ABORTED)
    }

    /// Whether a schema, table or column is no longer there.
    pub(crate) fn is_something_gone(&self) -> bool {
        matches!(self.name(), "schema_gone" | "table_gone" | "column_gone" | "object_gone")
    }

    /// Whether Postgres ended a statement because it, or a lock, took too long.
    pub fn is_time_out(&self) -> bool {
        matches!(self.name(), "lock_timeout" | "statement_timeout")
    }

    /// Whether Postgres has no connection to spare: one may come free.
    pub fn is_full(&self) -> bool {
        self.name() == "too_many_connections"
    }

    /// Whether Postgres refused the user or the password: fetch the secret anew, then connect anew.
    pub fn is_authentication(&self) -> bool {
        self.name() == "authentication_failed"
    }
}

impl Classify for WarehouseError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Database { code: Some(code), .. } => sqlstate::meaning(code).1,
            Self::Vanished(_)
            | Self::Rename(_)
            | Self::Rebuild(_)
            | Self::VerdictStands(_)
            | Self::ChangedByHand(_)
            | Self::Script(_) => FailureKind::Permanent,
            Self::Settings(_)
            | Self::Connect { .. }
            | Self::Database { code: None, .. }
            | Self::NotBegun { .. }
            | Self::CatalogMoved { .. }
            | Self::Overtaken { .. }
            | Self::StepByStep
            | Self::NotReinstated { .. }
            | Self::TooNew { .. }
            | Self::Mismatch(_) => FailureKind::Transient,
        }
    }
}

/// What to do about what Riacho itself never makes: constraints, and rights that are lacking.
fn cure(code: &str) -> Option<&'static str> {
    match code {
        "23502" | "23503" | "23514" | "23P01" => Some(
            "; Riacho makes no such constraint: drop it, then replay (`riacho schema diff` names \
             all that was changed by hand)",
        ),
        "22001" => Some(
            "; Riacho bounds no text: give the column its type back, then replay (`riacho schema \
             diff` names it)",
        ),
        "23505" => Some(
            "; where that index is not the configured key's, drop it (`riacho schema diff` names \
             it)",
        ),
        "42501" => Some(
            "; grant what is lacking to the role that loads, or give it the table back (`riacho \
             schema diff` names both)",
        ),
        _ => None,
    }
}

/// Postgres's own words and code. `DETAIL` stays out, as it quotes values.
fn explain(error: &tokio_postgres::Error) -> (String, Option<String>) {
    if let Some(answer) = error.as_db_error() {
        let code = answer.code().code().to_owned();
        let cure = cure(&code).filter(|_| answer.schema() != Some("riacho")).unwrap_or_default();
        return (format!("{} (SQLSTATE {code}){cure}", answer.message()), Some(code));
    }
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let words = inner.to_string();
        // Some layers only pass on what the next one says.
        if !reason.contains(&words) {
            reason.push_str(": ");
            reason.push_str(&words);
        }
        cause = inner.source();
    }
    if reason.contains("certificate verify failed") {
        reason.push_str(
            "; the server's certificate is not signed by an authority that is trusted here, or \
             names another host: name the file of its root certificates by `sslrootcert` or \
             PGSSLROOTCERT, and the host as the certificate does",
        );
    }
    (reason, None)
}
