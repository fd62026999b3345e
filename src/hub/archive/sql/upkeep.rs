//! The statements about the archive itself, and the numbers that it keeps in `meta`.

use crate::feedback::outbox::{BYTES_MAX, EVENTS_MAX};
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::tx::{Filled, Stored, Tx};
use crate::hub::archive::value::{Written as _, values};
use crate::hub::archive::{Archive, Engine};

const REHEARSAL: Filled = Filled { table: "rehearsal", columns: &[("content", Stored::Bytes)] };

impl Archive {
    /// Stores as much as a large delivery brings, makes it durable, and deletes it again, to prove
    /// that deliveries can be stored; returns how many bytes its disk has left then, where that is
    /// known: of its own disk, not of another machine's.
    ///
    /// A write of a few bytes may find room in a page that is there already, while the next
    /// delivery finds none. So this one is as heavy: only what is committed proves anything.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub async fn rehearse(&self) -> Result<Option<u64>, Error> {
        const ACTION: &str = "rehearse a delivery";
        self.write_delivery(ACTION, |tx| {
            Box::pin(async move {
                // What an earlier one left that a power cut ended.
                clear(tx).await?;
                tx.insert(&REHEARSAL, (0..EVENTS_MAX).map(|_| vec![noise().value()]).collect())
                    .await
            })
        })
        .await?;
        self.write_delivery(ACTION, |tx| Box::pin(clear(tx))).await?;
        match &self.0 {
            Engine::Sqlite(engine) => {
                let free = engine.free_bytes();
                free.map(Some).map_err(|source| Error::new(ACTION, source))
            }
            Engine::Postgres(_) => Ok(None),
        }
    }

    /// Draws a new epoch after the archive was restored from a backup, so that every kiosk offers
    /// again what it still holds.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn renew_epoch(&self) -> Result<(), Error> {
        self.write("draw a new epoch", |tx| Box::pin(draw_epoch(tx))).await
    }

    /// The address to which kiosks are to move, if there is one.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn moves_to(&self) -> Result<Option<String>, Error> {
        self.read("read where kiosks move to", |tx| Box::pin(moves_to(tx))).await
    }

    /// Has kiosks move to an address, or to none any more.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn move_to(&self, address: Option<String>) -> Result<(), Error> {
        self.write("have kiosks move", move |tx| {
            Box::pin(async move {
                let Some(address) = address else {
                    return tx.execute("delete from moving", &[]).await.map(drop);
                };
                let sql = "insert into moving (one, address) values (1, $1) \
                           on conflict (one) do update set address = excluded.address";
                tx.execute(sql, &values![address]).await.map(drop)
            })
        })
        .await
    }
}

/// The question of [`moves_to`].
const MOVING: &str = "select address from moving";

/// Asks ahead for what [`moves_to`] asks.
pub(super) fn ask_ahead(tx: &mut dyn Tx) {
    tx.ask_ahead(MOVING, Vec::new());
}

/// The address to which kiosks are to move, if there is one.
pub(super) async fn moves_to(tx: &mut dyn Tx) -> Result<Option<String>, Failure> {
    let row = tx.row(MOVING, &[]).await?;
    row.map(|row| row.get("address")).transpose()
}

/// The archive's own epoch, a part of what each kiosk is told.
pub(super) async fn epoch(tx: &mut dyn Tx) -> Result<u64, Failure> {
    let epoch = noted(tx, "epoch").await?;
    let epoch = epoch.ok_or_else(|| Failure::Content("the archive has no epoch".to_owned()))?;
    Ok(epoch.cast_unsigned())
}

/// Draws a new epoch for the archive, and so for every kiosk.
pub(super) async fn draw_epoch(tx: &mut dyn Tx) -> Result<(), Failure> {
    note(tx, "epoch", rand::random::<u32>().into()).await
}

/// A number that was noted under this key, if it was.
pub(super) async fn noted(tx: &mut dyn Tx, key: &str) -> Result<Option<i64>, Failure> {
    let row = tx.row("select value from meta where key = $1", &values![key]).await?;
    row.map(|row| row.get("value")).transpose()
}

/// Notes a number under a key.
pub(super) async fn note(tx: &mut dyn Tx, key: &str, value: i64) -> Result<(), Failure> {
    let sql = "insert into meta (key, value) values ($1, $2) \
               on conflict (key) do update set value = excluded.value";
    tx.execute(sql, &values![key, value]).await.map(drop)
}

async fn clear(tx: &mut dyn Tx) -> Result<(), Failure> {
    tx.execute("delete from rehearsal", &[]).await.map(drop)
}

/// As many bytes as a large delivery has for each event; random, since some file systems keep
/// nothing of zeros.
fn noise() -> Vec<u8> {
    let mut bytes = vec![0; BYTES_MAX / EVENTS_MAX];
    rand::fill(bytes.as_mut_slice());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pages(archive: &Archive, pragma: &'static str) -> u64 {
        let pages = archive.write("count pages", move |tx| {
            Box::pin(async move { tx.rows(pragma, &[]).await?[0].get(0) })
        });
        pages.await.unwrap()
    }

    async fn limit(archive: &Archive, pages_max: u64) {
        let pragma = format!("pragma max_page_count = {pages_max}");
        let limited = archive.write("limit pages", move |tx| {
            Box::pin(async move { tx.rows(&pragma, &[]).await.map(drop) })
        });
        limited.await.unwrap();
    }

    #[tokio::test]
    async fn a_rehearsal_finds_no_room_where_a_small_write_still_does() {
        const COUNT: &str = "pragma page_count";
        const FREE: &str = "pragma freelist_count";
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        let full = pages(&archive, COUNT).await;
        let free = pages(&archive, FREE).await;
        limit(&archive, full).await;
        archive.renew_epoch().await.unwrap();
        let error = archive.rehearse().await.unwrap_err();
        assert!(error.why().is_some_and(|why| why.contains("full")), "{error:?}");
        limit(&archive, 10 * full).await;
        assert!(archive.rehearse().await.unwrap().is_some_and(|bytes| bytes > 0));
        let heavy = pages(&archive, COUNT).await;
        let bytes_max = u64::try_from(BYTES_MAX).unwrap();
        let grown = heavy - full + free;
        assert!(grown * 4_096 > bytes_max, "{full} pages, {free} of them free, and then {heavy}");
        for _ in 0..3 {
            archive.rehearse().await.unwrap();
        }
        assert_eq!(pages(&archive, COUNT).await, heavy, "the file does not grow with each");
    }

    #[tokio::test]
    async fn a_number_is_noted_and_another_epoch_is_drawn() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        let seen = archive.write("note numbers", |tx| {
            Box::pin(async move {
                let before = (noted(tx, "rules").await?, epoch(tx).await?);
                note(tx, "rules", 2).await?;
                note(tx, "rules", 3).await?;
                draw_epoch(tx).await?;
                Ok((before, (noted(tx, "rules").await?, epoch(tx).await?)))
            })
        });
        let (before, after) = seen.await.unwrap();
        assert_eq!((before.0, after.0), (None, Some(3)));
        assert_ne!(before.1, after.1);
    }

    #[tokio::test]
    async fn kiosks_move_to_the_last_address_or_to_none() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        assert_eq!(archive.moves_to().await.unwrap(), None);
        for address in ["https://a.example", "https://b.example"] {
            archive.move_to(Some(address.to_owned())).await.unwrap();
            assert_eq!(archive.moves_to().await.unwrap().as_deref(), Some(address));
        }
        archive.move_to(None).await.unwrap();
        assert_eq!(archive.moves_to().await.unwrap(), None);
    }
}
