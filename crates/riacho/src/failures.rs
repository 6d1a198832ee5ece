//! The failures that are open, as the manifest lists them, for people.

use landing::{ErrorLog, ObjectKey, RawLocation};
use manifest::OpenList;

use crate::environment::Environment;
use crate::output::{Align, Sheet};

/// The manifest's lines.
pub(crate) async fn open(environment: &Environment) -> anyhow::Result<Vec<ErrorLog>> {
    let lines = OpenList::of(&environment.lake, environment.bucket()?).read().await?;
    Ok(lines.iter().cloned().collect())
}

/// The lines as a table.
pub(crate) fn sheet<'a>(logs: impl IntoIterator<Item = &'a ErrorLog>) -> Sheet {
    let mut sheet =
        Sheet::new(&[("object", Align::Left), ("kind", Align::Left), ("what", Align::Left)]);
    for log in logs {
        sheet.row([short(&log.key), log.kind.clone(), log.message.clone()]);
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
