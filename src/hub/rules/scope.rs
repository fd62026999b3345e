//! The scope of a survey: which kiosks it is for, and which of several surveys a kiosk gets.

use std::fmt;

/// Which kiosks a survey is for: those that are in every place named here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// A group of shops.
    pub group: Option<String>,
    /// The short name of a shop.
    pub shop: Option<String>,
    /// A touchpoint, in whatever shop.
    pub touchpoint: Option<String>,
}

/// Where a kiosk stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The group of its shop, if there is one.
    pub group: Option<String>,
    /// The short name of its shop.
    pub shop: String,
    /// Its touchpoint.
    pub touchpoint: String,
}

/// The newest publication of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// Its number.
    pub number: u64,
    /// Its scope.
    pub scope: Scope,
    /// Whether it withdraws the survey of its scope.
    pub is_withdrawn: bool,
}

impl Scope {
    /// Whether the scope includes a kiosk in this place.
    #[must_use]
    pub fn covers(&self, place: &Place) -> bool {
        let Self { group, shop, touchpoint } = self;
        let is_met = |named: &Option<String>, is: &str| named.as_deref().is_none_or(|it| it == is);
        (group.is_none() || *group == place.group)
            && is_met(shop, &place.shop)
            && is_met(touchpoint, &place.touchpoint)
    }

    /// A touchpoint is narrower than a shop, and a shop than a group.
    const fn narrowness(&self) -> (bool, bool, bool) {
        (self.touchpoint.is_some(), self.shop.is_some(), self.group.is_some())
    }
}

/// Every scope that includes a kiosk in this place.
#[must_use]
pub fn around(place: &Place) -> Vec<Scope> {
    let mut groups = vec![None, place.group.clone()];
    groups.dedup();
    let mut scopes = Vec::new();
    for group in groups {
        for shop in [None, Some(place.shop.clone())] {
            for touchpoint in [None, Some(place.touchpoint.clone())] {
                scopes.push(Scope { group: group.clone(), shop: shop.clone(), touchpoint });
            }
        }
    }
    scopes
}

/// The number of the publication that a kiosk in this place gets: that of the narrowest scope.
/// Where a survey was withdrawn, that of the next wider scope applies.
#[must_use]
pub fn choose(newest: &[Newest], place: &Place) -> Option<u64> {
    let meant = newest.iter().filter(|one| !one.is_withdrawn && one.scope.covers(place));
    meant.max_by_key(|one| one.scope.narrowness()).map(|one| one.number)
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places =
            [("group", &self.group), ("shop", &self.shop), ("touchpoint", &self.touchpoint)];
        let named = places.iter().filter_map(|(what, name)| Some((what, name.as_ref()?)));
        let named: Vec<String> = named.map(|(what, name)| format!("{what} {name}")).collect();
        f.write_str(&if named.is_empty() { "all".to_owned() } else { named.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(group: Option<&str>, shop: Option<&str>, touchpoint: Option<&str>) -> Scope {
        let owned = |name: Option<&str>| name.map(str::to_owned);
        Scope { group: owned(group), shop: owned(shop), touchpoint: owned(touchpoint) }
    }

    fn place(group: Option<&str>) -> Place {
        Place {
            group: group.map(str::to_owned),
            shop: "kallio".to_owned(),
            touchpoint: "exit".to_owned(),
        }
    }

    #[test]
    fn the_narrowest_scope_that_covers_a_kiosk_is_given_to_it() {
        let scopes = [
            scope(None, None, None),
            scope(Some("north"), None, None),
            scope(None, Some("kallio"), None),
            scope(Some("north"), Some("kallio"), None),
            scope(None, None, Some("exit")),
            scope(None, Some("kallio"), Some("exit")),
            scope(Some("south"), Some("kallio"), Some("exit")),
            scope(None, Some("turku"), Some("exit")),
            scope(None, None, Some("bakery")),
        ];
        let mut newest: Vec<Newest> = (1..)
            .zip(scopes)
            .map(|(number, scope)| Newest { number, scope, is_withdrawn: false })
            .collect();
        // Each one is withdrawn in its turn, and the next wider one is given.
        for number in [6, 5, 4, 3, 2, 1] {
            assert_eq!(choose(&newest, &place(Some("north"))), Some(number));
            newest.iter_mut().filter(|one| one.number == number).for_each(|one| {
                one.is_withdrawn = true;
            });
        }
        assert_eq!(choose(&newest, &place(Some("north"))), None);
    }

    #[test]
    fn a_shop_without_a_group_is_in_no_group() {
        assert!(!scope(Some("north"), None, None).covers(&place(None)));
        assert!(scope(None, Some("kallio"), None).covers(&place(None)));
    }

    #[test]
    fn the_scopes_around_a_place_are_those_that_cover_it() {
        for (group, count) in [(Some("north"), 8), (None, 4)] {
            let place = place(group);
            let scopes = around(&place);
            assert_eq!(scopes.len(), count);
            for (n, scope) in scopes.iter().enumerate() {
                assert!(scope.covers(&place) && !scopes[..n].contains(scope), "{scope}");
            }
        }
    }
}
