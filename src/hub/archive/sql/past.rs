//! The statements about the past of shops and kiosks, and those that correct it.
//!
//! A correction locks the shop, or the shop that a kiosk is moved to, and then the kiosk. It locks
//! no book: what counts by a zone that was corrected meanwhile is counted again by work that is
//! written in the same transaction, and that comes after whoever has the book.

use super::{whereabouts, work};
use crate::hub::archive::error::Failure;
use crate::hub::archive::places::{Correction, KioskThen, Past, ShopThen};
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, values};
use crate::hub::rules::history::{self, History};

const SHOPS_THEN: &str = "select id, from_ms, shop_then.name, shop_then.zone, \
                          shop_then.shop_group, shop_then.hours \
                          from shop_then join shop on shop.no = shop_then.shop";

const KIOSKS_THEN: &str = "select kiosk.id, from_ms, shop.id as shop, stay.touchpoint from stay \
                           join kiosk on kiosk.no = stay.kiosk join shop on shop.no = stay.shop";

/// The past of all shops and kiosks.
pub(super) async fn read(tx: &mut dyn Tx) -> Result<Past, Failure> {
    let mut past = Past::default();
    for row in tx.rows(&format!("{SHOPS_THEN} order by no, from_ms"), &[]).await? {
        past.shops.entry(row.get("id")?).or_default().push(shop_then(&row)?);
    }
    for row in tx.rows(&format!("{KIOSKS_THEN} order by kiosk.no, from_ms"), &[]).await? {
        past.kiosks.entry(row.get("id")?).or_default().push(kiosk_then(&row)?);
    }
    // What a shop is now stands in its own row.
    let sql = "select id, 0 as from_ms, name, zone, shop_group, hours, closed_on from shop";
    for row in tx.rows(sql, &[]).await? {
        let id: String = row.get("id")?;
        if let Some(last) = past.shops.get_mut(&id).and_then(|thens| thens.last_mut()) {
            last.1 = shop_then(&row)?.1;
        }
        let closed_on: Option<String> = row.get("closed_on")?;
        past.closed.extend(closed_on.map(|on| (id, on)));
    }
    Ok(past)
}

fn shop_then(row: &Row) -> Result<(i64, ShopThen), Failure> {
    let then = ShopThen {
        name: row.get("name")?,
        zone: row.get("zone")?,
        group: row.get("shop_group")?,
        hours: row.get("hours")?,
    };
    Ok((row.get("from_ms")?, then))
}

fn kiosk_then(row: &Row) -> Result<(i64, KioskThen), Failure> {
    let then = KioskThen { shop: row.get("shop")?, touchpoint: row.get("touchpoint")? };
    Ok((row.get("from_ms")?, then))
}

/// Puts what was said, if anything was, in the place of what stands there.
fn set<T: Clone>(stands: &mut T, said: Option<&T>) {
    if let Some(said) = said {
        stands.clone_from(said);
    }
}

/// Corrects a shop from this time on; false when it is unknown.
pub(super) async fn correct_shop(
    tx: &mut dyn Tx,
    shop: &str,
    from_ms: i64,
    said: &Correction,
    now_ms: i64,
) -> Result<bool, Failure> {
    let Some(no) = lock_shop(tx, shop).await? else {
        return Ok(false);
    };
    let sql = format!("{SHOPS_THEN} where shop = $1 order by from_ms");
    let before = tx.rows(&sql, &values![no]).await?;
    let before: History<ShopThen> = before.iter().map(shop_then).collect::<Result<_, _>>()?;
    let after = history::corrected(&before, from_ms, |then| {
        set(&mut then.name, said.name.as_ref());
        set(&mut then.zone, said.zone.as_ref());
        set(&mut then.group, said.group.as_ref());
        set(&mut then.hours, said.hours.as_ref());
    });
    let Some((_, ShopThen { name, zone, group, hours })) = after.last() else {
        return Ok(false);
    };
    let sql = "update shop set name = $1, zone = $2, shop_group = $3, hours = $4 where no = $5";
    tx.execute(sql, &values![name, zone, group.clone(), hours.clone(), no]).await?;
    write_shop(tx, no, &after).await?;
    note(tx, now_ms, Some(no), None, &told(said, from_ms)).await?;
    let zone = |then: &ShopThen| then.zone.clone();
    if history::part(&before, zone) != history::part(&after, zone) {
        let sql = "select distinct kiosk from stay where shop = $1 order by kiosk";
        for row in tx.rows(sql, &values![no]).await? {
            count_again(tx, row.get("kiosk")?, now_ms).await?;
        }
    }
    Ok(true)
}

/// Corrects a kiosk from this time on; false when it or its new shop is unknown.
pub(super) async fn correct_kiosk(
    tx: &mut dyn Tx,
    kiosk: &str,
    from_ms: i64,
    said: &Correction,
    now_ms: i64,
) -> Result<bool, Failure> {
    // Whoever corrects that shop's zone at the same time finds the kiosk there, or is found by it.
    if let Some(shop) = &said.shop
        && lock_shop(tx, shop).await?.is_none()
    {
        return Ok(false);
    }
    let Some(row) = tx.lock("select no from kiosk where id = $1", &values![kiosk]).await? else {
        return Ok(false);
    };
    let no: i64 = row.get("no")?;
    let sql = format!("{KIOSKS_THEN} where kiosk = $1 order by from_ms");
    let before = tx.rows(&sql, &values![no]).await?;
    let before: History<KioskThen> = before.iter().map(kiosk_then).collect::<Result<_, _>>()?;
    let after = history::corrected(&before, from_ms, |then| {
        set(&mut then.shop, said.shop.as_ref());
        set(&mut then.touchpoint, said.touchpoint.as_ref());
    });
    let Some((_, KioskThen { shop, touchpoint })) = after.last() else {
        return Ok(false);
    };
    if let Some((_, KioskThen { shop: left, .. })) = before.last().filter(|it| it.1.shop != *shop) {
        whereabouts::move_pin(tx, no, left, shop).await?;
    }
    let sql = "update kiosk set shop = (select shop.no from shop where shop.id = $1), \
               touchpoint = $2, name = coalesce($3, name) where no = $4";
    tx.execute(sql, &values![shop, touchpoint, said.name.clone(), no]).await?;
    if before != after {
        write_kiosk(tx, no, &after).await?;
    }
    note(tx, now_ms, None, Some(no), &told(said, from_ms)).await?;
    if before != after {
        count_again(tx, no, now_ms).await?;
    }
    Ok(true)
}

/// Has a kiosk's events counted again, since the hours of their clocks may be others. It comes last
/// in a transaction: the row of that work is one that others may wait for.
async fn count_again(tx: &mut dyn Tx, kiosk: i64, now_ms: i64) -> Result<(), Failure> {
    work::want(tx, "tally", &kiosk.to_string(), now_ms).await
}

/// Writes the whole history of a shop.
pub(super) async fn write_shop(
    tx: &mut dyn Tx,
    shop: i64,
    history: &[(i64, ShopThen)],
) -> Result<(), Failure> {
    tx.execute("delete from shop_then where shop = $1", &values![shop]).await?;
    let sql = "insert into shop_then (shop, from_ms, name, zone, shop_group, hours) \
               values ($1, $2, $3, $4, $5, $6)";
    let each = history.iter().map(|(from_ms, then)| {
        let ShopThen { name, zone, group, hours } = then.clone();
        values![shop, *from_ms, name, zone, group, hours].to_vec()
    });
    tx.execute_each(sql, &each.collect::<Vec<_>>()).await.map(drop)
}

/// Writes the whole history of a kiosk.
pub(super) async fn write_kiosk(
    tx: &mut dyn Tx,
    kiosk: i64,
    history: &[(i64, KioskThen)],
) -> Result<(), Failure> {
    tx.execute("delete from stay where kiosk = $1", &values![kiosk]).await?;
    let sql = "insert into stay (kiosk, from_ms, to_ms, shop, touchpoint) \
               select $1, $2, $3, no, $5 from shop where id = $4";
    let ends = history.iter().skip(1).map(|(from_ms, _)| *from_ms).chain([i64::MAX]);
    let each = history.iter().zip(ends).map(|((from_ms, then), to_ms)| {
        values![kiosk, *from_ms, to_ms, &then.shop, &then.touchpoint].to_vec()
    });
    tx.execute_each(sql, &each.collect::<Vec<_>>()).await.map(drop)
}

/// Keeps a correction as it was said.
pub(super) async fn note(
    tx: &mut dyn Tx,
    now_ms: i64,
    shop: Option<i64>,
    kiosk: Option<i64>,
    what: &str,
) -> Result<(), Failure> {
    let sql = "insert into correction (said_ms, shop, kiosk, what) values ($1, $2, $3, $4)";
    tx.execute(sql, &values![now_ms, shop, kiosk, what]).await.map(drop)
}

/// A correction in words.
fn told(said: &Correction, from_ms: i64) -> String {
    let Correction { name, zone, group, hours, shop, touchpoint } = said;
    let hours = hours.as_ref().map(|hours| hours.clone().unwrap_or_default());
    let group = group.as_ref().map(|group| group.clone().unwrap_or_default());
    let fields = [
        ("name", name),
        ("zone", zone),
        ("group", &group),
        ("hours", &hours),
        ("shop", shop),
        ("touchpoint", touchpoint),
    ];
    let fields = fields.iter().filter_map(|(what, is)| Some((what, is.as_ref()?)));
    let fields: Vec<String> = fields.map(|(what, is)| format!("{what} is {is:?}")).collect();
    format!("from {from_ms}: {}", fields.join(", "))
}

/// Locks a shop until the end of the transaction; returns its number, if it is known. Whoever locks
/// a kiosk too does so after it.
pub(super) async fn lock_shop(tx: &mut dyn Tx, id: &str) -> Result<Option<i64>, Failure> {
    let row = tx.lock("select no from shop where id = $1", &values![id]).await?;
    row.map(|row| row.get("no")).transpose()
}

#[cfg(test)]
mod tests {
    use super::super::places::tests::{archive, counted_again, kiosk};
    use super::*;
    use crate::hub::archive::Archive;
    use crate::hub::archive::kiosks::PinScope;
    use crate::hub::rules::history::EVER_MS;

    fn is(what: &str) -> Option<String> {
        Some(what.to_owned())
    }

    async fn correct_shop(archive: &Archive, from_ms: i64, said: Correction) {
        assert!(archive.correct_shop("kallio".to_owned(), from_ms, said, 99).await.unwrap());
    }

    async fn move_to(archive: &Archive, shop: &str, from_ms: i64) -> bool {
        let said = Correction { shop: is(shop), ..Correction::default() };
        archive.correct_kiosk("exit".to_owned(), from_ms, said, 99).await.unwrap()
    }

    #[tokio::test]
    async fn what_a_shop_was_before_a_correction_is_kept() {
        let (_folder, archive) = archive().await;
        let said = Correction {
            name: is("Kallio 2"),
            group: Some(is("north")),
            hours: Some(is("mon-sun 08:00-20:00")),
            ..Correction::default()
        };
        correct_shop(&archive, 10, said).await;
        let past = archive.past().await.unwrap();
        let first = ShopThen {
            name: "KALLIO".to_owned(),
            zone: "Europe/Helsinki".to_owned(),
            group: None,
            hours: None,
        };
        let then = ShopThen {
            name: "Kallio 2".to_owned(),
            group: is("north"),
            hours: is("mon-sun 08:00-20:00"),
            ..first.clone()
        };
        assert_eq!(past.shops["kallio"], [(EVER_MS, first), (10, then)]);
        assert_eq!(past.shops["turku"].len(), 1);
        let now = archive.shops().await.unwrap().remove(0);
        assert_eq!((now.name, now.group), ("Kallio 2".to_owned(), is("north")));
        let none = Correction { group: Some(None), hours: Some(None), ..Correction::default() };
        correct_shop(&archive, 10, none).await;
        assert_eq!(archive.past().await.unwrap().shops["kallio"][1].1.group, None);
        let said = Correction::default();
        assert!(!archive.correct_shop("nowhere".to_owned(), 10, said, 99).await.unwrap());
    }

    #[tokio::test]
    async fn where_a_kiosk_stood_before_a_correction_is_kept() {
        let (_folder, archive) = archive().await;
        assert!(move_to(&archive, "turku", 10).await);
        let said =
            Correction { touchpoint: is("Door"), name: is("Dolly"), ..Correction::default() };
        assert!(archive.correct_kiosk("exit".to_owned(), 20, said, 99).await.unwrap());
        let then = |shop: &str, touchpoint: &str| {
            let [shop, touchpoint] = [shop, touchpoint].map(str::to_owned);
            KioskThen { shop, touchpoint }
        };
        let stood = [
            (EVER_MS, then("kallio", "Exit")),
            (10, then("turku", "Exit")),
            (20, then("turku", "Door")),
        ];
        assert_eq!(archive.past().await.unwrap().kiosks["exit"], stood);
        let now = archive.kiosks().await.unwrap().remove(0);
        let place = (now.kiosk.shop.as_str(), now.kiosk.touchpoint.as_str(), now.name);
        assert_eq!(place, ("turku", "Door", is("Dolly")));
        // The stays follow one another without a gap.
        let ends = archive.read("read the stays", |tx| {
            Box::pin(async move {
                let rows = tx.rows("select to_ms from stay order by from_ms", &[]).await?;
                rows.iter().map(|row| row.get("to_ms")).collect::<Result<Vec<i64>, _>>()
            })
        });
        assert_eq!(ends.await.unwrap(), [10, 20, i64::MAX]);
        assert!(!move_to(&archive, "nowhere", 30).await);
        let said = Correction::default();
        assert!(!archive.correct_kiosk("nothing".to_owned(), 10, said, 99).await.unwrap());
    }

    #[tokio::test]
    async fn every_correction_is_kept_as_it_was_said() {
        let (_folder, archive) = archive().await;
        correct_shop(&archive, 10, Correction { name: is("K"), ..Correction::default() }).await;
        assert!(move_to(&archive, "turku", 10).await);
        let said = archive.read("read what was said", |tx| {
            Box::pin(async move {
                let sql = "select shop, kiosk, what from correction order by no";
                let rows = tx.rows(sql, &[]).await?;
                let said = |row: &Row| -> Result<_, Failure> {
                    let (shop, kiosk) = (row.get("shop")?, row.get("kiosk")?);
                    Ok::<(Option<i64>, Option<i64>, String), _>((shop, kiosk, row.get("what")?))
                };
                rows.iter().map(said).collect::<Result<Vec<_>, _>>()
            })
        });
        let of_shop = (Some(1), None, "from 10: name is \"K\"".to_owned());
        let of_kiosk = (None, Some(1), "from 10: shop is \"turku\"".to_owned());
        assert_eq!(said.await.unwrap(), [of_shop, of_kiosk]);
    }

    #[tokio::test]
    async fn a_kiosk_is_counted_again_when_its_clocks_were_others() {
        let (_folder, archive) = archive().await;
        for (id, shop) in [("door", "kallio"), ("till", "turku")] {
            assert!(archive.add_kiosk(kiosk(id, shop)).await.unwrap());
        }
        assert!(counted_again(&archive).await.is_empty());
        correct_shop(&archive, 10, Correction { name: is("K"), ..Correction::default() }).await;
        assert!(counted_again(&archive).await.is_empty(), "a name has no clocks");
        let zone = || Correction { zone: is("Europe/Rome"), ..Correction::default() };
        correct_shop(&archive, 10, zone()).await;
        assert_eq!(counted_again(&archive).await, ["1", "2"]);
        correct_shop(&archive, 10, zone()).await;
        assert!(counted_again(&archive).await.is_empty(), "nothing new was said");
        assert!(move_to(&archive, "turku", 20).await);
        assert_eq!(counted_again(&archive).await, ["1"]);
        // It stood there before.
        correct_shop(&archive, 15, Correction { zone: is("Asia/Tokyo"), ..zone() }).await;
        assert_eq!(counted_again(&archive).await, ["1", "2"]);
    }

    #[tokio::test]
    async fn a_desk_that_is_moved_opens_by_the_pin_of_the_new_shop() {
        let (_folder, archive) = archive().await;
        assert!(archive.add_kiosk(kiosk("till", "turku")).await.unwrap());
        for shop in ["kallio", "turku"] {
            let scope = PinScope::Shop(shop.to_owned());
            assert_eq!(archive.set_pin(scope, is(shop)).await.unwrap(), 1);
        }
        assert!(move_to(&archive, "turku", 10).await);
        let pin = archive.read("read a PIN", |tx| {
            Box::pin(async move {
                let sql = "select pin_hash, pin_number from kiosk where id = 'exit'";
                let row = tx.row(sql, &[]).await?.unwrap();
                Ok((row.get::<Option<String>>(0)?, row.get::<i64>(1)?))
            })
        });
        assert_eq!(pin.await.unwrap(), (is("turku"), 2));
    }
}
