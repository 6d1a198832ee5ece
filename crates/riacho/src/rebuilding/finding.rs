//! Which endpoints of a source there are to rebuild: those that the ledger or the catalog knows, and
//! those that are configured.

use std::collections::BTreeSet;

use load::Loader;

use crate::environment::Environment;
use crate::exit::Usage;
use crate::questions::{ask, literal};

/// The endpoints that are meant: all of the source, or those that are `named`.
pub(crate) async fn endpoints(
    environment: &Environment,
    loader: &Loader,
    source: &str,
    named: &[String],
) -> anyhow::Result<Vec<String>> {
    let of = literal(source);
    let sql = format!(
        "SELECT endpoint FROM riacho.endpoints WHERE source = {of}
         UNION SELECT endpoint FROM riacho.objects WHERE source = {of}"
    );
    let answer = ask(loader, &sql).await?;
    let mut known = answer.rows.into_iter().flatten().flatten().collect::<BTreeSet<_>>();
    let configured = environment.configuration.source(source);
    let configured = configured.into_iter().flat_map(|source| &source.endpoints);
    known.extend(configured.map(|endpoint| endpoint.name.clone()));
    if known.is_empty() {
        let message = format!("nothing of a source `{source}` is loaded or configured");
        return Err(Usage(message).into());
    }
    if let Some(unknown) = named.iter().find(|name| !known.contains(*name)) {
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        let message = format!("source `{source}` has no endpoint `{unknown}`; it has {known}");
        return Err(Usage(message).into());
    }
    Ok(if named.is_empty() { known.into_iter().collect() } else { named.to_vec() })
}
