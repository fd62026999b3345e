//! A standby that may be read, and how far it is behind.

use super::address::ArchiveAddress;
use super::pool::Connections;
use super::tx::Server;
use super::{Postgres, failed};
use crate::hub::archive::error::{Error, Failure};

/// How far a standby is behind its primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// So many bytes of the primary's log were not done again there.
    pub bytes: u64,
    /// What was done again last was committed so many seconds ago; none where nothing was yet.
    pub seconds: Option<u64>,
    /// Whether it tells the primary what is read there, which then keeps it.
    pub has_feedback: bool,
}

impl Postgres {
    /// Prepares reading in a standby, which gets its tables from elsewhere; connects when it is
    /// needed.
    ///
    /// # Errors
    /// What is wrong with the address.
    pub fn prepared(address: &ArchiveAddress) -> Result<Self, Error> {
        let connections = Connections::to(address);
        connections.map(Self).map_err(|what| failed(address, None, what))
    }

    /// How far a standby is behind the primary.
    ///
    /// # Errors
    /// When one of them cannot be reached, or it is no standby.
    pub async fn behind(
        primary: &ArchiveAddress,
        standby: &ArchiveAddress,
    ) -> Result<Behind, Error> {
        let (opened, newest) = Self::opened(primary, newest).await?;
        opened.close();
        let (opened, behind) =
            Self::opened(standby, async |tx| measured(tx, &newest).await).await?;
        opened.close();
        Ok(behind)
    }
}

/// How far the log of a primary has come.
async fn newest(tx: &Server) -> Result<String, Failure> {
    let found = tx.texts("select pg_current_wal_lsn()").await?;
    Ok(found.first().and_then(|row| row.get(0)).unwrap_or_default().to_owned())
}

async fn measured(tx: &Server, newest: &str) -> Result<Behind, Failure> {
    let sql = format!(
        "select case when pg_is_in_recovery()
                    then greatest(pg_wal_lsn_diff('{newest}', pg_last_wal_replay_lsn()), 0) end,
             floor(extract(epoch from now() - pg_last_xact_replay_timestamp())),
             current_setting('hot_standby_feedback')"
    );
    let found = tx.texts(&sql).await?;
    let text = |place| found.first().and_then(|row| row.get(place)).unwrap_or_default();
    let bytes = text(0).parse().map_err(|_| {
        Failure::Content("its server is no standby: archive.replica has to name one".to_owned())
    })?;
    Ok(Behind { bytes, seconds: text(1).parse().ok(), has_feedback: text(2) == "on" })
}
