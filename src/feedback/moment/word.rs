//! Head office's word about the time, and what else speaks for it or against it.
//!
//! Each receipt tells the hub's time, and a board without a time service has nothing better. But
//! one wrong clock at head office must not move the ratings of every shop. So its word is compared
//! with a time service where there is one, and decides nothing then; and where it is more than a
//! day from what the board knew, it waits until somebody else says the same.
//!
//! Another answer of the same hub is not somebody else, however often it comes: a wrong clock is
//! wrong all the time. A time service that vouches for the hub's clock is.

use super::{
    ANCHOR_INTERVAL_MS, Anchor, DAY_MS, HUB_ANCHOR_PACE_MS, HUB_ANCHORS_FREE, Source, ahead_ms,
    contradict,
};

/// How far one clock is ahead of another, in words, such as `90 min behind`.
#[must_use]
pub fn ahead_text(ahead_ms: i64) -> String {
    let seconds = ahead_ms.unsigned_abs() / 1_000;
    let direction = if ahead_ms < 0 { "behind" } else { "ahead" };
    match seconds {
        ..120 => format!("{seconds} s {direction}"),
        120..7_200 => format!("{} min {direction}", seconds / 60),
        7_200..172_800 => format!("{} h {direction}", seconds / 3_600),
        _ => format!("{} days {direction}", seconds / 86_400),
    }
}

/// What a board has beside head office's word.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// The anchors that are kept of the present boot.
    pub kept: &'a [Anchor],
    /// What its time service or its clock with a battery says now.
    pub now: Option<Anchor>,
    /// What its wall clock shows at the instant of the word, in milliseconds since 1970 UTC; none
    /// where it shows a time that cannot be, and is no witness.
    pub wall_ms: Option<i64>,
}

/// What head office's word is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighed {
    /// A time service agrees.
    Agreed,
    /// There is no time service, and the word is taken.
    Taken,
    /// A time service contradicts it, and decides.
    Contradicted {
        /// How far the word is ahead of the time service, in milliseconds.
        ahead_ms: i64,
    },
    /// It is more than a day from what the board knew, and waits for somebody who says the same.
    Waiting {
        /// How far it is ahead of that, in milliseconds.
        ahead_ms: i64,
    },
}

/// Weighs head office's word. `is_vouched` is whether the hub says that a time service vouches for
/// its own clock.
///
/// Somebody who says the same is whoever agrees within a day and is not the hub: a clock with a
/// battery, a person, the wall clock, or the time service that vouches for the hub's clock.
#[must_use]
pub fn weigh(word: &Anchor, own: &Own<'_>, is_vouched: bool) -> Weighed {
    let all = || own.kept.iter().chain(own.now.as_ref());
    let nearest = |source: Source| {
        let of_source = all().filter(|anchor| anchor.source == source);
        of_source.min_by_key(|anchor| (anchor.boot_ms.abs_diff(word.boot_ms), anchor.error_ms))
    };
    if let Some(service) = nearest(Source::Ntp) {
        return match contradict(word, service) {
            true => Weighed::Contradicted { ahead_ms: ahead_ms(word, service) },
            false => Weighed::Agreed,
        };
    }
    let is_day = |ahead_ms: i64| ahead_ms.unsigned_abs() <= DAY_MS.unsigned_abs();
    let others = [Source::Operator, Source::Rtc].into_iter().filter_map(nearest);
    let wall = own.wall_ms.map(|wall_ms| word.utc_ms.saturating_sub(wall_ms));
    let mut witnesses = others.map(|other| ahead_ms(word, other)).chain(wall).peekable();
    let before = nearest(Source::Hub).map(|before| ahead_ms(word, before));
    let Some(&first) = witnesses.peek().or(before.as_ref()) else {
        // The first word of a boot that knows nothing.
        return Weighed::Taken;
    };
    let is_known = before.is_some_and(is_day);
    if is_vouched || is_known || witnesses.any(is_day) {
        return Weighed::Taken;
    }
    Weighed::Waiting { ahead_ms: before.unwrap_or(first) }
}

/// Whether an anchor tells something that the anchors already kept for its boot do not.
///
/// Each kept anchor costs the card a write, so a new one must be the first of its boot, or of a
/// more trusted source than all others, or [`ANCHOR_INTERVAL_MS`] away from those as trusted, or
/// contradict them by more than both errors allow. Of the hub, beside a time service, that is kept
/// which contradicts the time service, or no longer does: others have to see it. A hub that
/// contradicts itself at each delivery is heard no more often than [`HUB_ANCHORS_FREE`] and
/// [`HUB_ANCHOR_PACE_MS`] allow.
#[must_use]
pub fn is_worth_keeping(new: &Anchor, kept: &[Anchor]) -> bool {
    let is_hubs = |anchor: &&Anchor| anchor.source == Source::Hub;
    let heard = u64::try_from(kept.iter().filter(is_hubs).count()).unwrap_or(u64::MAX);
    if is_hubs(&new) && heard >= HUB_ANCHORS_FREE + new.boot_ms / HUB_ANCHOR_PACE_MS {
        return false;
    }
    let nearest = |to: &Anchor, source: Source| {
        let of_source = kept.iter().filter(|anchor| anchor.source == source);
        of_source.min_by_key(|anchor| anchor.boot_ms.abs_diff(to.boot_ms)).copied()
    };
    let is_contradicted = |word: &Anchor| {
        nearest(word, Source::Ntp).is_some_and(|service| contradict(word, &service))
    };
    if kept.iter().any(|anchor| anchor.source.rank() < new.source.rank()) {
        let before = nearest(new, Source::Hub);
        let was = before.as_ref().is_some_and(&is_contradicted);
        return is_hubs(&new)
            && (is_contradicted(new) != was
                || was && before.is_some_and(|before| is_news(new, &before)));
    }
    nearest(new, new.source).is_none_or(|nearest| is_news(new, &nearest))
}

/// Whether an anchor tells more than the nearest one of its kind.
fn is_news(new: &Anchor, nearest: &Anchor) -> bool {
    if nearest.boot_ms.abs_diff(new.boot_ms) >= ANCHOR_INTERVAL_MS {
        return true;
    }
    let allowed = u64::from(nearest.error_ms) + u64::from(new.error_ms) + 1_000;
    nearest.utc_at(new.boot_ms).abs_diff(new.utc_ms) > allowed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::feedback::moment::{Quality, Reading, date};

    const T0: i64 = 1_780_000_000_000;

    const HOUR: i64 = 60 * 60 * 1_000;

    fn by(source: Source, boot_ms: u64, utc_ms: i64) -> Anchor {
        Anchor { boot_ms, utc_ms, error_ms: 100, source }
    }

    fn anchor(boot_ms: u64, utc_ms: i64) -> Anchor {
        by(Source::Hub, boot_ms, utc_ms)
    }

    #[test]
    fn an_anchor_that_agrees_with_a_near_one_is_not_worth_a_write() {
        let kept = [anchor(0, T0)];
        assert!(is_worth_keeping(&anchor(0, T0), &[]));
        assert!(!is_worth_keeping(&anchor(60_000, T0 + 60_300), &kept));
        assert!(is_worth_keeping(&anchor(60_000, T0 + 65_000), &kept));
        let later = ANCHOR_INTERVAL_MS;
        assert!(is_worth_keeping(&anchor(later, T0 + i64::try_from(later).unwrap()), &kept));
    }

    #[test]
    fn a_hub_that_contradicts_itself_is_heard_so_often_and_a_time_service_always() {
        let hour = HUB_ANCHOR_PACE_MS;
        let mut kept = Vec::new();
        for n in 0..5_000u64 {
            // It says another day at each delivery, ten minutes apart.
            let new = by(Source::Hub, n * hour / 6, i64::try_from(n % 9).unwrap() * DAY_MS);
            kept.extend(Some(new).filter(|new| is_worth_keeping(new, &kept)));
        }
        assert!(kept.len() > 500 && kept.len() <= 20 + 5_000 / 6 + 1, "{}", kept.len());
        let near = kept[kept.len() - 1];
        let own = Anchor { source: Source::Ntp, utc_ms: near.utc_ms + DAY_MS, ..near };
        assert!(is_worth_keeping(&own, &kept));
    }

    /// What is kept of the boot and what a clock says now, each with its distance from the true
    /// time, the wall clock's distance, and the hub's; whether its clock is vouched for.
    type Case = (
        &'static str,
        &'static [(Source, i64)],
        Option<(Source, i64)>,
        Option<i64>,
        (i64, bool),
        Weighed,
    );

    #[test]
    fn a_word_is_weighed_by_what_others_say() {
        use Source::{Hub, Ntp, Operator, Rtc};
        use Weighed::{Agreed, Contradicted, Taken, Waiting};
        const YEARS: i64 = 2 * 365 * DAY_MS;
        const HOURLY: Weighed = Contradicted { ahead_ms: HOUR };
        const FAR: Weighed = Waiting { ahead_ms: YEARS };
        const CASES: &[Case] = &[
            ("nobody knows anything", &[], None, None, (YEARS, false), Taken),
            ("the wall clock agrees", &[], None, Some(5), (0, false), Taken),
            ("an hour off, and nobody knows", &[], None, Some(0), (HOUR, false), Taken),
            ("years ahead, and only the wall clock", &[], None, Some(0), (YEARS, false), FAR),
            ("a clock that stood still", &[], None, Some(-YEARS), (0, false), FAR),
            ("and the hub's is vouched for", &[], None, Some(-YEARS), (0, true), Taken),
            ("a battery agrees", &[], Some((Rtc, 9)), Some(-YEARS), (0, false), Taken),
            ("so did it before", &[(Rtc, 9)], None, Some(-YEARS), (0, false), Taken),
            ("a battery does not", &[], Some((Rtc, 0)), Some(0), (YEARS, false), FAR),
            ("a person agrees", &[(Operator, 9)], None, Some(-YEARS), (0, false), Taken),
            ("a person does not", &[(Operator, 0)], None, None, (YEARS, false), FAR),
            ("its word jumps", &[(Hub, 0)], None, None, (YEARS, false), FAR),
            ("again and again", &[(Hub, 0), (Hub, 1), (Hub, 2)], None, None, (YEARS, false), FAR),
            ("and back again", &[(Hub, YEARS)], None, Some(0), (0, false), Taken),
            ("its word goes on", &[(Hub, 0)], None, Some(-YEARS), (HOUR, false), Taken),
            ("a service agrees", &[(Ntp, 0)], None, Some(YEARS), (50_000, false), Agreed),
            ("a service does not", &[(Ntp, 0)], None, Some(HOUR), (HOUR, false), HOURLY),
            ("nor now", &[], Some((Ntp, 0)), Some(HOUR), (HOUR, true), HOURLY),
            (
                "nor does its own word help",
                &[(Hub, HOUR), (Ntp, 0)],
                None,
                None,
                (HOUR, true),
                HOURLY,
            ),
        ];
        for (what, kept, now, wall, (off_ms, is_vouched), expected) in CASES {
            let at = |(source, off_ms): &(Source, i64)| by(*source, 5_000, T0 + off_ms);
            let kept: Vec<Anchor> = kept.iter().map(at).collect();
            let own =
                Own { kept: &kept, now: now.as_ref().map(at), wall_ms: wall.map(|ms| T0 + ms) };
            let weighed = weigh(&anchor(5_000, T0 + off_ms), &own, *is_vouched);
            assert_eq!(weighed, *expected, "{what}");
        }
    }

    #[test]
    fn what_a_time_service_says_is_the_time_and_the_hub_makes_it_uncertain() {
        let service = by(Source::Ntp, 0, T0);
        let press = Reading { boot_ms: 10_000, wall_ms: 0 };
        for ahead_ms in [-9 * DAY_MS, -HOUR, -62_000, 62_000, HOUR, 730 * DAY_MS] {
            let moment = date(press, &[service, anchor(9_000, T0 + 9_000 + ahead_ms)]);
            assert_eq!(moment.utc_ms, T0 + 10_000);
            let said_ms = T0 + 10_000 + ahead_ms;
            let bounds = (said_ms.min(moment.utc_ms), said_ms.max(moment.utc_ms));
            assert_eq!(moment.quality.bounds(), Some(bounds));
        }
        for ahead_ms in [-59_000, 0, 59_000] {
            let moment = date(press, &[anchor(9_000, T0 + 9_000 + ahead_ms), service]);
            let quality = Quality::Exact;
            assert_eq!(moment, super::super::Moment { utc_ms: T0 + 10_000, quality });
        }
    }

    #[test]
    fn a_word_is_kept_when_it_begins_and_ceases_to_contradict_a_time_service() {
        let minute = 60_000;
        let mut kept = vec![by(Source::Ntp, 0, T0)];
        let mut hear = |at: u64, ahead_ms: i64| {
            let new = anchor(at, T0 + i64::try_from(at).unwrap() + ahead_ms);
            let is_kept = is_worth_keeping(&new, &kept);
            kept.extend(Some(new).filter(|_| is_kept));
            is_kept
        };
        let heard = [0, 0, HOUR, HOUR, 2 * HOUR, 0, 0, HOUR];
        let kept: Vec<bool> = (1..).zip(heard).map(|(n, ahead)| hear(n * minute, ahead)).collect();
        assert_eq!(kept, [false, false, true, false, true, true, false, true]);
        // The time service is asked later: then it is the hub that was kept first.
        let service = by(Source::Ntp, 60_000, T0);
        assert!(is_worth_keeping(&service, &[anchor(50_000, T0 + HOUR)]));
        let service = by(Source::Rtc, 60_000, T0);
        assert!(!is_worth_keeping(&service, &[anchor(50_000, T0 + HOUR)]));
    }

    #[test]
    fn a_distance_is_said_in_a_unit_that_fits() {
        let said = [0, -61_000, 5_400_000, -2 * HOUR, 3 * DAY_MS, i64::MIN].map(ahead_text);
        let expected = ["0 s ahead", "61 s behind", "90 min ahead", "2 h behind", "3 days ahead"];
        assert_eq!(&said[..5], expected);
        assert!(said[5].ends_with(" days behind"));
    }

    fn source() -> impl Strategy<Value = Source> {
        (0..Source::ALL.len()).prop_map(|at| Source::ALL[at])
    }

    proptest! {
        /// Whatever head office says, and however often, a reading of a boot in which a time
        /// service spoke has the time service's time; and it is exact only where they agree.
        #[test]
        fn no_word_moves_what_a_time_service_has_dated(
            words in prop::collection::vec((0u64..9_000_000, -4 * DAY_MS..4 * DAY_MS), ..9),
            service in 0u64..9_000_000,
            at in 0u64..9_000_000,
        ) {
            let told = by(Source::Ntp, service, T0 + i64::try_from(service).unwrap());
            let words = words.iter().map(|(at, ahead_ms)| {
                anchor(*at, T0 + i64::try_from(*at).unwrap() + ahead_ms)
            });
            let anchors: Vec<_> = words.chain([told]).collect();
            let moment = date(Reading { boot_ms: at, wall_ms: 7 }, &anchors);
            prop_assert_eq!(moment.utc_ms, T0 + i64::try_from(at).unwrap());
            if moment.quality == Quality::Exact {
                let nearest = anchors.iter().filter(|anchor| anchor.source == Source::Hub);
                let nearest = nearest.min_by_key(|anchor| anchor.boot_ms.abs_diff(at));
                let is_near = |word: &Anchor| ahead_ms(word, &told).abs() <= 61_200;
                prop_assert!(nearest.is_none_or(is_near));
            }
        }

        /// A word that is more than a day from all that is known is never taken because the hub
        /// has said it before, unless that was taken.
        #[test]
        fn a_hub_is_no_witness_for_itself(
            ahead_ms in DAY_MS + 1..9_000 * DAY_MS,
            is_behind: bool,
            receipts in 1usize..50,
        ) {
            let ahead_ms = if is_behind { -ahead_ms } else { ahead_ms };
            let kept = [anchor(0, T0)];
            for n in 1..=receipts {
                let boot_ms = u64::try_from(n).unwrap() * 600_000;
                let word = anchor(boot_ms, T0 + i64::try_from(boot_ms).unwrap() + ahead_ms);
                let own = Own { kept: &kept, now: None, wall_ms: None };
                prop_assert_eq!(weigh(&word, &own, false), Weighed::Waiting { ahead_ms });
            }
        }

        /// Nothing panics, and with a time service nothing is taken on the hub's word.
        #[test]
        fn any_word_can_be_weighed(
            kept in prop::collection::vec((any::<u64>(), any::<i64>(), 0..u32::MAX, source()), ..9),
            word in (any::<u64>(), any::<i64>(), any::<u32>()),
            wall_ms in any::<Option<i64>>(),
            is_vouched: bool,
        ) {
            let anchor = |(boot_ms, utc_ms, error_ms, source)| {
                Anchor { boot_ms, utc_ms, error_ms, source }
            };
            let kept: Vec<Anchor> = kept.into_iter().map(anchor).collect();
            let word = anchor((word.0, word.1, word.2, Source::Hub));
            let weighed = weigh(&word, &Own { kept: &kept, now: None, wall_ms }, is_vouched);
            let has_service = kept.iter().any(|anchor| anchor.source == Source::Ntp);
            let is_compared = matches!(weighed, Weighed::Agreed | Weighed::Contradicted { .. });
            prop_assert_eq!(has_service, is_compared);
            let reading = Reading { boot_ms: 0, wall_ms: 0 };
            let _ = (is_worth_keeping(&word, &kept), date(reading, &kept));
        }
    }
}
