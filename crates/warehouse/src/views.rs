//! A view for each table where one field has several columns, so that a query needs to know one
//! name. It is made with the change of shape that calls for it, in the same transaction.
//!
//! A load never fails because of a view: what stands in its way is said in the change log.

use std::collections::{BTreeMap, BTreeSet};

use normalise::{Table, unique_name};

use crate::catalog::Catalog;
use crate::ident::{Ident, Relation};
use crate::schema_change::{TableStep, ensure_namespace};
use crate::work::Work;
use crate::{EndpointFacts, WarehouseError};

mod blocked;
mod grants;
mod shape;
mod standing;

use shape::View;
pub(crate) use standing::{IS_OURS, LEANERS};
use standing::{OurView, Standing};

/// Another query gives other columns than the view has: only a new view can have them.
const OTHER_COLUMNS: &str = "42P16";

/// The Postgres schema of a source's views, from that of its tables.
pub(crate) fn views_namespace(tables: &str) -> String {
    unique_name(&format!("{tables}_views"), tables, |_| false)
}

/// Who could read the views that were taken down.
#[derive(Debug, Default)]
pub(crate) struct TakenDown {
    grants: BTreeMap<String, Vec<String>>,
}

/// Clears the way for changes of tables: locks their views, and takes down those of columns that
/// change their type.
///
/// A reader locks a view before its table, and so do we: else each would wait for the other.
pub(crate) async fn make_way(
    work: &Work<'_>,
    before: &Catalog,
    steps: &[TableStep],
) -> Result<TakenDown, WarehouseError> {
    let mut taken = TakenDown::default();
    for step in steps {
        let Some(table) = before.schema.tables.get(step.table) else { continue };
        let relation = before.relation(table);
        if !step.widened.is_empty() {
            take_down(work, relation, &mut taken).await?;
            continue;
        }
        for view in standing::views_of(work, relation).await? {
            let lock = format!("LOCK TABLE {view} IN ACCESS EXCLUSIVE MODE");
            work.run("lock a table's view", &lock).await?;
        }
    }
    Ok(taken)
}

/// Drops our views of a table, and remembers who could read them.
pub(crate) async fn take_down(
    work: &Work<'_>,
    table: Relation<'_>,
    taken: &mut TakenDown,
) -> Result<(), WarehouseError> {
    for view in standing::views_of(work, table).await? {
        let held = grants::held(work, &view).await?;
        work.run("drop a view to make it anew", &format!("DROP VIEW {view}")).await?;
        taken.grants.insert(view, held);
    }
    Ok(())
}

/// Makes the views of the tables that have changed, and those that are missing.
pub(crate) async fn keep_up(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    object_id: i64,
    after: &Catalog,
    steps: &[TableStep],
    taken: &TakenDown,
) -> Result<(), WarehouseError> {
    let needed = |table: &&Table| shape::is_called_for(table);
    let names = after.schema.tables.iter().filter(needed).map(|table| table.name.as_str());
    let names = names.collect::<Vec<_>>();
    if names.is_empty() {
        return Ok(());
    }
    let namespace = views_namespace(&after.namespace);
    let missing = standing::missing(work, &namespace, &names).await?;
    let changed = steps.iter().map(|step| step.table).collect::<BTreeSet<_>>();
    for (number, table) in after.schema.tables.iter().enumerate() {
        let is_due = changed.contains(&number) || missing.contains(&table.name);
        if !is_due || !shape::is_called_for(table) {
            continue;
        }
        let making = Making {
            work,
            table: after.relation(table),
            view: Relation { schema: &namespace, name: &table.name },
            shape: table,
            taken,
        };
        if let Some(reason) = making.attempt().await? {
            let view = making.view;
            blocked::say(work, endpoint, object_id, view, &reason).await?;
        }
    }
    Ok(())
}

/// One view that is being made.
struct Making<'a> {
    work: &'a Work<'a>,
    table: Relation<'a>,
    view: Relation<'a>,
    shape: &'a Table,
    taken: &'a TakenDown,
}

impl Making<'_> {
    /// Makes the view, or leaves all as it was. Gives what stood in the way.
    async fn attempt(&self) -> Result<Option<blocked::Reason>, WarehouseError> {
        self.work.run("begin a view", "SAVEPOINT riacho_view").await?;
        match self.make().await {
            Ok(reason) => {
                self.work.run("end a view", "RELEASE SAVEPOINT riacho_view").await?;
                Ok(reason)
            }
            Err(error) if blocked::is_refusal(&error) => {
                let back = "ROLLBACK TO SAVEPOINT riacho_view; RELEASE SAVEPOINT riacho_view";
                self.work.run("leave the view as it is", back).await?;
                Ok(Some(blocked::Reason::new(error.to_string())))
            }
            Err(error) => Err(error),
        }
    }

    async fn make(&self) -> Result<Option<blocked::Reason>, WarehouseError> {
        match standing::look(self.work, self.view).await? {
            Standing::Foreign => Ok(Some(blocked::Reason::new(
                "a relation of that name is there that Riacho did not make or does not own; rename or drop it",
            ))),
            Standing::Nothing => {
                self.ensure_namespace().await?;
                let view = self.view.to_string();
                let grants = match self.taken.grants.get(&view) {
                    Some(held) => held.clone(),
                    None => grants::of_table(self.work, self.table, &view).await?,
                };
                self.create(&grants).await.map(|()| None)
            }
            Standing::Ours(ours) => self.renew(ours).await,
        }
    }

    async fn create(&self, grants: &[String]) -> Result<(), WarehouseError> {
        let query = View::of(self.shape, &BTreeSet::new()).query(self.table);
        let (view, table) = (self.view, self.table);
        let comment = format!(
            "Riacho: {table} with one name for each field; made anew when the table changes. \
             See docs/views.md. Under another comment the view is yours."
        );
        let mut sql = format!(
            "CREATE VIEW {view} AS {query}; COMMENT ON VIEW {view} IS '{}'",
            comment.replace('\'', "''")
        );
        for grant in grants {
            sql.push_str("; ");
            sql.push_str(grant);
        }
        self.work.run("create a view", &sql).await
    }

    /// Brings a view of ours up to date: in place where only columns are added, else anew, unless
    /// something stands on it.
    async fn renew(&self, ours: OurView) -> Result<Option<blocked::Reason>, WarehouseError> {
        let keep = if ours.dependents.is_empty() { BTreeSet::new() } else { ours.bigints };
        let view = View::of(self.shape, &keep);
        match self.replace(&view).await {
            Ok(()) if view.kept_narrow.is_empty() => Ok(None),
            Ok(()) => {
                let columns = view.kept_narrow.join("`, `");
                let reason = format!("`{columns}` stays bigint while others depend on the view");
                Ok(Some(blocked::Reason { reason, dependents: ours.dependents }))
            }
            Err(error) if !blocked::is_code(&error, OTHER_COLUMNS) => Err(error),
            Err(_) if ours.dependents.is_empty() => {
                let grants = grants::held(self.work, &self.view.to_string()).await?;
                let drop = format!("DROP VIEW {}", self.view);
                self.work.run("drop a view to make it anew", &drop).await?;
                self.create(&grants).await.map(|()| None)
            }
            Err(error) => {
                Ok(Some(blocked::Reason { reason: error.to_string(), dependents: ours.dependents }))
            }
        }
    }

    /// Leaves the transaction usable where Postgres refuses.
    async fn replace(&self, view: &View) -> Result<(), WarehouseError> {
        self.work.run("begin to replace a view", "SAVEPOINT riacho_replace").await?;
        let query = view.query(self.table);
        let sql = format!("CREATE OR REPLACE VIEW {} AS {query}", self.view);
        let answer = self.work.run("replace a view", &sql).await;
        let end = match &answer {
            Err(error) if !blocked::is_refusal(error) => return answer,
            Err(_) => "ROLLBACK TO SAVEPOINT riacho_replace; RELEASE SAVEPOINT riacho_replace",
            Ok(()) => "RELEASE SAVEPOINT riacho_replace",
        };
        self.work.run("end the replacing of a view", end).await?;
        answer
    }

    /// The views' schema, open to whoever may use the tables' schema.
    async fn ensure_namespace(&self) -> Result<(), WarehouseError> {
        let (tables, views) = (self.table.schema, self.view.schema);
        if !ensure_namespace(self.work, views).await? {
            return Ok(());
        }
        let views = Ident(views).to_string();
        for grant in grants::of_schema(self.work, tables, &views).await? {
            self.work.run("open the views' schema", &grant).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_source_has_views_of_its_own() {
        assert_eq!(views_namespace("pos"), "pos_views");
        let long = "s".repeat(63);
        let other = format!("{}t", "s".repeat(62));
        assert!(views_namespace(&long).len() <= 63);
        assert_ne!(views_namespace(&long), views_namespace(&other));
    }
}
