//! The statements about shops and kiosks as they are set up.

use super::past;
use crate::feedback::moment::rfc3339;
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::places::{Correction, Kiosk, KioskThen, Past, Shop, ShopThen};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, values};
use crate::hub::rules::history::EVER_MS;

impl Archive {
    /// Adds a shop; false when its short name is taken.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn add_shop(&self, shop: Shop) -> Result<bool, Error> {
        self.write("add a shop", move |tx| Box::pin(add_shop(tx, shop))).await
    }

    /// Every shop, by name.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn shops(&self) -> Result<Vec<Shop>, Error> {
        self.read_page("list the shops", |tx| {
            Box::pin(async move {
                let rows = tx.rows("select id, name, zone, shop_group from shop", &[]).await?;
                let shops = rows.iter().map(|row| shop(row, 0));
                let mut shops = shops.collect::<Result<Vec<_>, _>>()?;
                // Engines sort texts each in its own way.
                shops.sort_unstable_by(|one, other| {
                    (&one.name, &one.id).cmp(&(&other.name, &other.id))
                });
                Ok(shops)
            })
        })
        .await
    }

    /// The past of all of them.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn past(&self) -> Result<Past, Error> {
        self.read_page("read the past", |tx| Box::pin(past::read(tx))).await
    }

    /// Corrects a shop from this time on, in milliseconds since 1970 UTC; false when it is unknown.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn correct_shop(
        &self,
        shop: String,
        from_ms: i64,
        said: Correction,
        now_ms: i64,
    ) -> Result<bool, Error> {
        self.write("correct a shop", move |tx| {
            Box::pin(async move { past::correct_shop(tx, &shop, from_ms, &said, now_ms).await })
        })
        .await
    }

    /// Corrects a kiosk from this time on, in milliseconds since 1970 UTC; false when it, or the
    /// shop that it is moved to, is unknown.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn correct_kiosk(
        &self,
        kiosk: String,
        from_ms: i64,
        said: Correction,
        now_ms: i64,
    ) -> Result<bool, Error> {
        self.write("correct a kiosk", move |tx| {
            Box::pin(async move { past::correct_kiosk(tx, &kiosk, from_ms, &said, now_ms).await })
        })
        .await
    }

    /// Closes a shop from this day on, `YYYY-MM-DD`, or opens it again; false when it is unknown.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn close_shop(
        &self,
        shop: String,
        on: Option<String>,
        now_ms: i64,
    ) -> Result<bool, Error> {
        self.write("close a shop", move |tx| {
            Box::pin(async move {
                let sql = "update shop set closed_on = $1 where id = $2 returning no";
                let Some(row) = tx.row(sql, &values![on.clone(), shop]).await? else {
                    return Ok(false);
                };
                let what = on.map_or_else(|| "opened".to_owned(), |on| format!("closed on {on}"));
                past::note(tx, now_ms, Some(row.get("no")?), None, &what).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Retires a kiosk at this time, in milliseconds since 1970 UTC, or takes it back; false when
    /// it is unknown.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn retire_kiosk(
        &self,
        kiosk: String,
        at_ms: Option<i64>,
        now_ms: i64,
    ) -> Result<bool, Error> {
        self.write("retire a kiosk", move |tx| {
            Box::pin(async move { retire_kiosk(tx, &kiosk, at_ms, now_ms).await })
        })
        .await
    }

    /// Adds a kiosk; false when its short name is taken.
    ///
    /// # Errors
    /// When its shop is unknown, or the archive fails.
    pub async fn add_kiosk(&self, kiosk: Kiosk) -> Result<bool, Error> {
        self.write("add a kiosk", move |tx| Box::pin(add_kiosk(tx, kiosk))).await
    }
}

async fn add_shop(tx: &mut dyn Tx, shop: Shop) -> Result<bool, Failure> {
    let Shop { id, name, zone, group } = shop;
    let sql = "insert into shop (id, name, zone, shop_group) values ($1, $2, $3, $4) \
               on conflict (id) do nothing returning no";
    let Some(row) = tx.row(sql, &values![id, &name, &zone, group.clone()]).await? else {
        return Ok(false);
    };
    let then = ShopThen { name, zone, group, hours: None };
    past::write_shop(tx, row.get("no")?, &[(EVER_MS, then)]).await?;
    Ok(true)
}

async fn add_kiosk(tx: &mut dyn Tx, kiosk: Kiosk) -> Result<bool, Failure> {
    let Kiosk { id, shop, touchpoint } = kiosk;
    let Some(no) = past::lock_shop(tx, &shop).await? else {
        return Err(Failure::Content(format!("there is no shop {shop}")));
    };
    // Its desk has the PIN that was set for the shop, if there is one.
    let sql = "insert into kiosk (id, shop, touchpoint, pin_hash, pin_number) \
               select $1, no, $2, desk_pin, case when desk_pin is null then 0 else 1 end \
               from shop where no = $3 on conflict (id) do nothing returning no";
    let Some(row) = tx.row(sql, &values![id, &touchpoint, no]).await? else {
        return Ok(false);
    };
    let kiosk: i64 = row.get("no")?;
    tx.execute("insert into book (kiosk) values ($1)", &values![kiosk]).await?;
    past::write_kiosk(tx, kiosk, &[(EVER_MS, KioskThen { shop, touchpoint })]).await?;
    Ok(true)
}

async fn retire_kiosk(
    tx: &mut dyn Tx,
    kiosk: &str,
    at_ms: Option<i64>,
    now_ms: i64,
) -> Result<bool, Failure> {
    let sql = "select no, retired_ms from kiosk where id = $1";
    let Some(row) = tx.lock(sql, &values![kiosk]).await? else {
        return Ok(false);
    };
    let (kiosk, before_ms): (i64, Option<i64>) = (row.get("no")?, row.get("retired_ms")?);
    let sql = "update kiosk set retired_ms = $1 where no = $2";
    tx.execute(sql, &values![at_ms, kiosk]).await?;
    // Codes end with the kiosk's use, and one that is taken back needs a new one.
    if [before_ms, at_ms].into_iter().flatten().any(|at_ms| at_ms <= now_ms) {
        let sql = "update code set spent_ms = $1 where kiosk = $2 and spent_ms is null";
        tx.execute(sql, &values![now_ms, kiosk]).await?;
    }
    let what = match at_ms {
        Some(at_ms) => format!("retired at {}", rfc3339(at_ms)),
        None => "taken back".to_owned(),
    };
    past::note(tx, now_ms, None, Some(kiosk), &what).await?;
    Ok(true)
}

/// The shop in four columns from this one on.
pub(super) fn shop(row: &Row, at: usize) -> Result<Shop, Failure> {
    Ok(Shop {
        id: row.get(at)?,
        name: row.get(at + 1)?,
        zone: row.get(at + 2)?,
        group: row.get(at + 3)?,
    })
}

/// The kiosk in the first three columns: its short name, that of its shop, and its touchpoint.
pub(super) fn kiosk(row: &Row) -> Result<Kiosk, Failure> {
    Ok(Kiosk { id: row.get(0)?, shop: row.get(1)?, touchpoint: row.get(2)? })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::hub::archive::kiosks::PinScope;

    /// An archive with a shop `kallio` in Helsinki, a shop `turku` in London, and a kiosk `exit` in
    /// the first.
    pub(in super::super) async fn archive() -> (tempfile::TempDir, Archive) {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::in_folder(folder.path()).unwrap();
        for (id, zone) in [("kallio", "Europe/Helsinki"), ("turku", "Europe/London")] {
            assert!(archive.add_shop(shop(id, zone)).await.unwrap());
        }
        assert!(archive.add_kiosk(kiosk("exit", "kallio")).await.unwrap());
        (folder, archive)
    }

    pub(in super::super) fn kiosk(id: &str, shop: &str) -> Kiosk {
        let [id, shop] = [id, shop].map(str::to_owned);
        Kiosk { id, shop, touchpoint: "Exit".to_owned() }
    }

    fn shop(id: &str, zone: &str) -> Shop {
        let [id, zone] = [id, zone].map(str::to_owned);
        Shop { name: id.to_uppercase(), id, zone, group: None }
    }

    /// The numbers of the kiosks that are to be counted again.
    pub(in super::super) async fn counted_again(archive: &Archive) -> Vec<String> {
        let of = archive.write("take work", |tx| {
            Box::pin(async move {
                let sql = "select subject from work where kind = 'tally' order by subject";
                let rows = tx.rows(sql, &[]).await?;
                tx.execute("delete from work", &[]).await?;
                rows.iter().map(|row| row.get("subject")).collect()
            })
        });
        of.await.unwrap()
    }

    #[tokio::test]
    async fn a_short_name_is_given_once() {
        let (_folder, archive) = archive().await;
        assert!(!archive.add_shop(shop("kallio", "Etc/UTC")).await.unwrap());
        assert!(!archive.add_kiosk(kiosk("exit", "turku")).await.unwrap());
        let zones: Vec<_> = archive.shops().await.unwrap().into_iter().map(|it| it.zone).collect();
        assert_eq!(zones, ["Europe/Helsinki", "Europe/London"], "by name");
        assert_eq!(archive.kiosks().await.unwrap()[0].kiosk, kiosk("exit", "kallio"));
        let lost = archive.add_kiosk(kiosk("door", "nowhere")).await;
        assert!(lost.is_err(), "a kiosk stands in a shop");
        assert_eq!(archive.kiosks().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn the_desk_of_a_new_kiosk_has_the_pin_of_its_shop() {
        let (_folder, archive) = archive().await;
        let scope = PinScope::Shop("kallio".to_owned());
        assert_eq!(archive.set_pin(scope, Some("hash".to_owned())).await.unwrap(), 1);
        for (id, shop) in [("door", "kallio"), ("till", "turku")] {
            assert!(archive.add_kiosk(kiosk(id, shop)).await.unwrap());
        }
        let pins = archive.read("read the PINs", |tx| {
            Box::pin(async move {
                let sql = "select id, pin_hash, pin_number from kiosk order by no";
                let rows = tx.rows(sql, &[]).await?;
                let pin = |row: &Row| {
                    Ok((row.get::<Option<String>>("pin_hash")?, row.get::<i64>("pin_number")?))
                };
                rows.iter().map(pin).collect::<Result<Vec<_>, Failure>>()
            })
        });
        let set = || (Some("hash".to_owned()), 1);
        assert_eq!(pins.await.unwrap(), [set(), set(), (None, 0)]);
    }

    #[tokio::test]
    async fn a_shop_can_be_closed_and_a_kiosk_retired_and_both_taken_back() {
        let (_folder, archive) = archive().await;
        let closed = async || archive.past().await.unwrap().closed.get("kallio").cloned();
        for on in [Some("2026-12-01".to_owned()), None] {
            assert!(archive.close_shop("kallio".to_owned(), on.clone(), 1).await.unwrap());
            assert_eq!(closed().await, on);
        }
        assert!(!archive.close_shop("nowhere".to_owned(), None, 1).await.unwrap());
        let retired = async || archive.kiosks().await.unwrap()[0].retired_ms;
        for at_ms in [Some(5), None] {
            assert!(archive.retire_kiosk("exit".to_owned(), at_ms, 9).await.unwrap());
            assert_eq!(retired().await, at_ms);
        }
        assert!(!archive.retire_kiosk("nothing".to_owned(), None, 9).await.unwrap());
    }

    #[tokio::test]
    async fn a_code_ends_with_the_use_of_its_kiosk() {
        let (_folder, archive) = archive().await;
        let good = async || {
            let is_good = archive.write("look at a code", |tx| {
                Box::pin(async move {
                    let sql = "insert into code (hash, kiosk, expires_ms) \
                               select $1, no, 100 from kiosk where true \
                               on conflict (hash) do nothing";
                    tx.execute(sql, &values![[7; 32]]).await?;
                    let row = tx.row("select 1 from code where spent_ms is null", &[]).await?;
                    Ok(row.is_some())
                })
            });
            is_good.await.unwrap()
        };
        assert!(good().await);
        archive.retire_kiosk("exit".to_owned(), Some(50), 9).await.unwrap();
        assert!(good().await, "it retires on a day to come");
        archive.retire_kiosk("exit".to_owned(), Some(9), 9).await.unwrap();
        assert!(!good().await);
    }
}
