//! A way to Postgres that takes longer: bytes arrive so much later as they were sent, in both
//! directions, and as many as were sent.
//!
//! With threads, as tokio's timer counts whole milliseconds and would double the delay.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

/// Pieces under way at once, in each direction: far more than a millisecond's worth.
const UNDER_WAY: usize = 1_024;
const PIECE_BYTES: usize = 64 * 1024;

/// A piece with the time at which it arrives.
type Piece = (Instant, Vec<u8>);

/// A listener that passes on to `target`. Dropped, it takes no more connections.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    target: SocketAddr,
    closed: Arc<AtomicBool>,
}

impl Proxy {
    pub(crate) fn start(target: SocketAddr, delay: Duration) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let closed = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&closed);
        spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                if seen.load(Ordering::Relaxed) {
                    break;
                }
                // Its client sees the connection end.
                let _ = pass_on(&client, target, delay);
            }
        });
        Ok(Self { port, target, closed })
    }

    /// The same database by this way.
    pub(crate) fn way_to(&self, url: &str) -> String {
        url.replace(&format!(":{}/", self.target.port()), &format!(":{}/", self.port))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        // Wakes the listener, so that it sees.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn pass_on(client: &TcpStream, target: SocketAddr, delay: Duration) -> std::io::Result<()> {
    let server = TcpStream::connect(target)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    direction(client.try_clone()?, server.try_clone()?, delay);
    direction(server, client.try_clone()?, delay);
    Ok(())
}

/// One direction, until its sender closes it.
fn direction(from: TcpStream, to: TcpStream, delay: Duration) {
    let (sender, receiver) = sync_channel(UNDER_WAY);
    // A connection that breaks ends both threads; what was under way is nobody's any more.
    spawn(move || take(from, &sender, delay));
    spawn(move || give(to, &receiver));
}

fn take(mut from: TcpStream, to: &SyncSender<Piece>, delay: Duration) -> std::io::Result<()> {
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let length = from.read(&mut piece)?;
        piece.truncate(length);
        if length == 0 || to.send((Instant::now() + delay, piece)).is_err() {
            return Ok(());
        }
    }
}

fn give(mut to: TcpStream, from: &Receiver<Piece>) -> std::io::Result<()> {
    while let Ok((at, piece)) = from.recv() {
        sleep(at.saturating_duration_since(Instant::now()));
        to.write_all(&piece)?;
    }
    to.shutdown(Shutdown::Write)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_takes_the_delay_twice() {
        let echo = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let target = echo.local_addr().unwrap();
        spawn(move || {
            let (mut stream, _) = echo.accept().unwrap();
            let mut asked = [0_u8; 6];
            stream.read_exact(&mut asked).unwrap();
            stream.write_all(&asked).unwrap();
        });
        let delay = Duration::from_millis(20);
        let proxy = Proxy::start(target, delay).unwrap();
        let mut client = TcpStream::connect(("127.0.0.1", proxy.port)).unwrap();
        let started = Instant::now();
        client.write_all(b"riacho").unwrap();
        let mut answer = [0_u8; 6];
        client.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"riacho");
        assert!(started.elapsed() >= delay * 2);
        assert!(started.elapsed() < delay * 10);
    }
}
