//! Partition values that stand in a CSV object of the lake.

use std::collections::BTreeMap;

use configuration::{ListValues, PartitionKind, Source};
use objects::{AddressError, Lake};

/// The values of every list that stands elsewhere, by address and column.
pub(crate) type Lists = BTreeMap<(String, String), Vec<String>>;

/// Why a list's values can't be had.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// It can't be read.
    #[error(transparent)]
    Unreadable(#[from] AddressError),
    /// It can be read, and is of no use.
    #[error("the list at `{address}`: {reason}")]
    Useless {
        /// Where it stands.
        address: String,
        /// Why.
        reason: String,
    },
}

/// Reads every list that the sources name, each object once.
pub(crate) async fn read(lake: &Lake, sources: &[&Source]) -> Result<Lists, ListError> {
    let mut lists = Lists::new();
    let mut texts = BTreeMap::<&str, String>::new();
    for partition in sources.iter().flat_map(|source| &source.partitions) {
        let PartitionKind::List(ListValues::From { from, column }) = &partition.kind else {
            continue;
        };
        let name = (from.clone(), column.clone());
        if lists.contains_key(&name) {
            continue;
        }
        if !texts.contains_key(from.as_str()) {
            texts.insert(from, lake.read_text_address(from).await?);
        }
        let text = texts.get(from.as_str()).map_or("", String::as_str);
        let values = column_of(text, column)
            .map_err(|reason| ListError::Useless { address: from.clone(), reason })?;
        lists.insert(name, values);
    }
    Ok(lists)
}

/// The values of a column in the order of the file; blanks and repetitions are left out.
fn column_of(text: &str, column: &str) -> Result<Vec<String>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| error.to_string())?;
    let place = headers.iter().position(|header| header == column);
    let place = place.ok_or_else(|| {
        let known = headers.iter().collect::<Vec<_>>().join("`, `");
        format!("there is no column `{column}`; there are `{known}`")
    })?;
    let mut seen = std::collections::BTreeSet::new();
    let mut values = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let value = record.get(place).unwrap_or_default();
        if !value.is_empty() && seen.insert(value.to_owned()) {
            values.push(value.to_owned());
        }
    }
    if values.is_empty() {
        return Err(format!("column `{column}` holds no value; add one"));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_found_by_its_header_and_quotes_are_undone() {
        let text =
            "\u{feff}name,storeId\r\n\"Fortaleza, Meireles\",0042\r\nx, 7 \r\ny,\r\nz,0042\r\n";
        assert_eq!(column_of(text, "storeId").unwrap(), ["0042", "7"]);
        assert_eq!(column_of(text, "name").unwrap()[0], "Fortaleza, Meireles");
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(column_of("a,b\n1,2\n", "c").unwrap_err().contains("`a`, `b`"));
        assert!(column_of("a\n", "a").unwrap_err().contains("no value"));
        assert!(column_of("a,b\n1\n", "a").is_err(), "a short row is a damaged file");
    }
}
