//! Places: shops, and the kiosks that stand in them.
//!
//! Isolation: each method is one statement. Of two that add the same short name, one gets it.

use super::error::Error;

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

/// Keeps the places.
pub trait Places {
    /// Adds a shop; false when its short name is taken.
    fn add_shop(&self, shop: Shop) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Every shop, by name.
    fn shops(&self) -> impl Future<Output = Result<Vec<Shop>, Error>> + Send;

    /// Puts a shop into a group, or takes it out of its group; false when the shop is unknown.
    fn group_shop(
        &self,
        shop: String,
        group: Option<String>,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Adds a kiosk; false when its short name is taken.
    fn add_kiosk(&self, kiosk: Kiosk) -> impl Future<Output = Result<bool, Error>> + Send;
}
