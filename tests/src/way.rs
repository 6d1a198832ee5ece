//! A way to the database that a test can make long, and break: a TCP listener that passes on.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

const PIECE_BYTES: usize = 16 << 10;

/// The way.
#[derive(Debug)]
pub struct Way {
    /// The database's address by this way.
    pub url: String,
    connections: Arc<AtomicUsize>,
    breaks: watch::Sender<usize>,
}

impl Way {
    /// A way to the database of this address.
    pub async fn to(database_url: &str) -> Self {
        Self::with_late_answers(database_url, Duration::ZERO).await
    }

    /// A way on which what the database says arrives so much later.
    pub async fn with_late_answers(database_url: &str, late: Duration) -> Self {
        let (head, tail) = database_url.rsplit_once('@').unwrap();
        let (authority, rest) = tail.split_once('/').unwrap();
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = Self {
            url: format!("{head}@localhost:{port}/{rest}"),
            connections: Arc::default(),
            breaks: watch::Sender::new(0),
        };
        let (authority, count) = (authority.to_owned(), Arc::clone(&way.connections));
        let breaks = way.breaks.subscribe();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::Relaxed);
                let Ok(far) = TcpStream::connect(&authority).await else { continue };
                tokio::spawn(connect(near, far, late, breaks.clone()));
            }
        });
        way
    }

    /// How often somebody has asked for a connection.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Breaks all connections, with what is under way.
    pub fn cut(&self) {
        self.breaks.send_modify(|number| *number += 1);
    }
}

async fn connect(
    near: TcpStream,
    far: TcpStream,
    late: Duration,
    mut breaks: watch::Receiver<usize>,
) {
    breaks.mark_unchanged();
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let ways = async {
        tokio::join!(pass(near_in, far_out, Duration::ZERO), pass(far_in, near_out, late));
    };
    tokio::select! {
        () = ways => {}
        _ = breaks.changed() => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, late: Duration) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let take = async move {
        let mut buffer = vec![0; PIECE_BYTES];
        while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
            let _ = sender.send((Instant::now() + late, buffer[..bytes].to_vec()));
        }
    };
    let give = async move {
        while let Some((at, piece)) = receiver.recv().await {
            sleep_until(at).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(take, give);
}
