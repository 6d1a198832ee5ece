//! A column's values in another type, as SQL: where each of them is one of it, and as JSON, where
//! each is.

use normalise::{Column, ColumnType};

use crate::ident::Ident;

/// The first that is not NULL; one of them at least.
pub(super) fn first_of(parts: &[String]) -> String {
    match parts {
        [one] => one.clone(),
        several => format!("coalesce({})", several.join(", ")),
    }
}

/// The column's value as a value of type `of`, where each of them is one, exactly and without a
/// second reading: a date is no midnight, and an array's functions fail on a scalar.
pub(super) fn converted(column: &Column, of: ColumnType) -> Option<String> {
    let name = Ident(&column.name);
    match (column.of, of) {
        (held, wanted) if held == wanted => Some(name.to_string()),
        (ColumnType::Bigint, ColumnType::Numeric) => Some(format!("{name}::numeric")),
        // As it would stand in the column, had the JSON had quotes around it.
        (ColumnType::Date | ColumnType::Timestamp | ColumnType::Timestamptz, ColumnType::Text) => {
            Some(format!("{} #>> '{{}}'", as_jsonb(column)))
        }
        (_, ColumnType::Text) => Some(format!("{name}::text")),
        _ => None,
    }
}

/// The column's value as JSON, digit for digit. What `jsonb` can't hold is a string of its text; an
/// instant does not depend on who asks.
pub(super) fn as_jsonb(column: &Column) -> String {
    let name = Ident(&column.name);
    match column.of {
        ColumnType::Jsonb => name.to_string(),
        ColumnType::Json => format!("to_jsonb({name}::text)"),
        ColumnType::Timestamptz => {
            format!("to_jsonb((to_jsonb({name} AT TIME ZONE 'UTC') #>> '{{}}') || 'Z')")
        }
        ColumnType::Boolean
        | ColumnType::Bigint
        | ColumnType::Numeric
        | ColumnType::Text
        | ColumnType::Date
        | ColumnType::Timestamp => format!("to_jsonb({name})"),
    }
}
