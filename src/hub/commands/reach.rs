//! Whom a survey reaches: which kiosks ask it once it is published, and which places in it nobody
//! knows.

use std::collections::BTreeSet;

use super::error::Error;
use super::names;
use crate::escape::Plain;
use crate::hub::archive::{Archive, Scope, Status};
use crate::hub::rules::names as rules;
use crate::hub::rules::scope::Place;
use crate::wire::survey::Survey;

/// How many places are named where one was misspelt.
const NAMED_MAX: usize = 10;

/// Whom a survey reaches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// How many kiosks ask it.
    pub kiosks: usize,
    /// How many kiosks are in its scope and ask the survey of a narrower one.
    pub asking_narrower: usize,
    /// What is probably not meant, as sentences.
    pub doubts: Vec<String>,
}

/// The scope that is meant: with its shop by the short name, and each other name as it is known.
///
/// # Errors
/// When there is no such shop, or a name cannot be seen.
pub async fn meant(archive: &Archive, scope: Scope) -> Result<Scope, Error> {
    let (groups, touchpoints) = known(archive, |_| true).await?;
    let spelt = |typed: Option<String>, known: &BTreeSet<String>| {
        typed.map(|typed| {
            let tidy = names::checked(&typed)?;
            Ok::<_, Error>(known.iter().find(|it| rules::tidy(it) == tidy).cloned().unwrap_or(tidy))
        })
    };
    let shop = match scope.shop {
        Some(typed) => Some(names::shop(archive, &typed).await?.id),
        None => None,
    };
    let group = spelt(scope.group, &groups).transpose()?;
    let touchpoint = spelt(scope.touchpoint, &touchpoints).transpose()?;
    Ok(Scope { group, shop, touchpoint })
}

/// Whom a survey reaches that was published for this scope under this number, at this time in
/// milliseconds since 1970 UTC: a retired kiosk asks nothing.
///
/// # Errors
/// When the archive fails.
pub async fn of(
    archive: &Archive,
    survey: &Survey,
    scope: &Scope,
    number: u64,
    now_ms: i64,
) -> Result<Reach, Error> {
    let mut reach = Reach::default();
    let is_in_use = |status: &Status| !status.is_retired(now_ms);
    let (groups, touchpoints) = known(archive, is_in_use).await?;
    let shops = archive.shops().await?;
    let kiosks = archive.kiosks().await?.into_iter().filter(is_in_use);
    for kiosk in kiosks.map(|status| status.kiosk) {
        let group = shops.iter().find(|shop| shop.id == kiosk.shop).and_then(|it| it.group.clone());
        let place = Place { group, shop: kiosk.shop.clone(), touchpoint: kiosk.touchpoint.clone() };
        if scope.covers(&place) {
            let given = archive.survey(kiosk.id).await?.map(|given| given.number);
            let is_asked = given == Some(number);
            reach.kiosks += usize::from(is_asked);
            reach.asking_narrower += usize::from(!is_asked);
        }
    }
    let doubt = |what: &str, name: &str, known: &BTreeSet<String>| {
        let is_known = known.contains(name);
        (!is_known).then(|| format!("no {what} {}{}", Plain(name), others(name, known)))
    };
    let group = scope.group.iter().filter_map(|name| doubt("shop is in group", name, &groups));
    let places = scope.touchpoint.iter();
    let places = places.chain(survey.schedule.iter().flat_map(|slot| &slot.touchpoints));
    let places: BTreeSet<&String> = places.collect();
    let at = |name: &String| doubt("kiosk stands at touchpoint", name, &touchpoints);
    reach.doubts = group.chain(places.into_iter().filter_map(at)).collect();
    if reach.kiosks + reach.asking_narrower == 0 && reach.doubts.is_empty() {
        reach.doubts.push(format!("no kiosk is in its scope, which is {}", Plain(scope)));
    }
    Ok(reach)
}

/// The groups that there are, and the touchpoints of these kiosks.
async fn known(
    archive: &Archive,
    counts: impl Fn(&Status) -> bool,
) -> Result<(BTreeSet<String>, BTreeSet<String>), Error> {
    let groups = archive.shops().await?.into_iter().filter_map(|shop| shop.group).collect();
    let kiosks = archive.kiosks().await?.into_iter().filter(counts);
    Ok((groups, kiosks.map(|status| status.kiosk.touchpoint).collect()))
}

/// Which ones there are instead: the one that looks like it, or the first of all.
fn others(name: &str, known: &BTreeSet<String>) -> String {
    if let Some(alike) = known.iter().find(|it| rules::key(it) == rules::key(name)) {
        return format!("; there is {}: is it meant?", Plain(alike));
    }
    let shown: Vec<String> = known.iter().take(NAMED_MAX).map(|it| Plain(it).to_string()).collect();
    match known.len() {
        0 => "; there is none yet".to_owned(),
        1..=NAMED_MAX => format!("; there is {}", shown.join(", ")),
        _ => format!("; there is {} and more", shown.join(", ")),
    }
}

impl Reach {
    /// How many kiosks it reaches, as the end of a sentence.
    #[must_use]
    pub fn told(&self) -> String {
        let kiosks = |count: usize| match count {
            1 => "1 kiosk".to_owned(),
            count => format!("{count} kiosks"),
        };
        let mut told = format!("it reaches {}", kiosks(self.kiosks));
        if self.asking_narrower > 0 {
            let others = kiosks(self.asking_narrower);
            told.push_str(&format!(", and {others} in it ask the survey of a narrower scope"));
        }
        told
    }
}
