//! Corrections: what a shop or a kiosk is from a day on, and that it is no more. What was so before
//! is kept, since a rating belongs to the place that its kiosk stood in at its time.

use chrono::{Datelike as _, NaiveDate};

use super::error::Error;
use super::names;
use super::shops::{self, known_zone, named_group};
use crate::escape::Plain;
use crate::feedback::moment;
use crate::feedback::survey::schedule::{DAYS, Hours};
use crate::feedback::zone::Zone;
use crate::hub::archive::{Archive, Correction, Kiosk, Shop, Status};
use crate::hub::rules::history::EVER_MS;
use crate::hub::rules::names as rules;

/// The years that a correction can begin in.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2999;

/// From when on something is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// From now on, in milliseconds since 1970 UTC; of a shop, from the beginning of today.
    Now(i64),
    /// From the beginning of a day on, `YYYY-MM-DD` by the shop's clocks; at this time, in
    /// milliseconds since 1970 UTC.
    Day(String, i64),
    /// It was always so, and what was said before was a mistake.
    Always(i64),
}

impl Since {
    const fn now_ms(&self) -> i64 {
        let (Self::Now(now_ms) | Self::Day(_, now_ms) | Self::Always(now_ms)) = self;
        *now_ms
    }
}

/// What came of a correction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// The result, as a sentence.
    pub done: String,
    /// What somebody may want to know of it.
    pub hints: Vec<String>,
}

/// Corrects a shop: its name, its zone, its group or its opening hours. Its days are counted again
/// by that.
///
/// # Errors
/// When there is no such shop, nothing is to be corrected, something of it cannot be, or another
/// shop has the name already.
pub async fn shop(
    archive: &Archive,
    typed: &str,
    said: Correction,
    since: Since,
) -> Result<Corrected, Error> {
    let known = archive.shops().await?;
    let found = names::meant(&known, typed, |shop| &shop.id);
    let found = found.ok_or_else(|| Error::no_shop(typed))?;
    let Shop { id, zone, .. } = found.clone();
    let mut hints = Vec::new();
    if said == Correction::default() {
        return Err(nothing("--name, --zone, --group, --no-group, --hours or --no-hours"));
    }
    let name = said.name.map(|name| names::kept(&name, &mut hints)).transpose()?;
    name.iter().try_for_each(|name| shops::free(&known, found, name))?;
    let group = match said.group {
        Some(Some(group)) => Some(Some(named_group(&known, &group, &mut hints)?)),
        group => group,
    };
    let clocks = known_zone(said.zone.as_ref().unwrap_or(&zone))?;
    let (from_ms, told) = match &since {
        Since::Now(now_ms) => {
            let today = moment::local(*now_ms, &clocks).0;
            (moment::day_bounds(today, &clocks).0, format!("from {today} on"))
        }
        since => begins(since, &clocks)?,
    };
    let hours = match said.hours {
        Some(Some(hours)) => Some(Some(opening(&hours)?)),
        hours => hours,
    };
    let said = Correction { name, zone: said.zone, group, hours, ..Correction::default() };
    if archive.correct_shop(id.clone(), from_ms, said, since.now_ms()).await? {
        return Ok(Corrected { done: format!("shop {id} is corrected {told}"), hints });
    }
    Err(Error::no_shop(typed))
}

/// Corrects a kiosk: its shop, its touchpoint, or how people call it.
///
/// # Errors
/// When there is no such kiosk or shop, nothing is to be corrected, something of it cannot be, or
/// another kiosk has the place or the name already.
pub async fn kiosk(
    archive: &Archive,
    typed: &str,
    said: Correction,
    since: Since,
) -> Result<Corrected, Error> {
    let known = archive.kiosks().await?;
    let before = meant(&known, typed)?;
    let kiosk = before.kiosk.clone();
    let mut hints = Vec::new();
    if said == Correction::default() {
        return Err(nothing("--shop, --touchpoint or --name"));
    }
    let shop = names::shop(archive, said.shop.as_ref().unwrap_or(&kiosk.shop)).await?;
    if said.shop.is_some() {
        shops::in_use(archive, &shop, since.now_ms()).await?;
    }
    let name = said.name.map(|name| names::kept(&name, &mut hints)).transpose()?;
    let touchpoint = said.touchpoint.map(|it| names::kept(&it, &mut hints)).transpose()?;
    let to = Status {
        kiosk: Kiosk {
            shop: shop.id.clone(),
            touchpoint: touchpoint.clone().unwrap_or_else(|| kiosk.touchpoint.clone()),
            ..kiosk.clone()
        },
        name: name.clone().or_else(|| before.name.clone()),
        ..before.clone()
    };
    free(&known, before, &to, since.now_ms())?;
    let (from_ms, told) = match &since {
        Since::Now(now_ms) => (*now_ms, "from now on".to_owned()),
        since => begins(since, &known_zone(&shop.zone)?)?,
    };
    if said.shop.is_some() && shop.id != kiosk.shop {
        hints.push(format!(
            "with its next delivery the kiosk takes the names and the survey of shop {0}, and the \
             PIN of that shop if one was set for it; the PIN of shop {1} opens its desk no more",
            shop.id, kiosk.shop
        ));
    }
    let to = said.shop.map(|_| shop.id);
    let said = Correction { name, shop: to, touchpoint, ..Correction::default() };
    let id = kiosk.id;
    if archive.correct_kiosk(id.clone(), from_ms, said, since.now_ms()).await? {
        return Ok(Corrected { done: format!("kiosk {id} is corrected {told}"), hints });
    }
    Err(Error::no_kiosk(typed))
}

/// Closes a shop from a day on, or opens it again. Its kiosks may still deliver what they hold.
///
/// # Errors
/// When there is no such shop, or the day is none.
pub async fn close(
    archive: &Archive,
    typed: &str,
    on: Option<&str>,
    now_ms: i64,
) -> Result<Corrected, Error> {
    let Shop { id, zone, .. } = names::shop(archive, typed).await?;
    let on = match on {
        Some(on) => day(on)?,
        None => moment::local(now_ms, &known_zone(&zone)?).0,
    };
    archive.close_shop(id.clone(), Some(on.to_string()), now_ms).await?;
    let statuses = archive.kiosks().await?;
    let ends_ms = moment::day_bounds(on, &known_zone(&zone)?).0;
    let open = statuses.iter().filter(|it| it.kiosk.shop == id && !it.is_retired(ends_ms));
    let hints = open.map(|it| {
        let kiosk = &it.kiosk.id;
        format!("kiosk {kiosk} still stands there: `kiosk set` moves it, `kiosk retire` ends it")
    });
    let hints = hints.collect();
    Ok(Corrected { done: format!("shop {id} is closed from {on} on"), hints })
}

/// Opens a shop again that was closed.
///
/// # Errors
/// When there is no such shop.
pub async fn open(archive: &Archive, typed: &str, now_ms: i64) -> Result<Corrected, Error> {
    let id = names::shop(archive, typed).await?.id;
    archive.close_shop(id.clone(), None, now_ms).await?;
    Ok(Corrected { done: format!("shop {id} is open"), hints: Vec::new() })
}

/// Retires a kiosk, from now on or from the beginning of a day on: from then on nothing of it is
/// taken over the network, and what it still holds can be carried.
///
/// # Errors
/// When there is no such kiosk, or the day is none.
pub async fn retire(
    archive: &Archive,
    typed: &str,
    on: Option<&str>,
    now_ms: i64,
) -> Result<Corrected, Error> {
    let Status { kiosk, waiting, .. } = status(archive, typed).await?;
    let zone = names::shop(archive, &kiosk.shop).await?.zone;
    let (at_ms, told) = match on {
        None => (now_ms, "now".to_owned()),
        Some(on) => {
            let on = day(on)?;
            (moment::day_bounds(on, &known_zone(&zone)?).0, format!("from {on} on"))
        }
    };
    archive.retire_kiosk(kiosk.id.clone(), Some(at_ms), now_ms).await?;
    let id = kiosk.id;
    let hint = format!(
        "kiosk {id} held {waiting} events by its last contact: carry them on a stick, or let it \
         deliver them first (`kiosk retire {id} --on` a later day)"
    );
    let hints = if waiting > 0 && at_ms <= now_ms { vec![hint] } else { Vec::new() };
    Ok(Corrected { done: format!("kiosk {id} is retired {told}"), hints })
}

/// Takes a kiosk back that was retired.
///
/// # Errors
/// When there is no such kiosk.
pub async fn take_back(archive: &Archive, typed: &str, now_ms: i64) -> Result<Corrected, Error> {
    let known = archive.kiosks().await?;
    let Status { kiosk, .. } = meant(&known, typed)?;
    let id = &kiosk.id;
    archive.retire_kiosk(id.clone(), None, now_ms).await?;
    let done = format!("kiosk {id} is in use; its token is good again if it was not revoked");
    let hints = names::standing_at(&known, kiosk, now_ms).map(|other| {
        let (other, place) = (&other.id, Plain(&kiosk.touchpoint));
        format!(
            "kiosk {other} stands at {place} too: `kiosk set` moves one, `kiosk retire` ends it"
        )
    });
    Ok(Corrected { done, hints: hints.into_iter().collect() })
}

/// The short name of a kiosk that is in use at this time, in milliseconds since 1970 UTC, and may
/// be given something.
///
/// # Errors
/// When it is retired, or there is no such kiosk.
pub async fn in_use(archive: &Archive, typed: &str, now_ms: i64) -> Result<String, Error> {
    let status = status(archive, typed).await?;
    let id = &status.kiosk.id;
    if !status.is_retired(now_ms) {
        return Ok(id.clone());
    }
    Err(Error::Invalid(format!(
        "kiosk {id} is retired; `smilepost-hub kiosk retire {id} --undo` takes it back"
    )))
}

async fn status(archive: &Archive, typed: &str) -> Result<Status, Error> {
    meant(&archive.kiosks().await?, typed).cloned()
}

fn meant<'a>(known: &'a [Status], typed: &str) -> Result<&'a Status, Error> {
    let found = names::meant(known, typed, |status| &status.kiosk.id);
    found.ok_or_else(|| Error::no_kiosk(typed))
}

/// Refuses a place or a name that another kiosk in use has already at this time, in milliseconds
/// since 1970 UTC. Two that share one already, since they were added so, may keep it.
fn free(known: &[Status], before: &Status, to: &Status, now_ms: i64) -> Result<(), Error> {
    // Of a retired one only the past is corrected.
    if to.is_retired(now_ms) {
        return Ok(());
    }
    let is_moved = before.kiosk.shop != to.kiosk.shop;
    let key = |status: &Status| rules::key(&status.kiosk.touchpoint);
    let taken = names::standing_at(known, &to.kiosk, now_ms);
    if let Some(other) = taken.filter(|_| is_moved || key(before) != key(to)) {
        let Kiosk { id, shop, touchpoint } = other;
        let place = Plain(touchpoint);
        return Err(Error::Invalid(format!(
            "kiosk {id} stands at {place} in shop {shop}: choose another touchpoint such as \
             \"{place} 2\", or move that one first (`smilepost-hub kiosk set {id}`) or end it \
             (`smilepost-hub kiosk retire {id}`)"
        )));
    }
    let key = |status: &Status| status.name.as_deref().map(rules::key);
    let others = known.iter().filter(|other| {
        other.kiosk.id != to.kiosk.id
            && other.kiosk.shop == to.kiosk.shop
            && !other.is_retired(now_ms)
    });
    let mut same = others.filter(|other| key(other).is_some() && key(other) == key(to));
    if let Some(other) = same.next().filter(|_| is_moved || key(before) != key(to)) {
        let (Kiosk { id, shop, .. }, name) = (&other.kiosk, to.name.as_deref().unwrap_or_default());
        let name = Plain(name);
        return Err(Error::Invalid(format!(
            "kiosk {id} in shop {shop} is called {name} already: choose another name with --name, \
             or give that one another first (`smilepost-hub kiosk set {id} --name`)"
        )));
    }
    Ok(())
}

/// When it begins, and that in words.
fn begins(since: &Since, clocks: &Zone) -> Result<(i64, String), Error> {
    match since {
        Since::Always(_) => Ok((EVER_MS, "for all time".to_owned())),
        Since::Now(now_ms) => Ok((*now_ms, "from now on".to_owned())),
        Since::Day(on, now_ms) => {
            let on = day(on)?;
            if on > moment::local(*now_ms, clocks).0 {
                return Err(Error::Invalid(format!(
                    "{on} is still to come: correct it on that day"
                )));
            }
            Ok((moment::day_bounds(on, clocks).0, format!("from {on} on")))
        }
    }
}

fn day(text: &str) -> Result<NaiveDate, Error> {
    let day = text.parse().ok().filter(|day: &NaiveDate| YEARS.contains(&day.year()));
    day.ok_or_else(|| {
        let typed = Plain(text);
        Error::Invalid(format!("{typed} is not a day such as 2026-11-30"))
    })
}

/// Opening hours in their one spelling.
fn opening(typed: &str) -> Result<String, Error> {
    let hours = Hours::parse(typed).map(|hours| hours.to_string());
    hours.ok_or_else(|| {
        let days = DAYS.join(", ");
        Error::Invalid(format!(
            "{} are no opening hours such as \"mon-fri 08:00-20:00, sat 09:00-18:00\"; the days \
             are {days}, each named once at most, and one that is not named is closed",
            Plain(typed)
        ))
    })
}

fn nothing(what: &str) -> Error {
    Error::Invalid(format!("nothing is to be corrected: say {what}"))
}
