//! Bodies that S3 begins and then sends too slowly, or not at all.

use std::time::{Duration, Instant};

use landing::{Classify, FailureKind, LandedObject};
use objects::{DecodeLimits, Lake, LakeError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::place::{LAKE, key};

const BODY: &[u8] = &[b'x'; 1_000];
const STALL_MAX: Duration = Duration::from_millis(400);

/// A server that answers every request with the first `bytes` bytes of a body of 1,000, ten at a
/// time with a `pause` behind each, and then nothing more.
async fn dripping(bytes: usize, pause: Duration) -> Lake {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(answer(socket, bytes, pause));
        }
    });
    Lake::at_endpoint(&format!("http://{address}"), "test", "test")
}

async fn answer(mut socket: TcpStream, bytes: usize, pause: Duration) {
    let mut request = [0; 16_384];
    let _ = socket.read(&mut request).await.unwrap();
    let head = "HTTP/1.1 200 OK\r\netag: \"e\"\r\ncontent-length: 1000\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    for ten in BODY[..bytes].chunks(10) {
        if socket.write_all(ten).await.is_err() {
            return;
        }
        tokio::time::sleep(pause).await;
    }
    // Until the other side goes.
    let _ = socket.read(&mut request).await;
}

async fn read(lake: &Lake) -> Result<usize, LakeError> {
    let limits = DecodeLimits { stall_max: STALL_MAX, ..DecodeLimits::default() };
    let reading = lake.read(&LandedObject::named(LAKE, key("a.json"))).await?;
    Ok(reading.decoded_within(limits).collect(u64::MAX).await?.len())
}

#[tokio::test]
async fn a_body_that_stops_coming_ends_in_bounded_time_and_is_tried_again() {
    for (bytes, so_far) in [(500, 500), (0, 0)] {
        let lake = dripping(bytes, Duration::ZERO).await;
        let started = Instant::now();
        let error = read(&lake).await.unwrap_err();
        assert!(matches!(error, LakeError::Stalled { raw_bytes, .. } if raw_bytes == so_far));
        assert_eq!((error.name(), error.kind()), ("body_stalled", FailureKind::Transient));
        let said = format!("nothing came for 400ms after {so_far} bytes");
        assert!(error.to_string().contains(&said), "{error}");
        assert!(started.elapsed() < 20 * STALL_MAX);
    }
}

#[tokio::test]
async fn a_slow_body_is_waited_for_as_long_as_it_comes() {
    let lake = dripping(1_000, STALL_MAX / 40).await;
    let started = Instant::now();
    assert_eq!(read(&lake).await.unwrap(), 1_000);
    assert!(started.elapsed() > 2 * STALL_MAX);
}
