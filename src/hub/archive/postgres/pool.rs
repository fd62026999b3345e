//! The connections to the database: made when they are needed, kept and lent out.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::config::SslMode;

use super::address::ArchiveAddress;
use super::tx::Server;
use super::{tls, words};
use crate::hub::archive::error::Failure;

/// How long somebody waits for a connection that others use.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// How long making a connection may take, over all hosts.
const CREATE_MAX: Duration = Duration::from_secs(10);

/// How often a connection that turns out to be closed is replaced.
const TRIES: usize = 3;

/// The connections of one hub; clones share them.
#[derive(Clone, Debug)]
pub(super) struct Connections {
    pool: Pool,
    is_pooled: bool,
}

impl Connections {
    /// Prepares connections; makes none yet.
    ///
    /// # Errors
    /// What is wrong with the address, in words.
    pub(super) fn to(address: &ArchiveAddress) -> Result<Self, String> {
        let is_needed = address.config.get_ssl_mode() != SslMode::Disable;
        let tls = tls::connector(address.ca_file.as_deref(), is_needed)?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(address.whole()?, tls, recycling);
        let pool = Pool::builder(manager)
            .max_size(address.connections)
            .wait_timeout(Some(WAIT_MAX))
            .create_timeout(Some(CREATE_MAX))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { pool, is_pooled: address.is_pooled })
    }

    /// Takes a connection and begins a transaction on it by this statement, if there is one. One
    /// that was closed since it was used last is replaced.
    pub(super) async fn begin(&self, begin: Option<&str>) -> Result<Server, Failure> {
        let mut tries = 1;
        loop {
            let tx = Server::new(self.pool.get().await?, self.is_pooled);
            let Some(begin) = begin else { return Ok(tx) };
            match tx.batch(begin).await {
                Ok(()) => return Ok(tx),
                Err(failure) if tries == TRIES || !words::ends_connection(&failure) => {
                    return Err(failure);
                }
                Err(_) => {
                    tries += 1;
                    // The others lead to the same server, which was stopped or is the primary no
                    // more.
                    self.pool.retain(|_, _| false);
                }
            }
        }
    }

    /// Lends none any more, and closes each when it is given back.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}
