//! Compares an endpoint's tables with its catalog whenever the catalog is read, and mends what
//! somebody changed by hand: what was dropped comes back empty or is refused, as configured; names
//! that were taken are stepped around; a type that would misread values is refused.

use std::collections::BTreeSet;
use std::sync::Arc;

use normalise::{Column, Table};

use crate::catalog::{self, Catalog, moved};
use crate::found::{self, Found, FoundTable};
use crate::ident::Ident;
use crate::schema_change::{self, TableStep};
use crate::work::Work;
use crate::{Dropped, EndpointFacts, WarehouseError, change_log, late_index};

/// Columns that every table has before its own.
pub(crate) const TECHNICAL: [&str; 3] = ["_object_id", "_row", "_parent_row"];
/// Their types, as Postgres writes them.
pub(crate) const TECHNICAL_TYPES: [&str; 3] = ["bigint", "integer", "integer"];

/// The endpoint's catalog, with tables that are as it says.
pub(crate) async fn sound(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
) -> Result<Catalog, WarehouseError> {
    let mut catalog = catalog::read(work, endpoint).await?;
    if catalog.schema.tables.is_empty() {
        return Ok(catalog);
    }
    let mut found = found::read(work, &catalog).await?;
    if let Err(refused) = refuse_what_misleads(&catalog, &found) {
        // Another load may have changed the tables after the catalog was read, and nobody by hand.
        let is_now = catalog::read_mark(work, endpoint).await?;
        let is_same = is_now == (catalog.version, catalog.mark.clone());
        return Err(if is_same { refused } else { moved(endpoint) });
    }
    let gone = gone(&catalog, &found);
    if !gone.is_empty() {
        restore(work, endpoint, &catalog, &gone).await?;
        catalog = catalog::read(work, endpoint).await?;
        found = found::read(work, &catalog).await?;
    }
    let missing = late_index::missing(endpoint, &catalog, &found);
    // Whether it can be made is seen the next time that the catalog is read.
    let key_is_indexed = !missing.iter().any(|index| index.is_key);
    late_index::make(work, endpoint, &missing).await?;
    catalog.key_is_indexed = key_is_indexed;
    let foreign = foreign(&catalog, &found);
    Arc::make_mut(&mut catalog.schema).foreign_columns = foreign;
    Ok(catalog)
}

/// What is said of dropped things where they are not to come back.
pub(crate) fn dropped(what: &str) -> WarehouseError {
    WarehouseError::ChangedByHand(format!(
        "{what} dropped by hand, and `dropped` in the configuration's [load] is \"refuse\"; put it \
         back (`riacho schema sql` prints it) or let it come back empty by \"restore\", then replay"
    ))
}

/// What the database lacks of the tables, as steps.
pub(crate) fn gone(catalog: &Catalog, found: &Found) -> Vec<TableStep> {
    let tables = catalog.schema.tables.iter().enumerate();
    tables.filter_map(|(number, table)| gone_of(number, table, found.get(&table.name))).collect()
}

fn gone_of(number: usize, table: &Table, found: Option<&FoundTable>) -> Option<TableStep> {
    let columns = table.columns.iter().enumerate();
    let lacks = |column: &Column| {
        found.is_none_or(|found| !found.columns.contains_key(column.name.as_str()))
    };
    let added = columns.filter(|(_, column)| lacks(column)).map(|(number, _)| number);
    let step = TableStep {
        table: number,
        is_new: found.is_none(),
        added: added.collect(),
        widened: Vec::new(),
    };
    (step.is_new || !step.added.is_empty()).then_some(step)
}

/// Columns that stand in the tables and not in the catalog.
fn foreign(catalog: &Catalog, found: &Found) -> BTreeSet<(usize, String)> {
    let mut foreign = BTreeSet::new();
    for (number, table) in catalog.schema.tables.iter().enumerate() {
        let columns = found.get(&table.name).into_iter().flat_map(|found| found.columns.keys());
        let ours = |name: &String| {
            TECHNICAL.contains(&name.as_str()) || table.column(name.as_str()).is_some()
        };
        foreign.extend(columns.filter(|name| !ours(name)).map(|name| (number, name.clone())));
    }
    foreign
}

/// Values would be misread, rounded, or belong to nothing: no load may go on.
pub(crate) fn refuse_what_misleads(catalog: &Catalog, found: &Found) -> Result<(), WarehouseError> {
    for table in &catalog.schema.tables {
        let Some(standing) = found.get(&table.name) else { continue };
        let relation = catalog.relation(table);
        let refuse = |what: String| Err(WarehouseError::ChangedByHand(what));
        if !standing.is_table {
            return refuse(format!(
                "{relation} is no table any more; move what stands there out of the way, then \
                 replay (`riacho schema diff` shows all that differs)"
            ));
        }
        let technical = TECHNICAL.iter().take(table.technical_columns());
        if let Some(name) =
            technical.into_iter().find(|name| !standing.columns.contains_key(**name))
        {
            return refuse(format!(
                "{relation} lacks its column `{name}`, by which its rows are known; drop the table, \
                 so that it comes back, then load the endpoint's objects again"
            ));
        }
        if let Some((name, is, of)) = retyped(table, standing).first() {
            return refuse(format!(
                "column `{name}` of {relation} is {is} and was made as {of}, so that values would \
                 be misread or cut; give it that type again (ALTER TABLE {relation} ALTER COLUMN {} \
                 TYPE {of}), then replay",
                Ident(name)
            ));
        }
    }
    Ok(())
}

/// The columns that don't take every value exactly any more: name, the type found, the type made.
pub(crate) fn retyped<'a>(
    table: &'a Table,
    standing: &'a FoundTable,
) -> Vec<(&'a str, &'a str, &'static str)> {
    let technical = TECHNICAL.into_iter().zip(TECHNICAL_TYPES).take(table.technical_columns());
    let technical = technical.filter_map(|(name, of)| {
        let is = standing.columns.get(name)?;
        (is != of).then_some((name, is.as_str(), of))
    });
    let columns = table.columns.iter().filter_map(|column| {
        let is = standing.columns.get(&column.name)?;
        (!found::holds(is, column.of)).then_some((
            column.name.as_str(),
            is.as_str(),
            column.of.name(),
        ))
    });
    technical.chain(columns).collect()
}

/// Brings dropped tables and columns back, empty.
async fn restore(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    catalog: &Catalog,
    gone: &[TableStep],
) -> Result<(), WarehouseError> {
    if endpoint.dropped == Dropped::Refuse {
        return Err(dropped(&named(catalog, gone)));
    }
    if !endpoint.lock_schema_first {
        return Err(moved(endpoint));
    }
    // Tables first: those that columns came to are locked while others still load.
    let (tables, columns) = gone.iter().cloned().partition::<Vec<_>, _>(|step| step.is_new);
    for steps in [tables, columns].iter().filter(|steps| !steps.is_empty()) {
        let no_object = change_log::NO_OBJECT;
        schema_change::alter(work, endpoint, catalog, &catalog.schema, steps, no_object).await?;
    }
    change_log::restored(work, endpoint, catalog, gone).await?;
    tracing::warn!(
        endpoint.source = endpoint.source,
        endpoint.name = endpoint.endpoint,
        "{} dropped by hand and came back empty; what stood there comes back when the endpoint's \
         objects are loaded again with --force",
        named(catalog, gone)
    );
    Ok(())
}

/// The first of the things that are gone, for people.
fn named(catalog: &Catalog, gone: &[TableStep]) -> String {
    let first = gone.first().and_then(|step| Some((step, catalog.schema.tables.get(step.table)?)));
    let Some((step, table)) = first else { return "nothing was".to_owned() };
    let relation = catalog.relation(table);
    let column = step.added.first().and_then(|number| table.columns.get(*number));
    match column.filter(|_| !step.is_new) {
        None => format!("the table {relation} was"),
        Some(column) => format!("column `{}` of {relation} was", column.name),
    }
}
