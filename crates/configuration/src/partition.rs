//! The dimensions that a source's endpoints are asked by. Which values they take at a given time is
//! `fetch`'s to say.

use jiff::civil;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

use crate::reader::{Node, Table};

/// A dimension, `busDt` or `storeId`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Partition {
    /// The folder's name and the placeholder's.
    pub name: String,
    /// Where the values come from.
    #[serde(flatten)]
    pub kind: PartitionKind,
}

/// Where a partition's values come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PartitionKind {
    /// Business dates.
    Date(DateWindow),
    /// A list.
    List(ListValues),
}

/// The business dates that a run asks for unless it is told which.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DateWindow {
    /// So many of the dates that have ended.
    pub last: u32,
    /// The business's clock.
    #[serde(serialize_with = "zone_name")]
    pub timezone: TimeZone,
    /// When, on the next calendar day, a business date ends.
    pub day_ends: civil::Time,
}

/// Values that stand in the file, or in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ListValues {
    /// In the configuration itself.
    Values {
        /// In the order of the file.
        values: Vec<String>,
    },
    /// A column of a CSV object in the lake.
    From {
        /// Its `s3://` address.
        from: String,
        /// The column, by its header.
        column: String,
    },
}

#[derive(Clone, Copy)]
enum Kind {
    Date,
    List,
}

const KINDS: [(&str, Kind); 2] = [("date", Kind::Date), ("list", Kind::List)];

impl Partition {
    pub(crate) fn read(name: &str, node: &Node<'_, '_>) -> Option<Self> {
        if let Some(fault) = name_fault(name) {
            node.report::<()>(fault);
        }
        let table = node.map()?;
        let kind = match table.need("kind")?.choice(&KINDS)? {
            Kind::Date => PartitionKind::Date(read_window(&table)?),
            Kind::List => PartitionKind::List(read_list(&table)?),
        };
        Some(Self { name: name.to_owned(), kind })
    }
}

fn name_fault(name: &str) -> Option<String> {
    if matches!(name, "source" | "endpoint") {
        return Some(format!(
            "`{name}` is the name of a folder above the partitions; choose another"
        ));
    }
    let plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    (!plain).then(|| {
        "a partition's name is made of letters, digits, `_` and `-`, and begins with a letter"
            .to_owned()
    })
}

fn read_window(table: &Table<'_, '_>) -> Option<DateWindow> {
    table.only(&["kind", "last", "timezone", "day_ends"]);
    let last = match table.get("last") {
        Some(node) => node.integer(1..=3_660),
        None => Some(1),
    };
    let timezone = match table.get("timezone") {
        Some(node) => read_timezone(&node),
        None => Some(TimeZone::UTC),
    };
    let day_ends = match table.get("day_ends") {
        Some(node) => read_time(&node),
        None => Some(civil::Time::midnight()),
    };
    Some(DateWindow { last: u32::try_from(last?).ok()?, timezone: timezone?, day_ends: day_ends? })
}

fn read_timezone(node: &Node<'_, '_>) -> Option<TimeZone> {
    let name = node.filled_string()?;
    TimeZone::get(&name).ok().or_else(|| {
        node.report(format!(
            "unknown time zone `{name}`; give a name of the IANA database, like `America/Fortaleza`"
        ))
    })
}

fn read_time(node: &Node<'_, '_>) -> Option<civil::Time> {
    let text = node.filled_string()?;
    civil::Time::strptime("%H:%M", &text)
        .ok()
        .or_else(|| node.report(format!("`{text}` is no time of day; write it like `04:00`")))
}

fn read_list(table: &Table<'_, '_>) -> Option<ListValues> {
    table.only(&["kind", "values", "from", "column"]);
    match (table.get("values"), table.get("from")) {
        (Some(values), None) => {
            if let Some(column) = table.get("column") {
                column.report::<()>("`column` belongs to `from`; `values` stand here themselves");
            }
            read_values(&values)
        }
        (None, Some(from)) => read_address(table, &from),
        (None, None) | (Some(_), Some(_)) => table
            .node
            .report("a list has either `values`, or `from` and `column`; give one of them"),
    }
}

fn read_values(node: &Node<'_, '_>) -> Option<ListValues> {
    let mut values = Vec::new();
    for item in node.items()? {
        let Some(value) = item.filled_string() else {
            continue;
        };
        if values.contains(&value) {
            item.report::<()>(format!("`{value}` stands here twice; remove one"));
        } else {
            values.push(value);
        }
    }
    if values.is_empty() {
        return node.report("no values, so nothing would ever be fetched; give at least one");
    }
    Some(ListValues::Values { values })
}

fn read_address(table: &Table<'_, '_>, from: &Node<'_, '_>) -> Option<ListValues> {
    let address = from.filled_string();
    let column = table.need("column").and_then(|node| node.filled_string());
    let address = address?;
    let rest = address.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    if !rest.is_some_and(|(bucket, key)| !bucket.is_empty() && key.ends_with(".csv")) {
        return from.report(format!(
            "`{address}` is no address of a CSV object; write it like `s3://bucket/stores.csv`"
        ));
    }
    Some(ListValues::From { from: address, column: column? })
}

fn zone_name<S: Serializer>(zone: &TimeZone, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.iana_name().unwrap_or("UTC"))
}
