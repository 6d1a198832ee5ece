//! A way to Postgres that takes longer: bytes arrive so much later as they were sent, in both
//! directions, and as many as were sent.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

/// Pieces under way at once, in each direction: far more than a millisecond's worth.
const UNDER_WAY: usize = 1_024;
const PIECE_BYTES: usize = 64 * 1024;

/// A listener that passes on to `target`. Dropped, it takes no more connections.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(target: SocketAddr, delay: Duration) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, target, delay));
            }
        });
        Ok(Self { port, accepting })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn pass_on(client: TcpStream, target: SocketAddr, delay: Duration) -> std::io::Result<()> {
    let server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(
        direction(from_client, to_server, delay),
        direction(from_server, to_client, delay)
    );
    Ok(())
}

/// One direction, until its sender closes it.
async fn direction(from: OwnedReadHalf, to: OwnedWriteHalf, delay: Duration) {
    let (sender, receiver) = mpsc::channel(UNDER_WAY);
    // Either end closing ends both; what was under way then is nobody's any more.
    let _ = tokio::join!(take(from, sender, delay), give(to, receiver));
}

async fn take(
    mut from: OwnedReadHalf,
    to: mpsc::Sender<(Instant, BytesMut)>,
    delay: Duration,
) -> std::io::Result<()> {
    loop {
        let mut piece = BytesMut::with_capacity(PIECE_BYTES);
        if from.read_buf(&mut piece).await? == 0 {
            return Ok(());
        }
        if to.send((Instant::now() + delay, piece)).await.is_err() {
            return Ok(());
        }
    }
}

async fn give(
    mut to: OwnedWriteHalf,
    mut from: mpsc::Receiver<(Instant, BytesMut)>,
) -> std::io::Result<()> {
    while let Some((at, piece)) = from.recv().await {
        if at > Instant::now() {
            sleep_until(at).await;
        }
        to.write_all(&piece).await?;
    }
    to.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_takes_the_delay_twice() {
        let echo = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let target = echo.local_addr().unwrap();
        tokio::spawn(async move {
            let (stream, _) = echo.accept().await.unwrap();
            let (mut from, mut to) = stream.into_split();
            tokio::io::copy(&mut from, &mut to).await.unwrap();
        });
        let delay = Duration::from_millis(20);
        let proxy = Proxy::start(target, delay).await.unwrap();
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port)).await.unwrap();
        let started = Instant::now();
        client.write_all(b"riacho").await.unwrap();
        let mut answer = [0_u8; 6];
        client.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"riacho");
        assert!(started.elapsed() >= delay * 2);
        assert!(started.elapsed() < delay * 10);
    }
}
