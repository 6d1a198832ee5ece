//! Which database, and how far its certificate is trusted. Read once, as libpq reads it: what
//! `DATABASE_URL` does not say, `PG*` says.
//!
//! Source: PostgreSQL documentation, "Environment Variables" and "SSL Support" of libpq.

mod connection_string;
mod environment;

use std::fmt;
use std::time::Duration;

use environment::{fill_from_environment, set};
use tokio_postgres::config::{Config, Host, SslMode};

/// libpq's settings that `tokio-postgres` does not take, or takes otherwise.
const TLS_SETTINGS: &[&str] = &["sslmode", "sslrootcert"];
/// Beyond it a server that does not answer is given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection whose other end is gone is noticed within this time, not within hours.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(60);

/// Which database, and how far its certificate is trusted.
#[derive(Clone)]
pub struct DatabaseSettings {
    pub(crate) config: Config,
    pub(crate) trust: Trust,
    pub(crate) roots: Roots,
}

/// What libpq calls `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// No TLS.
    Disable,
    /// TLS where the server has it; nothing is checked.
    Prefer,
    /// TLS; nothing is checked.
    Require,
    /// TLS, and a known authority signed the server's certificate.
    VerifyCa,
    /// TLS, a known authority signed the certificate, and it names the host.
    VerifyFull,
}

/// Which authorities are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Those of the operating system.
    System,
    /// Those in a file of PEM certificates, and no others.
    File(String),
}

/// A database in parts, as a secret or an IAM token gives it.
#[derive(Clone, Default)]
pub struct DatabaseParts {
    /// Host name.
    pub host: String,
    /// Port; 5432 where none is given.
    pub port: Option<u16>,
    /// User.
    pub user: String,
    /// Password or token.
    pub password: Option<String>,
    /// Database; the user's name where none is given.
    pub dbname: Option<String>,
}

impl fmt::Debug for DatabaseParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseParts")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("user", &self.user)
            .field("dbname", &self.dbname)
            .finish_non_exhaustive()
    }
}

/// Why the settings name no usable database. No message holds a value that may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Nothing names a database.
    #[error("no database is named; set DATABASE_URL, or PGHOST and its like, or RIACHO_DB_SECRET")]
    NotNamed,
    /// A setting has a value that can't be.
    #[error("{name} can't be understood: {reason}")]
    Invalid {
        /// The setting or variable.
        name: &'static str,
        /// What is amiss and what would be right.
        reason: String,
    },
    /// The certificates can't be read.
    #[error("root certificates in `{path}` can't be used: {reason}")]
    Certificates {
        /// The file.
        path: String,
        /// What is amiss.
        reason: String,
    },
}

type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl DatabaseSettings {
    /// Reads `DATABASE_URL` and `PG*`.
    pub fn from_lookup(lookup: Lookup<'_>) -> Result<Self, SettingsError> {
        let url = set(lookup, "DATABASE_URL");
        if url.is_none() && set(lookup, "PGHOST").is_none() {
            return Err(SettingsError::NotNamed);
        }
        let (text, tls) = connection_string::split(&url.unwrap_or_default(), TLS_SETTINGS);
        // The parser's own message may quote the string, password and all.
        let mut config = text.parse::<Config>().map_err(|_| {
            invalid(
                "DATABASE_URL",
                "use postgres://user:password@host:5432/database, behind a `?` nothing but sslmode, \
                 sslrootcert, connect_timeout, application_name, options and other settings that \
                 tokio-postgres knows; percent-encode what is special in user and password",
            )
        })?;
        fill_from_environment(&mut config, lookup)?;
        let said = |name: &str| tls.iter().find(|(found, _)| found == name).map(|(_, v)| v.clone());
        Self::with_trust(config, said("sslmode"), said("sslrootcert"), lookup)
    }

    /// Takes the parts of a secret; TLS and time-outs come from `PG*`.
    pub fn from_parts(parts: DatabaseParts, lookup: Lookup<'_>) -> Result<Self, SettingsError> {
        let mut config = Config::new();
        config.host(&parts.host).user(&parts.user);
        config.port(parts.port.unwrap_or(5432));
        if let Some(password) = &parts.password {
            config.password(password);
        }
        if let Some(dbname) = &parts.dbname {
            config.dbname(dbname);
        }
        fill_from_environment(&mut config, lookup)?;
        Self::with_trust(config, None, None, lookup)
    }

    fn with_trust(
        mut config: Config,
        sslmode: Option<String>,
        sslrootcert: Option<String>,
        lookup: Lookup<'_>,
    ) -> Result<Self, SettingsError> {
        let trust = match sslmode.or_else(|| set(lookup, "PGSSLMODE")) {
            Some(mode) => Trust::from_name(&mode)?,
            None if is_loopback(&config) => Trust::Prefer,
            None => Trust::VerifyFull,
        };
        let roots = match sslrootcert.or_else(|| set(lookup, "PGSSLROOTCERT")) {
            Some(path) if path != "system" => Roots::File(path),
            _ => Roots::System,
        };
        // libpq: `require` with a root certificate at hand checks it, as `verify-ca` does.
        let trust = match (trust, &roots) {
            (Trust::Require, Roots::File(_)) => Trust::VerifyCa,
            (trust, _) => trust,
        };
        config.ssl_mode(match trust {
            Trust::Disable => SslMode::Disable,
            Trust::Prefer => SslMode::Prefer,
            Trust::Require | Trust::VerifyCa | Trust::VerifyFull => SslMode::Require,
        });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE_TIMEOUT);
        }
        config.keepalives_idle(config.get_keepalives_idle().min(SILENCE_TIMEOUT));
        Ok(Self { config, trust, roots })
    }

    /// How far the server's certificate is checked.
    pub fn trust(&self) -> Trust {
        self.trust
    }

    /// The same database with another password: a rotated secret, a fresh token.
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// Host and port for messages.
    pub fn address(&self) -> String {
        let hosts = self.config.get_hosts().iter().map(host_name).collect::<Vec<_>>().join(",");
        let ports = self.config.get_ports().iter().map(u16::to_string).collect::<Vec<_>>();
        format!("{hosts}:{}", if ports.is_empty() { "5432".to_owned() } else { ports.join(",") })
    }
}

impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings")
            .field("address", &self.address())
            .field("user", &self.config.get_user())
            .field("dbname", &self.config.get_dbname())
            .field("trust", &self.trust)
            .field("roots", &self.roots)
            .finish_non_exhaustive()
    }
}

impl Trust {
    fn from_name(name: &str) -> Result<Self, SettingsError> {
        match name {
            "disable" => Ok(Self::Disable),
            // libpq's `allow` would try without TLS first; nothing is gained by that.
            "allow" | "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(invalid(
                "sslmode",
                "use one of disable, prefer, require, verify-ca, verify-full",
            )),
        }
    }
}

fn is_loopback(config: &Config) -> bool {
    let local_address = |address: &std::net::IpAddr| address.is_loopback();
    config.get_hostaddrs().iter().all(local_address)
        && config.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => {
                name == "localhost" || name.parse().is_ok_and(|address| local_address(&address))
            }
            #[cfg(unix)]
            Host::Unix(_) => true,
        })
}

fn host_name(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    }
}

fn invalid(name: &'static str, reason: &str) -> SettingsError {
    SettingsError::Invalid { name, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Result<DatabaseSettings, SettingsError> {
        DatabaseSettings::from_lookup(&|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn any_host_but_loopback_is_verified_in_full_unless_told_otherwise() {
        let trust = |url: &str| settings(&[("DATABASE_URL", url)]).unwrap().trust();
        assert_eq!(trust("postgres://u@db.example.com/d"), Trust::VerifyFull);
        assert_eq!(trust("postgres://u@10.0.0.1/d"), Trust::VerifyFull);
        assert_eq!(trust("postgres://u@localhost/d"), Trust::Prefer);
        assert_eq!(trust("postgres://u@127.0.0.1/d"), Trust::Prefer);
        assert_eq!(trust("postgres://u@db.example.com/d?sslmode=disable"), Trust::Disable);
        assert_eq!(trust("postgres://u@localhost/d?sslmode=verify-full"), Trust::VerifyFull);
    }

    #[test]
    fn the_url_counts_before_the_variables() {
        let settings = settings(&[
            ("DATABASE_URL", "postgres://url@h1/d?sslmode=require"),
            ("PGHOST", "h2"),
            ("PGUSER", "variable"),
            ("PGSSLMODE", "disable"),
            ("PGPORT", "6543"),
        ])
        .unwrap();
        assert_eq!(settings.address(), "h1:5432");
        assert_eq!(settings.config.get_user(), Some("url"));
        assert_eq!(settings.trust(), Trust::Require);
    }

    #[test]
    fn variables_alone_name_a_database() {
        let settings = settings(&[
            ("PGHOST", "db.example.com"),
            ("PGUSER", "u"),
            ("PGPASSWORD", "p"),
            ("PGDATABASE", "d"),
            ("PGPORT", "6543"),
            ("PGSSLROOTCERT", "/roots.pem"),
        ])
        .unwrap();
        assert_eq!(settings.address(), "db.example.com:6543");
        assert_eq!(settings.config.get_dbname(), Some("d"));
        assert_eq!(settings.roots, Roots::File("/roots.pem".to_owned()));
        assert_eq!(settings.trust(), Trust::VerifyFull);
    }

    #[test]
    fn require_with_a_root_certificate_checks_it() {
        let url = "postgres://u@h/d?sslmode=require&sslrootcert=/roots.pem";
        assert_eq!(settings(&[("DATABASE_URL", url)]).unwrap().trust(), Trust::VerifyCa);
    }

    #[test]
    fn the_password_is_never_shown() {
        let settings = settings(&[("DATABASE_URL", "postgres://u:geheim@h/d")]).unwrap();
        assert!(!format!("{settings:?}").contains("geheim"));
        let error = settings_error("postgres://u:geheim@h:port/d");
        assert!(!error.contains("geheim"), "{error}");
    }

    fn settings_error(url: &str) -> String {
        settings(&[("DATABASE_URL", url)]).unwrap_err().to_string()
    }

    #[test]
    fn nothing_at_all_is_said() {
        assert_eq!(settings(&[]).unwrap_err(), SettingsError::NotNamed);
        assert!(settings_error("postgres://h/d?sslmode=full").contains("verify-full"));
    }
}
