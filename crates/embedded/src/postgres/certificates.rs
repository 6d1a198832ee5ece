//! A certificate authority of one cluster and the server's certificate for the loopback names.
//!
//! Made anew at each start, so that no one has to renew them.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::account::Account;
use super::error::PostgresError;

/// Apple's clients refuse a server certificate that is valid for more than 825 days
/// (support.apple.com/HT210176).
const VALID_DAYS: i64 = 800;
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The files' names in the cluster's directory.
pub(crate) const ROOT_CERTIFICATE: &str = "root.crt";
pub(crate) const SERVER_CERTIFICATE: &str = "server.crt";
pub(crate) const SERVER_KEY: &str = "server.key";

/// Writes authority, certificate and key.
pub(crate) fn write(dir: &Path, account: Account) -> Result<(), PostgresError> {
    let mut authority = CertificateParams::new(Vec::new())?;
    set_validity(&mut authority);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.distinguished_name = Default::default();
    authority.distinguished_name.push(DnType::CommonName, "Riacho embedded Postgres authority");
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let root = authority.self_signed(&authority_key)?;

    let mut server = CertificateParams::new(NAMES.map(str::to_owned).to_vec())?;
    set_validity(&mut server);
    server.distinguished_name = Default::default();
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_key = KeyPair::generate()?;
    let certificate = server.signed_by(&server_key, &Issuer::new(authority, authority_key))?;

    let files = [
        (ROOT_CERTIFICATE, 0o644, root.pem()),
        (SERVER_CERTIFICATE, 0o644, certificate.pem()),
        (SERVER_KEY, 0o600, server_key.serialize_pem()),
    ];
    for (name, mode, content) in files {
        write_file(&dir.join(name), mode, &content, account)?;
    }
    Ok(())
}

fn set_validity(params: &mut CertificateParams) {
    let today = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date();
    let ymd = |date: jiff::civil::Date| {
        rcgen::date_time_ymd(
            i32::from(date.year()),
            date.month().unsigned_abs(),
            date.day().unsigned_abs(),
        )
    };
    params.not_before = ymd(today.yesterday().unwrap_or(today));
    params.not_after = ymd(today.saturating_add(jiff::Span::new().days(VALID_DAYS)));
}

/// Writes a file anew, with its mode from the first moment.
pub(crate) fn write_file(
    path: &Path,
    mode: u32,
    content: &str,
    account: Account,
) -> Result<(), PostgresError> {
    let fail = |error| PostgresError::io("write", path, error);
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fail(error)),
        Ok(()) | Err(_) => {}
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(fail)?;
    file.write_all(content.as_bytes()).map_err(fail)?;
    account.own(path)
}
