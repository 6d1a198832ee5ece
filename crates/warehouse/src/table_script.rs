//! Table scripts: the SQL of an endpoint's tables for a person to review, with what the catalog has
//! to know of them in lines of comment. Pure text in both directions; running one is `apply`'s
//! part.

mod apply;
mod line;
mod reading;
mod remarks;

use normalise::{Change, Rules, Schema, Table};

use crate::catalog::{self, Catalog};
use crate::ident::Ident;
use crate::schema_change::{self, TableStep};
use crate::work::field;
use crate::{EndpointFacts, Warehouse, WarehouseError, ddl};

pub use apply::Applied;
pub use reading::{ScriptError, TableScript};

use line::Line;

const PREAMBLE: &str = "\
-- A table script of Riacho. `riacho schema apply` runs it and registers what it makes, in one
-- transaction; psql runs it as well, on a database that Riacho does not know.
-- To be reviewed, not to be changed: comments, blanks and COMMENT ON may be added, and nothing else.
-- It runs once: what it makes must not stand yet.
";

/// An endpoint's tables at one version of the catalog.
#[derive(Debug, Clone)]
pub struct Tables {
    pub(crate) catalog: Catalog,
}

impl Tables {
    /// The tables; none where no object has come yet.
    pub fn schema(&self) -> &Schema {
        &self.catalog.schema
    }
}

/// What a script does for one endpoint.
#[derive(Debug, Clone)]
pub struct ScriptPart {
    endpoint: EndpointFacts,
    rules: Rules,
    before: Catalog,
    changes: Vec<Change>,
}

impl ScriptPart {
    /// Makes the tables that stand, where nothing stands yet.
    pub fn whole(endpoint: &EndpointFacts, rules: &Rules, tables: &Tables) -> Self {
        let Catalog { namespace, schema, .. } = &tables.catalog;
        let changes = schema.tables.iter().enumerate().flat_map(|(number, table)| {
            let bare = Table { columns: Vec::new(), ..table.clone() };
            let columns = table.columns.iter().cloned();
            std::iter::once(Change::AddTable { table: bare })
                .chain(columns.map(move |column| Change::AddColumn { table: number, column }))
        });
        Self {
            endpoint: endpoint.clone(),
            rules: rules.clone(),
            before: Catalog { namespace: namespace.clone(), ..Catalog::default() },
            changes: changes.collect(),
        }
    }

    /// Makes these changes to the tables that stand.
    pub fn changing(
        endpoint: &EndpointFacts,
        rules: &Rules,
        tables: Tables,
        changes: Vec<Change>,
    ) -> Self {
        let (endpoint, rules) = (endpoint.clone(), rules.clone());
        Self { endpoint, rules, before: tables.catalog, changes }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

/// What a part leads to.
struct Plan {
    after: Schema,
    steps: Vec<TableStep>,
}

impl Plan {
    fn of(before: &Catalog, changes: &[Change]) -> Result<Self, WarehouseError> {
        let after = schema_change::apply(&before.schema, changes)?;
        let steps = schema_change::steps(&before.schema, &after);
        Ok(Self { after, steps })
    }

    /// The statements that a script must hold for it, and no others.
    fn statements(&self, endpoint: &EndpointFacts, before: &Catalog) -> Vec<String> {
        let namespace = (before.version == 0)
            .then(|| format!("CREATE SCHEMA IF NOT EXISTS {}", Ident(&before.namespace)));
        let rendered = ddl::statements(endpoint, before, &self.after, &self.steps);
        namespace.into_iter().chain(rendered.into_iter().map(|one| one.sql)).collect()
    }
}

/// The script of all parts: one transaction.
pub fn table_script(parts: &[ScriptPart]) -> Result<String, WarehouseError> {
    let mut script = PREAMBLE.to_owned();
    script.push_str("\nBEGIN;\n");
    for part in parts {
        let plan = Plan::of(&part.before, &part.changes)?;
        script.push_str(&heading(part, &plan));
        for line in Line::all(&part.endpoint, &part.before, &part.changes) {
            script.push_str(&line.render()?);
        }
        let comments = remarks::statements(&part.endpoint, &part.rules, &part.before, &plan);
        for sql in plan.statements(&part.endpoint, &part.before) {
            script.push_str(&format!("\n{sql};\n"));
        }
        script.push('\n');
        for sql in comments {
            script.push_str(&format!("{sql};\n"));
        }
    }
    script.push_str("\nCOMMIT;\n");
    Ok(script)
}

fn heading(part: &ScriptPart, plan: &Plan) -> String {
    let EndpointFacts { source, endpoint, .. } = &part.endpoint;
    let tables = plan.steps.iter().filter(|step| step.is_new).count();
    let columns = plan.steps.iter().map(|step| step.added.len()).sum::<usize>();
    let widened = plan.steps.iter().map(|step| step.widened.len()).sum::<usize>();
    // Quoted as Rust does it, so that no name ends the line.
    format!(
        "\n-- Source {source:?}, endpoint {endpoint:?}, from version {} of its catalog. New tables: \
         {tables}; new columns: {columns}; widened columns: {widened}.\n",
        part.before.version
    )
}

impl Warehouse {
    /// The endpoints that have tables: source and endpoint.
    pub async fn endpoints(&mut self) -> Result<Vec<(String, String)>, WarehouseError> {
        const ALL: &str = "SELECT source, endpoint FROM riacho.endpoints ORDER BY 1, 2";
        let work = self.work().await?;
        let rows = work.query("list the endpoints that have tables", ALL, &[]).await?;
        work.rollback().await?;
        rows.iter().map(|row| Ok((field(row, "source")?, field(row, "endpoint")?))).collect()
    }

    /// The endpoint's tables as the catalog has them.
    pub async fn tables(&mut self, endpoint: &EndpointFacts) -> Result<Tables, WarehouseError> {
        let work = self.work().await?;
        let catalog = catalog::read(&work, endpoint).await?;
        work.rollback().await?;
        Ok(Tables { catalog })
    }
}
