//! The statements about where a kiosk stood, and about the PIN of its desk when it is moved.

use std::collections::BTreeMap;

use crate::hub::archive::error::Failure;
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, values};
use crate::hub::rules::history::History;
use crate::hub::rules::whereabouts::{self, PinThere, Stay};

/// Where a kiosk stood, and what the shops were.
#[derive(Debug, Default)]
struct Stood {
    /// Short names of shops and touchpoints.
    stays: History<(String, String)>,
    /// What the shops were called, by short name.
    shops: BTreeMap<String, History<String>>,
}

/// Where a kiosk stood, and under which names.
pub(super) async fn read(tx: &mut dyn Tx, kiosk: i64) -> Result<Vec<Stay>, Failure> {
    let stood = stood(tx, kiosk).await?;
    let Stood { stays, shops } = stood;
    Ok(whereabouts::stays(&stays, |shop| shops.get(shop).cloned().unwrap_or_default()))
}

/// The question of [`stood`].
const STOOD: &str = "select stay.from_ms, stay.touchpoint, shop.id, shop.name as name_now, \
     was.from_ms as was_from_ms, was.name \
     from stay join shop on shop.no = stay.shop join shop_then as was on was.shop = stay.shop \
     where stay.kiosk = $1 order by stay.from_ms, was.from_ms";

/// Asks ahead for what [`read`] asks.
pub(super) fn ask_ahead(tx: &mut dyn Tx, kiosk: i64) {
    tx.ask_ahead(STOOD, values![kiosk].into());
}

async fn stood(tx: &mut dyn Tx, kiosk: i64) -> Result<Stood, Failure> {
    let mut stood = Stood::default();
    let rows = tx.rows(STOOD, &values![kiosk]).await?;
    for row in &rows {
        stood.add(row)?;
    }
    // What a shop is now stands in its own row.
    for row in &rows {
        let shop: String = row.get("id")?;
        if let Some((_, newest)) = stood.shops.get_mut(&shop).and_then(|signs| signs.last_mut()) {
            *newest = row.get("name_now")?;
        }
    }
    Ok(stood)
}

impl Stood {
    /// Adds a stay and what its shop was from one time on; both come in their order.
    fn add(&mut self, row: &Row) -> Result<(), Failure> {
        let shop: String = row.get("id")?;
        let from_ms: i64 = row.get("from_ms")?;
        let was_from_ms: i64 = row.get("was_from_ms")?;
        let signs = self.shops.entry(shop.clone()).or_default();
        // A shop comes again with each stay there.
        if signs.last().is_none_or(|(last_ms, _)| *last_ms < was_from_ms) {
            signs.push((was_from_ms, row.get("name")?));
        }
        if self.stays.last().is_none_or(|(last_ms, _)| *last_ms < from_ms) {
            self.stays.push((from_ms, (shop, row.get("touchpoint")?)));
        }
        Ok(())
    }
}

/// Gives the desk of a kiosk that was moved between these shops the PIN that opens it there.
pub(super) async fn move_pin(
    tx: &mut dyn Tx,
    kiosk: i64,
    from: &str,
    to: &str,
) -> Result<(), Failure> {
    let sql = "select pin_hash, (select desk_pin from shop where id = $2) as of_old, \
               (select desk_pin from shop where id = $3) as of_new from kiosk where no = $1";
    let Some(row) = tx.row(sql, &values![kiosk, from, to]).await? else {
        return Ok(());
    };
    let pin = |column| row.get::<Option<String>>(column);
    let (own, old, new) = (pin("pin_hash")?, pin("of_old")?, pin("of_new")?);
    match whereabouts::pin(own.as_deref(), old.as_deref(), new.as_deref()) {
        PinThere::Stays => Ok(()),
        PinThere::Becomes(hash) => {
            let sql = "update kiosk set pin_hash = $1, pin_number = pin_number + 1 where no = $2";
            let hash = hash.map(str::to_owned);
            tx.execute(sql, &values![hash, kiosk]).await.map(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::kiosks::number;
    use super::super::places::tests::archive;
    use super::*;
    use crate::hub::archive::places::Correction;

    #[tokio::test]
    async fn a_kiosk_is_told_where_it_stood_and_under_which_names() {
        let (_folder, archive) = archive().await;
        let is = |what: &str| Some(what.to_owned());
        let told = async || {
            let told = archive.read("read where a kiosk stood", |tx| {
                Box::pin(async move {
                    let kiosk = number(tx, "exit").await?.unwrap();
                    read(tx, kiosk).await
                })
            });
            told.await.unwrap()
        };
        let said = Correction { shop: is("turku"), ..Correction::default() };
        assert!(archive.correct_kiosk("exit".to_owned(), 10, said, 99).await.unwrap());
        let said = Correction { zone: is("Etc/UTC"), name: is("Åbo"), ..Correction::default() };
        assert!(archive.correct_shop("turku".to_owned(), 20, said, 99).await.unwrap());
        let said = Correction { shop: is("kallio"), ..Correction::default() };
        assert!(archive.correct_kiosk("exit".to_owned(), 30, said, 99).await.unwrap());
        let stay = |since_ms, shop: &str| Stay {
            since_ms,
            shop: shop.to_owned(),
            touchpoint: "Exit".to_owned(),
        };
        let stays = told().await;
        let stood =
            [("KALLIO", None), ("TURKU", Some(10)), ("Åbo", Some(20)), ("KALLIO", Some(30))];
        assert_eq!(stays, stood.map(|(shop, since_ms)| stay(since_ms, shop)));
    }
}
