//! The one table from Postgres's error codes to names and kinds. The rule: what Postgres says of
//! the object's data is permanent, what it says of itself is transient, and so is the unknown.
//!
//! Source: PostgreSQL documentation, Appendix A, "PostgreSQL Error Codes".

use landing::FailureKind::{self, Permanent, Transient};

/// What a code means for an object: the failure's stable name and its kind.
pub(crate) type Meaning = (&'static str, FailureKind);

/// An earlier statement of the transaction failed.
pub(crate) const ABORTED: &str = "25P02";

/// Codes that differ from their class.
const CODES: &[(&str, Meaning)] = &[
    // Another loader wrote the same key, name or type a moment ago; the next try finds it there.
    ("23505", ("conflict", Transient)),
    ("42P04", ("conflict", Transient)),
    ("42P06", ("conflict", Transient)),
    ("42P07", ("conflict", Transient)),
    ("42701", ("conflict", Transient)),
    ("42710", ("conflict", Transient)),
    // Only a column that somebody narrowed says that a text is too long.
    ("22001", ("constraint_violated", Permanent)),
    // Somebody dropped or renamed what the catalog knows; the next try looks anew.
    ("3F000", ("schema_gone", Transient)),
    ("42P01", ("table_gone", Transient)),
    ("42703", ("column_gone", Transient)),
    ("42704", ("object_gone", Transient)),
    // A statement was prepared before a column changed its type.
    ("0A000", ("statement_outdated", Transient)),
    // A missing grant is ours to mend, and no object's fault.
    ("42501", ("permission_denied", Transient)),
    ("40P01", ("deadlock", Transient)),
    ("55P03", ("lock_timeout", Transient)),
    ("57014", ("statement_timeout", Transient)),
    ("25P03", ("idle_in_transaction_timeout", Transient)),
    ("53300", ("too_many_connections", Transient)),
    ("53100", ("disk_full", Transient)),
    // Our own `riacho.refuse`.
    ("RI001", ("refused", Transient)),
];

/// Classes: the first two characters of a code.
const CLASSES: &[(&str, Meaning)] = &[
    ("08", ("connection_lost", Transient)),
    ("0A", ("not_supported", Permanent)),
    ("21", ("cardinality", Permanent)),
    ("22", ("bad_data", Permanent)),
    ("23", ("constraint_violated", Permanent)),
    ("25", ("transaction_state", Transient)),
    ("28", ("authentication_failed", Transient)),
    ("3D", ("no_such_database", Transient)),
    ("40", ("serialisation_failure", Transient)),
    ("42", ("statement_refused", Permanent)),
    ("53", ("out_of_resources", Transient)),
    ("54", ("database_limit", Permanent)),
    ("55", ("not_ready", Transient)),
    ("57", ("shutdown", Transient)),
    ("58", ("system_error", Transient)),
    ("XX", ("internal_error", Transient)),
];

/// What `code` means.
pub(crate) fn meaning(code: &str) -> Meaning {
    let class = code.get(..2).unwrap_or_default();
    find(CODES, code).or_else(|| find(CLASSES, class)).unwrap_or(("database_error", Transient))
}

fn find(table: &[(&str, Meaning)], code: &str) -> Option<Meaning> {
    table.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_permanent_and_the_server_is_transient() {
        for code in ["22P05", "22003", "22021", "23502", "42601", "54000", "54011"] {
            assert_eq!(meaning(code).1, Permanent, "{code}");
        }
        for code in ["40P01", "55P03", "57P01", "53300", "08006", "42501", "23505", "42P07"] {
            assert_eq!(meaning(code).1, Transient, "{code}");
        }
    }

    #[test]
    fn the_page_on_errors_says_the_same() {
        let page = include_str!("../../../docs/errors.md");
        let start = page.find("## Postgres's codes").unwrap();
        let table = page[start..].split("\n## ").next().unwrap();
        let mut said = Vec::new();
        for line in table.lines().filter(|line| line.starts_with("| `")) {
            let cells = line.split('|').map(str::trim).collect::<Vec<_>>();
            let codes = cells[1].split(' ').map(|code| code.trim_matches('`'));
            said.extend(codes.map(|code| format!("{code} {} {}", cells[2], cells[3])));
        }
        let known = CODES.iter().chain(CLASSES).map(|(code, (name, kind))| {
            let kind = if *kind == Permanent { "permanent" } else { "transient" };
            format!("{code} `{name}` {kind}")
        });
        let mut known = known.collect::<Vec<_>>();
        said.sort();
        known.sort();
        assert_eq!(said, known);
    }

    #[test]
    fn the_unknown_is_transient() {
        assert_eq!(meaning("ZZ999").1, Transient);
        assert_eq!(meaning("").1, Transient);
    }
}
