//! One view: made, brought up to date in place, or made anew; or left as it was.

use std::collections::BTreeSet;

use normalise::{Renames, Table, fnv1a};

use super::blocked::{self, Reason};
use super::shape::View;
use super::standing::{OurView, Standing};
use super::{TakenDown, grants};
use crate::WarehouseError;
use crate::ident::{Ident, Relation};
use crate::schema_change::ensure_namespace;
use crate::work::Work;

/// Another query gives other columns than the view has: only a new view can have them.
const OTHER_COLUMNS: &str = "42P16";

/// One view that is being made.
pub(super) struct Making<'a> {
    pub(super) work: &'a Work<'a>,
    pub(super) view: Relation<'a>,
    /// The table, then those that hold the same records under other names.
    pub(super) tables: &'a [Relation<'a>],
    pub(super) shapes: &'a [&'a Table],
    pub(super) renames: &'a Renames,
    pub(super) taken: &'a TakenDown,
}

impl Making<'_> {
    /// Makes the view of what stands under its name. Gives what stood in the way.
    pub(super) async fn make(
        &self,
        standing: Option<&Standing>,
    ) -> Result<Option<Reason>, WarehouseError> {
        match standing {
            Some(Standing::Foreign) => Ok(Some(Reason::new(
                "a relation of that name is there that Riacho did not make or does not own; rename or drop it",
            ))),
            Some(Standing::Ours(ours)) => self.renew(ours).await,
            None => self.work_or_leave(self.create_first()).await,
        }
    }

    /// What is done in the meantime is undone where Postgres refuses.
    async fn work_or_leave(
        &self,
        act: impl Future<Output = Result<(), WarehouseError>>,
    ) -> Result<Option<Reason>, WarehouseError> {
        self.work.run("begin a view", "SAVEPOINT riacho_view").await?;
        let (end, reason) = match act.await {
            Ok(()) => ("RELEASE SAVEPOINT riacho_view", None),
            Err(error) if blocked::is_refusal(&error) => (
                "ROLLBACK TO SAVEPOINT riacho_view; RELEASE SAVEPOINT riacho_view",
                Some(Reason::of(&error)),
            ),
            Err(error) => return Err(error),
        };
        self.work.run("end a view", end).await.map(|()| reason)
    }

    async fn create_first(&self) -> Result<(), WarehouseError> {
        self.ensure_namespace().await?;
        let view = self.view.to_string();
        let grants = match self.taken.grants.get(&view) {
            Some(held) => held.clone(),
            None => grants::of_tables(self.work, self.tables, &view).await?,
        };
        self.create(&grants).await
    }

    async fn create(&self, grants: &[String]) -> Result<(), WarehouseError> {
        let query = self.view(&BTreeSet::new()).query(self.tables);
        let mut sql = format!("CREATE VIEW {} AS {query}; {}", self.view, self.comment_on(&query));
        for grant in grants {
            sql.push_str("; ");
            sql.push_str(grant);
        }
        self.work.run("create a view", &sql).await
    }

    /// Brings a view of ours up to date: in place where only columns are added, else anew, unless
    /// something stands on it.
    async fn renew(&self, ours: &OurView) -> Result<Option<Reason>, WarehouseError> {
        let nothing = BTreeSet::new();
        let keep = if ours.dependents.is_empty() { &nothing } else { &ours.bigints };
        let view = self.view(keep);
        let query = view.query(self.tables);
        if ours.comment == self.comment(&query) {
            return Ok(None);
        }
        let replace =
            format!("CREATE OR REPLACE VIEW {} AS {query}; {}", self.view, self.comment_on(&query));
        let reason = match self.work_or_leave(self.work.run("replace a view", &replace)).await? {
            None if view.kept_narrow.is_empty() => return Ok(None),
            None => {
                let columns = view.kept_narrow.join("`, `");
                Reason::new(format!("`{columns}` stays bigint while others depend on the view"))
            }
            Some(reason) if reason.is(OTHER_COLUMNS) && ours.dependents.is_empty() => {
                return self.work_or_leave(self.create_anew()).await;
            }
            Some(reason) => reason,
        };
        Ok(Some(reason.with_dependents(&ours.dependents)))
    }

    async fn create_anew(&self) -> Result<(), WarehouseError> {
        let grants = grants::held(self.work, &self.view.to_string()).await?;
        let drop = format!("DROP VIEW {}", self.view);
        self.work.run("drop a view to make it anew", &drop).await?;
        self.create(&grants).await
    }

    fn view(&self, narrow: &BTreeSet<String>) -> View {
        View::of(self.shapes, self.renames, narrow)
    }

    /// Marks the view as ours, and says which query made it.
    fn comment(&self, query: &str) -> String {
        let table = self.tables.first().map(Relation::to_string).unwrap_or_default();
        let print = fnv1a(query.as_bytes());
        format!(
            "Riacho: {table} with one name for each field, made anew when that changes. \
             Under another comment the view is yours. ({print:016x})"
        )
    }

    fn comment_on(&self, query: &str) -> String {
        let comment = self.comment(query).replace('\'', "''");
        format!("COMMENT ON VIEW {} IS '{comment}'", self.view)
    }

    /// The views' schema, open to whoever may use the tables' schema.
    async fn ensure_namespace(&self) -> Result<(), WarehouseError> {
        let views = self.view.schema;
        if !ensure_namespace(self.work, views).await? {
            return Ok(());
        }
        let tables = self.tables.first().map_or("", |table| table.schema);
        let views = Ident(views).to_string();
        for grant in grants::of_schema(self.work, tables, &views).await? {
            self.work.run("open the views' schema", &grant).await?;
        }
        Ok(())
    }
}
