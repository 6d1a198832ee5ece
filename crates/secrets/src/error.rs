//! Why a secret can't be had. No variant holds a value.

use landing::{Classify, FailureKind};

/// Why a secret can't be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// There is none of that name.
    #[error("secret `{name}` does not exist; create it in Secrets Manager, or correct its name")]
    NotFound {
        /// The secret.
        name: String,
    },
    /// AWS refused, or could not be reached.
    #[error("secret `{name}` can't be read: {reason}")]
    Unreadable {
        /// The secret.
        name: String,
        /// What AWS said.
        reason: String,
    },
    /// The secret is binary.
    #[error("secret `{name}` holds bytes, not text; store it as a secret string")]
    NotText {
        /// The secret.
        name: String,
    },
    /// A field was asked for, and the secret is no JSON object.
    #[error(
        "secret `{name}` is no JSON object, so it has no field `{field}`; ask for the whole secret, or store it as JSON"
    )]
    NotAnObject {
        /// The secret.
        name: String,
        /// The field.
        field: String,
    },
    /// The JSON object has no such field.
    #[error("secret `{name}` has no field `{field}`; add it, or correct its name")]
    NoSuchField {
        /// The secret.
        name: String,
        /// The field.
        field: String,
    },
    /// The database's secret is not in the form that RDS writes.
    #[error("secret `{name}` is not in the form that RDS writes: {reason}")]
    NotRds {
        /// The secret.
        name: String,
        /// What is missing.
        reason: String,
    },
    /// There are no credentials to sign a database token with.
    #[error("no IAM token for the database at `{host}`: {reason}")]
    NoToken {
        /// The database's host.
        host: String,
        /// Why.
        reason: String,
    },
}

impl Classify for SecretError {
    /// A secret is never an object's fault, and it can be mended: no object may be condemned for it.
    fn kind(&self) -> FailureKind {
        FailureKind::Transient
    }
}

impl SecretError {
    /// The error's stable name, for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "secret_not_found",
            Self::Unreadable { .. } => "secret_unreadable",
            Self::NotText { .. } => "secret_not_text",
            Self::NotAnObject { .. } | Self::NoSuchField { .. } => "secret_field_missing",
            Self::NotRds { .. } => "secret_not_rds",
            Self::NoToken { .. } => "no_database_token",
        }
    }
}
