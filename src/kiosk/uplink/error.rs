//! The errors of the uplink: why a kiosk could not be enrolled, or the uplink not be started.

use reqwest::StatusCode;

use crate::kiosk::settings::Unfit;

/// Why a kiosk could not be enrolled, or the uplink not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is not a hub's.
    #[error(
        "{0:?} is not a hub's address: write https://hub.example.com (http only to this machine)"
    )]
    Address(String),
    /// The file of certificates cannot be used.
    #[error("cannot read certificates from {file}")]
    Certificates {
        /// The file.
        file: String,
        /// Why not.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The TLS library refuses its defaults.
    #[error("cannot prepare TLS")]
    Tls(#[source] rustls::Error),
    /// There is no connection, or a broken one.
    #[error("cannot reach the hub")]
    Unreachable(#[source] reqwest::Error),
    /// The hub read the request and refused.
    #[error("the hub refused: {0}")]
    Refused(String),
    /// What the hub says of the kiosk cannot be used.
    #[error("the hub's answer cannot be used, and nothing was changed")]
    Unfit(#[source] Unfit),
    /// Something answered that is not a hub.
    #[error("{address} answered {status}, but not as a hub does: is the address right?")]
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
