//! Where a kiosk stood, and under which name; and whose PIN opens its desk when it is moved.

use super::history::{EVER_MS, History};

/// The most places that a kiosk is told; of more, the oldest are left out.
pub const STAYS_MAX: usize = 20;

/// A place and its name, from a time on, in milliseconds since 1970 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// When it began; none where nothing that is told was before.
    pub since_ms: Option<i64>,
    /// The shop's name.
    pub shop: String,
    /// Where in the shop.
    pub touchpoint: String,
}

/// The places of a kiosk that stood in these shops (short name and touchpoint), of which each had
/// these names.
#[must_use]
pub fn stays(
    stood: &[(i64, (String, String))],
    names: impl Fn(&str) -> History<String>,
) -> Vec<Stay> {
    let mut stays: Vec<Stay> = Vec::new();
    for (from_ms, (_, touchpoint), name) in along(stood, |(shop, _)| names(shop)) {
        let is_same = |last: &Stay| last.shop == name && last.touchpoint == *touchpoint;
        if !stays.last().is_some_and(is_same) {
            let since_ms = Some(from_ms).filter(|since| *since != EVER_MS);
            stays.push(Stay { since_ms, shop: name, touchpoint: touchpoint.clone() });
        }
    }
    let mut told = stays.split_off(stays.len().saturating_sub(STAYS_MAX));
    if let Some(first) = told.first_mut() {
        first.since_ms = None;
    }
    told
}

/// What was so of each place for as long as something stood there: since when, the place, and what.
fn along<P, T: Clone>(stood: &[(i64, P)], of: impl Fn(&P) -> History<T>) -> Vec<(i64, &P, T)> {
    let mut all = Vec::new();
    for (at, (from_ms, place)) in stood.iter().enumerate() {
        let to_ms = stood.get(at + 1).map_or(i64::MAX, |next| next.0);
        let history = of(place);
        for (at, (begins_ms, is)) in history.iter().enumerate() {
            let ends_ms = history.get(at + 1).map_or(i64::MAX, |next| next.0);
            if *begins_ms < to_ms && ends_ms > *from_ms {
                all.push(((*begins_ms).max(*from_ms), place, is.clone()));
            }
        }
    }
    all
}

/// What becomes of the PIN of a kiosk's desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinThere<'a> {
    /// It stays as it is.
    Stays,
    /// It is this one from now on; without one, nobody can open the desk.
    Becomes(Option<&'a str>),
}

/// The PIN of a kiosk that is moved from one shop to another, of which each may have one: that of
/// the new shop; the old shop's opens the desk no more, and one of the kiosk's own still does.
#[must_use]
pub fn pin<'a>(own: Option<&str>, old: Option<&str>, new: Option<&'a str>) -> PinThere<'a> {
    match new {
        Some(new) if own != Some(new) => PinThere::Becomes(Some(new)),
        None if own.is_some() && own == old => PinThere::Becomes(None),
        _ => PinThere::Stays,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stood(list: &[(i64, &str, &str)]) -> Vec<(i64, (String, String))> {
        let owned = |(at, shop, touchpoint): &(i64, &str, &str)| {
            (*at, ((*shop).to_owned(), (*touchpoint).to_owned()))
        };
        list.iter().map(owned).collect()
    }

    fn told(list: &[(i64, &str, &str)]) -> Vec<String> {
        let names = |shop: &str| match shop {
            "s" => vec![(EVER_MS, "S".to_owned()), (20, "Sun".to_owned())],
            _ => vec![(EVER_MS, shop.to_uppercase())],
        };
        let told = |stay: Stay| {
            let since = stay.since_ms.map_or("ever".to_owned(), |since| since.to_string());
            format!("{since} {} {}", stay.shop, stay.touchpoint)
        };
        stays(&stood(list), names).into_iter().map(told).collect()
    }

    #[test]
    fn a_kiosk_is_told_each_place_by_the_name_that_it_had() {
        assert_eq!(told(&[(EVER_MS, "s", "exit")]), ["ever S exit", "20 Sun exit"]);
        let moved = told(&[(EVER_MS, "s", "exit"), (10, "t", "exit"), (30, "s", "door")]);
        assert_eq!(moved, ["ever S exit", "10 T exit", "30 Sun door"]);
        let there = told(&[(EVER_MS, "t", "exit"), (20, "s", "exit"), (25, "s", "exit")]);
        assert_eq!(there, ["ever T exit", "20 Sun exit"]);
        assert!(told(&[]).is_empty());
    }

    #[test]
    fn of_very_many_places_the_last_are_told() {
        let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let list = names.iter().zip(0..).map(|(name, at)| (at, name.as_str(), "x"));
        let told = told(&list.collect::<Vec<_>>());
        assert_eq!((told.len(), told[0].as_str()), (STAYS_MAX, "ever 80 x"));
        assert_eq!(told[STAYS_MAX - 1], "99 99 x");
    }

    #[test]
    fn a_desk_opens_by_the_pin_of_the_shop_that_it_stands_in_or_by_its_own() {
        let all = [None, Some("a"), Some("b"), Some("own")];
        for own in all {
            for old in [None, Some("a")] {
                for new in [None, Some("b")] {
                    let after = match pin(own, old, new) {
                        PinThere::Stays => own,
                        PinThere::Becomes(pin) => pin,
                    };
                    let is_old = own.is_some() && own == old;
                    assert_eq!(after, new.or(own.filter(|_| !is_old)), "{own:?} {old:?} {new:?}");
                }
            }
        }
    }
}
