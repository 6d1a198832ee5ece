//! A database's credentials: the secret that RDS keeps, and the token that IAM gives.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningParams, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use serde_json::Value;

use crate::{Secret, SecretError};

const TOKEN_LIFETIME: Duration = Duration::from_secs(15 * 60);
const DEFAULT_PORT: u16 = 5432;

/// The JSON that RDS writes into a secret.
///
/// Source: Secrets Manager User Guide, "JSON structure of database secrets". A secret that RDS
/// manages itself holds username and password alone; then the address comes from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RdsSecret {
    /// The database's host.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// Who connects.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// The database.
    pub dbname: Option<String>,
}

impl RdsSecret {
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, SecretError> {
        let failed =
            |reason: &str| SecretError::NotRds { name: name.to_owned(), reason: reason.to_owned() };
        let value = serde_json::from_str::<Value>(text).map_err(|_| failed("it is not JSON"))?;
        let string = |field: &str| value.get(field)?.as_str().map(str::to_owned);
        Ok(Self {
            host: string("host"),
            port: port(&value).ok_or_else(|| failed("`port` is no port"))?,
            username: string("username").ok_or_else(|| failed("`username` is missing"))?,
            password: string("password")
                .map(Secret::new)
                .ok_or_else(|| failed("`password` is missing"))?,
            dbname: string("dbname"),
        })
    }
}

/// RDS writes a number, templates and people often a string.
fn port(value: &Value) -> Option<u16> {
    match value.get("port") {
        None | Some(Value::Null) => Some(DEFAULT_PORT),
        Some(Value::String(text)) => text.parse().ok(),
        Some(number) => number.as_u64().and_then(|port| u16::try_from(port).ok()),
    }
}

/// A presigned request to `rds-db` without its scheme.
pub(crate) fn token(
    host: &str,
    port: u16,
    user: &str,
    region: &str,
    credentials: Credentials,
    now: SystemTime,
) -> Result<Secret, String> {
    let mut settings = SigningSettings::default();
    settings.expires_in = Some(TOKEN_LIFETIME);
    settings.signature_location = SignatureLocation::QueryParams;
    let identity = credentials.into();
    let parameters: SigningParams<'_> = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("rds-db")
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let user = encoded(user);
    let address = format!("https://{host}:{port}/?Action=connect&DBUser={user}");
    let request =
        SignableRequest::new("GET", &address, std::iter::empty(), SignableBody::Bytes(&[]))
            .map_err(|error| error.to_string())?;
    let (signed, _) = sign(request, &parameters).map_err(|error| error.to_string())?.into_parts();
    let added = signed
        .params()
        .iter()
        .map(|(name, value)| format!("&{name}={}", encoded(value)))
        .collect::<String>();
    let token = format!("{host}:{port}/?Action=connect&DBUser={user}{added}");
    Ok(Secret::new(token))
}

/// Source: RFC 3986, section 2.3, as SigV4 wants it: everything but unreserved characters.
fn encoded(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_rds_is_understood_with_its_port_in_either_form() {
        let secret = RdsSecret::parse(
            "db",
            r#"{"engine":"postgres","host":"db.example","port":"5433","username":"u","password":"p","dbname":"d"}"#,
        )
        .unwrap();
        assert_eq!(secret.port, 5433);
        assert_eq!(secret.host.as_deref(), Some("db.example"));
        assert!(!format!("{secret:?}").contains("\"p\""));
        let managed = RdsSecret::parse("db", r#"{"username":"u","password":"p"}"#).unwrap();
        assert_eq!((managed.host, managed.port), (None, 5432));
    }

    #[test]
    fn a_secret_without_a_password_says_so_and_shows_nothing() {
        let error = RdsSecret::parse("db", r#"{"username":"hidden"}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "secret `db` is not in the form that RDS writes: `password` is missing"
        );
    }

    #[test]
    fn a_token_is_a_presigned_address_without_its_scheme() {
        let credentials =
            Credentials::new("AKID", "key", Some("session/token+".into()), None, "test");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let token = token("db.example", 5432, "jane doe", "sa-east-1", credentials, now).unwrap();
        let token = token.expose();
        assert!(token.starts_with("db.example:5432/?Action=connect&DBUser=jane%20doe&"), "{token}");
        for part in [
            "X-Amz-Expires=900",
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "%2Fsa-east-1%2Frds-db%2Faws4_request",
            "X-Amz-Security-Token=session%2Ftoken%2B",
            "X-Amz-Signature=",
        ] {
            assert!(token.contains(part), "{part} is not in {token}");
        }
    }
}
