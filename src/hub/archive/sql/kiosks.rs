//! The statements about kiosks: how each one is, and the PIN of its desk.

use std::ops::RangeInclusive;

use super::{past, places};
use crate::hub::archive::Archive;
use crate::hub::archive::error::{Error, Failure};
use crate::hub::archive::kiosks::{Apart, PinScope, Status};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, values};
use crate::hub::rules::budget::Spent;
use crate::hub::rules::{clones, restored};
use crate::wire::delivery::Finding;

impl Archive {
    /// The epoch that a kiosk is told: a random number that changes when the archive may have been
    /// restored from a backup, and by which the kiosk can tell archives apart.
    ///
    /// # Errors
    /// When the kiosk is unknown, or the archive fails.
    pub async fn epoch(&self, kiosk: String) -> Result<u64, Error> {
        self.read("read a kiosk's epoch", move |tx| {
            Box::pin(async move {
                let no = known(tx, &kiosk).await?;
                epoch(tx, no).await
            })
        })
        .await
    }

    /// Every kiosk, by short name, with what was last heard of it.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn kiosks(&self) -> Result<Vec<Status>, Error> {
        self.read_page("list the kiosks", |tx| Box::pin(all(tx))).await
    }

    /// Sets the hash of the desk's PIN at these kiosks, or deletes it; returns how many kiosks they
    /// are.
    ///
    /// # Errors
    /// When the archive fails.
    pub async fn set_pin(&self, scope: PinScope, hash: Option<String>) -> Result<usize, Error> {
        self.write("set a PIN", move |tx| {
            Box::pin(async move {
                match scope {
                    PinScope::Kiosk(kiosk) => {
                        let sql = "update kiosk set pin_hash = $1, pin_number = pin_number + 1 \
                                   where id = $2";
                        tx.execute(sql, &values![hash, kiosk]).await.map(size)
                    }
                    PinScope::Shop(shop) => set_pins(tx, &shop, hash).await,
                }
            })
        })
        .await
    }
}

/// Sets the PIN of every desk of a shop, or deletes it; returns how many they are.
async fn set_pins(tx: &mut dyn Tx, shop: &str, hash: Option<String>) -> Result<usize, Failure> {
    // Locked first, so that no kiosk comes into the shop between its kiosks and its own PIN.
    let Some(shop) = past::lock_shop(tx, shop).await? else {
        return Ok(0);
    };
    let sql = "update kiosk set pin_hash = $1, pin_number = pin_number + 1 where shop = $2";
    let kiosks = tx.execute(sql, &values![hash.clone(), shop]).await?;
    if kiosks > 0 {
        let sql = "update shop set desk_pin = $1 where no = $2";
        tx.execute(sql, &values![hash, shop]).await?;
    }
    Ok(size(kiosks))
}

/// The number of a kiosk, if it is known.
pub(super) async fn number(tx: &mut dyn Tx, id: &str) -> Result<Option<i64>, Failure> {
    let row = tx.row("select no from kiosk where id = $1", &values![id]).await?;
    row.map(|row| row.get("no")).transpose()
}

/// The number of a kiosk, which must be known.
async fn known(tx: &mut dyn Tx, id: &str) -> Result<i64, Failure> {
    let unknown = || Failure::Content(format!("there is no kiosk {id}"));
    number(tx, id).await?.ok_or_else(unknown)
}

/// Every kiosk, by short name.
pub(super) async fn all(tx: &mut dyn Tx) -> Result<Vec<Status>, Failure> {
    let sql = "select kiosk.id, shop.id as shop, kiosk.touchpoint, last_contact_ms, app, waiting, \
               set_aside, lost, returns, publication, survey_complaint, spent_day, spent_bytes, \
               book.zone, zone_rules, ahead_ms, is_ahead_by_ntp, kiosk.name, retired_ms, address, \
               move_complaint, book.hours, findings, \
               case when exists (select 1 from token where token.kiosk = kiosk.no \
               and revoked_ms is null) then 1 else 0 end as is_enrolled \
               from kiosk join shop on shop.no = kiosk.shop join book on book.kiosk = kiosk.no";
    let rows = tx.rows(sql, &[]).await?;
    let mut all = rows.iter().map(status).collect::<Result<Vec<_>, _>>()?;
    // Engines sort texts each in its own way.
    all.sort_unstable_by(|one, other| one.kiosk.id.cmp(&other.kiosk.id));
    Ok(all)
}

fn status(row: &Row) -> Result<Status, Failure> {
    Ok(Status {
        kiosk: places::kiosk(row)?,
        last_contact_ms: row.get("last_contact_ms")?,
        app: row.get("app")?,
        waiting: row.get("waiting")?,
        set_aside: row.get("set_aside")?,
        lost: row.get("lost")?,
        is_cloned: clones::is_clone(row.get("returns")?),
        is_enrolled: row.get("is_enrolled")?,
        publication: row.get("publication")?,
        survey_complaint: row.get("survey_complaint")?,
        spent: spent(row)?,
        zone: row.get("zone")?,
        zone_rules: row.get("zone_rules")?,
        clocks_apart: clocks_apart(row)?,
        hours: row.get("hours")?,
        address: row.get("address")?,
        move_complaint: row.get("move_complaint")?,
        findings: findings(row.get("findings")?),
        name: row.get("name")?,
        retired_ms: row.get("retired_ms")?,
    })
}

/// Findings as their column keeps them.
pub(super) fn as_text(findings: &Vec<Finding>) -> String {
    serde_json::to_string(findings).unwrap_or_default()
}

fn findings(text: Option<String>) -> Vec<Finding> {
    // What cannot be read is told anew by the next kiosk that starts.
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

fn clocks_apart(row: &Row) -> Result<Option<Apart>, Failure> {
    let ahead_ms: Option<i64> = row.get("ahead_ms")?;
    let is_by_ntp = row.get::<Option<bool>>("is_ahead_by_ntp")?.unwrap_or(false);
    Ok(ahead_ms.map(|ahead_ms| Apart { ahead_ms, is_by_ntp }))
}

/// The question for what the epoch that a kiosk is told is made of.
const EPOCH: &str = "select epoch as own, \
     (select value from meta where key = 'epoch') as of_archive from book where kiosk = $1";

/// Asks ahead for what [`epoch`] asks.
pub(super) fn ask_ahead(tx: &mut dyn Tx, kiosk: i64) {
    tx.ask_ahead(EPOCH, values![kiosk].into());
}

/// The epoch that a kiosk is told.
pub(super) async fn epoch(tx: &mut dyn Tx, kiosk: i64) -> Result<u64, Failure> {
    let row = tx.row(EPOCH, &values![kiosk]).await?;
    let row = row.ok_or_else(|| Failure::Content(format!("kiosk number {kiosk} has no book")))?;
    Ok(restored::told(row.get("of_archive")?, row.get("own")?))
}

/// Draws a new epoch for a kiosk at this time, in milliseconds since 1970 UTC.
pub(super) async fn draw_epoch(tx: &mut dyn Tx, kiosk: i64, now_ms: i64) -> Result<(), Failure> {
    let sql = "update book set epoch = $1, epoch_drawn_ms = $2 where kiosk = $3";
    tx.execute(sql, &values![rand::random::<u32>(), now_ms, kiosk]).await.map(drop)
}

/// Of how many shops kiosks had an epoch drawn within this time, in milliseconds since 1970 UTC.
pub(super) async fn shops_in_doubt(
    tx: &mut dyn Tx,
    within: RangeInclusive<i64>,
) -> Result<u32, Failure> {
    let sql = "select count(distinct kiosk.shop) as shops from book \
               join kiosk on kiosk.no = book.kiosk \
               where epoch_drawn_ms >= $1 and epoch_drawn_ms <= $2";
    let row = tx.row(sql, &values![*within.start(), *within.end()]).await?;
    row.map_or(Ok(0), |row| row.get("shops"))
}

/// What a kiosk's book says that it has spent of its budget.
pub(super) fn spent(row: &Row) -> Result<Spent, Failure> {
    Ok(Spent { day: row.get("spent_day")?, bytes: row.get("spent_bytes")? })
}

fn size(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::places::tests::{archive, kiosk};
    use super::*;

    #[tokio::test]
    async fn a_new_kiosk_was_never_heard_of() {
        let (_folder, archive) = archive().await;
        assert!(archive.add_kiosk(kiosk("door", "kallio")).await.unwrap());
        let all = archive.kiosks().await.unwrap();
        let ids: Vec<&str> = all.iter().map(|it| it.kiosk.id.as_str()).collect();
        assert_eq!(ids, ["door", "exit"]);
        let new = &all[0];
        assert!(!new.is_enrolled && !new.is_cloned && new.last_contact_ms.is_none());
        assert_eq!((new.waiting, new.lost, new.spent), (0, 0, Spent::default()));
    }

    #[tokio::test]
    async fn an_epoch_of_its_own_is_drawn_for_a_kiosk() {
        let (_folder, archive) = archive().await;
        assert!(archive.add_kiosk(kiosk("till", "turku")).await.unwrap());
        let epochs = async || {
            let of = async |kiosk: &str| archive.epoch(kiosk.to_owned()).await.unwrap();
            (of("exit").await, of("till").await)
        };
        let before = epochs().await;
        assert_eq!(before.0, before.1, "that of the archive");
        let shops = archive.write("draw an epoch", |tx| {
            Box::pin(async move {
                let kiosk = number(tx, "exit").await?.unwrap();
                draw_epoch(tx, kiosk, 50).await?;
                Ok((shops_in_doubt(tx, 40..=50).await?, shops_in_doubt(tx, 51..=60).await?))
            })
        });
        assert_eq!(shops.await.unwrap(), (1, 0));
        let after = epochs().await;
        assert!(after.0 != before.0 && after.1 == before.1);
        assert!(archive.epoch("nothing".to_owned()).await.is_err());
    }

    #[tokio::test]
    async fn a_pin_is_set_for_one_desk_or_for_all_of_a_shop() {
        let (_folder, archive) = archive().await;
        assert!(archive.add_kiosk(kiosk("door", "kallio")).await.unwrap());
        let set = async |scope| archive.set_pin(scope, Some("hash".to_owned())).await.unwrap();
        assert_eq!(set(PinScope::Kiosk("door".to_owned())).await, 1);
        assert_eq!(set(PinScope::Shop("kallio".to_owned())).await, 2);
        assert_eq!(set(PinScope::Shop("turku".to_owned())).await, 0);
        assert_eq!(set(PinScope::Shop("nowhere".to_owned())).await, 0);
        let numbers = archive.read("read the numbers", |tx| {
            Box::pin(async move {
                let rows = tx.rows("select pin_number from kiosk order by id", &[]).await?;
                rows.iter().map(|row| row.get(0)).collect::<Result<Vec<i64>, _>>()
            })
        });
        assert_eq!(numbers.await.unwrap(), [2, 1]);
    }
}
