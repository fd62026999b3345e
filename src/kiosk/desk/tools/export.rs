//! Exports every event of some days, one row each.

use crate::escape::chain;
use crate::feedback::event::fields::Field;
use crate::feedback::misuse::Reason;
use crate::feedback::moment::{self, Moment, rfc3339};
use crate::kiosk::desk::counts::count::JudgeAgain;
use crate::kiosk::desk::counts::error::Unanswerable;
use crate::kiosk::desk::counts::shop::Shop;
use crate::kiosk::desk::counts::summary::date;
use crate::kiosk::former::FormerPlace;
use crate::kiosk::journal::{Entry, JournalSource, Kept, State};
use crate::kiosk::settings::{Former, Holder};
use crate::wire::local::{Exported, Place};

/// Hands every event of the days asked for to `take`, oldest first; all of them when no days are.
///
/// # Errors
/// When a date is invalid, the journal cannot be read, or `take` fails.
pub fn export(
    source: &JournalSource,
    shop: &Shop,
    (from, to): (Option<&str>, Option<&str>),
    mut take: impl FnMut(Exported) -> Result<(), Unanswerable>,
) -> Result<(), Unanswerable> {
    let from = from.map(date).transpose()?;
    let to = to.map(date).transpose()?;
    let (_, timeline) = source.books()?;
    let mut judge = JudgeAgain::default();
    source.each(&timeline, |kept, entry, moment| {
        let misuse = entry.event.rated().and_then(|rated| judge.judge(entry, rated));
        let (day, _) = moment::local(moment.utc_ms, &shop.zone);
        if from.is_some_and(|from| day < from) || to.is_some_and(|to| day > to) {
            return Ok(());
        }
        take(exported(shop, (kept, entry), moment, misuse))
    })
}

/// As [`export`], with the journals of former places and trials before the present one.
///
/// # Errors
/// See [`export`]; where a former journal cannot be read, everything else was handed out.
pub fn export_all(
    source: Option<&JournalSource>,
    former: &[FormerPlace],
    shop: &Shop,
    days: (Option<&str>, Option<&str>),
    mut take: impl FnMut(Exported) -> Result<(), Unanswerable>,
) -> Result<(), Unanswerable> {
    let mut unread = Vec::new();
    for place in former {
        let former = &place.former;
        let never = match &former.holder {
            Holder::Trial => Some("trial"),
            _ if former.is_given_up => Some("given up"),
            Holder::Place(_) | Holder::Unknown(_) => None,
        };
        let of_place = Shop { zone: place.zone_or(&shop.zone), ..shop_of(former, shop) };
        let exported = place.source().map_err(Unanswerable::from).and_then(|source| {
            export(source, &of_place, days, |event| match never {
                Some(state) if event.state == State::Waiting.name() => {
                    take(Exported { state: state.to_owned(), ..event })
                }
                _ => take(event),
            })
        });
        match exported {
            Err(error @ (Unanswerable::Journal(_) | Unanswerable::Unopened(_))) => {
                let (whose, why) = (former.whose(), chain(&error));
                unread.push(format!("the journal of {whose} cannot be read: {why}"));
            }
            exported => exported?,
        }
    }
    source.map_or(Ok(()), |source| export(source, shop, days, take))?;
    if unread.is_empty() { Ok(()) } else { Err(Unanswerable::Former(unread)) }
}

/// The shop for which a former journal was taken; of a trial, nothing but how it looks here.
fn shop_of(former: &Former, shop: &Shop) -> Shop {
    let nowhere = String::new();
    let (name, kiosk, touchpoint) = match former.place() {
        Some(place) => (&place.shop, &place.kiosk, &place.touchpoint),
        None => (&nowhere, &nowhere, &nowhere),
    };
    Shop {
        name: name.clone(),
        kiosk: kiosk.clone(),
        touchpoint: touchpoint.clone(),
        stays: former.place().map(|place| place.stays.clone()).unwrap_or_default(),
        ..shop.clone()
    }
}

fn exported(
    shop: &Shop,
    (kept, entry): (&Kept, &Entry),
    moment: Moment,
    misuse: Option<Reason>,
) -> Exported {
    let mut fields = entry.event.fields();
    fields.set_text(Field::Misuse, misuse.map(Reason::name));
    let bounds = moment.quality.bounds();
    let (name, touchpoint) = shop.at(moment.utc_ms);
    Exported {
        run: entry.id.run.to_string(),
        n: entry.id.n,
        kind: entry.event.kind().name().to_owned(),
        utc: rfc3339(moment.utc_ms),
        quality: moment.quality.name().to_owned(),
        fields,
        state: kept.state.name().to_owned(),
        earliest: bounds.map(|(earliest, _)| rfc3339(earliest)),
        latest: bounds.map(|(_, latest)| rfc3339(latest)),
        place: Place {
            local: moment::local_second(moment.utc_ms, &shop.zone),
            zone: shop.zone.name().to_owned(),
            shop: name.to_owned(),
            kiosk: shop.kiosk.clone(),
            touchpoint: touchpoint.to_owned(),
        },
    }
}
