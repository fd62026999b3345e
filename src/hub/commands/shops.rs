//! Setting up shops.

use super::error::Error;
use super::names::{checked, short_name};
use crate::escape::Plain;
use crate::hub::archive::{Archive, PinScope, Shop};
use crate::secret::pin;
use crate::zones::Zones;

/// Adds a shop and returns its short name.
///
/// # Errors
/// When the time zone is unknown, a name cannot be printed, or the short name is taken.
pub async fn add<A: Archive>(
    archive: &A,
    name: String,
    zone: String,
    group: Option<String>,
) -> Result<String, Error> {
    if Zones::of_system().zone(&zone).is_none() {
        let sentence = format!("{zone:?} is not an IANA time zone such as Europe/Helsinki");
        return Err(Error::Invalid(sentence));
    }
    let id = short_name(checked(&name)?)?;
    group.as_deref().map(checked).transpose()?;
    let shop = Shop { id: id.clone(), name, zone, group };
    if archive.add_shop(shop).await? {
        return Ok(id);
    }
    Err(Error::Invalid(format!("shop {id} already exists")))
}

/// Puts a shop into a group, or takes it out of its group.
///
/// # Errors
/// When there is no such shop, or the group's name cannot be printed.
pub async fn group<A: Archive>(
    archive: &A,
    shop: &str,
    group: Option<String>,
) -> Result<(), Error> {
    group.as_deref().map(checked).transpose()?;
    let is_known = archive.group_shop(shop.to_owned(), group).await?;
    if is_known { Ok(()) } else { Err(Error::no_shop(shop)) }
}

/// Sets the PIN of the desk on every kiosk of a shop, or deletes it; returns how many kiosks there
/// are.
///
/// # Errors
/// When the PIN cannot be used, or the shop is unknown or has no kiosk.
pub async fn set_pin<A: Archive>(
    archive: &A,
    shop: &str,
    pin: Option<&str>,
) -> Result<usize, Error> {
    let hash = pin.map(pin::hash).transpose()?;
    match archive.set_pin(PinScope::Shop(shop.to_owned()), hash).await? {
        0 => Err(Error::Invalid(format!("there is no shop {shop}, or it has no kiosk"))),
        kiosks => Ok(kiosks),
    }
}

/// Lists every shop, a line each.
///
/// # Errors
/// When the archive fails.
pub async fn list<A: Archive>(archive: &A) -> Result<String, Error> {
    let line = |shop: Shop| {
        let group = shop.group.map(|group| format!("\tgroup {}", Plain(group))).unwrap_or_default();
        format!("{}\t{}\t{}{group}\n", shop.id, Plain(shop.name), shop.zone)
    };
    Ok(archive.shops().await?.into_iter().map(line).collect())
}
