//! The failures that are open, as the manifest lists them, for people.

use std::collections::BTreeSet;

use landing::{ErrorLog, ObjectKey, RawLocation};
use load::Loader;
use manifest::{Manifest, OpenList};

use crate::environment::Environment;
use crate::output::{Align, Sheet};

/// The manifest's lines.
pub(crate) async fn open(environment: &Environment) -> anyhow::Result<Vec<ErrorLog>> {
    let lines = OpenList::of(&environment.lake, environment.bucket()?).read().await?;
    Ok(lines.iter().cloned().collect())
}

/// Brings the manifest up to date with what was loaded here: with its open lines, and with what
/// `failed` just now (bucket and key). On AWS events do that; where a person loads, there may be none.
pub(crate) async fn follow<'a>(
    loader: &Loader,
    failed: impl Iterator<Item = (&'a str, &'a ObjectKey)>,
) -> anyhow::Result<()> {
    let Some(bucket) = loader.configuration().bucket() else {
        return Ok(());
    };
    let manifest = Manifest::new(loader.another());
    let lines = manifest.open().await?;
    let failed = failed.filter(|(of, _)| *of == bucket).map(|(_, key)| key);
    let keys: BTreeSet<_> = lines.iter().map(|log| &log.key).chain(failed).cloned().collect();
    if !keys.is_empty() {
        manifest.follow(&keys).await?;
    }
    Ok(())
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
