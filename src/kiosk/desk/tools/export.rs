//! Exports every event of some days, one row each.

use crate::feedback::event::fields::Field;
use crate::feedback::misuse::Reason;
use crate::feedback::moment::{self, Moment, rfc3339};
use crate::kiosk::desk::counts::count::JudgeAgain;
use crate::kiosk::desk::counts::error::Unanswerable;
use crate::kiosk::desk::counts::shop::Shop;
use crate::kiosk::desk::counts::summary::date;
use crate::kiosk::journal::{Entry, JournalSource, Kept};
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

fn exported(
    shop: &Shop,
    (kept, entry): (&Kept, &Entry),
    moment: Moment,
    misuse: Option<Reason>,
) -> Exported {
    let mut fields = entry.event.fields();
    fields.set_text(Field::Misuse, misuse.map(Reason::name));
    let bounds = moment.quality.bounds();
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
            shop: shop.name.clone(),
            kiosk: shop.kiosk.clone(),
            touchpoint: shop.touchpoint.clone(),
        },
    }
}
