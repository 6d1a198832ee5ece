//! The sources and endpoints that are asked for. Of those that are not configured nothing is expected,
//! but what they have in lake and ledger is audited like anything else; a name that stands nowhere is a
//! typing error.

use configuration::Configuration;
use fetch::FetchRequest;

use super::tally::Tally;
use crate::exit::Usage;

/// What of a request can be planned, if anything.
pub(super) fn configured(
    configuration: &Configuration,
    request: FetchRequest,
) -> Result<Option<FetchRequest>, Usage> {
    let source = request.source.as_deref();
    let knows_source = source.is_none_or(|source| configuration.source(source).is_some());
    let mut endpoints = request.endpoints.clone();
    endpoints.retain(|endpoint| is_endpoint(configuration, source, endpoint));
    let knows_endpoints = request.endpoints.is_empty() || !endpoints.is_empty();
    if knows_source && knows_endpoints {
        return Ok(Some(FetchRequest { endpoints, ..request }));
    }
    if !request.partitions.is_empty() {
        let message =
            "--partition says what is expected, and nothing that is asked for is configured";
        return Err(Usage(message.to_owned()));
    }
    Ok(None)
}

/// Refuses names that neither the configuration nor the lake nor the ledger has.
pub(super) fn refuse_unknown(
    configuration: &Configuration,
    request: &FetchRequest,
    found: &Tally,
) -> Result<(), Usage> {
    let source = request.source.as_deref();
    if let Some(name) = source {
        let is_known = configuration.source(name).is_some() || found.has(Some(name), None);
        refuse(is_known, "source", name)?;
    }
    request.endpoints.iter().try_for_each(|name| {
        let is_known = is_endpoint(configuration, source, name) || found.has(source, Some(name));
        refuse(is_known, "endpoint", name)
    })
}

fn refuse(is_known: bool, what: &str, name: &str) -> Result<(), Usage> {
    let message = || format!("{what} `{name}` stands in no configuration, lake or ledger");
    if is_known { Ok(()) } else { Err(Usage(message())) }
}

fn is_endpoint(configuration: &Configuration, source: Option<&str>, name: &str) -> bool {
    let mut sources = configuration.sources().iter();
    sources.any(|of| {
        let is_chosen = source.is_none_or(|source| source == of.name);
        is_chosen && of.endpoint(name).is_some()
    })
}
