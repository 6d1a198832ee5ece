//! Statements of which no one waits for the answer of another, in one journey to the server and back,
//! with the commit behind them.

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, poll_fn};
use std::task::Poll;

use futures::future::{join_all, maybe_done};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::WarehouseError;
use crate::work::Work;

/// A statement that is to be sent, with its parameters.
pub(crate) struct Step<'a> {
    doing: &'static str,
    sql: Cow<'a, str>,
    parameters: Vec<Box<dyn ToSql + Sync + Send + 'a>>,
}

impl<'a> Step<'a> {
    pub(crate) fn new(doing: &'static str, sql: impl Into<Cow<'a, str>>) -> Self {
        Self { doing, sql: sql.into(), parameters: Vec::new() }
    }

    /// The same with the next parameter.
    pub(crate) fn with(mut self, parameter: impl ToSql + Sync + Send + 'a) -> Self {
        self.parameters.push(Box::new(parameter));
        self
    }

    /// Runs it alone.
    pub(crate) async fn run(&self, work: &Work<'_>) -> Result<Vec<Row>, WarehouseError> {
        work.query(self.doing, &self.sql, &self.parameters()).await
    }

    fn parameters(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.parameters.iter().map(|one| &**one as &(dyn ToSql + Sync)).collect()
    }
}

impl fmt::Debug for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").field("doing", &self.doing).finish_non_exhaustive()
    }
}

/// Runs the steps in order and commits; gives each step's rows. Where one fails nothing is committed:
/// Postgres refuses what follows it, and what could not even be sent keeps the commit back.
pub(crate) async fn commit(
    work: &Work<'_>,
    steps: &[Step<'_>],
) -> Result<Vec<Vec<Row>>, WarehouseError> {
    let texts = steps.iter().map(|step| step.sql.as_ref()).collect::<Vec<_>>();
    let statements = work.prepare("prepare statements", &texts).await?;
    let answers = steps.iter().zip(&statements).map(|(step, statement)| async move {
        work.answer(step.doing, statement, &step.parameters()).await
    });
    let mut answers = answers.map(|answer| Box::pin(maybe_done(answer))).collect::<Vec<_>>();
    // A statement is sent when it is first polled, unless it can't be.
    poll_fn(|context| {
        for answer in &mut answers {
            let _ = answer.as_mut().poll(context);
        }
        Poll::Ready(())
    })
    .await;
    let is_unsent =
        answers.iter_mut().any(|answer| matches!(answer.as_mut().output_mut(), Some(Err(_))));
    let end = async { if is_unsent { work.abandon().await } else { work.commit().await } };
    let (_, ended) = futures::join!(join_all(answers.iter_mut()), end);
    let answers = answers.iter_mut().map(|answer| answer.as_mut().take_output());
    let lost = || Err(WarehouseError::Mismatch("a statement gave no answer".to_owned()));
    let answers = answers.map(|answer| answer.unwrap_or_else(lost));
    // The first that failed is the one that says why.
    let answers = answers.collect::<Result<Vec<_>, _>>()?;
    ended?;
    Ok(answers)
}
