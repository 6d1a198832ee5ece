//! Whether a body came as it was sent: the checksums that a client gives before it or after it.
//!
//! Source: Amazon S3 User Guide, "Checking object integrity for data uploads".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::Checksum as _;
use s3s::{S3Request, S3Result, TrailingHeaders, s3_error};

const CRC32: &str = "x-amz-checksum-crc32";
const CRC32C: &str = "x-amz-checksum-crc32c";
const CRC64NVME: &str = "x-amz-checksum-crc64nvme";
const SHA1: &str = "x-amz-checksum-sha1";
const SHA256: &str = "x-amz-checksum-sha256";

/// The checksums that one body is held to.
#[derive(Default)]
pub(crate) struct Integrity {
    hasher: ChecksumHasher,
    headers: HeaderMap,
    trailers: Option<TrailingHeaders>,
}

impl Integrity {
    /// Those that the request names, in its headers or as a trailer to come.
    pub(crate) fn of<T>(req: &S3Request<T>) -> Self {
        let trailer = req.headers.get("x-amz-trailer");
        let trailer = trailer.and_then(|names| names.to_str().ok());
        let is_named = |name: &str| {
            req.headers.contains_key(name) || trailer.is_some_and(|names| names.contains(name))
        };
        let hasher = ChecksumHasher {
            // `crc32` begins `crc32c`: one too many is computed, and not compared.
            crc32: is_named(CRC32).then(s3s::crypto::Crc32::new),
            crc32c: is_named(CRC32C).then(s3s::crypto::Crc32c::new),
            crc64nvme: is_named(CRC64NVME).then(s3s::crypto::Crc64Nvme::new),
            sha1: is_named(SHA1).then(s3s::crypto::Sha1::new),
            sha256: is_named(SHA256).then(s3s::crypto::Sha256::new),
        };
        Self { hasher, headers: req.headers.clone(), trailers: req.trailing_headers.clone() }
    }

    pub(crate) fn update(&mut self, chunk: &[u8]) {
        self.hasher.update(chunk);
    }

    /// Compares, once the body and its trailers are in.
    pub(crate) fn check(self, md5: [u8; 16]) -> S3Result<()> {
        let trailers = self.trailers.and_then(|trailers| trailers.take());
        let trailers = trailers.unwrap_or_default();
        let headers = self.headers;
        let announced = |name| headers.get(name).or_else(|| trailers.get(name)).cloned();
        let computed = self.hasher.finalize();
        let pairs = [
            ("content-md5", Some(STANDARD.encode(md5))),
            (CRC32, computed.checksum_crc32),
            (CRC32C, computed.checksum_crc32c),
            (CRC64NVME, computed.checksum_crc64nvme),
            (SHA1, computed.checksum_sha1),
            (SHA256, computed.checksum_sha256),
        ];
        for (name, computed) in pairs {
            if let (Some(announced), Some(computed)) = (announced(name), computed)
                && announced.as_bytes() != computed.as_bytes()
            {
                return Err(s3_error!(BadDigest, "{name} did not match what was received"));
            }
        }
        Ok(())
    }
}
