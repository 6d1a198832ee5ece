//! The limit: Postgres's own COPY BINARY of the same rows into the same tables with the same indexes,
//! encoded beforehand, over one connection. Nobody who ends with these rows can be much faster.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use futures::{SinkExt, StreamExt, TryStreamExt};
use tokio_postgres::{Client, Statement};

/// Signature, flags, and the length of an extension that there never is: Postgres's documentation,
/// "COPY", "Binary Format".
const HEADER_BYTES: usize = 19;
const TRAILER_BYTES: usize = 2;

/// The schema that the loader writes to.
const SCHEMA: &str = "pos";

/// Rows as COPY's binary form, by object and table.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) tables: Vec<String>,
    pub(crate) objects: Vec<EncodedObject>,
}

/// The rows of one object, a stream for each table.
#[derive(Debug)]
pub(crate) struct EncodedObject {
    pub(crate) id: i64,
    pub(crate) streams: Vec<Bytes>,
}

impl Encoded {
    /// Reads what stands in the loader's tables.
    pub(crate) async fn read(client: &Client) -> anyhow::Result<Self> {
        let tables = client
            .query(
                "SELECT relname::text FROM pg_class WHERE relkind = 'r' \
                 AND relnamespace = $1::text::regnamespace ORDER BY relname",
                &[&SCHEMA],
            )
            .await?;
        let tables: Vec<String> = tables.iter().map(|row| row.get(0)).collect();
        let root = tables.first().context("no table was loaded")?;
        // By key, so that the states of one scope stand in one place, whichever came first.
        let ids = format!(
            "SELECT id FROM riacho.objects \
             WHERE id IN (SELECT _object_id FROM {SCHEMA}.{root}) ORDER BY key"
        );
        let mut objects = Vec::new();
        for row in client.query(&ids, &[]).await? {
            let id: i64 = row.get(0);
            let mut streams = Vec::new();
            for table in &tables {
                let sql = format!(
                    "COPY (SELECT * FROM {SCHEMA}.{table} WHERE _object_id = {id} ORDER BY _row) \
                     TO STDOUT (FORMAT binary)"
                );
                let chunks: Vec<Bytes> = client.copy_out(&sql).await?.try_collect().await?;
                streams.push(chunks.concat().into());
            }
            objects.push(EncodedObject { id, streams });
        }
        Ok(Self { tables, objects })
    }

    /// Bytes of all streams.
    pub(crate) fn bytes(&self) -> u64 {
        let streams = self.objects.iter().flat_map(|object| &object.streams);
        streams.map(|stream| stream.len() as u64).sum()
    }
}

/// Tables like the loader's, in a schema of their own.
#[derive(Debug)]
pub(crate) struct Copying<'a> {
    client: &'a Client,
    schema: &'a str,
    tables: &'a [String],
    statements: Vec<Statement>,
}

impl<'a> Copying<'a> {
    /// Makes the tables, empty, with all columns, keys and indexes.
    pub(crate) async fn into_new_tables(
        client: &'a Client,
        schema: &'a str,
        tables: &'a [String],
    ) -> anyhow::Result<Self> {
        client
            .batch_execute(&format!(
                "DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}"
            ))
            .await?;
        for table in tables {
            let sql =
                format!("CREATE TABLE {schema}.{table} (LIKE {SCHEMA}.{table} INCLUDING ALL)");
            client.batch_execute(&sql).await?;
        }
        Self::into_tables(client, schema, tables).await
    }

    /// Takes tables that stand.
    pub(crate) async fn into_tables(
        client: &'a Client,
        schema: &'a str,
        tables: &'a [String],
    ) -> anyhow::Result<Self> {
        let mut statements = Vec::new();
        for table in tables {
            let sql = format!("COPY {schema}.{table} FROM STDIN (FORMAT binary)");
            statements.push(client.prepare(&sql).await?);
        }
        Ok(Self { client, schema, tables, statements })
    }

    /// All objects in one transaction, one COPY a table: as fast as it gets.
    pub(crate) async fn in_one_transaction(&self, encoded: &Encoded) -> anyhow::Result<Duration> {
        let started = Instant::now();
        self.client.batch_execute("BEGIN").await?;
        for (index, statement) in self.statements.iter().enumerate() {
            let streams = encoded.objects.iter().filter_map(|object| object.streams.get(index));
            self.copy(statement, joined(streams)).await?;
        }
        self.client.batch_execute("COMMIT").await?;
        Ok(started.elapsed())
    }

    /// A transaction an object, as whoever must not lose half an object has to. Gives the time of
    /// each.
    pub(crate) async fn a_transaction_each(
        &self,
        encoded: &Encoded,
    ) -> anyhow::Result<Vec<Duration>> {
        let mut times = Vec::with_capacity(encoded.objects.len());
        for object in &encoded.objects {
            let started = Instant::now();
            self.client.batch_execute("BEGIN").await?;
            self.copy_object(object).await?;
            self.client.batch_execute("COMMIT").await?;
            times.push(started.elapsed());
        }
        Ok(times)
    }

    /// Deletes the rows of `before` and copies those of `after`; in one transaction, or one for each
    /// object and the one that it replaces.
    pub(crate) async fn replace(
        &self,
        before: &Encoded,
        after: &Encoded,
        in_one: bool,
    ) -> anyhow::Result<Duration> {
        ensure!(before.objects.len() == after.objects.len(), "the sets have other objects");
        let mut deletes = Vec::new();
        for table in self.tables {
            let sql = format!("DELETE FROM {}.{table} WHERE _object_id = ANY($1)", self.schema);
            deletes.push(self.client.prepare(&sql).await?);
        }
        let started = Instant::now();
        if in_one {
            let ids: Vec<i64> = before.objects.iter().map(|object| object.id).collect();
            self.client.batch_execute("BEGIN").await?;
            for delete in &deletes {
                self.client.execute(delete, &[&ids]).await?;
            }
            for (index, statement) in self.statements.iter().enumerate() {
                let streams = after.objects.iter().filter_map(|object| object.streams.get(index));
                self.copy(statement, joined(streams)).await?;
            }
            self.client.batch_execute("COMMIT").await?;
        } else {
            for (old, new) in before.objects.iter().zip(&after.objects) {
                self.client.batch_execute("BEGIN").await?;
                for delete in &deletes {
                    self.client.execute(delete, &[&vec![old.id]]).await?;
                }
                self.copy_object(new).await?;
                self.client.batch_execute("COMMIT").await?;
            }
        }
        Ok(started.elapsed())
    }

    async fn copy_object(&self, object: &EncodedObject) -> anyhow::Result<()> {
        for (statement, stream) in self.statements.iter().zip(&object.streams) {
            self.copy(statement, std::iter::once(stream.clone())).await?;
        }
        Ok(())
    }

    async fn copy(
        &self,
        statement: &Statement,
        pieces: impl Iterator<Item = Bytes>,
    ) -> anyhow::Result<()> {
        let sink = self.client.copy_in(statement).await?;
        futures::pin_mut!(sink);
        let mut pieces = futures::stream::iter(pieces);
        while let Some(piece) = pieces.next().await {
            sink.feed(piece).await?;
        }
        sink.finish().await?;
        Ok(())
    }
}

/// One stream of several: one header, one trailer.
fn joined<'a>(streams: impl Iterator<Item = &'a Bytes> + 'a) -> impl Iterator<Item = Bytes> + 'a {
    let mut streams = streams.enumerate().peekable();
    std::iter::from_fn(move || {
        let (index, stream) = streams.next()?;
        let start = if index == 0 { 0 } else { HEADER_BYTES };
        let end = match streams.peek() {
            Some(_) => stream.len().saturating_sub(TRAILER_BYTES),
            None => stream.len(),
        };
        Some(stream.slice(start.min(end)..end))
    })
}
