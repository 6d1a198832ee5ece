//! The failures that are open, as the manifest lists them, for people.

use landing::{ErrorLog, ObjectKey, RawLocation};
use manifest::OpenList;

use crate::environment::Environment;
use crate::output::{Align, Sheet, count};

/// The manifest's lines.
pub(crate) async fn open(environment: &Environment) -> anyhow::Result<Vec<ErrorLog>> {
    let lines = OpenList::of(&environment.lake, environment.bucket()?).read().await?;
    Ok(lines.iter().cloned().collect())
}

/// The lines as a table.
pub(crate) fn sheet<'a>(logs: impl IntoIterator<Item = &'a ErrorLog>) -> Sheet {
    let mut sheet = Sheet::new(&[
        ("object", Align::Left),
        ("kind", Align::Left),
        ("where", Align::Left),
        ("what", Align::Left),
    ]);
    for log in logs {
        sheet.row([short(&log.key), log.kind.clone(), place(log), log.message.clone()]);
    }
    sheet
}

/// The key without what all have in common: `getGuestChecks/busDt=…/storeId=…/2026….json`.
pub(crate) fn short(key: &ObjectKey) -> String {
    let Ok(location) = RawLocation::parse(key) else {
        return key.to_string();
    };
    let values: Vec<_> = location.scope.0.iter().map(|(_, value)| value.as_str()).collect();
    format!("{} {} {}", location.endpoint, values.join(" "), location.name)
}

pub(crate) fn place(log: &ErrorLog) -> String {
    let position = &log.position;
    let mut parts = Vec::new();
    if let Some(line) = position.line {
        let column = position.column.map(|column| format!(":{column}")).unwrap_or_default();
        parts.push(format!("line {line}{column}"));
    }
    if let Some(offset) = position.byte_offset {
        parts.push(format!("byte {}", count(offset)));
    }
    parts.extend(position.pointer.clone().filter(|pointer| !pointer.is_empty()));
    parts.join(" ")
}
