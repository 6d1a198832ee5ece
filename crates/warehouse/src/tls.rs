//! How a server's certificate is checked, by libpq's rules.
//!
//! Source: PostgreSQL documentation, libpq, "SSL Support", table "SSL Mode Descriptions".

use std::sync::{Mutex, PoisonError};

use native_tls::{Certificate, TlsConnector};
use postgres_native_tls::MakeTlsConnector;

use crate::settings::Roots;
use crate::{DatabaseSettings, SettingsError, Trust};

/// The connector that was made last, and what of. OpenSSL reads all of the system's authorities
/// whenever one is made, wanted or not: 50 ms, far more than the rest of a connection takes.
static LAST: Mutex<Option<(Ground, TlsConnector)>> = Mutex::new(None);

/// What a connector is made of. The certificates' text and not their path, as files are renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ground {
    trust: Trust,
    authorities: Option<Vec<u8>>,
}

/// The connector for `settings`, made at most once while these and the root certificates stay.
pub(crate) fn connector(settings: &DatabaseSettings) -> Result<MakeTlsConnector, SettingsError> {
    let ground = Ground { trust: settings.trust, authorities: authorities(settings)? };
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, connector)) = last.as_ref().filter(|(known, _)| *known == ground) {
        return Ok(MakeTlsConnector::new(connector.clone()));
    }
    let connector = make(settings, ground.authorities.as_deref())?;
    *last = Some((ground, connector.clone()));
    Ok(MakeTlsConnector::new(connector))
}

/// The text of the root certificates, where a file of them counts.
fn authorities(settings: &DatabaseSettings) -> Result<Option<Vec<u8>>, SettingsError> {
    match &settings.roots {
        Roots::File(path) if checks_authority(settings.trust) => {
            let read = std::fs::read(path).map_err(|error| unusable(settings, &error.to_string()));
            read.map(Some)
        }
        Roots::File(_) | Roots::System => Ok(None),
    }
}

fn checks_authority(trust: Trust) -> bool {
    matches!(trust, Trust::VerifyCa | Trust::VerifyFull)
}

fn make(settings: &DatabaseSettings, pem: Option<&[u8]>) -> Result<TlsConnector, SettingsError> {
    let checks_authority = checks_authority(settings.trust);
    let mut builder = TlsConnector::builder();
    builder.danger_accept_invalid_certs(!checks_authority);
    builder.danger_accept_invalid_hostnames(settings.trust != Trust::VerifyFull);
    // A file names all whom we trust: a bundle for RDS, one certificate for a cluster of ours.
    builder.disable_built_in_roots(!checks_authority || pem.is_some());
    for certificate in pem.map(|pem| certificates(settings, pem)).transpose()?.unwrap_or_default() {
        builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| unusable(settings, &error.to_string()))
}

fn certificates(
    settings: &DatabaseSettings,
    pem: &[u8],
) -> Result<Vec<Certificate>, SettingsError> {
    let read = Certificate::stack_from_pem(pem);
    let certificates = read.map_err(|error| unusable(settings, &error.to_string()))?;
    if certificates.is_empty() {
        return Err(unusable(settings, "it holds no certificate in PEM form"));
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
