//! Setting up shops.

use super::error::Error;
use super::names::{self, Added};
use crate::escape::Plain;
use crate::feedback::moment;
use crate::feedback::zone::Zone;
use crate::hub::archive::{Archive, PinScope, Shop};
use crate::hub::rules::names as rules;
use crate::secret::pin;
use crate::zones::Zones;

/// Adds a shop, under a short name that is made of its name or was chosen.
///
/// # Errors
/// When the time zone is unknown, a name cannot be seen, a shop has this name already and no short
/// name was chosen, or the chosen one is taken.
pub async fn add(
    archive: &Archive,
    name: &str,
    zone: String,
    group: Option<&str>,
    id: Option<&str>,
) -> Result<Added, Error> {
    known_zone(&zone)?;
    let mut hints = Vec::new();
    let name = names::kept(name, &mut hints)?;
    let known = archive.shops().await?;
    let group = group.map(|group| named_group(&known, group, &mut hints)).transpose()?;
    let chosen = id.map(names::chosen).transpose()?;
    let new = |id: &str| Shop {
        id: id.to_owned(),
        name: name.clone(),
        zone: zone.clone(),
        group: group.clone(),
    };
    if let Some(id) = chosen {
        let is_added = archive.add_shop(new(&id)).await?;
        return if is_added { Ok(Added { id, hints }) } else { Err(taken(archive, &id).await?) };
    }
    if let Some(same) = known.iter().find(|shop| rules::key(&shop.name) == rules::key(&name)) {
        let (id, name) = (&same.id, Plain(&same.name));
        return Err(Error::Invalid(format!(
            "shop {id} already exists and is called {name}; --id gives a further shop of this name \
             a short name of its own"
        )));
    }
    let short = names::made(&name, rules::short(&name))?;
    for number in 1.. {
        // What merely meets in the short name is another shop, and gets a number.
        let id = rules::numbered(&short, number);
        if archive.add_shop(new(&id)).await? {
            if number > 1 {
                let (short, id) = (Plain(&short), Plain(&id));
                hints.push(format!("{short} is another shop, so this one is called {id}"));
            }
            return Ok(Added { id, hints });
        }
    }
    unreachable!("numbers have no end")
}

/// The zone of this name.
pub(super) fn known_zone(name: &str) -> Result<Zone, Error> {
    Zones::of_system().zone(name).ok_or_else(|| {
        Error::Invalid(format!(
            "{name:?} is not an IANA time zone such as Europe/Helsinki; if it is a new one, update \
             the system's package tzdata"
        ))
    })
}

/// Refuses a shop that is closed at this time, in milliseconds since 1970 UTC.
pub(super) async fn in_use(archive: &Archive, shop: &Shop, now_ms: i64) -> Result<(), Error> {
    let (past, id) = (archive.past().await?, &shop.id);
    if !past.closed.contains_key(id) {
        return Ok(());
    }
    let today = moment::local(now_ms, &known_zone(&shop.zone)?).0;
    past.closed_on(id, today).map_or(Ok(()), |on| {
        Err(Error::Invalid(format!(
            "shop {id} is closed since {on}; `smilepost-hub shop close {id} --undo` opens it again"
        )))
    })
}

/// Refuses a name that another shop has already.
pub(super) fn free(known: &[Shop], of: &Shop, name: &str) -> Result<(), Error> {
    let key = rules::key(name);
    // Those that were added under one name, each with a short name of its own, may keep it.
    if key == rules::key(&of.name) {
        return Ok(());
    }
    let same = known.iter().find(|shop| shop.id != of.id && rules::key(&shop.name) == key);
    same.map_or(Ok(()), |Shop { id, name, .. }| {
        let name = Plain(name);
        Err(Error::Invalid(format!(
            "shop {id} is called {name} already; choose another name, or give that shop another \
             one first (`smilepost-hub shop set {id} --name`)"
        )))
    })
}

/// A chosen short name is another shop's.
async fn taken(archive: &Archive, id: &str) -> Result<Error, Error> {
    let Shop { id, name, .. } = names::shop(archive, id).await?;
    let name = Plain(name);
    Ok(Error::Invalid(format!("the short name {id} is taken by shop {name}; choose another")))
}

/// The name of a group, with a hint where one differs from it only in how it is written.
pub(super) fn named_group(
    known: &[Shop],
    group: &str,
    hints: &mut Vec<String>,
) -> Result<String, Error> {
    let group = names::kept(group, hints)?;
    let others = known.iter().filter_map(|shop| shop.group.as_deref());
    let alike = others.clone().find(|other| rules::key(other) == rules::key(&group));
    if let Some(alike) = alike.filter(|_| !others.clone().any(|other| other == group)) {
        let (group, alike) = (Plain(&group), Plain(alike));
        hints.push(format!("{group} is a new group beside {alike}: is it the same one?"));
    }
    Ok(group)
}

/// Sets the PIN of the desk on every kiosk of a shop, or deletes it; returns how many of them are
/// in use at this time, in milliseconds since 1970 UTC. The others have it if they are taken back.
///
/// # Errors
/// When the PIN cannot be used, there is no such shop, or it has no kiosk in use.
pub async fn set_pin(
    archive: &Archive,
    shop: &str,
    pin: Option<&str>,
    now_ms: i64,
) -> Result<usize, Error> {
    let hash = pin.map(pin::hash).transpose()?;
    let shop = names::shop(archive, shop).await?.id;
    let kiosks = archive.kiosks().await?;
    let own: Vec<_> = kiosks.iter().filter(|status| status.kiosk.shop == shop).collect();
    let in_use = own.iter().filter(|status| !status.is_retired(now_ms)).count();
    if in_use == 0 {
        let what = match own.len() {
            0 => format!("shop {shop} has no kiosk yet: `smilepost-hub kiosk add` adds one"),
            _ => format!(
                "every kiosk of shop {shop} is retired: `smilepost-hub kiosk retire --undo` takes \
                 one back"
            ),
        };
        return Err(Error::Invalid(what));
    }
    archive.set_pin(PinScope::Shop(shop), hash).await?;
    Ok(in_use)
}

/// Lists every shop, a line each.
///
/// # Errors
/// When the archive fails.
pub async fn list(archive: &Archive) -> Result<String, Error> {
    let past = archive.past().await?;
    let line = |shop: Shop| {
        let group = shop.group.map(|group| format!("\tgroup {}", Plain(group))).unwrap_or_default();
        let last = past.shops.get(&shop.id).and_then(|thens| thens.last());
        let hours = last.and_then(|(_, then)| then.hours.as_ref());
        let hours = hours.map(|hours| format!("\topen {}", Plain(hours))).unwrap_or_default();
        let closed = past.closed.get(&shop.id).map(|on| format!("\tclosed from {on} on"));
        let closed = closed.unwrap_or_default();
        format!("{}\t{}\t{}{group}{hours}{closed}\n", shop.id, Plain(shop.name), shop.zone)
    };
    Ok(archive.shops().await?.into_iter().map(line).collect())
}
