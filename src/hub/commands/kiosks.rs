//! Setting up kiosks: adding, enrolling, renewing and revoking them.

use super::error::Error;
use super::names::{self, Added};
use super::{correct, moving, shops};
use crate::escape::Plain;
use crate::feedback::moment;
use crate::hub::archive::{Archive, Kiosk, PinScope, Status};
use crate::hub::rules::names as rules;
use crate::hub::secrets;
use crate::secret::pin;
use crate::wire::delivery::Finding;

/// How many days a one-time code is valid.
pub const CODE_LIFE_DAYS: i64 = secrets::CODE_LIFE_MS / 86_400_000;

/// Adds a kiosk at this time, in milliseconds since 1970 UTC, under a short name that is made of
/// its place or was chosen.
///
/// # Errors
/// When there is no such shop or it is closed, a kiosk stands there already and no short name was
/// chosen, or the chosen one is taken.
pub async fn add(
    archive: &Archive,
    shop: &str,
    touchpoint: &str,
    id: Option<&str>,
    now_ms: i64,
) -> Result<Added, Error> {
    let shop = names::shop(archive, shop).await?;
    let mut hints = Vec::new();
    let touchpoint = names::kept(touchpoint, &mut hints)?;
    shops::in_use(archive, &shop, now_ms).await?;
    let (chosen, shop) = (id.map(names::chosen).transpose()?, shop.id);
    let new =
        |id: &str| Kiosk { id: id.to_owned(), shop: shop.clone(), touchpoint: touchpoint.clone() };
    if let Some(id) = chosen {
        let is_added = archive.add_kiosk(new(&id)).await?;
        return if is_added { Ok(Added { id, hints }) } else { Err(taken(archive, &id).await?) };
    }
    if let Some(other) = names::standing_at(&archive.kiosks().await?, &new(""), now_ms) {
        return Err(stands_there(other));
    }
    let short = names::made(&touchpoint, rules::short_in(&shop, &touchpoint))?;
    for number in 1.. {
        // What merely meets in the short name is another kiosk, and gets a number.
        let id = rules::numbered(&short, number);
        if archive.add_kiosk(new(&id)).await? {
            if number > 1 {
                let (short, id) = (Plain(&short), Plain(&id));
                hints.push(format!("{short} is another kiosk, so this one is called {id}"));
            }
            return Ok(Added { id, hints });
        }
    }
    unreachable!("numbers have no end")
}

/// A kiosk stands at this very touchpoint.
fn stands_there(known: &Kiosk) -> Error {
    let (id, place) = (&known.id, Plain(&known.touchpoint));
    Error::Invalid(format!(
        "kiosk {id} already exists at {place}; `smilepost-hub kiosk code {id}` enrols it again, \
         and --id gives a further kiosk there a short name of its own"
    ))
}

/// A chosen short name is another kiosk's.
async fn taken(archive: &Archive, id: &str) -> Result<Error, Error> {
    let Kiosk { id, shop, touchpoint } = names::kiosk(archive, id).await?;
    let place = Plain(touchpoint);
    Ok(Error::Invalid(format!(
        "the short name {id} is taken: that kiosk stands at {place} in shop {shop}; choose another"
    )))
}

/// Makes a one-time code that enrols a kiosk, valid from this time, in milliseconds since 1970 UTC.
///
/// # Errors
/// When there is no such kiosk, or it is retired.
pub async fn new_code(archive: &Archive, kiosk: &str, now_ms: i64) -> Result<String, Error> {
    let kiosk = correct::in_use(archive, kiosk, now_ms).await?;
    let code = secrets::new_code();
    let hash = secrets::code_hash(&code);
    let expires_ms = now_ms + secrets::CODE_LIFE_MS;
    let is_known = archive.add_code(kiosk.clone(), hash, expires_ms).await?;
    if is_known { Ok(code) } else { Err(Error::no_kiosk(&kiosk)) }
}

/// Sets the PIN of a kiosk's desk, or deletes it, at this time in milliseconds since 1970 UTC.
///
/// # Errors
/// When the PIN cannot be used, there is no such kiosk, or it is retired and asks for nothing.
pub async fn set_pin(
    archive: &Archive,
    kiosk: &str,
    pin: Option<&str>,
    now_ms: i64,
) -> Result<(), Error> {
    let hash = pin.map(pin::hash).transpose()?;
    let kiosk = correct::in_use(archive, kiosk, now_ms).await?;
    match archive.set_pin(PinScope::Kiosk(kiosk.clone()), hash).await? {
        0 => Err(Error::no_kiosk(&kiosk)),
        _ => Ok(()),
    }
}

/// Lets a kiosk renew its token at its next delivery after this time, in milliseconds since 1970
/// UTC.
///
/// # Errors
/// When there is no such kiosk, or it is retired.
pub async fn renew(archive: &Archive, kiosk: &str, now_ms: i64) -> Result<(), Error> {
    let kiosk = correct::in_use(archive, kiosk, now_ms).await?;
    let is_known = archive.want_token(kiosk.clone()).await?;
    if is_known { Ok(()) } else { Err(Error::no_kiosk(&kiosk)) }
}

/// Revokes a kiosk's tokens and codes at this time, in milliseconds since 1970 UTC.
///
/// # Errors
/// When there is no such kiosk, or it has no token.
pub async fn revoke(archive: &Archive, kiosk: &str, now_ms: i64) -> Result<(), Error> {
    let kiosk = names::kiosk(archive, kiosk).await?.id;
    match archive.revoke(kiosk.clone(), now_ms).await? {
        0 => Err(Error::Invalid(format!("kiosk {kiosk} has no token to revoke"))),
        _ => Ok(()),
    }
}

/// Lists every kiosk with its last contact, what it holds, whether it has had as much kept as this
/// on the day of this time, in milliseconds since 1970 UTC, whether its clock or its time zone is
/// another than head office's, by which address it comes, and what it found of itself; a line each.
///
/// # Errors
/// When the archive fails.
pub async fn list(archive: &Archive, bytes_a_day: u64, now_ms: i64) -> Result<String, Error> {
    let (shops, moves_to) = (archive.shops().await?, archive.moves_to().await?);
    let past = archive.past().await?;
    let hours_of = |shop: &str| past.shops.get(shop)?.last()?.1.hours.as_deref();
    let line = |status: Status| {
        let is_spent = status.spent.is_all(bytes_a_day, now_ms);
        let shop = shops.iter().find(|shop| shop.id == status.kiosk.shop);
        let way = moving::way(&status, moves_to.as_deref());
        let own = status.hours.clone();
        let hours = own.as_deref().zip(hours_of(&status.kiosk.shop)).filter(|(own, of)| own != of);
        let hours = hours.map(|(own, of)| format!("opens {own}, and its shop {of}"));
        let zone = shop.map(|shop| shop.zone.as_str());
        line(status, is_spent, zone, hours.into_iter().chain(way), now_ms)
    };
    Ok(archive.kiosks().await?.into_iter().map(line).collect())
}

fn line(
    status: Status,
    is_spent: bool,
    shop_zone: Option<&str>,
    more: impl Iterator<Item = String>,
    now_ms: i64,
) -> String {
    let last = status.last_contact_ms.and_then(chrono::DateTime::from_timestamp_millis);
    let last = last.map_or("never".to_owned(), |at| at.to_rfc3339());
    let is_in_use = !status.is_retired(now_ms);
    let state = if status.is_enrolled { "enrolled" } else { "not enrolled" };
    let state = match status.retired_ms.and_then(chrono::DateTime::from_timestamp_millis) {
        None => state.to_owned(),
        Some(at) => {
            let at = at.format("%Y-%m-%d %H:%M UTC");
            if status.is_retired(now_ms) {
                format!("retired {at}")
            } else {
                format!("{state}, to be retired {at}")
            }
        }
    };
    let name = status.name.map(|name| format!("\tcalled {}", Plain(name))).unwrap_or_default();
    let Kiosk { id, shop, touchpoint } = status.kiosk;
    let waiting = status.waiting;
    let spent = if is_spent { "\tsent too much today and waits until midnight UTC" } else { "" };
    let touchpoint = Plain(touchpoint);
    let clocks = status.clocks_apart.map_or(String::new(), |apart| {
        let by = if apart.is_by_ntp { "its time service" } else { "what it knows of the time" };
        format!("\tthe clock here is {} of {by}", moment::ahead_text(apart.ahead_ms))
    });
    let zone = status.zone.filter(|zone| shop_zone.is_some_and(|of_shop| of_shop != zone));
    let zone = zone.map_or(String::new(), |zone| {
        format!("\tcounts by {}, and its shop by {}", Plain(zone), shop_zone.unwrap_or_default())
    });
    let more: String = more.map(|more| format!("\t{more}")).collect();
    let contact = format!("last contact {last}\tholds {waiting}");
    let found = |Finding { is_wrong, text }: &Finding| {
        format!("\t{}: {}", if *is_wrong { "WRONG" } else { "note" }, Plain(text))
    };
    let findings: String = status.findings.iter().filter(|_| is_in_use).map(found).collect();
    let state = format!("{state}\t{contact}{spent}{clocks}{zone}{more}{name}{findings}");
    format!("{id}\t{shop}\t{touchpoint}\t{state}\n")
}
