//! Where an archive in PostgreSQL is, and how it is reached.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// How many connections one hub has to the database where nobody says otherwise.
pub const CONNECTIONS: usize = 16;

/// How long one host may take to answer where the address does not say otherwise.
const CONNECT_MAX: Duration = Duration::from_secs(3);

/// After how much silence a connection is tried, how often again, and when it is given up: a host
/// that has lost its power says nothing any more.
const SILENCE: Duration = Duration::from_secs(15);
const SILENCE_AGAIN: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;
const UNHEARD_MAX: Duration = Duration::from_secs(20);

/// Where an archive in PostgreSQL is. It may hold a password, which is never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveAddress {
    /// What the driver is told.
    pub(super) config: Config,
    /// The file of the role's password, if it does not stand in the address.
    password_file: Option<PathBuf>,
    /// The certificates that may vouch for the server; without it, those of the system.
    pub(super) ca_file: Option<PathBuf>,
    /// The most connections at once.
    pub(super) connections: usize,
    /// Whether a pooler is in between that gives each transaction another connection.
    pub(super) is_pooled: bool,
}

impl ArchiveAddress {
    /// Reads an address such as `postgres://hub@db1.example,db2.example:5433/smilepost`.
    ///
    /// Without `sslmode`, a server that is not on this machine must have a certificate that holds.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence; never with a password in it.
    pub fn read(address: &str) -> Result<Self, String> {
        let Some((_, rest)) =
            address.split_once("://").filter(|(way, _)| ["postgres", "postgresql"].contains(way))
        else {
            return Err("does not begin with postgres://".to_owned());
        };
        // What comes after the first one would be shown, as the name of a host.
        if rest.split(['/', '?']).next().is_some_and(|place| place.matches('@').count() > 1) {
            return Err("has more than one @: in a password it is written as %40".to_owned());
        }
        let (rest, mode) = without_mode(rest)?;
        let mut config: Config = format!("postgres://{rest}").parse().map_err(told)?;
        if config.get_hosts().is_empty() {
            return Err("names no host".to_owned());
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err("names no database, such as postgres://hub@host/smilepost".to_owned());
        }
        if config.get_user().is_none_or(str::is_empty) {
            return Err("names no role, such as postgres://hub@host/smilepost".to_owned());
        }
        let is_near = config.get_hosts().iter().all(is_near) && config.get_hostaddrs().is_empty();
        config.ssl_mode(match mode {
            Some(mode) => mode,
            None if is_near => SslMode::Disable,
            None => SslMode::Require,
        });
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_MAX);
        }
        if config.get_application_name().is_none() {
            config.application_name("smilepost-hub");
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(UNHEARD_MAX);
        }
        config.keepalives(true);
        config.keepalives_idle(SILENCE);
        config.keepalives_interval(SILENCE_AGAIN);
        config.keepalives_retries(TRIES);
        Ok(Self {
            config,
            password_file: None,
            ca_file: None,
            connections: CONNECTIONS,
            is_pooled: false,
        })
    }

    /// The same address with a password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.config.password(password);
        self
    }

    /// The same address with a password that stands in a file, which is read when the archive is
    /// opened.
    #[must_use]
    pub fn with_password_file(self, password_file: Option<PathBuf>) -> Self {
        Self { password_file, ..self }
    }

    /// What the driver is told, with the password.
    ///
    /// # Errors
    /// Why the password's file cannot be read.
    pub(super) fn whole(&self) -> Result<Config, String> {
        let mut config = self.config.clone();
        if let Some(file) = &self.password_file {
            let what = match std::fs::read_to_string(file) {
                Ok(text) => match text.trim_end_matches(['\r', '\n']) {
                    "" => "is empty".to_owned(),
                    password => {
                        config.password(password);
                        return Ok(config);
                    }
                },
                Err(error) => format!("cannot be read: {error}"),
            };
            return Err(format!("archive.password_file: {} {what}", file.display()));
        }
        Ok(config)
    }

    /// The same address, whose server these certificates alone vouch for.
    #[must_use]
    pub fn vouched_by(self, ca_file: Option<PathBuf>) -> Self {
        Self { ca_file, ..self }
    }

    /// The same address, with at most so many connections at once.
    #[must_use]
    pub fn with_connections(self, connections: usize) -> Self {
        Self { connections, ..self }
    }

    /// The same address through a pooler that gives each transaction another connection.
    #[must_use]
    pub fn pooled(self, is_pooled: bool) -> Self {
        Self { is_pooled, ..self }
    }

    /// The same address, of which a server is taken that is a standby. It is reached in the way of
    /// this other address, also with its password unless it has one.
    #[must_use]
    pub fn standby_of(mut self, primary: &Self) -> Self {
        self.config.target_session_attrs(TargetSessionAttrs::ReadOnly);
        let own = self.config.get_password().is_some();
        if let Some(password) = primary.config.get_password().filter(|_| !own) {
            self.config.password(password);
        }
        let password_file = primary.password_file.clone().filter(|_| !own);
        let ca_file = primary.ca_file.clone();
        let (connections, is_pooled) = (primary.connections, primary.is_pooled);
        Self { password_file, ca_file, connections, is_pooled, ..self }
    }

    /// Whether a password stands in it.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// The file of the certificates that may vouch for the server, if it is not the system's.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// What it leads to, without a password: `smilepost at db1:5432, db2:5433 as hub`.
    #[must_use]
    pub fn shown(&self) -> String {
        let config = &self.config;
        let mut shown = config.get_dbname().unwrap_or_default().to_owned();
        let ports = config.get_ports();
        for (place, host) in config.get_hosts().iter().enumerate() {
            let port = ports.get(place).or_else(|| ports.first()).unwrap_or(&5432);
            shown.push_str(if place == 0 { " at " } else { ", " });
            let _ = match host {
                Host::Tcp(name) => write!(shown, "{name}:{port}"),
                Host::Unix(folder) => write!(shown, "{}/.s.PGSQL.{port}", folder.display()),
            };
        }
        let _ = write!(shown, " as {}", config.get_user().unwrap_or_default());
        shown
    }
}

/// The address without what it says of TLS. The driver does not know the modes that libpq has
/// beside; its *require* asks of the certificate what libpq's *verify-full* does.
fn without_mode(rest: &str) -> Result<(String, Option<SslMode>), String> {
    let Some((place, query)) = rest.split_once('?') else { return Ok((rest.to_owned(), None)) };
    let mut mode = None;
    let mut kept = Vec::new();
    for part in query.split('&') {
        match part.split_once('=') {
            Some(("sslmode", "disable")) => mode = Some(SslMode::Disable),
            Some(("sslmode", "require" | "verify-ca" | "verify-full")) => {
                mode = Some(SslMode::Require);
            }
            Some(("sslmode", _)) => {
                return Err("has an sslmode that is neither require nor disable".to_owned());
            }
            _ => kept.push(part),
        }
    }
    let kept = kept.join("&");
    Ok((if kept.is_empty() { place.to_owned() } else { format!("{place}?{kept}") }, mode))
}

/// Why the driver does not understand an address, without the address.
fn told(error: tokio_postgres::Error) -> String {
    let why = error.into_source().map(|source| source.to_string()).unwrap_or_default();
    format!("is no address such as postgres://hub@host/smilepost ({why})")
}

fn is_near(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(address: &str) -> SslMode {
        ArchiveAddress::read(address).unwrap().config.get_ssl_mode()
    }

    #[test]
    fn a_certificate_is_asked_for_unless_the_server_is_near_or_somebody_says_so() {
        assert_eq!(mode("postgres://hub@db.example/smilepost"), SslMode::Require);
        assert_eq!(mode("postgres://hub@127.0.0.1,db.example/smilepost"), SslMode::Require);
        assert_eq!(mode("postgresql://hub@db.example/x?sslmode=verify-full"), SslMode::Require);
        assert_eq!(mode("postgres://hub@db.example/x?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://hub@localhost/smilepost"), SslMode::Disable);
        assert_eq!(mode("postgres://hub@[::1]:5433/smilepost"), SslMode::Disable);
        assert_eq!(mode("postgres://hub@%2Frun%2Fpostgresql/smilepost"), SslMode::Disable);
        let complaint = ArchiveAddress::read("postgres://hub@db.example/x?sslmode=prefer");
        assert!(complaint.unwrap_err().contains("neither require nor disable"));
    }

    #[test]
    fn a_password_is_never_shown() {
        let address = "postgres://hub:s3cret@a.example,b.example:5433/smilepost?connect_timeout=1";
        let read = ArchiveAddress::read(address).unwrap();
        assert_eq!(read.shown(), "smilepost at a.example:5432, b.example:5433 as hub");
        assert!(read.has_password());
        assert!(!format!("{read:?}").contains("s3cret"));
        for wrong in [
            "postgres://hub:s3cret@",
            "postgres://hub:s3cret@h:x/y",
            "postgres://hub:a@s3cret@db.example/smilepost",
            "http://s3cret",
        ] {
            assert!(!ArchiveAddress::read(wrong).unwrap_err().contains("s3cret"), "{wrong}");
        }
    }

    #[test]
    fn an_address_names_a_database_and_a_role() {
        let complaint = |address| ArchiveAddress::read(address).unwrap_err();
        assert!(complaint("postgres://hub@db.example").contains("names no database"));
        assert!(complaint("postgres://db.example/x").contains("names no role"));
        assert!(complaint("mysql://hub@db.example/x").contains("postgres://"));
    }
}
