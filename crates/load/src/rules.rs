//! What the configuration, or its absence, says of an object's endpoint: rules for the core, facts
//! for the warehouse.

use configuration::{Bounds, Configuration, Endpoint, SchemaPolicy, WriteMode};
use landing::RawLocation;
use normalise::{
    ColumnType, Contract, DeclaredContract, DeclaredType, InvalidPointer, Limits, Pointer, Rules,
    table_name,
};
use warehouse::{Dropped, EndpointFacts, Write};

use crate::LoadError;

/// How one endpoint's objects become rows, and where these go.
#[derive(Debug, Clone)]
pub struct EndpointRules {
    /// For the core.
    pub rules: Rules,
    /// For the warehouse.
    pub facts: EndpointFacts,
}

impl EndpointRules {
    /// The rules of the endpoint that an object's folders name.
    pub fn of(configuration: &Configuration, location: &RawLocation) -> Result<Self, LoadError> {
        Self::named(configuration, &location.source, &location.endpoint)
    }

    /// The rules of an endpoint by its names.
    pub fn named(
        configuration: &Configuration,
        source: &str,
        endpoint: &str,
    ) -> Result<Self, LoadError> {
        let limits = limits(&configuration.load().bounds);
        let rules = match configuration.endpoint(source, endpoint) {
            Some(endpoint) => configured(endpoint, source),
            None => Ok(unconfigured(source, endpoint, limits)),
        };
        let mut rules = rules.map_err(|error: InvalidPointer| LoadError::Rules {
            source_name: source.to_owned(),
            endpoint: endpoint.to_owned(),
            message: error.to_string(),
        })?;
        rules.facts.dropped = match configuration.load().dropped {
            configuration::Dropped::Restore => Dropped::Restore,
            configuration::Dropped::Refuse => Dropped::Refuse,
        };
        Ok(rules)
    }
}

/// Nothing is said, so nothing is assumed: every document a record, every object's rows its own.
fn unconfigured(source: &str, endpoint: &str, limits: Limits) -> EndpointRules {
    let root_table = table_name(endpoint);
    EndpointRules {
        facts: EndpointFacts {
            source: source.to_owned(),
            endpoint: endpoint.to_owned(),
            root_table: root_table.clone(),
            write: Write::Append,
            key: Vec::new(),
            version: None,
            renames: Vec::new(),
            vanish_limit: None,
            dropped: Dropped::Restore,
            lock_schema_first: false,
        },
        rules: Rules { root_table, limits, ..Rules::default() },
    }
}

fn configured(endpoint: &Endpoint, source: &str) -> Result<EndpointRules, InvalidPointer> {
    let rules = Rules {
        root_table: endpoint.table.clone().unwrap_or_else(|| table_name(&endpoint.name)),
        records: pointer(endpoint.records.as_deref().unwrap_or_default())?,
        keep: pointers(&endpoint.keep)?,
        key: pointers(&endpoint.key)?,
        required: pointers(&endpoint.required)?,
        version: endpoint.version.as_deref().map(pointer).transpose()?,
        renames: endpoint
            .renames
            .iter()
            .map(|(new, old)| Ok((pointer(new)?, pointer(old)?)))
            .collect::<Result<_, _>>()?,
        maps: pointers(&endpoint.maps)?,
        types: endpoint.types.iter().filter_map(declared).collect(),
        contract: contract(endpoint.schema.rest),
        contracts: endpoint
            .schema
            .fields
            .iter()
            .map(|rule| DeclaredContract { pattern: rule.pattern.clone(), of: contract(rule.of) })
            .collect(),
        limits: limits(&endpoint.limits),
    };
    let records = endpoint.records.as_deref().unwrap_or_default();
    let from_document = |pointer: &String| format!("{records}{pointer}");
    let facts = EndpointFacts {
        source: source.to_owned(),
        endpoint: endpoint.name.clone(),
        root_table: rules.root_table.clone(),
        write: match endpoint.write {
            WriteMode::Replace => Write::Replace,
            WriteMode::Merge => Write::Merge,
            WriteMode::Append => Write::Append,
        },
        key: endpoint.key.iter().map(from_document).collect(),
        version: endpoint.version.as_ref().map(from_document),
        renames: endpoint
            .renames
            .iter()
            .map(|(new, old)| (from_document(new), from_document(old)))
            .collect(),
        vanish_limit: endpoint.vanish_limit,
        dropped: Dropped::Restore,
        lock_schema_first: false,
    };
    Ok(EndpointRules { rules, facts })
}

fn contract(policy: SchemaPolicy) -> Contract {
    match policy {
        SchemaPolicy::Evolve => Contract::Evolve,
        SchemaPolicy::Freeze => Contract::Freeze,
        SchemaPolicy::Discard => Contract::Discard,
    }
}

/// The configuration names no type that the core does not know; both take Postgres's names.
fn declared(rule: &configuration::TypeRule) -> Option<DeclaredType> {
    let of: ColumnType = rule.of.parse().ok()?;
    Some(DeclaredType { pattern: rule.pattern.clone(), of })
}

fn pointer(text: &str) -> Result<Pointer, InvalidPointer> {
    text.parse()
}

fn pointers(texts: &[String]) -> Result<Vec<Pointer>, InvalidPointer> {
    texts.iter().map(|text| pointer(text)).collect()
}

fn limits(bounds: &Bounds) -> Limits {
    let default = Limits::default();
    let or = |bound: Option<u64>, default: usize| {
        bound.map_or(default, |bound| usize::try_from(bound).unwrap_or(usize::MAX))
    };
    Limits {
        max_record_bytes: or(bounds.max_record_bytes, default.max_record_bytes),
        max_depth: or(bounds.max_depth, default.max_depth),
        max_flatten_depth: or(bounds.max_flatten_depth, default.max_flatten_depth),
        max_object_keys: or(bounds.max_object_keys, default.max_object_keys),
        max_columns: or(bounds.max_columns, default.max_columns),
        max_tables: or(bounds.max_tables, default.max_tables),
        max_row_bytes: or(bounds.max_row_bytes, default.max_row_bytes),
        max_jsonb_bytes: or(bounds.max_jsonb_bytes, default.max_jsonb_bytes),
        max_envelope_bytes: or(bounds.max_envelope_bytes, default.max_envelope_bytes),
        max_remembered_keys: default.max_remembered_keys,
    }
}
