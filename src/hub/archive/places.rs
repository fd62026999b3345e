//! Places: shops, and the kiosks that stand in them.
//!
//! What was so before a correction is kept with its time. Isolation: each method is one
//! transaction. Of two that add the same short name, one gets it. One that changes or moves
//! something locks the row of the shop first and that of the kiosk second.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::hub::rules::history::History;

/// A shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    /// Its short name, made of its name.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its IANA time zone.
    pub zone: String,
    /// The group of shops that it belongs to, if any.
    pub group: Option<String>,
}

/// A kiosk, as it is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kiosk {
    /// Its short name.
    pub id: String,
    /// The short name of its shop.
    pub shop: String,
    /// Where in the shop it stands.
    pub touchpoint: String,
}

/// What of a shop may change with time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShopThen {
    /// Its name.
    pub name: String,
    /// Its IANA time zone.
    pub zone: String,
    /// The group of shops that it belongs to, if any.
    pub group: Option<String>,
    /// When it is open, such as `mon-fri 08:00-20:00`, if anybody has said.
    pub hours: Option<String>,
}

/// Where a kiosk stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KioskThen {
    /// The short name of the shop.
    pub shop: String,
    /// Where in the shop.
    pub touchpoint: String,
}

/// The past of all shops and kiosks, by their short names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// What each shop was.
    pub shops: BTreeMap<String, History<ShopThen>>,
    /// Where each kiosk stood.
    pub kiosks: BTreeMap<String, History<KioskThen>>,
    /// From which day on a shop is closed, `YYYY-MM-DD`.
    pub closed: BTreeMap<String, String>,
}

impl Past {
    /// From which day on a shop is closed, `YYYY-MM-DD`, if it is on this day by its clocks.
    #[must_use]
    pub fn closed_on(&self, shop: &str, day: NaiveDate) -> Option<&String> {
        let is_closed = |on: &&String| on.parse::<NaiveDate>().is_ok_and(|on| on <= day);
        self.closed.get(shop).filter(is_closed)
    }
}

/// What is to be corrected of a shop or a kiosk; what is none stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Correction {
    /// A shop's name, or how people call a kiosk.
    pub name: Option<String>,
    /// A shop's IANA time zone.
    pub zone: Option<String>,
    /// A shop's group; none in it is that it belongs to none.
    pub group: Option<Option<String>>,
    /// A shop's opening hours; none in it is that nobody says any more.
    pub hours: Option<Option<String>>,
    /// The short name of a kiosk's shop.
    pub shop: Option<String>,
    /// Where in the shop a kiosk stands.
    pub touchpoint: Option<String>,
}
