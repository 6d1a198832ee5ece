//! How a server's certificate is checked, by libpq's rules.
//!
//! Source: PostgreSQL documentation, libpq, "SSL Support", table "SSL Mode Descriptions".

use native_tls::{Certificate, TlsConnector};
use postgres_native_tls::MakeTlsConnector;

use crate::settings::Roots;
use crate::{DatabaseSettings, SettingsError, Trust};

/// The connector for `settings`. Reads the root certificates.
pub(crate) fn connector(settings: &DatabaseSettings) -> Result<MakeTlsConnector, SettingsError> {
    let mut builder = TlsConnector::builder();
    let (checks_authority, checks_name) = match settings.trust {
        Trust::Disable | Trust::Prefer | Trust::Require => (false, false),
        Trust::VerifyCa => (true, false),
        Trust::VerifyFull => (true, true),
    };
    builder.danger_accept_invalid_certs(!checks_authority);
    builder.danger_accept_invalid_hostnames(!checks_name);
    // Reading the system's takes longer than the rest of the handshake, so only where they count. A
    // file names all whom we trust: a bundle for RDS, one certificate for a cluster of ours.
    builder.disable_built_in_roots(!checks_authority || settings.roots != Roots::System);
    if let (true, Roots::File(path)) = (checks_authority, &settings.roots) {
        for certificate in read_certificates(path)? {
            builder.add_root_certificate(certificate);
        }
    }
    let connector = builder.build().map_err(|error| unusable(settings, &error.to_string()))?;
    Ok(MakeTlsConnector::new(connector))
}

fn read_certificates(path: &str) -> Result<Vec<Certificate>, SettingsError> {
    let fail = |reason: String| SettingsError::Certificates { path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
    let certificates =
        Certificate::stack_from_pem(&pem).map_err(|error| fail(error.to_string()))?;
    if certificates.is_empty() {
        return Err(fail("it holds no certificate in PEM form".to_owned()));
    }
    Ok(certificates)
}

fn unusable(settings: &DatabaseSettings, reason: &str) -> SettingsError {
    let path = match &settings.roots {
        Roots::System => "system".to_owned(),
        Roots::File(path) => path.clone(),
    };
    SettingsError::Certificates { path, reason: reason.to_owned() }
}
