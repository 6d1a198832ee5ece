//! The whole ledger in the order of the keys' bytes, in which S3 lists them: a page at a time, as of
//! one moment, so that a million lines can be compared with a listing.

use landing::ObjectKey;
use tokio_postgres::SimpleQueryMessage;

use crate::ident::Literal;
use crate::work::Work;
use crate::{Warehouse, WarehouseError};

const PAGE: usize = 5_000;

/// An object's line, as far as a comparison with the lake needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerLine {
    /// The object.
    pub key: ObjectKey,
    /// The bytes that the line speaks of.
    pub etag: Option<String>,
    /// `loaded`, `unchanged`, `superseded`, `failed`.
    pub status: String,
    /// The name of the failure, if it failed.
    pub failure: Option<String>,
    /// Whether its rows stand.
    pub stands: bool,
}

/// The ledger, being read.
#[derive(Debug)]
pub struct LedgerPages<'w> {
    work: Work<'w>,
    is_over: bool,
}

impl Warehouse {
    /// The ledger's lines of a bucket's objects whose keys begin with `prefix`.
    ///
    /// Source: PostgreSQL documentation, DECLARE: a cursor's rows are those of the moment when it was
    /// declared.
    pub async fn ledger_pages(
        &mut self,
        bucket: &str,
        prefix: &str,
    ) -> Result<LedgerPages<'_>, WarehouseError> {
        let work = self.work().await?;
        // Between two pages the lake is listed, for as long as that takes.
        let read = "SET TRANSACTION READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0";
        work.run("read only", read).await?;
        let sql = format!(
            "DECLARE riacho_ledger NO SCROLL CURSOR FOR
             SELECT key, etag, status, error->>'kind', stands FROM riacho.objects
             WHERE bucket = {} AND starts_with(key, {}) AND status <> 'loading'
             ORDER BY key COLLATE \"C\"",
            Literal(bucket),
            Literal(prefix)
        );
        work.run("read the ledger", &sql).await?;
        Ok(LedgerPages { work, is_over: false })
    }
}

impl LedgerPages<'_> {
    /// The next lines, or nothing at the end.
    pub async fn next_page(&mut self) -> Result<Option<Vec<LedgerLine>>, WarehouseError> {
        if self.is_over {
            return Ok(None);
        }
        let fetch = format!("FETCH {PAGE} FROM riacho_ledger");
        let mut page = Vec::with_capacity(PAGE);
        for message in self.work.ask("read on in the ledger", &fetch).await? {
            if let SimpleQueryMessage::Row(row) = message {
                let cell = |place| row.get(place).map(str::to_owned);
                page.push(LedgerLine {
                    key: ObjectKey::new(cell(0).unwrap_or_default()),
                    etag: cell(1),
                    status: cell(2).unwrap_or_default(),
                    failure: cell(3),
                    stands: cell(4).as_deref() == Some("t"),
                });
            }
        }
        self.is_over = page.len() < PAGE;
        Ok(Some(page))
    }

    /// Ends the reading. Where even that fails the connection is gone, and the transaction with it.
    pub async fn close(self) {
        if let Err(error) = self.work.rollback().await {
            tracing::debug!(error = %error, "could not roll back");
        }
    }
}
