//! Messages of Postgres's protocol, whole: where one begins and ends, and the few that an adversary
//! writes itself.
//!
//! Source: PostgreSQL documentation, "Frontend/Backend Protocol", "Message Formats".

use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};

/// A message: its type, and all of its bytes, type and length included.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) tag: u8,
    pub(super) bytes: Vec<u8>,
}

impl Frame {
    /// What stands after type and length, up to the first zero byte, as text.
    pub(super) fn text(&self) -> &str {
        let inside = self.bytes.get(5..).unwrap_or_default();
        let end = inside.iter().position(|byte| *byte == 0).unwrap_or(inside.len());
        std::str::from_utf8(&inside[..end]).unwrap_or_default()
    }

    /// The process that `BackendKeyData` names.
    pub(super) fn backend(&self) -> Option<i32> {
        let bytes = self.bytes.get(5..9).filter(|_| self.tag == b'K')?;
        Some(i32::from_be_bytes(bytes.try_into().ok()?))
    }
}

/// A stream cut into messages. Waiting for the next one can be given up without losing bytes.
#[derive(Debug)]
pub(super) struct Frames<R> {
    reader: R,
    buffer: BytesMut,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: BytesMut::new() }
    }

    /// The first message of a client, which has no type.
    pub(super) async fn startup(&mut self) -> io::Result<Vec<u8>> {
        self.whole(0).await
    }

    /// The next message.
    pub(super) async fn next(&mut self) -> io::Result<Frame> {
        let bytes = self.whole(1).await?;
        Ok(Frame { tag: bytes[0], bytes })
    }

    async fn whole(&mut self, length_at: usize) -> io::Result<Vec<u8>> {
        loop {
            if let Some(length) = self.buffer.get(length_at..length_at + 4) {
                let mut length = length;
                let end = length_at + usize::try_from(length.get_u32()).unwrap_or(usize::MAX);
                if self.buffer.len() >= end {
                    return Ok(self.buffer.split_to(end).to_vec());
                }
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Whether a first message asks for TLS.
pub(super) fn asks_for_tls(startup: &[u8]) -> bool {
    startup.get(4..8) == Some(&80_877_103_u32.to_be_bytes())
}

/// `Query`.
pub(super) fn query(sql: &str) -> Vec<u8> {
    message(b'Q', &[sql.as_bytes(), b"\0"].concat())
}

/// `CopyFail`.
pub(super) fn copy_fail() -> Vec<u8> {
    message(b'f', b"cut by the simulator\0")
}

/// `ErrorResponse`.
pub(super) fn error(severity: &str, code: &str, words: &str) -> Vec<u8> {
    let fields = format!("S{severity}\0V{severity}\0C{code}\0M{words}\0\0");
    message(b'E', fields.as_bytes())
}

fn message(tag: u8, inside: &[u8]) -> Vec<u8> {
    let length = u32::try_from(inside.len() + 4).unwrap_or(u32::MAX);
    [&[tag][..], &length.to_be_bytes(), inside].concat()
}
