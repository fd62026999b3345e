//! Setting up kiosks: adding, enrolling, renewing and revoking them.

use super::error::Error;
use super::names::{checked, short_name};
use crate::escape::Plain;
use crate::hub::archive::{Archive, Kiosk, PinScope, Status};
use crate::hub::secrets;
use crate::secret::pin;

/// How many days a one-time code is valid.
pub const CODE_LIFE_DAYS: i64 = secrets::CODE_LIFE_MS / 86_400_000;

/// Adds a kiosk and returns its short name.
///
/// # Errors
/// When there is no such shop, or the short name is taken.
pub async fn add<A: Archive>(
    archive: &A,
    shop: String,
    touchpoint: String,
) -> Result<String, Error> {
    let known = archive.shops().await?;
    if !known.iter().any(|known| known.id == shop) {
        return Err(Error::no_shop(&shop));
    }
    let id = short_name(&format!("{shop} {}", checked(&touchpoint)?))?;
    let kiosk = Kiosk { id: id.clone(), shop, touchpoint };
    if archive.add_kiosk(kiosk).await? {
        return Ok(id);
    }
    Err(Error::Invalid(format!(
        "kiosk {id} already exists; `smilepost-hub kiosk code {id}` enrols it again"
    )))
}

/// Makes a one-time code that enrols a kiosk, valid from this time, in milliseconds since 1970 UTC.
///
/// # Errors
/// When there is no such kiosk.
pub async fn new_code<A: Archive>(archive: &A, kiosk: &str, now_ms: i64) -> Result<String, Error> {
    let code = secrets::new_code();
    let hash = secrets::code_hash(&code);
    let is_known = archive.add_code(kiosk.to_owned(), hash, now_ms + secrets::CODE_LIFE_MS).await?;
    if is_known { Ok(code) } else { Err(Error::no_kiosk(kiosk)) }
}

/// Sets the PIN of a kiosk's desk, or deletes it.
///
/// # Errors
/// When the PIN cannot be used, or there is no such kiosk.
pub async fn set_pin<A: Archive>(archive: &A, kiosk: &str, pin: Option<&str>) -> Result<(), Error> {
    let hash = pin.map(pin::hash).transpose()?;
    match archive.set_pin(PinScope::Kiosk(kiosk.to_owned()), hash).await? {
        0 => Err(Error::no_kiosk(kiosk)),
        _ => Ok(()),
    }
}

/// Lets a kiosk renew its token at its next delivery.
///
/// # Errors
/// When there is no such kiosk.
pub async fn renew<A: Archive>(archive: &A, kiosk: &str) -> Result<(), Error> {
    let is_known = archive.want_token(kiosk.to_owned()).await?;
    if is_known { Ok(()) } else { Err(Error::no_kiosk(kiosk)) }
}

/// Revokes a kiosk's tokens and codes at this time, in milliseconds since 1970 UTC.
///
/// # Errors
/// When it has no token.
pub async fn revoke<A: Archive>(archive: &A, kiosk: &str, now_ms: i64) -> Result<(), Error> {
    match archive.revoke(kiosk.to_owned(), now_ms).await? {
        0 => Err(Error::Invalid(format!("kiosk {kiosk} has no token to revoke"))),
        _ => Ok(()),
    }
}

/// Lists every kiosk with its last contact, what it holds, and whether it has had as much kept as
/// this on the day of this time, in milliseconds since 1970 UTC; a line each.
///
/// # Errors
/// When the archive fails.
pub async fn list<A: Archive>(archive: &A, bytes_a_day: u64, now_ms: i64) -> Result<String, Error> {
    let line = |status: Status| {
        let is_spent = status.spent.is_all(bytes_a_day, now_ms);
        line(status, is_spent)
    };
    Ok(archive.kiosks().await?.into_iter().map(line).collect())
}

fn line(status: Status, is_spent: bool) -> String {
    let last = status.last_contact_ms.and_then(chrono::DateTime::from_timestamp_millis);
    let last = last.map_or("never".to_owned(), |at| at.to_rfc3339());
    let state = if status.is_enrolled { "enrolled" } else { "not enrolled" };
    let Kiosk { id, shop, touchpoint } = status.kiosk;
    let waiting = status.waiting;
    let spent = if is_spent { "\tsent too much today and waits until midnight UTC" } else { "" };
    let touchpoint = Plain(touchpoint);
    format!("{id}\t{shop}\t{touchpoint}\t{state}\tlast contact {last}\tholds {waiting}{spent}\n")
}
