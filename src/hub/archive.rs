//! The archive: everything that head office keeps for ever, in SQLite or in PostgreSQL.
//!
//! What is kept is cut by noun: each has a file here with its values, and one in `sql` with its
//! statements, which are written once for both engines. An engine has a folder with what is its
//! own: how it connects, begins and ends transactions, writes in bulk, migrates and is backed up.
//! What is decided with what is read is in [`rules`](super::rules). The page of each noun says
//! which isolation its methods need.
//!
//! Invariant: when a method returns, what it wrote is durable, whatever the engine.

pub mod accounts;
pub mod calls_and_notes;
pub mod carried;
pub mod credentials;
pub mod deleting;
pub mod error;
pub mod events;
pub mod feed;
pub mod kiosks;
pub mod places;
pub mod postgres;
pub mod ranges;
pub mod replica;
mod sql;
pub mod sqlite;
pub mod surveys;
pub mod tallies;
pub mod transfer;
mod tx;
pub mod upkeep;
mod value;
pub mod work;
mod zones;

use std::path::Path;
use std::time::Duration;

pub use self::calls_and_notes::{CallsAndNotes, Note, Step};
pub use self::credentials::{Bearer, Retired, Seal, Spending};
pub use self::deleting::Doomed;
pub use self::error::Error;
pub use self::events::{Arrived, Cursor, Doubt, Incoming, Shipment, Stored, Way};
pub use self::kiosks::{Apart, PinScope, Status};
pub use self::places::{Correction, Kiosk, KioskThen, Past, Shop, ShopThen};
use self::postgres::{ArchiveAddress, Postgres};
pub use self::ranges::{ShopDays, Week};
use self::sqlite::Sqlite;
pub use self::surveys::{Publication, Scope};
pub use self::tallies::{Day, Others, Recounted, ShopDate, Span, TallyOf, Wrong};
use self::tx::{Job, Tx};
pub use self::work::{Task, Work};
use self::zones::ShopZones;
use crate::zones::Zones;

/// How long a delivery may keep others waiting.
const DELIVERY_MAX: Duration = Duration::from_secs(10);

/// How long one question of a page may keep others waiting.
const PAGE_MAX: Duration = Duration::from_secs(10);

/// How long one state of PostgreSQL may be read for a backup or a recount.
const READ_MAX: Duration = Duration::from_secs(48 * 3_600);

/// How long the tallies of one kiosk may be mended in PostgreSQL, while its deliveries wait.
const MEND_MAX: Duration = Duration::from_secs(3_600);

/// Where an archive is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveSettings {
    /// Its database in PostgreSQL; without one it is a file in the data folder.
    pub postgres: Option<ArchiveAddress>,
    /// A standby of that which exports are read from.
    pub replica: Option<ArchiveAddress>,
}

/// Everything that head office keeps; clones of a handle share one archive.
#[derive(Clone, Debug)]
pub struct Archive(Engine, ShopZones);

#[derive(Clone, Debug)]
enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl From<Sqlite> for Archive {
    fn from(engine: Sqlite) -> Self {
        Self(Engine::Sqlite(engine), ShopZones::new(Zones::of_system()))
    }
}

impl From<Postgres> for Archive {
    fn from(engine: Postgres) -> Self {
        Self(Engine::Postgres(engine), ShopZones::new(Zones::of_system()))
    }
}

impl Archive {
    /// Opens the archive in a folder; makes both where they are missing.
    ///
    /// # Errors
    /// As for [`Sqlite::open`].
    pub fn in_folder(folder: &Path) -> Result<Self, Error> {
        Sqlite::open(folder).map(Self::from)
    }

    /// The same archive, which counts hours by the time-zone rules of this place.
    #[must_use]
    pub fn with_zones(self, zones: Zones) -> Self {
        Self(self.0, ShopZones::new(zones))
    }

    /// Opens the archive where the settings say that it is; makes what is missing of it.
    ///
    /// # Errors
    /// As for [`Sqlite::open`] or [`Postgres::open`]; and when the archive has gone to another
    /// place, or has not come to this one yet.
    pub async fn open(data_dir: &Path, settings: &ArchiveSettings) -> Result<Self, Error> {
        let archive = Self::open_to_move(data_dir, settings).await?;
        match archive.unusable().await {
            Ok(None) => Ok(archive),
            Ok(Some(why)) => {
                archive.close().await;
                Err(Error::new("open the archive", why))
            }
            Err(error) => Err(error),
        }
    }

    /// The same of an archive that is to go to another place, or has gone there.
    ///
    /// # Errors
    /// As for [`Sqlite::open`] or [`Postgres::open`].
    pub async fn open_to_move(data_dir: &Path, settings: &ArchiveSettings) -> Result<Self, Error> {
        match &settings.postgres {
            Some(address) => Postgres::open(address).await.map(Self::from),
            None => Self::in_folder(data_dir),
        }
    }

    /// Closes the archive when what was asked for is done. Nothing can be asked any more.
    pub async fn close(&self) {
        match &self.0 {
            Engine::Sqlite(engine) => engine.close().await,
            Engine::Postgres(engine) => engine.close(),
        }
    }

    /// Whether changes have their places in the feed when they are committed.
    const fn stamps_at_once(&self) -> bool {
        matches!(self.0, Engine::Sqlite(_))
    }

    async fn write_within<T: Send + 'static>(
        &self,
        action: &'static str,
        limit: Option<Duration>,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        match &self.0 {
            Engine::Sqlite(engine) => engine.write(action, limit, act).await,
            Engine::Postgres(engine) => engine.write(action, limit, act).await,
        }
    }

    async fn read_within<T: Send + 'static>(
        &self,
        action: &'static str,
        limit: Option<Duration>,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        match &self.0 {
            Engine::Sqlite(engine) => engine.read(action, limit, act).await,
            Engine::Postgres(engine) => engine.read(action, limit, act).await,
        }
    }

    /// Acts in a transaction that writes.
    async fn write<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.write_within(action, None, act).await
    }

    /// Writes what a kiosk has sent.
    async fn write_delivery<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.write_within(action, Some(DELIVERY_MAX), act).await
    }

    /// Reads one state of the archive.
    async fn read<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.read_within(action, None, act).await
    }

    /// Reads one state of the archive for as long as it takes.
    async fn read_slowly<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.read_within(action, self.as_long_as(READ_MAX), act).await
    }

    /// Acts in a transaction that writes, for as long as it takes to read all of a kiosk.
    async fn write_slowly<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.write_within(action, self.as_long_as(MEND_MAX), act).await
    }

    /// The limit of what takes long: only a database's steps have one where nobody says so.
    const fn as_long_as(&self, limit: Duration) -> Option<Duration> {
        match &self.0 {
            Engine::Sqlite(_) => None,
            Engine::Postgres(_) => Some(limit),
        }
    }

    /// Reads one state of the archive for a page, which somebody waits for.
    async fn read_page<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        self.read_within(action, Some(PAGE_MAX), act).await
    }

    /// Reads by one statement, without waiting for any other read.
    async fn look<T: Send + 'static>(
        &self,
        action: &'static str,
        act: impl for<'a> FnOnce(&'a mut dyn Tx) -> Job<'a, T> + Send + 'static,
    ) -> Result<T, Error> {
        match &self.0 {
            Engine::Sqlite(engine) => engine.look(action, act).await,
            Engine::Postgres(engine) => engine.look(action, act).await,
        }
    }
}
