//! The errors of the uplink: why a kiosk could not be enrolled, or its way to the hub not be made.

use std::path::PathBuf;

use reqwest::StatusCode;

use crate::kiosk::settings::Unfit;

/// Why a kiosk could not be enrolled, or its way to the hub not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not a hub's.
    #[error(
        "{address:?} is not a hub's address, for it {what}: write https://hub.example.com (http \
         only to this machine)"
    )]
    Address {
        /// The address as it was given.
        address: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The address in the shop that is to be told is none.
    #[error("{host:?} of `notify` is not an address such as http://192.168.1.5:8080/kiosk")]
    Notify {
        /// Its host, since the rest may be secret.
        host: String,
    },
    /// The file of certificates cannot be used.
    #[error("cannot use {} of uplink.ca_file", .file.display())]
    Certificates {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: Unusable,
    },
    /// The proxy's address or its password cannot be used.
    #[error("{key} {what}")]
    Proxy {
        /// The key of the configuration, or the variable of the environment.
        key: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// The file with the proxy's password cannot be read.
    #[error("cannot read {} of uplink.proxy_password_file", .file.display())]
    ProxyPassword {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The TLS library refuses its defaults.
    #[error("cannot prepare TLS")]
    Tls(#[source] rustls::Error),
    /// The HTTP library refuses what it is given.
    #[error("cannot prepare HTTP")]
    Client(#[source] reqwest::Error),
    /// There is no connection, or a broken one; the sentence says what to look at.
    #[error("cannot reach the hub: {0}")]
    Unreachable(String),
    /// The hub read the request and refused.
    #[error("the hub refused: {0}")]
    Refused(String),
    /// What the hub says of the kiosk cannot be used.
    #[error("the hub's answer cannot be used, and nothing was changed")]
    Unfit(#[source] Unfit),
    /// Something answered that is not a hub.
    #[error(
        "{address} answered {status}, but not as a hub does: the port has to be the one of \
         `listen` in hub.toml (8480 unless it says otherwise; the dashboard has another), and the \
         path the one below which a reverse proxy has the hub, if there is one"
    )]
    NotAHub {
        /// The address that was asked.
        address: String,
        /// The status it gave.
        status: StatusCode,
    },
    /// The system has no thread to give.
    #[error("cannot start the uplink")]
    Thread(#[source] std::io::Error),
}

/// Why a file of certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It cannot be read.
    #[error("the file cannot be read")]
    Unread(#[source] std::io::Error),
    /// It has a private key in it, and no certificate.
    #[error(
        "it holds a private key and no certificate: name the certificate here, and keep the key \
         at head office alone"
    )]
    Key,
    /// There is nothing in it that is a certificate.
    #[error(
        "it holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----; a \
         certificate in DER form is turned into one by `openssl x509 -inform der -in FILE -out \
         ca.pem`"
    )]
    None,
    /// One of them is damaged.
    #[error("a certificate in it is damaged: copy the file once more")]
    Damaged,
}
