//! Which scopes a run asks for. A plan is data: counted, shown and walked without a request.

use configuration::{Configuration, Endpoint, ListValues, Partition, PartitionKind, Source};
use jiff::Timestamp;
use landing::{ObjectKey, ObjectTime, RawLocation, Scope};

use crate::lists::Lists;
use crate::request::{FetchRequest, Selection};
use crate::window;

/// Everything that a run asks for, source by source.
#[derive(Debug)]
pub struct Plan<'c> {
    pub(crate) sources: Vec<SourcePlan<'c>>,
}

/// What a run asks of one source.
#[derive(Debug)]
pub(crate) struct SourcePlan<'c> {
    pub(crate) source: &'c Source,
    pub(crate) endpoints: Vec<EndpointPlan<'c>>,
}

/// What a run asks of one endpoint: every combination of the axes' values.
#[derive(Debug)]
pub(crate) struct EndpointPlan<'c> {
    pub(crate) endpoint: &'c Endpoint,
    axes: Vec<(String, Vec<String>)>,
}

/// One scope of one endpoint.
#[derive(Debug, Clone)]
pub struct Task<'c> {
    /// The API.
    pub source: &'c Source,
    /// The operation.
    pub endpoint: &'c Endpoint,
    /// The partition values.
    pub scope: Scope,
}

/// A request that the configuration does not know how to answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be planned: {0}")]
pub struct PlanError(pub String);

impl<'c> Plan<'c> {
    /// Plans a request. `lists` holds the values that stand in the lake.
    pub(crate) fn new(
        configuration: &'c Configuration,
        request: &FetchRequest,
        lists: &Lists,
    ) -> Result<Self, PlanError> {
        let sources = chosen_sources(configuration, request)?;
        check_endpoints(&sources, request)?;
        check_partitions(&sources, request)?;
        let plan = |source: &'c Source| plan_source(source, request, lists);
        let sources = sources.into_iter().map(plan).collect::<Result<_, _>>()?;
        Ok(Self { sources })
    }

    /// How many scopes.
    pub fn scopes(&self) -> u64 {
        let endpoints = self.sources.iter().flat_map(|source| &source.endpoints);
        endpoints.map(EndpointPlan::scopes).sum()
    }

    /// Its tasks, made as they are taken.
    pub fn tasks(&self) -> impl Iterator<Item = Task<'c>> {
        self.sources.iter().flat_map(SourcePlan::tasks)
    }
}

impl Task<'_> {
    /// The key of its object in a run of this time.
    pub fn key(&self, time: ObjectTime) -> ObjectKey {
        let suffix = self.endpoint.compression.suffix();
        let location = RawLocation {
            source: self.source.name.clone(),
            endpoint: self.endpoint.name.clone(),
            scope: self.scope.clone(),
            name: format!("{time}.json{suffix}"),
        };
        location.key()
    }
}

impl<'c> SourcePlan<'c> {
    /// The tasks one after another, made as they are taken: years of stores are not held at once.
    pub(crate) fn tasks(&self) -> impl Iterator<Item = Task<'c>> {
        let source = self.source;
        self.endpoints.iter().flat_map(move |plan| {
            let endpoint = plan.endpoint;
            (0..plan.scopes()).map(move |number| Task {
                source,
                endpoint,
                scope: plan.scope(number),
            })
        })
    }
}

impl EndpointPlan<'_> {
    fn scopes(&self) -> u64 {
        let lengths = self.axes.iter().map(|(_, values)| values.len() as u64);
        lengths.fold(1, u64::saturating_mul)
    }

    /// The combination of this number; the last axis turns fastest.
    fn scope(&self, mut number: u64) -> Scope {
        let mut values = Vec::with_capacity(self.axes.len());
        for (name, axis) in self.axes.iter().rev() {
            let length = (axis.len() as u64).max(1);
            let place = usize::try_from(number % length).unwrap_or(0);
            let value = axis.get(place).cloned().unwrap_or_default();
            values.push((name.clone(), value));
            number /= length;
        }
        values.reverse();
        Scope(values)
    }
}

/// The sources that a request names.
pub(crate) fn chosen_sources<'c>(
    configuration: &'c Configuration,
    request: &FetchRequest,
) -> Result<Vec<&'c Source>, PlanError> {
    let Some(name) = &request.source else {
        return Ok(configuration.sources().iter().collect());
    };
    match configuration.source(name) {
        Some(source) => Ok(vec![source]),
        None => {
            let known = configuration.sources().iter().map(|source| &*source.name);
            Err(unknown("source", name, known))
        }
    }
}

fn check_endpoints(sources: &[&Source], request: &FetchRequest) -> Result<(), PlanError> {
    let endpoints = || sources.iter().flat_map(|source| &source.endpoints);
    for name in &request.endpoints {
        if !endpoints().any(|endpoint| endpoint.name == *name) {
            let known = endpoints().map(|endpoint| &*endpoint.name);
            return Err(unknown("endpoint", name, known));
        }
    }
    Ok(())
}

fn check_partitions(sources: &[&Source], request: &FetchRequest) -> Result<(), PlanError> {
    let asked = |endpoint: &&Endpoint| is_chosen(endpoint, request);
    let endpoints = || {
        let all = sources.iter().flat_map(|source| &source.endpoints);
        all.filter(asked)
    };
    for name in request.partitions.keys() {
        if !endpoints().any(|endpoint| endpoint.partitions.contains(name)) {
            let known = endpoints().flat_map(|endpoint| endpoint.partitions.iter());
            let known = known.map(String::as_str).collect::<std::collections::BTreeSet<_>>();
            return Err(unknown("partition", name, known.into_iter()));
        }
    }
    Ok(())
}

fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> PlanError {
    let known = known.collect::<Vec<_>>();
    PlanError(if known.is_empty() {
        format!("{what} `{name}` is not configured, and neither is any other")
    } else {
        format!("{what} `{name}` is not configured; there are `{}`", known.join("`, `"))
    })
}

fn is_chosen(endpoint: &Endpoint, request: &FetchRequest) -> bool {
    request.endpoints.is_empty() || request.endpoints.contains(&endpoint.name)
}

fn plan_source<'c>(
    source: &'c Source,
    request: &FetchRequest,
    lists: &Lists,
) -> Result<SourcePlan<'c>, PlanError> {
    let chosen = source.endpoints.iter().filter(|endpoint| is_chosen(endpoint, request));
    let plan = |endpoint: &'c Endpoint| {
        for partition in source.idle_partitions(endpoint) {
            tracing::warn!(
                source = source.name,
                endpoint = endpoint.name,
                partition,
                "partition is nowhere in the request: it is sent once for each of its values"
            );
        }
        let partitions = endpoint.partitions.iter().filter_map(|name| source.partition(name));
        let axes = partitions
            .map(|partition| {
                let values = values(partition, request, lists)?;
                Ok((partition.name.clone(), values))
            })
            .collect::<Result<_, PlanError>>()?;
        Ok(EndpointPlan { endpoint, axes })
    };
    Ok(SourcePlan { source, endpoints: chosen.map(plan).collect::<Result<_, PlanError>>()? })
}

fn values(
    partition: &Partition,
    request: &FetchRequest,
    lists: &Lists,
) -> Result<Vec<String>, PlanError> {
    let named = |reason: String| PlanError(format!("partition `{}`: {reason}", partition.name));
    match (&partition.kind, request.partitions.get(&partition.name)) {
        (kind, None) => default_values(kind, request.time, lists).map_err(named),
        (PartitionKind::Date(_), Some(Selection::Range { from, to })) => {
            let dates = window::between(from, to).map_err(named)?;
            Ok(dates.iter().map(ToString::to_string).collect())
        }
        (PartitionKind::List(_), Some(Selection::Range { .. })) => {
            Err(named("a list has no `from` and `to`; name its values".to_owned()))
        }
        (kind, Some(Selection::Values(values))) => {
            if matches!(kind, PartitionKind::Date(_)) {
                for value in values {
                    window::date(value).map_err(named)?;
                }
            }
            distinct(values).map_err(named)
        }
    }
}

fn default_values(
    kind: &PartitionKind,
    time: Timestamp,
    lists: &Lists,
) -> Result<Vec<String>, String> {
    match kind {
        PartitionKind::Date(dates) => {
            let dates = window::ended(dates, time);
            Ok(dates.iter().map(ToString::to_string).collect())
        }
        PartitionKind::List(ListValues::Values { values }) => Ok(values.clone()),
        PartitionKind::List(ListValues::From { from, column }) => lists
            .get(&(from.clone(), column.clone()))
            .cloned()
            .ok_or_else(|| format!("its list at `{from}` was not read")),
    }
}

/// Two equal values would be two writers of one object.
fn distinct(values: &[String]) -> Result<Vec<String>, String> {
    let mut seen = std::collections::BTreeSet::new();
    let distinct =
        values.iter().filter(|value| seen.insert(value.as_str())).cloned().collect::<Vec<_>>();
    if distinct.is_empty() || distinct.iter().any(String::is_empty) {
        return Err("no values, or an empty one; name at least one, or leave it out".to_owned());
    }
    Ok(distinct)
}
