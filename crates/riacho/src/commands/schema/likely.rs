//! The likely renames that are open: noticed, and neither accepted nor declared since. Each with why
//! it seems likely and with both cures.

use load::{EndpointRules, Loader};
use normalise::Renames;
use serde::{Deserialize, Serialize};

use crate::output::{Align, Console, Sheet};
use crate::questions::{self, ask_json};

/// A likely rename, as programs get it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Open {
    pub(crate) id: i64,
    pub(crate) source: String,
    pub(crate) endpoint: String,
    pub(crate) table: String,
    pub(crate) new: String,
    pub(crate) old: String,
    pub(crate) score: f64,
    pub(crate) evidence: String,
    /// The names as the configuration has them: pointers from the record.
    #[serde(default)]
    pub(crate) names: (String, String),
    /// The line of the endpoint's configuration that declares it.
    #[serde(default)]
    pub(crate) configuration: String,
}

/// The open ones, the likeliest first.
pub(crate) async fn open(loader: &Loader) -> anyhow::Result<Vec<Open>> {
    let noticed = ask_json(loader, questions::LIKELY_RENAMES).await?;
    let mut open = Vec::new();
    for mut likely in serde_json::from_value::<Vec<Open>>(noticed)? {
        let rules = EndpointRules::named(loader.configuration(), &likely.source, &likely.endpoint)?;
        let renames = Renames::new(rules.facts.renames.iter().cloned());
        if renames.oldest(&likely.new) == renames.oldest(&likely.old) {
            continue;
        }
        let records = rules.rules.records.to_string();
        let from_record = |path: &str| path.strip_prefix(&records).unwrap_or(path).to_owned();
        likely.names = (from_record(&likely.new), from_record(&likely.old));
        likely.configuration =
            format!("renames = {{ {:?} = {:?} }}", likely.names.0, likely.names.1);
        open.push(likely);
    }
    Ok(open)
}

/// Shows them to people; nothing where there are none.
pub(crate) fn show(console: &Console, open: &[Open]) {
    if open.is_empty() {
        return;
    }
    console.heading("Likely renames, for you to say");
    let mut sheet = Sheet::new(&[
        ("id", Align::Right),
        ("table", Align::Left),
        ("new name", Align::Left),
        ("old name", Align::Left),
        ("score", Align::Right),
        ("evidence", Align::Left),
    ]);
    for likely in open {
        sheet.row([
            likely.id.to_string(),
            likely.table.clone(),
            likely.names.0.clone(),
            likely.names.1.clone(),
            format!("{:.2}", likely.score),
            likely.evidence.clone(),
        ]);
    }
    console.sheet(&sheet);
    for likely in open {
        console.aside(&format!(
            "  {}: riacho schema accept {}, or in the configuration {}",
            likely.id, likely.id, likely.configuration
        ));
    }
}
