//! Names on the command line: tidied, checked, and made short; and which place a short name means.

use super::error::Error;
use crate::escape::{Plain, is_active};
use crate::hub::archive::{Archive, Kiosk, Shop, Status};
use crate::hub::rules::names;

/// What was added, by its short name, and what somebody may want to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The short name.
    pub id: String,
    /// Sentences about it.
    pub hints: Vec<String>,
}

/// A name that people typed, in its one spelling.
///
/// # Errors
/// When there is nothing to see, a control character, or one that turns the direction of reading.
pub(super) fn checked(name: &str) -> Result<String, Error> {
    if name.contains(is_active) {
        let what = format!("the name {} has control characters: delete them", Plain(name));
        return Err(Error::Invalid(what));
    }
    if names::key(name).is_empty() {
        return Err(Error::Invalid("the name is empty: write one that can be seen".to_owned()));
    }
    Ok(names::tidy(name))
}

/// A name that is to be kept: checked, and cut where it is too long, which is said.
pub(super) fn kept(name: &str, hints: &mut Vec<String>) -> Result<String, Error> {
    let name = checked(name)?;
    let cut = names::cut(&name);
    if cut != name {
        let count = names::length(&cut);
        hints.push(format!("the name was cut after {count} characters, as it is longer than fits"));
    }
    Ok(cut)
}

/// The short name that somebody chose.
///
/// # Errors
/// When it is none; the sentence says the nearest that is.
pub(super) fn chosen(id: &str) -> Result<String, Error> {
    let typed = names::folded(id);
    let short = names::short(id);
    if typed == short && !short.is_empty() {
        return Ok(short);
    }
    let rule = format!(
        "a short name has letters and digits, with single hyphens between, and at most {} bytes",
        names::SHORT_BYTES_MAX
    );
    let cure = if short.is_empty() { "kallio-1" } else { short.as_str() };
    Err(Error::Invalid(format!("{} is no short name: {rule}, such as {cure}", Plain(id))))
}

/// The short name that is made of a name.
///
/// # Errors
/// When there is no letter or digit in the name.
pub(super) fn made(name: &str, short: String) -> Result<String, Error> {
    if !short.is_empty() {
        return Ok(short);
    }
    Err(Error::Invalid(format!(
        "no short name can be made of {}, since it has no letter or digit: choose one with --id",
        Plain(name)
    )))
}

/// The shop that is meant, by its short name however it was typed.
///
/// # Errors
/// When there is no such shop, or the archive fails.
pub async fn shop(archive: &Archive, typed: &str) -> Result<Shop, Error> {
    let known = archive.shops().await?;
    let found = meant(&known, typed, |shop| &shop.id);
    found.cloned().ok_or_else(|| Error::no_shop(typed))
}

/// The kiosk that is meant, by its short name however it was typed.
///
/// # Errors
/// When there is no such kiosk, or the archive fails.
pub async fn kiosk(archive: &Archive, typed: &str) -> Result<Kiosk, Error> {
    let known: Vec<Kiosk> =
        archive.kiosks().await?.into_iter().map(|status| status.kiosk).collect();
    let found = meant(&known, typed, |kiosk| &kiosk.id);
    found.cloned().ok_or_else(|| Error::no_kiosk(typed))
}

/// Which one of these is meant. What was typed exactly goes before what only looks so.
pub(super) fn meant<'a, T>(
    known: &'a [T],
    typed: &str,
    id: impl Fn(&T) -> &String,
) -> Option<&'a T> {
    let folded = names::folded(typed);
    let exact = known.iter().find(|one| id(one) == typed);
    exact.or_else(|| known.iter().find(|one| names::folded(id(one)) == folded))
}

/// The kiosk that stands at the place of another one at this time, in milliseconds since 1970 UTC.
/// Where one was retired, another may come.
pub(super) fn standing_at<'a>(
    known: &'a [Status],
    place: &Kiosk,
    now_ms: i64,
) -> Option<&'a Kiosk> {
    let touchpoint = names::key(&place.touchpoint);
    let others = known.iter().filter(|status| !status.is_retired(now_ms)).map(|it| &it.kiosk);
    let mut others = others.filter(|other| other.id != place.id && other.shop == place.shop);
    others.find(|other| names::key(&other.touchpoint) == touchpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_character_that_acts_is_refused() {
        assert_eq!(checked("Cafe\u{301} سوق").unwrap(), "Café سوق");
        for name in ["a\nb", "a\u{1b}[2J", "a\u{202e}b", "a\u{9b}b"] {
            let said = checked(name).unwrap_err().to_string();
            assert!(said.contains("has control characters") && !said.contains(is_active), "{said}");
        }
    }

    #[test]
    fn a_name_that_nobody_sees_is_refused() {
        for name in ["", "   ", "\u{a0}", "\u{200b}\u{200d}", "\u{3164}"] {
            let said = checked(name).unwrap_err().to_string();
            assert!(said.contains("the name is empty"), "{name:?}: {said}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_that_is_said() {
        let mut hints = Vec::new();
        assert_eq!(kept(&"売".repeat(101), &mut hints).unwrap(), "売".repeat(100));
        assert_eq!(hints.len(), 1);
        assert!(hints[0].contains("cut after 100 characters"), "{hints:?}");
    }

    #[test]
    fn a_chosen_short_name_is_taken_as_it_is_or_refused_with_the_nearest() {
        for (typed, is) in [("kallio-1", "kallio-1"), ("KALLIO", "kallio"), ("売り場", "売り場")]
        {
            assert_eq!(chosen(typed).unwrap(), is);
        }
        let long = "x".repeat(81);
        for (typed, nearest) in [
            ("kallio 1", "kallio-1"),
            ("-kallio", "kallio"),
            ("../kallio", "kallio"),
            ("🥐", "kallio-1"),
            ("", "kallio-1"),
            (long.as_str(), &long[..80]),
        ] {
            let said = chosen(typed).unwrap_err().to_string();
            assert!(said.ends_with(&format!("such as {nearest}")), "{said}");
        }
    }
}
