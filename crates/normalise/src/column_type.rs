//! The types that a column can have.

use std::fmt;
use std::str::FromStr;

/// A column's type. The names are Postgres's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColumnType {
    /// `true` and `false`.
    Boolean,
    /// Integers within 64 bits.
    Bigint,
    /// Every other number, digit for digit.
    Numeric,
    /// Strings.
    Text,
    /// `YYYY-MM-DD`.
    Date,
    /// ISO 8601 date and time without a zone.
    Timestamp,
    /// ISO 8601 date and time with a zone.
    Timestamptz,
    /// Arrays without objects, and whatever is too deep or too wide for columns.
    Jsonb,
    /// The value verbatim, where none of the others can hold it exactly: strings with U+0000 or a
    /// lone surrogate, numbers beyond `numeric`.
    Json,
}

impl ColumnType {
    /// All of them, in the order of the matrix in the documentation.
    pub const ALL: [Self; 9] = [
        Self::Boolean,
        Self::Bigint,
        Self::Numeric,
        Self::Text,
        Self::Date,
        Self::Timestamp,
        Self::Timestamptz,
        Self::Jsonb,
        Self::Json,
    ];

    /// Postgres's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Bigint => "bigint",
            Self::Numeric => "numeric",
            Self::Text => "text",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
            Self::Timestamptz => "timestamptz",
            Self::Jsonb => "jsonb",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is none of the types.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no column type; use one of boolean, bigint, numeric, text, date, timestamp, timestamptz, jsonb, json"
)]
pub struct UnknownColumnType(pub String);

impl FromStr for ColumnType {
    type Err = UnknownColumnType;

    fn from_str(name: &str) -> Result<Self, UnknownColumnType> {
        Self::ALL
            .into_iter()
            .find(|of| of.name() == name)
            .ok_or_else(|| UnknownColumnType(name.to_owned()))
    }
}
