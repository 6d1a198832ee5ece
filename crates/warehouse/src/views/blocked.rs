//! What stands in a view's way, in the change log: once, and no reason for a load to fail.

use crate::ident::Relation;
use crate::work::Work;
use crate::{EndpointFacts, WarehouseError};

/// Why a view is not as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) reason: String,
    /// Postgres's code, where it refused.
    code: Option<String>,
    /// What stands on the view.
    pub(crate) dependents: Vec<String>,
}

impl Reason {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), ..Self::default() }
    }

    pub(crate) fn of(error: &WarehouseError) -> Self {
        Self { code: code(error).map(str::to_owned), ..Self::new(error.to_string()) }
    }

    pub(crate) fn with_dependents(self, dependents: &[String]) -> Self {
        Self { dependents: dependents.to_vec(), ..self }
    }

    pub(crate) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

/// Whether Postgres refused the statement itself, which it would do again: a right that is missing,
/// a name that is taken, a limit, something that depends on the view.
///
/// Source: PostgreSQL documentation, Appendix A, classes 0A, 2B, 3F, 42, 54.
pub(crate) fn is_refusal(error: &WarehouseError) -> bool {
    code(error)
        .is_some_and(|code| ["0A", "2B", "3F", "42", "54"].iter().any(|of| code.starts_with(of)))
}

fn code(error: &WarehouseError) -> Option<&str> {
    match error {
        WarehouseError::Database { code, .. } => code.as_deref(),
        _ => None,
    }
}

/// Writes it down, if the log does not say it yet.
pub(crate) async fn say(
    work: &Work<'_>,
    endpoint: &EndpointFacts,
    object_id: i64,
    view: Relation<'_>,
    reason: &Reason,
) -> Result<(), WarehouseError> {
    const INSERT: &str = "
        INSERT INTO riacho.changes (source, endpoint, object_id, kind, table_name, details)
        SELECT $1, $2, $3, 'view_blocked', $4, $5
        WHERE NOT EXISTS (SELECT FROM riacho.changes c WHERE c.source = $1 AND c.endpoint = $2
            AND c.kind = 'view_blocked' AND c.table_name = $4 AND c.details = $5)";
    tracing::warn!(
        view.schema = view.schema,
        view.name = view.name,
        view.dependents = ?reason.dependents,
        reason = reason.reason,
        "a view can't be brought up to date; the tables are"
    );
    let details = serde_json::json!({
        "view": format!("{}.{}", view.schema, view.name),
        "reason": reason.reason,
        "dependents": reason.dependents,
    });
    let (source, of) = (&endpoint.source, &endpoint.endpoint);
    work.execute(
        "say what stands in a view's way",
        INSERT,
        &[source, of, &object_id, &view.name, &details],
    )
    .await?;
    Ok(())
}
