//! The statements about the clocks by which kiosks count: where each stood, and the shops' zones.

use std::collections::{BTreeMap, BTreeSet};

use crate::feedback::zone::Zone;
use crate::hub::archive::error::Failure;
use crate::hub::archive::tx::Tx;
use crate::hub::archive::value::{Row, values};
use crate::hub::archive::zones::ShopZones;
use crate::hub::rules::cells::Stay;
use crate::hub::rules::history::History;
use crate::hub::rules::hours;

/// The clocks of one kiosk.
#[derive(Debug)]
pub(super) struct Clocks {
    stays: Vec<Stay>,
    zones: BTreeMap<i64, History<Zone>>,
}

/// Where a kiosk stood.
const STAYS: &str = "select from_ms, to_ms, shop from stay where kiosk = $1 order by from_ms";

/// By which clocks these shops lived, and from when on. What a shop is now stands in its own row.
fn zones_where(condition: &str) -> String {
    format!(
        "select was.shop, was.from_ms, \
         case when exists (select 1 from shop_then as later where later.shop = was.shop \
         and later.from_ms > was.from_ms) then was.zone else shop.zone end as zone \
         from shop_then as was join shop on shop.no = was.shop where was.shop in ({condition}) \
         order by was.shop, was.from_ms"
    )
}

/// The same of all shops where a kiosk stood.
fn zones_of_kiosk() -> String {
    zones_where("select shop from stay where kiosk = $1")
}

impl Clocks {
    /// Asks ahead for what [`Clocks::read`] asks.
    pub(super) fn ask_ahead(tx: &mut dyn Tx, kiosk: i64) {
        tx.ask_ahead(STAYS, values![kiosk].into());
        tx.ask_ahead(&zones_of_kiosk(), values![kiosk].into());
    }

    /// Those of a kiosk, by its number.
    pub(super) async fn read(
        tx: &mut dyn Tx,
        kiosk: i64,
        shop_zones: &ShopZones,
    ) -> Result<Self, Failure> {
        let rows = tx.rows(STAYS, &values![kiosk]).await?;
        let stays: Vec<Stay> = rows.iter().map(stay).collect::<Result<_, _>>()?;
        let zones =
            by_zones(names_of(&tx.rows(&zones_of_kiosk(), &values![kiosk]).await?)?, shop_zones);
        Ok(Self { stays, zones })
    }

    /// The hour of an instant, in milliseconds since 1970 UTC, by the clocks of the shop in which
    /// the kiosk stood then.
    pub(super) fn hour(&self, utc_ms: i64) -> i32 {
        let stay = self.stays.iter().rev().find(|stay| stay.from_ms <= utc_ms);
        let zones = stay.and_then(|stay| self.zones.get(&stay.shop));
        hours::hour(utc_ms, zones.map(Vec::as_slice).unwrap_or_default())
    }
}

fn stay(row: &Row) -> Result<Stay, Failure> {
    let (from_ms, to_ms, shop) = (row.get("from_ms")?, row.get("to_ms")?, row.get("shop")?);
    Ok(Stay { from_ms, to_ms, shop })
}

/// Numbers of ours as a list in a statement; they are no parameters, since there may be thousands.
pub(super) fn listed(numbers: impl IntoIterator<Item = i64>) -> String {
    let numbers: BTreeSet<i64> = numbers.into_iter().collect();
    numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// Where every kiosk stood that was ever in one of these shops, by the number of the kiosk.
pub(super) async fn stays_of_shops(
    tx: &mut dyn Tx,
    shops: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, Vec<Stay>>, Failure> {
    let shops = listed(shops.iter().copied());
    let mut stays = BTreeMap::<i64, Vec<Stay>>::new();
    if shops.is_empty() {
        return Ok(stays);
    }
    let sql = format!(
        "select kiosk, from_ms, to_ms, shop from stay \
         where kiosk in (select kiosk from stay where shop in ({shops})) order by kiosk, from_ms"
    );
    for row in tx.numbers(&sql).await?.rows() {
        if let [kiosk, from_ms, to_ms, shop] = *row {
            stays.entry(kiosk).or_default().push(Stay { from_ms, to_ms, shop });
        }
    }
    Ok(stays)
}

/// By which clocks these shops lived, and from when on.
pub(super) async fn zones(
    tx: &mut dyn Tx,
    shops: &BTreeSet<i64>,
    shop_zones: &ShopZones,
) -> Result<BTreeMap<i64, History<Zone>>, Failure> {
    Ok(by_zones(zone_names(tx, shops).await?, shop_zones))
}

/// The names of the zones by which these shops lived, and from when on.
pub(super) async fn zone_names(
    tx: &mut dyn Tx,
    shops: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, History<String>>, Failure> {
    let shops = listed(shops.iter().copied());
    if shops.is_empty() {
        return Ok(BTreeMap::new());
    }
    names_of(&tx.rows_once(&zones_where(&shops), &[]).await?)
}

fn names_of(rows: &[Row]) -> Result<BTreeMap<i64, History<String>>, Failure> {
    let mut names = BTreeMap::<i64, History<String>>::new();
    for row in rows {
        let was = (row.get("from_ms")?, row.get("zone")?);
        names.entry(row.get("shop")?).or_default().push(was);
    }
    Ok(names)
}

fn by_zones(
    names: BTreeMap<i64, History<String>>,
    shop_zones: &ShopZones,
) -> BTreeMap<i64, History<Zone>> {
    let of_name = |(from_ms, name): (i64, String)| (from_ms, shop_zones.zone(&name));
    let each = names.into_iter();
    each.map(|(shop, names)| (shop, names.into_iter().map(of_name).collect())).collect()
}
