//! A way to Postgres on which things happen: it understands the protocol well enough to let a fault
//! fall between two given messages, and to let Postgres itself answer with an error.
//!
//! Loads come by TCP without TLS, which the loopback interface allows; Postgres is reached by its
//! socket. Source of the messages' order: PostgreSQL documentation, "Message Flow".

use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::unix::OwnedWriteHalf as ServerHalf;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::cluster::Cluster;
use super::postgres_fault::{Deed, Moment, PostgresFault};
use super::wire::{self, Frame, Frames};
use super::wires::Wires;

/// A listener before the cluster's socket. Dropped, it takes no more connections.
#[derive(Debug)]
pub(super) struct PostgresProxy {
    pub(super) port: u16,
    inner: Arc<Inner>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Inner {
    cluster: Arc<Cluster>,
    wires: Arc<Wires>,
    armed: Mutex<Option<PostgresFault>>,
}

impl PostgresProxy {
    pub(super) async fn start(cluster: Arc<Cluster>, wires: Arc<Wires>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let inner = Arc::new(Inner { cluster, wires, armed: Mutex::default() });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&inner)));
        Ok(Self { port, inner, accepting })
    }

    /// Lays a fault in wait, in place of the one before.
    pub(super) fn arm(&self, fault: Option<PostgresFault>) {
        *self.inner.armed.lock().unwrap_or_else(PoisonError::into_inner) = fault;
    }
}

impl Drop for PostgresProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, inner: Arc<Inner>) {
    while let Ok((client, _)) = listener.accept().await {
        let inner = Arc::clone(&inner);
        tokio::spawn(async move {
            let mut cut = inner.wires.scissors();
            tokio::select! {
                // How a conversation ends is what its two ends make of it.
                _ = converse(&inner, client) => {}
                _ = cut.changed() => {}
            }
        });
    }
}

impl Inner {
    /// The deed that is due at such a moment. It happens once.
    fn due(&self, now: impl Fn(Moment, Deed) -> bool) -> Option<PostgresFault> {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(PostgresFault { when: Moment::Exchange(left), .. }) = armed.as_mut()
            && *left > 0
            && now(Moment::Exchange(0), Deed::Cut)
        {
            *left -= 1;
            return None;
        }
        let due = armed.take_if(|fault| now(fault.when, fault.what))?;
        self.wires.tally.count(due.to_string());
        Some(due)
    }
}

/// What an exchange begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begins {
    Statement,
    /// The beginning or the giving up of a transaction: Postgres refuses neither.
    Boundary,
    Commit,
    Copy,
}

impl Begins {
    fn of(frame: &Frame) -> Self {
        match frame.tag {
            b'd' => Self::Copy,
            b'Q' if frame.text() == "COMMIT" => Self::Commit,
            b'Q' if frame.text().starts_with("BEGIN") || frame.text() == "ROLLBACK" => {
                Self::Boundary
            }
            _ => Self::Statement,
        }
    }

    fn is_moment_of(self, when: Moment, what: Deed) -> bool {
        match when {
            Moment::Connect => false,
            Moment::Exchange(_) => self != Self::Boundary || !matches!(what, Deed::Refuse(_)),
            Moment::Copy => self == Self::Copy,
            Moment::BeforeCommit | Moment::CommitSent | Moment::Committed => self == Self::Commit,
        }
    }
}

/// One connection.
struct Conversation<'i> {
    inner: &'i Inner,
    client: OwnedWriteHalf,
    server: ServerHalf,
    backend: i32,
    is_exchange_open: bool,
    /// What the client says until its next `Sync` is not passed on; whether that one is.
    swallows: Option<bool>,
    /// The next error, or the next `ROLLBACK`, is told to the client as an error of this code.
    disguise: Option<&'static str>,
    /// What happens when Postgres says that it has committed.
    once_committed: Option<Deed>,
}

/// Why a conversation ended on purpose.
fn over() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}

async fn converse(inner: &Inner, client: TcpStream) -> io::Result<()> {
    client.set_nodelay(true)?;
    let (from_client, mut client) = client.into_split();
    let mut from_client = Frames::new(from_client);
    let mut startup = from_client.startup().await?;
    if wire::asks_for_tls(&startup) {
        client.write_all(b"N").await?;
        startup = from_client.startup().await?;
    }
    if let Some(fault) = inner.due(|when, _| when == Moment::Connect) {
        match fault.what {
            Deed::Refuse(code) => {
                return client.write_all(&wire::error("FATAL", code, "refused")).await;
            }
            Deed::Delay(ms) => sleep(Duration::from_millis(ms)).await,
            _ => return Err(over()),
        }
    }
    let (from_server, mut server) = UnixStream::connect(inner.cluster.socket()).await?.into_split();
    server.write_all(&startup).await?;
    let mut from_server = Frames::new(from_server);
    let mut conversation = Conversation {
        inner,
        client,
        server,
        backend: 0,
        is_exchange_open: false,
        swallows: None,
        disguise: None,
        once_committed: None,
    };
    loop {
        tokio::select! {
            biased;
            frame = from_server.next() => conversation.answered(frame?).await?,
            frame = from_client.next() => conversation.asked(frame?).await?,
        }
    }
}

impl Conversation<'_> {
    async fn asked(&mut self, frame: Frame) -> io::Result<()> {
        if let Some(passes_sync) = self.swallows {
            if frame.tag == b'S' {
                self.swallows = None;
                self.is_exchange_open = false;
                if passes_sync {
                    self.server.write_all(&frame.bytes).await?;
                }
            }
            return Ok(());
        }
        let opens = !self.is_exchange_open && matches!(frame.tag, b'Q' | b'P' | b'B' | b'd');
        if matches!(frame.tag, b'P' | b'B' | b'd') {
            self.is_exchange_open = true;
        }
        if frame.tag == b'S' {
            self.is_exchange_open = false;
        }
        let begins = Begins::of(&frame);
        let due =
            opens.then(|| self.inner.due(|when, what| begins.is_moment_of(when, what))).flatten();
        let Some(fault) = due else { return self.server.write_all(&frame.bytes).await };
        match fault.when {
            Moment::CommitSent => {
                self.server.write_all(&frame.bytes).await?;
                self.do_now(fault.what).await
            }
            Moment::Committed => {
                self.once_committed = Some(fault.what);
                self.server.write_all(&frame.bytes).await
            }
            _ => match fault.what {
                Deed::Refuse(code) => self.refuse(begins, frame.tag, code).await,
                what => {
                    self.do_now(what).await?;
                    self.server.write_all(&frame.bytes).await
                }
            },
        }
    }

    /// Lets Postgres itself refuse what was asked, so that its transaction is where it would be.
    async fn refuse(&mut self, begins: Begins, tag: u8, code: &'static str) -> io::Result<()> {
        match begins {
            Begins::Commit => {
                self.disguise = Some(code);
                self.server.write_all(&wire::query("ROLLBACK")).await
            }
            Begins::Copy => {
                self.disguise = Some(code);
                self.swallows = Some(true);
                self.server.write_all(&wire::copy_fail()).await
            }
            Begins::Statement | Begins::Boundary => {
                self.swallows = (tag != b'Q').then_some(false);
                let raise = format!(
                    "DO $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END $$"
                );
                self.server.write_all(&wire::query(&raise)).await
            }
        }
    }

    async fn answered(&mut self, frame: Frame) -> io::Result<()> {
        if let Some(backend) = frame.backend() {
            self.backend = backend;
        }
        let is_end_of = |what: &str| frame.tag == b'C' && frame.text() == what;
        if let Some(what) = self.once_committed
            && is_end_of("COMMIT")
        {
            self.do_now(what).await?;
        }
        if let Some(code) = self.disguise
            && (frame.tag == b'E' || is_end_of("ROLLBACK"))
        {
            self.disguise = None;
            return self.client.write_all(&wire::error("ERROR", code, "refused")).await;
        }
        self.client.write_all(&frame.bytes).await
    }

    /// Does what ends a connection, or holds it up. An error ends the conversation.
    async fn do_now(&mut self, what: Deed) -> io::Result<()> {
        match what {
            Deed::Cut => Err(over()),
            Deed::Kill => {
                self.inner.wires.kill().await;
                Err(over())
            }
            Deed::ShutDown | Deed::Refuse(_) => {
                let words = "terminating connection due to administrator command";
                self.client.write_all(&wire::error("FATAL", "57P01", words)).await?;
                Err(over())
            }
            Deed::Terminate => {
                self.inner.cluster.terminate(self.backend).await;
                Ok(())
            }
            Deed::Crash => {
                kill(self.backend).await;
                Ok(())
            }
            Deed::Delay(ms) => {
                sleep(Duration::from_millis(ms)).await;
                Ok(())
            }
        }
    }
}

/// Kills one process of the cluster's own.
async fn kill(process: i32) {
    let mut kill = Command::new(Path::new("kill"));
    kill.arg("-9").arg(process.to_string()).stderr(Stdio::null());
    let _ = kill.status().await;
}
