//! From an open body to rows in the warehouse: while Postgres takes one batch, the next is read and
//! shredded. One waits for the other when it is ahead by a batch, so that neither a fast lake nor a
//! slow database fills the memory.

use std::time::Instant;

use bytes::Bytes;
use normalise::{BATCH_BYTES, Batch, Shredder};
use objects::DecodedBody;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use warehouse::Loading;

use crate::{LoadError, Timings};

/// Batches that wait: with those in the making, being written and on the wire there are four.
const WAITING: usize = 1;

/// Shredded at a time. A body comes in chunks of a quarter of a megabyte, and while one is shredded
/// nobody answers Postgres, which would stand still for milliseconds at the beginning of each COPY.
const STRETCH: usize = 64 << 10;

/// What becomes of a batch.
pub(crate) trait Writing {
    async fn write(&mut self, batch: Batch, to: &mut Loading<'_>) -> Result<(), LoadError>;
}

/// Reads, shreds and writes, until the body ends. The last batch is given back where no other came
/// before it: it may be written and committed in one go.
pub(crate) async fn pour(
    body: &mut DecodedBody,
    shredder: &mut Shredder,
    loading: &mut Loading<'_>,
    writing: &mut impl Writing,
    timings: &mut Timings,
) -> Result<Option<Batch>, LoadError> {
    let (sender, receiver) = channel(WAITING);
    let mut ours = Timings::default();
    let shredded = shred(body, shredder, sender, &mut ours);
    let written = write(receiver, loading, writing, &mut timings.write);
    let (last, ()) = tokio::try_join!(biased; shredded, written)?;
    timings.read += ours.read;
    timings.shred += ours.shred;
    Ok(last)
}

async fn shred(
    body: &mut DecodedBody,
    shredder: &mut Shredder,
    to: Sender<Batch>,
    timings: &mut Timings,
) -> Result<Option<Batch>, LoadError> {
    let (mut is_first, mut rest) = (true, Bytes::new());
    loop {
        let reading = Instant::now();
        let stretch = next_stretch(body, &mut rest).await?;
        let shredding = Instant::now();
        timings.read += shredding - reading;
        let ended = stretch.is_none();
        match stretch {
            Some(stretch) => shredder.push(&stretch)?,
            None => shredder.finish()?,
        }
        timings.shred += shredding.elapsed();
        while shredder.is_under_way() {
            is_first = false;
            let _ = to.send(shredder.take_batch()).await;
            tokio::task::yield_now().await;
            let shredding = Instant::now();
            shredder.walk_on()?;
            timings.shred += shredding.elapsed();
        }
        if ended && is_first {
            return Ok(Some(shredder.take_batch()));
        }
        if ended || shredder.pending_bytes() >= BATCH_BYTES {
            is_first = false;
            // Nobody receives any more where writing failed, which says more.
            let _ = to.send(shredder.take_batch()).await;
        }
        if ended {
            return Ok(None);
        }
        // Shredding never waits, so that writing would starve beside it.
        tokio::task::yield_now().await;
    }
}

async fn next_stretch(
    body: &mut DecodedBody,
    rest: &mut Bytes,
) -> Result<Option<Bytes>, LoadError> {
    while rest.is_empty() {
        let Some(chunk) = body.chunk().await? else { return Ok(None) };
        *rest = chunk;
    }
    Ok(Some(rest.split_to(rest.len().min(STRETCH))))
}

async fn write(
    mut from: Receiver<Batch>,
    loading: &mut Loading<'_>,
    writing: &mut impl Writing,
    took: &mut std::time::Duration,
) -> Result<(), LoadError> {
    while let Some(batch) = loading.wait_for(from.recv()).await? {
        let began = Instant::now();
        writing.write(batch, loading).await?;
        *took += began.elapsed();
    }
    Ok(())
}
