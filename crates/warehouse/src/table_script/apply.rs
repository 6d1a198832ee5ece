//! Applies a reviewed script: renders it anew from its lines, refuses one that says anything else,
//! and brings tables and catalog along in one transaction.

use normalise::{Change, Schema};

use super::Plan;
use super::line::Line;
use super::reading::{ReadPart, ScriptError, TableScript, in_one_line};
use crate::catalog::Catalog;
use crate::work::Work;
use crate::{EndpointFacts, Warehouse, WarehouseError, catalog, change_log, schema_change};

/// What a script made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// New tables.
    pub tables: usize,
    /// New columns, those of new tables included.
    pub columns: usize,
    /// Columns that became `numeric`.
    pub widened: usize,
}

/// One endpoint's part, checked against the catalog.
struct Ready<'a> {
    endpoint: &'a EndpointFacts,
    before: Catalog,
    plan: Plan,
}

impl Warehouse {
    /// Applies a script whose endpoints are `endpoints`, all of it or nothing.
    pub async fn apply_script(
        &mut self,
        script: &TableScript,
        endpoints: &[EndpointFacts],
    ) -> Result<Applied, WarehouseError> {
        let work = self.work().await?;
        let mut ready = Vec::new();
        for part in &script.parts {
            let is_its = |known: &&EndpointFacts| {
                (&known.source, &known.endpoint) == (&part.source, &part.endpoint)
            };
            let unknown = || WarehouseError::Mismatch("an endpoint's rules are missing".to_owned());
            let endpoint = endpoints.iter().find(is_its).ok_or_else(unknown)?;
            ready.push(prepare(&work, part, endpoint).await?);
        }
        compare(script, &ready)?;
        let mut applied = Applied::default();
        for part in &ready {
            part.run(&work).await?;
            for step in &part.plan.steps {
                applied.tables += usize::from(step.is_new);
                applied.columns += step.added.len();
                applied.widened += step.widened.len();
            }
        }
        for sql in &script.comments {
            // Prepared, as Postgres then takes one statement and no more.
            work.execute("comment on a table", sql, &[]).await?;
        }
        work.commit().await?;
        Ok(applied)
    }
}

/// Takes the endpoint's schema lock, and finds out what the part leads to.
async fn prepare<'a>(
    work: &Work<'_>,
    part: &ReadPart,
    endpoint: &'a EndpointFacts,
) -> Result<Ready<'a>, WarehouseError> {
    schema_change::wait_for_lock(work, endpoint).await?;
    let before = catalog::read(work, endpoint).await?;
    let (source_name, name) = (part.source.clone(), part.endpoint.clone());
    if before.version != part.catalog_version {
        let (written, found) = (part.catalog_version, before.version);
        return Err(ScriptError::Moved { source_name, endpoint: name, written, found }.into());
    }
    if endpoint.key != part.key {
        let (written, configured) = (said(&part.key), said(&endpoint.key));
        return Err(ScriptError::Key { source_name, endpoint: name, written, configured }.into());
    }
    let changes = changes(&before, &part.lines)?;
    let plan = Plan::of(&before, &changes)?;
    Ok(Ready { endpoint, before, plan })
}

fn said(key: &[String]) -> String {
    if key.is_empty() { "none".to_owned() } else { key.join(", ") }
}

fn changes(before: &Catalog, lines: &[(usize, Line)]) -> Result<Vec<Change>, WarehouseError> {
    let mut schema = Schema::clone(&before.schema);
    let mut changes = Vec::new();
    for (line, read) in lines {
        let wrong = |message| ScriptError::Line { line: *line, message };
        let change = read.change(&schema).map_err(wrong)?;
        schema = schema_change::apply(&schema, std::slice::from_ref(&change))?;
        changes.push(change);
    }
    Ok(changes)
}

/// Refuses a script whose statements are not those that its lines lead to.
fn compare(script: &TableScript, ready: &[Ready<'_>]) -> Result<(), ScriptError> {
    let rendered = ready.iter().flat_map(|part| part.plan.statements(part.endpoint, &part.before));
    let expected = std::iter::once("BEGIN".to_owned())
        .chain(rendered.map(|sql| in_one_line(&sql)))
        .chain(std::iter::once("COMMIT".to_owned()))
        .collect::<Vec<_>>();
    for number in 0..expected.len().max(script.statements.len()) {
        let (found, wanted) = (script.statements.get(number), expected.get(number));
        if found != wanted {
            let (found, expected) = (quoted(found), quoted(wanted));
            return Err(ScriptError::Altered { number: number + 1, found, expected });
        }
    }
    Ok(())
}

/// A statement as an error shows it.
fn quoted(statement: Option<&String>) -> String {
    const SHOWN: usize = 200;
    let Some(statement) = statement else { return "nothing".to_owned() };
    match statement.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("`{}…`", statement.get(..at).unwrap_or_default()),
        None => format!("`{statement}`"),
    }
}

impl Ready<'_> {
    async fn run(&self, work: &Work<'_>) -> Result<(), WarehouseError> {
        let Self { endpoint, before, plan: Plan { after, steps } } = self;
        let no_object = change_log::NO_OBJECT;
        schema_change::alter(work, endpoint, before, after, steps, no_object).await?;
        change_log::record(work, endpoint, no_object, before, after, steps).await?;
        Ok(())
    }
}
